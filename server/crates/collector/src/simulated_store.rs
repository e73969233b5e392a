//! Fills a collector with the reports of a simulated fleet, as if they had arrived over time.

use std::{ops::Range, sync::Arc};

use headcount_fleet::{calendar_day::CalendarDay, installation_day::InstallationDays};
use headcount_simulated_fleet::simulated_fleet::{SimulatedFleet, SimulatedReport};
use thiserror::Error;
use tokio::task::{self, JoinSet};

use super::{
    Collector, DEFAULT_PRODUCT, IngestError,
    fleet_rollup::RollupError,
    fleet_storage::StorageError,
    prepared_report::{compress, prepare_validated},
    report_store::{BlockLayer, IncomingReport, NewBlock, ONLY_BLOCK},
    set_aside::SetAsideCounts,
    storage_quota::QuotaBooking,
    trusted_time::TrustedMoment,
    validated_report::ValidatedReport,
};

/// The installations whose reports are made together.
const INSTALLATIONS_AT_ONCE: u32 = 64;

/// The groups of installations that are made at the same time.
const GROUPS_AT_ONCE: usize = 4;

/// Why a collector cannot be filled.
#[derive(Debug, Error)]
pub enum FillError {
    /// The store fails.
    #[error("the reports cannot be stored: {0}")]
    Storage(#[from] StorageError),
    /// The numbers cannot be computed.
    #[error("the numbers cannot be computed: {0}")]
    Rollup(String),
    /// A report cannot be made.
    #[error("a report cannot be made: {0}")]
    Report(#[from] IngestError),
    /// The work was interrupted.
    #[error("the work was interrupted")]
    Interrupted,
}

impl From<RollupError> for FillError {
    fn from(error: RollupError) -> Self {
        Self::Rollup(error.to_string())
    }
}

impl Collector {
    /// Stores the reports of one day of a simulated fleet, and computes the numbers of the day. With `keep_raw` they are
    /// stored as they would have been sent, too. Returns how many there are.
    ///
    /// # Errors
    /// Every [`FillError`]; what was stored until then stays.
    pub async fn fill_day(
        &self,
        fleet: &Arc<SimulatedFleet>,
        day: CalendarDay,
        keep_raw: bool,
    ) -> Result<u64, FillError> {
        let inner = self.inner.as_ref();
        // A day is computed from all of its reports: none may be dropped before.
        let _pause = inner.pruner.pause().await;
        // A day that is due would be released without the reports that are not stored yet, for good.
        let rollup = inner.rollup.take_turn().await;
        let all: u32 = fleet.plan().installations;
        let mut groups = (0..all)
            .step_by(INSTALLATIONS_AT_ONCE as usize)
            .map(|first| first..first.saturating_add(INSTALLATIONS_AT_ONCE).min(all));
        let (mut made, mut stored) = (JoinSet::new(), 0);
        loop {
            while made.len() < GROUPS_AT_ONCE {
                let Some(group) = groups.next() else { break };
                let fleet = Arc::clone(fleet);
                made.spawn_blocking(move || reports_of_group(&fleet, group, day, keep_raw));
            }
            let Some(reports) = made.join_next().await else { break };
            let reports = reports.map_err(|_| FillError::Interrupted)??;
            inner.store.add(&reports, keep_raw, QuotaBooking::without_limits()).await?;
            stored += reports.len() as u64;
            task::yield_now().await;
        }
        rollup.compute_changed_days().await?;
        Ok(stored)
    }

    /// Replaces the installations of each of these days, so that those of a large fleet can be asked for
    /// without their reports.
    ///
    /// # Errors
    /// Every [`FillError`]; what was replaced until then stays.
    pub async fn replace_installations(
        &self,
        days: impl Iterator<Item = CalendarDay>,
        installations: &InstallationDays,
    ) -> Result<(), FillError> {
        let bytes = installations.encode().map_err(RollupError::from)?;
        let now = self.now().as_secs();
        for day in days {
            let (layer, name) = (BlockLayer::Installations, ONLY_BLOCK.to_owned());
            let block = NewBlock { layer, day, name, block: bytes.clone() };
            self.inner.store.replace_blocks(DEFAULT_PRODUCT, &[block], None, now).await?;
        }
        Ok(())
    }
}

fn reports_of_group(
    fleet: &SimulatedFleet,
    group: Range<u32>,
    day: CalendarDay,
    keep_raw: bool,
) -> Result<Vec<IncomingReport>, IngestError> {
    let mut reports: Vec<_> =
        group.flat_map(|installation| fleet.reports_of_installation(installation, day)).collect();
    // As they would have arrived.
    reports.sort_by_key(|report| report.made_at);
    reports.into_iter().map(|report| incoming(report, keep_raw)).collect()
}

fn incoming(report: SimulatedReport, keep_raw: bool) -> Result<IncomingReport, IngestError> {
    let SimulatedReport { id, made_at, payload, is_replica, product, .. } = report;
    let text = serde_json::to_vec(&payload).map_err(|_| IngestError::Failed)?;
    let raw = if keep_raw { compress(&text).map_err(|_| IngestError::Failed)? } else { Vec::new() };
    let validated = ValidatedReport { payload, names_database: true, set_aside: SetAsideCounts::default() };
    Ok(IncomingReport {
        id: id.to_string(),
        product: product.unwrap_or_else(|| DEFAULT_PRODUCT.to_owned()),
        at: TrustedMoment { at: made_at, doubted: false },
        replica: is_replica,
        prefix: None,
        commitment: None,
        report: prepare_validated(validated, &text, raw)?,
    })
}
