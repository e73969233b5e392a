//! The report on rollouts: fires if the newest one takes too long.

use std::time::Duration;

use headcount_topology::application_key::ApplicationKey;

use super::{
    super::inspections::Inspection, AuditCheck, AuditInput, AuditReport, CheckMessage,
    audited_application::AuditedApplication,
};
use crate::{
    health_status::HealthStatus,
    rollouts::{DeploymentRollout, RolloutStage, newest},
};

/// The name of the report.
pub const NAME: &str = "Deployments";

/// The report of one application; `None` without rollouts.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let rollouts = &subject.ground.rollouts;
    if rollouts.is_empty() {
        return None;
    }
    of_rollouts(&subject.ground.evidence, subject.key(), rollouts.get(subject.key())?)
}

/// The report of one application with these rollouts, the oldest first.
fn of_rollouts(
    evidence: &AuditInput<'_, '_>,
    key: &ApplicationKey,
    rollouts: &[DeploymentRollout],
) -> Option<AuditReport> {
    let last = rollouts.last()?;
    let AuditInput { world, overrides, .. } = evidence;
    let threshold = overrides.threshold(Inspection::DeploymentStatus, overrides.applications.get(key));
    let now = newest(world);
    let seconds = last.finished_at.unwrap_or(now).saturating_sub(last.started_at);
    let (status, message) = match RolloutStage::of(last, true, now, threshold) {
        RolloutStage::Stuck => {
            let age = Duration::from_secs(seconds.into());
            (HealthStatus::Warning, CheckMessage::StuckRollout { age })
        }
        _ => (HealthStatus::Ok, CheckMessage::Nothing),
    };
    let inspection = Inspection::DeploymentStatus;
    let check = AuditCheck { inspection, status, threshold, value: Some(seconds as f32), message };
    Some(AuditReport::new(NAME, vec![check]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headcount_topology::fixture::{NOW, scene};

    use super::*;
    use crate::{
        inspections::{InspectionThresholds, ProjectThresholds},
        sli::ServiceLevelIndicators,
    };

    fn rollout(seconds_ago: u32, finished_at: Option<u32>) -> DeploymentRollout {
        DeploymentRollout {
            application: ApplicationKey::default(),
            name: "rs".to_owned(),
            started_at: NOW - seconds_ago,
            finished_at,
            container_images: Vec::new(),
            snapshot: None,
        }
    }

    #[test]
    fn only_the_newest_rollout_can_be_stuck() {
        let stuck = (HealthStatus::Warning, "the rollout has been in progress for 3m 1s");
        let fine = (HealthStatus::Ok, "");
        let lenient = InspectionThresholds {
            values: BTreeMap::from([(Inspection::DeploymentStatus, 3600.0)]),
            ..InspectionThresholds::default()
        };
        let lenient = ProjectThresholds { project: lenient, ..ProjectThresholds::default() };
        for (rollouts, overrides, expected) in [
            (&[][..], &ProjectThresholds::default(), None),
            (&[rollout(180, None)], &ProjectThresholds::default(), Some(fine)),
            (&[rollout(181, None)], &ProjectThresholds::default(), Some(stuck)),
            (&[rollout(181, None)], &lenient, Some(fine)),
            (&[rollout(181, Some(NOW))], &ProjectThresholds::default(), Some(fine)),
            (&[rollout(9000, None), rollout(20, None)], &ProjectThresholds::default(), Some(fine)),
        ] {
            let indicators = &ServiceLevelIndicators::default();
            let found = scene("kube_pod_status_phase uid=1 phase=Running").look(|world| {
                let evidence = AuditInput { world, indicators, overrides, deployments: rollouts };
                let report = of_rollouts(&evidence, &ApplicationKey::default(), rollouts)?;
                Some((report.status, report.checks[0].message.text(&world.texts)))
            });
            let found = found.as_ref().map(|(status, text)| (*status, &**text));
            assert_eq!(found, expected, "{rollouts:?}");
        }
    }
}
