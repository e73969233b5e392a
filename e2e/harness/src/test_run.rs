//! Manages what one test run owns: a temporary directory, and a clean-up process that ends what is left of
//! the run's processes.
//!
//! Browsers, databases and servers outlive a test program that is killed, and shared browsers outlive the
//! last test. The clean-up process is a shell. When the program ends in any way, the shell ends every process
//! that has the directory in its command line or environment, and then removes the directory.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context, anyhow};
use tempfile::TempDir;

/// Waits for the end of its input. Processes get a signal to end first, so that they remove what they have
/// elsewhere.
const KEEPER: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
end() {
  found=
  for process in /proc/[0-9]*; do
    id=${process#/proc/}
    [ "$id" = "$$" ] && continue
    grep -qsaF -e "$2" "$process/cmdline" "$process/environ" || continue
    kill -s "$1" "$id" 2>/dev/null && found=yes
  done
  [ -n "$found" ]
}
end TERM "$1" && sleep 2 && end KILL "$1"
cd / && rm -rf "$1"
"#;

/// The directory of this run. It is removed when the program has ended.
///
/// # Errors
/// The system gives no directory, or starts no shell.
pub fn directory() -> anyhow::Result<&'static Path> {
    static RUN: OnceLock<anyhow::Result<TestRun>> = OnceLock::new();
    match RUN.get_or_init(TestRun::begin) {
        Ok(run) => Ok(run.directory.path()),
        Err(error) => Err(anyhow!("{error:#}")),
    }
}

/// Creates a directory in that of this run. It is removed when it is dropped.
///
/// # Errors
/// There is no directory for this run.
pub fn temporary_directory() -> anyhow::Result<TempDir> {
    tempfile::tempdir_in(directory()?).context("no temporary directory can be made")
}

struct TestRun {
    directory: TempDir,
    /// The clean-up process. Its input ends with this program.
    _keeper: Child,
}

impl TestRun {
    fn begin() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("headcount-run-").tempdir();
        let directory = directory.context("no temporary directory can be made")?;
        // PostgreSQL runs as another user, and has a directory in this one.
        let passable = fs::set_permissions(directory.path(), Permissions::from_mode(0o711));
        passable.context("the temporary directory cannot be opened to other users")?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(directory.path()).current_dir("/").process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().context("no shell can be started")?;
        Ok(Self { directory, _keeper: keeper })
    }
}
