//! How is something changed by somebody who was not shown its secrets?
//!
//! The change is decided on what is stored, in the transaction that stores it. What was decided is stored as it is: an empty
//! secret is none.

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
    /// Sets the Prometheus of a project to what `edit` makes of the one that it has.
    ///
    /// # Errors
    /// What of it is [`Invalid`](super::Invalid), and whatever the database has against it; nothing changed.
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

    /// Sets an integration of a project to what `edit` makes of those that it has.
    ///
    /// # Errors
    /// What of it is [`Invalid`](super::Invalid), and whatever the database has against it; nothing changed.
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
