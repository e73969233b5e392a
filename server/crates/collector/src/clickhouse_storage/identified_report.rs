//! Names a report in tables: by hashes of its installation, its id and its content.

use super::{ClickHouseStorage, PLACE_SHIFT, known_context::KnownId, week_of};
use crate::{prepared_report::ReportPeriod, report_day::ReportMoment, report_store::IncomingReport};

/// What stands for an installation without a commitment.
pub(super) const NO_COMMITMENT: [u8; 32] = [0; 32];

/// A report with what identifies it in tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdentifiedReport<'a> {
    pub(super) arrived: &'a IncomingReport,
    /// The product that it counts as.
    pub(super) product: &'a str,
    /// The keyed hash of its installation.
    pub(super) instance: u64,
    /// The keyed hash of its id.
    pub(super) number: u64,
    /// The beginning of its digest.
    pub(super) content: u64,
    /// When it arrived, in Unix seconds.
    pub(super) received_at: u64,
    pub(super) moment: ReportMoment,
    /// Its place in the order of arrival.
    pub(super) place: u64,
    /// Whether it is of a replica that another one speaks for.
    pub(super) replica: bool,
    /// The hash of its commitment; [`NO_COMMITMENT`] without one.
    pub(super) commitment: [u8; 32],
}

impl<'a> IdentifiedReport<'a> {
    /// Names a report that arrives now.
    pub(super) fn new(storage: &ClickHouseStorage, arrived: &'a IncomingReport, product: &'a str) -> Self {
        let report = &arrived.report;
        let content = report.digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self {
            arrived,
            product,
            instance: storage.keys.installation(report.instance).0,
            number: storage.keys.report_number(&arrived.id),
            content,
            received_at: arrived.at.at,
            moment: ReportMoment::new(&arrived.id, arrived.at.at),
            place: storage.places.next(arrived.at.at),
            replica: arrived.replica,
            commitment: arrived.commitment.unwrap_or(NO_COMMITMENT),
        }
    }

    /// The same report as it was stored first, for rows that are equal to those that are there. Headers of a
    /// repeat may differ.
    pub(super) fn as_stored<'b>(&self, stored: &'b KnownId) -> IdentifiedReport<'b>
    where
        'a: 'b,
    {
        let KnownId { place, replica, ref product, .. } = *stored;
        let received_at = place >> PLACE_SHIFT;
        let moment = ReportMoment::new(&self.arrived.id, received_at);
        IdentifiedReport { place, received_at, moment, product, replica, ..*self }
    }

    /// The day that it counts in.
    pub(super) fn day(&self) -> u32 {
        self.moment.day.days_since_epoch()
    }

    /// The week of its arrival.
    pub(super) fn week(&self) -> u32 {
        week_of(self.received_at)
    }

    /// Its period, if it is compared with those of others.
    pub(super) fn compared_period(&self) -> Option<ReportPeriod> {
        self.arrived.report.period.filter(|_| !self.replica)
    }
}
