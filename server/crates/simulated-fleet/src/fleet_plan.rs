//! Defines which fleet is invented.

use headcount_fleet::calendar_day::CalendarDay;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most installations of a fleet.
pub const MOST_INSTALLATIONS: u32 = 10_000_000;

/// The most days of a fleet: ten years.
pub const MOST_DAYS: u32 = 3_660;

/// The most reports that a server sends a day: one every five minutes.
pub const MOST_REPORTS_PER_DAY: u32 = 288;

/// Which fleet is invented. Equal plans give equal fleets, to the last byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetPlan {
    /// Everything depends on it.
    pub seed: u64,
    /// The installations that there are in all days together; some join late, and some leave early.
    pub installations: u32,
    /// The first day with reports.
    pub first_day: CalendarDay,
    /// The number of days.
    pub days: u32,
    /// The reports that a server sends a day, at equal distances.
    pub reports_per_day: u32,
    /// The product that reports name; `None` for reports without a name.
    pub product: Option<String>,
}

/// Why there is no fleet of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidFleetPlan {
    /// The number of installations.
    #[error("a simulated fleet has 1 to {MOST_INSTALLATIONS} installations, not {0}")]
    Installations(u32),
    /// The number of days.
    #[error("a simulated fleet has 1 to {MOST_DAYS} days, not {0}")]
    Days(u32),
    /// The number of reports a day.
    #[error("a simulated installation sends 1 to {MOST_REPORTS_PER_DAY} reports a day, not {0}")]
    ReportsPerDay(u32),
    /// The last day.
    #[error("a simulated fleet ends before the year 9999, but {days} days from {first_day} on do not")]
    LastDay {
        /// The first day.
        first_day: CalendarDay,
        /// The number of days.
        days: u32,
    },
}

impl FleetPlan {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`InvalidFleetPlan`], for a number outside its bounds.
    pub fn check(&self) -> Result<(), InvalidFleetPlan> {
        let Self { installations, first_day, days, reports_per_day, .. } = *self;
        if !(1..=MOST_INSTALLATIONS).contains(&installations) {
            return Err(InvalidFleetPlan::Installations(installations));
        }
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(InvalidFleetPlan::Days(days));
        }
        if !(1..=MOST_REPORTS_PER_DAY).contains(&reports_per_day) {
            return Err(InvalidFleetPlan::ReportsPerDay(reports_per_day));
        }
        if first_day.plus_days(days).days_since(first_day) != days {
            return Err(InvalidFleetPlan::LastDay { first_day, days });
        }
        Ok(())
    }

    /// The seconds from a report of a server to its next one.
    pub(crate) const fn report_seconds(&self) -> u32 {
        24 * 60 * 60 / self.reports_per_day
    }

    /// The day `offset` days after the first one.
    pub(crate) fn day(&self, offset: u32) -> CalendarDay {
        self.first_day.plus_days(offset)
    }

    /// How many days after the first one a day of the plan is; `None` for a day outside it.
    pub(crate) fn offset(&self, day: CalendarDay) -> Option<u32> {
        let offset = day.days_since(self.first_day);
        (day >= self.first_day && offset < self.days).then_some(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> FleetPlan {
        FleetPlan {
            seed: 1,
            installations: 1,
            first_day: CalendarDay::from_unix_seconds(0),
            days: 1,
            reports_per_day: 1,
            product: None,
        }
    }

    #[test]
    fn a_number_outside_its_bounds_is_refused_and_named() {
        let last: CalendarDay = "9999-12-31".parse().unwrap();
        for (refused, sentence) in [
            (
                FleetPlan { installations: 0, ..plan() },
                "a simulated fleet has 1 to 10000000 installations, not 0",
            ),
            (
                FleetPlan { installations: MOST_INSTALLATIONS + 1, ..plan() },
                "a simulated fleet has 1 to 10000000 installations, not 10000001",
            ),
            (FleetPlan { days: 0, ..plan() }, "a simulated fleet has 1 to 3660 days, not 0"),
            (FleetPlan { days: 3661, ..plan() }, "a simulated fleet has 1 to 3660 days, not 3661"),
            (
                FleetPlan { reports_per_day: 289, ..plan() },
                "a simulated installation sends 1 to 288 reports a day, not 289",
            ),
            (
                FleetPlan { first_day: last, days: 2, ..plan() },
                "a simulated fleet ends before the year 9999, but 2 days from 9999-12-31 on do not",
            ),
        ] {
            assert_eq!(refused.check().unwrap_err().to_string(), sentence);
        }
        assert_eq!(plan().check(), Ok(()));
    }

    #[test]
    fn a_day_outside_the_plan_has_no_offset() {
        let plan = FleetPlan { first_day: "2026-11-01".parse().unwrap(), days: 3, ..plan() };
        for (day, offset) in
            [("2026-10-31", None), ("2026-11-01", Some(0)), ("2026-11-03", Some(2)), ("2026-11-04", None)]
        {
            assert_eq!(plan.offset(day.parse().unwrap()), offset, "{day}");
        }
    }
}
