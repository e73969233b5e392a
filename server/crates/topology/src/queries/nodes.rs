//! Queries on nodes, which the node agent exports, and on the targets that Prometheus scrapes.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// Nodes and targets.
    NODES with [];
    UP = "up" => Hour [Job Instance];
    IP_TO_FQDN = "ip_to_fqdn" as "sum by(fqdn, ip) (ip_to_fqdn)" => Seen [Ip Fqdn];
    NODE_AGENT_INFO = "node_agent_info" => Seen [MachineId SystemUuid Version];
    NODE_INFO = "node_info" => Seen [MachineId SystemUuid Hostname KernelVersion];
    NODE_CLOUD_INFO = "node_cloud_info"
        => Seen [MachineId SystemUuid Provider Region AvailabilityZone InstanceType InstanceLifeCycle];
    NODE_UPTIME_SECONDS = "node_uptime_seconds" => Now [MachineId SystemUuid];
    NODE_CPU_CORES = "node_cpu_cores" as "node_resources_cpu_logical_cores" => Now [MachineId SystemUuid];
    NODE_CPU_USAGE_PERCENT = "node_cpu_usage_percent"
        as "sum(rate(node_resources_cpu_usage_seconds_total{mode!=\"idle\"}[$RANGE])) without(mode) /sum(rate(node_resources_cpu_usage_seconds_total[$RANGE])) without(mode)*100"
        => Hour [MachineId SystemUuid];
    NODE_CPU_USAGE_BY_MODE = "node_cpu_usage_by_mode"
        as "rate(node_resources_cpu_usage_seconds_total{mode!=\"idle\"}[$RANGE]) / ignoring(mode) group_left sum(rate(node_resources_cpu_usage_seconds_total[$RANGE])) without(mode)*100"
        => Hour [MachineId SystemUuid Mode];
    NODE_MEMORY_TOTAL_BYTES = "node_memory_total_bytes" as "node_resources_memory_total_bytes"
        => Now [MachineId SystemUuid];
    NODE_MEMORY_AVAILABLE_BYTES = "node_memory_available_bytes" as "node_resources_memory_available_bytes"
        => Hour [MachineId SystemUuid];
    NODE_MEMORY_FREE_BYTES = "node_memory_free_bytes" as "node_resources_memory_free_bytes"
        => Hour [MachineId SystemUuid];
    NODE_MEMORY_CACHED_BYTES = "node_memory_cached_bytes" as "node_resources_memory_cached_bytes"
        => Hour [MachineId SystemUuid];
    NODE_DISK_READ_TIME = "node_disk_read_time" as "rate(node_resources_disk_read_time_seconds_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_DISK_WRITE_TIME = "node_disk_write_time" as "rate(node_resources_disk_write_time_seconds_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_DISK_READS = "node_disk_reads" as "rate(node_resources_disk_reads_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_DISK_WRITES = "node_disk_writes" as "rate(node_resources_disk_writes_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_DISK_READ_BYTES = "node_disk_read_bytes" as "rate(node_resources_disk_read_bytes_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_DISK_WRITTEN_BYTES = "node_disk_written_bytes" as "rate(node_resources_disk_written_bytes_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_DISK_IO_TIME = "node_disk_io_time" as "rate(node_resources_disk_io_time_seconds_total[$RANGE])"
        => Hour [MachineId SystemUuid Device];
    NODE_NET_UP = "node_net_up" as "node_net_interface_up" => Now [MachineId SystemUuid Interface];
    NODE_NET_IP = "node_net_ip" as "node_net_interface_ip" => Seen [MachineId SystemUuid Interface Ip];
    NODE_NET_RX_BYTES = "node_net_rx_bytes" as "rate(node_net_received_bytes_total[$RANGE])"
        => Hour [MachineId SystemUuid Interface];
    NODE_NET_TX_BYTES = "node_net_tx_bytes" as "rate(node_net_transmitted_bytes_total[$RANGE])"
        => Hour [MachineId SystemUuid Interface];
}
