//! The report on rollouts: fires if the newest one takes too long.

use std::time::Duration;

use super::{
    super::{
        application_key::ApplicationKey,
        deployments::{Deployment, Stage, newest},
        inspections::Inspection,
        status::Status,
    },
    Check, CheckMessage, Evidence, Report,
    subject::Subject,
};

/// The name of the report.
pub const NAME: &str = "Deployments";

/// The report of one application; `None` without rollouts.
pub(super) fn report(subject: &Subject<'_, '_>) -> Option<Report> {
    let rollouts = &subject.ground.rollouts;
    if rollouts.is_empty() {
        return None;
    }
    of_rollouts(&subject.ground.evidence, subject.key(), rollouts.get(subject.key())?)
}

/// The report of one application with these rollouts, the oldest first.
fn of_rollouts(evidence: &Evidence<'_, '_>, key: &ApplicationKey, rollouts: &[Deployment]) -> Option<Report> {
    let last = rollouts.last()?;
    let Evidence { world, overrides, .. } = evidence;
    let threshold = overrides.threshold(Inspection::DeploymentStatus, overrides.applications.get(key));
    let now = newest(world);
    let (status, message) = match Stage::of(last, true, now, threshold) {
        Stage::Stuck => {
            let age = Duration::from_secs(now.saturating_sub(last.started_at).into());
            (Status::Warning, CheckMessage::StuckRollout { age })
        }
        _ => (Status::Ok, CheckMessage::Nothing),
    };
    let check = Check { inspection: Inspection::DeploymentStatus, status, threshold, message };
    Some(Report::new(NAME, vec![check]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::world::{
        indicators::Indicators,
        inspections::{Overrides, Thresholds},
        scene::{NOW, scene},
    };

    fn rollout(seconds_ago: u32, finished_at: Option<u32>) -> Deployment {
        Deployment {
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
        let stuck = (Status::Warning, "the rollout has been in progress for 3m 1s");
        let fine = (Status::Ok, "");
        let lenient = Thresholds {
            values: BTreeMap::from([(Inspection::DeploymentStatus, 3600.0)]),
            ..Thresholds::default()
        };
        let lenient = Overrides { project: lenient, ..Overrides::default() };
        for (rollouts, overrides, expected) in [
            (&[][..], &Overrides::default(), None),
            (&[rollout(180, None)], &Overrides::default(), Some(fine)),
            (&[rollout(181, None)], &Overrides::default(), Some(stuck)),
            (&[rollout(181, None)], &lenient, Some(fine)),
            (&[rollout(181, Some(NOW))], &Overrides::default(), Some(fine)),
            (&[rollout(9000, None), rollout(20, None)], &Overrides::default(), Some(fine)),
        ] {
            let indicators = &Indicators::default();
            let found = scene("kube_pod_status_phase uid=1 phase=Running").look(|world| {
                let evidence = Evidence { world, indicators, overrides, deployments: rollouts };
                let report = of_rollouts(&evidence, &ApplicationKey::default(), rollouts)?;
                Some((report.status, report.checks[0].message.text(&world.texts)))
            });
            let found = found.as_ref().map(|(status, text)| (*status, &**text));
            assert_eq!(found, expected, "{rollouts:?}");
        }
    }
}
