//! Reads the whole configuration of a project.

use std::{collections::BTreeMap, fmt};

use headcount_health::inspections::ProjectThresholds;
use headcount_prometheus::prometheus_access::PrometheusAccess;

use super::{
    clickhouse_access::{self, ClickhouseAccess},
    inspection_overrides::CheckConfigs,
    project_row::StoredProject,
    prometheus_access,
};
use crate::{
    notifications::ProjectIntegrations,
    store::{SettingsStore, database_health::DatabaseOperation, store_error::SettingsResult},
};

/// The whole configuration of a project, secrets included. It must not be shown as it is.
#[derive(Clone, PartialEq)]
pub struct ProjectConfiguration {
    /// The operator's name of the project.
    pub name: String,
    /// Its Prometheus; `None` without an address.
    pub prometheus: Option<PrometheusAccess>,
    /// Its ClickHouse; `None` without an address.
    pub clickhouse: Option<ClickhouseAccess>,
    /// The destinations of notifications, and the address for links.
    pub integrations: ProjectIntegrations,
    /// Patterns by application category.
    pub application_categories: BTreeMap<String, Vec<String>>,
    /// Overrides of inspections.
    pub overrides: ProjectThresholds,
}

impl SettingsStore {
    /// The configuration of a project; `None` if the project does not exist.
    ///
    /// # Errors
    /// The database failed.
    pub async fn configuration(&self, project: &str) -> SettingsResult<Option<ProjectConfiguration>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.database.schema();
            let Some(stored) = StoredProject::of(&mut connection, schema, project).await? else {
                return Ok(None);
            };
            let overrides = CheckConfigs::of(&mut connection, schema, project).await?.overrides();
            Ok(Some(ProjectConfiguration {
                prometheus: prometheus_access::access(&stored.prometheus),
                clickhouse: clickhouse_access::read(&stored.settings),
                integrations: stored.integrations(),
                application_categories: stored.categories(),
                name: stored.name,
                overrides,
            }))
        })
        .await
    }
}

impl fmt::Debug for ProjectConfiguration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProjectConfiguration").finish_non_exhaustive()
    }
}
