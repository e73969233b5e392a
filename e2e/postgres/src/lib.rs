//! Runs real servers for tests: PostgreSQL, and PgBouncer in transaction mode in front of it.
//!
//! Each has a directory of its own. A shell waits beside it for the end of the tests, however they end; then
//! it stops the server and removes the directory.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test ends where its database does not work"
)]

pub mod pgbouncer;
pub mod postgres;
mod program_output;

use std::path::Path;

use headcount_guarded::{GuardedDirectory, ServerUser};

/// The user of Debian's package: PostgreSQL refuses to run as root.
fn server_user() -> Option<ServerUser> {
    ServerUser::if_root("postgres")
}

/// A directory for a server, with the script that ends it.
fn server_directory(script: &str, argument: &Path) -> GuardedDirectory {
    GuardedDirectory::new("headcount-pg-", server_user(), script, argument)
}
