//! Finds what is known of the reports of a group: their ids, their installations, and the periods of others.

use std::collections::{HashMap, HashSet};

use headcount_clickhouse::sql_literal;

use super::{
    ClickHouseStorage, grouped,
    identified_report::{IdentifiedReport, NO_COMMITMENT},
    list_of,
    table_definitions::{INSTALLATIONS, REPORT_IDS, REPORTS},
};
use crate::{
    fleet_storage::StorageResult,
    prepared_report::{ReportDigest, ReportPeriod},
    report_store::StoreOutcome,
};

/// The days around that of a report whose reports are compared for an overlap.
const COMPARED_DAYS: u32 = 1;

/// What is stored under an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KnownId {
    pub(super) place: u64,
    pub(super) instance: u64,
    pub(super) digest: ReportDigest,
    pub(super) day: u32,
    pub(super) product: String,
    pub(super) replica: bool,
    pub(super) overlaps: bool,
}

/// An installation with a commitment in a week.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownInstallation {
    pub(super) week: u32,
    pub(super) commitment: [u8; 32],
    pub(super) place: u64,
    pub(super) first_seen: u64,
}

/// What ClickHouse knows of the reports of a group.
#[derive(Debug, Default)]
pub(super) struct KnownContext {
    pub(super) ids: HashMap<u64, KnownId>,
    pub(super) buried: HashSet<u64>,
    pub(super) installations: HashMap<u64, Vec<KnownInstallation>>,
    /// The periods of the reports of installations, with their numbers.
    pub(super) periods: HashMap<u64, Vec<(u64, ReportPeriod)>>,
}

impl KnownContext {
    /// The outcome of a report that is not to be stored; `None` for a new one.
    pub(super) fn outcome(&self, report: &IdentifiedReport<'_>) -> Option<StoreOutcome> {
        if self.buried.contains(&report.instance) {
            return Some(StoreOutcome::Deleted);
        }
        let known = self.ids.get(&report.number)?;
        let is_same = known.instance == report.instance && known.digest == report.arrived.report.digest;
        Some(if is_same { StoreOutcome::Duplicate } else { StoreOutcome::Conflict })
    }

    pub(super) fn overlaps(&self, report: &IdentifiedReport<'_>) -> bool {
        let Some(ReportPeriod { from, to }) = report.compared_period() else { return false };
        let others = self.periods.get(&report.instance).into_iter().flatten();
        others
            .into_iter()
            .any(|(number, other)| *number != report.number && other.from < to && from < other.to)
    }

    /// The first commitment of an installation.
    pub(super) fn first_commitment(&self, instance: u64) -> Option<[u8; 32]> {
        let known = self.installations.get(&instance)?.iter();
        let known = known.filter(|known| known.commitment != NO_COMMITMENT);
        known.min_by_key(|known| (known.place, known.commitment)).map(|known| known.commitment)
    }

    /// Notes a report of the same group.
    pub(super) fn note(&mut self, report: &IdentifiedReport<'_>) {
        let overlaps = self.overlaps(report);
        let IdentifiedReport { place, instance, arrived, product, replica, .. } = *report;
        let (digest, day, product) = (arrived.report.digest, report.day(), product.to_owned());
        let known = KnownId { place, instance, digest, day, product, replica, overlaps };
        self.ids.insert(report.number, known);
        if let Some(period) = report.compared_period() {
            self.periods.entry(report.instance).or_default().push((report.number, period));
        }
    }

    /// The row to store for the installation of a report, if this week has none with its commitment.
    pub(super) fn missing_installation(
        &mut self,
        report: &IdentifiedReport<'_>,
    ) -> Option<KnownInstallation> {
        let (week, commitment) = (report.week(), report.commitment);
        let known = self.installations.entry(report.instance).or_default();
        let is_same = |known: &&KnownInstallation| known.commitment == commitment;
        if known.iter().filter(is_same).any(|known| known.week == week) {
            return None;
        }
        // A commitment that comes after another one of the same second is later.
        let latest = known.iter().map(|known| known.place).max();
        let new_place = || latest.map_or(report.place, |latest| report.place.max(latest + 1));
        let row = KnownInstallation {
            week,
            commitment,
            place: known.iter().filter(is_same).map(|known| known.place).min().unwrap_or_else(new_place),
            first_seen: known
                .iter()
                .map(|known| known.first_seen)
                .min()
                .map_or(report.arrived.at.at, |first| first.min(report.arrived.at.at)),
        };
        known.push(row);
        Some(row)
    }
}

impl ClickHouseStorage {
    /// What is known of a group.
    pub(super) async fn context_of(&self, reports: &[IdentifiedReport<'_>]) -> StorageResult<KnownContext> {
        if reports.is_empty() {
            return Ok(KnownContext::default());
        }
        let instances: HashSet<_> = reports.iter().map(|report| report.instance).collect();
        let (ids, buried, installations, periods) = tokio::try_join!(
            self.known_ids(reports),
            self.buried_among(&instances),
            self.known_installations(&instances),
            self.known_periods(reports),
        )?;
        Ok(KnownContext { ids, buried, installations, periods })
    }

    async fn known_ids(&self, reports: &[IdentifiedReport<'_>]) -> StorageResult<HashMap<u64, KnownId>> {
        let select = format!(
            "SELECT number, place, instance, digest, day, product, replica, overlaps FROM {} WHERE number IN ({})",
            REPORT_IDS.name,
            list_of(reports.iter().map(|report| report.number))
        );
        let mut known: HashMap<u64, KnownId> = HashMap::new();
        type Row = (u64, u64, u64, ReportDigest, u32, String, u8, u8);
        for (number, place, instance, digest, day, product, replica, overlaps) in
            self.client.query::<Row>(&select).await?
        {
            let (replica, overlaps) = (replica != 0, overlaps != 0);
            let row = KnownId { place, instance, digest, day, product, replica, overlaps };
            if known.get(&number).is_none_or(|first| row < *first) {
                known.insert(number, row);
            }
        }
        Ok(known)
    }

    async fn known_installations(
        &self,
        instances: &HashSet<u64>,
    ) -> StorageResult<HashMap<u64, Vec<KnownInstallation>>> {
        let select = format!(
            "SELECT instance, week, commitment, place, first_seen FROM {} WHERE instance IN ({})",
            INSTALLATIONS.name,
            list_of(instances)
        );
        let rows = self.client.query::<(u64, u32, [u8; 32], u64, u64)>(&select).await?;
        Ok(grouped(rows.into_iter().map(|(instance, week, commitment, place, first_seen)| {
            (instance, KnownInstallation { week, commitment, place, first_seen })
        })))
    }

    /// The periods of stored reports of the same installations and days.
    async fn known_periods(
        &self,
        reports: &[IdentifiedReport<'_>],
    ) -> StorageResult<HashMap<u64, Vec<(u64, ReportPeriod)>>> {
        let compared: Vec<_> = reports.iter().filter(|report| report.compared_period().is_some()).collect();
        let days = compared.iter().map(|report| report.day());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(HashMap::new()) };
        let products: HashSet<_> = compared.iter().map(|report| report.product).collect();
        let select = format!(
            "SELECT DISTINCT instance, number, period_from, period_to FROM {} WHERE day BETWEEN {} AND {} \
             AND product IN ({}) AND instance IN ({}) AND replica = 0 AND period_to > 0",
            REPORTS.name,
            first.saturating_sub(COMPARED_DAYS),
            last.saturating_add(COMPARED_DAYS),
            list_of(products.into_iter().map(sql_literal)),
            list_of(compared.iter().map(|report| report.instance)),
        );
        let rows = self.client.query::<(u64, u64, i64, i64)>(&select).await?;
        let period = |(instance, number, from, to)| (instance, (number, ReportPeriod { from, to }));
        Ok(grouped(rows.into_iter().map(period)))
    }
}
