//! `<base>api/usage-statistics`: what is counted and sent, and whether.

use serde::{Deserialize, Serialize};

/// `GET <base>api/usage-statistics`: the state of usage statistics in this installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// Whether anything is counted and sent.
    pub enabled: bool,
    /// What switched statistics off for the whole run, so that the page cannot switch them on: a flag or an environment
    /// variable. `null` when nothing did.
    pub disabled_by: Option<String>,
    /// Where reports go.
    pub collector_url: String,
    /// When the next report is due. `null` when switched off.
    pub next_report_at: Option<u64>,
    /// When a collector last confirmed a report. `null` when none did since the start.
    pub last_delivered_at: Option<u64>,
    /// Why the last attempt to deliver failed; `null` when it succeeded or none was made since the start.
    pub last_failure: Option<String>,
    /// The number of reports that wait for the collector.
    pub queued: u64,
    /// The number of reports that the collector refused, as far as they are kept.
    pub refused: u64,
    /// The number of events that were not counted whole since the last report because a bound was reached.
    pub dropped: u64,
    /// Why there is no CPU profile; `null` when there is one.
    pub cpu_profile_unavailable: Option<String>,
    /// Why there is no heap profile; `null` when there is one.
    pub heap_profile_unavailable: Option<String>,
    /// What happened to the data directory since the start: it was removed and made again, or cannot be. `null` when nothing
    /// did.
    pub data_directory: Option<String>,
}

/// `PUT <base>api/usage-statistics`: switches usage statistics on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether to count and send from now on.
    pub enabled: bool,
}

/// Where a report is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReportState {
    /// On disk, waiting for a collector.
    Queued,
    /// A collector has said that it has it.
    Sent,
    /// A collector has refused it for good.
    Refused,
    /// Its bytes left, and statistics were switched off before the answer came. It is not sent again.
    Unknown,
}

/// One report of this installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportEntry {
    /// The report's id, which it is sent with as `Idempotency-Key`.
    pub id: String,
    /// Where it is on its way.
    pub state: ReportState,
    /// When it was made.
    pub created_at: u64,
    /// Its size as sent.
    pub bytes: u64,
}

/// `GET <base>api/usage-statistics/reports`: the reports that are kept, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportEntries {
    /// The reports.
    pub reports: Vec<ReportEntry>,
}
