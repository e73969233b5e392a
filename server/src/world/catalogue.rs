//! The queries to Prometheus, as data.
//!
//! A query lists the labels that it keeps; others are dropped when an answer is read. Texts that may be
//! personal (statements, messages, names of users) are aggregated away inside Prometheus, so that they are
//! not even fetched.

mod aws;
mod containers;
mod databases;
mod fargate;
mod indicators;
mod kubernetes;
mod labels;
mod nodes;
mod protocols;
mod runtimes;

use std::time::Duration;

pub use self::{
    aws::*, containers::*, databases::*, fargate::*, indicators::*, kubernetes::*, labels::Label, nodes::*,
    protocols::*, runtimes::*,
};

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
    pub(super) fn column(&self, name: &str) -> Option<(usize, bool)> {
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
    const HOUR: Self = Self::Range { keep: WINDOW, every: None };

    /// The slots of service levels in the last [`WINDOW`]: a value every five minutes, which is the mean of
    /// those minutes.
    const SLOTS: Self = Self::Range { keep: WINDOW, every: Some(Duration::from_secs(300)) };

    /// For trends: four hours, a value every five minutes.
    const TREND: Self =
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
    pub fn kept(&self) -> LabelSelection {
        let names_others = [KUBERNETES, FARGATE].into_iter().flatten().any(|query| query.name == self.name);
        LabelSelection { labels: self.labels, prefers_exported: names_others }
    }

    /// The columns of several labels; a label that is not kept has a column that no row has.
    #[must_use]
    pub fn columns<const N: usize>(&self, labels: [Label; N]) -> [usize; N] {
        labels.map(|label| self.column(label).unwrap_or(usize::MAX))
    }
}

/// The queries from which a world is built.
pub fn of_the_world() -> impl Iterator<Item = &'static PrometheusQuery> {
    [NODES, FARGATE, KUBERNETES, CONTAINERS, PROTOCOLS, RUNTIMES, AWS, DATABASES]
        .into_iter()
        .flatten()
        .copied()
}

/// All queries: those of the world, and those of service levels.
pub fn all() -> impl Iterator<Item = &'static PrometheusQuery> {
    of_the_world().chain(INDICATORS.iter().copied())
}

/// Declares queries, all of which keep the labels after `with`, and a list of them.
///
/// `NAME = "name" => Kind [Label …];` declares a query whose expression is its name; with another expression,
/// `NAME = "name" as "expression" => Kind [Label …];`.
macro_rules! queries {
    (
        $(#[$about:meta])* $list:ident with $implicit:tt;
        $($constant:ident = $name:tt $(as $expression:expr)? => $kind:ident $labels:tt;)*
    ) => {
        $(#[$about])*
        pub const $list: &[&PrometheusQuery] = &[$(&$constant),*];
        $(queries!(@query $constant, $name, [$($expression)?], $kind, $implicit, $labels);)*
    };
    (@query $constant:ident, $name:tt, [], $kind:ident, $implicit:tt, $labels:tt) => {
        queries!(@query $constant, $name, [$name], $kind, $implicit, $labels);
    };
    (
        @query $constant:ident, $name:tt, [$expression:expr], $kind:ident,
        [$($implicit:ident)*], [$($label:ident)*]
    ) => {
        /// The query with that name.
        pub static $constant: PrometheusQuery = PrometheusQuery {
            name: $name,
            expression: $expression,
            labels: &[$($crate::world::catalogue::Label::$implicit,)* $($crate::world::catalogue::Label::$label,)*],
            kind: queries!(@kind $kind),
        };
    };
    (@kind Now) => { $crate::world::catalogue::QueryRetention::Now };
    (@kind Seen) => { $crate::world::catalogue::QueryRetention::Seen };
    (@kind Hour) => { $crate::world::catalogue::QueryRetention::HOUR };
    (@kind Slots) => { $crate::world::catalogue::QueryRetention::SLOTS };
    (@kind Trend) => { $crate::world::catalogue::QueryRetention::TREND };
}

use queries;

#[cfg(test)]
mod tests;
