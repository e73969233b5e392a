//! Checks that a simulated fleet looks like a real one: it grows, takes releases and loses installations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use headcount_simulated_fleet::{
    fleet_plan::FleetPlan,
    fleet_truth::{DayTruth, FleetTruth, UseTruth},
    simulated_fleet::SimulatedFleet,
};

fn truth() -> FleetTruth {
    let plan = FleetPlan {
        seed: 4,
        installations: 500,
        first_day: "2026-08-03".parse().unwrap(),
        days: 90,
        reports_per_day: 2,
        product: None,
    };
    SimulatedFleet::new(plan).unwrap().truth()
}

fn sum(days: &[DayTruth], measure: impl Fn(&DayTruth) -> u64) -> u64 {
    days.iter().map(measure).sum()
}

#[test]
fn a_fleet_of_three_months_is_like_a_real_one() {
    let truth = truth();
    growth_is_steady_and_some_leave(&truth);
    releases_are_taken_up(&truth);
    features_have_shares_between_nobody_and_all(&truth);
    people_work_on_weekdays(&truth);
    first_weeks_lose_most(&truth);
}

fn growth_is_steady_and_some_leave(truth: &FleetTruth) {
    let days = &truth.days;
    let active = |day: usize| days[day].installations;
    assert!(active(88) > active(0) * 11 / 10 && active(88) < active(0) * 2, "{} {}", active(0), active(88));
    assert!(truth.installations > 450 && truth.installations <= 500, "{}", truth.installations);
    assert!(sum(days, |day| day.new) == truth.installations);
    assert!(sum(days, |day| day.gone) > 30 && sum(days, |day| day.returning) > 2);
    for day in days {
        assert!(day.installations <= day.active_in_7_days && day.active_in_7_days <= day.active_in_30_days);
        assert!(day.replica_reports * 5 < day.reports);
    }
}

fn releases_are_taken_up(truth: &FleetTruth) {
    let share = |day: usize, version: &str| {
        let of_version = truth.days[day].by_version.get(version).copied().unwrap_or_default();
        of_version as f64 / truth.days[day].installations as f64
    };
    let within = &truth.releases[truth.releases.len() - 3].version;
    let uptake = [9, 13, 20, 36].map(|day| share(day, within));
    assert!(uptake.is_sorted() && uptake[0] < 1e-9 && uptake[3] > 0.5, "{uptake:?}");
    assert!(share(80, within) < uptake[3] / 2.0 && share(80, within) > 0.02);
    assert_eq!(truth.regressions.len(), 3);
}

fn features_have_shares_between_nobody_and_all(truth: &FleetTruth) {
    let day = &truth.days[60];
    for (name, count) in &day.flags {
        assert!((0.1..0.99).contains(&(*count as f64 / day.installations as f64)), "{name} {count}");
    }
    assert_eq!(day.flags.len(), 10);
    assert!(day.clouds["aws"] > day.clouds["ovh"] && day.services["postgres"] > day.services["vault"]);
    assert!(day.by_size.len() >= 5 && day.by_database["sqlite"] > day.by_database["postgres"]);
    let sizes = day.sizes["nodes"];
    assert!(sizes.p50 < sizes.p95 && sizes.p95 < sizes.p99, "{sizes:?}");
    assert!(day.inspection_overrides.len() > 5 && day.alerting.len() == 5);
}

fn people_work_on_weekdays(truth: &FleetTruth) {
    let views = |day: &DayTruth| day.pages.values().map(|page| page.amount).sum::<u64>();
    // The first day is a Monday.
    let (mut weekdays, mut weekends) = (0, 0);
    for week in truth.days.chunks_exact(7) {
        weekdays += sum(&week[..5], views) / 5;
        weekends += sum(&week[5..], views) / 2;
    }
    assert!(weekdays > 3 * weekends, "{weekdays} {weekends}");
    let day = &truth.days[57];
    let UseTruth { installations, amount } = day.pages["/p/$projectId"];
    assert!(amount > installations && day.browsers > installations);
    assert!(sum(&truth.days, |day| day.deployments.amount) > 1000);
    assert!(sum(&truth.days, |day| day.notifications.values().map(|kind| kind.amount).sum()) > 1000);
}

fn first_weeks_lose_most(truth: &FleetTruth) {
    // The first week has those that were there before.
    let old = &truth.retention[0].active;
    assert!(old[0] > 250 && old[10] * 100 > old[0] * 70 && old[10] < old[0], "{old:?}");
    let new = truth.retention.iter().skip(1).filter(|week| week.active.len() > 5);
    let (mut first, mut fifth) = (0, 0);
    for week in new {
        first += week.active[0];
        fifth += week.active[4];
    }
    assert!(fifth * 100 < first * 95 && fifth * 100 > first * 60, "{first} {fifth}");
}
