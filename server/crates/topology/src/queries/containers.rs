//! Queries on containers and their connections, which the node agent exports.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// Containers, their resource usage, listening sockets and connections.
    CONTAINERS with [MachineId SystemUuid ContainerId];
    CONTAINER_INFO = "container_info" => Seen [Image SystemdTriggeredBy];
    CONTAINER_APPLICATION_TYPE = "container_application_type" => Seen [ApplicationType];
    CONTAINER_NET_LATENCY = "container_net_latency" as "container_net_latency_seconds" => Seen [DestinationIp];
    CONTAINER_NET_TCP_SUCCESSFUL_CONNECTS = "container_net_tcp_successful_connects"
        as "rate(container_net_tcp_successful_connects_total[$RANGE])" => Seen [Destination ActualDestination];
    CONTAINER_NET_TCP_FAILED_CONNECTS = "container_net_tcp_failed_connects"
        as "rate(container_net_tcp_failed_connects_total[$RANGE])" => Seen [Destination];
    CONTAINER_NET_TCP_ACTIVE_CONNECTIONS = "container_net_tcp_active_connections"
        => Seen [Destination ActualDestination];
    CONTAINER_NET_TCP_CONNECTION_TIME_SECONDS = "container_net_tcp_connection_time_seconds"
        as "rate(container_net_tcp_connection_time_seconds_total[$RANGE])" => Now [Destination ActualDestination];
    CONTAINER_NET_TCP_BYTES_SENT = "container_net_tcp_bytes_sent"
        as "rate(container_net_tcp_bytes_sent_total[$RANGE])" => Now [Destination ActualDestination];
    CONTAINER_NET_TCP_BYTES_RECEIVED = "container_net_tcp_bytes_received"
        as "rate(container_net_tcp_bytes_received_total[$RANGE])" => Now [Destination ActualDestination];
    CONTAINER_NET_TCP_LISTEN_INFO = "container_net_tcp_listen_info" => Seen [ListenAddr Proxy];
    CONTAINER_NET_TCP_RETRANSMITS = "container_net_tcp_retransmits"
        as "rate(container_net_tcp_retransmits_total[$RANGE])" => Now [Destination ActualDestination];
    CONTAINER_LOG_MESSAGES = "container_log_messages"
        as "sum without(sample) (container_log_messages_total % 10000000)"
        => Hour [Level PatternHash Job Instance];
    CONTAINER_CPU_LIMIT = "container_cpu_limit" as "container_resources_cpu_limit_cores" => Now [];
    CONTAINER_CPU_USAGE = "container_cpu_usage" as "rate(container_resources_cpu_usage_seconds_total[$RANGE])"
        => Hour [];
    CONTAINER_CPU_DELAY = "container_cpu_delay" as "rate(container_resources_cpu_delay_seconds_total[$RANGE])"
        => Now [];
    CONTAINER_THROTTLED_TIME = "container_throttled_time"
        as "rate(container_resources_cpu_throttled_seconds_total[$RANGE])" => Now [];
    CONTAINER_MEMORY_RSS = "container_memory_rss" as "container_resources_memory_rss_bytes" => Hour [];
    CONTAINER_MEMORY_RSS_FOR_TREND = "container_memory_rss_for_trend" as "container_resources_memory_rss_bytes"
        => Trend [];
    CONTAINER_MEMORY_CACHE = "container_memory_cache" as "container_resources_memory_cache_bytes" => Now [];
    CONTAINER_MEMORY_LIMIT = "container_memory_limit" as "container_resources_memory_limit_bytes" => Now [];
    CONTAINER_OOM_KILLS_TOTAL = "container_oom_kills_total" as "container_oom_kills_total % 10000000"
        => Hour [Job Instance];
    CONTAINER_RESTARTS = "container_restarts" as "container_restarts_total % 10000000" => Hour [Job Instance];
    CONTAINER_VOLUME_SIZE = "container_volume_size" as "container_resources_disk_size_bytes"
        => Now [MountPoint Volume Device];
    CONTAINER_VOLUME_USED = "container_volume_used" as "container_resources_disk_used_bytes"
        => Now [MountPoint Volume Device];
    CONTAINER_DNS_REQUESTS_TOTAL = "container_dns_requests_total" as "rate(container_dns_requests_total[$RANGE])"
        => Hour [RequestType Domain Status];
    CONTAINER_DNS_REQUESTS_LATENCY = "container_dns_requests_latency"
        as "rate(container_dns_requests_duration_seconds_total_bucket[$RANGE])" => Now [Le];
}
