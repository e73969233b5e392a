//! Tests that the numbers of the fleet which a collector answers are what is true about a simulated fleet.

use std::{collections::BTreeMap, process::Command, time::Duration};

use headcount_harness::{
    command_output::output_within,
    http::{self, ADMIN_TOKEN},
    processes::HeadcountProcess,
    program::binary,
};
use headcount_shared::api::{
    FleetActivityAnswer, FleetDistributionsAnswer, FleetRetentionAnswer, FleetSharesAnswer,
};
use headcount_simulated_fleet::fleet_truth::{CountsByName, DayTruth, FleetTruth, UseTruth};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::setup::TestSetup;

/// Long enough to make a fleet on a busy machine.
const MADE: Duration = Duration::from_secs(600);

/// A collector with a simulated fleet, and what is true about it.
struct AskedFleet {
    collector: HeadcountProcess,
    truth: FleetTruth,
    _setup: TestSetup,
}

impl AskedFleet {
    /// A fleet that is old enough for installations that are gone and return.
    async fn start() -> Self {
        let setup = TestSetup::new();
        let mut demo = Command::new(binary().unwrap());
        demo.args(["collect", "demo", "--without-profiles", "--installations", "120", "--days", "70"]);
        demo.args(["--reports-per-day", "2", "--seed", "4"]);
        demo.arg("--data-dir").arg(setup.path("collector"));
        let made = output_within(MADE, demo).await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let truth = serde_json::from_slice(&made.stdout).unwrap();
        let collector = setup.collector().start().await.unwrap();
        Self { collector, truth, _setup: setup }
    }

    /// An answer for all days of the fleet.
    async fn ask<T: DeserializeOwned>(&self, path: &str, filter: &str) -> T {
        let days = &self.truth.days;
        let (first, last) = (&days[0].day, &days[days.len() - 1].day);
        self.ask_days(path, (first, last), filter).await
    }

    async fn ask_days<T: DeserializeOwned>(&self, path: &str, days: (&str, &str), filter: &str) -> T {
        let url = self.collector.url(&format!("api/fleet/{path}?from={}&to={}{filter}", days.0, days.1));
        let answer = http::client().unwrap().get(url).bearer_auth(ADMIN_TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}{filter}");
        answer.json().await.unwrap()
    }
}

/// The numbers of a day by label, without labels that the day does not have.
fn shares_of_day(answer: &FleetSharesAnswer, day: &str) -> BTreeMap<String, UseTruth> {
    let Some(place) = answer.days.iter().position(|of_day| of_day.day == day) else {
        return BTreeMap::new();
    };
    let labels = answer.labels.iter().map(|label| {
        let (installations, amount) = (label.by_day[place], label.value_by_day[place]);
        (label.label.clone(), UseTruth { installations, amount })
    });
    labels.filter(|(_, share)| *share != UseTruth::default()).collect()
}

fn without_amounts(shares: BTreeMap<String, UseTruth>) -> CountsByName {
    shares.into_iter().map(|(label, share)| (label, share.installations)).collect()
}

async fn assert_counts(fleet: &AskedFleet, table: &str, of_day: impl Fn(&DayTruth) -> &CountsByName) {
    let answer: FleetSharesAnswer = fleet.ask(&format!("shares/{table}"), "").await;
    assert_eq!(answer.other_labels, 0, "{table}");
    for day in &fleet.truth.days {
        assert_eq!(&without_amounts(shares_of_day(&answer, &day.day)), of_day(day), "{table} {}", day.day);
        let denominator = answer.days.iter().find(|of_day| of_day.day == day.day);
        let denominator = denominator.map_or(0, |of_day| of_day.installations);
        assert_eq!(denominator, day.installations, "{table} {}", day.day);
    }
}

async fn assert_amounts(
    fleet: &AskedFleet,
    table: &str,
    of_day: impl Fn(&DayTruth) -> &BTreeMap<String, UseTruth>,
) {
    let answer: FleetSharesAnswer = fleet.ask(&format!("shares/{table}"), "").await;
    for day in &fleet.truth.days {
        assert_eq!(&shares_of_day(&answer, &day.day), of_day(day), "{table} {}", day.day);
    }
}

#[tokio::test]
async fn every_exact_answer_about_a_fleet_is_what_is_true_about_it() {
    let fleet = AskedFleet::start().await;

    let activity: FleetActivityAnswer = fleet.ask("activity", "").await;
    let answered = activity.days.iter().map(|day| {
        (day.day.as_str(), [day.active_1d, day.active_7d, day.active_30d, day.new, day.returning, day.gone])
    });
    let numbers = |day: &DayTruth| {
        [day.installations, day.active_in_7_days, day.active_in_30_days, day.new, day.returning, day.gone]
    };
    let truth = fleet.truth.days.iter().map(|day| (day.day.as_str(), numbers(day)));
    assert_eq!(answered.collect::<Vec<_>>(), truth.collect::<Vec<_>>());

    let retention: FleetRetentionAnswer = fleet.ask("retention", "").await;
    let answered = retention.weeks.into_iter().map(|week| (week.week, week.active));
    let truth = fleet.truth.retention.iter().map(|week| (week.week.clone(), week.active.clone()));
    assert_eq!(answered.collect::<Vec<_>>(), truth.collect::<Vec<_>>());

    assert_counts(&fleet, "versions", |day| &day.by_version).await;
    assert_counts(&fleet, "databases", |day| &day.by_database).await;
    assert_counts(&fleet, "size_classes", |day| &day.by_size).await;
    assert_counts(&fleet, "flags", |day| &day.flags).await;
    assert_counts(&fleet, "alerting", |day| &day.alerting).await;
    assert_counts(&fleet, "clouds", |day| &day.clouds).await;
    assert_counts(&fleet, "services", |day| &day.services).await;
    assert_counts(&fleet, "instrumented_services", |day| &day.instrumented_services).await;
    assert_amounts(&fleet, "inspection_overrides", |day| &day.inspection_overrides).await;
    assert_amounts(&fleet, "pages", |day| &day.pages).await;
    assert_amounts(&fleet, "screen_sizes", |day| &day.screen_sizes).await;
    assert_amounts(&fleet, "notifications", |day| &day.notifications).await;
    assert_amounts(&fleet, "deployment_summaries", |day| &day.deployment_summaries).await;
    fleet.collector.stop().await.unwrap();
}

#[tokio::test]
async fn filters_and_distributions_of_a_fleet_are_what_is_true_about_it() {
    let fleet = AskedFleet::start().await;
    let last = fleet.truth.days.last().unwrap();
    let day = (last.day.as_str(), last.day.as_str());
    assert!(last.groups.len() > 3, "{:?}", last.groups);
    for group in &last.groups {
        // A plus sign in a query is a space.
        let size = group.size.replace('+', "%2B");
        let filter = format!("&version={}&database={}&size={size}", group.version, group.database);
        let answer: FleetSharesAnswer = fleet.ask_days("shares/versions", day, &filter).await;
        assert_eq!(answer.days[0].installations, group.installations, "{filter}");
        let versions = without_amounts(shares_of_day(&answer, &last.day));
        assert_eq!(versions, BTreeMap::from([(group.version.clone(), group.installations)]), "{filter}");
    }

    let answer: FleetDistributionsAnswer = fleet.ask_days("distributions/sizes", day, "").await;
    assert_eq!(answer.unit, "installation");
    for (name, size) in &last.sizes {
        let found = answer.distributions.iter().find(|distribution| distribution.label == *name).unwrap();
        assert_eq!((found.count, found.value), (last.installations, size.sum), "{name}");
        for (answered, exact) in [(found.p50, size.p50), (found.p95, size.p95), (found.p99, size.p99)] {
            let exact = exact as f64;
            assert!((answered - exact).abs() <= 0.05 * exact, "{name}: {answered} instead of {exact}");
        }
    }

    let versions: FleetDistributionsAnswer = fleet.ask_days("distributions/stages", day, "&by=version").await;
    let mut reports = CountsByName::new();
    for distribution in versions.distributions.iter().filter(|one| one.label == "query") {
        *reports.entry(distribution.group.clone().unwrap()).or_default() += distribution.count;
    }
    // A report of an installation without Prometheus has no stages.
    assert!(reports.keys().eq(last.reports_by_version.keys()), "{reports:?}");
    for (version, of_version) in &last.reports_by_version {
        assert!((1..=*of_version).contains(&reports[version]), "{version}: {reports:?}");
    }
    fleet.collector.stop().await.unwrap();
}
