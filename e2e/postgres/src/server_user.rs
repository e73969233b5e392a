//! Chooses the user that runs the servers: PostgreSQL refuses to run as root.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

/// The user of Debian's package.
const USER: &str = "postgres:";

/// The user of the servers if the tests run as root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerUser {
    user: u32,
    group: u32,
}

impl ServerUser {
    /// `None` if the tests do not run as root: then the servers run as the same user.
    pub(crate) fn if_root() -> Option<Self> {
        if !rustix::process::getuid().is_root() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let line = users.lines().find(|line| line.starts_with(USER)).expect("there is no user postgres");
        let number = |place| line.split(':').nth(place).and_then(|number| number.parse().ok()).unwrap();
        Some(Self { user: number(2), group: number(3) })
    }

    /// Makes this user the owner of a file or a directory.
    pub(crate) fn own(self, path: &Path) {
        chown(path, Some(self.user), Some(self.group)).unwrap();
    }

    /// Runs a program as this user.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}
