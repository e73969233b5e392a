//! Traces the system calls of a process with `strace`.

use std::{fs, path::PathBuf};

use headcount_harness::{program::HeadcountProgram, wait::eventually};
use procfs::sys::kernel::Version;

use crate::setup::{SOON, TestSetup};

/// The system call that starts the signals for the CPU profile of a server. Before Linux 6.4 a timer of
/// `timer_create` always signals the main thread.
pub(crate) fn profiling_call() -> &'static str {
    let kernel = Version::current().expect("the kernel has a version");
    if kernel >= Version::new(6, 4, 0) { "timer_create" } else { "setitimer" }
}

/// The trace of a process.
pub(crate) struct SyscallTrace {
    file: PathBuf,
}

impl SyscallTrace {
    /// Traces the system calls `calls` of `program`.
    pub(crate) fn of(
        setup: &TestSetup,
        name: &str,
        calls: &str,
        program: HeadcountProgram,
    ) -> (Self, HeadcountProgram) {
        Self::with(setup, name, &["-e", calls], program)
    }

    /// Kills `program` as one of its threads enters its `nth` call of `calls`.
    pub(crate) fn killing(
        setup: &TestSetup,
        name: &str,
        calls: &str,
        nth: usize,
        program: HeadcountProgram,
    ) -> (Self, HeadcountProgram) {
        let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:signal=KILL:when={nth}"));
        Self::with(setup, name, &["-e", &trace, "-e", &inject], program)
    }

    /// Runs `program` with all `calls` failing.
    pub(crate) fn refusing(
        setup: &TestSetup,
        name: &str,
        calls: &str,
        program: HeadcountProgram,
    ) -> (Self, HeadcountProgram) {
        let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error=EPERM"));
        Self::with(setup, name, &["-e", &trace, "-e", &inject], program)
    }

    fn with(
        setup: &TestSetup,
        name: &str,
        expressions: &[&str],
        program: HeadcountProgram,
    ) -> (Self, HeadcountProgram) {
        let file = setup.path(name);
        // `-D`: the tracer is a grandchild, so that signals go to the program.
        let mut words: Vec<String> = ["strace", "-D", "-f", "-q", "-s", "256"].map(str::to_owned).into();
        words.extend(expressions.iter().map(|&word| word.to_owned()));
        words.extend(["-o".to_owned(), file.to_string_lossy().into_owned()]);
        (Self { file }, program.under(words))
    }

    /// The lines so far that contain `text`.
    pub(crate) fn lines(&self, text: &str) -> Vec<String> {
        let record = fs::read(&self.file).unwrap_or_default();
        let record = String::from_utf8_lossy(&record);
        record.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// Waits for a line that contains `text`.
    pub(crate) async fn until(&self, text: &str) {
        eventually(text, SOON, async || (!self.lines(text).is_empty()).then_some(())).await.unwrap();
    }
}
