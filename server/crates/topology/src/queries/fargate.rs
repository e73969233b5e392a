//! Queries on containers on AWS Fargate, which cAdvisor exports.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// Nodes and containers on Fargate.
    FARGATE prefers_exported with [];
    FARGATE_NODE_MACHINE_CPU_CORES = "fargate_node_machine_cpu_cores"
        as "machine_cpu_cores{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Seen [MachineId SystemUuid KubernetesIoHostname TopologyKubernetesIoRegion TopologyKubernetesIoZone];
    FARGATE_NODE_MACHINE_MEMORY_BYTES = "fargate_node_machine_memory_bytes"
        as "machine_memory_bytes{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Seen [MachineId SystemUuid KubernetesIoHostname TopologyKubernetesIoRegion TopologyKubernetesIoZone];
    FARGATE_CONTAINER_SPEC_MEMORY_LIMIT_BYTES = "fargate_container_spec_memory_limit_bytes"
        as "container_spec_memory_limit_bytes{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Now [KubernetesIoHostname Namespace Pod Container];
    FARGATE_CONTAINER_SPEC_CPU_LIMIT_CORES = "fargate_container_spec_cpu_limit_cores"
        as "container_spec_cpu_quota{eks_amazonaws_com_compute_type=\"fargate\"}/container_spec_cpu_period{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Now [KubernetesIoHostname Namespace Pod Container];
    FARGATE_CONTAINER_OOM_EVENTS_TOTAL = "fargate_container_oom_events_total"
        as "container_oom_events_total{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Hour [KubernetesIoHostname Namespace Pod Container Job Instance];
    FARGATE_CONTAINER_MEMORY_RSS = "fargate_container_memory_rss"
        as "container_memory_rss{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Hour [KubernetesIoHostname Namespace Pod Container];
    FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND = "fargate_container_memory_rss_for_trend"
        as "container_memory_rss{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Trend [KubernetesIoHostname Namespace Pod Container];
    FARGATE_CONTAINER_MEMORY_CACHE = "fargate_container_memory_cache"
        as "container_memory_cache{eks_amazonaws_com_compute_type=\"fargate\"}"
        => Now [KubernetesIoHostname Namespace Pod Container];
    FARGATE_CONTAINER_CPU_USAGE_SECONDS = "fargate_container_cpu_usage_seconds"
        as "rate(container_cpu_usage_seconds_total{eks_amazonaws_com_compute_type=\"fargate\"}[$RANGE])"
        => Hour [KubernetesIoHostname Namespace Pod Container];
    FARGATE_CONTAINER_CPU_CFS_THROTTLED_SECONDS = "fargate_container_cpu_cfs_throttled_seconds"
        as "rate(container_cpu_cfs_throttled_seconds_total{eks_amazonaws_com_compute_type=\"fargate\"}[$RANGE])"
        => Now [KubernetesIoHostname Namespace Pod Container];
}
