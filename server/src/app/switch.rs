//! Did the operator switch usage statistics off?
//!
//! The settings database remembers it. One that is only read cannot: then it is a file in `headcount/` of the data
//! directory.

use std::{io, sync::Arc};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    disk::{self, Disk},
    settings::Settings,
};

/// The file, where there is one.
const FILE: &str = "usage-statistics.json";

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Choice {
    enabled: bool,
}

/// What remembers it.
#[derive(Debug)]
pub(super) struct Switch {
    settings: Settings,
    disk: Arc<dyn Disk>,
}

impl Switch {
    pub(super) fn new(settings: Settings, disk: Arc<dyn Disk>) -> Self {
        Self { settings, disk }
    }

    /// Whether statistics are on. What was switched off stays off, whether the settings are only read now or not.
    pub(super) async fn is_on(&self) -> anyhow::Result<bool> {
        let in_file = self
            .in_file()
            .context("usage-statistics.json in headcount/ of the data directory cannot be read")?;
        if let Some(choice) = in_file.filter(|choice| self.settings.is_read_only() || !choice.enabled) {
            return Ok(choice.enabled);
        }
        self.settings.statistics_enabled().await.context("the settings cannot be read")
    }

    /// Remembers a choice, and forgets those before.
    pub(super) async fn remember(&self, enabled: bool) -> anyhow::Result<()> {
        if self.settings.is_read_only() {
            let bytes = serde_json::to_vec(&Choice { enabled })?;
            return disk::write_whole(&*self.disk, ".", FILE, &bytes)
                .context("usage-statistics.json in headcount/ of the data directory cannot be written");
        }
        self.settings.set_statistics_enabled(enabled).await?;
        self.disk
            .remove(FILE)
            .context("usage-statistics.json in headcount/ of the data directory cannot be removed")
    }

    fn in_file(&self) -> io::Result<Option<Choice>> {
        match self.disk.read(FILE) {
            // Who wrote something unreadable here meant to change something: not sending is the safe reading.
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).unwrap_or(Choice { enabled: false }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{disk::Directory, settings::Source};

    async fn switch(dir: &std::path::Path, read_only: bool) -> Switch {
        let settings =
            Settings::open(&Source::Sqlite { file: dir.join("db.sqlite"), read_only }).await.unwrap();
        Switch::new(settings, Arc::new(Directory::new(dir)))
    }

    #[tokio::test]
    async fn a_choice_is_remembered_where_the_settings_are_only_read() {
        let dir = tempfile::tempdir().unwrap();
        switch(dir.path(), false).await.remember(true).await.unwrap();
        for enabled in [false, true, false] {
            switch(dir.path(), true).await.remember(enabled).await.unwrap();
            assert_eq!(switch(dir.path(), true).await.is_on().await.unwrap(), enabled);
        }
    }

    #[tokio::test]
    async fn what_was_switched_off_stays_off_when_the_settings_can_be_written_again() {
        let dir = tempfile::tempdir().unwrap();
        switch(dir.path(), false).await.remember(true).await.unwrap();
        switch(dir.path(), true).await.remember(false).await.unwrap();
        assert!(!switch(dir.path(), false).await.is_on().await.unwrap());
        switch(dir.path(), false).await.remember(true).await.unwrap();
        assert!(switch(dir.path(), false).await.is_on().await.unwrap());
        assert!(switch(dir.path(), true).await.is_on().await.unwrap());
    }

    #[tokio::test]
    async fn without_a_choice_of_its_own_a_database_that_is_only_read_says_it() {
        let dir = tempfile::tempdir().unwrap();
        switch(dir.path(), false).await.remember(false).await.unwrap();
        assert!(!switch(dir.path(), true).await.is_on().await.unwrap());
    }

    #[tokio::test]
    async fn an_unreadable_choice_means_off() {
        let dir = tempfile::tempdir().unwrap();
        switch(dir.path(), false).await.remember(true).await.unwrap();
        std::fs::write(dir.path().join(FILE), "on").unwrap();
        assert!(!switch(dir.path(), true).await.is_on().await.unwrap());
    }
}
