//! Defines the command line of `headcount collect` and of the commands below it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_shared::product::ProductName;

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
    /// Copy the data directory of a collector, which may be running, to a new directory.
    Backup(CollectBackup),
    /// Make the file with the keys of a collector, which all of its processes share, or replace a key in it.
    Init(InitKeys),
    /// Fill a data directory with the reports of a simulated fleet, and print what is true about it as JSON.
    Demo(DemoFleet),
}

/// The flags of `headcount collect demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoFleet {
    /// The data directory; created if missing. No collector may be running on it.
    #[arg(long, default_value = "./collector-data")]
    pub data_dir: PathBuf,

    /// The number of installations that there are in all days together.
    #[arg(long, default_value_t = 200)]
    pub installations: u32,

    /// The number of days.
    #[arg(long, default_value_t = 30)]
    pub days: u32,

    /// The last day, such as `2026-11-28`; yesterday without.
    #[arg(long, value_name = "DAY")]
    pub until: Option<CalendarDay>,

    /// The reports of an installation a day. A real one sends 24; with fewer, each is about a longer time, and a missing
    /// one leaves a longer gap.
    #[arg(long, default_value_t = 24)]
    pub reports_per_day: u32,

    /// The number that everything depends on: with the same one, the fleet is the same.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// The product that the reports name; `coroot` without.
    #[arg(long, value_name = "NAME")]
    pub product: Option<ProductName>,

    /// The days of which reports are stored as they were sent: the last ones.
    #[arg(long, default_value_t = 1, value_name = "DAYS")]
    pub raw_days: u32,

    /// Makes reports without profiles, several times faster.
    #[arg(long)]
    pub without_profiles: bool,
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

/// The flags of `headcount collect backup`.
#[derive(Debug, Clone, Args)]
pub struct CollectBackup {
    /// The data directory of the collector.
    #[arg(long, default_value = "./collector-data")]
    pub data_dir: PathBuf,

    /// The directory to create. To restore it, start `headcount collect` with it as the data directory.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,

    /// Copies the keys and the admin token, too. Whoever has them can sign in and find installations by their
    /// ids.
    #[arg(long)]
    pub with_keys: bool,

    /// The file with the keys, if it is not in the data directory.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}
