//! Tests of the auditor: when each inspection fires, and when it just does not.

mod databases;
mod network;
mod properties;
mod resources;
mod runtimes;
mod whole;

use headcount_topology::{
    fixture::{PrometheusFixture, scene},
    model::World,
};

use super::{ApplicationAudit, AuditInput, audit};
use crate::{
    health_status::HealthStatus::{self, Critical, Ok, Unknown, Warning},
    inspections::{Inspection, ProjectThresholds},
    sli::ServiceLevelIndicators,
};

/// The labels of the container in most tests, an application `app` on the node `n`.
const APP: &str = "machine_id=m container_id=/docker/app";

/// A scene on one node, whose agent was up for three points. `APP` stands for the labels of the container.
fn on_a_node(lines: &str) -> PrometheusFixture {
    let agent = "node_info machine_id=m hostname=n\n up job=j instance=i =1,1,1\n";
    scene(&format!("{agent}{lines}").replace("APP", APP))
}

fn audits_with(world: &World<'_>, overrides: &ProjectThresholds) -> Vec<ApplicationAudit> {
    audit(AuditInput { world, indicators: &ServiceLevelIndicators::default(), overrides, deployments: &[] })
}

/// The audit of the application of that name.
fn audit_of(scene: &PrometheusFixture, name: &str, overrides: &ProjectThresholds) -> ApplicationAudit {
    scene.look(|world| {
        let audits = audits_with(world, overrides);
        let is_named = |audit: &&ApplicationAudit| world.text(world.apps[audit.application].id.name) == name;
        audits.iter().find(is_named).unwrap_or_else(|| panic!("there is no {name}")).clone()
    })
}

/// The status of an inspection of an application; `None` if the inspection does not apply.
fn answer(scene: &PrometheusFixture, name: &str, inspection: Inspection) -> Option<HealthStatus> {
    let audit = audit_of(scene, name, &ProjectThresholds::default());
    let mut checks = audit.reports.iter().flat_map(|report| &report.checks);
    checks.find(|check| check.inspection == inspection).map(|check| {
        assert_eq!(check.message.is_empty(), check.status < Warning, "{check:?}");
        check.status
    })
}

/// The value of an inspection of `app` with the default thresholds.
fn value(lines: &str, inspection: Inspection) -> Option<f32> {
    let audit = audit_of(&on_a_node(lines), "app", &ProjectThresholds::default());
    let mut checks = audit.reports.iter().flat_map(|report| &report.checks);
    checks.find(|check| check.inspection == inspection).and_then(|check| check.value)
}

/// Checks the status of an inspection of `app` in several scenes that begin with the same lines.
#[track_caller]
fn check(inspection: Inspection, same: &str, table: &[(&str, Option<HealthStatus>)]) {
    for (lines, expected) in table {
        let found = answer(&on_a_node(same).and(&lines.replace("APP", APP)), "app", inspection);
        assert_eq!(found, *expected, "{inspection:?}: {lines}");
    }
}
