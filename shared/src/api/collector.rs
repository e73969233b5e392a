//! Defines the answers of a collector.

use serde::{Deserialize, Serialize};

/// What a collector did with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptStatus {
    /// It is stored and survives a power cut.
    Stored,
    /// A report with this id was stored before; nothing changed.
    Duplicate,
}

/// The collector's answer to an accepted report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportReceipt {
    /// What was done with it.
    pub status: ReceiptStatus,
}

/// One report in a collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectorReport {
    /// The `Idempotency-Key`, or an id made on arrival.
    pub id: String,
    /// The UUID of the installation that sent it.
    pub instance: String,
    /// When it arrived.
    pub received_at: u64,
    /// Its size, decompressed.
    pub bytes: u64,
    /// Whether its sender was not the leader of its installation (`Headcount-Replica: 1`). Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replica: bool,
}

/// `GET /api/reports` of a collector: one page of reports, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectorReportPage {
    /// The reports of this page.
    pub reports: Vec<CollectorReport>,
    /// The value of `after` for the next page; `null` on the last one.
    pub next: Option<i64>,
}

/// `GET /api/fleet` of a collector: the installations that report to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetOverview {
    /// The number of installations, also of those that are not listed.
    pub total: u64,
    /// One entry per installation, the one heard from last first; at most 10,000.
    pub instances: Vec<FleetInstance>,
    /// Reports so far that came under a known `Idempotency-Key` with other bytes or of another installation.
    /// They were refused with 422.
    #[serde(default)]
    pub conflicts: u64,
    /// Reports so far, over all installations, whose time overlaps that of an earlier report of the same
    /// installation.
    #[serde(default)]
    pub overlaps: u64,
    /// Reports so far, over all installations, with another deletion commitment than the first one of their
    /// installation.
    #[serde(default)]
    pub clones: u64,
    /// Reports since the start of the collector that were delayed because a quota was used up.
    #[serde(default)]
    pub over_quota: u64,
    /// For how many seconds reports may have been stored that are not in the numbers of the fleet yet; 0 when
    /// all are in.
    #[serde(default)]
    pub rollup_lag: u64,
    /// `null` while the clock of the machine agrees with what is stored.
    #[serde(default)]
    pub clock: Option<ClockDoubt>,
}

/// The clock of the machine disagrees with the stored reports: it jumped. Until it is confirmed, nothing is
/// dropped because of it, and reports are dated by the time that has passed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockDoubt {
    /// The time of the machine's clock.
    pub wall: u64,
    /// The time that the collector uses.
    pub believed: u64,
    /// The seconds of running until the collector believes the clock by itself; `null` if it never will,
    /// because the clock was not set.
    pub believed_in: Option<u64>,
}

/// `POST /api/clock` of a collector, which confirms the clock of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmedClock {
    /// The time that the collector uses from now on.
    pub now: u64,
}

/// One installation in a collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetInstance {
    /// Its UUID.
    pub instance: String,
    /// The version in its latest report.
    pub version: String,
    /// The kind of settings database in its latest report; empty if the report does not have it.
    pub database_type: String,
    /// When its first report arrived.
    pub first_seen_at: u64,
    /// When its latest report arrived.
    pub last_seen_at: u64,
    /// The number of reports.
    pub reports: u64,
    /// The number of browsers in its latest report.
    pub users: u64,
    /// The number of page views in its latest report.
    pub page_views: u64,
    /// The number of values in all its reports that were set aside, because they could not be read or no
    /// report can have them.
    pub set_aside: u64,
    /// The number of its reports whose time overlaps that of an earlier one, because of a restored backup, a
    /// copied data directory, or a clock that was set back. Reports with `Headcount-Replica: 1` are left out.
    #[serde(default)]
    pub overlaps: u64,
    /// The id of its latest report.
    pub latest: String,
}
