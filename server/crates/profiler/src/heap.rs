//! Profiles which functions hold memory.

use std::{
    io::BufReader,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use headcount_platform::clock::Clock;
use jemalloc_pprof::{JemallocProfCtl, PROF_CTL};

use self::heap_dump::HeapDump;
use super::{
    MeasurementUnavailable,
    pprof::{self, ProfileKind, ProfileSpan},
    symbols::{self, FunctionNames},
};

mod allocator_frames;
mod heap_dump;
mod memory_file;

const AMOUNT: (&str, &str) = ("inuse_space", "bytes");

/// What the program must export as `malloc_conf`, a C string, beside making jemalloc its global allocator.
///
/// * `prof:true,prof_active:false`: profiling is possible and off, until a [`HeapProfiler`] switches it on.
/// * `lg_prof_sample:19`: a sample every 512 KiB allocated. Four times as many cost a busy server 4 % of its
///   CPU time, as its own profile showed. The price is that small allocations of an idle server seldom show.
/// * `narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true`: memory that was freed goes back
///   to the system within about a second, also while nothing is allocated: an idle server allocates next to
///   nothing. With threads for it, an idle server holds 3.7 MiB instead of 5.6 beside pages of files, and one
///   that watches 1,000 nodes holds 42 and 69 MiB instead of 154 and 77, two minutes after its peak of
///   250 and 233 instead of 269 and 258, in two runs. The price is two threads that sleep.
pub const MALLOC_CONF: &std::ffi::CStr =
    c"prof:true,prof_active:false,lg_prof_sample:19,narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,\
      background_thread:true";

static RUNNING: AtomicBool = AtomicBool::new(false);

/// Samples allocations, from its start until it is dropped. Earlier allocations are not in the profile.
///
/// There is at most one in a process, because there is one allocator. It needs jemalloc as global allocator,
/// with [`MALLOC_CONF`].
#[derive(Debug)]
pub struct HeapProfiler {
    clock: Arc<dyn Clock>,
}

impl HeapProfiler {
    /// Starts sampling.
    ///
    /// # Errors
    /// When the heap is already being profiled, when the allocator is not jemalloc, or when profiling was not
    /// enabled at the start.
    pub fn start(clock: Arc<dyn Clock>) -> Result<Self, MeasurementUnavailable> {
        if RUNNING.swap(true, Ordering::SeqCst) {
            return Err(MeasurementUnavailable::because(
                "the heap of this process is already being profiled",
            ));
        }
        if let Err(error) = with_allocator(|control| Ok(control.activate()?)) {
            RUNNING.store(false, Ordering::SeqCst);
            return Err(error);
        }
        Ok(Self { clock })
    }

    /// The memory that is held now, in the pprof format, gzipped: objects and bytes by the stack that
    /// allocated them, estimated from the samples. Changes nothing.
    ///
    /// The allocator writes its own report to a file; that file is in memory, without a name in any
    /// directory.
    ///
    /// # Errors
    /// When that file cannot be made, written or read, or when names cannot be read from `/proc`.
    pub fn profile(&self) -> Result<Vec<u8>, MeasurementUnavailable> {
        let now = self.clock.wall().as_secs();
        let span = ProfileSpan { from: now, to: now };
        let file = with_allocator(|control| Ok(memory_file::dump(control)?))?;
        let dump = HeapDump::read(BufReader::new(file)).map_err(|error| {
            MeasurementUnavailable::because(format!("the allocator's report cannot be read: {error}"))
        })?;
        let names = symbols::names_of(dump.addresses().collect())?;
        pprof::encode(&kind(dump.bytes_per_sample), span, &names, &named(&dump, &names))
    }
}

impl Drop for HeapProfiler {
    fn drop(&mut self) {
        // This cannot fail after profiling was switched on.
        with_allocator(|control| Ok(control.deactivate()?)).ok();
        RUNNING.store(false, Ordering::SeqCst);
    }
}

fn kind(bytes_per_sample: u64) -> ProfileKind {
    ProfileKind {
        count: ("inuse_objects", "count"),
        amount: AMOUNT,
        period_type: ("space", "bytes"),
        period: i64::try_from(bytes_per_sample).unwrap_or(i64::MAX),
    }
}

fn named(dump: &HeapDump, names: &FunctionNames) -> pprof::StackSamples {
    let mut samples = pprof::StackSamples::new();
    for held in &dump.held {
        let stack = names.stack(&held.stack);
        let inside = allocator_frames::functions_inside(stack.iter().map(|&function| names.name(function)));
        let outside = stack.get(inside..).unwrap_or_default();
        pprof::add_sample(&mut samples, outside.to_vec(), [held.objects, held.bytes]);
    }
    samples
}

fn with_allocator<T>(
    act: impl FnOnce(&mut JemallocProfCtl) -> anyhow::Result<T>,
) -> Result<T, MeasurementUnavailable> {
    let control = PROF_CTL.as_ref().ok_or_else(|| {
        MeasurementUnavailable::because(
            "the program was not started with jemalloc as its allocator and profiling made possible",
        )
    })?;
    // Not `lock`, which is for async callers: this must also work where blocking is forbidden.
    let mut control = control.try_lock().map_err(|_| {
        MeasurementUnavailable::because("somebody else is reading the heap profile of this process")
    })?;
    act(&mut control).map_err(|error| {
        MeasurementUnavailable::because(format!("the allocator gives no heap profile: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use headcount_platform::clock::SystemClock;

    use super::*;

    #[test]
    fn a_program_that_did_not_make_it_possible_is_told_so() {
        let refused =
            HeapProfiler::start(Arc::new(SystemClock::new())).expect_err("no `malloc_conf` in this program");
        assert!(refused.to_string().contains("jemalloc"), "{refused}");
        let again = HeapProfiler::start(Arc::new(SystemClock::new())).expect_err("still none");
        assert_eq!(again, refused, "a failed start leaves nothing running");
    }
}
