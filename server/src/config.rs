//! The settings of this run: flags, and environment variables of the same names in capitals.
//!
//! A file for each command; `values` has the parsers that several flags share.

mod admin_token;
mod base_path;
mod collect;
mod routes;
mod serve;
mod values;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub use self::{admin_token::AdminToken, base_path::BasePath, collect::Collect, serve::Serve};

/// Counts how self-hosted software is used, without learning who uses it.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, arg_required_else_help = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Count, and report once an hour; the default.
    Serve(Box<Serve>),
    /// Take the reports of installations.
    Collect(Collect),
    /// Print the report that a running server would send now. Takes the flags of that server.
    Preview(Box<Serve>),
}

impl Cli {
    /// Reads a command line; without a subcommand it is one for `serve`.
    ///
    /// # Errors
    /// The text for the user, also for `--help` and `--version`.
    pub fn parse_line(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut arguments: Vec<OsString> = arguments.into_iter().collect();
        let first = arguments.get(1).and_then(|first| first.to_str()).unwrap_or_default();
        let is_for_serve = match first {
            "" => true,
            "-h" | "--help" | "-V" | "--version" => false,
            first => first.starts_with('-'),
        };
        if is_for_serve {
            arguments.insert(arguments.len().min(1), "serve".into());
        }
        Self::try_parse_from(arguments)
    }
}

#[cfg(test)]
mod tests;
