//! The stages of a rollout.

use super::DeploymentRollout;
use crate::health_status::HealthStatus;

/// The stage of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutStage {
    /// Its summary is known.
    Summary,
    /// It has finished.
    Deployed,
    /// Another one began before it had finished.
    Cancelled,
    /// It takes longer than allowed.
    Stuck,
    /// It is in progress.
    InProgress,
}

impl RolloutStage {
    /// The stage of a rollout at `now`, in Unix seconds; it may take `may_take_s` seconds.
    #[must_use]
    pub fn of(rollout: &DeploymentRollout, is_newest: bool, now: u32, may_take_s: f32) -> Self {
        if rollout.snapshot.is_some() {
            return Self::Summary;
        }
        if rollout.finished_at.is_some() {
            return Self::Deployed;
        }
        if !is_newest {
            return Self::Cancelled;
        }
        let age = now.saturating_sub(rollout.started_at);
        if age as f32 > may_take_s { Self::Stuck } else { Self::InProgress }
    }

    /// The status of the stage.
    #[must_use]
    pub const fn status(self) -> HealthStatus {
        match self {
            Self::Summary | Self::Deployed => HealthStatus::Ok,
            Self::Cancelled | Self::InProgress => HealthStatus::Warning,
            Self::Stuck => HealthStatus::Critical,
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_topology::application_key::ApplicationKey;

    use super::*;
    use crate::rollouts::RolloutSnapshot;

    #[test]
    fn a_rollout_goes_from_stage_to_stage() {
        let summary = Some(RolloutSnapshot::default());
        for (finished_at, snapshot, is_newest, now, expected, status) in [
            (None, None, true, 1000, RolloutStage::InProgress, HealthStatus::Warning),
            (None, None, true, 1180, RolloutStage::InProgress, HealthStatus::Warning),
            (None, None, true, 1181, RolloutStage::Stuck, HealthStatus::Critical),
            (None, None, false, 1181, RolloutStage::Cancelled, HealthStatus::Warning),
            (Some(1100), None, false, 9000, RolloutStage::Deployed, HealthStatus::Ok),
            (Some(1100), None, true, 9000, RolloutStage::Deployed, HealthStatus::Ok),
            (Some(1100), summary, true, 9000, RolloutStage::Summary, HealthStatus::Ok),
        ] {
            let rollout = DeploymentRollout {
                application: ApplicationKey::default(),
                name: String::new(),
                started_at: 1000,
                finished_at,
                container_images: Vec::new(),
                snapshot,
            };
            let stage = RolloutStage::of(&rollout, is_newest, now, 180.0);
            assert_eq!((stage, stage.status()), (expected, status), "{finished_at:?} {is_newest} {now}");
        }
    }
}
