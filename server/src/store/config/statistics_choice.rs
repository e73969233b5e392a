//! Stores whether usage statistics are on, in the row `usage_statistics` of the table `settings`.

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::project_row;
use crate::store::{
    SettingsStore,
    database_health::DatabaseOperation,
    database_schema::DatabaseSchema,
    history::{ledger, written_rows},
    store_error::SettingsResult,
    unnamed_statement::{query, query_scalar},
};

/// The name of the row.
const NAME: &str = "usage_statistics";

/// The stored choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChoice {
    /// Whether statistics are on. They are on unless an operator switches them off.
    pub enabled: bool,
    /// How often statistics were switched off. Servers that share the database detect by it that statistics
    /// were off in between.
    #[serde(default)]
    pub times_off: u64,
}

impl Default for StoredChoice {
    fn default() -> Self {
        Self { enabled: true, times_off: 0 }
    }
}

impl SettingsStore {
    /// The operator's choice.
    ///
    /// # Errors
    /// The database failed.
    pub async fn statistics_choice(&self) -> SettingsResult<StoredChoice> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            stored(&mut connection, self.database.schema()).await
        })
        .await
    }

    /// Switches usage statistics on or off at `now` (Unix seconds) for all servers that share the database.
    /// Switching off deletes all records of this program in the same transaction, and concurrent writers add
    /// none after it. Reports leave out everything from before statistics were switched on. Repeating the
    /// current choice loses nothing.
    ///
    /// # Errors
    /// The database failed or is read-only. Nothing changed.
    pub async fn choose_statistics(&self, enabled: bool, now: u32) -> SettingsResult<StoredChoice> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            let schema = self.database.schema();
            // The lock on the row serializes servers that switch at the same time.
            store(&mut transaction, None).await?;
            let before = stored(&mut transaction, schema).await?;
            let changed = before.enabled != enabled;
            let times_off = before.times_off + u64::from(changed && !enabled);
            let choice = StoredChoice { enabled, times_off };
            store(&mut transaction, Some(choice)).await?;
            if !enabled {
                project_row::hold_all(&mut transaction).await?;
                written_rows::delete_all(&mut transaction).await?;
                ledger::delete_all(&mut transaction).await?;
            }
            if changed {
                // Reports leave out what was found before, or while statistics were off.
                ledger::count_from(&mut transaction, now).await?;
            }
            transaction.commit().await?;
            Ok(choice)
        })
        .await
    }
}

/// The choice as a transaction reads it.
pub(in crate::store) async fn stored(
    connection: &mut AnyConnection,
    schema: &DatabaseSchema,
) -> SettingsResult<StoredChoice> {
    if !schema.has("settings", "value") {
        return Ok(StoredChoice::default());
    }
    let value: Option<String> = query_scalar("SELECT value FROM settings WHERE name = $1")
        .bind(NAME)
        .fetch_optional(connection)
        .await?;
    let Some(value) = value else { return Ok(StoredChoice::default()) };
    // An unreadable value was meant to change the default, so the safe interpretation is to send nothing.
    Ok(serde_json::from_str(&value).unwrap_or(StoredChoice { enabled: false, times_off: 0 }))
}

/// Stores the choice. Without one it only locks the row, which is created with the default if it does not
/// exist.
async fn store(transaction: &mut AnyConnection, choice: Option<StoredChoice>) -> SettingsResult<()> {
    let statement = if choice.is_some() {
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    } else {
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = settings.value"
    };
    let value = serde_json::to_string(&choice.unwrap_or_default())?;
    query(statement).bind(NAME).bind(value).execute(transaction).await?;
    Ok(())
}
