//! Counts what a report contains about the settings.

use std::collections::BTreeSet;

use headcount_shared::payload::{InfraSection, IntegrationSection};

use super::{
    clickhouse_access, inspection_overrides::CheckConfigs, project_row::StoredProject, prometheus_access,
};
use crate::store::{SettingsStore, database_health::DatabaseOperation, store_error::SettingsResult};

impl SettingsStore {
    /// The payload's section `integration`, and the number of projects.
    ///
    /// # Errors
    /// The database failed.
    pub async fn facts(&self) -> SettingsResult<(IntegrationSection, InfraSection)> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.database.schema();
            let projects = StoredProject::all(&mut connection, schema).await?;
            let mut integration = of_projects(&projects);
            for project in &projects {
                let configs = CheckConfigs::of(&mut connection, schema, &project.id).await?;
                self.health.note_unreadable(&project.id, configs.unreadable);
                configs.count(&mut integration.inspection_overrides);
            }
            Ok((integration, InfraSection { projects: projects.len() as u64, ..InfraSection::default() }))
        })
        .await
    }
}

fn of_projects(projects: &[StoredProject]) -> IntegrationSection {
    let categories: BTreeSet<String> =
        projects.iter().flat_map(|project| project.categories().into_keys()).collect();
    let alerting: BTreeSet<_> = projects.iter().flat_map(|project| project.integrations().kinds()).collect();
    // ClickHouse stores traces, logs and profiles.
    let clickhouse = projects.iter().any(|project| clickhouse_access::read(&project.settings).is_some());
    IntegrationSection {
        prometheus: projects.iter().any(|project| prometheus_access::access(&project.prometheus).is_some()),
        application_categories: categories.len() as u64,
        alerting_integrations: alerting.into_iter().collect(),
        clickhouse,
        tracing: clickhouse,
        logs: clickhouse,
        profiles: clickhouse,
        ..IntegrationSection::default()
    }
}
