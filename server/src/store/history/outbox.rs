//! Stores notifications in the table `incident_notification`, and implements the sender's outbox.

mod notification_rows;
mod past_notifications;

pub(super) use self::{notification_rows::enqueue, past_notifications::newest};
use headcount_health::{
    health_status::HealthStatus,
    incidents::{IncidentChange, IncidentTransition},
};

use crate::{
    notifications::{
        DestinationConfig, IncidentNotification, NotificationDetails, NotificationOutbox, OutboxFuture,
        OutboxUnavailable, ProjectIntegrations, ReportDetails,
    },
    store::{
        SettingsStore,
        config::{
            project_row::{StoredProject, hold},
            statistics_choice,
        },
        database_health::DatabaseOperation,
        store_error::SettingsResult,
    },
};

/// The notifications about a change, one for each destination that receives incidents.
pub(super) fn notifications(
    project: &str,
    change: &IncidentChange,
    integrations: &ProjectIntegrations,
    now: u32,
) -> Vec<IncidentNotification> {
    let status = match change.what {
        IncidentTransition::Opened | IncidentTransition::Changed => change.incident.severity,
        IncidentTransition::Resolved => HealthStatus::Ok,
    };
    let reports = change.reasons.iter().map(|reason| ReportDetails {
        name: reason.report.clone(),
        check: reason.check.clone(),
        message: reason.message.clone(),
    });
    let details = NotificationDetails { reports: reports.collect() };
    let to = |destination: &DestinationConfig| IncidentNotification {
        project: project.to_owned(),
        application: change.incident.application.clone(),
        incident_key: change.incident.key.clone(),
        status,
        destination: destination.kind(),
        timestamp: now,
        external_key: String::new(),
        details: details.clone(),
    };
    integrations.iter().filter(|destination| destination.incidents()).map(to).collect()
}

impl SettingsStore {
    /// Adds to the ledger what another program has sent since a time in Unix seconds, for read-only settings.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_sent_by_others(&self, since: u32) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Reading, async {
            if !self.database.schema().has("incident_notification", "sent_at") {
                return Ok(());
            }
            let sent = notification_rows::sent_since(&mut *self.database.read().await?, since).await?;
            let mut transaction = self.ledger.write().await?;
            for (notification, at) in &sent {
                notification_rows::note(&mut transaction, notification, *at).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn destinations(&self, project: &str) -> SettingsResult<ProjectIntegrations> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let stored = StoredProject::of(&mut connection, self.database.schema(), project).await?;
            Ok(stored.unwrap_or_default().integrations())
        })
        .await
    }

    async fn waiting_since(&self, since: u32) -> SettingsResult<Vec<IncidentNotification>> {
        if self.is_read_only() {
            // The program that owns the database sends them. This one could not mark them as sent.
            return Ok(Vec::new());
        }
        self.attempt(DatabaseOperation::Reading, async {
            notification_rows::waiting(&mut *self.database.read().await?, since).await
        })
        .await
    }

    async fn conversation_about(&self, notification: &IncidentNotification) -> SettingsResult<String> {
        self.attempt(DatabaseOperation::Reading, async {
            if !self.database.schema().has("incident_notification", "external_key") {
                return Ok(String::new());
            }
            notification_rows::conversation(&mut *self.database.read().await?, notification).await
        })
        .await
    }

    async fn settle(
        &self,
        notification: &IncidentNotification,
        at: u32,
        sent: Option<&str>,
    ) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            hold(&mut transaction, &notification.project).await?;
            let counts = statistics_choice::stored(&mut transaction, self.database.schema()).await?.enabled;
            let is_news =
                notification_rows::stamp(&mut transaction, notification, at, sent.unwrap_or_default())
                    .await?;
            if is_news && sent.is_some() && counts {
                notification_rows::note(&mut transaction, notification, at).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }
}

impl NotificationOutbox for SettingsStore {
    fn waiting(&self, since: u32) -> OutboxFuture<'_, Vec<IncidentNotification>> {
        Box::pin(async move { self.waiting_since(since).await.map_err(|_| OutboxUnavailable) })
    }

    fn integrations<'f>(&'f self, project: &'f str) -> OutboxFuture<'f, ProjectIntegrations> {
        Box::pin(async move { self.destinations(project).await.map_err(|_| OutboxUnavailable) })
    }

    fn conversation<'f>(&'f self, notification: &'f IncidentNotification) -> OutboxFuture<'f, String> {
        Box::pin(async move { self.conversation_about(notification).await.map_err(|_| OutboxUnavailable) })
    }

    fn sent<'f>(
        &'f self,
        notification: &'f IncidentNotification,
        at: u32,
        external_key: &'f str,
    ) -> OutboxFuture<'f, ()> {
        Box::pin(async move {
            self.settle(notification, at, Some(external_key)).await.map_err(|_| OutboxUnavailable)
        })
    }

    fn dropped<'f>(&'f self, notification: &'f IncidentNotification, at: u32) -> OutboxFuture<'f, ()> {
        Box::pin(async move { self.settle(notification, at, None).await.map_err(|_| OutboxUnavailable) })
    }
}
