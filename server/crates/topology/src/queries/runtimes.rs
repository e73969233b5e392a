//! Queries on language runtimes, which the node agent exports.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// JVM, .NET and Python.
    RUNTIMES with [MachineId SystemUuid ContainerId];
    CONTAINER_JVM_INFO = "container_jvm_info" => Seen [Jvm JavaVersion];
    CONTAINER_JVM_HEAP_SIZE_BYTES = "container_jvm_heap_size_bytes" => Now [Jvm];
    CONTAINER_JVM_HEAP_USED_BYTES = "container_jvm_heap_used_bytes" => Now [Jvm];
    CONTAINER_JVM_GC_TIME_SECONDS = "container_jvm_gc_time_seconds"
        as "rate(container_jvm_gc_time_seconds[$RANGE])" => Now [Jvm Gc];
    CONTAINER_JVM_SAFEPOINT_SYNC_TIME_SECONDS = "container_jvm_safepoint_sync_time_seconds"
        as "rate(container_jvm_safepoint_sync_time_seconds[$RANGE])" => Now [Jvm];
    CONTAINER_JVM_SAFEPOINT_TIME_SECONDS = "container_jvm_safepoint_time_seconds"
        as "rate(container_jvm_safepoint_time_seconds[$RANGE])" => Now [Jvm];
    CONTAINER_DOTNET_INFO = "container_dotnet_info" => Seen [Application RuntimeVersion];
    CONTAINER_DOTNET_MEMORY_ALLOCATED_BYTES_TOTAL = "container_dotnet_memory_allocated_bytes_total"
        as "rate(container_dotnet_memory_allocated_bytes_total[$RANGE])" => Now [Application];
    CONTAINER_DOTNET_EXCEPTIONS_TOTAL = "container_dotnet_exceptions_total"
        as "rate(container_dotnet_exceptions_total[$RANGE])" => Now [Application];
    CONTAINER_DOTNET_MEMORY_HEAP_SIZE_BYTES = "container_dotnet_memory_heap_size_bytes"
        => Now [Application Generation];
    CONTAINER_DOTNET_GC_COUNT_TOTAL = "container_dotnet_gc_count_total"
        as "rate(container_dotnet_gc_count_total[$RANGE])" => Now [Application Generation];
    CONTAINER_DOTNET_HEAP_FRAGMENTATION_PERCENT = "container_dotnet_heap_fragmentation_percent"
        => Now [Application];
    CONTAINER_DOTNET_MONITOR_LOCK_CONTENTIONS_TOTAL = "container_dotnet_monitor_lock_contentions_total"
        as "rate(container_dotnet_monitor_lock_contentions_total[$RANGE])" => Now [Application];
    CONTAINER_DOTNET_THREAD_POOL_COMPLETED_ITEMS_TOTAL = "container_dotnet_thread_pool_completed_items_total"
        as "rate(container_dotnet_thread_pool_completed_items_total[$RANGE])" => Now [Application];
    CONTAINER_DOTNET_THREAD_POOL_QUEUE_LENGTH = "container_dotnet_thread_pool_queue_length" => Now [Application];
    CONTAINER_DOTNET_THREAD_POOL_SIZE = "container_dotnet_thread_pool_size" => Now [Application];
    CONTAINER_PYTHON_THREAD_LOCK_WAIT_TIME_SECONDS = "container_python_thread_lock_wait_time_seconds"
        as "rate(container_python_thread_lock_wait_time_seconds[$RANGE])" => Now [];
}
