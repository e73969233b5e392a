//! Reads the configuration of a run from flags, environment variables and a file, in this order.
//!
//! Each command has a file here. Every field of a command is a flag; `sources` adds a variable and a key in
//! the file of `--config` to each. A field of type `bool` is a switch. `values` has the parsers that several
//! flags share.

mod collect;
mod collect_command;
mod file;
mod health_check;
mod log_filter;
mod opt_out;
mod product_version;
mod refusal;
mod routes;
mod serve;
mod sign_in;
mod sources;
mod values;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
pub use headcount_web::{access_token::AccessToken, base_path::BasePath};

use self::sources::{EnvironmentScope, FlagParseError, ParsedFlags};
pub use self::{
    collect::Collect,
    collect_command::{CollectBackup, CollectCommand, CollectTask, DemoFleet, InitKeys, RotatedKey},
    health_check::HealthCheck,
    log_filter::{LogFilter, LogFormat},
    product_version::ProductVersion,
    refusal::BadFlags,
    serve::Serve,
    sign_in::{RunningProgram, SignIn},
};

/// The text below the help of the program.
const AFTER_HELP: &str = "Flags without a command are those of serve: headcount --disable-usage-statistics is headcount serve \
     --disable-usage-statistics. headcount serve --help lists them; a variable such as HEADCOUNT_LISTEN gives one, too.";

/// Counts how self-hosted software is used, without learning who uses it.
#[derive(Debug, Parser)]
#[command(
    name = "headcount",
    version,
    arg_required_else_help = false,
    override_usage = "headcount [serve] [FLAGS]\n       headcount <COMMAND> [FLAGS]",
    after_help = AFTER_HELP
)]
struct HeadcountCli {
    #[command(subcommand)]
    command: HeadcountCommand,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum HeadcountCommand {
    /// Count, and report once an hour; the default.
    Serve(Box<Serve>),
    /// Take the reports of installations.
    Collect(Box<CollectCommand>),
    /// Print the report that a running server would send now. Takes the flags of that server.
    Preview(Box<Serve>),
    /// Print a link that opens the web interface of a running server signed in, once and within five minutes.
    /// Takes the flags of that server; for a collector, `sign-in collect` takes those of the collector.
    SignIn(Box<SignIn>),
    /// Ask the collector to delete what an installation sent, print its receipt, and make the installation a
    /// new one. Takes the flags of the server, which may run or not.
    Forget(Box<Serve>),
    /// Succeed when a server or a collector serves at that address; else the exit code is 2.
    Health(HealthCheck),
}

/// A variable of the environment of this process.
#[must_use]
pub fn process_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A parsed command line.
#[derive(Debug)]
pub enum CommandLine {
    /// To run a command.
    Run(Box<HeadcountCommand>),
    /// To print the help or the version.
    Help(clap::Error),
}

impl CommandLine {
    /// Reads a command line, the environment by `variables`, and the file of `--config`. Without a subcommand
    /// it is a command line of `serve`.
    ///
    /// # Errors
    /// One sentence for the operator, which quotes no possible secret.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        variables: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, BadFlags> {
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
        match sources::parse::<HeadcountCli>(&arguments, EnvironmentScope::Whole(variables)) {
            Ok(ParsedFlags { flags: HeadcountCli { mut command }, opt_outs }) => {
                if let HeadcountCommand::Serve(serve) | HeadcountCommand::Preview(serve) = &mut command {
                    serve.switch_off(opt_outs);
                }
                Ok(Self::Run(Box::new(command)))
            }
            Err(FlagParseError::Help(help)) => Ok(Self::Help(help)),
            Err(FlagParseError::Refused(refused)) => Err(refused),
        }
    }
}

#[cfg(test)]
mod tests;
