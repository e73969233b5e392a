//! Defines what is true about all reports of a simulated fleet.
//!
//! The rules of a day: an installation is active if a report that is not a replica's was made on it. Its version and its
//! database are those of the last such report, its sizes the largest, its features those of any; views, notifications and
//! rollouts add up. Reports of replicas add page views, screens and browsers, and are never an installation. Names that no
//! installation has on a day are absent. As JSON, members are always in the same order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fleet_plan::FleetPlan;

/// Numbers of installations, or of what they did, by name.
pub type CountsByName = BTreeMap<String, u64>;

/// What is true about a fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetTruth {
    /// Which fleet.
    pub plan: FleetPlan,
    /// All reports, of replicas too.
    pub reports: u64,
    /// The reports of replicas.
    pub replica_reports: u64,
    /// The installations that were ever active.
    pub installations: u64,
    /// The installations whose reports have two different commitments for deletion.
    pub cloned_installations: u64,
    /// The releases, the oldest first.
    pub releases: Vec<ReleaseTruth>,
    /// What releases made worse.
    pub regressions: Vec<RegressionTruth>,
    /// The functions whose own share of a profile changed with a release, by release, resource and name.
    pub changed_functions: Vec<ChangedFunctionTruth>,
    /// Every day of the plan.
    pub days: Vec<DayTruth>,
    /// Every week in which installations were new, by time.
    pub retention: Vec<RetentionTruth>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseTruth {
    /// The version.
    pub version: String,
    /// The day, as `2026-11-28`. It may be before the plan.
    pub day: String,
}

/// What a release, and every later one, made worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegressionTruth {
    /// `query`, `stage` or `function`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The release.
    pub version: String,
    /// Its time or cost since then, in percent of that before: above 100.
    pub percent_of_before: u64,
}

/// A function whose own share of CPU time or memory changed with a release, because stacks began or ended.
///
/// Its shares differ by at least 0.1 percentage points and by at least a tenth of the larger one. They are what
/// profiles have on average, 0 to 1, computed from the costs of all stacks and rounded to a millionth. Fleets
/// without profiles have the same list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedFunctionTruth {
    /// The release.
    pub version: String,
    /// `cpu` or `memory`.
    pub resource: String,
    /// The function.
    pub name: String,
    /// Its share in the release before.
    pub share_before: f64,
    /// Its share in the release.
    pub share_after: f64,
}

/// A day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayTruth {
    /// The day, as `2026-11-28`.
    pub day: String,
    /// All reports, of replicas too.
    pub reports: u64,
    /// The reports of replicas.
    pub replica_reports: u64,
    /// All reports by their own version, those of replicas too: the denominator of what the program costs.
    pub reports_by_version: CountsByName,
    /// The active installations: the denominator of all shares.
    pub installations: u64,
    /// The installations that were active within the seven days that end with this one.
    pub active_in_7_days: u64,
    /// The installations that were active within the 30 days that end with this one.
    pub active_in_30_days: u64,
    /// The installations whose first active day this is.
    pub new: u64,
    /// The active installations that are not new and were not active within the 30 days before.
    pub returning: u64,
    /// The installations whose last active day was exactly 30 days ago.
    pub gone: u64,
    /// The installations that were active before and later, but not on this day.
    pub missing: u64,
    /// Active installations by version.
    pub by_version: CountsByName,
    /// Active installations by database: `sqlite`, `postgres`.
    pub by_database: CountsByName,
    /// Active installations by size class: `1-3` and so on.
    pub by_size: CountsByName,
    /// Active installations by all three together, sorted.
    pub groups: Vec<GroupTruth>,
    /// Active installations by flag; `kubernetes` where `kube_state_metrics` is not `null`.
    pub flags: CountsByName,
    /// Active installations by cloud.
    pub clouds: CountsByName,
    /// Active installations by service.
    pub services: CountsByName,
    /// Active installations by instrumented service.
    pub instrumented_services: CountsByName,
    /// Active installations by kind of alerting integration.
    pub alerting: CountsByName,
    /// By overridden inspection; the amount is the largest number of projects and applications that override it.
    pub inspection_overrides: BTreeMap<String, UseTruth>,
    /// By page; the amount is views.
    pub pages: BTreeMap<String, UseTruth>,
    /// By size of screen; the amount is the most browsers of an installation in a report.
    pub screen_sizes: BTreeMap<String, UseTruth>,
    /// Different browsers, added up over installations.
    pub browsers: u64,
    /// By type of destination; the amount is notifications.
    pub notifications: BTreeMap<String, UseTruth>,
    /// Rollouts.
    pub deployments: UseTruth,
    /// By change that a rollout brought; the amount is changes.
    pub deployment_summaries: BTreeMap<String, UseTruth>,
    /// By size: `nodes` and so on.
    pub sizes: BTreeMap<String, SizeTruth>,
}

/// Active installations of one version, database and size class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTruth {
    /// The version.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The size class.
    pub size: String,
    /// The installations.
    pub installations: u64,
    /// Their reports, without those of replicas.
    pub reports: u64,
}

/// How many active installations do something, and how much of it all do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseTruth {
    /// Active installations.
    pub installations: u64,
    /// How much; what replicas report of installations that are not active is in it.
    pub amount: u64,
}

/// One size of the active installations. A percentile is the value of an installation, the smallest that as large a share
/// does not exceed; 0 without installations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeTruth {
    /// The sum over all.
    pub sum: u64,
    /// The median.
    pub p50: u64,
    /// The 95th percentile.
    pub p95: u64,
    /// The 99th percentile.
    pub p99: u64,
}

/// The installations that were new in a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionTruth {
    /// The Monday of the week.
    pub week: String,
    /// How many of them were active in that week, in the next one, and so on until the last week of the plan.
    pub active: Vec<u64>,
}
