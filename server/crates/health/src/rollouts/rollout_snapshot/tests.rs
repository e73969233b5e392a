//! Tests of when a snapshot is due. The content of snapshots is tested with the findings.

use headcount_topology::application_key::ApplicationKey;

use super::*;

const TO: u32 = 100_000;

fn rollout(
    started_at: u32,
    finished_at: Option<u32>,
    snapshot: Option<RolloutSnapshot>,
) -> DeploymentRollout {
    let (application, name) = (ApplicationKey::default(), "rs".to_owned());
    DeploymentRollout { application, name, started_at, finished_at, container_images: Vec::new(), snapshot }
}

#[test]
fn a_snapshot_is_due_once_its_window_is_over_and_as_long_as_it_is_known() {
    let taken = Some(RolloutSnapshot::default());
    for (finished_at, next, snapshot, expected) in [
        (Some(TO - 1800), None, None, true),
        (Some(TO - 1799), None, None, false),
        (Some(TO - 1800), None, taken, false),
        (None, None, None, false),
        (Some(TO - 4200), None, None, true),
        // The hour that is loaded does not cover it.
        (Some(TO - 4201), None, None, false),
        (Some(TO - 3000), Some(TO - 1200), None, true),
        // The next rollout began in it.
        (Some(TO - 3000), Some(TO - 1201), None, false),
    ] {
        let next = next.map(|started_at| rollout(started_at, None, None));
        let rollouts: Vec<_> = [rollout(TO - 5000, finished_at, snapshot)].into_iter().chain(next).collect();
        let found: Vec<_> = due(&rollouts, TO).into_iter().map(|(_, window)| window).collect();
        let window = finished_at.map(|finished| SnapshotWindow { from: finished + 600, to: finished + 1800 });
        assert_eq!(found, window.filter(|_| expected).into_iter().collect::<Vec<_>>(), "{rollouts:?}");
    }
}

#[test]
fn a_leak_is_growth_in_percent_an_hour() {
    let window = SnapshotWindow { from: 1000, to: 2200 };
    let memory = |per_second: f64| -> Vec<(u32, f64)> {
        (1015..=2200).step_by(15).map(|at| (at, 7200.0 + per_second * f64::from(at - 1000))).collect()
    };
    for (per_second, expected) in
        [(0.0, Some(0.0)), (1.0, Some(50.0)), (-1.0, Some(-50.0)), (-2.0, None), (-3.0, None)]
    {
        assert_eq!(leak_percent(&memory(per_second), window).map(f32::round), expected, "{per_second}");
    }
    assert_eq!(leak_percent(&[], window), None);
}
