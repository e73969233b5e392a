//! Makes a directory for a server, with a shell that cleans up after the tests.

#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "only tests use this")]

mod server_user;

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

pub use self::server_user::ServerUser;

/// A directory in that of temporary files. It is removed when this is dropped, or when the tests have ended
/// without that.
#[derive(Debug)]
pub struct GuardedDirectory {
    path: PathBuf,
    /// Its input ends with this program, and it ends with its input.
    guard: Child,
}

impl GuardedDirectory {
    /// Makes a directory whose name begins with `prefix`, for `user`, or for the user of the tests. `script`
    /// is run by a shell in it, with `argument` as `$1`: it begins now, and has to end the server once its
    /// standard input ends.
    #[must_use]
    pub fn new(prefix: &str, user: Option<ServerUser>, script: &str, argument: &Path) -> Self {
        let path = tempfile::Builder::new().prefix(prefix).tempdir().unwrap().keep();
        let whole = format!("trap '' INT TERM HUP\n{script}\ncd / && rm -rf \"$2\"\n");
        let mut guard = Command::new("sh");
        guard.args(["-c", &whole, "guard"]).arg(argument).arg(&path).current_dir(&path);
        // It does not get the signals of the terminal.
        guard.process_group(0).env("LC_ALL", "C");
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(user) = user {
            user.own(&path);
            user.run(&mut guard);
        }
        Self { guard: guard.spawn().unwrap(), path }
    }

    /// Sends a line to the script.
    pub fn tell_guard(&mut self) {
        self.guard.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for GuardedDirectory {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // A shell that failed leaves a directory behind, and this is no place to say so.
        self.guard.wait().ok();
    }
}
