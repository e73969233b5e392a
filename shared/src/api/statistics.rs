//! `<base>api/usage-statistics`: the state of usage statistics, the switch, and the reports.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DeletionReceipt, PublishedPercentileAnswer};

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
    /// The address of the privacy text of whoever receives them; `null` if none is configured.
    #[serde(default)]
    pub privacy_url: Option<String>,
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
    /// recreated. While statistics are off: that this is not stored or that what was counted is not deleted yet, or
    /// that bytes of what was deleted may still be in the settings database. `null` if nothing happened.
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

/// `GET <base>api/usage-statistics/history`: what was reported in the last 90 days.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportedHistory {
    /// The days of which a report was sent, in order.
    pub days: Vec<ReportedDay>,
    /// The same as charts, in HTML; empty without days.
    pub charts: String,
}

/// What the reports of a day said that a collector has confirmed. A day is one of UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportedDay {
    /// The number of days since 1970-01-01.
    pub day: u32,
    /// The number of reports.
    pub reports: u64,
    /// The largest `infra.nodes`.
    pub nodes: u64,
    /// The largest `infra.applications`.
    pub applications: u64,
    /// The largest `infra.instances`.
    pub instances: u64,
    /// The largest number of browsers in a report: the same browser may be in several.
    pub browsers: u64,
    /// All page views.
    pub page_views: u64,
    /// All rollouts.
    pub deployments: u64,
    /// All sent notifications.
    pub notifications: u64,
    /// The mean processor time of this process, in cores; `null` if no report had a sample.
    pub cpu_cores: Option<f64>,
    /// The mean memory of this process, in bytes; `null` if no report had a sample.
    pub memory_bytes: Option<f64>,
}

/// A profile in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProfileKind {
    /// `profile.cpu`.
    Cpu,
    /// `profile.memory`.
    Heap,
}

/// `POST <base>api/usage-statistics/profile-graph`: asks what a profile of a report says. Nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskProfileGraph {
    /// Which profile it is.
    pub kind: ProfileKind,
    /// The profile as it is in the report: pprof, gzipped, in base64.
    pub profile: String,
    /// What the ids of elements in the picture begin with.
    pub id: String,
}

/// The answer: the calls in a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileGraphAnswer {
    /// The calls.
    pub graph: ProfileGraph,
    /// The same as a flame graph with a table, in HTML. The address of a call is `#call-` and its key.
    pub html: String,
}

/// The calls in a profile as lists of equal length, a place a call. The first is the root, and callers come before
/// what they call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileGraph {
    /// The names of functions, each once.
    pub names: Vec<String>,
    /// Of each call, the position of its name in `names`.
    pub name: Vec<u32>,
    /// Of each call, the position of its caller; of the root, 0.
    pub parent: Vec<u32>,
    /// Of each call, microseconds of processor time or bytes of memory, with all that it calls.
    pub value: Vec<u64>,
}

/// `GET <base>api/usage-statistics/receipts`: the receipts for what was deleted, latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredReceipts {
    /// The receipts.
    pub receipts: Vec<StoredReceipt>,
}

/// A receipt with who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredReceipt {
    /// The origin of the collector's address.
    pub collector: String,
    /// The receipt.
    pub receipt: DeletionReceipt,
}

/// `GET <base>api/usage-statistics/fleet`: this installation beside the fleet that reports to the same collector, as
/// far as the collector publishes it. `POST` to it downloads what is published, unless a download succeeded within a
/// day or failed within a minute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetComparison {
    /// The origin that is asked.
    pub collector: String,
    /// When the tables were downloaded; `null` if they were not since the start.
    pub downloaded_at: Option<u64>,
    /// Why the last download failed; `null` if it did not.
    pub failure: Option<String>,
    /// Where this installation stands; `null` before a download, and if nothing is published.
    pub position: Option<FleetPosition>,
    /// The same in sentences, or why there is no position.
    pub sentences: Vec<String>,
}

/// Where this installation stands in a release of published tables. Numbers of installations have noise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetPosition {
    /// The day that the release is of.
    pub day: String,
    /// All installations of it.
    pub installations: u64,
    /// Where this one stands by size.
    pub sizes: Vec<FleetSizePosition>,
    /// Where this one stands by what the program costs.
    pub costs: Vec<FleetCostPosition>,
    /// What this one has, and what most others have.
    pub shares: Vec<FleetSharePosition>,
}

/// Where this installation stands by a number that is published in classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetSizePosition {
    /// The published table: `nodes` or `applications`.
    pub table: String,
    /// The number of this installation.
    pub own: u64,
    /// Its class, such as `8-15`.
    pub class: String,
    /// The installations of which the class is published.
    pub of: u64,
    /// Those in smaller classes.
    pub fewer: u64,
    /// Those in the same class.
    pub same: u64,
}

/// Where this installation stands by a number whose percentiles are published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetCostPosition {
    /// The published table: `cpu_usage` in cores, or `memory_usage` in bytes.
    pub table: String,
    /// The number of this installation.
    pub own: f64,
    /// The version whose installations the percentiles are of; `null` for all that are not named.
    pub version: Option<String>,
    /// These installations.
    pub of: u64,
    /// The percentiles.
    pub percentiles: Vec<PublishedPercentileAnswer>,
}

/// How many installations have something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetSharePosition {
    /// The published table, such as `clouds`.
    pub table: String,
    /// What: `aws`.
    pub label: String,
    /// Whether this installation has it.
    pub own: bool,
    /// The installations that have it.
    pub have: u64,
    /// The installations of which that is published.
    pub of: u64,
    /// The same for people: `25 % of 400`.
    pub text: String,
}

/// `GET <base>api/usage-statistics/reports`: the stored reports, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportEntries {
    /// The reports.
    pub reports: Vec<ReportEntry>,
}
