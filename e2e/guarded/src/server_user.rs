//! Runs a server as its own user if the tests run as root: PostgreSQL refuses to run as root.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::Command,
};

/// The user of a server if the tests run as root.
#[derive(Debug, Clone, Copy)]
pub struct ServerUser {
    user: u32,
    group: u32,
}

impl ServerUser {
    /// The user with this name. `None` if the tests do not run as root: then the server runs as the same user.
    #[must_use]
    pub fn if_root(name: &str) -> Option<Self> {
        if !rustix::process::getuid().is_root() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let line = users.lines().find(|line| line.split(':').next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("there is no user {name}"));
        let number = |place| line.split(':').nth(place).and_then(|number| number.parse().ok()).unwrap();
        Some(Self { user: number(2), group: number(3) })
    }

    /// Makes this user the owner of a file or a directory.
    pub fn own(self, path: &Path) {
        chown(path, Some(self.user), Some(self.group)).unwrap();
    }

    /// Runs a program as this user.
    pub fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}
