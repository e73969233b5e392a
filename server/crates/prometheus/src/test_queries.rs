//! Queries for the tests of this crate, one of each kind and more.

use crate::{
    cache::CachePlan,
    query::{Label, PrometheusQuery, QueryRetention},
};

const fn query(
    name: &'static str,
    expression: &'static str,
    labels: &'static [Label],
    kind: QueryRetention,
) -> PrometheusQuery {
    PrometheusQuery { name, expression, labels, prefers_exported: false, kind }
}

const NODE: &[Label] = &[Label::MachineId, Label::SystemUuid];
const CONTAINER: &[Label] = &[Label::MachineId, Label::SystemUuid, Label::ContainerId];

pub(crate) static UP: PrometheusQuery =
    query("up", "up", &[Label::Job, Label::Instance], QueryRetention::HOUR);
pub(crate) static NODE_INFO: PrometheusQuery = query(
    "node_info",
    "node_info",
    &[Label::MachineId, Label::SystemUuid, Label::Hostname, Label::KernelVersion],
    QueryRetention::Seen,
);
pub(crate) static NODE_CPU_CORES: PrometheusQuery =
    query("node_cpu_cores", "node_resources_cpu_logical_cores", NODE, QueryRetention::Now);
pub(crate) static NODE_DISK_READS: PrometheusQuery = query(
    "node_disk_reads",
    "rate(node_resources_disk_reads_total[$RANGE])",
    &[Label::MachineId, Label::SystemUuid, Label::Device],
    QueryRetention::HOUR,
);
pub(crate) static KUBE_POD_INFO: PrometheusQuery = PrometheusQuery {
    prefers_exported: true,
    ..query(
        "kube_pod_info",
        "kube_pod_info",
        &[Label::Uid, Label::Namespace, Label::Pod, Label::Node],
        QueryRetention::Seen,
    )
};
pub(crate) static CONTAINER_INFO: PrometheusQuery = query(
    "container_info",
    "container_info",
    &[Label::MachineId, Label::SystemUuid, Label::ContainerId, Label::Image, Label::SystemdTriggeredBy],
    QueryRetention::Seen,
);
pub(crate) static CONTAINER_CPU_LIMIT: PrometheusQuery =
    query("container_cpu_limit", "container_resources_cpu_limit_cores", CONTAINER, QueryRetention::Now);
pub(crate) static CONTAINER_CPU_DELAY: PrometheusQuery = query(
    "container_cpu_delay",
    "rate(container_resources_cpu_delay_seconds_total[$RANGE])",
    CONTAINER,
    QueryRetention::Now,
);
pub(crate) static CONTAINER_THROTTLED_TIME: PrometheusQuery = query(
    "container_throttled_time",
    "rate(container_resources_cpu_throttled_seconds_total[$RANGE])",
    CONTAINER,
    QueryRetention::Now,
);
pub(crate) static CONTAINER_MEMORY_CACHE: PrometheusQuery =
    query("container_memory_cache", "container_resources_memory_cache_bytes", CONTAINER, QueryRetention::Now);
pub(crate) static CONTAINER_MEMORY_RSS: PrometheusQuery =
    query("container_memory_rss", "container_resources_memory_rss_bytes", CONTAINER, QueryRetention::HOUR);
pub(crate) static CONTAINER_MEMORY_RSS_FOR_TREND: PrometheusQuery = query(
    "container_memory_rss_for_trend",
    "container_resources_memory_rss_bytes",
    CONTAINER,
    QueryRetention::TREND,
);
pub(crate) static CONTAINER_HTTP_REQUESTS_COUNT: PrometheusQuery = query(
    "container_http_requests_count",
    "rate(container_http_requests_total[$RANGE])",
    CONTAINER,
    QueryRetention::Seen,
);

/// A file in the directory of a cache that is not the cache's.
pub(crate) const OTHER_FILE: &str = "other.file";

/// A plan of all of them.
pub(crate) const PLAN: CachePlan = CachePlan {
    queries: &[&[
        &UP,
        &NODE_INFO,
        &NODE_CPU_CORES,
        &NODE_DISK_READS,
        &KUBE_POD_INFO,
        &CONTAINER_INFO,
        &CONTAINER_CPU_LIMIT,
        &CONTAINER_CPU_DELAY,
        &CONTAINER_THROTTLED_TIME,
        &CONTAINER_MEMORY_CACHE,
        &CONTAINER_MEMORY_RSS,
        &CONTAINER_MEMORY_RSS_FOR_TREND,
        &CONTAINER_HTTP_REQUESTS_COUNT,
    ]],
    presence: &[&UP, &NODE_INFO],
    other_files: &[OTHER_FILE],
};
