//! `<base>api/usage-statistics`: what is counted and sent, and whether.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// An estimate of how many different browsers were not counted since the last report because a bound was reached; it
    /// is off by a few percent.
    #[serde(default)]
    pub dropped_browsers: u64,
    /// Why there is no CPU profile; `null` when there is one.
    pub cpu_profile_unavailable: Option<String>,
    /// Why there is no heap profile; `null` when there is one.
    pub heap_profile_unavailable: Option<String>,
    /// What came instead of answers when a Prometheus was last asked, such as `Prometheus answers 405`; `null` when each
    /// answered, and on a server that asks none.
    #[serde(default)]
    pub prometheus_failure: Option<String>,
    /// What happened to the data directory since the start: it was removed and made again, or cannot be. `null` when nothing
    /// did.
    pub data_directory: Option<String>,
    /// What Coroot left in the data directory that this program neither uses nor removes, as it was at the start. `null` when
    /// there was nothing.
    #[serde(default)]
    pub left_by_coroot: Option<String>,
}

/// `POST <base>api/pseudonym`: asks under which pseudonym a browser is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskPseudonym {
    /// The UUID of the browser, as it sends it with a page view.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub device_id: Uuid,
}

/// The answer: the pseudonym of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pseudonym {
    /// What stands for the browser in `ux.users` of the reports of this installation. `null` for a UUID that is not of
    /// version 4: its views are counted, and no browser.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    pub pseudonym: Option<Uuid>,
}

/// `PUT <base>api/usage-statistics`: switches usage statistics on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Whether to count and send from now on.
    pub enabled: bool,
}

/// `GET <base>api/usage-statistics/forgets`: what switching off now would delete. Reports that left stay, and so do all
/// settings, and what another program has written into the settings database. All zero while statistics are off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WouldForget {
    /// Page views that are in no report yet.
    pub page_views: u64,
    /// Browsers of these page views.
    pub browsers: u64,
    /// Reports that wait for the collector.
    pub queued_reports: u64,
    /// Reports that are on their way, and whose answer is outstanding. They are not deleted: they stay as `unknown`.
    pub unknown_reports: u64,
    /// Reports that waited and are set aside because their files are damaged.
    pub damaged_reports: u64,
    /// Rollouts that were found, with what they cost.
    pub rollouts: u64,
    /// Incidents that were found.
    pub incidents: u64,
    /// Notifications of these incidents, sent ones and those that wait.
    pub notifications: u64,
    /// What was found out to be counted, and is in no report yet: rollouts, what they changed, sent notifications.
    pub facts: u64,
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
