//! What is published of a day.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{rule::ReleaseStage, tables::PublishedTable};

/// The label of a cell.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellLabel {
    /// A name that enough installations have.
    Name(String),
    /// All others.
    Other,
}

/// A cell of the base partition.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct BaseCellName {
    /// The version.
    pub version: CellLabel,
    /// The type of the database, where the base partition has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<CellLabel>,
}

/// The number of installations of a cell of the base partition. All tables have this cell and are counted in it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedBaseCell {
    /// Which.
    #[serde(flatten)]
    pub base: BaseCellName,
    /// Installations, with noise.
    pub installs: i64,
}

/// A percentile of an amount over the installations of a cell.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedPercentile {
    /// Which, between 0 and 1.
    pub percentile: f64,
    /// The upper edge of the bucket that it is in.
    pub at_most: f64,
}

/// A cell of a table.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedCell {
    /// The cell of the base partition that it is in.
    #[serde(flatten)]
    pub base: BaseCellName,
    /// The label in the table. None in tables that have no labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<CellLabel>,
    /// Installations, with noise.
    pub installs: i64,
    /// The sum of the amounts, with noise. None in tables without amounts, and where few installations have most
    /// of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Those percentiles for which the cell has enough installations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub percentiles: Vec<PublishedPercentile>,
}

/// A label of a cell that is named without a number: the rest is too small to be told.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CellWithoutNumber {
    /// The cell of the base partition.
    #[serde(flatten)]
    pub base: BaseCellName,
    /// The label.
    pub label: String,
}

/// A table of a day.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedTableOfDay {
    /// Which.
    pub table: PublishedTable,
    /// Ordered by the cell of the base partition, within it by number of installations, the largest first, `other`
    /// last.
    pub cells: Vec<PublishedCell>,
    /// Labels without a number. Older releases call them `nearly_all`.
    #[serde(default, alias = "nearly_all", skip_serializing_if = "Vec::is_empty")]
    pub without_number: Vec<CellWithoutNumber>,
    /// About how many names are shown nowhere.
    pub folded_names: u32,
}

/// What is published of a day.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PublishedDay {
    /// Days since 1970-01-01.
    pub day: u32,
    /// Which of its two releases.
    pub stage: ReleaseStage,
    /// How many installations every cell has at least.
    pub smallest_group: u32,
    /// Standard deviation of the noise in every number of installations.
    pub noise_sd: f64,
    /// The sum of the noisy numbers of the base partition.
    pub installs: i64,
    /// The base partition. Empty if the fleet is too small to publish anything of it.
    pub base: Vec<PublishedBaseCell>,
    /// About how many versions are shown nowhere.
    pub folded_versions: u32,
    /// The tables, in the order of their list.
    pub tables: Vec<PublishedTableOfDay>,
}

/// What the next release needs to know of this one. It is not published.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CarriedOver {
    /// Names that were large enough somewhere, by table.
    pub names: BTreeMap<PublishedTable, BTreeSet<String>>,
    /// The most that an installation adds to a sum, by table and label.
    pub caps: BTreeMap<PublishedTable, BTreeMap<String, f64>>,
}

/// A release and what the next one needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// What is published.
    pub published: PublishedDay,
    /// What is kept for the next release.
    pub carried: CarriedOver,
}
