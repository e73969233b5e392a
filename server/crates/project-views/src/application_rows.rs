//! Lists the applications of a project for a table.

use headcount_shared::api::ApplicationRow;
use headcount_topology::{constructor::CategoryNames, model::ApplicationCategory};

use crate::{
    severity::severity,
    world_sight::{MOST_ROWS, WorldSight, at_most, worst_check},
};

/// The applications of a project by their ids, and the number of those that are left out.
#[must_use]
pub fn application_rows(sight: WorldSight<'_, '_>) -> (Vec<ApplicationRow>, u32) {
    let world = sight.world;
    let containers = world.containers_by_instance();
    let categories = CategoryNames::of(sight.categories);
    let mut audits: Vec<_> = sight.audits.iter().collect();
    audits.sort_by(|one, other| {
        world.apps[one.application].id.compare(world.apps[other.application].id, &world.texts)
    });
    let (audits, more) = at_most(audits, MOST_ROWS);
    let rows = audits.into_iter().map(|audit| {
        let application = &world.apps[audit.application];
        let category = (application.category != ApplicationCategory::Application)
            .then(|| categories.name(application.category).to_owned());
        ApplicationRow {
            id: application.id.key(&world.texts).to_string(),
            status: severity(audit.status),
            category,
            types: sight.types_of(application, &containers),
            instances: sight.present_instances(application),
            desired: sight.desired_instances(application),
            why: worst_check(&audit.reports).map(|(_, check)| check.message.text(&world.texts)),
        }
    });
    (rows.collect(), more)
}

#[cfg(test)]
mod tests {
    use headcount_health::history_store::ProjectHistory;
    use headcount_shared::api::Severity;
    use headcount_topology::fixture::scene;

    use super::*;
    use crate::sight_fixture::see;

    #[test]
    fn a_row_has_what_an_application_is_and_why_it_fails() {
        let scene = scene(
            "node_info machine_id=m hostname=n
             node_cpu_usage_percent machine_id=m =99
             container_info machine_id=m container_id=/docker/web
             container_memory_rss machine_id=m container_id=/docker/web
             container_application_type machine_id=m container_id=/docker/web application_type=nginx
             container_application_type machine_id=m container_id=/docker/web application_type=java
             container_info machine_id=m container_id=/docker/grafana",
        );
        let (rows, more) = see(&scene, &ProjectHistory::default(), application_rows);
        let web = ApplicationRow {
            id: "_:Unknown:web".to_owned(),
            status: Severity::Ok,
            category: None,
            types: vec!["java".to_owned(), "nginx".to_owned()],
            instances: 1,
            desired: None,
            why: Some("a node has hardly any CPU time left: n".to_owned()),
        };
        let grafana = ApplicationRow {
            id: "_:Unknown:grafana".to_owned(),
            status: Severity::Warning,
            category: Some("monitoring".to_owned()),
            types: Vec::new(),
            instances: 1,
            desired: None,
            why: Some("0 of 1 instances are available".to_owned()),
        };
        assert_eq!((rows.len(), more), (2, 0));
        assert!(rows == [grafana, web], "{:?}", rows.iter().map(|row| &row.id).collect::<Vec<_>>());
    }
}
