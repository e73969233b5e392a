//! Shows one application: its instances, and the results of its inspections.

use std::cmp::Ordering;

use headcount_health::{
    auditor::{AuditCheck, AuditReport},
    inspections::Inspection,
};
use headcount_shared::api::{ApplicationView, CheckView, InstanceRow, ReportView};
use headcount_topology::{
    application_key::ApplicationKey,
    constructor::CategoryNames,
    model::{Application, ContainerId, InstanceId, OneToMany, Pod, PodPhase},
};

use crate::{
    inspection_response::{inspection_response, set_for_project},
    inspection_titles::inspection_title,
    node_names::NodeNames,
    severity::severity,
    world_sight::{ProjectHeading, WorldSight, bounded, known},
};

/// The most instances that are listed.
const MOST_INSTANCES: usize = 100;

/// An application with its instances and reports; `None` if it is not in the world.
#[must_use]
pub fn application_view(
    sight: WorldSight<'_, '_>,
    key: &ApplicationKey,
    heading: ProjectHeading,
) -> Option<ApplicationView> {
    let world = sight.world;
    let audit = sight.audit_of(key)?;
    let application = &world.apps[audit.application];
    let containers = world.containers_by_instance();
    let mut instances = application.instances.clone();
    instances.sort_by(|one, other| compare_instances(sight, *one, *other));
    let listed = instances.iter().take(MOST_INSTANCES);
    let nodes = NodeNames::of(sight);
    Some(ApplicationView {
        project: heading.project,
        observation: heading.observation,
        id: key.to_string(),
        status: severity(audit.status),
        category: CategoryNames::of(sight.categories).name(application.category).to_owned(),
        types: sight.types_of(application, &containers),
        desired: sight.desired_instances(application),
        instances: listed.map(|id| instance_row(sight, *id, &containers, &nodes)).collect(),
        more_instances: bounded(instances.len().saturating_sub(MOST_INSTANCES)),
        reports: audit.reports.iter().map(|report| report_view(sight, key, application, report)).collect(),
    })
}

/// Those that are gone come last.
fn compare_instances(sight: WorldSight<'_, '_>, one: InstanceId, other: InstanceId) -> Ordering {
    let world = sight.world;
    world.is_obsolete(one).cmp(&world.is_obsolete(other)).then_with(|| world.compare_instances(one, other))
}

fn instance_row(
    sight: WorldSight<'_, '_>,
    id: InstanceId,
    containers: &OneToMany<InstanceId, ContainerId>,
    nodes: &NodeNames<'_, '_>,
) -> InstanceRow {
    let world = sight.world;
    let instance = &world.instances[id];
    let pod = instance.pod.map(|pod| &world.pods[pod]);
    let phase = pod.and_then(phase_name);
    InstanceRow {
        name: world.text(instance.name).to_owned(),
        node: instance.node.map(|node| nodes.name(node).into_owned()),
        is_gone: world.is_obsolete(id),
        is_ready: pod.filter(|_| phase.is_some()).map(|pod| pod.ready),
        phase: phase.map(str::to_owned),
        containers: bounded(containers.of(id).len()),
    }
}

/// The phase of a pod, as Kubernetes names it; `None` if it is unknown or has no name.
const fn phase_name(pod: &Pod) -> Option<&'static str> {
    match pod.phase {
        None | Some(PodPhase::NotObserved | PodPhase::Other) => None,
        Some(PodPhase::Unknown) => Some("Unknown"),
        Some(PodPhase::Failed) => Some("Failed"),
        Some(PodPhase::Succeeded) => Some("Succeeded"),
        Some(PodPhase::Pending) => Some("Pending"),
        Some(PodPhase::Running) => Some("Running"),
    }
}

fn report_view(
    sight: WorldSight<'_, '_>,
    key: &ApplicationKey,
    application: &Application,
    report: &AuditReport,
) -> ReportView {
    ReportView {
        name: report.name.to_owned(),
        status: severity(report.status),
        checks: report.checks.iter().map(|check| check_view(sight, key, application, check)).collect(),
    }
}

fn check_view(
    sight: WorldSight<'_, '_>,
    key: &ApplicationKey,
    application: &Application,
    check: &AuditCheck,
) -> CheckView {
    let overrides = &sight.history.overrides;
    let quick_s = (check.inspection == Inspection::SLOLatency)
        .then(|| overrides.latency_of(key, application.category.is_auxiliary()).bucket_s);
    CheckView {
        // The threshold that was applied, also for a latency objective that depends on the category.
        inspection: headcount_shared::api::Inspection {
            in_force: check.threshold,
            ..inspection_response(check.inspection, overrides, key)
        },
        set_for_project: set_for_project(check.inspection, overrides),
        quick_s,
        title: inspection_title(check.inspection).to_owned(),
        status: severity(check.status),
        value: check.value.and_then(known),
        message: check.message.text(&sight.world.texts),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headcount_health::{
        history_store::ProjectHistory,
        inspections::{Inspection, InspectionThresholds, ProjectThresholds},
    };
    use headcount_shared::api::{InspectionOverride, Severity, ThresholdOverride};
    use headcount_topology::fixture::{PrometheusFixture, scene};

    use super::*;
    use crate::sight_fixture::{heading, see};

    fn view(scene: &PrometheusFixture, history: &ProjectHistory, id: &str) -> Option<ApplicationView> {
        let key = ApplicationKey::parse(id).unwrap();
        see(scene, history, |sight| application_view(sight, &key, heading()))
    }

    fn web() -> PrometheusFixture {
        scene(
            "node_info machine_id=m hostname=n
             node_cpu_usage_percent machine_id=m =50
             container_info machine_id=m container_id=/docker/web
             container_memory_rss machine_id=m container_id=/docker/web",
        )
    }

    #[test]
    fn a_check_has_its_value_and_its_thresholds() {
        let set = |value| InspectionThresholds {
            values: BTreeMap::from([(Inspection::CPUNode, value)]),
            ..InspectionThresholds::default()
        };
        let key = ApplicationKey::parse("_:Unknown:web").unwrap();
        let overrides =
            ProjectThresholds { project: set(70.0), applications: [(key, set(40.0))].into_iter().collect() };
        let history = ProjectHistory { overrides, ..ProjectHistory::default() };
        let web = view(&web(), &history, "_:Unknown:web").unwrap();
        let names: Vec<&str> = web.reports.iter().map(|report| report.name.as_str()).collect();
        assert_eq!(names, ["Instances", "CPU", "Memory", "Logs"]);
        let cpu = &web.reports[1];
        let check = &cpu.checks[0];
        assert_eq!((cpu.status, check.status), (Severity::Warning, Severity::Warning));
        assert_eq!((check.value, check.inspection.in_force), (Some(50.0), 40.0));
        assert_eq!((check.inspection.default, check.set_for_project), (80.0, Some(70.0)));
        let set = InspectionOverride::Threshold(ThresholdOverride { threshold: 40.0 });
        assert_eq!(check.inspection.set, Some(set));
        assert_eq!(check.message, "a node has hardly any CPU time left: n");
        assert_eq!(check.title, "CPU usage of nodes");
    }

    #[test]
    fn an_application_shows_its_instances_and_those_that_are_gone_last() {
        let scene = scene(
            "kube_pod_info uid=1 namespace=shop pod=a created_by_kind=StatefulSet created_by_name=cart
             kube_pod_info uid=2 namespace=shop pod=b created_by_kind=StatefulSet created_by_name=cart
             kube_pod_status_phase uid=2 phase=Running
             kube_pod_status_ready uid=2",
        );
        let cart = view(&scene, &ProjectHistory::default(), "shop:StatefulSet:cart").unwrap();
        let instances: Vec<_> = cart
            .instances
            .iter()
            .map(|of| (&*of.name, of.is_gone, of.phase.as_deref(), of.is_ready))
            .collect();
        assert_eq!(instances, [("b", false, Some("Running"), Some(true)), ("a", true, None, None)]);
        assert_eq!((cart.more_instances, cart.category.as_str()), (0, "application"));
    }

    #[test]
    fn an_application_that_is_not_observed_has_no_view() {
        assert!(view(&web(), &ProjectHistory::default(), "_:Deployment:web").is_none());
        assert!(view(&web(), &ProjectHistory::default(), "shop:Unknown:web").is_none());
    }
}
