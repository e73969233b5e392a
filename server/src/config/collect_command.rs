//! Defines the command line of `headcount collect` and of the commands below it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Collect;

/// The flags of `headcount collect`, or a command below it.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CollectCommand {
    /// What to do; by default to collect.
    #[command(subcommand)]
    pub task: Option<CollectTask>,
    /// The flags of a collector.
    #[command(flatten)]
    pub collect: Collect,
}

/// What to do for a collector besides collecting.
#[derive(Debug, Clone, Subcommand)]
pub enum CollectTask {
    /// Make the file with the keys of a collector, which all of its processes share, or replace a key in it.
    Init(InitKeys),
}

/// The flags of `headcount collect init`.
#[derive(Debug, Clone, Args)]
pub struct InitKeys {
    /// The data directory; created if missing.
    #[arg(long, default_value = "./collector-data")]
    pub data_dir: PathBuf,

    /// The file with the keys; by default `keys` in the data directory.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,

    /// Replace this key in the file. The public key of the old one stays published. Running collectors use
    /// the new one after a restart.
    #[arg(long, value_name = "KEY")]
    pub rotate: Option<RotatedKey>,
}

/// A key that can be replaced without losing what was stored with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RotatedKey {
    /// The key that signs receipts of deletions.
    Signatures,
}
