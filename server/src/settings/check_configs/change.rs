//! Overrides inspections in the table `check_configs`.

use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::{StoredRow, objectives, rows};
use crate::{
    settings::{
        Settings,
        document::{self, Document},
        error::{Invalid, Result},
        health::Doing,
        project::hold,
        statement::query,
    },
    world::{
        application_key::ApplicationKey,
        inspections::{AvailabilityObjective, Inspection, LatencyObjective},
    },
};

/// A new value for an inspection; `None` restores the default.
#[derive(Debug, Clone, PartialEq)]
pub enum Override {
    /// A threshold, in the unit of the inspection.
    Threshold(Inspection, Option<f32>),
    /// The objective of [`Inspection::SLOAvailability`].
    Availability(Option<AvailabilityObjective>),
    /// The objective of [`Inspection::SLOLatency`].
    Latency(Option<LatencyObjective>),
}

impl Settings {
    /// Overrides an inspection for an application, or for a whole project if `application` is the default.
    ///
    /// # Errors
    /// [`Invalid::NoSuchProject`], an invalid value in `to`, or a failure of the database.
    pub async fn set_override(
        &self,
        project: &str,
        application: &ApplicationKey,
        to: &Override,
    ) -> Result<()> {
        check(application, to)?;
        self.attempt(Doing::Writing, async {
            let mut transaction = self.database.write().await?;
            if !hold(&mut transaction, project).await? {
                return Err(Invalid::NoSuchProject.into());
            }
            let mut stored = rows(&mut transaction, project).await?;
            stored.retain(|row| ApplicationKey::parse(&row.application_id).as_ref() == Some(application));
            for row in changed(stored, application, to)? {
                store(&mut transaction, project, &row).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }
}

fn check(application: &ApplicationKey, to: &Override) -> Result<(), Invalid> {
    let ApplicationKey { namespace, kind, name } = application;
    let is_application = ![namespace, kind, name].into_iter().any(String::is_empty)
        && ![namespace, kind].into_iter().any(|part| part.contains(':'));
    if !is_application && !application.is_project() {
        return Err(Invalid::Application);
    }
    match to {
        Override::Threshold(Inspection::SLOAvailability | Inspection::SLOLatency, _) => {
            Err(Invalid::NoThreshold)
        }
        Override::Threshold(inspection, Some(threshold)) if !inspection.allows(*threshold) => {
            Err(Invalid::Threshold)
        }
        Override::Availability(Some(_)) | Override::Latency(Some(_)) if application.is_project() => {
            Err(Invalid::ObjectiveOfProject)
        }
        _ => Ok(()),
    }
}

/// The rows to store. If an application has two rows, the one in the later spelling is changed, and this
/// inspection is removed from the other.
fn changed(
    mut stored: Vec<StoredRow>,
    application: &ApplicationKey,
    to: &Override,
) -> Result<Vec<StoredRow>> {
    if stored.is_empty() {
        stored.push(StoredRow { application_id: application.to_string(), configs: None });
    }
    stored.sort_by_key(StoredRow::is_earlier);
    let mut change = Some(to);
    for row in &mut stored {
        let mut configs = document::for_change(row.configs.as_deref())?;
        let before = configs.remove(to.id());
        if let Some(value) = change.take().map(|to| to.value(before.as_ref())).transpose()?.flatten() {
            configs.insert(to.id().to_owned(), value);
        }
        row.configs = Some(serde_json::to_string(&configs)?);
    }
    Ok(stored)
}

impl Override {
    const fn id(&self) -> &'static str {
        match self {
            Self::Threshold(inspection, _) => inspection.id(),
            Self::Availability(_) => Inspection::SLOAvailability.id(),
            Self::Latency(_) => Inspection::SLOLatency.id(),
        }
    }

    /// The value to store. Unknown members of the stored value stay.
    fn value(&self, before: Option<&Value>) -> Result<Option<Value>, Invalid> {
        Ok(match self {
            Self::Threshold(_, threshold) => threshold.map(|threshold| with_threshold(before, threshold)),
            Self::Availability(objective) => {
                objective.as_ref().map(|to| objectives::with_availability(before, to)).transpose()?
            }
            Self::Latency(objective) => {
                objective.as_ref().map(|to| objectives::with_latency(before, to)).transpose()?
            }
        })
    }
}

fn with_threshold(before: Option<&Value>, threshold: f32) -> Value {
    let mut config: Document = before.and_then(Value::as_object).cloned().unwrap_or_default();
    config.insert("threshold".to_owned(), json!(threshold));
    Value::Object(config)
}

async fn store(transaction: &mut AnyConnection, project: &str, row: &StoredRow) -> Result<()> {
    let statement = "INSERT INTO check_configs (project_id, application_id, configs) VALUES ($1, $2, $3)
        ON CONFLICT (project_id, application_id) DO UPDATE SET configs = excluded.configs";
    let store = query(statement).bind(project).bind(&row.application_id).bind(&row.configs);
    store.execute(transaction).await?;
    Ok(())
}
