//! Reads overrides of inspections from the table `check_configs`.

mod override_update;
mod service_level_objectives;

use std::collections::{BTreeMap, HashMap};

use headcount_shared::payload::InspectionOverrides;
use serde_json::Value;
use sqlx::AnyConnection;

pub use self::override_update::InspectionChange;
use headcount_health::inspections::{Inspection, InspectionThresholds, ProjectThresholds};
use headcount_topology::application_key::ApplicationKey;

use crate::store::{
    database_schema::DatabaseSchema,
    json_column::{self, JsonObject},
    store_error::SettingsResult,
    unnamed_statement::query_as,
};

/// Overrides of inspections that no known version of Coroot has are counted under this name.
const OTHER: &str = "other";

/// Inspections of later versions of Coroot. They are counted and have no effect here.
const LATER: [&str; 11] = [
    "MemoryPressure",
    "NetworkRTTExternal",
    "NetworkRTTOtherClusters",
    "NodejsEventLoopBlockedTime",
    "PostgresAutovacuum",
    "PostgresBackups",
    "PostgresBloat",
    "PostgresCheckpoint",
    "PostgresStaleStatistics",
    "PostgresWalArchiving",
    "PostgresWraparound",
];

/// A row as it is stored.
#[derive(Debug, Clone)]
struct CheckConfigRow {
    application_id: String,
    configs: Option<String>,
}

/// The rows of one project.
#[derive(Default)]
pub(in crate::store) struct CheckConfigs {
    /// By application, then by inspection. An application may have two rows, with the id in the spellings of
    /// two versions of Coroot. Both count; if both have a member, that of the later version counts.
    applications: BTreeMap<ApplicationKey, JsonObject>,
    /// How many rows are unreadable.
    pub(in crate::store) unreadable: usize,
}

impl CheckConfigs {
    /// The rows of a project; empty without such a table.
    pub(in crate::store) async fn of(
        connection: &mut AnyConnection,
        schema: &DatabaseSchema,
        project: &str,
    ) -> SettingsResult<Self> {
        if !schema.has("check_configs", "configs") {
            return Ok(Self::default());
        }
        Ok(Self::read(rows(connection, project).await?))
    }

    fn read(rows: Vec<CheckConfigRow>) -> Self {
        let mut read = Self::default();
        let (earlier, later): (Vec<CheckConfigRow>, Vec<CheckConfigRow>) =
            rows.into_iter().partition(CheckConfigRow::is_earlier);
        for row in earlier.into_iter().chain(later) {
            let key = ApplicationKey::parse(&row.application_id);
            match (key, json_column::for_change(row.configs.as_deref())) {
                (Some(key), Ok(configs)) => read.applications.entry(key).or_default().extend(configs),
                _ => read.unreadable += 1,
            }
        }
        read
    }

    /// The overrides for the auditor.
    pub(in crate::store) fn overrides(&self) -> ProjectThresholds {
        let mut overrides =
            ProjectThresholds { project: InspectionThresholds::default(), applications: HashMap::new() };
        for (key, configs) in &self.applications {
            let thresholds = thresholds(configs);
            if key.is_project() {
                overrides.project = thresholds;
            } else if thresholds != InspectionThresholds::default() {
                overrides.applications.insert(key.clone(), thresholds);
            }
        }
        overrides
    }

    /// Adds the number of overrides of this project to `into`.
    pub(super) fn count(&self, into: &mut BTreeMap<String, InspectionOverrides>) {
        for (key, configs) in &self.applications {
            for id in configs.keys() {
                let counted = into.entry(name_for_count(id).to_owned()).or_default();
                let level = if key.is_project() {
                    &mut counted.project_level
                } else {
                    &mut counted.application_level
                };
                *level += 1;
            }
        }
    }
}

impl CheckConfigRow {
    /// Whether the id has the spelling of earlier versions of Coroot, without a cluster.
    fn is_earlier(&self) -> bool {
        ApplicationKey::parse(&self.application_id).is_some_and(|key| key.to_string() == self.application_id)
    }
}

async fn rows(connection: &mut AnyConnection, project: &str) -> SettingsResult<Vec<CheckConfigRow>> {
    let statement =
        "SELECT application_id, configs FROM check_configs WHERE project_id = $1 ORDER BY application_id";
    let rows: Vec<(String, Option<String>)> = query_as(statement).bind(project).fetch_all(connection).await?;
    let row = |(application_id, configs)| CheckConfigRow { application_id, configs };
    Ok(rows.into_iter().map(row).collect())
}

/// The name under which an override of an inspection is counted. An id may be any text, and only known ones
/// may leave the installation.
fn name_for_count(id: &str) -> &str {
    let later = LATER.into_iter().find(|later| *later == id);
    later.or_else(|| Inspection::of(id).map(Inspection::id)).unwrap_or(OTHER)
}

fn thresholds(configs: &JsonObject) -> InspectionThresholds {
    let value = |(id, config): (&String, &Value)| {
        let inspection = Inspection::of(id)?;
        Some((inspection, service_level_objectives::single(config.get("threshold")?)?))
    };
    InspectionThresholds {
        values: configs.iter().filter_map(value).collect(),
        availability: configs
            .get(Inspection::SLOAvailability.id())
            .and_then(service_level_objectives::availability),
        latency: configs.get(Inspection::SLOLatency.id()).and_then(service_level_objectives::latency),
    }
}
