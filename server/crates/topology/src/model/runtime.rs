//! Language runtimes. Values are current ones, NaN if unknown.

use headcount_prometheus::results::InternedString;

use super::LatestText;

/// A Java virtual machine.
#[derive(Debug, Clone)]
pub struct Jvm {
    /// Its name within the instance.
    pub name: InternedString,
    /// The version of Java.
    pub java_version: LatestText,
    /// The size of the heap in bytes.
    pub heap_size: f32,
    /// The used heap in bytes.
    pub heap_used: f32,
    /// Seconds per second spent on reaching safepoints.
    pub safepoint_sync_time: f32,
    /// Seconds per second in safepoints.
    pub safepoint_time: f32,
}

/// A .NET application.
#[derive(Debug, Clone)]
pub struct DotNet {
    /// Its name within the instance.
    pub name: InternedString,
    /// The version of the runtime.
    pub runtime_version: LatestText,
    /// 1 if it runs.
    pub up: f32,
    /// Allocated bytes per second.
    pub memory_allocated: f32,
    /// Exceptions per second.
    pub exceptions: f32,
    /// Share of the heap that is fragmented, in percent.
    pub heap_fragmentation: f32,
    /// Lock contentions per second.
    pub lock_contentions: f32,
    /// Items that the thread pool completed per second.
    pub thread_pool_completed_items: f32,
    /// Items that wait for the thread pool.
    pub thread_pool_queue_length: f32,
    /// Threads of the pool.
    pub thread_pool_size: f32,
}
