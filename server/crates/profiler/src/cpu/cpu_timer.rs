//! Makes the kernel send a `SIGPROF` after each period of CPU time that the process uses.
//!
//! The timer of choice is a POSIX timer of `CLOCK_PROCESS_CPUTIME_ID`: it counts nanoseconds of CPU time, and
//! does not survive `execve`. `ITIMER_PROF` counts ticks of the kernel and survives. It is used instead in
//! two cases:
//!
//! * Before Linux 6.4 the signal of a POSIX timer goes to the main thread, whichever thread used the CPU.
//! * `timer_create` is refused, by a seccomp filter or because `RLIMIT_SIGPENDING` is used up.

#![expect(unsafe_code, reason = "timers of CPU time have no safe interface")]

use std::{ffi::c_int, io, mem, ptr};

use procfs::sys::kernel::Version;

/// The first Linux that sends the signal of a POSIX timer to the thread that uses the CPU.
const SIGNALS_THE_RUNNING_THREAD: (u8, u8, u16) = (6, 4, 0);

/// `ITIMER_PROF` of `sys/time.h`: CPU time of the whole process, in user and kernel mode.
const ITIMER_PROF: c_int = 2;

/// A timer that sends signals until it is dropped.
#[derive(Debug)]
pub(super) enum CpuTimer {
    Posix { _timer: PosixTimer },
    Interval { _timer: IntervalTimer },
}

impl CpuTimer {
    /// Starts it, with a period in nanoseconds of less than a second.
    pub(super) fn start(period: u32) -> io::Result<Self> {
        let refused = match Version::current() {
            Ok(version) if signals_the_running_thread(version) => match PosixTimer::start(period) {
                Ok(timer) => return Ok(Self::Posix { _timer: timer }),
                Err(error) => error.to_string(),
            },
            _ => "this kernel would send its signals to another thread than the one that works".to_owned(),
        };
        tracing::debug!(reason = refused, "the CPU profile is taken without a POSIX timer");
        Ok(Self::Interval { _timer: IntervalTimer::start(period)? })
    }
}

fn signals_the_running_thread(kernel: Version) -> bool {
    let (major, minor, patch) = SIGNALS_THE_RUNNING_THREAD;
    kernel >= Version::new(major, minor, patch)
}

/// A timer of `timer_create`.
#[derive(Debug)]
pub(super) struct PosixTimer(libc::timer_t);

// SAFETY: the pointer is a number that the kernel gave, and leads nowhere. All threads of a process have the
// same timers.
unsafe impl Send for PosixTimer {}
// SAFETY: as above; nothing can be done with a shared reference.
unsafe impl Sync for PosixTimer {}

impl PosixTimer {
    fn start(period: u32) -> io::Result<Self> {
        // SAFETY: an all-zero `sigevent` is valid. Without a thread's number the signal is for the process.
        let mut event: libc::sigevent = unsafe { mem::zeroed() };
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = libc::SIGPROF;
        let mut timer = ptr::null_mut();
        // SAFETY: both pointers live as long as the call.
        outcome(unsafe {
            libc::timer_create(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut event, &raw mut timer)
        })?;
        // From here on, dropping it undoes whatever was done.
        let timer = Self(timer);
        let every = libc::timespec { tv_sec: 0, tv_nsec: period.into() };
        let times = libc::itimerspec { it_interval: every, it_value: every };
        // SAFETY: the timer exists, and the old times are not asked for.
        outcome(unsafe { libc::timer_settime(timer.0, 0, &raw const times, ptr::null_mut()) })?;
        Ok(timer)
    }
}

impl Drop for PosixTimer {
    fn drop(&mut self) {
        // SAFETY: the timer exists, and nothing uses it any more.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// The timer of `setitimer`, of which a process has one.
#[derive(Debug)]
pub(super) struct IntervalTimer(());

impl IntervalTimer {
    fn start(period: u32) -> io::Result<Self> {
        set_interval(i64::from(period) / 1000)?;
        Ok(Self(()))
    }
}

impl Drop for IntervalTimer {
    fn drop(&mut self) {
        // It cannot fail with this argument.
        set_interval(0).ok();
    }
}

/// Requests a signal whenever the process has used that many microseconds of CPU time; 0 for none.
fn set_interval(microseconds: libc::suseconds_t) -> io::Result<()> {
    let every = libc::timeval { tv_sec: 0, tv_usec: microseconds };
    let times = IntervalTimes { interval: every, first: every };
    // SAFETY: both pointers are what the function asks for: times to read, and none to write.
    outcome(unsafe { setitimer(ITIMER_PROF, &raw const times, ptr::null_mut()) })
}

/// The result of a system call that returns 0 or -1.
pub(super) fn outcome(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `struct itimerval` of `sys/time.h`.
#[repr(C)]
struct IntervalTimes {
    interval: libc::timeval,
    first: libc::timeval,
}

unsafe extern "C" {
    fn setitimer(which: c_int, new: *const IntervalTimes, old: *mut IntervalTimes) -> c_int;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_decides_which_timer_is_right() {
        for (release, expected) in [
            ("4.4.0", false),
            ("5.15.0-91-generic", false),
            ("6.3.13", false),
            ("6.4.0", true),
            ("6.12.9-amd64", true),
            ("7.0.0", true),
        ] {
            let kernel = Version::from_str(release).expect("a release of a kernel");
            assert_eq!(signals_the_running_thread(kernel), expected, "{release}");
        }
    }
}
