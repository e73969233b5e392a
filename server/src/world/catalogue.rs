//! Which questions are put to Prometheus: every query as data.
//!
//! A query names what it keeps: labels that are not listed are dropped when an answer is read, and text that
//! belongs to people (statements, messages, names of users) is aggregated away inside Prometheus, so that it
//! is not even fetched.

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

/// What the report and the audit look back on.
pub const WINDOW: Duration = Duration::from_secs(3600);

/// One query.
#[derive(Debug, PartialEq, Eq)]
pub struct Query {
    /// Its name, under which the report speaks of it.
    pub name: &'static str,
    /// PromQL; `$RANGE` stands for a range that holds three samples.
    pub expression: &'static str,
    /// The labels that are kept, each once. Their order is the order of the columns in an answer.
    pub labels: &'static [Label],
    /// How much of the past is needed.
    pub kind: Kind,
}

/// The labels that are kept of an answer.
#[derive(Debug, Clone, Copy)]
pub struct KeptLabels {
    /// The labels, in the order of the columns.
    pub labels: &'static [Label],
    /// Whether `exported_pod` is read as `pod`, and so on for each label. Prometheus renames a label so when
    /// the target that it scrapes has one of that name, unless `honor_labels` is set. The label `pod` is then
    /// the exporter's own pod: wrong for an exporter that tells of other pods, such as kube-state-metrics,
    /// and right for one that runs beside its database.
    pub prefers_exported: bool,
}

impl KeptLabels {
    /// The column of a label by its name in an answer, and whether Prometheus renamed the label.
    pub(super) fn column(&self, name: &str) -> Option<(usize, bool)> {
        const RENAMED: &str = "exported_";
        let own = name.strip_prefix(RENAMED).filter(|_| self.prefers_exported);
        let column = self.labels.iter().position(|label| label.name() == own.unwrap_or(name))?;
        Some((column, own.is_some()))
    }
}

/// How much of the past a query needs, and so how it is fetched and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The present value is enough: one point is fetched at a time, and series that are gone are forgotten.
    Now,
    /// Which series there were in the last [`WINDOW`] matters, and the newest value of each: what is new
    /// since the last answer is fetched, and each series is kept with the times at which it was first and
    /// last seen.
    Seen,
    /// Values over time.
    Range {
        /// How far back.
        keep: Duration,
        /// The distance between two points; `None` for that of the project.
        every: Option<Duration>,
    },
}

impl Kind {
    /// Every value of the last [`WINDOW`].
    const HOUR: Self = Self::Range { keep: WINDOW, every: None };

    /// The slots of service levels in the last [`WINDOW`]: a value every five minutes, which is the mean of
    /// these.
    const SLOTS: Self = Self::Range { keep: WINDOW, every: Some(Duration::from_secs(300)) };

    /// What a trend needs: four hours, a value every five minutes.
    const TREND: Self =
        Self::Range { keep: Duration::from_secs(4 * 3600), every: Some(Duration::from_secs(300)) };
}

impl Query {
    /// The position of a label among the columns of an answer; `None` for a label that is not kept.
    #[must_use]
    pub fn column(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|kept| *kept == label)
    }

    /// The labels that an answer is read with.
    #[must_use]
    pub fn kept(&self) -> KeptLabels {
        let names_others = [KUBERNETES, FARGATE].into_iter().flatten().any(|query| query.name == self.name);
        KeptLabels { labels: self.labels, prefers_exported: names_others }
    }

    /// The positions of several labels; one that is not kept has a position that no row has.
    #[must_use]
    pub fn columns<const N: usize>(&self, labels: [Label; N]) -> [usize; N] {
        labels.map(|label| self.column(label).unwrap_or(usize::MAX))
    }
}

/// The queries from which a world is built.
pub fn of_the_world() -> impl Iterator<Item = &'static Query> {
    [NODES, FARGATE, KUBERNETES, CONTAINERS, PROTOCOLS, RUNTIMES, AWS, DATABASES]
        .into_iter()
        .flatten()
        .copied()
}

/// All queries, which is what Prometheus is asked: those of the world, and those of service levels.
pub fn all() -> impl Iterator<Item = &'static Query> {
    of_the_world().chain(INDICATORS.iter().copied())
}

/// Declares queries that all keep the labels `with`, and a list of them.
///
/// `NAME = "name": Kind [Label, …];` for a query whose expression is its name, else
/// `NAME = "name" as "expression": Kind [Label, …];`.
macro_rules! queries {
    (
        $(#[$about:meta])* $list:ident with $implicit:tt;
        $($constant:ident = $name:tt $(as $expression:expr)? => $kind:ident $labels:tt;)*
    ) => {
        $(#[$about])*
        pub const $list: &[&Query] = &[$(&$constant),*];
        $(queries!(@query $constant, $name, [$($expression)?], $kind, $implicit, $labels);)*
    };
    (@query $constant:ident, $name:tt, [], $kind:ident, $implicit:tt, $labels:tt) => {
        queries!(@query $constant, $name, [$name], $kind, $implicit, $labels);
    };
    (
        @query $constant:ident, $name:tt, [$expression:expr], $kind:ident,
        [$($implicit:ident)*], [$($label:ident)*]
    ) => {
        /// The query of that name.
        pub static $constant: Query = Query {
            name: $name,
            expression: $expression,
            labels: &[$($crate::world::catalogue::Label::$implicit,)* $($crate::world::catalogue::Label::$label,)*],
            kind: queries!(@kind $kind),
        };
    };
    (@kind Now) => { $crate::world::catalogue::Kind::Now };
    (@kind Seen) => { $crate::world::catalogue::Kind::Seen };
    (@kind Hour) => { $crate::world::catalogue::Kind::HOUR };
    (@kind Slots) => { $crate::world::catalogue::Kind::SLOTS };
    (@kind Trend) => { $crate::world::catalogue::Kind::TREND };
}

use queries;

#[cfg(test)]
mod tests;
