//! Estimates what the reports of a month take on the disk, by those of the last days.

use std::{fmt, time::Duration};

use bytesize::ByteSize;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The time whose reports are looked at.
pub(super) const OBSERVED: Duration = Duration::from_secs(7 * DAY.as_secs());

/// What was stored in the last days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RecentStorage {
    /// The number of reports.
    pub(super) reports: u64,
    /// How long ago the first of them arrived.
    pub(super) since_first: Duration,
    /// The mean size of a raw copy, in bytes.
    pub(super) raw_mean: u64,
    /// The mean size of a typed report with its browsers.
    pub(super) typed_mean: u64,
    /// The mean size of what is stored to know a report again.
    pub(super) id_mean: u64,
    /// The size of all numbers of the observed days.
    pub(super) numbers: u64,
}

/// The bytes that a month of 30 days takes, by layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MonthEstimate {
    raw: u64,
    typed: u64,
    ids: u64,
    numbers: u64,
}

impl MonthEstimate {
    /// The estimate; `None` without reports. The reports of less than a day count as those of a day.
    pub(super) fn from_recent(recent: &RecentStorage) -> Option<Self> {
        if recent.reports == 0 {
            return None;
        }
        let observed = recent.since_first.clamp(DAY, OBSERVED).as_secs();
        let a_month = |bytes: u128| {
            let bytes = bytes * 30 * u128::from(DAY.as_secs()) / u128::from(observed);
            u64::try_from(bytes).unwrap_or(u64::MAX)
        };
        let of_reports = |mean: u64| a_month(u128::from(recent.reports) * u128::from(mean));
        Some(Self {
            raw: of_reports(recent.raw_mean),
            typed: of_reports(recent.typed_mean),
            ids: of_reports(recent.id_mean),
            numbers: a_month(recent.numbers.into()),
        })
    }
}

impl fmt::Display for MonthEstimate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { raw, typed, ids, numbers } = *self;
        let all = raw.saturating_add(typed).saturating_add(ids).saturating_add(numbers);
        let [all, raw, typed, ids, numbers] =
            [all, raw, typed, ids, numbers].map(|bytes| ByteSize::b(bytes).display().iec());
        write!(
            formatter,
            "about {all}: {raw} of raw copies, {typed} of typed reports, {ids} of ids, {numbers} of numbers"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_thirty_times_the_mean_day() {
        let recent = RecentStorage {
            reports: 70,
            since_first: OBSERVED,
            raw_mean: 8000,
            typed_mean: 2000,
            id_mean: 400,
            numbers: 7000,
        };
        let cases = [
            (recent, Some([2_400_000, 600_000, 120_000, 30_000])),
            (RecentStorage { reports: 0, ..recent }, None),
            // An hour is no base for a month.
            (
                RecentStorage { reports: 1, since_first: DAY / 24, ..recent },
                Some([240_000, 60_000, 12_000, 210_000]),
            ),
            (RecentStorage { since_first: DAY * 400, ..recent }, Some([2_400_000, 600_000, 120_000, 30_000])),
            (RecentStorage { reports: u64::MAX, numbers: u64::MAX, ..recent }, Some([u64::MAX; 4])),
        ];
        for (recent, expected) in cases {
            let estimate = MonthEstimate::from_recent(&recent);
            let expected =
                expected.map(|[raw, typed, ids, numbers]| MonthEstimate { raw, typed, ids, numbers });
            assert_eq!(estimate, expected, "{recent:?}");
        }
    }

    #[test]
    fn it_is_one_line() {
        let estimate = MonthEstimate { raw: 3 << 30, typed: 1 << 30, ids: 1 << 20, numbers: 1024 };
        assert_eq!(
            estimate.to_string(),
            "about 4.0 GiB: 3.0 GiB of raw copies, 1.0 GiB of typed reports, 1.0 MiB of ids, 1.0 KiB of numbers"
        );
    }
}
