//! Lists projects with what is configured in them, without secrets.

use std::{collections::BTreeSet, fmt};

use headcount_shared::payload::AlertingIntegration;

use super::{clickhouse_access, project_row::StoredProject, prometheus_access};
use crate::store::{SettingsStore, database_health::DatabaseOperation, store_error::SettingsResult};

/// A project without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ProjectOverview {
    /// Its id.
    pub id: String,
    /// The operator's name of the project.
    pub name: String,
    /// Whether it has the address of a Prometheus.
    pub prometheus: bool,
    /// Whether it has the address of a ClickHouse.
    pub clickhouse: bool,
    /// The kinds of its alerting integrations.
    pub integrations: BTreeSet<AlertingIntegration>,
}

impl SettingsStore {
    /// All projects, ordered by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn overview(&self) -> SettingsResult<Vec<ProjectOverview>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let projects = StoredProject::all(&mut connection, self.database.schema()).await?;
            let mut projects: Vec<_> = projects.into_iter().map(ProjectOverview::from).collect();
            projects.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(projects)
        })
        .await
    }

    /// One project; `None` if it does not exist.
    ///
    /// # Errors
    /// The database failed.
    pub async fn overview_of(&self, project: &str) -> SettingsResult<Option<ProjectOverview>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let stored = StoredProject::of(&mut connection, self.database.schema(), project).await?;
            Ok(stored.map(ProjectOverview::from))
        })
        .await
    }
}

impl From<StoredProject> for ProjectOverview {
    fn from(stored: StoredProject) -> Self {
        Self {
            prometheus: prometheus_access::access(&stored.prometheus).is_some(),
            clickhouse: clickhouse_access::read(&stored.settings).is_some(),
            integrations: stored.integrations().kinds(),
            id: stored.id,
            name: stored.name,
        }
    }
}

impl fmt::Debug for ProjectOverview {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProjectOverview").field("id", &self.id).finish_non_exhaustive()
    }
}
