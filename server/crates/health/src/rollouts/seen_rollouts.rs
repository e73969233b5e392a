//! Finds the rollouts in a world from the pods of its deployments.

use std::collections::BTreeMap;

use headcount_prometheus::{query::WINDOW, results::InternedString};
use headcount_topology::{
    model::{Application, ContainerId, InstanceId, Kind, OneToMany, World},
    queries::KUBE_POD_STATUS_PHASE,
};

use super::{DeploymentRollout, DetectionGrid, DetectionResult, ReplicaSet, by_application, detect, news};

/// The newest moment with data on pods, in Unix seconds; 0 without data.
#[must_use]
pub fn newest(world: &World<'_>) -> u32 {
    world.answers.table(&KUBE_POD_STATUS_PHASE).to
}

/// The rollouts in a world that are not `stored` yet, and stored ones that have finished. `step_s` is the
/// distance between two points of the project.
#[must_use]
pub fn found(world: &World<'_>, stored: &[DeploymentRollout], step_s: u32) -> Vec<DeploymentRollout> {
    let window = u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX);
    let to = newest(world);
    let grid = DetectionGrid { from: to.saturating_sub(window), to, step: step_s.max(1) };
    let (stored, containers) = (by_application(stored), world.containers_by_instance());
    let deployments = world.applications().filter(|(_, app)| app.id.kind == Kind::Deployment);
    let seen = deployments.filter_map(|(_, app)| Some((app, seen(world, &containers, app, grid)?)));
    seen.flat_map(|(app, seen)| {
        let key = app.id.key(&world.texts);
        let stored = stored.get(&key).copied().unwrap_or_default();
        news(&key, stored, seen)
    })
    .collect()
}

/// The detected rollouts of an application; `None` if there is nothing to compare with stored ones.
fn seen(
    world: &World<'_>,
    containers: &OneToMany<InstanceId, ContainerId>,
    app: &Application,
    grid: DetectionGrid,
) -> Option<DetectionResult> {
    let mut by_name = BTreeMap::<&str, ReplicaSet>::new();
    for instance in &app.instances {
        let Some(pod) = world.instances[*instance].pod.map(|pod| &world.pods[pod]) else { continue };
        if pod.replica_set == InternedString::EMPTY || pod.first_seen > pod.last_seen {
            continue;
        }
        let name = world.text(pod.replica_set);
        let replica_set = by_name.entry(name).or_default();
        replica_set.pods.push(pod.first_seen..=pod.last_seen);
        let images =
            containers.of(*instance).map(|container| world.text(world.containers[*container].image.text()));
        replica_set.images.extend(images.filter(|image| !image.is_empty()).map(str::to_owned));
    }
    let named = by_name.into_iter().map(|(name, pods)| ReplicaSet { name: name.to_owned(), ..pods });
    Some(detect(named.collect(), grid)).filter(|seen| *seen != DetectionResult::default())
}
