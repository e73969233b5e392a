//! `<base>api/usage-statistics`: the state of usage statistics, the switch, and the reports.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::DeletionReceipt;

/// `GET <base>api/usage-statistics`: the state of usage statistics in this installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// Whether anything is counted and sent.
    pub enabled: bool,
    /// The flag or environment variable that switched statistics off for the whole run, so that the page
    /// cannot switch them on. `null` if there is none.
    pub disabled_by: Option<String>,
    /// Where reports go.
    pub collector_url: String,
    /// When the next report is due. `null` when switched off.
    pub next_report_at: Option<u64>,
    /// When a collector last confirmed a report. `null` if none did since the start.
    pub last_delivered_at: Option<u64>,
    /// Why the last delivery failed; `null` if it succeeded, or there was none since the start.
    pub last_failure: Option<String>,
    /// The number of reports that wait for the collector.
    pub queued: u64,
    /// The number of stored reports that the collector refused.
    pub refused: u64,
    /// The number of events since the last report that were not counted completely because a bound was
    /// reached.
    pub dropped: u64,
    /// An estimate of the number of browsers that were not counted since the last report because a bound was
    /// reached; it is accurate to a few percent.
    #[serde(default)]
    pub dropped_browsers: u64,
    /// Why there is no CPU profile; `null` if there is one.
    pub cpu_profile_unavailable: Option<String>,
    /// Why there is no heap profile; `null` if there is one.
    pub heap_profile_unavailable: Option<String>,
    /// The failure of the last queries to a Prometheus, such as `Prometheus answers 405`; `null` if all
    /// answered, and on a server that queries none.
    #[serde(default)]
    pub prometheus_failure: Option<String>,
    /// What happened to the data directory since the start: it was removed and recreated, or cannot be
    /// recreated. `null` if nothing happened.
    pub data_directory: Option<String>,
    /// The files of Coroot in the data directory at the start, which this program neither uses nor removes.
    /// `null` if there were none.
    #[serde(default)]
    pub left_by_coroot: Option<String>,
    /// The receipts for what was deleted from collectors on request of this installation, latest first.
    #[serde(default)]
    pub receipts: Vec<KeptReceipt>,
}

/// A receipt that this installation has stored. The whole receipt is in `receipts/` of the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptReceipt {
    /// The hour of the deletion.
    pub hour: u64,
    /// The origin of the collector's address.
    pub collector: String,
}

/// `POST <base>api/usage-statistics/deletion`: what was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForgottenInstallation {
    /// The collector's receipt; `null` if this installation has sent nothing yet, and has not now.
    pub receipt: Option<DeletionReceipt>,
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
    /// The id of the browser in `ux.users` of the reports of this installation. `null` for a UUID that is not
    /// of version 4: its views are counted, but no browser.
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

/// `GET <base>api/usage-statistics/forgets`: what switching off now would delete. Sent reports stay, and so
/// do all settings and what another program has written into the settings database. All zero while statistics
/// are off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WouldForget {
    /// Page views that are in no report yet.
    pub page_views: u64,
    /// Browsers of these page views.
    pub browsers: u64,
    /// Reports that wait for the collector.
    pub queued_reports: u64,
    /// Reports that were sent and have no answer yet. They are not deleted: they stay as `unknown`.
    pub unknown_reports: u64,
    /// Queued reports that were set aside because their files are damaged.
    pub damaged_reports: u64,
    /// Rollouts that were found, with their snapshots.
    pub rollouts: u64,
    /// Incidents that were found.
    pub incidents: u64,
    /// Notifications of these incidents, sent ones and those that wait.
    pub notifications: u64,
    /// Counted events that are in no report yet: rollouts, their summaries, sent notifications.
    pub facts: u64,
}

/// The delivery state of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReportState {
    /// On disk, waiting for a collector.
    Queued,
    /// A collector has confirmed it.
    Sent,
    /// A collector has refused it for good.
    Refused,
    /// It was sent, and statistics were switched off before the answer came. It is not sent again.
    Unknown,
}

/// One report of this installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportEntry {
    /// The report's id, which is its `Idempotency-Key`.
    pub id: String,
    /// Its delivery state.
    pub state: ReportState,
    /// When it was made.
    pub created_at: u64,
    /// Its size as sent.
    pub bytes: u64,
}

/// `GET <base>api/usage-statistics/reports`: the stored reports, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportEntries {
    /// The reports.
    pub reports: Vec<ReportEntry>,
}
