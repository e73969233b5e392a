//! Changes the destinations of notifications: `integrations` in the column `project.settings`.

use headcount_shared::payload::AlertingIntegration;
use serde_json::{Value, json};

use super::project_row::ProjectColumn;
use crate::{
    notifications::{DestinationConfig, ProjectIntegrations, SettingsMember, check_url},
    store::{
        SettingsStore,
        json_column::{JsonObject, object, object_mut, put},
        store_error::{InvalidChange, SettingsResult},
    },
};

/// The member of the column.
pub(super) const INTEGRATIONS: &str = "integrations";

const BASE_URL: SettingsMember =
    SettingsMember { name: "base_url", called: "the address of the web interface" };

/// The destinations, and the address for links.
pub(super) fn read(settings: &JsonObject) -> ProjectIntegrations {
    object(settings, INTEGRATIONS).map(ProjectIntegrations::read).unwrap_or_default()
}

impl SettingsStore {
    /// Sets a destination of a project, if `check` allows to replace the stored one, its first argument, with its
    /// second. Absent secrets keep their stored value. Returns what is stored then.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn set_integration<C>(
        &self,
        project: &str,
        mut destination: DestinationConfig,
        check: C,
    ) -> SettingsResult<DestinationConfig>
    where
        C: FnOnce(Option<&DestinationConfig>, &DestinationConfig) -> SettingsResult<(), InvalidChange> + Send,
    {
        let targets = self.targets;
        self.change_column(project, ProjectColumn::Settings, move |column| {
            let kind = destination.kind();
            let before = read(column);
            let stored = object_mut(object_mut(column, INTEGRATIONS)?, kind.name())?;
            let kept = destination.keep_secrets(&DestinationConfig::read(kind, stored));
            check(before.get(kind), &destination)?;
            kept.map_err(InvalidChange::from)?;
            destination.check(stored, targets).map_err(InvalidChange::from)?;
            destination.write(stored)?;
            Ok(DestinationConfig::read(kind, stored))
        })
        .await
    }

    /// Removes a destination of a project, if `check` allows it for the stored one.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn remove_integration<C>(
        &self,
        project: &str,
        kind: AlertingIntegration,
        check: C,
    ) -> SettingsResult<()>
    where
        C: FnOnce(Option<&DestinationConfig>) -> SettingsResult<(), InvalidChange> + Send,
    {
        self.change_column(project, ProjectColumn::Settings, |column| {
            check(read(column).get(kind))?;
            put(object_mut(column, INTEGRATIONS)?, [(kind.name(), Value::Null)]);
            Ok(())
        })
        .await
    }

    /// Sets the address of the product's web interface, for links, to what `update` returns for the stored one; an
    /// empty one removes it. Returns what is stored then.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn set_base_url<U>(&self, project: &str, update: U) -> SettingsResult<ProjectIntegrations>
    where
        U: FnOnce(String) -> String + Send,
    {
        self.change_column(project, ProjectColumn::Settings, |column| {
            let url = update(read(column).base_url);
            if !url.is_empty() {
                check_url(&url, BASE_URL).map_err(InvalidChange::from)?;
            }
            put(object_mut(column, INTEGRATIONS)?, [("base_url", json!(url))]);
            Ok(read(column))
        })
        .await
    }
}
