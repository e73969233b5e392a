//! Reads and changes the configuration of a project.

use std::{collections::BTreeMap, fmt};

use super::{
    alerting_integrations::{self, IntegrationChange},
    application_categories,
    clickhouse_access::{self, ClickhouseAccess},
    inspection_overrides::CheckConfigs,
    project_row::{ProjectColumn, StoredProject, change_column},
    prometheus_access,
};
use crate::{
    notifications::ProjectIntegrations,
    store::{
        SettingsStore, database_health::DatabaseOperation, json_column::JsonObject,
        store_error::SettingsResult,
    },
    world::{inspections::ProjectThresholds, project::PrometheusAccess},
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
    pub async fn configured(&self, project: &str) -> SettingsResult<Option<ProjectConfiguration>> {
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

    /// Sets the Prometheus of a project; `None` removes it. For an empty password or header value, the stored
    /// one stays.
    ///
    /// # Errors
    /// [`InvalidChange`](crate::store::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn set_prometheus(
        &self,
        project: &str,
        access: Option<&PrometheusAccess>,
    ) -> SettingsResult<()> {
        let targets = self.targets;
        self.change(project, ProjectColumn::Prometheus, |column| match access {
            Some(access) => prometheus_access::change(column, access, targets),
            None => {
                prometheus_access::remove(column);
                Ok(())
            }
        })
        .await
    }

    /// Sets or removes an integration of a project.
    ///
    /// # Errors
    /// [`InvalidChange`](crate::store::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn set_integration(&self, project: &str, change: &IntegrationChange) -> SettingsResult<()> {
        alerting_integrations::check_target(change, self.targets)?;
        self.change(project, ProjectColumn::Settings, |column| alerting_integrations::change(column, change))
            .await
    }

    /// Sets the address of the product's web interface, for links; an empty one removes it.
    ///
    /// # Errors
    /// [`InvalidChange`](crate::store::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn set_base_url(&self, project: &str, url: &str) -> SettingsResult<()> {
        self.change(project, ProjectColumn::Settings, |column| {
            alerting_integrations::set_base_url(column, url)
        })
        .await
    }

    /// Replaces all application categories of a project, with their patterns.
    ///
    /// # Errors
    /// [`InvalidChange`](crate::store::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn set_application_categories(
        &self,
        project: &str,
        categories: &BTreeMap<String, Vec<String>>,
    ) -> SettingsResult<()> {
        self.change(project, ProjectColumn::Settings, |column| {
            Ok(application_categories::change(column, categories)?)
        })
        .await
    }

    pub(super) async fn change<C>(
        &self,
        project: &str,
        column: ProjectColumn,
        change: C,
    ) -> SettingsResult<()>
    where
        C: FnOnce(&mut JsonObject) -> SettingsResult<()> + Send,
    {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            change_column(&mut transaction, project, column, change).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

impl fmt::Debug for ProjectConfiguration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProjectConfiguration").finish_non_exhaustive()
    }
}
