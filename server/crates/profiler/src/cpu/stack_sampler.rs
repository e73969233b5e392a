//! Samples the stacks of this process, 99 times a second of CPU time.
//!
//! The kernel sends `SIGPROF` to the thread whose CPU time expired the timer. The handler walks that thread's
//! stack and counts it for the CPU time that passed since the last sample. It may have interrupted anything,
//! so it neither allocates nor waits: when the record is in use, the sample is counted without its stack.
//!
//! `docs/decisions/0005-the-cpu-profiler-is-our-own.md` explains why this is not the crate `pprof`.

#![expect(unsafe_code, reason = "a signal handler has no safe interface")]

use std::{
    ffi::{c_int, c_void},
    io, mem,
    ops::Range,
    ptr,
    sync::{
        Mutex, MutexGuard, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use headcount_platform::lock::lock;
use rustix::time::{ClockId, clock_gettime};

use super::{
    NANOS_PER_SAMPLE,
    cpu_timer::{self, CpuTimer},
    due_samples::DueSamples,
    stack_table::{RecordedStacks, StackTable},
    stack_walk::{self, DEPTH},
};
use crate::MeasurementUnavailable;

/// The maximum of different calls until the next cut: 1.5 MiB. A busy server has a few thousand.
const CALLS: usize = 1 << 16;

/// The maximum of samples that one stack may stand for: a second of CPU time. More passes only while the
/// signal was not handled, and the stack afterwards does not represent that time.
const MOST_AT_ONCE: u64 = 99;

static RUNNING: AtomicBool = AtomicBool::new(false);
static RECORD: Mutex<Option<StackRecord>> = Mutex::new(None);
/// Samples without a stack: they came while the record was in use, or too many at once.
static MISSED: AtomicU64 = AtomicU64::new(0);
static DUE: DueSamples = DueSamples::every(NANOS_PER_SAMPLE as u64);

#[derive(Debug)]
struct StackRecord {
    stacks: StackTable,
    /// Code beyond which no stack may be walked.
    not_to_walk: Vec<Range<u64>>,
}

/// The timer, the signal handler and the record. All three end with it.
#[derive(Debug)]
pub(super) struct StackSampler {
    /// `None` only before it starts and while it ends.
    timer: Option<CpuTimer>,
    /// The previous handling of the signal: the default, which ends the process, or ignoring it.
    before: libc::sighandler_t,
}

impl StackSampler {
    /// Starts sampling. A stack ends at the first function inside the ranges given.
    pub(super) fn start(not_to_walk: Vec<Range<u64>>) -> Result<Self, MeasurementUnavailable> {
        if RUNNING.swap(true, Ordering::SeqCst) {
            return Err(MeasurementUnavailable::because("the CPU of this process is already being profiled"));
        }
        stack_walk::prepare();
        *record() = Some(StackRecord { stacks: StackTable::new(CALLS), not_to_walk });
        MISSED.store(0, Ordering::SeqCst);
        DUE.begin(cpu_time());
        let before = handle_signal().inspect_err(|_| forget())?;
        // From here on, dropping it undoes whatever was done.
        let mut sampler = Self { timer: None, before };
        sampler.timer = Some(CpuTimer::start(NANOS_PER_SAMPLE).map_err(refused)?);
        Ok(sampler)
    }

    /// A copy of what was recorded so far.
    ///
    /// # Errors
    /// When another profiler of this process handles the signal now.
    pub(super) fn peek(&self) -> Result<RecordedStacks, MeasurementUnavailable> {
        let (mut recorded, missed) = {
            let record = record();
            (record.as_ref().map(|record| record.stacks.recorded()), MISSED.load(Ordering::SeqCst))
        };
        recorded.iter_mut().for_each(|recorded| recorded.lose(missed));
        handle_signal()?;
        Ok(recorded.unwrap_or_else(|| StackTable::new(0).into_recorded()))
    }

    /// What was recorded so far; recording starts over without a gap.
    ///
    /// # Errors
    /// When another profiler of this process handles the signal now. What was recorded is lost.
    pub(super) fn cut(&self) -> Result<RecordedStacks, MeasurementUnavailable> {
        let fresh = StackTable::new(CALLS);
        let full = record().as_mut().map(|record| mem::replace(&mut record.stacks, fresh));
        let mut recorded = full.unwrap_or_else(|| StackTable::new(0)).into_recorded();
        recorded.lose(MISSED.swap(0, Ordering::SeqCst));
        handle_signal()?;
        Ok(recorded)
    }
}

impl Drop for StackSampler {
    fn drop(&mut self) {
        drop(self.timer.take());
        stop_handling(self.before);
        forget();
    }
}

fn forget() {
    *record() = None;
    RUNNING.store(false, Ordering::SeqCst);
}

/// Waits for the record. The handler never does: on this thread it finds it in use.
fn record() -> MutexGuard<'static, Option<StackRecord>> {
    lock(&RECORD)
}

extern "C" fn on_signal(_signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes valid information to a handler registered with `SA_SIGINFO`.
    let cause = unsafe { (*info).si_code };
    // A signal that a process sent does not stand for CPU time.
    if !matches!(cause, libc::SI_TIMER | libc::SI_KERNEL) {
        return;
    }
    // SAFETY: the C library gives every thread an `errno` that lives as long as the thread.
    let errno = unsafe { &mut *libc::__errno_location() };
    let before = *errno;
    // SAFETY: this is a handler registered with `SA_SIGINFO`.
    sample(unsafe { stack_walk::interrupted_at(context.cast()) });
    *errno = before;
}

fn sample(address: u64) {
    let samples = DUE.take(cpu_time());
    let mut record = match RECORD.try_lock() {
        Ok(record) => record,
        Err(TryLockError::Poisoned(record)) => record.into_inner(),
        Err(TryLockError::WouldBlock) => {
            MISSED.fetch_add(samples, Ordering::SeqCst);
            return;
        }
    };
    let Some(record) = record.as_mut().filter(|_| samples > 0) else { return };
    if samples > MOST_AT_ONCE {
        MISSED.fetch_add(samples - MOST_AT_ONCE, Ordering::SeqCst);
    }
    let mut stack = [address; DEPTH];
    let depth = stack_walk::walk(&record.not_to_walk, &mut stack);
    record.stacks.add(stack.get(..depth).unwrap_or_default(), samples.min(MOST_AT_ONCE));
}

/// The CPU time of this process, in nanoseconds. Safe in a signal handler.
fn cpu_time() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or_default()
}

/// Installs the signal handler, and returns the previous one.
fn handle_signal() -> Result<libc::sighandler_t, MeasurementUnavailable> {
    let before = handler()?;
    if before == own_handler() {
        return Ok(before);
    }
    if !matches!(before, libc::SIG_DFL | libc::SIG_IGN) {
        return Err(MeasurementUnavailable::because("another profiler of this process already uses SIGPROF"));
    }
    // SAFETY: an all-zero `sigaction` is the default action with no flags and an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = own_handler();
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: `on_signal` has the type that `SA_SIGINFO` asks for and does only what a handler may.
    outcome(unsafe { libc::sigaction(libc::SIGPROF, &raw const action, ptr::null_mut()) })?;
    Ok(before)
}

/// Restores the handling `before`, unless other code has installed a handler meanwhile. No timer sends the
/// signal any more.
fn stop_handling(before: libc::sighandler_t) {
    if handler() != Ok(own_handler()) {
        return;
    }
    // By default the signal ends the process, so a pending one must not reach that. To ignore the signal
    // first discards it.
    for action in [libc::SIG_IGN, before] {
        // SAFETY: neither ignoring a signal nor its default runs code of ours.
        unsafe { libc::signal(libc::SIGPROF, action) };
    }
}

fn handler() -> Result<libc::sighandler_t, MeasurementUnavailable> {
    // SAFETY: an all-zero `sigaction` is the default action with no flags and an empty mask.
    let mut present: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: it only writes the present action.
    outcome(unsafe { libc::sigaction(libc::SIGPROF, ptr::null(), &raw mut present) })?;
    Ok(present.sa_sigaction)
}

fn own_handler() -> libc::sighandler_t {
    on_signal as *const () as libc::sighandler_t
}

fn outcome(result: c_int) -> Result<(), MeasurementUnavailable> {
    cpu_timer::outcome(result).map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
fn refused(error: io::Error) -> MeasurementUnavailable {
    MeasurementUnavailable::because(format!("the system does not sample this process: {error}"))
}
