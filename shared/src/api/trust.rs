//! `GET <base>api/fleet/trust` of a collector: what became of every report that arrived.
//!
//! On each day, `received` is `stored` and the sum of `not_stored`. Since the beginning, `stored` is `kept`
//! and the reports among `dropped`.

use serde::{Deserialize, Serialize};

/// What became of the reports of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetTrustAnswer {
    /// The product; `null` for all. Reports of products without a place count as `other`.
    pub product: Option<String>,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// When this was computed: every report that was answered before is in it.
    pub computed_at: u64,
    /// The days with reports or drops, in their order.
    pub days: Vec<FleetTrustDay>,
    /// Everything since the beginning, also of days that are not in the answer.
    pub since_beginning: FleetTrustTotals,
}

/// What became of the reports that arrived on one day, by the clock of the collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetTrustDay {
    /// The day.
    pub day: String,
    /// The reports that arrived.
    pub received: u64,
    /// Those of them that were stored and count.
    pub stored: u64,
    /// Those that were not stored, by reason, such as `duplicate`, `conflict` or `json`.
    pub not_stored: Vec<FleetTrustCount>,
    /// Stored ones of a day before their arrival.
    pub late: u64,
    /// Stored ones whose time overlaps that of another report of their installation.
    pub overlaps: u64,
    /// Times of an installation that no report covers, found by the report after or before.
    pub gaps: u64,
    /// Such times that a report covered later.
    pub gaps_closed: u64,
    /// Stored ones with another deletion commitment than the first report of their installation.
    pub clones: u64,
    /// Profiles in stored ones that cannot be read.
    pub unreadable_profiles: u64,
    /// Stored ones of which only the counts were stored, as on a disk that is too full.
    pub without_raw_copy: u64,
    /// Values of stored ones that were set aside, by field of the report.
    pub set_aside: Vec<FleetTrustCount>,
    /// What was dropped on the day, whenever it had been stored: reports as `report_retention` and
    /// `report_deletion`, raw copies as `raw_retention`, `raw_disk_limit`, `raw_deletion` and `raw_missing`.
    pub dropped: Vec<FleetTrustCount>,
}

/// A number with its name, from a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetTrustCount {
    /// The name.
    pub name: String,
    /// The number; at least 1.
    pub count: u64,
}

/// Sums over all days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetTrustTotals {
    /// The reports that arrived.
    pub received: u64,
    /// Those that were stored.
    pub stored: u64,
    /// Those that were not stored.
    pub not_stored: u64,
    /// Reports that were stored and dropped since.
    pub dropped: u64,
    /// Reports that are stored.
    pub kept: u64,
}
