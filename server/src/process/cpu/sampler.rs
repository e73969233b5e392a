//! What is the process doing right now, 99 times a second of CPU time?
//!
//! The kernel sends `SIGPROF` to the thread whose CPU time made the timer go off. The handler walks that thread's stack
//! and counts it. It may have interrupted anything, so it neither allocates nor waits: when the record is in use, the
//! sample is counted without its stack.
//!
//! Why not the crate `pprof`: its space for stacks is fixed, 120 MB are resident from the first moment and 200 MB after
//! a restart, which is what a cut would be; and it drops the samples that it does not walk.

#![expect(unsafe_code, reason = "a signal handler, a timer and a stack walk have no safe interface")]

use std::{
    ffi::{c_int, c_void},
    mem,
    ops::Range,
    ptr,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::stacks::{Recorded, Stacks};
use crate::process::Unavailable;

/// Different calls kept until the next cut: 1.5 MiB. A server at work has a few thousand.
const CALLS: usize = 1 << 16;

/// The deepest stack that is kept; of deeper ones, the innermost functions.
const DEPTH: usize = 128;

/// Functions of the handler itself, which the walk passes before it reaches those that were interrupted. There are about
/// five.
const HANDLER_DEPTH: usize = 32;

/// `ITIMER_PROF` of `sys/time.h`: CPU time of the whole process, in user and kernel mode.
const ITIMER_PROF: c_int = 2;

static RUNNING: AtomicBool = AtomicBool::new(false);
static RECORD: Mutex<Option<Record>> = Mutex::new(None);
/// Samples that came while the record was in use.
static MISSED: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Record {
    stacks: Stacks,
    /// Code beyond which no stack may be walked.
    not_to_walk: Vec<Range<u64>>,
}

/// The timer, the signal handler and the record. All three end with it.
#[derive(Debug)]
pub(super) struct Sampler(());

impl Sampler {
    /// Starts sampling. A stack ends at the first function inside the ranges given.
    pub(super) fn start(frequency: u32, not_to_walk: Vec<Range<u64>>) -> Result<Self, Unavailable> {
        if RUNNING.swap(true, Ordering::SeqCst) {
            return Err(Unavailable::because("the CPU of this process is already being profiled"));
        }
        // The first walk looks for the tables of all libraries, and may take locks for that.
        walk(&[], &mut [0; DEPTH]);
        *record() = Some(Record { stacks: Stacks::new(CALLS), not_to_walk });
        MISSED.store(0, Ordering::SeqCst);
        if let Err(error) = handle_signal() {
            forget();
            return Err(error);
        }
        // From here on, dropping it undoes whatever was done.
        let sampler = Self(());
        set_timer(1_000_000 / i64::from(frequency))?;
        Ok(sampler)
    }

    /// A copy of what was recorded so far.
    pub(super) fn peek(&self) -> Recorded {
        let (mut recorded, missed) = {
            let record = record();
            (record.as_ref().map(|record| record.stacks.recorded()), MISSED.load(Ordering::SeqCst))
        };
        recorded.iter_mut().for_each(|recorded| recorded.lose(missed));
        recorded.unwrap_or_else(|| Stacks::new(0).into_recorded())
    }

    /// What was recorded so far; recording starts over without a gap.
    pub(super) fn cut(&self) -> Recorded {
        let fresh = Stacks::new(CALLS);
        let full = record().as_mut().map(|record| mem::replace(&mut record.stacks, fresh));
        let mut recorded = full.unwrap_or_else(|| Stacks::new(0)).into_recorded();
        recorded.lose(MISSED.swap(0, Ordering::SeqCst));
        recorded
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // Neither can fail with these arguments, and a timer that went on would find a signal that does nothing.
        set_timer(0).ok();
        ignore_signal();
        forget();
    }
}

fn forget() {
    *record() = None;
    RUNNING.store(false, Ordering::SeqCst);
}

/// Waits for the record. The handler never does: on this thread it finds it in use.
fn record() -> MutexGuard<'static, Option<Record>> {
    RECORD.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn on_signal(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the C library gives every thread an `errno` that lives as long as the thread.
    let errno = unsafe { &mut *libc::__errno_location() };
    let before = *errno;
    sample(interrupted_at(context.cast()));
    *errno = before;
}

fn sample(address: u64) {
    let mut record = match RECORD.try_lock() {
        Ok(record) => record,
        Err(TryLockError::Poisoned(record)) => record.into_inner(),
        Err(TryLockError::WouldBlock) => {
            MISSED.fetch_add(1, Ordering::SeqCst);
            return;
        }
    };
    let Some(record) = record.as_mut() else { return };
    let mut stack = [address; DEPTH];
    let depth = walk(&record.not_to_walk, &mut stack);
    record.stacks.add(stack.get(..depth).unwrap_or_default());
}

/// Completes a stack that has the address where the thread was interrupted, outwards up to the first function that may
/// not be walked, and tells its depth. Callers are told by an address inside the call, not by the one after it.
fn walk(not_to_walk: &[Range<u64>], stack: &mut [u64; DEPTH]) -> usize {
    let [interrupted, ..] = *stack;
    let ends = |address| not_to_walk.iter().any(|range| range.contains(&address));
    if ends(interrupted) {
        return 1;
    }
    let (mut depth, mut passed, mut inside) = (1, 0, false);
    let see = |frame: &backtrace::Frame| {
        let address = frame.ip().addr() as u64;
        if !inside {
            inside = address == interrupted;
            passed += 1;
            return passed < HANDLER_DEPTH;
        }
        let Some(slot) = stack.get_mut(depth).filter(|_| address != 0) else { return false };
        *slot = address - 1;
        depth += 1;
        !ends(address)
    };
    // SAFETY: it must not run beside itself where it uses a debugging library that is not thread-safe; that is Windows.
    unsafe { backtrace::trace_unsynchronized(see) };
    depth
}

#[cfg(target_arch = "x86_64")]
fn interrupted_at(context: *const libc::ucontext_t) -> u64 {
    // SAFETY: the kernel passes a valid context to a handler registered with `SA_SIGINFO`.
    let registers = unsafe { &(*context).uc_mcontext.gregs };
    registers.get(libc::REG_RIP as usize).map_or(0, |address| address.cast_unsigned())
}

#[cfg(target_arch = "aarch64")]
fn interrupted_at(context: *const libc::ucontext_t) -> u64 {
    // SAFETY: the kernel passes a valid context to a handler registered with `SA_SIGINFO`.
    unsafe { (*context).uc_mcontext.pc }
}

fn handle_signal() -> Result<(), Unavailable> {
    // SAFETY: an all-zero `sigaction` is the default action with no flags and an empty mask.
    let (mut before, mut action): (libc::sigaction, libc::sigaction) =
        unsafe { (mem::zeroed(), mem::zeroed()) };
    // SAFETY: it only writes the present action to `before`.
    outcome(unsafe { libc::sigaction(libc::SIGPROF, ptr::null(), &raw mut before) })?;
    if !matches!(before.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) {
        return Err(Unavailable::because("another profiler of this process already uses SIGPROF"));
    }
    action.sa_sigaction = on_signal as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: `on_signal` has the type that `SA_SIGINFO` asks for and does only what a handler may.
    outcome(unsafe { libc::sigaction(libc::SIGPROF, &raw const action, ptr::null_mut()) })
}

/// From now on `SIGPROF` does nothing. Its default, which ends the process, could still meet a signal on its way.
fn ignore_signal() {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { libc::signal(libc::SIGPROF, libc::SIG_IGN) };
}

/// Asks for a signal whenever the process has used that many microseconds of CPU time; 0 asks for none.
fn set_timer(microseconds: i64) -> Result<(), Unavailable> {
    let every = libc::timeval { tv_sec: 0, tv_usec: microseconds };
    let timer = Timer { interval: every, first: every };
    // SAFETY: both pointers are what the function asks for: a timer to read, and none to write.
    outcome(unsafe { setitimer(ITIMER_PROF, &raw const timer, ptr::null_mut()) })
}

fn outcome(result: c_int) -> Result<(), Unavailable> {
    if result == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(Unavailable::because(format!("the system does not sample this process: {error}")))
}

/// `struct itimerval` of `sys/time.h`.
#[repr(C)]
struct Timer {
    interval: libc::timeval,
    first: libc::timeval,
}

unsafe extern "C" {
    fn setitimer(which: c_int, new: *const Timer, old: *mut Timer) -> c_int;
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!(
    "the CPU sampler does not know where this machine keeps the address that a signal interrupted"
);
