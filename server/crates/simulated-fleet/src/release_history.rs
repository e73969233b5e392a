//! Says which versions there are, when each is released, and what each makes worse.

use crate::fleet_plan::FleetPlan;

/// The days between two releases.
const RELEASE_DAYS: u32 = 28;

/// The day of the plan on which the first release within it comes out.
const FIRST_RELEASE_DAY: u32 = 10;

/// The releases that are older than the plan.
const EARLIER_RELEASES: usize = 8;

/// The first release whose reports have a commitment for deletion.
const FIRST_WITH_COMMITMENT: usize = EARLIER_RELEASES - 3;

/// The query that one release makes slower.
pub(crate) const SLOWER_QUERY: &str = "inbound_latency";

/// The stage that the same release makes slower.
pub(crate) const SLOWER_STAGE: &str = "load_containers";

/// The function that the release after it makes more expensive.
pub(crate) const DEARER_FUNCTION: &str = "headcount_topology::constructor::enrich_instances::run";

const SLOWER_QUERY_BY: f64 = 1.8;
const SLOWER_STAGE_BY: f64 = 1.6;
const DEARER_FUNCTION_BY: f64 = 1.1;

/// A release, by its position among all: the oldest one is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReleaseNumber(pub(crate) usize);

/// All releases.
#[derive(Debug, Clone)]
pub(crate) struct ReleaseHistory {
    names: Vec<String>,
}

/// The release that makes a query and a stage slower: the first one within the plan.
pub(crate) const SLOWER_RELEASE: ReleaseNumber = ReleaseNumber(EARLIER_RELEASES);

/// The release that makes a function more expensive: the second one within the plan.
pub(crate) const DEARER_RELEASE: ReleaseNumber = ReleaseNumber(EARLIER_RELEASES + 1);

impl ReleaseNumber {
    /// The day of the release, counted from the first of the plan.
    pub(crate) fn day(self) -> f64 {
        (self.0 as f64 - EARLIER_RELEASES as f64) * f64::from(RELEASE_DAYS) + f64::from(FIRST_RELEASE_DAY)
    }

    /// Whether its reports have a commitment for deletion.
    pub(crate) const fn has_commitment(self) -> bool {
        self.0 >= FIRST_WITH_COMMITMENT
    }

    /// How much slower a query is than in the first release. Every release makes all queries a little quicker.
    pub(crate) fn query_factor(self, query: &str) -> f64 {
        let slower = if query == SLOWER_QUERY && self >= SLOWER_RELEASE { SLOWER_QUERY_BY } else { 1.0 };
        slower * 0.99_f64.powi(self.0.min(40) as i32)
    }

    /// How much slower a stage is than in the first release.
    pub(crate) fn stage_factor(self, stage: &str) -> f64 {
        if stage == SLOWER_STAGE && self >= SLOWER_RELEASE { SLOWER_STAGE_BY } else { 1.0 }
    }

    /// How much more expensive a function is than in the first release.
    pub(crate) fn function_factor(self, function: &str) -> f64 {
        if function == DEARER_FUNCTION && self >= DEARER_RELEASE { DEARER_FUNCTION_BY } else { 1.0 }
    }
}

impl ReleaseHistory {
    /// The releases until the end of a plan.
    pub(crate) fn new(plan: &FleetPlan) -> Self {
        let within = plan.days.saturating_sub(FIRST_RELEASE_DAY).div_ceil(RELEASE_DAYS) as usize;
        let names = (1..=EARLIER_RELEASES + within).map(|minor| format!("1.{minor}.0"));
        Self { names: names.collect() }
    }

    /// The releases, the oldest first.
    pub(crate) fn releases(&self) -> impl DoubleEndedIterator<Item = ReleaseNumber> + use<> {
        (0..self.names.len()).map(ReleaseNumber)
    }

    /// The version of a release.
    pub(crate) fn version(&self, release: ReleaseNumber) -> &str {
        self.names.get(release.0).map_or("", String::as_str)
    }

    /// The newest release on a day, counted from the first of the plan; the oldest before all.
    pub(crate) fn newest_on(&self, day: f64) -> ReleaseNumber {
        self.releases().rev().find(|release| release.day() <= day).unwrap_or(ReleaseNumber(0))
    }

    /// What releases make worse: the measure, its name, the release and the factor.
    pub(crate) fn regressions(&self) -> Vec<(&'static str, &'static str, ReleaseNumber, f64)> {
        let all = [
            ("query", SLOWER_QUERY, SLOWER_RELEASE, SLOWER_QUERY_BY),
            ("stage", SLOWER_STAGE, SLOWER_RELEASE, SLOWER_STAGE_BY),
            ("function", DEARER_FUNCTION, DEARER_RELEASE, DEARER_FUNCTION_BY),
        ];
        all.into_iter().filter(|(_, _, release, _)| release.0 < self.names.len()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use headcount_fleet::calendar_day::CalendarDay;

    use super::*;
    use crate::known_names::{function_names, query_names, stage_names};

    /// The releases of a plan of so many days.
    pub(crate) fn history(days: u32) -> ReleaseHistory {
        ReleaseHistory::new(&FleetPlan {
            seed: 1,
            installations: 1,
            first_day: CalendarDay::from_unix_seconds(0),
            days,
            reports_per_day: 1,
            product: None,
        })
    }

    #[test]
    fn a_release_comes_out_every_four_weeks() {
        for (days, releases) in [(1, 8), (10, 8), (11, 9), (38, 9), (39, 10), (90, 11)] {
            assert_eq!(history(days).releases().count(), releases, "{days}");
        }
        let history = history(90);
        for (day, version) in
            [(-1000.0, "1.1.0"), (0.0, "1.8.0"), (9.9, "1.8.0"), (10.0, "1.9.0"), (89.0, "1.11.0")]
        {
            assert_eq!(history.version(history.newest_on(day)), version, "{day}");
        }
    }

    #[test]
    fn what_a_release_makes_worse_exists_and_stays_worse() {
        assert!(query_names().any(|name| name == SLOWER_QUERY));
        assert!(stage_names().any(|name| name == SLOWER_STAGE));
        assert!(function_names().any(|name| name == DEARER_FUNCTION));
        assert_eq!(history(90).regressions().len(), 3);
        assert_eq!(history(20).regressions().len(), 2);
        let before = ReleaseNumber(SLOWER_RELEASE.0 - 1);
        assert!(
            SLOWER_RELEASE.query_factor(SLOWER_QUERY) > before.query_factor(SLOWER_QUERY) * 1.7
                && before.query_factor("up") > SLOWER_RELEASE.query_factor("up")
        );
        assert!(DEARER_RELEASE.stage_factor(SLOWER_STAGE) > before.stage_factor(SLOWER_STAGE));
        assert!(
            DEARER_RELEASE.function_factor(DEARER_FUNCTION) > before.function_factor(DEARER_FUNCTION)
                && before.function_factor("main") >= DEARER_RELEASE.function_factor("main")
        );
    }
}
