//! Says what a report tells about the installation: version, features, what is observed, what happened.

use crate::{
    day_schedule::ScheduledReport,
    installation_life::DaySpan,
    installation_traits::InstallationTraits,
    known_names::{SUMMARIES, weights},
    release_history::ReleaseNumber,
    seeded_chance::{ChancePurpose, SeededChance},
};

/// The probability that Prometheus did not answer before a report: nothing is observed then.
const OUTAGE: f64 = 0.006;

/// What a report tells about the installation. Sets have a bit for each position in the list of their names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SimulatedReportState {
    pub(crate) release: ReleaseNumber,
    pub(crate) is_postgres: bool,
    /// Whether there is anything observed. Without, all that comes from Prometheus is empty.
    pub(crate) is_observing: bool,
    /// Whether Prometheus is connected and did not answer.
    pub(crate) is_outage: bool,
    /// In the order of [`crate::known_names::FLAGS`].
    pub(crate) flags: [bool; 10],
    /// In the order of [`crate::known_names::SIZES`].
    pub(crate) sizes: [u64; 5],
    pub(crate) clouds: u64,
    pub(crate) services: u64,
    pub(crate) instrumented: u64,
    pub(crate) alerting: u64,
    /// Inspections with the number of projects and applications that override them.
    pub(crate) overrides: Vec<(usize, u64, u64)>,
    pub(crate) deployments: u64,
    pub(crate) summaries: [u64; SUMMARIES.len()],
    /// By the positions of the kinds of destinations.
    pub(crate) notifications: [u64; 5],
}

/// The positions in a set.
pub(crate) fn positions(set: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |position| set & (1 << position) != 0)
}

fn set_of(list: &[(usize, DaySpan)], time: f64) -> u64 {
    list.iter().filter(|(_, span)| span.contains(time)).fold(0, |set, (position, _)| set | 1 << position)
}

impl SimulatedReportState {
    /// What a report of an installation tells.
    pub(crate) fn new(seed: u64, installation: &InstallationTraits, report: &ScheduledReport) -> Self {
        let time = report.time;
        let mut chance = SeededChance::new(seed, ChancePurpose::State, &report.numbers(installation.number));
        let is_connected = installation.prometheus.contains(time);
        let is_outage = chance.happens(OUTAGE) && is_connected;
        let is_observing = is_connected && !is_outage;
        let observed = |set: u64| if is_observing { set } else { 0 };
        let categories = installation.categories.iter().filter(|span| span.contains(time)).count() as u64;
        let clouds = observed(set_of(&installation.clouds, time));
        let has = |span: DaySpan| span.contains(time);
        let sizes = sizes(installation, time, is_observing, categories, &mut chance);
        let days = f64::from(report.seconds) / 86_400.0;
        let mut state = Self {
            release: installation.release_at(time),
            is_postgres: has(installation.postgres),
            is_observing,
            is_outage,
            flags: [
                is_connected,
                is_observing && has(installation.node_agent),
                is_observing && installation.is_kubernetes,
                is_observing && installation.is_kubernetes && has(installation.kube_state_metrics),
                clouds != 0,
                has(installation.clickhouse),
                has(installation.tracing),
                has(installation.logs),
                has(installation.profiles),
                categories > 0,
            ],
            sizes,
            clouds,
            services: observed(set_of(&installation.services, time)),
            instrumented: observed(set_of(&installation.instrumented, time)),
            alerting: set_of(&installation.alerting, time),
            overrides: Vec::new(),
            deployments: 0,
            summaries: [0; SUMMARIES.len()],
            notifications: [0; 5],
        };
        let overrides = installation.overrides.iter().filter(|overridden| has(overridden.time));
        state.overrides.extend(
            overrides.map(|overridden| (overridden.inspection, overridden.projects, overridden.applications)),
        );
        state.overrides.sort_unstable();
        if is_observing {
            state.add_events(installation, days, &mut chance);
        }
        state
    }

    /// Adds what happened in so many days.
    fn add_events(&mut self, installation: &InstallationTraits, days: f64, chance: &mut SeededChance) {
        self.deployments = chance.times(installation.rollouts_per_day * days);
        for _ in 0..self.deployments {
            for _ in 0..chance.times(0.6) {
                let change = chance.weighted(weights(&SUMMARIES));
                if let Some(count) = self.summaries.get_mut(change) {
                    *count += 1;
                }
            }
        }
        let incidents = chance.times(installation.incidents_per_day * days);
        for destination in positions(self.alerting) {
            if let Some(count) = self.notifications.get_mut(destination) {
                // One when it begins, and mostly one when it ends.
                *count =
                    incidents + if incidents > 0 { chance.below(incidents as u32 + 1).into() } else { 0 };
            }
        }
    }
}

/// The sizes at a time. Machines come and go within a day.
fn sizes(
    installation: &InstallationTraits,
    time: f64,
    is_observing: bool,
    categories: u64,
    chance: &mut SeededChance,
) -> [u64; 5] {
    if !is_observing {
        return [installation.projects, 0, 0, 0, categories];
    }
    let grown = installation.nodes * (installation.growth * time.max(0.0)).exp();
    let nodes = (grown * (1.0 + 0.04 * chance.normal())).round().max(1.0);
    let applications = (grown * installation.applications_per_node + 0.7 * chance.normal()).round().max(1.0);
    let instances = (applications * installation.instances_per_application * (1.0 + 0.05 * chance.normal()))
        .round()
        .max(applications);
    [installation.projects, applications as u64, nodes as u64, instances as u64, categories]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{day_schedule::ReportingServer, fleet_plan::FleetPlan, release_history::ReleaseHistory};

    fn plan() -> FleetPlan {
        FleetPlan {
            seed: 2,
            installations: 300,
            first_day: "2026-09-01".parse().unwrap(),
            days: 30,
            reports_per_day: 24,
            product: None,
        }
    }

    fn states() -> Vec<SimulatedReportState> {
        let plan = plan();
        let releases = ReleaseHistory::new(&plan);
        let mut states = Vec::new();
        for number in 0..plan.installations {
            let installation = InstallationTraits::new(plan.seed, number, plan.days, &releases);
            for hour in 0..24_u32 {
                let time = 12.0 + f64::from(hour) / 24.0;
                let made_at = plan.day(12).start() + u64::from(hour) * 3600;
                let report = ScheduledReport {
                    server: ReportingServer::Leader,
                    made_at,
                    time,
                    from: made_at - 3600,
                    seconds: 3600,
                };
                states.push(SimulatedReportState::new(plan.seed, &installation, &report));
            }
        }
        states
    }

    #[test]
    fn what_comes_from_prometheus_is_empty_without_it() {
        let states = states();
        let (mut outages, mut unconnected) = (0, 0);
        for state in &states {
            outages += u32::from(state.is_outage);
            unconnected += u32::from(!state.flags[0]);
            if !state.is_observing {
                assert_eq!((state.clouds, state.services, state.instrumented), (0, 0, 0));
                assert_eq!((state.flags[1..5].contains(&true), state.deployments), (false, 0));
                assert_eq!(state.sizes[1..4], [0; 3]);
            } else {
                assert!(!state.sizes[..4].contains(&0), "{state:?}");
            }
        }
        assert!(outages > 10 && unconnected > 100, "{outages} {unconnected}");
    }

    #[test]
    fn features_are_neither_everywhere_nor_nowhere() {
        let states = states();
        for flag in 0..10 {
            let share = states.iter().filter(|state| state.flags[flag]).count() as f64 / states.len() as f64;
            assert!((0.1..0.99).contains(&share), "{flag} {share}");
        }
        for measure in [
            (|state| state.alerting != 0) as fn(&SimulatedReportState) -> bool,
            |state| !state.overrides.is_empty(),
            |state| state.is_postgres,
            |state| state.instrumented != 0,
        ] {
            let share = states.iter().filter(|state| measure(state)).count() as f64 / states.len() as f64;
            assert!((0.1..0.8).contains(&share), "{share}");
        }
        assert!(states.iter().map(|state| state.notifications.iter().sum::<u64>()).sum::<u64>() > 20);
        assert!(states.iter().map(|state| state.summaries.iter().sum::<u64>()).sum::<u64>() > 20);
    }
}
