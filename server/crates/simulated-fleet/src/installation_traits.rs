//! Says what an installation is: who it is, what it runs and watches, and what changes about it with time.
//!
//! Everything that changes has a time at which it does, so that the state at any time is looked up and not lived
//! through.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    installation_life::{DaySpan, InstallationLife},
    known_names::{ALERTING_WEIGHTS, CLOUDS, INSPECTIONS, INSTRUMENTED, SERVICES, weights},
    release_history::{ReleaseHistory, ReleaseNumber},
    seeded_chance::{ChancePurpose, SeededChance},
};

/// What the text before a secret says in a commitment.
const COMMITMENT_CONTEXT: &[u8] = b"headcount-deletion-v1";

/// An overridden inspection.
#[derive(Debug, Clone)]
pub(crate) struct OverriddenInspection {
    /// The position in [`INSPECTIONS`].
    pub(crate) inspection: usize,
    pub(crate) time: DaySpan,
    pub(crate) projects: u64,
    pub(crate) applications: u64,
}

/// An installation.
#[derive(Debug, Clone)]
pub(crate) struct InstallationTraits {
    pub(crate) number: u32,
    pub(crate) uuid: Uuid,
    /// Of the installation itself, and of the copy of its disk that has another secret.
    pub(crate) commitments: [[u8; 32]; 2],
    pub(crate) life: InstallationLife,
    /// When it installs which release, by time.
    upgrades: Vec<(f64, ReleaseNumber)>,
    /// When PostgreSQL holds its settings.
    pub(crate) postgres: DaySpan,
    /// When a second server, which does not speak for the database, reports too.
    pub(crate) replica: DaySpan,
    /// When a copy of it, with the same UUID, reports too.
    pub(crate) clone: DaySpan,
    pub(crate) prometheus: DaySpan,
    pub(crate) node_agent: DaySpan,
    pub(crate) is_kubernetes: bool,
    pub(crate) kube_state_metrics: DaySpan,
    pub(crate) clickhouse: DaySpan,
    pub(crate) tracing: DaySpan,
    pub(crate) logs: DaySpan,
    pub(crate) profiles: DaySpan,
    pub(crate) categories: Vec<DaySpan>,
    /// Positions in [`CLOUDS`].
    pub(crate) clouds: Vec<(usize, DaySpan)>,
    /// Positions in [`SERVICES`].
    pub(crate) services: Vec<(usize, DaySpan)>,
    /// Positions in [`SERVICES`].
    pub(crate) instrumented: Vec<(usize, DaySpan)>,
    pub(crate) overrides: Vec<OverriddenInspection>,
    /// Positions among the kinds of destinations.
    pub(crate) alerting: Vec<(usize, DaySpan)>,
    pub(crate) projects: u64,
    /// The nodes at the first day of the plan.
    pub(crate) nodes: f64,
    /// The growth of the nodes in a day.
    pub(crate) growth: f64,
    pub(crate) applications_per_node: f64,
    pub(crate) instances_per_application: f64,
    pub(crate) rollouts_per_day: f64,
    pub(crate) incidents_per_day: f64,
    /// The number of different browsers.
    pub(crate) browsers: u32,
    /// Visits of a browser in an hour of work.
    pub(crate) visits_per_hour: f64,
    /// The hours by which its day begins later than that of UTC.
    pub(crate) time_zone: f64,
    /// How much slower than others its machine is.
    pub(crate) slowness: f64,
}

/// The times at which things of one installation begin and end.
struct ChangeTimes {
    chance: SeededChance,
    days: f64,
}

impl ChangeTimes {
    /// Never with what is left of a probability; else always, or from or until a day of the plan.
    fn span(&mut self, probability: f64) -> DaySpan {
        let (is_ever, change) = (self.chance.happens(probability), self.chance.share());
        let time = self.chance.share() * self.days;
        match change {
            _ if !is_ever => DaySpan::NEVER,
            0.0..0.2 => DaySpan::starting(time),
            0.2..0.26 => DaySpan { until: time, ..DaySpan::ALWAYS },
            _ => DaySpan::ALWAYS,
        }
    }

    /// From a day of the plan on, with a probability.
    fn beginning(&mut self, probability: f64) -> DaySpan {
        let (is_ever, time) = (self.chance.happens(probability), self.chance.share() * self.days);
        if is_ever { DaySpan::starting(time) } else { DaySpan::NEVER }
    }

    fn span_if(&mut self, condition: bool, probability: f64) -> DaySpan {
        self.span(if condition { probability } else { 0.0 })
    }
}

impl InstallationTraits {
    /// The installation with a number in a plan of so many days.
    pub(crate) fn new(seed: u64, number: u32, days: u32, releases: &ReleaseHistory) -> Self {
        let life = InstallationLife::new(seed, number, days);
        let mut chance = SeededChance::new(seed, ChancePurpose::Traits, &[number.into()]);
        let nodes = chance.log_normal(7.0, 1.35).clamp(1.0, 4000.0);
        let applications_per_node = chance.log_normal(2.2, 0.5);
        let instances_per_application = chance.log_normal(2.6, 0.4).max(1.0);
        // From 0 for one node to 1 for some thousands.
        let largeness = nodes.ln() / 8.0;
        let browsers = chance.log_normal(1.5 + 12.0 * largeness, 0.9).round().clamp(0.0, 400.0) as u32;
        let numbers = Self {
            number,
            nodes,
            applications_per_node,
            instances_per_application,
            browsers,
            projects: 1 + chance.times(0.1 + 3.0 * largeness),
            growth: 0.002 * chance.normal() + 0.001,
            rollouts_per_day: 0.05 * nodes * chance.log_normal(0.6, 0.9),
            incidents_per_day: chance.log_normal(0.2 + 2.0 * largeness, 0.8),
            visits_per_hour: chance.log_normal(0.04, 0.8).min(0.5),
            time_zone: [0.0, 1.0, 2.0, 5.5, 8.0, -5.0, -8.0]
                .get(chance.below(7) as usize)
                .copied()
                .unwrap_or(0.0),
            slowness: chance.log_normal(1.0, 0.4),
            is_kubernetes: chance.happens(0.55 + 0.5 * largeness),
            ..Self::bare(seed, number, life)
        };
        let mut times = ChangeTimes { chance, days: f64::from(days) };
        let mut installation = numbers.with_features(&mut times, largeness).with_stack(&mut times, largeness);
        installation.upgrades = upgrades(seed, number, life, releases);
        installation
    }

    /// An installation that runs and watches nothing.
    fn bare(seed: u64, number: u32, life: InstallationLife) -> Self {
        let mut chance = SeededChance::new(seed, ChancePurpose::Identity, &[number.into()]);
        let uuid = uuid::Builder::from_random_bytes(chance.bytes()).into_uuid();
        let commitments = [(); 2].map(|()| commitment(uuid, &mut chance));
        Self {
            number,
            uuid,
            commitments,
            life,
            upgrades: Vec::new(),
            postgres: DaySpan::NEVER,
            replica: DaySpan::NEVER,
            clone: DaySpan::NEVER,
            prometheus: DaySpan::NEVER,
            node_agent: DaySpan::NEVER,
            is_kubernetes: false,
            kube_state_metrics: DaySpan::NEVER,
            clickhouse: DaySpan::NEVER,
            tracing: DaySpan::NEVER,
            logs: DaySpan::NEVER,
            profiles: DaySpan::NEVER,
            categories: Vec::new(),
            clouds: Vec::new(),
            services: Vec::new(),
            instrumented: Vec::new(),
            overrides: Vec::new(),
            alerting: Vec::new(),
            projects: 0,
            nodes: 0.0,
            growth: 0.0,
            applications_per_node: 0.0,
            instances_per_application: 0.0,
            rollouts_per_day: 0.0,
            incidents_per_day: 0.0,
            browsers: 0,
            visits_per_hour: 0.0,
            time_zone: 0.0,
            slowness: 1.0,
        }
    }

    /// What the operator set up.
    fn with_features(mut self, times: &mut ChangeTimes, largeness: f64) -> Self {
        // Nobody goes back to SQLite.
        self.postgres = DaySpan::starting(times.span(0.12 + 0.5 * largeness).from);
        let has_postgres = self.postgres != DaySpan::NEVER;
        self.replica = times.beginning(if has_postgres { 0.15 } else { 0.0 });
        self.clone = times.beginning(0.012);
        // Some look at the interface for some days before they connect anything, and a few never do.
        let connected = self.life.present.from + times.chance.waiting(0.3);
        self.prometheus =
            if times.chance.happens(0.96) { DaySpan::starting(connected) } else { DaySpan::NEVER };
        self.node_agent = times.span(0.9);
        self.kube_state_metrics = times.span(0.85);
        self.clickhouse = times.span(0.25 + 0.5 * largeness);
        let has_clickhouse = self.clickhouse != DaySpan::NEVER;
        self.tracing = times.span_if(has_clickhouse, 0.7);
        self.logs = times.span_if(has_clickhouse, 0.8);
        self.profiles = times.span_if(has_clickhouse, 0.6);
        let categories =
            if times.chance.happens(0.2 + 0.4 * largeness) { 1 + times.chance.times(1.5) } else { 0 };
        self.categories = (0..categories).map(|_| times.span(1.0)).collect();
        if times.chance.happens(0.1 + 0.4 * largeness) {
            self.overrides = overrides(times, self.projects);
        }
        let destinations = times.chance.times(0.4 + 0.6 * largeness).min(3);
        self.alerting = (0..destinations)
            .map(|_| (times.chance.weighted(ALERTING_WEIGHTS.iter().copied()), times.span(1.0)))
            .collect();
        self
    }

    /// What runs in the observed infrastructure.
    fn with_stack(mut self, times: &mut ChangeTimes, largeness: f64) -> Self {
        let clouds = if times.chance.happens(0.3) { 0 } else { 1 + times.chance.times(0.5 * largeness) };
        self.clouds =
            (0..clouds).map(|_| (times.chance.weighted(weights(&CLOUDS)), times.span(1.0))).collect();
        let commonness = 0.5 + 1.6 * largeness;
        self.services = SERVICES
            .iter()
            .enumerate()
            .map(|(service, (_, probability))| (service, times.span((probability * commonness).min(0.95))))
            .filter(|(_, time)| *time != DaySpan::NEVER)
            .collect();
        let instrumentable = self.services.iter().filter(|(service, _)| INSTRUMENTED.contains(service));
        self.instrumented = instrumentable
            .map(|(service, _)| (*service, times.span(0.45)))
            .filter(|(_, time)| *time != DaySpan::NEVER)
            .collect();
        self
    }

    /// The release that runs at a time.
    pub(crate) fn release_at(&self, time: f64) -> ReleaseNumber {
        let after = self.upgrades.partition_point(|(since, _)| *since <= time);
        let upgrade = after.checked_sub(1).and_then(|at| self.upgrades.get(at)).or(self.upgrades.first());
        upgrade.map_or(ReleaseNumber(0), |(_, release)| *release)
    }

    /// The UUID of one of its browsers. It is the same every day.
    pub(crate) fn browser_uuid(&self, seed: u64, browser: u32) -> Uuid {
        let numbers = [self.number.into(), browser.into()];
        let mut chance = SeededChance::new(seed, ChancePurpose::Browser, &numbers);
        uuid::Builder::from_custom_bytes(chance.bytes()).into_uuid()
    }
}

fn commitment(uuid: Uuid, chance: &mut SeededChance) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(COMMITMENT_CONTEXT);
    hash.update([0]);
    hash.update(uuid.to_string());
    hash.update([0]);
    let secret: [[u8; 16]; 2] = [chance.bytes(), chance.bytes()];
    hash.update(secret.as_flattened());
    hash.finalize().into()
}

/// One to four overridden inspections, each of them once.
fn overrides(times: &mut ChangeTimes, projects: u64) -> Vec<OverriddenInspection> {
    let mut overrides: Vec<OverriddenInspection> = Vec::new();
    for _ in 0..1 + times.chance.below(4) {
        let inspection = times.chance.weighted(weights(&INSPECTIONS));
        let in_projects = u64::from(times.chance.below(2)).min(projects);
        let applications = times.chance.times(1.0);
        let time = times.span(1.0);
        let is_new = overrides.iter().all(|known| known.inspection != inspection);
        if is_new && in_projects + applications > 0 {
            overrides.push(OverriddenInspection { inspection, time, projects: in_projects, applications });
        }
    }
    overrides
}

/// How quickly an installation takes releases.
#[derive(Debug, Clone, Copy)]
enum UpgradeHabit {
    Automatic,
    Regular,
    Laggard,
    Never,
}

/// The installed releases by time: the newest one of the beginning, and those that it takes later.
fn upgrades(
    seed: u64,
    number: u32,
    life: InstallationLife,
    releases: &ReleaseHistory,
) -> Vec<(f64, ReleaseNumber)> {
    let mut chance = SeededChance::new(seed, ChancePurpose::Upgrade, &[number.into()]);
    let habit = match chance.share() {
        0.0..0.35 => UpgradeHabit::Automatic,
        0.35..0.8 => UpgradeHabit::Regular,
        0.8..0.95 => UpgradeHabit::Laggard,
        _ => UpgradeHabit::Never,
    };
    let begin = life.present.from;
    let mut installed = vec![(begin, releases.newest_on(begin))];
    for release in releases.releases() {
        let delay = match habit {
            UpgradeHabit::Automatic => 0.1 + chance.waiting(1.5),
            UpgradeHabit::Regular => 1.0 + chance.waiting(12.0),
            UpgradeHabit::Laggard => 10.0 + chance.waiting(80.0),
            UpgradeHabit::Never => f64::INFINITY,
        };
        let time = release.day() + delay;
        // Whoever is that late takes a newer one at once.
        if time > begin && time.is_finite() {
            let newest = releases.newest_on(time - 0.05).max(release);
            installed.push((time, newest));
        }
    }
    installed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    // Nobody goes back.
    let mut newest = ReleaseNumber(0);
    installed.retain(|(_, release)| {
        let is_first_or_newer = newest == ReleaseNumber(0) || *release > newest;
        newest = newest.max(*release);
        is_first_or_newer
    });
    installed
}

#[cfg(test)]
mod tests {
    use headcount_fleet::calendar_day::CalendarDay;

    use super::*;
    use crate::fleet_plan::FleetPlan;

    const DAYS: u32 = 90;

    fn releases() -> ReleaseHistory {
        ReleaseHistory::new(&FleetPlan {
            seed: 1,
            installations: 1,
            first_day: CalendarDay::from_unix_seconds(0),
            days: DAYS,
            reports_per_day: 1,
            product: None,
        })
    }

    fn fleet(count: u32) -> Vec<InstallationTraits> {
        let releases = releases();
        (0..count).map(|number| InstallationTraits::new(5, number, DAYS, &releases)).collect()
    }

    #[test]
    fn every_installation_has_a_random_uuid_and_two_commitments_of_its_own() {
        let fleet = fleet(300);
        let uuids: std::collections::BTreeSet<_> = fleet.iter().map(|one| one.uuid).collect();
        let commitments: std::collections::BTreeSet<_> =
            fleet.iter().flat_map(|one| one.commitments).collect();
        assert_eq!((uuids.len(), commitments.len()), (300, 600));
        assert!(uuids.iter().all(|uuid| uuid.get_version_num() == 4));
        let browser = fleet[0].browser_uuid(5, 1);
        assert_eq!((browser, browser.get_version_num()), (fleet[0].browser_uuid(5, 1), 8));
        assert_ne!(browser, fleet[1].browser_uuid(5, 1));
    }

    #[test]
    fn nobody_runs_a_version_before_its_release_or_goes_back() {
        for installation in fleet(400) {
            let mut before = ReleaseNumber(0);
            for day in 0..DAYS {
                let time = f64::from(day);
                let release = installation.release_at(time);
                let is_first = release == installation.release_at(installation.life.present.from);
                assert!(release >= before && (release.day() <= time || is_first), "{day} {installation:?}");
                before = release;
            }
        }
    }

    #[test]
    fn most_take_a_release_within_weeks_and_some_never() {
        let fleet = fleet(2000);
        let share = |time: f64, release: usize| {
            let old = fleet.iter().filter(|one| one.life.present.from < 0.0);
            let (mut all, mut with) = (0.0, 0.0);
            for installation in old {
                all += 1.0;
                with += f64::from(u8::from(installation.release_at(time).0 >= release));
            }
            with / all
        };
        let shares = [9.9, 12.0, 17.0, 37.0].map(|time| share(time, 8));
        assert!(shares.is_sorted() && shares[0] < 1e-9, "{shares:?}");
        assert!((0.15..0.45).contains(&shares[1]), "{shares:?}");
        assert!((0.4..0.7).contains(&shares[2]), "{shares:?}");
        assert!((0.65..0.92).contains(&shares[3]), "{shares:?}");
    }

    #[test]
    fn larger_installations_have_more_of_everything() {
        let fleet = fleet(3000);
        let mean = |is_large: bool, measure: fn(&InstallationTraits) -> f64| {
            let chosen: Vec<_> =
                fleet.iter().filter(|one| (one.nodes > 20.0) == is_large).map(measure).collect();
            chosen.iter().sum::<f64>() / chosen.len() as f64
        };
        let measures: [fn(&InstallationTraits) -> f64; 4] = [
            |one| one.services.len() as f64,
            |one| f64::from(one.browsers),
            |one| one.projects as f64,
            |one| f64::from(u8::from(one.clickhouse != DaySpan::NEVER)),
        ];
        for measure in measures {
            assert!(mean(true, measure) > 1.2 * mean(false, measure));
        }
        let mut nodes: Vec<_> = fleet.iter().map(|one| one.nodes).collect();
        nodes.sort_by(f64::total_cmp);
        assert!((5.0..10.0).contains(&nodes[1500]) && nodes[2970] > 80.0, "{} {}", nodes[1500], nodes[2970]);
    }
}
