//! Stores values that all servers on one settings database share, such as keys.

use super::{
    SettingsStore,
    database_health::DatabaseOperation,
    store_error::SettingsResult,
    unnamed_statement::{query, query_scalar},
};

impl SettingsStore {
    /// The value that is stored under `name`; if there is none, `candidate` is stored. All servers on the
    /// database get the same value, even if they ask at the same time.
    ///
    /// # Errors
    /// The database failed or is read-only.
    pub async fn shared_value(&self, name: &str, candidate: &str) -> SettingsResult<String> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .bind(candidate)
                .execute(&mut *transaction)
                .await?;
            let value = query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(name)
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(value)
        })
        .await
    }
}
