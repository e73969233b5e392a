//! Stores what the operator configured: projects, their integrations and thresholds, and the choice whether
//! usage statistics are on.

mod alerting_integrations;
mod application_categories;
mod bootstrap_prometheus;
mod clickhouse_access;
mod configuration_counts;
pub(super) mod inspection_overrides;
mod project_configuration;
mod project_overview;
pub(super) mod project_row;
mod prometheus_access;
pub(super) mod statistics_choice;

pub use self::{
    bootstrap_prometheus::BootstrapPrometheus,
    clickhouse_access::{ClickhouseAccess, ClickhouseTransport},
    inspection_overrides::InspectionChange,
    project_configuration::ProjectConfiguration,
    project_overview::ProjectOverview,
    statistics_choice::StoredChoice,
};
