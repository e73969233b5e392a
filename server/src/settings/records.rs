//! What is remembered of a project for longer than its metrics?

use sqlx::AnyConnection;

use super::{
    Settings,
    check_configs::CheckConfigs,
    choice, deployments,
    error::Result,
    health::Doing,
    incidents, integrations,
    ledger::{self, LedgerFact},
    outbox,
    project::{StoredProject, hold},
};
use crate::world::records::{Findings, Recalled};

impl Settings {
    /// What is known of a project; nothing of one that does not exist.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn recall(&self, project: &str) -> Result<Recalled> {
        self.attempt(Doing::Reading, async {
            let mut connection = self.database.read().await?;
            let schema = self.database.schema();
            let configs = CheckConfigs::of(&mut connection, schema, project).await?;
            self.health.note_unreadable(project, configs.unreadable);
            Ok(Recalled {
                overrides: configs.overrides(),
                deployments: deployments::of(&mut connection, schema, project).await?,
                incidents: incidents::open(&mut connection, schema, project).await?,
                ..Recalled::default()
            })
        })
        .await
    }

    /// Remembers what was found out at `now`, in Unix seconds, and enqueues what is to be told of it: all of it or nothing.
    /// To remember the same again changes nothing. Of a project that is gone, and while usage statistics are off, nothing is
    /// remembered. Where the settings are only
    /// read, the rest is somebody else's to remember, and only what a report is to count is written down.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn remember(&self, project: &str, findings: &Findings, now: u32) -> Result<()> {
        self.attempt(Doing::Writing, async {
            if self.is_read_only() {
                let mut transaction = self.ledger.write().await?;
                note_countable(&mut transaction, project, findings, now).await?;
                return Ok(transaction.commit().await?);
            }
            let mut transaction = self.database.write().await?;
            if !hold(&mut transaction, project).await? {
                return Ok(());
            }
            // Another server that shares the database may have switched off since this was found out.
            if !choice::stored(&mut transaction, self.database.schema()).await?.enabled {
                return Ok(());
            }
            for deployment in &findings.deployments {
                deployments::remember(&mut transaction, project, deployment).await?;
            }
            let stored = StoredProject::of(&mut transaction, self.database.schema(), project).await?;
            let integrations = integrations::read(&stored.unwrap_or_default().settings);
            for change in &findings.incidents {
                // Who makes the change tells of it: a second time there is nothing to tell.
                if incidents::remember(&mut transaction, project, change, now).await? {
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
    findings: &Findings,
    now: u32,
) -> Result<()> {
    for countable in &findings.countable {
        let fact = LedgerFact::from(&countable.fact);
        ledger::note(transaction, project, &countable.item, &fact, now).await?;
    }
    Ok(())
}
