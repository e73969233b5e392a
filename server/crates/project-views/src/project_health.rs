//! Sums up how the applications of a project are.

use headcount_health::{auditor::DECISIVE, health_status::HealthStatus};
use headcount_shared::api::{FailingApplication, ProjectHealth, StatusCounts};

use crate::{
    severity::severity,
    world_sight::{WorldSight, bounded, worst_check},
};

/// The most failing applications that are named.
const MOST_FAILING: usize = 5;

/// How the applications of a project are.
#[must_use]
pub fn project_health(sight: WorldSight<'_, '_>) -> ProjectHealth {
    let WorldSight { world, audits, history, .. } = sight;
    let mut applications = StatusCounts::default();
    for audit in audits {
        let count = match audit.status {
            HealthStatus::Critical => &mut applications.critical,
            HealthStatus::Warning => &mut applications.warning,
            HealthStatus::Ok | HealthStatus::Info => &mut applications.ok,
            HealthStatus::Unknown => &mut applications.unknown,
        };
        *count += 1;
    }
    let mut failing: Vec<_> = audits.iter().filter(|audit| audit.status >= HealthStatus::Warning).collect();
    failing.sort_by(|one, other| {
        let id = |of: &headcount_health::auditor::ApplicationAudit| world.apps[of.application].id;
        other.status.cmp(&one.status).then_with(|| id(one).compare(id(other), &world.texts))
    });
    let failing = failing.into_iter().take(MOST_FAILING).map(|audit| {
        let decisive = audit.reports.iter().filter(|report| DECISIVE.contains(&report.name));
        let (report, why) = worst_check(decisive)
            .map(|(report, check)| (report.name.to_owned(), check.message.text(&world.texts)))
            .unwrap_or_default();
        let id = world.apps[audit.application].id.key(&world.texts).to_string();
        FailingApplication { id, status: severity(audit.status), report, why }
    });
    ProjectHealth {
        applications,
        nodes: bounded(world.nodes.values().count()),
        open_incidents: bounded(history.incidents.len()),
        failing: failing.collect(),
    }
}

#[cfg(test)]
mod tests {
    use headcount_health::{history_store::ProjectHistory, incidents::ApplicationIncident};
    use headcount_shared::api::Severity;
    use headcount_topology::{application_key::ApplicationKey, fixture::scene};

    use super::*;
    use crate::sight_fixture::see;

    #[test]
    fn a_project_names_what_fails_and_why() {
        let scene = scene(
            "node_info machine_id=m hostname=n
             container_info machine_id=m container_id=/docker/web
             container_memory_rss machine_id=m container_id=/docker/web
             container_info machine_id=m container_id=/docker/cart",
        );
        let incident = ApplicationIncident {
            application: ApplicationKey::default(),
            key: "k".to_owned(),
            opened_at: 1,
            resolved_at: None,
            severity: HealthStatus::Critical,
        };
        let history = ProjectHistory { incidents: vec![incident], ..ProjectHistory::default() };
        let health = see(&scene, &history, project_health);
        assert_eq!(health.applications, StatusCounts { warning: 1, ok: 1, ..StatusCounts::default() });
        assert_eq!((health.nodes, health.open_incidents), (1, 1));
        let expected = FailingApplication {
            id: "_:Unknown:cart".to_owned(),
            status: Severity::Warning,
            report: "Instances".to_owned(),
            why: "0 of 1 instances are available".to_owned(),
        };
        assert!(health.failing == [expected], "{}", health.failing.len());
    }

    #[test]
    fn of_many_failing_applications_five_are_named() {
        let lines: String = (0..9)
            .map(|number| format!("container_info machine_id=m container_id=/docker/app-{number}\n"))
            .collect();
        let health = see(&scene(&lines), &ProjectHistory::default(), project_health);
        let names: Vec<&str> = health.failing.iter().map(|of| of.id.as_str()).collect();
        assert_eq!(names.len(), 5);
        assert_eq!(names.first(), Some(&"_:Unknown:app-0"));
        assert_eq!(health.applications.warning, 9);
    }
}
