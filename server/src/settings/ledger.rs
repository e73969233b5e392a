//! What is to be in exactly one report?

use headcount_shared::payload::AlertingIntegration;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::error::Result;
use crate::world::records::Fact;

/// What the ledger holds, as JSON: `"deployment"`, `{"summary":["-CPU"]}`, `{"notification":"slack"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerFact {
    /// A rollout of a counted application.
    Deployment,
    /// What such a rollout changed.
    Summary(Vec<String>),
    /// A notification that was sent.
    Notification(AlertingIntegration),
}

impl From<&Fact> for LedgerFact {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Deployment => Self::Deployment,
            Fact::Summary(changes) => {
                Self::Summary(changes.iter().map(|change| (*change).to_owned()).collect())
            }
        }
    }
}

/// Notes a fact at a time, in Unix seconds. An item that is noted already stays as it is.
pub(super) async fn note(
    transaction: &mut AnyConnection,
    project: &str,
    item: &str,
    fact: &LedgerFact,
    at: u32,
) -> Result<()> {
    let statement = "INSERT INTO headcount_ledger (project_id, item, fact, noted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let insert = sqlx::query(statement).bind(project).bind(item).bind(serde_json::to_string(fact)?);
    insert.bind(i64::from(at)).execute(transaction).await?;
    Ok(())
}
