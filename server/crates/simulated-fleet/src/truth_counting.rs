//! Counts what is true about a fleet, installation by installation and day by day.

use std::collections::BTreeMap;

use headcount_fleet::{calendar_day::CalendarDay, size_class::SizeClass};

use crate::{
    day_schedule::{ReportingServer, ScheduledReport, reports_of_day},
    fleet_plan::FleetPlan,
    fleet_truth::{
        CountsByName, DayTruth, FleetTruth, GroupTruth, RegressionTruth, ReleaseTruth, RetentionTruth,
        SizeTruth, UseTruth,
    },
    installation_traits::InstallationTraits,
    known_names::{
        CLOUDS, FLAGS, INSPECTIONS, PAGES, SERVICES, SIZES, SUMMARIES, WeightedName, alerting_name,
        screen_name,
    },
    release_history::{ReleaseHistory, ReleaseNumber},
    report_state::{SimulatedReportState, positions},
    simulated_fleet::SimulatedFleet,
};

/// After so many days without a report an installation is gone.
const GONE_AFTER: usize = 30;

/// What is true about a fleet.
pub(crate) fn count(fleet: &SimulatedFleet) -> FleetTruth {
    let plan = fleet.plan();
    let mut days: Vec<_> = (0..plan.days).map(|_| DayCount::default()).collect();
    let mut activity = ActivityCount::new(plan);
    let mut cloned_installations = 0;
    for number in 0..plan.installations {
        let installation = fleet.installation(number);
        let mut active = vec![false; days.len()];
        let mut commitments = [false; 2];
        for ((offset, count), is_active) in (0..).zip(&mut days).zip(&mut active) {
            let reports = reports_of_day(plan, &installation, offset);
            *is_active = count.add_installation(fleet, &installation, &reports, &mut commitments);
        }
        activity.add(&active);
        cloned_installations += u64::from(commitments == [true; 2]);
    }
    let days: Vec<_> = days.into_iter().map(|count| count.finish(fleet.releases())).collect();
    let days = activity.finish_days(days);
    FleetTruth {
        plan: plan.clone(),
        reports: days.iter().map(|day| day.reports).sum(),
        replica_reports: days.iter().map(|day| day.replica_reports).sum(),
        installations: days.iter().map(|day| day.new).sum(),
        cloned_installations,
        releases: releases(plan, fleet.releases()),
        regressions: regressions(fleet.releases()),
        changed_functions: fleet.stacks().changed_functions(fleet.releases()),
        days,
        retention: activity.retention(),
    }
}

fn releases(plan: &FleetPlan, releases: &ReleaseHistory) -> Vec<ReleaseTruth> {
    let release = |release: ReleaseNumber| {
        let offset = release.day() as i64;
        let days = u32::try_from(offset.unsigned_abs()).unwrap_or(0);
        let first = plan.first_day;
        let day = if offset < 0 { first.minus_days(days) } else { first.plus_days(days) };
        ReleaseTruth { version: releases.version(release).to_owned(), day: day.to_string() }
    };
    releases.releases().map(release).collect()
}

fn regressions(releases: &ReleaseHistory) -> Vec<RegressionTruth> {
    let regression = |(kind, name, release, factor): (&str, &str, ReleaseNumber, f64)| RegressionTruth {
        kind: kind.to_owned(),
        name: name.to_owned(),
        version: releases.version(release).to_owned(),
        percent_of_before: (factor * 100.0).round() as u64,
    };
    releases.regressions().into_iter().map(regression).collect()
}

/// Installations and amounts by position in a list of names.
#[derive(Debug)]
struct UseCount<const N: usize>([UseTruth; N]);

impl<const N: usize> Default for UseCount<N> {
    fn default() -> Self {
        Self([UseTruth::default(); N])
    }
}

impl<const N: usize> UseCount<N> {
    /// Adds the amounts of an installation.
    fn add(&mut self, amounts: &[u64; N], is_active: bool) {
        for (sum, amount) in self.0.iter_mut().zip(amounts).filter(|(_, amount)| **amount > 0) {
            sum.amount += amount;
            sum.installations += u64::from(is_active);
        }
    }

    fn finish<'a>(&self, names: impl Iterator<Item = &'a str>) -> BTreeMap<String, UseTruth> {
        let used = names.zip(&self.0).filter(|(_, sums)| sums.amount > 0);
        used.map(|(name, sums)| (name.to_owned(), *sums)).collect()
    }
}

/// Installations by position in a list of names.
#[derive(Debug)]
struct SetCount([u64; 64]);

impl Default for SetCount {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl SetCount {
    fn add(&mut self, set: u64) {
        for position in positions(set) {
            if let Some(count) = self.0.get_mut(position) {
                *count += 1;
            }
        }
    }

    fn finish<'a>(&self, names: impl Iterator<Item = &'a str>) -> CountsByName {
        let counted = names.zip(&self.0).filter(|(_, count)| **count > 0);
        counted.map(|(name, count)| (name.to_owned(), *count)).collect()
    }
}

/// A day while its installations are counted.
#[derive(Debug, Default)]
struct DayCount {
    reports: u64,
    replica_reports: u64,
    reports_by_release: BTreeMap<ReleaseNumber, u64>,
    groups: BTreeMap<(ReleaseNumber, bool, SizeClass), (u64, u64)>,
    flags: SetCount,
    clouds: SetCount,
    services: SetCount,
    instrumented: SetCount,
    alerting: SetCount,
    overrides: UseCount<{ INSPECTIONS.len() }>,
    pages: UseCount<{ PAGES.len() }>,
    screens: UseCount<6>,
    browsers: u64,
    notifications: UseCount<5>,
    deployments: UseCount<1>,
    summaries: UseCount<{ SUMMARIES.len() }>,
    /// How many installations have which value, by size.
    sizes: [BTreeMap<u64, u64>; 5],
}

/// The reports of one installation on one day, combined.
#[derive(Debug, Default)]
struct CombinedReports {
    reports: u64,
    /// The release, and whether the database is PostgreSQL, of the last report.
    last: Option<(ReleaseNumber, bool)>,
    flags: u64,
    clouds: u64,
    services: u64,
    instrumented: u64,
    alerting: u64,
    sizes: [u64; 5],
    overrides: [u64; INSPECTIONS.len()],
    notifications: [u64; 5],
    deployments: u64,
    summaries: [u64; SUMMARIES.len()],
}

impl CombinedReports {
    /// Adds a report of a server that speaks for the installation, later than all before.
    fn add(&mut self, state: &SimulatedReportState) {
        self.reports += 1;
        self.last = Some((state.release, state.is_postgres));
        for (position, _) in state.flags.iter().enumerate().filter(|(_, is_on)| **is_on) {
            self.flags |= 1 << position;
        }
        self.clouds |= state.clouds;
        self.services |= state.services;
        self.instrumented |= state.instrumented;
        self.alerting |= state.alerting;
        for (largest, size) in self.sizes.iter_mut().zip(state.sizes) {
            *largest = size.max(*largest);
        }
        for (inspection, projects, applications) in &state.overrides {
            if let Some(largest) = self.overrides.get_mut(*inspection) {
                *largest = (*largest).max(projects + applications);
            }
        }
        add_all(&mut self.notifications, &state.notifications);
        self.deployments += state.deployments;
        add_all(&mut self.summaries, &state.summaries);
    }
}

fn add_all<const N: usize>(sums: &mut [u64; N], values: &[u64; N]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

impl DayCount {
    /// Adds the reports of an installation, by time. Tells whether it was active, and notes which commitments it sent.
    fn add_installation(
        &mut self,
        fleet: &SimulatedFleet,
        installation: &InstallationTraits,
        reports: &[ScheduledReport],
        commitments: &mut [bool; 2],
    ) -> bool {
        let mut combined = CombinedReports::default();
        let mut views = [0; PAGES.len()];
        let mut screens = [0; 6];
        let mut browsers = Vec::new();
        for report in reports {
            let state = SimulatedReportState::new(fleet.plan().seed, installation, report);
            self.reports += 1;
            *self.reports_by_release.entry(state.release).or_default() += 1;
            let [own, of_clone] = commitments;
            let commitment = if report.server == ReportingServer::Clone { of_clone } else { own };
            *commitment |= state.release.has_commitment();
            if report.server == ReportingServer::Replica {
                self.replica_reports += 1;
            } else {
                combined.add(&state);
            }
            let shown = fleet.report_use(installation, report);
            add_all(&mut views, &shown.views);
            for (most, of_report) in screens.iter_mut().zip(shown.screens) {
                *most = of_report.max(*most);
            }
            browsers.extend(shown.browsers);
        }
        browsers.sort_unstable();
        browsers.dedup();
        let is_active = combined.reports > 0;
        self.browsers += browsers.len() as u64;
        self.pages.add(&views, is_active);
        self.screens.add(&screens, is_active);
        self.add_combined(&combined);
        is_active
    }

    fn add_combined(&mut self, combined: &CombinedReports) {
        let Some((release, is_postgres)) = combined.last else { return };
        let [_, _, nodes, _, _] = combined.sizes;
        let group = self.groups.entry((release, is_postgres, SizeClass::of_nodes(nodes))).or_default();
        group.0 += 1;
        group.1 += combined.reports;
        self.flags.add(combined.flags);
        self.clouds.add(combined.clouds);
        self.services.add(combined.services);
        self.instrumented.add(combined.instrumented);
        self.alerting.add(combined.alerting);
        self.overrides.add(&combined.overrides, true);
        self.notifications.add(&combined.notifications, true);
        self.deployments.add(&[combined.deployments], true);
        self.summaries.add(&combined.summaries, true);
        for (counts, size) in self.sizes.iter_mut().zip(combined.sizes) {
            *counts.entry(size).or_default() += 1;
        }
    }

    fn finish(self, releases: &ReleaseHistory) -> DayTruth {
        let database = |is_postgres: bool| if is_postgres { "postgres" } else { "sqlite" };
        let mut truth = DayTruth::default();
        for ((release, is_postgres, size), (installations, reports)) in &self.groups {
            let (version, database) = (releases.version(*release), database(*is_postgres));
            truth.installations += installations;
            *truth.by_version.entry(version.to_owned()).or_default() += installations;
            *truth.by_database.entry(database.to_owned()).or_default() += installations;
            *truth.by_size.entry(size.label().to_owned()).or_default() += installations;
            truth.groups.push(GroupTruth {
                version: version.to_owned(),
                database: database.to_owned(),
                size: size.label().to_owned(),
                installations: *installations,
                reports: *reports,
            });
        }
        let of_version =
            |(release, count): (&ReleaseNumber, &u64)| (releases.version(*release).to_owned(), *count);
        DayTruth {
            reports: self.reports,
            replica_reports: self.replica_reports,
            reports_by_version: self.reports_by_release.iter().map(of_version).collect(),
            flags: self.flags.finish(FLAGS.into_iter()),
            clouds: self.clouds.finish(names(&CLOUDS)),
            services: self.services.finish(names(&SERVICES)),
            instrumented_services: self.instrumented.finish(names(&SERVICES)),
            alerting: self.alerting.finish((0..5).map(alerting_name)),
            inspection_overrides: self.overrides.finish(names(&INSPECTIONS)),
            pages: self.pages.finish(names(&PAGES)),
            screen_sizes: self.screens.finish((0..6).map(screen_name)),
            browsers: self.browsers,
            notifications: self.notifications.finish((0..5).map(alerting_name)),
            deployments: self.deployments.0[0],
            deployment_summaries: self.summaries.finish(names(&SUMMARIES)),
            sizes: SIZES
                .iter()
                .zip(&self.sizes)
                .map(|(name, counts)| ((*name).to_owned(), size(counts)))
                .collect(),
            ..truth
        }
    }
}

fn names(list: &'static [WeightedName]) -> impl Iterator<Item = &'static str> {
    list.iter().map(|(name, _)| *name)
}

fn size(counts: &BTreeMap<u64, u64>) -> SizeTruth {
    let all: u64 = counts.values().sum();
    let percentile = |percent: u64| {
        let rank = (all * percent).div_ceil(100);
        let mut below = 0;
        let mut values = counts.iter();
        let value = values.find(|(_, count)| {
            below += **count;
            below >= rank
        });
        value.map_or(0, |(value, _)| *value)
    };
    SizeTruth {
        sum: counts.iter().map(|(value, count)| value * count).sum(),
        p50: percentile(50),
        p95: percentile(95),
        p99: percentile(99),
    }
}

/// What is true about the days on which installations are active.
#[derive(Debug)]
struct ActivityCount {
    days: Vec<CalendarDay>,
    /// Seven days, 30 days, new, returning, gone, missing.
    sums: Vec<[u64; 6]>,
    /// By the Monday of the first week and the number of weeks since.
    retention: BTreeMap<CalendarDay, Vec<u64>>,
}

impl ActivityCount {
    fn new(plan: &FleetPlan) -> Self {
        let days: Vec<_> = (0..plan.days).map(|offset| plan.day(offset)).collect();
        Self { sums: vec![[0; 6]; days.len()], days, retention: BTreeMap::new() }
    }

    /// Adds an installation that was active on some days.
    fn add(&mut self, active: &[bool]) {
        let Some(first) = active.iter().position(|is_active| *is_active) else { return };
        let last = active.iter().rposition(|is_active| *is_active).unwrap_or(first);
        let was_active_in =
            |from: usize, until: usize| active.get(from..until).unwrap_or(&[]).contains(&true);
        for (day, sums) in self.sums.iter_mut().enumerate() {
            let is_active = was_active_in(day, day + 1);
            let facts = [
                was_active_in((day + 1).saturating_sub(7), day + 1),
                was_active_in((day + 1).saturating_sub(30), day + 1),
                day == first,
                is_active && day > first && !was_active_in(day.saturating_sub(GONE_AFTER), day),
                day.checked_sub(GONE_AFTER)
                    .is_some_and(|then| was_active_in(then, then + 1) && !was_active_in(then + 1, day + 1)),
                first < day && day < last && !is_active,
            ];
            for (sum, is_true) in sums.iter_mut().zip(facts) {
                *sum += u64::from(is_true);
            }
        }
        self.add_weeks(first, active);
    }

    fn add_weeks(&mut self, first: usize, active: &[bool]) {
        let Some(week) = self.days.get(first).map(|day| day.week_start()) else { return };
        let weeks_since = |day: &CalendarDay| (day.week_start().days_since(week) / 7) as usize;
        let last_week = self.days.last().map_or(0, weeks_since);
        let sums = self.retention.entry(week).or_insert_with(|| vec![0; last_week + 1]);
        let active_days = self.days.iter().zip(active).skip(first).filter(|(_, is_active)| **is_active);
        let mut weeks: Vec<_> = active_days.map(|(day, _)| weeks_since(day)).collect();
        weeks.dedup();
        for week in weeks {
            if let Some(sum) = sums.get_mut(week) {
                *sum += 1;
            }
        }
    }

    fn finish_days(&self, days: Vec<DayTruth>) -> Vec<DayTruth> {
        let with_activity = |((truth, day), sums): ((DayTruth, &CalendarDay), &[u64; 6])| {
            let [active_in_7_days, active_in_30_days, new, returning, gone, missing] = *sums;
            DayTruth {
                day: day.to_string(),
                active_in_7_days,
                active_in_30_days,
                new,
                returning,
                gone,
                missing,
                ..truth
            }
        };
        days.into_iter().zip(&self.days).zip(&self.sums).map(with_activity).collect()
    }

    fn retention(&self) -> Vec<RetentionTruth> {
        let week = |(week, active): (&CalendarDay, &Vec<u64>)| RetentionTruth {
            week: week.to_string(),
            active: active.clone(),
        };
        self.retention.iter().map(week).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(days: u32, active: &[&[u32]]) -> ActivityCount {
        let plan = FleetPlan {
            seed: 1,
            installations: 1,
            // A Thursday.
            first_day: "2026-10-01".parse().unwrap(),
            days,
            reports_per_day: 1,
            product: None,
        };
        let mut count = ActivityCount::new(&plan);
        for days_of_one in active {
            count.add(&(0..days).map(|day| days_of_one.contains(&day)).collect::<Vec<_>>());
        }
        count
    }

    #[test]
    fn an_installation_is_new_once_gone_after_a_month_and_then_returning() {
        let count = activity(75, &[&[2, 4, 35, 36], &[0, 31, 74], &[]]);
        let days_with = |fact: usize| {
            let days = (0_u32..).zip(&count.sums).filter(|(_, sums)| sums[fact] > 0);
            days.map(|(day, sums)| (day, sums[fact])).collect::<Vec<_>>()
        };
        assert_eq!(days_with(2), [(0, 1), (2, 1)]);
        assert_eq!(days_with(3), [(31, 1), (35, 1), (74, 1)]);
        assert_eq!(days_with(4), [(30, 1), (34, 1), (61, 1), (66, 1)]);
        assert_eq!(count.sums.iter().map(|sums| sums[5]).sum::<u64>(), 31 + (30 + 42));
        assert_eq!(count.sums[10][..2], [1, 2]);
        assert_eq!(count.sums[11][..2], [0, 2]);
        assert_eq!(count.sums[30][..2], [0, 1]);
    }

    #[test]
    fn retention_is_by_the_monday_of_the_first_day() {
        let count = activity(18, &[&[0, 3, 4, 17], &[3, 11], &[4]]);
        let retention: Vec<_> = count.retention().into_iter().map(|week| (week.week, week.active)).collect();
        assert_eq!(
            retention,
            [("2026-09-28".to_owned(), vec![2, 1, 2]), ("2026-10-05".to_owned(), vec![1, 0])]
        );
    }

    #[test]
    fn a_percentile_is_the_value_of_an_installation() {
        let counts = (1..=200).map(|value| (value, 1)).collect();
        assert_eq!(size(&counts), SizeTruth { sum: 20_100, p50: 100, p95: 190, p99: 198 });
        assert_eq!(size(&BTreeMap::new()), SizeTruth::default());
        assert_eq!(size(&BTreeMap::from([(7, 1)])), SizeTruth { sum: 7, p50: 7, p95: 7, p99: 7 });
    }
}
