//! Stores whether the operator switched usage statistics off.
//!
//! The choice is in the settings database or, if that is read-only or cannot be written to now, in a file in
//! `headcount/` of the data directory.

use std::{io, sync::Arc};

use anyhow::Context;
use headcount_platform::{
    disk::{self, DataDisk},
    joined::joined,
};
use serde::{Deserialize, Serialize};

use crate::store::{SettingsStore, StoredChoice};

/// The name of the file.
const FILE: &str = "usage-statistics.json";

const UNREADABLE: &str = "usage-statistics.json in headcount/ of the data directory cannot be read";
const UNWRITABLE: &str = "usage-statistics.json in headcount/ of the data directory cannot be written";

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
struct SwitchFileContent {
    enabled: bool,
}

/// Reads and writes the choice.
#[derive(Debug)]
pub(super) struct StatisticsSwitch {
    settings: SettingsStore,
    disk: Arc<dyn DataDisk>,
}

impl StatisticsSwitch {
    pub(super) fn new(settings: SettingsStore, disk: Arc<dyn DataDisk>) -> Self {
        Self { settings, disk }
    }

    /// The operator's choice. Statistics are off if the file or the database has them off.
    pub(super) async fn choice(&self) -> anyhow::Result<StoredChoice> {
        let in_file = self.in_file().await.context(UNREADABLE)?;
        let stored = self.settings.statistics_choice().await.context("the settings cannot be read")?;
        Ok(StoredChoice { enabled: stored.enabled && in_file.is_none_or(|choice| choice.enabled), ..stored })
    }

    /// Whether the file says off and the database does not know that yet, although it can be written.
    pub(super) async fn is_off_in_file_only(&self) -> anyhow::Result<bool> {
        let stored = self.settings.statistics_choice().await.context("the settings cannot be read")?;
        Ok(stored.enabled && !self.settings.is_read_only() && !self.choice().await?.enabled)
    }

    /// Stores a choice made at `now`, in Unix seconds, and replaces earlier ones. Returns the choice that is
    /// in force: if read-only settings have statistics off, they stay off.
    pub(super) async fn choose(&self, enabled: bool, now: u32) -> anyhow::Result<StoredChoice> {
        let off_in_file = self.in_file().await.context(UNREADABLE)?.is_some_and(|choice| !choice.enabled);
        let after = if self.settings.is_read_only() {
            self.choose_in_file(enabled).await?;
            self.choice().await?
        } else {
            let stored = self.settings.choose_statistics(enabled, now).await?;
            self.disk.remove(FILE).context(UNWRITABLE)?;
            stored
        };
        // Events that were found while statistics were off are in no report. For its own choices, the
        // database ensures that.
        if after.enabled && off_in_file {
            self.settings.count_from(now).await?;
        }
        Ok(after)
    }

    /// Keeps statistics off at the next start, although the database could not be told.
    pub(super) async fn keep_off_in_file(&self) -> anyhow::Result<()> {
        self.write_file(false).await
    }

    async fn choose_in_file(&self, enabled: bool) -> anyhow::Result<()> {
        let stored = self.settings.statistics_choice().await?;
        if enabled && !stored.enabled {
            return Ok(());
        }
        self.write_file(enabled).await
    }

    async fn write_file(&self, enabled: bool) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(&SwitchFileContent { enabled })?;
        let disk = Arc::clone(&self.disk);
        let write = move || {
            disk.create_dir("")?;
            disk::write_whole(&*disk, ".", FILE, &bytes)
        };
        joined(tokio::task::spawn_blocking(write)).await.flatten().context(UNWRITABLE)
    }

    async fn in_file(&self) -> io::Result<Option<SwitchFileContent>> {
        let disk = Arc::clone(&self.disk);
        match joined(tokio::task::spawn_blocking(move || disk.read(FILE))).await? {
            // An unreadable file was meant to change something. To send nothing is the safe interpretation.
            Ok(bytes) => {
                Ok(Some(serde_json::from_slice(&bytes).unwrap_or(SwitchFileContent { enabled: false })))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_platform::disk::DiskDirectory;

    use super::*;
    use crate::store::DatabaseSource;

    async fn switch(dir: &std::path::Path, read_only: bool) -> StatisticsSwitch {
        let settings =
            SettingsStore::open(&DatabaseSource::Sqlite { file: dir.join("db.sqlite"), read_only })
                .await
                .unwrap();
        let settings = match read_only {
            true => settings.with_ledger_in(dir.join("ledger.sqlite")).await.unwrap(),
            false => settings,
        };
        StatisticsSwitch::new(settings, Arc::new(DiskDirectory::new(dir)))
    }

    const NOW: u32 = 1_700_000_000;

    async fn choose(dir: &std::path::Path, read_only: bool, enabled: bool) -> bool {
        switch(dir, read_only).await.choose(enabled, NOW).await.unwrap().enabled
    }

    async fn is_on(dir: &std::path::Path, read_only: bool) -> bool {
        switch(dir, read_only).await.choice().await.unwrap().enabled
    }

    #[tokio::test]
    async fn a_choice_is_remembered_where_the_settings_are_only_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(choose(dir.path(), false, true).await);
        for enabled in [false, true, false] {
            assert_eq!(choose(dir.path(), true, enabled).await, enabled);
            assert_eq!(is_on(dir.path(), true).await, enabled);
        }
    }

    #[tokio::test]
    async fn what_was_switched_off_stays_off_when_the_settings_can_be_written_again() {
        let dir = tempfile::tempdir().unwrap();
        choose(dir.path(), false, true).await;
        choose(dir.path(), true, false).await;
        assert!(!is_on(dir.path(), false).await);
        assert!(choose(dir.path(), false, true).await);
        assert!(is_on(dir.path(), false).await && is_on(dir.path(), true).await);
    }

    #[tokio::test]
    async fn a_database_that_is_only_read_and_says_off_cannot_be_told_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        choose(dir.path(), false, false).await;
        assert!(!is_on(dir.path(), true).await);
        assert!(!choose(dir.path(), true, true).await);
        assert!(!dir.path().join(FILE).exists());
        std::fs::write(dir.path().join(FILE), r#"{"enabled":true}"#).unwrap();
        assert!(!is_on(dir.path(), true).await);
    }

    #[tokio::test]
    async fn an_unreadable_choice_means_off() {
        let dir = tempfile::tempdir().unwrap();
        choose(dir.path(), false, true).await;
        std::fs::write(dir.path().join(FILE), "on").unwrap();
        assert!(!is_on(dir.path(), true).await);
    }
}
