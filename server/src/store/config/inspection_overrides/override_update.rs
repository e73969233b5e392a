//! Overrides inspections in the table `check_configs`.

use headcount_health::inspections::{AvailabilityObjective, Inspection, LatencyObjective};
use headcount_topology::application_key::ApplicationKey;
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::{CheckConfigRow, rows, service_level_objectives};
use crate::store::{
    SettingsStore,
    config::project_row::hold,
    database_health::DatabaseOperation,
    json_column::{self, JsonObject},
    store_error::{InvalidChange, SettingsResult},
    unnamed_statement::query,
};

/// A new value for an inspection; `None` restores the default.
#[derive(Debug, Clone, PartialEq)]
pub enum InspectionChange {
    /// A threshold, in the unit of the inspection.
    Threshold(Inspection, Option<f32>),
    /// The objective of [`Inspection::SLOAvailability`].
    Availability(Option<AvailabilityObjective>),
    /// The objective of [`Inspection::SLOLatency`].
    Latency(Option<LatencyObjective>),
}

impl SettingsStore {
    /// Overrides an inspection for an application, or for a whole project if `application` is the default.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], an invalid value in `to`, or a failure of the database.
    pub async fn set_override(
        &self,
        project: &str,
        application: &ApplicationKey,
        to: &InspectionChange,
    ) -> SettingsResult<()> {
        check(application, to)?;
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            if !hold(&mut transaction, project).await? {
                return Err(InvalidChange::NoSuchProject.into());
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

fn check(application: &ApplicationKey, to: &InspectionChange) -> SettingsResult<(), InvalidChange> {
    let ApplicationKey { namespace, kind, name } = application;
    let is_application = ![namespace, kind, name].into_iter().any(String::is_empty)
        && ![namespace, kind].into_iter().any(|part| part.contains(':'))
        && ![namespace, kind, name].into_iter().any(|part| part.contains(char::is_control));
    if !is_application && !application.is_project() {
        return Err(InvalidChange::Application);
    }
    match to {
        InspectionChange::Threshold(Inspection::SLOAvailability | Inspection::SLOLatency, _) => {
            Err(InvalidChange::NoThreshold)
        }
        InspectionChange::Threshold(inspection, Some(threshold)) if !inspection.allows(*threshold) => {
            Err(InvalidChange::Threshold)
        }
        InspectionChange::Availability(Some(AvailabilityObjective { custom: Some(_), .. }))
        | InspectionChange::Latency(Some(LatencyObjective { custom: Some(_), .. }))
            if application.is_project() =>
        {
            Err(InvalidChange::QueriesOfProject)
        }
        _ => Ok(()),
    }
}

/// The rows to store; one without overrides is to be deleted. If an application has two rows, the one in the later
/// spelling is changed, and this inspection is removed from the other.
fn changed(
    mut stored: Vec<CheckConfigRow>,
    application: &ApplicationKey,
    to: &InspectionChange,
) -> SettingsResult<Vec<CheckConfigRow>> {
    if stored.is_empty() {
        stored.push(CheckConfigRow { application_id: application.to_string(), configs: None });
    }
    stored.sort_by_key(CheckConfigRow::is_earlier);
    let mut change = Some(to);
    for row in &mut stored {
        let mut configs = json_column::for_change(row.configs.as_deref())?;
        let before = configs.remove(to.id());
        if let Some(value) = change.take().map(|to| to.value(before.as_ref())).transpose()?.flatten() {
            configs.insert(to.id().to_owned(), value);
        }
        row.configs = (!configs.is_empty()).then(|| serde_json::to_string(&configs)).transpose()?;
    }
    Ok(stored)
}

impl InspectionChange {
    const fn id(&self) -> &'static str {
        match self {
            Self::Threshold(inspection, _) => inspection.id(),
            Self::Availability(_) => Inspection::SLOAvailability.id(),
            Self::Latency(_) => Inspection::SLOLatency.id(),
        }
    }

    /// The value to store. Unknown members of the stored value stay.
    fn value(&self, before: Option<&Value>) -> SettingsResult<Option<Value>, InvalidChange> {
        Ok(match self {
            Self::Threshold(_, threshold) => threshold.map(|threshold| with_threshold(before, threshold)),
            Self::Availability(objective) => objective
                .as_ref()
                .map(|to| service_level_objectives::with_availability(before, to))
                .transpose()?,
            Self::Latency(objective) => {
                objective.as_ref().map(|to| service_level_objectives::with_latency(before, to)).transpose()?
            }
        })
    }
}

fn with_threshold(before: Option<&Value>, threshold: f32) -> Value {
    let mut config: JsonObject = before.and_then(Value::as_object).cloned().unwrap_or_default();
    config.insert("threshold".to_owned(), json!(threshold));
    Value::Object(config)
}

/// Stores a row, or deletes one without overrides.
async fn store(transaction: &mut AnyConnection, project: &str, row: &CheckConfigRow) -> SettingsResult<()> {
    let Some(configs) = &row.configs else {
        let delete = query("DELETE FROM check_configs WHERE project_id = $1 AND application_id = $2");
        delete.bind(project).bind(&row.application_id).execute(transaction).await?;
        return Ok(());
    };
    let statement = "INSERT INTO check_configs (project_id, application_id, configs) VALUES ($1, $2, $3)
        ON CONFLICT (project_id, application_id) DO UPDATE SET configs = excluded.configs";
    let store = query(statement).bind(project).bind(&row.application_id).bind(configs);
    store.execute(transaction).await?;
    Ok(())
}
