//! Reads and stores the history of a project: what has to last longer than its metrics.

use headcount_health::history_store::{HistoryChanges, ProjectHistory};
use sqlx::AnyConnection;

use super::{
    deployment_rows::{self, RolloutChoice},
    incident_rows,
    ledger::{self, LedgerFact},
    outbox,
};
use crate::store::{
    SettingsStore,
    config::{
        inspection_overrides::CheckConfigs,
        project_row::{StoredProject, hold},
        statistics_choice,
    },
    database_health::DatabaseOperation,
    store_error::SettingsResult,
};

impl SettingsStore {
    /// The history of a project; empty if the project does not exist.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recall(&self, project: &str) -> SettingsResult<ProjectHistory> {
        self.read_history(project, RolloutChoice::OfEachApplication).await
    }

    /// What views show of the history of a project, with the rollouts since a time in Unix seconds, see
    /// [`HistoryStore::glance`](headcount_health::history_store::HistoryStore::glance).
    ///
    /// # Errors
    /// The database failed.
    pub async fn glance(&self, project: &str, since: u32) -> SettingsResult<ProjectHistory> {
        self.read_history(project, RolloutChoice::ForViews { since }).await
    }

    async fn read_history(&self, project: &str, choice: RolloutChoice) -> SettingsResult<ProjectHistory> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.database.schema();
            let configs = CheckConfigs::of(&mut connection, schema, project).await?;
            self.health.note_unreadable(project, configs.unreadable);
            Ok(ProjectHistory {
                overrides: configs.overrides(),
                deployments: deployment_rows::of(&mut connection, schema, project, choice).await?,
                incidents: incident_rows::open(&mut connection, schema, project).await?,
                ..ProjectHistory::default()
            })
        })
        .await
    }

    /// Stores changes that were found at `now` (Unix seconds) and enqueues notifications about them, in one
    /// transaction. Storing the same again changes nothing. Nothing is stored for a deleted project, or while
    /// usage statistics are off. With read-only settings only the events for reports are stored, since
    /// another program maintains the rest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remember(&self, project: &str, findings: &HistoryChanges, now: u32) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Writing, async {
            if self.is_read_only() {
                let mut transaction = self.ledger.write().await?;
                note_countable(&mut transaction, project, findings, now).await?;
                return Ok(transaction.commit().await?);
            }
            let mut transaction = self.database.write().await?;
            if !hold(&mut transaction, project).await? {
                return Ok(());
            }
            // Another server on the database may have switched statistics off meanwhile.
            if !statistics_choice::stored(&mut transaction, self.database.schema()).await?.enabled {
                return Ok(());
            }
            for deployment in &findings.deployments {
                deployment_rows::remember(&mut transaction, project, deployment).await?;
            }
            let stored = StoredProject::of(&mut transaction, self.database.schema(), project).await?;
            let integrations = stored.unwrap_or_default().integrations();
            for change in &findings.incidents {
                // Only the writer that stores a change enqueues notifications about it.
                if incident_rows::remember(&mut transaction, project, change, now).await? {
                    for notification in outbox::notifications(project, change, &integrations, now) {
                        outbox::enqueue(&mut transaction, &notification).await?;
                    }
                }
            }
            note_countable(&mut transaction, project, findings, now).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

async fn note_countable(
    transaction: &mut AnyConnection,
    project: &str,
    findings: &HistoryChanges,
    now: u32,
) -> SettingsResult<()> {
    for countable in &findings.countable {
        let fact = LedgerFact::from(&countable.fact);
        ledger::note(transaction, project, &countable.item, &fact, now).await?;
    }
    Ok(())
}
