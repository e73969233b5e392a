//! Reads, creates, renames and deletes projects.

use std::{collections::BTreeMap, fmt};

use headcount_observer::observed_project::ObservedProject;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row, any::AnyRow};

use super::{
    alerting_integrations,
    application_categories::{self, custom_applications},
    prometheus_access,
};
use crate::{
    notifications::ProjectIntegrations,
    store::{
        SettingsStore,
        database_health::DatabaseOperation,
        database_schema::DatabaseSchema,
        json_column::{self, JsonObject},
        store_error::{InvalidChange, SettingsError, SettingsResult},
        unnamed_statement::{query, query_as, query_scalar},
    },
};

/// A row of the table `project`.
#[derive(Clone, Default)]
pub(in crate::store) struct StoredProject {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) prometheus: JsonObject,
    pub(super) settings: JsonObject,
}

/// A column of JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum ProjectColumn {
    Prometheus,
    Settings,
}

/// The tables of all versions of Coroot with a project id, referring tables first.
const TABLES_WITH_PROJECT: [&str; 10] = [
    "headcount_written",
    "alert_notification",
    "alert",
    "alerting_rule",
    "dashboards",
    "application_settings",
    "application_deployment",
    "incident_notification",
    "incident",
    "check_configs",
];

impl StoredProject {
    /// All projects, ordered by id.
    pub(in crate::store) async fn all(
        connection: &mut AnyConnection,
        schema: &DatabaseSchema,
    ) -> SettingsResult<Vec<Self>> {
        if !schema.has("project", "id") {
            return Ok(Vec::new());
        }
        let statement = format!("{} ORDER BY id", select(schema));
        Ok(query_as(AssertSqlSafe(statement)).fetch_all(connection).await?)
    }

    /// One project; `None` if it does not exist.
    pub(in crate::store) async fn of(
        connection: &mut AnyConnection,
        schema: &DatabaseSchema,
        id: &str,
    ) -> SettingsResult<Option<Self>> {
        if !schema.has("project", "id") {
            return Ok(None);
        }
        let statement = format!("{} WHERE id = $1", select(schema));
        Ok(query_as(AssertSqlSafe(statement)).bind(id).fetch_optional(connection).await?)
    }

    /// The project for the observer; `None` without a Prometheus, or if the id is not safe as a file name.
    pub(in crate::store) fn observed(&self) -> Option<ObservedProject> {
        let is_file_name =
            |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let prometheus = prometheus_access::access(&self.prometheus).filter(|_| is_file_name(&self.id))?;
        Some(ObservedProject {
            id: self.id.clone(),
            prometheus,
            application_categories: self.categories(),
            custom_applications: custom_applications(&self.settings),
        })
    }

    /// The destinations of notifications.
    pub(in crate::store) fn integrations(&self) -> ProjectIntegrations {
        alerting_integrations::read(&self.settings)
    }

    /// The categories with patterns of the operator.
    pub(super) fn categories(&self) -> BTreeMap<String, Vec<String>> {
        application_categories::patterns(&self.settings)
    }
}

fn select(schema: &DatabaseSchema) -> String {
    let column = |name| schema.text("project", name);
    format!(
        "SELECT id, {} AS name, {} AS prometheus, {} AS settings FROM project",
        column("name"),
        column("prometheus"),
        column("settings")
    )
}

impl<'r> FromRow<'r, AnyRow> for StoredProject {
    fn from_row(row: &'r AnyRow) -> sqlx::Result<Self> {
        let json = |column| row.try_get::<Option<String>, _>(column);
        Ok(Self {
            id: row.try_get("id")?,
            name: json("name")?.unwrap_or_default(),
            prometheus: json_column::read(json("prometheus")?.as_deref()),
            settings: json_column::read(json("settings")?.as_deref()),
        })
    }
}

/// Locks a project against other writers until the transaction ends. Returns false if the project does not
/// exist.
pub(in crate::store) async fn hold(transaction: &mut AnyConnection, id: &str) -> SettingsResult<bool> {
    let held = query("UPDATE project SET settings = settings WHERE id = $1").bind(id);
    Ok(held.execute(transaction).await?.rows_affected() > 0)
}

/// Locks all projects against other writers until the transaction ends.
pub(super) async fn hold_all(transaction: &mut AnyConnection) -> SettingsResult<()> {
    query("UPDATE project SET settings = settings").execute(transaction).await?;
    Ok(())
}

/// Changes the members of a JSON column.
pub(super) async fn change_column<T, C>(
    transaction: &mut AnyConnection,
    id: &str,
    column: ProjectColumn,
    change: C,
) -> SettingsResult<T>
where
    C: FnOnce(&mut JsonObject) -> SettingsResult<T> + Send,
    T: Send,
{
    let (read, write) = match column {
        ProjectColumn::Prometheus => (
            "SELECT prometheus FROM project WHERE id = $1",
            "UPDATE project SET prometheus = $1 WHERE id = $2",
        ),
        ProjectColumn::Settings => {
            ("SELECT settings FROM project WHERE id = $1", "UPDATE project SET settings = $1 WHERE id = $2")
        }
    };
    if !hold(transaction, id).await? {
        return Err(InvalidChange::NoSuchProject.into());
    }
    let stored: Option<String> = query_scalar(read).bind(id).fetch_one(&mut *transaction).await?;
    let mut document = json_column::for_change(stored.as_deref())?;
    let changed = change(&mut document)?;
    let json = serde_json::to_string(&document)?;
    query(write).bind(json).bind(id).execute(transaction).await?;
    Ok(changed)
}

impl SettingsStore {
    /// The projects that have a Prometheus.
    ///
    /// # Errors
    /// The database failed.
    pub async fn observed_projects(&self) -> SettingsResult<Vec<ObservedProject>> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.database.read().await?;
            let projects = StoredProject::all(&mut connection, self.database.schema()).await?;
            Ok(projects.iter().filter_map(StoredProject::observed).collect())
        })
        .await
    }

    /// Changes the members of a JSON column in one transaction. If `change` fails, nothing changes.
    pub(super) async fn change_column<T, C>(
        &self,
        project: &str,
        column: ProjectColumn,
        change: C,
    ) -> SettingsResult<T>
    where
        C: FnOnce(&mut JsonObject) -> SettingsResult<T> + Send,
        T: Send,
    {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            let changed = change_column(&mut transaction, project, column, change).await?;
            transaction.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// Creates an empty project. `id` has eight random characters of `0-9a-z`.
    ///
    /// # Errors
    /// [`InvalidChange::Id`], [`InvalidChange::Name`], [`InvalidChange::NameTaken`], or a failure of the
    /// database.
    pub async fn create_project(&self, id: &str, name: &str) -> SettingsResult<()> {
        check_id(id)?;
        check_name(name)?;
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            let insert = query("INSERT INTO project (id, name) VALUES ($1, $2)").bind(id).bind(name);
            insert.execute(&mut *transaction).await.map_err(taken_or_unavailable)?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Renames a project.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], [`InvalidChange::Name`], [`InvalidChange::NameTaken`], or a failure
    /// of the database.
    pub async fn rename_project(&self, id: &str, name: &str) -> SettingsResult<()> {
        check_name(name)?;
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            let rename = query("UPDATE project SET name = $1 WHERE id = $2").bind(name).bind(id);
            let renamed = rename.execute(&mut *transaction).await.map_err(taken_or_unavailable)?;
            if renamed.rows_affected() == 0 {
                return Err(InvalidChange::NoSuchProject.into());
            }
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Deletes a project and all its records. Counted events that are not reported yet will still be
    /// reported: the ledger contains no names.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], or a failure of the database.
    pub async fn delete_project(&self, id: &str) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            if !hold(&mut transaction, id).await? {
                return Err(InvalidChange::NoSuchProject.into());
            }
            let tables = TABLES_WITH_PROJECT.iter();
            for table in tables.filter(|table| self.database.schema().has(table, "project_id")) {
                let statement = format!("DELETE FROM {table} WHERE project_id = $1");
                query(AssertSqlSafe(statement)).bind(id).execute(&mut *transaction).await?;
            }
            query("DELETE FROM project WHERE id = $1").bind(id).execute(&mut *transaction).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

fn check_id(id: &str) -> SettingsResult<(), InvalidChange> {
    let is_id = id.len() == 8 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    if is_id { Ok(()) } else { Err(InvalidChange::Id) }
}

/// Checks a name by Coroot's rules.
pub(super) fn check_name(name: &str) -> SettingsResult<(), InvalidChange> {
    let is_of_names = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() || b"-_".contains(&b);
    let is_name = (3..=64).contains(&name.len()) && name.bytes().all(is_of_names);
    if is_name { Ok(()) } else { Err(InvalidChange::Name) }
}

fn taken_or_unavailable(error: sqlx::Error) -> SettingsError {
    let is_taken = error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    if is_taken { InvalidChange::NameTaken.into() } else { error.into() }
}

impl fmt::Debug for StoredProject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StoredProject").field("id", &self.id).finish_non_exhaustive()
    }
}
