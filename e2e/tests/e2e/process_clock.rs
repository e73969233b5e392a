//! Sets what the clock of a process says, so that every run shows the same times.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use headcount_harness::{command_output::output_within, test_run};
use tokio::sync::OnceCell;

/// The limit for building the library, on a busy machine.
const BUILT: Duration = Duration::from_secs(600);

/// Variables of the environment, with their values.
pub(crate) type ClockEnvironment = [(&'static str, String); 2];

/// The environment of a process whose clock says `time`, in Unix seconds, when this is called, and goes on.
pub(crate) async fn shifted_to(time: u64) -> ClockEnvironment {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let shift = i128::from(time) - i128::from(now);
    [preloaded().await, ("HEADCOUNT_CLOCK_SHIFT", shift.to_string())]
}

/// The environment of a process whose clock says `time`, in Unix seconds, for as long as it runs. What it
/// waits for comes as usual.
pub(crate) async fn stopped_at(time: u64) -> ClockEnvironment {
    [preloaded().await, ("HEADCOUNT_CLOCK_STOPPED", time.to_string())]
}

async fn preloaded() -> (&'static str, String) {
    static LIBRARY: OnceCell<PathBuf> = OnceCell::const_new();
    ("LD_PRELOAD", LIBRARY.get_or_init(build).await.display().to_string())
}

/// Builds the library that changes the clock.
async fn build() -> PathBuf {
    let library = test_run::directory().unwrap().join("process_clock.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/process_clock.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(source);
    let built = output_within(BUILT, compiler).await.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library
}
