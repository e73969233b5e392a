//! `<base>api/projects`: the projects.

use serde::{Deserialize, Serialize};

use crate::payload::AlertingIntegration;

/// `GET <base>api/projects`: all projects, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Projects {
    /// The projects.
    pub projects: Vec<Project>,
}

/// A project.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// Its permanent id: eight characters of `0-9a-z`; other programs may have created other ids.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it has the address of a Prometheus.
    pub prometheus: bool,
    /// The failure of the last queries to its Prometheus, such as `Prometheus answers 405`; `null` if it
    /// answered, and on a server that does not query it.
    #[serde(default)]
    pub prometheus_failure: Option<String>,
    /// Whether it has the address of a ClickHouse.
    pub clickhouse: bool,
    /// The kinds of its alerting integrations, sorted.
    pub integrations: Vec<AlertingIntegration>,
}

/// `POST <base>api/projects` creates a project with a name, `PUT <base>api/projects/{id}` changes the name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NameProject {
    /// The name: 3 to 64 characters of `a-z`, `0-9`, `-` and `_`. No other project has it.
    pub name: String,
}

unprinted!(Project, NameProject);
