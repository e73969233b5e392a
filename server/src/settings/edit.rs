//! Applies changes to settings whose secrets the client has not seen.
//!
//! A closure decides on the stored value, in the transaction that stores the result. The result is stored as
//! it is: an empty secret means no secret.

use super::{
    Settings,
    clickhouse::{self, Clickhouse},
    error::Result,
    integrations::{self, IntegrationChange},
    project::Column,
    prometheus,
};
use crate::{notifications::Integrations, world::project::PrometheusAccess};

impl Settings {
    /// Sets the Prometheus of a project to what `edit` returns for the stored one.
    ///
    /// # Errors
    /// [`Invalid`](super::Invalid), or a failure of the database. Nothing changed.
    pub async fn edit_prometheus<E>(&self, project: &str, edit: E) -> Result<()>
    where
        E: FnOnce(Option<PrometheusAccess>) -> PrometheusAccess + Send,
    {
        let targets = self.targets;
        self.change(project, Column::Prometheus, |column| {
            let to = edit(prometheus::access(column));
            prometheus::remove(column);
            prometheus::change(column, &to, targets)
        })
        .await
    }

    /// Sets an integration of a project to what `edit` returns for the stored ones.
    ///
    /// # Errors
    /// [`Invalid`](super::Invalid), or a failure of the database. Nothing changed.
    pub async fn edit_integration<E>(&self, project: &str, edit: E) -> Result<()>
    where
        E: FnOnce(Integrations, Option<Clickhouse>) -> IntegrationChange + Send,
    {
        let targets = self.targets;
        self.change(project, Column::Settings, |column| {
            let mut to = edit(integrations::read(column), clickhouse::read(column));
            integrations::check_target(&to, targets)?;
            integrations::forget_secrets(column, &mut to)?;
            integrations::change(column, &to)
        })
        .await
    }
}
