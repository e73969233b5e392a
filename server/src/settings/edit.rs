//! Applies changes to settings whose secrets the client has not seen.
//!
//! A closure decides on the stored value, in the transaction that stores the result. The result is stored as
//! it is: an empty secret means no secret.

use headcount_prometheus::access::PrometheusAccess;

use super::{
    SettingsStore,
    clickhouse::{self, ClickhouseAccess},
    error::SettingsResult,
    integrations::{self, IntegrationChange},
    project::ProjectColumn,
    prometheus,
};
use crate::notifications::ProjectIntegrations;

impl SettingsStore {
    /// Sets the Prometheus of a project to what `edit` returns for the stored one.
    ///
    /// # Errors
    /// [`InvalidChange`](super::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn edit_prometheus<E>(&self, project: &str, edit: E) -> SettingsResult<()>
    where
        E: FnOnce(Option<PrometheusAccess>) -> PrometheusAccess + Send,
    {
        let targets = self.targets;
        self.change(project, ProjectColumn::Prometheus, |column| {
            let to = edit(prometheus::access(column));
            prometheus::remove(column);
            prometheus::change(column, &to, targets)
        })
        .await
    }

    /// Sets an integration of a project to what `edit` returns for the stored ones.
    ///
    /// # Errors
    /// [`InvalidChange`](super::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn edit_integration<E>(&self, project: &str, edit: E) -> SettingsResult<()>
    where
        E: FnOnce(ProjectIntegrations, Option<ClickhouseAccess>) -> IntegrationChange + Send,
    {
        let targets = self.targets;
        self.change(project, ProjectColumn::Settings, |column| {
            let mut to = edit(integrations::read(column), clickhouse::read(column));
            integrations::check_target(&to, targets)?;
            integrations::forget_secrets(column, &mut to)?;
            integrations::change(column, &to)
        })
        .await
    }
}
