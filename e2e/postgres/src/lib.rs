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

mod guarded_directory;
pub mod pgbouncer;
pub mod postgres;
mod program_output;
mod server_user;
