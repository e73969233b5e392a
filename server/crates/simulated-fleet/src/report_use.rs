//! Says what a report tells about the use of the interface: browsers, screens and page views.

use crate::{
    day_schedule::{ReportingServer, ScheduledReport},
    installation_traits::InstallationTraits,
    known_names::{PAGES, SCREEN_WEIGHTS},
    seeded_chance::{ChancePurpose, SeededChance},
};

/// How much is visited on each day of a week, Monday first, against a Monday.
const DAYS_OF_WEEK: [f64; 7] = [1.0, 1.05, 1.05, 1.0, 0.85, 0.2, 0.18];

/// The mean number of pages in a visit.
const PAGES_IN_VISIT: f64 = 4.0;

/// The probability that a browser is seen at two sizes in a report.
const SECOND_SIZE: f64 = 0.04;

/// The use of the interface that one report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportUse {
    /// The numbers of the browsers, each once, sorted.
    pub(crate) browsers: Vec<u32>,
    /// Browsers by the positions of the sizes of screens.
    pub(crate) screens: [u64; 6],
    /// Views by the positions of [`PAGES`].
    pub(crate) views: [u64; PAGES.len()],
}

/// The sums of the weights of the pages, so that one is found by halving.
#[derive(Debug, Clone)]
pub(crate) struct PagePopularity(Vec<f64>);

impl PagePopularity {
    pub(crate) fn new() -> Self {
        let sums = PAGES.iter().scan(0.0, |sum, (_, weight)| {
            *sum += weight;
            Some(*sum)
        });
        Self(sums.collect())
    }

    fn choose(&self, chance: &mut SeededChance) -> usize {
        let all = self.0.last().copied().unwrap_or_default();
        let place = chance.share() * all;
        self.0.partition_point(|sum| *sum <= place).min(PAGES.len() - 1)
    }
}

impl ReportUse {
    /// What a report of an installation tells. `weekday` is that of the first day of the plan, 0 for Monday.
    pub(crate) fn new(
        seed: u64,
        installation: &InstallationTraits,
        report: &ScheduledReport,
        weekday: u32,
        popularity: &PagePopularity,
    ) -> Self {
        let mut shown = Self { browsers: Vec::new(), screens: [0; 6], views: [0; PAGES.len()] };
        let numbers = report.numbers(installation.number);
        let mut chance = SeededChance::new(seed, ChancePurpose::Use, &numbers);
        let hours = f64::from(report.seconds) / 3600.0;
        let of_server = if report.server == ReportingServer::Leader { 1.0 } else { 0.4 };
        let rate = installation.visits_per_hour * activity(installation, report.time, weekday) * of_server;
        let probability = 1.0 - (-rate * hours).exp();
        // The copy of an installation is used by other people.
        let first = if report.server == ReportingServer::Clone { installation.browsers } else { 0 };
        for browser in first..first + installation.browsers {
            if chance.happens(probability) {
                shown.browsers.push(browser);
                shown.add_visit(seed, installation, browser, popularity, &mut chance);
            }
        }
        shown
    }

    fn add_visit(
        &mut self,
        seed: u64,
        installation: &InstallationTraits,
        browser: u32,
        popularity: &PagePopularity,
        chance: &mut SeededChance,
    ) {
        let numbers = [u64::from(installation.number), u64::from(browser), 0];
        let mut own = SeededChance::new(seed, ChancePurpose::Browser, &numbers);
        let size = own.weighted(SCREEN_WEIGHTS.iter().copied());
        let other = (size + 1) % SCREEN_WEIGHTS.len();
        let sizes = if chance.happens(SECOND_SIZE) { &[size, other][..] } else { &[size] };
        for size in sizes {
            if let Some(count) = self.screens.get_mut(*size) {
                *count += 1;
            }
        }
        for _ in 0..=chance.times(PAGES_IN_VISIT - 1.0) {
            if let Some(count) = self.views.get_mut(popularity.choose(chance)) {
                *count += 1;
            }
        }
    }
}

/// How busy people are at a time, from 0 to about 1: by the hour of their day and the day of their week.
fn activity(installation: &InstallationTraits, time: f64, weekday: u32) -> f64 {
    let local = time - installation.time_zone / 24.0;
    let day = (local.floor() as i64 + i64::from(weekday)).rem_euclid(7);
    let of_day = usize::try_from(day).ok().and_then(|day| DAYS_OF_WEEK.get(day)).copied().unwrap_or(1.0);
    let hour = (local - local.floor()) * 24.0;
    let of_hour = match hour {
        8.0..18.0 => 1.0,
        7.0..8.0 | 18.0..20.0 => 0.4,
        20.0..23.0 => 0.12,
        _ => 0.03,
    };
    of_day * of_hour
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fleet_plan::FleetPlan, release_history::ReleaseHistory};

    fn uses_of_day(day: u32) -> Vec<(f64, ReportUse)> {
        // A Monday.
        let plan = FleetPlan {
            seed: 2,
            installations: 300,
            first_day: "2026-08-31".parse().unwrap(),
            days: 30,
            reports_per_day: 24,
            product: None,
        };
        let releases = ReleaseHistory::new(&plan);
        let popularity = PagePopularity::new();
        let mut uses = Vec::new();
        for number in 0..plan.installations {
            let installation = InstallationTraits::new(plan.seed, number, plan.days, &releases);
            for hour in 0..24_u32 {
                let report = ScheduledReport {
                    server: ReportingServer::Leader,
                    made_at: plan.day(day).start() + u64::from(hour) * 3600,
                    time: f64::from(day) + f64::from(hour) / 24.0,
                    from: plan.day(day).start() + u64::from(hour) * 3600 - 3600,
                    seconds: 3600,
                };
                let shown = ReportUse::new(plan.seed, &installation, &report, 0, &popularity);
                uses.push((f64::from(hour) - installation.time_zone, shown));
            }
        }
        uses
    }

    fn views(uses: &[(f64, ReportUse)]) -> u64 {
        uses.iter().map(|(_, shown)| shown.views.iter().sum::<u64>()).sum()
    }

    #[test]
    fn people_work_on_weekdays_and_by_day() {
        let (tuesday, sunday) = (uses_of_day(8), uses_of_day(13));
        assert!(views(&tuesday) > 3 * views(&sunday), "{} {}", views(&tuesday), views(&sunday));
        let by_hours = |from: f64, to: f64| {
            let of_hours: Vec<_> =
                tuesday.iter().filter(|(local, _)| (from..to).contains(local)).cloned().collect();
            views(&of_hours) as f64 / of_hours.len() as f64
        };
        assert!(by_hours(8.0, 18.0) > 5.0 * by_hours(0.0, 6.0));
    }

    #[test]
    fn popular_pages_and_common_screens_are_seen_most() {
        let uses = uses_of_day(8);
        let page = |page: usize| uses.iter().map(|(_, shown)| shown.views[page]).sum::<u64>();
        assert!(page(0) > page(2) && page(2) > page(12) && page(12) > page(36));
        let screen = |size: usize| uses.iter().map(|(_, shown)| shown.screens[size]).sum::<u64>();
        assert!(screen(3) > screen(2) && screen(4) > screen(0) && screen(5) > 0);
    }

    #[test]
    fn every_browser_has_a_size_and_a_view() {
        for (_, shown) in uses_of_day(8) {
            let browsers = shown.browsers.len() as u64;
            assert!(shown.browsers.is_sorted_by(|a, b| a < b));
            assert!(shown.screens.iter().sum::<u64>() >= browsers);
            assert!(shown.views.iter().sum::<u64>() >= browsers);
        }
    }
}
