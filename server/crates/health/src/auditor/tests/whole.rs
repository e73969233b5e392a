//! Tests of audits as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use headcount_prometheus::query::QueryRetention;
use headcount_topology::{application_key::ApplicationKey, fixture::applications};

use super::*;
use crate::{
    auditor::{POINTS_OF, REPORTS, SUMS_OF},
    inspections::InspectionThresholds,
};

fn of(inspection: Inspection, threshold: f32) -> InspectionThresholds {
    InspectionThresholds {
        values: BTreeMap::from([(inspection, threshold)]),
        ..InspectionThresholds::default()
    }
}

#[test]
fn the_threshold_is_that_of_the_application_then_of_the_project_then_the_default() {
    let scene = on_a_node("container_info APP\n node_cpu_usage_percent machine_id=m =65");
    let key = |text: &str| ApplicationKey::parse(text).unwrap();
    let inspection = Inspection::CPUNode;
    for (project, application, expected) in [
        (None, None, (Ok, 80.0)),
        (Some(60.0), None, (Warning, 60.0)),
        (Some(60.0), Some(("_:Unknown:app", 70.0)), (Ok, 70.0)),
        (Some(70.0), Some(("_:Unknown:app", 60.0)), (Warning, 60.0)),
        (Some(70.0), Some(("_:Unknown:other", 60.0)), (Ok, 70.0)),
    ] {
        let overrides = ProjectThresholds {
            project: project.map(|threshold| of(inspection, threshold)).unwrap_or_default(),
            applications: application
                .map(|(text, threshold)| (key(text), of(inspection, threshold)))
                .into_iter()
                .collect::<HashMap<_, _>>(),
        };
        let audit = audit_of(&scene, "app", &overrides);
        let mut checks = audit.reports.iter().flat_map(|report| &report.checks);
        let check = checks.find(|check| check.inspection == inspection).unwrap();
        assert_eq!((check.status, check.threshold), expected);
    }
}

#[test]
fn the_greatest_of_a_few_reports_is_the_status_of_an_application() {
    let busy = "container_memory_rss APP\n node_cpu_usage_percent machine_id=m =90";
    let redis = "container_application_type APP application_type=redis
        container_net_tcp_listen_info APP listen_addr=10.0.0.1:1\n redis_up address=10.0.0.1:1 =0";
    for (lines, expected) in [
        ("container_memory_rss APP", Ok),
        (busy, Ok),
        ("container_info APP", Warning),
        (&format!("container_memory_rss APP\n{redis}"), Warning),
    ] {
        let audit = audit_of(&on_a_node(lines), "app", &ProjectThresholds::default());
        assert_eq!(audit.status, expected, "{lines}");
        for report in audit.reports {
            let greatest = report.checks.iter().map(|check| check.status).max().unwrap_or_default();
            assert_eq!(report.status, greatest, "{}", report.name);
            assert!(report.status < Critical);
        }
    }
}

#[test]
fn every_application_is_audited_once_and_in_order() {
    let scene = on_a_node(
        "container_info APP
         container_info machine_id=m container_id=/docker/other
         container_net_tcp_active_connections APP destination=1.2.3.4:5432",
    );
    scene.look(|world| {
        let ids: Vec<_> =
            audits_with(world, &ProjectThresholds::default()).iter().map(|audit| audit.application).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids, world.applications().map(|(id, _)| id).collect::<Vec<_>>());
        assert_eq!(ids.len(), applications(world).len());
    });
}

#[test]
fn a_message_names_one_and_counts_the_others() {
    let scene = on_a_node(
        "node_info machine_id=b hostname=b\n node_info machine_id=a hostname=a
         container_info machine_id=b container_id=/docker/app\n container_info machine_id=a container_id=/docker/app
         node_cpu_usage_percent machine_id=b =90\n node_cpu_usage_percent machine_id=a =90
         container_restarts machine_id=a container_id=/docker/app job=j instance=i =1,1,3",
    );
    let (audit, messages) = scene.look(|world| {
        let audit = audits_with(world, &ProjectThresholds::default()).remove(0);
        let checks = audit.reports.iter().flat_map(|report| &report.checks);
        let messages: BTreeSet<_> = checks.map(|check| check.message.text(&world.texts)).collect();
        (audit, messages)
    });
    for expected in [
        "a node has hardly any CPU time left: a and 1 more",
        "0 of 2 instances are available",
        "containers were restarted: 2",
    ] {
        assert!(messages.contains(expected), "{messages:?}");
    }
    assert!(!format!("{audit:?}").contains("and 1 more"), "{audit:?}");
}

#[test]
fn only_of_queries_that_keep_points_points_are_read() {
    for query in POINTS_OF.iter().chain(SUMS_OF) {
        assert!(matches!(query.kind, QueryRetention::Range { .. }), "{}", query.name);
    }
    assert_eq!(REPORTS.len(), 17);
}
