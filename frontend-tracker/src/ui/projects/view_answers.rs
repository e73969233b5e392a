//! Reads the answers of the server about what is observed.
//!
//! They are taken from the JSON by hand, because what serde derives for all of these types is several times
//! as large. A test compares both.

use headcount_shared::api::{
    ApplicationRow, ApplicationTable, ApplicationView, AvailabilityOverride, AvailabilityQueries, ChartMark,
    ChartMarkKind, CheckView, FailingApplication, Inspection, InspectionOverride, InstanceRow,
    LatencyOverride, NodeApplication, NodeRow, NodeTable, NodeView, ObservationState, ObservationStatus,
    ObservedNumbers, ProjectGlance, ProjectHealth, ProjectsOverview, ReportCharts, ReportView, Severity,
    StatusCounts, ThresholdOverride,
};
use serde_json::Value;

use crate::ui::{
    answer::{ApiFailure, read},
    texts::{frame::OTHER_ANSWER, threshold_text::unit_of},
};

/// Reads an answer that has a member `must`. Other members that are missing count as empty.
pub(super) fn read_view<T>(body: &[u8], must: &str, view: fn(&Value) -> T) -> Result<T, ApiFailure> {
    checked(body, must).map(|answer| view(&answer))
}

/// An answer that has a member `must`, as JSON.
pub(super) fn checked(body: &[u8], must: &str) -> Result<Value, ApiFailure> {
    let answer: Value = read(body)?;
    if answer[must].is_null() {
        return Err(ApiFailure::Told(OTHER_ANSWER.to_owned()));
    }
    Ok(answer)
}

fn text_if_any(of: &Value, name: &str) -> Option<String> {
    of[name].as_str().map(str::to_owned)
}

fn text(of: &Value, name: &str) -> String {
    text_if_any(of, name).unwrap_or_default()
}

fn whole_if_any(of: &Value, name: &str) -> Option<u32> {
    of[name].as_u64().and_then(|number| u32::try_from(number).ok())
}

fn whole(of: &Value, name: &str) -> u32 {
    whole_if_any(of, name).unwrap_or_default()
}

fn is_true(of: &Value, name: &str) -> bool {
    of[name].as_bool().unwrap_or_default()
}

fn number(of: &Value, name: &str) -> Option<f32> {
    value_number(&of[name])
}

#[expect(clippy::cast_possible_truncation, reason = "it was such a number before it was written")]
fn value_number(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32)
}

fn list<T>(of: &Value, name: &str, read: fn(&Value) -> T) -> Vec<T> {
    of[name].as_array().map(|values| values.iter().map(read).collect()).unwrap_or_default()
}

fn texts(of: &Value, name: &str) -> Vec<String> {
    list(of, name, |value| value.as_str().unwrap_or_default().to_owned())
}

fn severity(of: &Value) -> Severity {
    severity_of(&of["status"])
}

/// The severity in an answer.
pub(in crate::ui) fn severity_of(severity: &Value) -> Severity {
    match severity.as_str() {
        Some("ok") => Severity::Ok,
        Some("info") => Severity::Info,
        Some("warning") => Severity::Warning,
        Some("critical") => Severity::Critical,
        _ => Severity::Unknown,
    }
}

fn observation(of: &Value) -> ObservationStatus {
    observation_status(&of["observation"])
}

/// `GET <base>api/projects/{id}/observation`, which other answers have, too.
pub(in crate::ui) fn observation_status(of: &Value) -> ObservationStatus {
    let found = &of["found"];
    ObservationStatus {
        state: match of["state"].as_str() {
            Some("no_prometheus") => ObservationState::NoPrometheus,
            Some("off") => ObservationState::Off,
            Some("observed_by_product") => ObservationState::ObservedByProduct,
            Some("filling") => ObservationState::Filling,
            Some("observed") => ObservationState::Observed,
            _ => ObservationState::NotObserved,
        },
        answered_at: whole_if_any(of, "answered_at"),
        failure: text_if_any(of, "failure"),
        queries: whole(of, "queries"),
        answered_queries: whole(of, "answered_queries"),
        failed_queries: texts(of, "failed_queries"),
        failed_query_count: whole(of, "failed_query_count"),
        missing_spans: whole(of, "missing_spans"),
        filled_spans: whole(of, "filled_spans"),
        rounds: whole(of, "rounds"),
        found: found.is_object().then(|| ObservedNumbers {
            nodes: whole(found, "nodes"),
            applications: whole(found, "applications"),
            instances: whole(found, "instances"),
            node_agent: is_true(found, "node_agent"),
            kube_state_metrics: found["kube_state_metrics"].as_bool(),
        }),
    }
}

/// `GET <base>api/overview`.
pub(super) fn projects_overview(of: &Value) -> ProjectsOverview {
    ProjectsOverview { projects: list(of, "projects", project_glance) }
}

fn project_glance(of: &Value) -> ProjectGlance {
    let health = &of["health"];
    ProjectGlance {
        id: text(of, "id"),
        name: text(of, "name"),
        observation: observation(of),
        health: health.is_object().then(|| project_health(health)),
    }
}

fn project_health(of: &Value) -> ProjectHealth {
    let counts = &of["applications"];
    ProjectHealth {
        applications: StatusCounts {
            critical: whole(counts, "critical"),
            warning: whole(counts, "warning"),
            ok: whole(counts, "ok"),
            unknown: whole(counts, "unknown"),
        },
        nodes: whole(of, "nodes"),
        open_incidents: whole(of, "open_incidents"),
        failing: list(of, "failing", |of| FailingApplication {
            id: text(of, "id"),
            status: severity(of),
            report: text(of, "report"),
            why: text(of, "why"),
        }),
    }
}

/// `GET <base>api/projects/{id}/applications`, without the applications: there may be very many, which are read in
/// steps.
pub(super) fn application_heading(of: &Value) -> ApplicationTable {
    ApplicationTable {
        project: text(of, "project"),
        observation: observation(of),
        applications: Vec::new(),
        more_applications: whole(of, "more_applications"),
    }
}

/// The applications of that answer, still as JSON.
pub(super) fn application_values(of: &Value) -> &[Value] {
    of["applications"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// One of these applications.
pub(super) fn listed_application(of: &Value) -> ApplicationRow {
    ApplicationRow {
        id: text(of, "id"),
        status: severity(of),
        category: text_if_any(of, "category"),
        types: texts(of, "types"),
        instances: whole(of, "instances"),
        desired: whole_if_any(of, "desired"),
        why: text_if_any(of, "why"),
    }
}

/// `GET <base>api/projects/{id}/nodes`.
pub(super) fn node_table(of: &Value) -> NodeTable {
    NodeTable {
        project: text(of, "project"),
        observation: observation(of),
        nodes: list(of, "nodes", node_row),
        more_nodes: whole(of, "more_nodes"),
    }
}

fn node_row(of: &Value) -> NodeRow {
    NodeRow {
        name: text(of, "name"),
        has_agent: is_true(of, "has_agent"),
        cpu_percent: number(of, "cpu_percent"),
        memory_percent: number(of, "memory_percent"),
        cpu_cores: number(of, "cpu_cores"),
        memory_bytes: number(of, "memory_bytes"),
        uptime_s: number(of, "uptime_s"),
        instances: whole(of, "instances"),
        provider: text_if_any(of, "provider"),
        zone: text_if_any(of, "zone"),
        instance_type: text_if_any(of, "instance_type"),
    }
}

/// `GET <base>api/projects/{id}/applications/{application}`.
pub(super) fn application_view(of: &Value) -> ApplicationView {
    ApplicationView {
        project: text(of, "project"),
        observation: observation(of),
        id: text(of, "id"),
        status: severity(of),
        category: text(of, "category"),
        types: texts(of, "types"),
        desired: whole_if_any(of, "desired"),
        instances: list(of, "instances", |of| InstanceRow {
            name: text(of, "name"),
            node: text_if_any(of, "node"),
            is_gone: is_true(of, "is_gone"),
            phase: text_if_any(of, "phase"),
            is_ready: of["is_ready"].as_bool(),
            containers: whole(of, "containers"),
        }),
        more_instances: whole(of, "more_instances"),
        reports: list(of, "reports", |of| ReportView {
            name: text(of, "name"),
            status: severity(of),
            checks: list(of, "checks", check_view),
        }),
    }
}

fn check_view(of: &Value) -> CheckView {
    let inspection = &of["inspection"];
    CheckView {
        inspection: Inspection {
            id: text(inspection, "id"),
            title: text(inspection, "title"),
            unit: unit_of(&inspection["unit"]),
            default: number(inspection, "default").unwrap_or_default(),
            in_force: number(inspection, "in_force").unwrap_or_default(),
            set: inspection_override(&inspection["set"]),
        },
        set_for_project: number(of, "set_for_project"),
        quick_s: number(of, "quick_s"),
        title: text(of, "title"),
        status: severity(of),
        value: number(of, "value"),
        message: text(of, "message"),
    }
}

fn inspection_override(of: &Value) -> Option<InspectionOverride> {
    if let Some(threshold) = number(of, "threshold") {
        return Some(InspectionOverride::Threshold(ThresholdOverride { threshold }));
    }
    let objective_percent = number(of, "objective_percent")?;
    Some(match number(of, "objective_bucket_s") {
        Some(objective_bucket_s) => {
            let histogram_query = text_if_any(of, "histogram_query");
            InspectionOverride::Latency(LatencyOverride {
                objective_percent,
                objective_bucket_s,
                histogram_query,
            })
        }
        None => {
            let custom = &of["custom"];
            let custom = custom.is_object().then(|| AvailabilityQueries {
                total_requests_query: text(custom, "total_requests_query"),
                failed_requests_query: text(custom, "failed_requests_query"),
            });
            InspectionOverride::Availability(AvailabilityOverride { objective_percent, custom })
        }
    })
}

/// `GET <base>api/projects/{id}/applications/{application}/reports/{report}`. Its charts are drawn already.
pub(super) fn report_charts(of: &Value) -> ReportCharts {
    ReportCharts {
        charts: Vec::new(),
        marks: list(of, "marks", |of| ChartMark {
            at: whole(of, "at"),
            kind: match of["kind"].as_str() {
                Some("incident_opened") => ChartMarkKind::IncidentOpened,
                Some("incident_resolved") => ChartMarkKind::IncidentResolved,
                _ => ChartMarkKind::Rollout,
            },
            label: text(of, "label"),
        }),
        drawn: text(of, "drawn"),
    }
}

/// `GET <base>api/projects/{id}/nodes/{node}`. Its charts are drawn already.
pub(super) fn node_view(of: &Value) -> NodeView {
    NodeView {
        project: text(of, "project"),
        observation: observation(of),
        node: node_row(&of["node"]),
        kernel: text_if_any(of, "kernel"),
        agent_version: text_if_any(of, "agent_version"),
        applications: list(of, "applications", |of| NodeApplication {
            id: text(of, "id"),
            status: severity(of),
            instances: whole(of, "instances"),
        }),
        more_applications: whole(of, "more_applications"),
        disks: texts(of, "disks"),
        more_disks: whole(of, "more_disks"),
        interfaces: texts(of, "interfaces"),
        more_interfaces: whole(of, "more_interfaces"),
        charts: Vec::new(),
        drawn: text(of, "drawn"),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::json;

    use super::*;

    fn status() -> Value {
        json!({"state": "filling", "answered_at": 5, "failure": "Prometheus answers 405", "queries": 9,
            "answered_queries": 4, "failed_queries": ["up", "node_info"], "failed_query_count": 2,
            "missing_spans": 7, "filled_spans": 3, "rounds": 6,
            "found": {"nodes": 1, "applications": 2, "instances": 8, "node_agent": true, "kube_state_metrics": false}})
    }

    fn node() -> Value {
        json!({"name": "n", "has_agent": true, "cpu_percent": 1.5, "memory_percent": 2.5, "cpu_cores": 4.0,
            "memory_bytes": 8.0, "uptime_s": 16.0, "instances": 3, "provider": "aws", "zone": "a",
            "instance_type": "m5"})
    }

    /// Reading a value by hand is the same as what serde derives, and nothing of it is lost.
    fn is_read<T: Serialize + DeserializeOwned + PartialEq>(value: &Value, view: fn(&Value) -> T) {
        let derived: T = serde_json::from_value(value.clone()).unwrap();
        assert!(view(value) == derived, "{value}");
        let written = serde_json::to_vec(&derived).unwrap();
        assert!(read_view(&written, "observed", view).is_err());
        assert!(view(&serde_json::from_slice(&written).unwrap()) == derived, "{value}");
    }

    #[test]
    fn tables_and_the_overview_are_read_as_they_are_written() {
        let failing = json!([{"id": "a:b:c", "status": "critical", "report": "SLO", "why": "w"}]);
        let counts = json!({"critical": 1, "warning": 2, "ok": 3, "unknown": 4});
        let health = json!({"applications": counts, "nodes": 5, "open_incidents": 6, "failing": failing});
        let project = |health: &Value, state: &str| {
            let mut observation = status();
            observation["state"] = state.into();
            json!({"id": "p", "name": "shop", "observation": observation, "health": health})
        };
        let states = ["no_prometheus", "off", "observed_by_product", "not_observed", "filling", "observed"];
        let mut projects: Vec<Value> = states.iter().map(|state| project(&Value::Null, state)).collect();
        projects.push(project(&health, "observed"));
        is_read(&json!({ "projects": projects }), projects_overview);

        let statuses = ["unknown", "ok", "info", "warning", "critical"];
        let rows = statuses.iter().map(|status| {
            json!({"id": "i", "status": status, "category": "c", "types": ["x", "y"], "instances": 1,
                "desired": 2, "why": "w"})
        });
        let mut rows: Vec<Value> = rows.collect();
        rows.push(json!({"id": "j", "status": "ok", "instances": 0}));
        is_read(
            &json!({"project": "p", "observation": status(), "applications": rows, "more_applications": 7}),
            |of| {
                let applications = application_values(of).iter().map(listed_application).collect();
                ApplicationTable { applications, ..application_heading(of) }
            },
        );
        let nodes = [node(), json!({"name": "m", "has_agent": false, "instances": 0})];
        is_read(
            &json!({"project": "p", "observation": status(), "nodes": nodes, "more_nodes": 8}),
            node_table,
        );
    }

    #[test]
    fn an_application_is_read_as_it_is_written() {
        let queries = json!({"total_requests_query": "t", "failed_requests_query": "f"});
        let overrides = [
            Value::Null,
            json!({"threshold": 0.1}),
            json!({"objective_percent": 99.5, "custom": null}),
            json!({"objective_percent": 99.5, "custom": queries}),
            json!({"objective_percent": 95.0, "objective_bucket_s": 0.5, "histogram_query": null}),
            json!({"objective_percent": 95.0, "objective_bucket_s": 0.5, "histogram_query": "h"}),
        ];
        let units = ["count", "percent", "percent_per_hour", "seconds", "seconds_per_second", "count"];
        let checks: Vec<Value> = overrides
            .iter()
            .zip(units)
            .map(|(set, unit)| {
                let inspection = json!({"id": "i", "title": "t", "unit": unit, "default": 80.0,
                    "in_force": 70.5, "set": set});
                json!({"inspection": inspection,
                    "set_for_project": 60.0, "quick_s": 0.5, "title": "t", "status": "warning", "value": 81.5, "message": "m"})
            })
            .collect();
        let instances = json!([
            {"name": "i", "node": "n", "is_gone": true, "phase": "Running", "is_ready": true, "containers": 2},
            {"name": "j", "node": null, "is_gone": false, "phase": null, "is_ready": null, "containers": 0}
        ]);
        let reports = json!([{"name": "CPU", "status": "warning", "checks": checks}]);
        let view = json!({"project": "p", "observation": status(), "id": "a:b:c", "status": "ok",
            "category": "c", "types": ["x"], "desired": 3, "instances": instances, "more_instances": 4,
            "reports": reports});
        is_read(&view, application_view);
    }

    #[test]
    fn events_and_a_node_are_read_as_they_are_written() {
        let kinds = ["rollout", "incident_opened", "incident_resolved"];
        let marks = kinds.map(|kind| json!({"at": 90, "kind": kind, "label": "l"}));
        is_read(&json!({"charts": [], "marks": marks, "drawn": "<figure>"}), report_charts);
        let view = json!({"project": "p", "observation": status(), "node": node(), "kernel": "6.1",
            "agent_version": "1.2", "applications": [{"id": "a:b:c", "status": "ok", "instances": 1}],
            "more_applications": 2, "disks": ["sda"], "more_disks": 3, "interfaces": ["eth0"],
            "more_interfaces": 4, "charts": [], "drawn": "<figure>"});
        is_read(&view, node_view);
    }

    #[test]
    fn another_answer_is_refused() {
        for body in ["[]", "{}", "null", "no JSON"] {
            assert!(read_view(body.as_bytes(), "project", node_view).is_err(), "{body}");
        }
        assert!(read_view(br#"{"project": "p"}"#, "project", node_view).is_ok());
    }
}
