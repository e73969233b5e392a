//! Defines the command line of `headcount sign-in`.

use clap::{Args, Subcommand};

use super::{Collect, Serve};

/// The flags of `headcount sign-in`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SignIn {
    /// The running program; by default a server.
    #[command(subcommand)]
    pub program: Option<RunningProgram>,
    /// The flags of a server.
    #[command(flatten)]
    pub serve: Serve,
}

/// A program that runs, with the flags that it was started with.
#[derive(Debug, Clone, Subcommand)]
pub enum RunningProgram {
    /// For a running server. Takes its flags.
    Serve(Box<Serve>),
    /// For a running collector. Takes its flags.
    Collect(Box<Collect>),
}
