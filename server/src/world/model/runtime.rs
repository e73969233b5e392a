//! Language runtimes. Values are those of the present, NaN where nothing is known.

use super::Latest;
use crate::world::answers::Symbol;

/// A Java virtual machine.
#[derive(Debug, Clone)]
pub struct Jvm {
    /// Which one of the instance.
    pub name: Symbol,
    /// The version of Java.
    pub java_version: Latest,
    /// The size of the heap in bytes.
    pub heap_size: f32,
    /// How much of the heap is used, in bytes.
    pub heap_used: f32,
    /// Seconds a second that it took to reach safepoints.
    pub safepoint_sync_time: f32,
    /// Seconds a second in safepoints.
    pub safepoint_time: f32,
}

/// A .NET application.
#[derive(Debug, Clone)]
pub struct DotNet {
    /// Which one of the instance.
    pub name: Symbol,
    /// The version of the runtime.
    pub runtime_version: Latest,
    /// 1 while it runs.
    pub up: f32,
    /// Bytes allocated, a second.
    pub memory_allocated: f32,
    /// Exceptions a second.
    pub exceptions: f32,
    /// Share of the heap that is fragmented, in percent.
    pub heap_fragmentation: f32,
    /// Contended locks a second.
    pub lock_contentions: f32,
    /// Items that the thread pool completed, a second.
    pub thread_pool_completed_items: f32,
    /// Items that wait for the thread pool.
    pub thread_pool_queue_length: f32,
    /// Threads of the pool.
    pub thread_pool_size: f32,
}
