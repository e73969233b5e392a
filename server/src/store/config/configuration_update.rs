//! Applies changes to settings whose secrets the client has not seen.
//!
//! A closure decides on the stored value, in the transaction that stores the result. The result is stored as
//! it is: an empty secret means no secret.

use super::{
    alerting_integrations::{self, IntegrationChange},
    clickhouse_access::{self, ClickhouseAccess},
    project_row::ProjectColumn,
    prometheus_access,
};
use crate::{
    notifications::ProjectIntegrations,
    store::{SettingsStore, store_error::SettingsResult},
    world::project::PrometheusAccess,
};

impl SettingsStore {
    /// Sets the Prometheus of a project to what `edit` returns for the stored one.
    ///
    /// # Errors
    /// [`InvalidChange`](crate::store::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn edit_prometheus<E>(&self, project: &str, edit: E) -> SettingsResult<()>
    where
        E: FnOnce(Option<PrometheusAccess>) -> PrometheusAccess + Send,
    {
        let targets = self.targets;
        self.change(project, ProjectColumn::Prometheus, |column| {
            let to = edit(prometheus_access::access(column));
            prometheus_access::remove(column);
            prometheus_access::change(column, &to, targets)
        })
        .await
    }

    /// Sets an integration of a project to what `edit` returns for the stored ones.
    ///
    /// # Errors
    /// [`InvalidChange`](crate::store::InvalidChange), or a failure of the database. Nothing changed.
    pub async fn edit_integration<E>(&self, project: &str, edit: E) -> SettingsResult<()>
    where
        E: FnOnce(ProjectIntegrations, Option<ClickhouseAccess>) -> IntegrationChange + Send,
    {
        let targets = self.targets;
        self.change(project, ProjectColumn::Settings, |column| {
            let mut to = edit(alerting_integrations::read(column), clickhouse_access::read(column));
            alerting_integrations::check_target(&to, targets)?;
            alerting_integrations::forget_secrets(column, &mut to)?;
            alerting_integrations::change(column, &to)
        })
        .await
    }
}
