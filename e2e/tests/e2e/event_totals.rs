//! Sums up the counted events in all reports, and reads the history in settings.

use std::{collections::BTreeMap, path::Path};

use headcount_harness::{processes::HeadcountProcess, wait::eventually};
use headcount_shared::payload::{AlertingIntegration, Payload};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::setup::{SOON, TestSetup};

/// Rollouts, what they changed, and notifications.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EventTotals {
    pub(crate) deployments: u64,
    pub(crate) summaries: BTreeMap<String, u64>,
    pub(crate) notifications: BTreeMap<AlertingIntegration, u64>,
}

impl EventTotals {
    /// Reads them from a report or a preview.
    pub(crate) fn of(report: &Payload) -> Self {
        let mut totals = Self::default();
        totals.add(report);
        totals
    }

    /// Sums up all reports in a collector.
    pub(crate) async fn in_reports(setup: &TestSetup, collector: &HeadcountProcess) -> Self {
        let mut totals = Self::default();
        for report in setup.stored(collector).await {
            totals.add(&serde_json::from_slice(&setup.stored_bytes(collector, &report.id).await).unwrap());
        }
        totals
    }

    /// Sums up all reports in a collector once nothing is left at the server.
    pub(crate) async fn arrived(
        setup: &TestSetup,
        server: &HeadcountProcess,
        collector: &HeadcountProcess,
    ) -> Self {
        eventually("everything that happened is delivered", SOON, async || {
            let nothing_left = Self::of(&setup.preview(server).await) == Self::default();
            (nothing_left && setup.status(server).await.queued == 0).then_some(())
        })
        .await
        .unwrap();
        Self::in_reports(setup, collector).await
    }

    fn add(&mut self, report: &Payload) {
        self.deployments += report.infra.deployments;
        for (change, count) in &report.infra.deployment_summaries {
            *self.summaries.entry(change.clone()).or_default() += count;
        }
        for (destination, count) in &report.ux.sent_notifications {
            *self.notifications.entry(*destination).or_default() += count;
        }
    }
}

/// The applications of all stored rollouts, one entry for each rollout, sorted.
pub(crate) async fn rolled_out(data_dir: &Path) -> Vec<String> {
    let statement = "SELECT application_id FROM application_deployment ORDER BY application_id";
    sqlx::query_scalar(statement).fetch_all(&mut settings(data_dir).await).await.unwrap()
}

/// The applications of all stored incidents, one entry for each incident, and whether it is over.
pub(crate) async fn incidents(data_dir: &Path) -> Vec<(String, bool)> {
    let statement = "SELECT application_id, resolved_at > 0 FROM incident ORDER BY application_id, opened_at";
    sqlx::query_as(statement).fetch_all(&mut settings(data_dir).await).await.unwrap()
}

async fn settings(data_dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(data_dir.join("db.sqlite")).connect().await.unwrap()
}
