//! Queries on RDS and ElastiCache, which the cluster agent exports.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// Managed databases and caches.
    AWS with [];
    AWS_DISCOVERY_ERROR = "aws_discovery_error" => Now [Error];
    AWS_RDS_INFO = "aws_rds_info" => Seen [
        RdsInstanceId ClusterId Ipv4 Port Engine EngineVersion InstanceType StorageType Region AvailabilityZone MultiAz
    ];
    AWS_RDS_STATUS = "aws_rds_status" => Now [RdsInstanceId Status];
    AWS_RDS_CPU_CORES = "aws_rds_cpu_cores" => Now [RdsInstanceId];
    AWS_RDS_CPU_USAGE_PERCENT = "aws_rds_cpu_usage_percent" => Hour [RdsInstanceId Mode];
    AWS_RDS_MEMORY_TOTAL_BYTES = "aws_rds_memory_total_bytes" => Now [RdsInstanceId];
    AWS_RDS_MEMORY_CACHED_BYTES = "aws_rds_memory_cached_bytes" => Hour [RdsInstanceId];
    AWS_RDS_MEMORY_FREE_BYTES = "aws_rds_memory_free_bytes" => Hour [RdsInstanceId];
    AWS_RDS_IO_UTIL_PERCENT = "aws_rds_io_util_percent" => Hour [RdsInstanceId Device];
    AWS_RDS_IO_OPS_PER_SECOND = "aws_rds_io_ops_per_second" => Hour [RdsInstanceId Device Operation];
    AWS_RDS_STORAGE_PROVISIONED_IOPS = "aws_rds_storage_provisioned_iops" => Now [RdsInstanceId];
    AWS_RDS_ALLOCATED_STORAGE_GIBIBYTES = "aws_rds_allocated_storage_gibibytes" => Now [RdsInstanceId];
    AWS_RDS_FS_TOTAL_BYTES = "aws_rds_fs_total_bytes" as "aws_rds_fs_total_bytes{mount_point=\"/rdsdbdata\"}"
        => Now [RdsInstanceId];
    AWS_RDS_FS_USED_BYTES = "aws_rds_fs_used_bytes" as "aws_rds_fs_used_bytes{mount_point=\"/rdsdbdata\"}"
        => Now [RdsInstanceId];
    AWS_RDS_IO_AWAIT_SECONDS = "aws_rds_io_await_seconds" => Hour [RdsInstanceId Device];
    AWS_RDS_LOG_MESSAGES_TOTAL = "aws_rds_log_messages_total"
        as "sum without(sample) (aws_rds_log_messages_total % 10000000)"
        => Hour [RdsInstanceId Level PatternHash Job Instance];
    AWS_RDS_NET_RX_BYTES_PER_SECOND = "aws_rds_net_rx_bytes_per_second" => Hour [RdsInstanceId Interface];
    AWS_RDS_NET_TX_BYTES_PER_SECOND = "aws_rds_net_tx_bytes_per_second" => Hour [RdsInstanceId Interface];
    AWS_ELASTICACHE_INFO = "aws_elasticache_info" => Seen [
        EcInstanceId ClusterId Ipv4 Port Engine EngineVersion InstanceType Region AvailabilityZone
    ];
    AWS_ELASTICACHE_STATUS = "aws_elasticache_status" => Now [EcInstanceId Status];
}
