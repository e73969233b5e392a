//! `<base>api/overview`, and `applications` and `nodes` below `<base>api/projects/{id}`: what is observed of
//! projects, by name.

use serde::{Deserialize, Serialize};

use super::{inspections::Inspection, observation::ObservationStatus, records::Severity};

/// `GET <base>api/overview`: all projects at a glance, by their names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectsOverview {
    /// The projects.
    pub projects: Vec<ProjectGlance>,
}

/// A project at a glance.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectGlance {
    /// Its permanent id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is observed.
    pub observation: ObservationStatus,
    /// What was observed at the last look; `null` before the first one, and where nothing is observed.
    pub health: Option<ProjectHealth>,
}

/// How the applications of a project are.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectHealth {
    /// The number of applications by status.
    pub applications: StatusCounts,
    /// The number of nodes, managed databases included.
    pub nodes: u32,
    /// The number of open incidents.
    pub open_incidents: u32,
    /// The applications that fail, the worst first, at most five.
    pub failing: Vec<FailingApplication>,
}

/// How many applications have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusCounts {
    /// Users are affected.
    pub critical: u32,
    /// Degraded.
    pub warning: u32,
    /// Healthy.
    pub ok: u32,
    /// Unknown.
    pub unknown: u32,
}

/// An application that fails, and why.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingApplication {
    /// The application, as `namespace:kind:name`.
    pub id: String,
    /// Its status.
    pub status: Severity,
    /// The report that has the worst check, such as `SLO`.
    pub report: String,
    /// Why: the message of that check.
    pub why: String,
}

/// `GET <base>api/projects/{id}/applications`: the applications of a project, by their ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationTable {
    /// The name of the project.
    pub project: String,
    /// How the project is observed.
    pub observation: ObservationStatus,
    /// The applications, at most 20,000.
    pub applications: Vec<ApplicationRow>,
    /// The number of applications that are left out of `applications`.
    pub more_applications: u32,
}

/// An application in a table. Members that have the usual value are left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationRow {
    /// The application, as `namespace:kind:name`.
    pub id: String,
    /// Its status: the greatest of the reports on SLOs, instances, PostgreSQL and Redis.
    pub status: Severity,
    /// Its category; absent for `application`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The types of software that its containers run, such as `postgres`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// The number of instances that are not gone.
    pub instances: u32,
    /// The desired number of instances in Kubernetes; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<u32>,
    /// Why it fails, also in reports that do not count for the status: the message of the worst check; absent
    /// if no check fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// `GET <base>api/projects/{id}/nodes`: the nodes of a project, by their names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeTable {
    /// The name of the project.
    pub project: String,
    /// How the project is observed.
    pub observation: ObservationStatus,
    /// The nodes, at most 20,000.
    pub nodes: Vec<NodeRow>,
    /// The number of nodes that are left out of `nodes`.
    pub more_nodes: u32,
}

/// A node in a table. Numbers that are not known are absent, and so are texts.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeRow {
    /// Its name, by which its page is found: the host name, or else the name in Kubernetes. Where several nodes
    /// have the same one, their ids follow.
    pub name: String,
    /// Whether a node agent runs on it.
    pub has_agent: bool,
    /// CPU usage in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f32>,
    /// Used memory in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_percent: Option<f32>,
    /// Logical CPU cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_cores: Option<f32>,
    /// Memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<f32>,
    /// Seconds since it booted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_s: Option<f32>,
    /// The number of instances of applications on it that are not gone.
    pub instances: u32,
    /// The cloud provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The availability zone, or else the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The type of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
}

/// `GET <base>api/projects/{id}/applications/{application}`: one application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplicationView {
    /// The name of the project.
    pub project: String,
    /// How the project is observed.
    pub observation: ObservationStatus,
    /// The application, as `namespace:kind:name`.
    pub id: String,
    /// Its status.
    pub status: Severity,
    /// Its category.
    pub category: String,
    /// The types of software that its containers run, sorted.
    pub types: Vec<String>,
    /// The desired number of instances in Kubernetes; `null` if unknown.
    pub desired: Option<u32>,
    /// Its instances by their names, at most a hundred. Those that are gone come last.
    pub instances: Vec<InstanceRow>,
    /// The number of instances that are left out of `instances`.
    pub more_instances: u32,
    /// The reports that apply to it, in the order in which they are shown.
    pub reports: Vec<ReportView>,
}

/// An instance of an application.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceRow {
    /// Its name: that of the pod, `<container>@<node>`, that of the managed database, or an address.
    pub name: String,
    /// The name of its node; `null` if unknown.
    pub node: Option<String>,
    /// Whether it is gone: it ended within the last hour.
    pub is_gone: bool,
    /// The phase of its pod, such as `Running`; `null` outside of Kubernetes or if unknown.
    pub phase: Option<String>,
    /// Whether its pod is ready; `null` outside of Kubernetes or if unknown.
    pub is_ready: Option<bool>,
    /// The number of its containers.
    pub containers: u32,
}

/// The results of the inspections of one aspect of an application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportView {
    /// Its name, such as `CPU`.
    pub name: String,
    /// The greatest status of its checks.
    pub status: Severity,
    /// The results of its inspections.
    pub checks: Vec<CheckView>,
}

/// The result of one inspection of an application.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckView {
    /// The inspection, as it applies to this application.
    pub inspection: Inspection,
    /// The threshold or the percentage that is set for the project; `null` if none is.
    pub set_for_project: Option<f32>,
    /// What counts as quick, in seconds; `null` unless it is an objective for latency.
    pub quick_s: Option<f32>,
    /// What it checks, in a few words.
    pub title: String,
    /// The status.
    pub status: Severity,
    /// The value that was compared with the threshold, the worst of several, in the unit of the threshold;
    /// `null` if unknown.
    pub value: Option<f32>,
    /// Why it fired, for people; empty if it did not.
    pub message: String,
}

/// `GET <base>api/projects/{id}/applications/{application}/reports/{report}`: the last hour of what a
/// report looked at.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportCharts {
    /// The charts; empty if the report uses only current values.
    pub charts: Vec<ViewChart>,
    /// Rollouts and incidents of the application within the last hour, the newest hundred, the oldest first.
    pub marks: Vec<ChartMark>,
    /// The charts with the marks in them, as HTML that needs the styles of the interface; empty without charts.
    pub drawn: String,
}

/// Series over the last hour.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ViewChart {
    /// What it shows, in a few words.
    pub title: String,
    /// What the values are, for the axis: `memory in use`.
    pub value_title: String,
    /// The unit of the values.
    pub unit: ChartUnit,
    /// The time of the first values.
    pub from: u32,
    /// The distance between two values, in seconds.
    pub step_s: u32,
    /// The series with the largest values, at most ten.
    pub series: Vec<ViewSeries>,
    /// The number of series that are left out of `series`.
    pub more_series: u32,
}

/// The unit of the values of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChartUnit {
    /// How many.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// CPU cores.
    Cores,
}

/// A series of a chart.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ViewSeries {
    /// What it is of, such as an instance.
    pub name: String,
    /// The values, at most 120; `null` where there is none.
    pub values: Vec<Option<f32>>,
}

/// An event of the last hour.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChartMark {
    /// When.
    pub at: u32,
    /// What kind of event.
    pub kind: ChartMarkKind,
    /// What it is about, in a few words: the name of a rollout, or what is wrong in an incident and its
    /// severity.
    pub label: String,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChartMarkKind {
    /// A rollout began.
    Rollout,
    /// An incident was opened.
    IncidentOpened,
    /// An incident was resolved.
    IncidentResolved,
}

/// `GET <base>api/projects/{id}/nodes/{node}`: one node.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeView {
    /// The name of the project.
    pub project: String,
    /// How the project is observed.
    pub observation: ObservationStatus,
    /// The node.
    pub node: NodeRow,
    /// The version of its kernel; `null` if unknown.
    pub kernel: Option<String>,
    /// The version of its node agent; `null` if unknown.
    pub agent_version: Option<String>,
    /// The applications with instances on it, by their ids, at most two hundred.
    pub applications: Vec<NodeApplication>,
    /// The number of applications that are left out of `applications`.
    pub more_applications: u32,
    /// Its disks by their names, at most a hundred.
    pub disks: Vec<String>,
    /// The number of disks that are left out of `disks`.
    pub more_disks: u32,
    /// Its network interfaces by their names, at most a hundred.
    pub interfaces: Vec<String>,
    /// The number of network interfaces that are left out of `interfaces`.
    pub more_interfaces: u32,
    /// The last hour of its CPU, memory, disks and network.
    pub charts: Vec<ViewChart>,
    /// The charts as HTML that needs the styles of the interface; empty without charts.
    pub drawn: String,
}

/// An application on a node.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeApplication {
    /// The application, as `namespace:kind:name`.
    pub id: String,
    /// Its status.
    pub status: Severity,
    /// The number of its instances on the node that are not gone.
    pub instances: u32,
}

unprinted!(
    ProjectGlance,
    ProjectHealth,
    FailingApplication,
    ApplicationRow,
    NodeRow,
    ApplicationView,
    InstanceRow,
    ReportView,
    CheckView,
    ReportCharts,
    ViewChart,
    ViewSeries,
    ChartMark,
    NodeView,
    NodeApplication
);
