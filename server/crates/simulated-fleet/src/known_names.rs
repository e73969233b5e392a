//! Lists the names that reports of the simulated fleet contain, with how common each is.

use headcount_shared::{breakpoint::Breakpoint, payload::AlertingIntegration};

/// A name, and its weight among the names of its list.
pub(crate) type WeightedName = (&'static str, f64);

/// Clouds.
pub(crate) const CLOUDS: [WeightedName; 11] = [
    ("aws", 38.0),
    ("hetzner", 14.0),
    ("gcp", 13.0),
    ("azure", 12.0),
    ("digitalocean", 7.0),
    ("ovh", 5.0),
    ("other", 4.0),
    ("scaleway", 3.0),
    ("alibaba", 2.0),
    ("oracle", 1.5),
    ("ibm", 0.5),
];

/// Kinds of services; the weight is the probability that an installation of middle size has it.
pub(crate) const SERVICES: [WeightedName; 30] = [
    ("postgres", 0.62),
    ("nginx", 0.58),
    ("redis", 0.55),
    ("golang", 0.52),
    ("prometheus", 0.45),
    ("nodejs", 0.42),
    ("java", 0.38),
    ("python", 0.37),
    ("clickhouse", 0.33),
    ("mysql", 0.27),
    ("kafka", 0.2),
    ("mongodb", 0.19),
    ("rabbitmq", 0.18),
    ("elasticsearch", 0.16),
    ("traefik", 0.15),
    ("envoy", 0.13),
    ("etcd", 0.12),
    ("php", 0.11),
    ("dotnet", 0.1),
    ("memcached", 0.1),
    ("zookeeper", 0.08),
    ("haproxy", 0.08),
    ("pgbouncer", 0.08),
    ("victoria-metrics", 0.07),
    ("ruby", 0.06),
    ("nats", 0.05),
    ("vault", 0.05),
    ("other", 0.05),
    ("valkey", 0.03),
    ("dragonfly", 0.01),
];

/// Services that an exporter can monitor, as positions in [`SERVICES`]: those whose name is theirs in the report too.
pub(crate) const INSTRUMENTED: [usize; 5] = [0, 2, 9, 11, 19];

/// Inspections whose thresholds are overridden.
pub(crate) const INSPECTIONS: [WeightedName; 16] = [
    ("CPUNode", 18.0),
    ("MemoryOOM", 12.0),
    ("LogErrors", 12.0),
    ("StorageSpace", 11.0),
    ("SLOLatency", 10.0),
    ("SLOAvailability", 9.0),
    ("NetworkRTT", 7.0),
    ("CPUContainer", 6.0),
    ("InstanceRestarts", 5.0),
    ("MemoryLeakPercent", 4.0),
    ("PostgresLatency", 3.0),
    ("DnsLatency", 1.5),
    ("RedisLatency", 1.0),
    ("MongodbReplicationLag", 0.5),
    ("JvmSafepointTime", 0.3),
    ("other", 0.2),
];

/// Kinds of destinations for alerts, with their weights, in the order of [`AlertingIntegration::ALL`].
pub(crate) const ALERTING_WEIGHTS: [f64; 5] = [6.0, 11.0, 55.0, 14.0, 14.0];

/// Pages of the interface.
pub(crate) const PAGES: [WeightedName; 38] = [
    ("/p/$projectId", 30.0),
    ("/p/$projectId/app/$id", 18.0),
    ("/p/$projectId/app/$id/SLO", 9.0),
    ("/", 8.0),
    ("/p/$projectId/app/$id/CPU", 5.0),
    ("/p/$projectId/app/$id/Logs", 5.0),
    ("/p/$projectId/app/$id/Instances", 3.5),
    ("/p/$projectId/app/$id/Memory", 3.5),
    ("/p/$projectId/node/$name", 3.0),
    ("/p/$projectId/app/$id/Tracing", 2.5),
    ("/p/$projectId/app/$id/Profiling", 2.0),
    ("/p/$projectId/app/$id/Net", 1.5),
    ("/p/$projectId/app/$id/Postgres", 1.5),
    ("/p/$projectId/app/$id/Storage", 1.2),
    ("/p/$projectId/settings", 1.0),
    ("/p/$projectId/settings/prometheus", 0.8),
    ("/p/$projectId/app/$id/Deployments", 0.8),
    ("/p/$projectId/app/$id/DNS", 0.6),
    ("/p/$projectId/app/$id/Redis", 0.6),
    ("/p/$projectId/settings/inspections", 0.5),
    ("/p/$projectId/settings/notifications", 0.5),
    ("(unmatched)", 0.5),
    ("/p/$projectId/app/$id/JVM", 0.4),
    ("/p/$projectId/app/$id/Mysql", 0.4),
    ("/p/$projectId/settings/applications", 0.3),
    ("/p/$projectId/app/$id/Mongodb", 0.3),
    ("/p/$projectId/settings/clickhouse", 0.3),
    ("/p/new", 0.25),
    ("/welcome", 0.2),
    ("/p/$projectId/app/$id/Network", 0.15),
    ("/usage-statistics", 0.15),
    ("/p/$projectId/app/$id/.NET", 0.1),
    ("/p/$projectId/app/$id/Python", 0.1),
    ("/p/$projectId/settings/cloud", 0.1),
    ("/p/$projectId/settings/aws", 0.08),
    ("/p/$projectId/app/$id/Memcached", 0.05),
    ("/p/$projectId/app/$id/other", 0.02),
    ("/p/$projectId/app/$id/GPU", 0.01),
];

/// Changes that rollouts bring.
pub(crate) const SUMMARIES: [WeightedName; 10] = [
    ("-Memory", 18.0),
    ("+Logs", 16.0),
    ("-CPU", 14.0),
    ("-Logs", 14.0),
    ("+CPU", 12.0),
    ("+Memory", 10.0),
    ("-Instances", 6.0),
    ("-SLO", 5.0),
    ("+SLO", 4.0),
    ("+Instances", 1.0),
];

/// Sizes of screens, with their weights, in the order of [`Breakpoint::ALL`].
pub(crate) const SCREEN_WEIGHTS: [f64; 6] = [3.0, 2.0, 5.0, 42.0, 44.0, 4.0];

/// The names of the flags in the truth, in the order of [`crate::report_state::SimulatedReportState::flags`].
pub(crate) const FLAGS: [&str; 10] = [
    "prometheus",
    "node_agent",
    "kubernetes",
    "kube_state_metrics",
    "cloud_costs",
    "clickhouse",
    "tracing",
    "logs",
    "profiles",
    "application_categories",
];

/// The names of the sizes in the truth, in the order of [`crate::report_state::SimulatedReportState::sizes`].
pub(crate) const SIZES: [&str; 5] =
    ["projects", "applications", "nodes", "instances", "application_categories"];

/// The names of the queries to Prometheus, sorted.
pub(crate) fn query_names() -> impl Iterator<Item = &'static str> {
    include_str!("names/queries.txt").lines()
}

/// The names of the stages of the constructor, sorted.
pub(crate) fn stage_names() -> impl Iterator<Item = &'static str> {
    include_str!("names/stages.txt").lines()
}

/// The names of functions of the program and its libraries, sorted.
pub(crate) fn function_names() -> impl Iterator<Item = &'static str> {
    include_str!("names/functions.txt").lines()
}

/// The weights of a list.
pub(crate) fn weights(names: &[WeightedName]) -> impl Iterator<Item = f64> + Clone {
    names.iter().map(|(_, weight)| *weight)
}

/// The word for the kind of destination at a position.
pub(crate) fn alerting_name(position: usize) -> &'static str {
    AlertingIntegration::ALL.get(position).map_or("", |kind| kind.name())
}

/// The word for the size of screen at a position.
pub(crate) fn screen_name(position: usize) -> &'static str {
    Breakpoint::ALL.get(position).map_or("", |size| size.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use headcount_shared::limits::{NAME_BYTES, NAMES_PER_REPORT, PAGE_KEY_BYTES, PAGES_PER_REPORT};

    use super::*;

    #[test]
    fn no_name_is_listed_twice_or_longer_than_a_report_may_have_it() {
        let lists = [CLOUDS.to_vec(), SERVICES.to_vec(), INSPECTIONS.to_vec(), SUMMARIES.to_vec()];
        let texts = [query_names().collect(), stage_names().collect(), function_names().collect()];
        let lists = lists.map(|list| list.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        for names in lists.into_iter().chain(texts) {
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
            assert!(names.len() <= NAMES_PER_REPORT && names.iter().all(|name| name.len() <= NAME_BYTES));
        }
        assert!(
            PAGES.len() <= PAGES_PER_REPORT && PAGES.iter().all(|(page, _)| page.len() <= PAGE_KEY_BYTES)
        );
        assert_eq!(PAGES.map(|(page, _)| page).iter().collect::<BTreeSet<_>>().len(), PAGES.len());
    }

    #[test]
    fn the_lists_are_as_large_as_those_of_a_real_program() {
        assert_eq!(function_names().count(), 400);
        assert!(query_names().count() > 150 && query_names().is_sorted());
        assert!(stage_names().count() > 20 && stage_names().is_sorted());
        assert_eq!(
            INSTRUMENTED.map(|at| SERVICES[at].0),
            ["postgres", "redis", "mysql", "mongodb", "memcached"]
        );
    }
}
