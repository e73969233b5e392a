//! Lists the latest rollouts, incidents and notifications of a project.

use std::{cmp::Reverse, fmt};

use headcount_health::{
    health_status::HealthStatus, incidents::ApplicationIncident, rollouts::DeploymentRollout,
};
use headcount_shared::{limits::LISTED_RECORDS, payload::AlertingIntegration};
use headcount_topology::application_key::ApplicationKey;
use sqlx::AnyConnection;

use super::{
    deployment_rows::{self, RolloutChoice},
    incident_rows, outbox,
};
use crate::store::{
    SettingsStore,
    config::project_row::StoredProject,
    database_health::DatabaseOperation,
    database_schema::DatabaseSchema,
    store_error::{InvalidChange, SettingsResult},
};

/// A stored notification without its message.
#[derive(Clone, PartialEq, Eq)]
pub struct PastNotification {
    /// The application.
    pub application: ApplicationKey,
    /// The incident that it is about.
    pub incident_key: String,
    /// The status of the application; [`HealthStatus::Ok`] when the incident is over.
    pub status: HealthStatus,
    /// The kind of the destination.
    pub destination: AlertingIntegration,
    /// When the notification was created, in Unix seconds.
    pub timestamp: u32,
    /// When it was sent or dropped, in Unix seconds; `None` while it waits.
    pub sent_at: Option<u32>,
}

impl SettingsStore {
    /// The last [`LISTED_RECORDS`] rollouts of a project, newest first.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], or a failure of the database.
    pub async fn deployments(&self, project: &str) -> SettingsResult<Vec<DeploymentRollout>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.known(&mut connection, project).await?;
            let latest = RolloutChoice::Latest { count: LISTED_RECORDS };
            let mut deployments = deployment_rows::of(&mut connection, schema, project, latest).await?;
            deployments.sort_by_key(|deployment| Reverse(deployment.started_at));
            deployments.truncate(LISTED_RECORDS);
            Ok(deployments)
        })
        .await
    }

    /// The last [`LISTED_RECORDS`] incidents of a project, newest first.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], or a failure of the database.
    pub async fn incidents(&self, project: &str) -> SettingsResult<Vec<ApplicationIncident>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.known(&mut connection, project).await?;
            incident_rows::newest(&mut connection, schema, project, LISTED_RECORDS).await
        })
        .await
    }

    /// The last [`LISTED_RECORDS`] notifications of a project, newest first.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], or a failure of the database.
    pub async fn notifications(&self, project: &str) -> SettingsResult<Vec<PastNotification>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.known(&mut connection, project).await?;
            outbox::newest(&mut connection, schema, project, LISTED_RECORDS).await
        })
        .await
    }

    /// The schema, if the project exists.
    async fn known(&self, connection: &mut AnyConnection, project: &str) -> SettingsResult<&DatabaseSchema> {
        let schema = self.database.schema();
        let stored = StoredProject::of(connection, schema, project).await?;
        stored.map(|_| schema).ok_or_else(|| InvalidChange::NoSuchProject.into())
    }
}

impl fmt::Debug for PastNotification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PastNotification")
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}
