//! `GET /public/fleet/…` and `GET /api/fleet/published/…` of a collector: what is published of the fleet.
//!
//! Every number of installations has noise, also those that others are a part of. Days are texts such as
//! `2026-11-22`, in UTC.

use serde::{Deserialize, Serialize};

/// The numbers of the rule for what is published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedRule {
    /// How many installations every cell has at least.
    pub smallest_group: u32,
    /// The standard deviation of the noise of a number of installations.
    pub noise_sd: f64,
    /// The noise is never larger.
    pub noise_cut: i64,
    /// A cell is shown if its number, with noise, is at least this.
    pub shown_from: i64,
    /// The days from one release to the next.
    pub release_every_days: u32,
    /// The days from a day to its provisional release.
    pub provisional_after_days: u32,
    /// The days from a day to its final release, after which it never changes.
    pub final_after_days: u32,
    /// An installation counts from this day after its first report.
    pub counted_from_day: u32,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedRelease {
    /// The day that it is of.
    pub day: String,
    /// `provisional` or `final`.
    pub stage: String,
    /// When it was made.
    pub released_at: u64,
    /// All installations, with noise: the denominator.
    pub installations: i64,
    /// About how many versions are not shown by name.
    pub folded_versions: u32,
}

/// A table that is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedTableKind {
    /// Its name.
    pub table: String,
    /// `one_label`, of which each installation has exactly one; `label_set`, of which it has any number;
    /// `amount_per_label`; or `amount`.
    pub kind: String,
    /// Whether its labels are names that were not listed before. They are shown from their second release on.
    pub has_open_names: bool,
}

/// What is published of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedTables {
    /// The product.
    pub product: String,
    /// The first day that was asked for.
    pub from: String,
    /// The last day that was asked for.
    pub to: String,
    /// The rule.
    pub rule: PublishedRule,
    /// The tables.
    pub tables: Vec<PublishedTableKind>,
    /// The releases, in the order of days.
    pub releases: Vec<PublishedRelease>,
}

/// A table over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedTableAnswer {
    /// The product.
    pub product: String,
    /// The table.
    pub table: String,
    /// The first day that was asked for.
    pub from: String,
    /// The last day that was asked for.
    pub to: String,
    /// The version; `null` for all.
    pub version: Option<String>,
    /// The rule.
    pub rule: PublishedRule,
    /// The releases, in the order of days.
    pub releases: Vec<PublishedTableRelease>,
}

/// A table of one release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedTableRelease {
    /// The release.
    #[serde(flatten)]
    pub release: PublishedRelease,
    /// About how many names of the table are not shown.
    pub folded_names: u32,
    /// The cells, by version, in it the largest first.
    pub cells: Vec<PublishedCellAnswer>,
    /// Labels that are named without a number, by version.
    pub without_number: Vec<PublishedWithoutNumber>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedCellAnswer {
    /// The version; `null` for all versions that are not shown by name.
    pub version: Option<String>,
    /// The label; `null` for all others, and in tables without labels.
    pub label: Option<String>,
    /// Installations, with noise.
    pub installations: i64,
    /// The installations of the version, with noise.
    pub of_installations: i64,
    /// The sum of the amounts, with noise; `null` in tables without, and where few have most of it.
    pub sum: Option<f64>,
    /// The percentiles for which there are enough installations.
    pub percentiles: Vec<PublishedPercentileAnswer>,
}

/// A percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedPercentileAnswer {
    /// Which, between 0 and 1.
    pub percentile: f64,
    /// The upper edge of the bucket that it is in.
    pub at_most: f64,
}

/// A label that is named without a number, because that of the installations of the version without it would be
/// too small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedWithoutNumber {
    /// The version; `null` for all versions that are not shown by name.
    pub version: Option<String>,
    /// The label.
    pub label: String,
}

/// A flame graph of a week. Shares are in billionths, and have noise too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishedFlameAnswer {
    /// The product.
    pub product: String,
    /// The last day of the week: the day of the release.
    pub day: String,
    /// `provisional` or `final`.
    pub stage: String,
    /// When it was made.
    pub released_at: u64,
    /// The rule.
    pub rule: PublishedRule,
    /// The version; `null` for all.
    pub version: Option<String>,
    /// `cpu` or `heap`.
    pub resource: String,
    /// Installations with a profile, with noise.
    pub of_installations: i64,
    /// The names of functions, each once.
    pub names: Vec<String>,
    /// Of each node, the position of its name in `names`; parents come before their children.
    pub name: Vec<u32>,
    /// Of each node, the position of its parent; of the root, 0.
    pub parent: Vec<u32>,
    /// Of each node, its share with all that it calls.
    pub value: Vec<u64>,
    /// Of each node, how many installations have it, with noise.
    pub installations: Vec<i64>,
}
