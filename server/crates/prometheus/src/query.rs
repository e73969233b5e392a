//! A query to Prometheus, as data: its expression, the labels that are kept, and how much of the past is
//! needed.

mod labels;

use std::time::Duration;

pub use self::labels::Label;

/// The time span that reports and audits cover.
pub const WINDOW: Duration = Duration::from_secs(3600);

/// A query to Prometheus.
#[derive(Debug, PartialEq, Eq)]
pub struct PrometheusQuery {
    /// Its name in reports.
    pub name: &'static str,
    /// PromQL; `$RANGE` stands for a range with three samples.
    pub expression: &'static str,
    /// The labels that are kept, without duplicates, in the order of the columns of an answer.
    pub labels: &'static [Label],
    /// Whether the scrape target describes others than itself ([`LabelSelection::prefers_exported`]).
    pub prefers_exported: bool,
    /// How much of the past is needed.
    pub kind: QueryRetention,
}

/// The labels of an answer that are kept.
#[derive(Debug, Clone, Copy)]
pub struct LabelSelection {
    /// The labels, in the order of the columns.
    pub labels: &'static [Label],
    /// Whether `exported_pod` is read as `pod`, and so on for each label. Prometheus renames a label in this
    /// way if the scrape target has a label of the same name, unless `honor_labels` is set. The label `pod`
    /// is then the pod of the exporter: wrong for an exporter that describes other pods, such as
    /// kube-state-metrics, and right for one that runs beside its database.
    pub prefers_exported: bool,
}

impl LabelSelection {
    /// The column of a label that has this name in an answer, and whether Prometheus renamed the label.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, bool)> {
        const RENAMED: &str = "exported_";
        let own = name.strip_prefix(RENAMED).filter(|_| self.prefers_exported);
        let column = self.labels.iter().position(|label| label.name() == own.unwrap_or(name))?;
        Some((column, own.is_some()))
    }
}

/// How much of the past a query needs, which determines how it is fetched and cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryRetention {
    /// The current value is enough: one point is fetched at a time, and series that are gone are dropped.
    Now,
    /// All series of the last [`WINDOW`] with their newest values: points since the last answer are fetched,
    /// and each series is cached with the times at which it was first and last seen.
    Seen,
    /// Values over time.
    Range {
        /// The time span.
        keep: Duration,
        /// The distance between two points; `None` for that of the project.
        every: Option<Duration>,
    },
}

impl QueryRetention {
    /// Every value of the last [`WINDOW`].
    pub const HOUR: Self = Self::Range { keep: WINDOW, every: None };

    /// The slots of service levels in the last [`WINDOW`]: a value every five minutes, which is the mean of
    /// those minutes.
    pub const SLOTS: Self = Self::Range { keep: WINDOW, every: Some(Duration::from_secs(300)) };

    /// For trends: four hours, a value every five minutes.
    pub const TREND: Self =
        Self::Range { keep: Duration::from_secs(4 * 3600), every: Some(Duration::from_secs(300)) };
}

impl PrometheusQuery {
    /// The column of a label in an answer; `None` for a label that is not kept.
    #[must_use]
    pub fn column(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|kept| *kept == label)
    }

    /// The labels that are kept when an answer is read.
    #[must_use]
    pub const fn kept(&self) -> LabelSelection {
        LabelSelection { labels: self.labels, prefers_exported: self.prefers_exported }
    }

    /// The columns of several labels; a label that is not kept has a column that no row has.
    #[must_use]
    pub fn columns<const N: usize>(&self, labels: [Label; N]) -> [usize; N] {
        labels.map(|label| self.column(label).unwrap_or(usize::MAX))
    }
}
