//! Selects the rollouts and summaries that reports count.

use std::collections::HashMap;

use headcount_topology::{application_key::ApplicationKey, facts::counted, model::World};

use super::{DeploymentRollout, ServiceLevelObjectives, by_application, changes};
use crate::{
    history_store::{ReportEvent, ReportEventKind},
    inspections::ProjectThresholds,
};

/// The rollouts of counted applications that started after `since`, in Unix seconds, and their summaries as
/// far as they are known, including empty ones. `deployments` are those of the project, grouped by
/// application, the oldest first.
#[must_use]
pub fn countable(
    world: &World<'_>,
    deployments: &[DeploymentRollout],
    overrides: &ProjectThresholds,
    since: u32,
) -> Vec<ReportEvent> {
    let is_recent = |rollout: &DeploymentRollout| rollout.started_at > since;
    let mut by_application = by_application(deployments);
    by_application.retain(|_, rollouts| rollouts.iter().any(is_recent));
    if by_application.is_empty() {
        return Vec::new();
    }
    let objectives = counted_with_objectives(world, overrides, &by_application);
    let mut countable = Vec::new();
    for (application, rollouts) in by_application {
        let Some(objectives) = objectives.get(application) else { continue };
        for (place, rollout) in rollouts.iter().enumerate().filter(|(_, rollout)| is_recent(rollout)) {
            let before = rollouts.iter().take(place);
            countable
                .push(ReportEvent { item: item("deployment", rollout), fact: ReportEventKind::Deployment });
            countable.extend(summary(rollout, before, objectives));
        }
    }
    countable.sort();
    countable
}

/// The objectives of those of the applications that are counted.
fn counted_with_objectives(
    world: &World<'_>,
    overrides: &ProjectThresholds,
    applications: &HashMap<&ApplicationKey, &[DeploymentRollout]>,
) -> HashMap<ApplicationKey, ServiceLevelObjectives> {
    let counted = counted(world).map(|(_, app)| (app.id.key(&world.texts), app.category.is_auxiliary()));
    let meant = counted.filter(|(key, _)| applications.contains_key(key));
    meant
        .map(|(key, is_auxiliary)| {
            let objectives = ServiceLevelObjectives::of(overrides, &key, is_auxiliary);
            (key, objectives)
        })
        .collect()
}

/// The summary of a rollout compared with the last one `before` it that has a snapshot.
fn summary<'d>(
    rollout: &DeploymentRollout,
    before: impl DoubleEndedIterator<Item = &'d DeploymentRollout>,
    objectives: &ServiceLevelObjectives,
) -> Option<ReportEvent> {
    let before = before.rev().find_map(|before| before.snapshot.as_ref());
    let changes = changes(rollout.snapshot.as_ref()?, before, objectives);
    Some(ReportEvent { item: item("summary", rollout), fact: ReportEventKind::Summary(changes) })
}

fn item(what: &str, rollout: &DeploymentRollout) -> String {
    let DeploymentRollout { application, name, started_at, .. } = rollout;
    format!("{what}/{application}/{name}/{started_at}")
}
