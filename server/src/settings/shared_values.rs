//! Values that all servers on one settings database share, such as keys.

use super::{
    Settings,
    error::Result,
    health::Doing,
    statement::{query, query_scalar},
};

impl Settings {
    /// The value that is stored under `name`, which is `candidate` if there was none. Servers that share the database all
    /// get the same value, also when they ask at the same time.
    ///
    /// # Errors
    /// The database cannot be used, or is only read.
    pub async fn shared_value(&self, name: &str, candidate: &str) -> Result<String> {
        self.attempt(Doing::Writing, async {
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
