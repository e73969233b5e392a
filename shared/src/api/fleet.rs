//! `GET <base>api/fleet/…` of a collector: the numbers of the fleet.
//!
//! Days are texts such as `2026-11-28`, in UTC. Every answer tells what it is about, how many installations or
//! reports it is a part of, and when it was computed.

use serde::{Deserialize, Serialize};

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetScope {
    /// The product.
    pub product: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The version; `null` for all.
    pub version: Option<String>,
    /// The kind of database; `null` for all.
    pub database: Option<String>,
    /// The size class, such as `4-10` nodes; `null` for all.
    pub size: Option<String>,
    /// When the newest number in the answer was computed; `null` when there is none.
    pub computed_at: Option<u64>,
    /// For how many seconds reports may have been stored that are in no number yet; 0 when all are in.
    #[serde(default)]
    pub rollup_lag: u64,
}

/// The products that report to a collector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetProducts {
    /// Their names, sorted.
    pub products: Vec<String>,
}

/// How many installations were active over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetActivityAnswer {
    /// What this is about.
    #[serde(flatten)]
    pub scope: FleetScope,
    /// The days, in their order.
    pub days: Vec<FleetActivityDay>,
}

/// Installations on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetActivityDay {
    /// The day.
    pub day: String,
    /// With a report on the day.
    pub active_1d: u64,
    /// With a report on the day or in the 6 days before.
    pub active_7d: u64,
    /// With a report on the day or in the 29 days before.
    pub active_30d: u64,
    /// With their first report on the day.
    pub new: u64,
    /// With a report on the day, none in the 30 days before, and an earlier one.
    pub returning: u64,
    /// With their last report 30 days before.
    pub gone: u64,
}

/// How many installations stay, by the week of their first report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetRetentionAnswer {
    /// What this is about.
    #[serde(flatten)]
    pub scope: FleetScope,
    /// The weeks with first reports, in their order.
    pub weeks: Vec<FleetRetentionWeek>,
}

/// Installations that first reported in one week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetRetentionWeek {
    /// The Monday of the week.
    pub week: String,
    /// Their number.
    pub installations: u64,
    /// How many of them reported in that week, in the week after, and so on.
    pub active: Vec<u64>,
}

/// The installations that have something, by label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetSharesAnswer {
    /// What this is about.
    #[serde(flatten)]
    pub scope: FleetScope,
    /// The table.
    pub table: String,
    /// The days with reports, in their order.
    pub days: Vec<FleetDenominator>,
    /// The labels, the most frequent first.
    pub labels: Vec<FleetShare>,
    /// How many labels are counted together as `other`: the most of a day, and those that are not among the 200
    /// most frequent of the whole answer. Versions are bounded in the same way.
    pub other_labels: u64,
}

/// What shares of one day are parts of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetDenominator {
    /// The day.
    pub day: String,
    /// The installations that reported on it.
    pub installations: u64,
}

/// The installations with one label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetShare {
    /// The label.
    pub label: String,
    /// Their part of all installations, over all days: 0 to 1.
    pub share: f64,
    /// The installations of a day, on average over all days.
    pub installations: f64,
    /// What the table sums over the days, such as page views; 0 in tables that sum nothing.
    pub value: u64,
    /// The installations on each of the days.
    pub by_day: Vec<u64>,
    /// The sum on each of the days.
    pub value_by_day: Vec<u64>,
}

/// How values are distributed over installations or reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetDistributionsAnswer {
    /// What this is about.
    #[serde(flatten)]
    pub scope: FleetScope,
    /// The table.
    pub table: String,
    /// What a value is of: an `installation` on a day, or a `report`.
    pub unit: String,
    /// The distributions.
    pub distributions: Vec<FleetDistribution>,
    /// How many labels are counted together as `other`: the most of a day, and those that are not among the 200
    /// most frequent of the whole answer. Versions are bounded in the same way.
    pub other_labels: u64,
}

/// One distribution. Percentiles are accurate to 5 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetDistribution {
    /// What is distributed: a size, a query, a stage.
    pub label: String,
    /// Of which version, size class or day; `null` for all of them.
    pub group: Option<String>,
    /// The number of values.
    pub count: u64,
    /// What the table sums beside, such as failures; 0 in tables that sum nothing.
    pub value: u64,
    /// The value that a tenth of the values does not exceed.
    pub p10: f64,
    /// A quarter.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// Three quarters.
    pub p75: f64,
    /// Nine tenths.
    pub p90: f64,
    /// 95 of a hundred.
    pub p95: f64,
    /// 99 of a hundred.
    pub p99: f64,
    /// The buckets with values, in the order of the values.
    pub buckets: Vec<FleetBucket>,
}

/// Values that are close to each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetBucket {
    /// No value is larger.
    pub up_to: f64,
    /// The number of values.
    pub count: u64,
}

/// `GET <base>api/fleet/installations/{uuid}`: the history of one installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetInstallationAnswer {
    /// What this is about.
    #[serde(flatten)]
    pub scope: FleetScope,
    /// Its UUID.
    pub instance: String,
    /// The days with reports, in their order.
    pub days: Vec<FleetInstallationDay>,
}

/// One installation on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetInstallationDay {
    /// The day.
    pub day: String,
    /// The number of its reports, those of replicas included.
    pub reports: u64,
    /// The last version.
    pub version: String,
    /// The last kind of database.
    pub database: String,
    /// The flags that were on.
    pub flags: Vec<String>,
    /// The kinds of alerting integrations.
    pub alerting: Vec<String>,
    /// Clouds.
    pub clouds: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// Instrumented services.
    pub instrumented_services: Vec<String>,
    /// Overridden inspections.
    pub inspection_overrides: Vec<String>,
    /// The largest number of projects.
    pub projects: u64,
    /// The largest number of applications.
    pub applications: u64,
    /// The largest number of nodes.
    pub nodes: u64,
    /// The largest number of instances.
    pub instances: u64,
    /// Rollouts.
    pub deployments: u64,
    /// Different browsers.
    pub browsers: u64,
    /// Page views.
    pub page_views: u64,
    /// The mean CPU usage in cores; `null` without samples.
    pub cpu_mean: Option<f64>,
    /// The mean resident memory in bytes; `null` without samples.
    pub memory_mean: Option<f64>,
}
