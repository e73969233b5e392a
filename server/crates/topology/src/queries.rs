//! The queries to Prometheus, as data.
//!
//! A query lists the labels that it keeps; others are dropped when an answer is read. Texts that may be
//! personal (statements, messages, names of users) are aggregated away inside Prometheus, so that they are
//! not even fetched.

mod aws;
mod containers;
mod databases;
mod fargate;
mod kubernetes;
mod nodes;
mod protocols;
mod runtimes;
mod service_levels;

use headcount_prometheus::query::PrometheusQuery;

pub use self::{
    aws::*, containers::*, databases::*, fargate::*, kubernetes::*, nodes::*, protocols::*, runtimes::*,
    service_levels::*,
};

/// The lists of the queries from which a world is built, and of those of service levels.
pub const LISTS: &[&[&PrometheusQuery]] =
    &[NODES, FARGATE, KUBERNETES, CONTAINERS, PROTOCOLS, RUNTIMES, AWS, DATABASES, INDICATORS];

/// Queries of metrics one of which every installation has.
pub const PRESENCE: &[&PrometheusQuery] = &[&UP, &NODE_INFO, &CONTAINER_INFO, &KUBE_POD_INFO];

/// The queries of all [`LISTS`].
pub fn all() -> impl Iterator<Item = &'static PrometheusQuery> {
    LISTS.iter().copied().flatten().copied()
}

/// The queries from which a world is built.
pub fn of_the_world() -> impl Iterator<Item = &'static PrometheusQuery> {
    all().filter(|query| !INDICATORS.iter().any(|other| other.name == query.name))
}

/// Declares queries, all of which keep the labels after `with`, and a list of them.
///
/// `NAME = "name" => Kind [Label …];` declares a query whose expression is its name; with another expression,
/// `NAME = "name" as "expression" => Kind [Label …];`. `prefers_exported` before `with` sets
/// [`PrometheusQuery::prefers_exported`] of all of them.
macro_rules! queries {
    ($(#[$about:meta])* $list:ident prefers_exported with $implicit:tt; $($queries:tt)*) => {
        queries!(@list [$(#[$about])*] $list, $implicit, true; $($queries)*);
    };
    ($(#[$about:meta])* $list:ident with $implicit:tt; $($queries:tt)*) => {
        queries!(@list [$(#[$about])*] $list, $implicit, false; $($queries)*);
    };
    (
        @list [$(#[$about:meta])*] $list:ident, $implicit:tt, $exported:literal;
        $($constant:ident = $name:tt $(as $expression:expr)? => $kind:ident $labels:tt;)*
    ) => {
        $(#[$about])*
        pub const $list: &[&PrometheusQuery] = &[$(&$constant),*];
        $(queries!(@query $constant, $name, [$($expression)?], $kind, $implicit, $labels, $exported);)*
    };
    (@query $constant:ident, $name:tt, [], $kind:ident, $implicit:tt, $labels:tt, $exported:literal) => {
        queries!(@query $constant, $name, [$name], $kind, $implicit, $labels, $exported);
    };
    (
        @query $constant:ident, $name:tt, [$expression:expr], $kind:ident,
        [$($implicit:ident)*], [$($label:ident)*], $exported:literal
    ) => {
        /// The query with that name.
        pub static $constant: PrometheusQuery = PrometheusQuery {
            name: $name,
            expression: $expression,
            labels: &[$(headcount_prometheus::query::Label::$implicit,)* $(headcount_prometheus::query::Label::$label,)*],
            prefers_exported: $exported,
            kind: queries!(@kind $kind),
        };
    };
    (@kind Now) => { headcount_prometheus::query::QueryRetention::Now };
    (@kind Seen) => { headcount_prometheus::query::QueryRetention::Seen };
    (@kind Hour) => { headcount_prometheus::query::QueryRetention::HOUR };
    (@kind Slots) => { headcount_prometheus::query::QueryRetention::SLOTS };
    (@kind Trend) => { headcount_prometheus::query::QueryRetention::TREND };
}

use queries;

#[cfg(test)]
mod tests;
