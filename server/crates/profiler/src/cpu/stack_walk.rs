//! Walks the stack of the thread that a signal interrupted.

#![expect(unsafe_code, reason = "the context of a signal and a stack walk have no safe interface")]

use std::ops::Range;

/// The maximum depth of a stack; of deeper ones, the innermost functions are recorded.
pub(super) const DEPTH: usize = 128;

/// Functions of the handler itself, which the walk passes before it reaches those that were interrupted.
/// There are about five.
const HANDLER_DEPTH: usize = 32;

/// Walks once, so that later walks take no locks: the first one looks for the tables of all libraries.
pub(super) fn prepare() {
    walk(&[], &mut [0; DEPTH]);
}

/// Completes a stack that begins with the address where the thread was interrupted, outwards up to the first
/// function that may not be walked, and returns its depth. A caller is recorded by an address inside the
/// call, not by the one after it.
pub(super) fn walk(not_to_walk: &[Range<u64>], stack: &mut [u64; DEPTH]) -> usize {
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
    // SAFETY: it must not run beside itself where it uses a debugging library that is not thread-safe; that
    // is Windows.
    unsafe { backtrace::trace_unsynchronized(see) };
    depth
}

/// The address that a signal interrupted, out of the context that its handler got from the kernel.
///
/// # Safety
/// The pointer is the third argument of a running handler that was registered with `SA_SIGINFO`.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn interrupted_at(context: *const libc::ucontext_t) -> u64 {
    // SAFETY: the caller's promise.
    let registers = unsafe { &(*context).uc_mcontext.gregs };
    registers.get(libc::REG_RIP as usize).map_or(0, |address| address.cast_unsigned())
}

/// The address that a signal interrupted, out of the context that its handler got from the kernel.
///
/// # Safety
/// The pointer is the third argument of a running handler that was registered with `SA_SIGINFO`.
#[cfg(target_arch = "aarch64")]
pub(super) unsafe fn interrupted_at(context: *const libc::ucontext_t) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { (*context).uc_mcontext.pc }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!(
    "the CPU sampler does not know where this machine keeps the address that a signal interrupted"
);

#[cfg(test)]
mod tests {
    use std::{
        ffi::{c_int, c_void},
        mem,
        os::unix::thread::JoinHandleExt as _,
        panic, ptr,
        sync::{
            OnceLock,
            atomic::{AtomicU32, Ordering},
        },
        thread,
    };

    use super::*;
    use crate::symbols;

    static NOT_TO_WALK: OnceLock<Vec<Range<u64>>> = OnceLock::new();
    /// Walks that ended at a function that may not be walked.
    static ENDED: AtomicU32 = AtomicU32::new(0);
    /// Walks that went beyond one.
    static BEYOND: AtomicU32 = AtomicU32::new(0);

    const ENOUGH: u32 = 1000;

    extern "C" fn on_signal(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
        let Some(not_to_walk) = NOT_TO_WALK.get() else { return };
        // SAFETY: it is registered with `SA_SIGINFO`.
        let mut stack = [unsafe { interrupted_at(context.cast()) }; DEPTH];
        let depth = walk(not_to_walk, &mut stack);
        let is_end = |address: &u64| not_to_walk.iter().any(|range| range.contains(&(address + 1)));
        if let Some(at) = stack[..depth].iter().position(is_end) {
            let count = if at + 1 < depth { &BEYOND } else { &ENDED };
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_walk_in_the_middle_of_a_panic_harms_nobody_and_ends_at_the_unwinder() {
        prepare();
        NOT_TO_WALK.set(symbols::ranges_not_to_walk().expect("/proc is readable")).expect("it is set once");
        // Not `SIGPROF`, which other tests of this program may need, and none of real time: those queue up.
        let signal = libc::SIGUSR2;
        // SAFETY: an all-zero `sigaction` is valid, and the handler has the type that `SA_SIGINFO` asks for.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            assert_eq!(libc::sigaction(signal, &raw const action, ptr::null_mut()), 0);
        }
        // It panics until enough walks ended, however seldom a signal interrupts it at the right moment.
        let panics = thread::spawn(|| {
            (0..10_000_000)
                .take_while(|_| ENDED.load(Ordering::SeqCst) < ENOUGH)
                .all(|_| panic::catch_unwind(|| panic::resume_unwind(Box::new(()))).is_err())
        });
        while !panics.is_finished() {
            // SAFETY: the thread was not joined yet, so its name is still its own.
            unsafe { libc::pthread_kill(panics.as_pthread_t(), signal) };
        }
        assert!(panics.join().expect("it caught its panics"));
        assert!(ENDED.load(Ordering::SeqCst) >= ENOUGH, "signals found it in the unwinder");
        assert_eq!(BEYOND.load(Ordering::SeqCst), 0, "walks beyond the unwinder");
    }
}
