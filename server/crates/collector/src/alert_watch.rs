//! Looks for alerts every minute, and tells the webhook.
//!
//! What the webhook knows is stored, so that it is not told again after a restart, and told later when it was
//! away.

use std::{sync::Arc, time::Duration};

use headcount_platform::clock::Clock;
use tokio::{
    sync::Mutex,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{
    alert_webhook::{AlertWebhook, WebhookPause},
    failure_log::FailureLog,
    fleet_rollup::FleetRollup,
    fleet_storage::{FleetStorage, StorageResult},
    maker_alert::{AlertEvidence, MakerAlert},
    trusted_time::TrustedTime,
};

/// How often to look.
const PACE: Duration = Duration::from_secs(60);

/// How often to look for new versions: that reads all installations.
const VERSIONS_EVERY: Duration = Duration::from_secs(10 * 60);

const HOUR: u64 = 60 * 60;

/// What alerts are made of.
#[derive(Debug)]
pub(super) struct AlertSources {
    /// What arrived.
    pub store: Arc<FleetStorage>,
    /// How far the numbers are behind.
    pub rollup: Arc<FleetRollup>,
    /// The collector's time.
    pub time: Arc<TrustedTime>,
    /// The clock of the machine.
    pub clock: Arc<dyn Clock>,
}

/// Looks for alerts.
#[derive(Debug)]
pub(super) struct AlertWatch {
    sources: AlertSources,
    webhook: Option<AlertWebhook>,
    looking: FailureLog,
    telling: FailureLog,
    /// A monotonic time.
    started_at: Duration,
    state: Mutex<WatchState>,
}

#[derive(Debug, Default)]
struct WatchState {
    /// When versions were looked for, as a monotonic time; `None` before the first time.
    versions_at: Option<Duration>,
    pause: WebhookPause,
}

impl AlertWatch {
    /// Looks at these sources, and tells a webhook if there is one.
    pub(super) fn new(sources: AlertSources, webhook: Option<AlertWebhook>) -> Self {
        Self {
            started_at: sources.clock.monotonic(),
            sources,
            webhook,
            looking: FailureLog::new("looking for alerts"),
            telling: FailureLog::new("telling the webhook of alerts"),
            state: Mutex::default(),
        }
    }

    /// Looks periodically, until `stop`.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut pace = time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = async {
            loop {
                pace.tick().await;
                // A failure is logged once; the next round tries again.
                self.look().await.ok();
            }
        };
        stop.run_until_cancelled(work).await;
    }

    /// Decides about every alert, and tells the webhook what it does not know, if it may be asked again.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn look(&self) -> StorageResult<()> {
        let mut state = self.state.lock().await;
        let decided = self.decide(&mut state.versions_at).await;
        let looked = match decided {
            Ok(()) => self.tell(&mut state.pause).await,
            failed => failed,
        };
        self.looking.note(looked)
    }

    async fn decide(&self, versions_at: &mut Option<Duration>) -> StorageResult<()> {
        let AlertSources { store, rollup, time, clock } = &self.sources;
        let (at, alerts) = (time.now().at, store.alerts().await?);
        let now = at / HOUR;
        let running = clock.monotonic();
        if versions_at.is_none_or(|last| running >= last.saturating_add(VERSIONS_EVERY)) {
            store.note_versions(now).await?;
            *versions_at = Some(running);
        }
        let evidence = AlertEvidence {
            now,
            running_since: at
                .saturating_sub(running.saturating_sub(self.started_at).as_secs())
                .div_ceil(HOUR),
            hours: store.intake_hours(AlertEvidence::first_hour(now), now).await?,
            releases: store.release_hours(AlertEvidence::first_release(now), now).await?,
            rollup_behind: rollup.lag().await?.behind,
        };
        for alert in MakerAlert::ALL {
            let was_active = alerts.iter().any(|known| known.alert == *alert && known.is_active);
            let is_active = evidence.is_active(*alert, was_active);
            if is_active == was_active {
                continue;
            }
            store.set_alert(*alert, is_active, at).await?;
            match is_active {
                true => tracing::warn!(alert = alert.name(), "{}", alert.text(true)),
                false => tracing::info!(alert = alert.name(), "{}", alert.text(false)),
            }
        }
        Ok(())
    }

    async fn tell(&self, pause: &mut WebhookPause) -> StorageResult<()> {
        let Some(webhook) = &self.webhook else { return Ok(()) };
        let AlertSources { store, clock, .. } = &self.sources;
        for state in store.alerts().await? {
            if state.is_active == state.is_told_active || !pause.is_over(clock.monotonic()) {
                continue;
            }
            let attempt = webhook.tell(&state, clock.wall()).await;
            pause.note(&attempt, clock.monotonic());
            if self.telling.note(attempt).is_ok() {
                store.note_told(state.alert, state.is_active).await?;
            }
        }
        Ok(())
    }
}
