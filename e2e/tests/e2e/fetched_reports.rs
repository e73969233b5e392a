//! Reads and sums up the reports of several servers.

use std::{collections::BTreeMap, time::Duration};

use headcount_harness::{clock::now, processes::HeadcountProcess, wait::eventually};
use headcount_shared::payload::{AlertingIntegration, Payload};
use uuid::Uuid;

use crate::setup::{BrowserTotals, TestSetup};

/// The limit for a report: it waits some seconds for each query to a database that is down.
const PATIENCE: Duration = Duration::from_secs(300);

/// The reports that a collector holds, read once each.
pub(crate) struct FetchedReports<'s> {
    setup: &'s TestSetup,
    collector: &'s HeadcountProcess,
    read: BTreeMap<Uuid, Payload>,
}

impl<'s> FetchedReports<'s> {
    pub(crate) fn of(setup: &'s TestSetup, collector: &'s HeadcountProcess) -> Self {
        Self { setup, collector, read: BTreeMap::new() }
    }

    /// Reads new reports.
    async fn look(&mut self) {
        for stored in self.setup.stored(self.collector).await {
            let id = stored.id.parse().unwrap();
            if !self.read.contains_key(&id) {
                let bytes = self.setup.stored_bytes(self.collector, &stored.id).await;
                self.read.insert(id, serde_json::from_slice(&bytes).unwrap());
            }
        }
    }

    fn sum(&self, counted: impl Fn(&Payload) -> u64) -> u64 {
        self.read.values().map(counted).sum()
    }

    /// Waits for a new report of each instance, and returns the first of each in the order of `instances`.
    pub(crate) async fn round(&mut self, instances: &[Uuid]) -> Vec<Payload> {
        self.round_with_ids(instances).await.into_iter().map(|(_, report)| report).collect()
    }

    /// The same, with the ids of the reports.
    pub(crate) async fn round_with_ids(&mut self, instances: &[Uuid]) -> Vec<(Uuid, Payload)> {
        let begin = now();
        eventually("every server reports", PATIENCE, async || {
            self.look().await;
            instances.iter().map(|&instance| self.first_of(instance, begin)).collect()
        })
        .await
        .unwrap()
    }

    /// The first report of an instance that was made after a second.
    fn first_of(&self, instance: Uuid, second: i64) -> Option<(Uuid, Payload)> {
        let mut reports = self.read.iter();
        let found = reports.find(|(id, report)| report.instance.uuid == instance && made_at(id) > second);
        found.map(|(id, report)| (*id, report.clone()))
    }

    /// The browser totals of an instance in all reports that were read.
    pub(crate) fn totals_of(&self, instance: Uuid) -> BrowserTotals {
        let mut totals = BrowserTotals::default();
        let of_it = self.read.values().filter(|report| report.instance.uuid == instance);
        of_it.for_each(|report| totals.add(report));
        totals
    }

    /// The notifications in all reports that were read.
    pub(crate) fn notifications(&self) -> BTreeMap<AlertingIntegration, u64> {
        let mut sum = BTreeMap::new();
        for (&to, sent) in self.read.values().flat_map(|report| &report.ux.sent_notifications) {
            *sum.entry(to).or_default() += sent;
        }
        sum
    }

    /// Waits until all reports together have the expected number, and until each instance has reported once
    /// more. Fails if the number is larger then.
    pub(crate) async fn add_up(
        &mut self,
        what: &str,
        instances: &[Uuid],
        expected: u64,
        counted: impl Fn(&Payload) -> u64,
    ) {
        eventually(what, PATIENCE, async || {
            self.look().await;
            (self.sum(&counted) >= expected).then_some(())
        })
        .await
        .unwrap();
        self.round(instances).await;
        assert_eq!(self.sum(&counted), expected, "{what}");
    }
}

/// When a report was made, in Unix seconds, from its id.
fn made_at(id: &Uuid) -> i64 {
    let (seconds, _) = id.get_timestamp().unwrap().to_unix();
    seconds.cast_signed()
}
