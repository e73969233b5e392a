//! Requests and answers of the server and the collector, for the web interface and for programs.
//!
//! All times are Unix seconds.

use serde::{Deserialize, Serialize};

/// `GET <base>api/usage-statistics`: the state of usage statistics in this installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether anything is counted and sent.
    pub enabled: bool,
    /// What switched statistics off for the whole run, so that the page cannot switch them on: a flag or an environment
    /// variable. `null` when nothing did.
    pub disabled_by: Option<String>,
    /// Where reports go.
    pub collector_url: String,
    /// When the next report is made. `null` when switched off.
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
}

/// `PUT <base>api/usage-statistics`: switches usage statistics on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether to count and send from now on.
    pub enabled: bool,
}

/// Where a report is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportState {
    /// On disk, waiting for a collector.
    Queued,
    /// A collector has said that it has it.
    Sent,
    /// A collector has refused it for good.
    Refused,
}

/// One report of this installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct ReportEntries {
    /// The reports.
    pub reports: Vec<ReportEntry>,
}

/// A refusal as a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of problem: the phrase of the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this very request, in one sentence.
    pub detail: String,
}

/// What a collector did with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Receipt {
    /// It is stored and survives a power cut.
    Stored,
    /// A report with this id was stored before; nothing changed.
    Duplicate,
}

/// The collector's answer to a report that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// What was done with it.
    pub status: Receipt,
}

/// One report in a collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReport {
    /// The `Idempotency-Key`, or an id made on arrival.
    pub id: String,
    /// The UUID of the installation that sent it.
    pub instance: String,
    /// When it arrived.
    pub received_at: u64,
    /// Its size, decompressed.
    pub bytes: u64,
}

/// `GET /api/reports` of a collector: one page of reports, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReports {
    /// The reports of this page.
    pub reports: Vec<StoredReport>,
    /// The value of `after` for the next page; `null` on the last one.
    pub next: Option<i64>,
}

/// `GET /api/fleet` of a collector: the installations that report to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// The number of installations, also of those that are not listed.
    pub total: u64,
    /// One entry per installation, the one heard from last first; at most 10,000.
    pub instances: Vec<FleetInstance>,
}

/// One installation in a collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetInstance {
    /// Its UUID.
    pub instance: String,
    /// The version in its latest report.
    pub version: String,
    /// The kind of settings database in its latest report; empty when the report does not say.
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
    /// The number of fields over all its reports that could not be read and were set aside.
    pub set_aside: u64,
    /// The id of its latest report.
    pub latest: String,
}
