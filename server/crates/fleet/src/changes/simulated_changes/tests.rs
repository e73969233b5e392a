//! The measures, with few fleets or with all.

use std::thread;

use super::*;

/// A smaller number, or the whole one where tests have all their rounds.
fn rounds(few: u32, all: u32) -> u32 {
    if std::env::var_os("HEADCOUNT_THOROUGH").is_some() { all } else { few }
}

/// Measures parts of a number of fleets on all cores.
fn in_parts<T: Send>(fleets: u32, first_seed: u64, measure: impl Fn(&MeasurePlan) -> T + Sync) -> Vec<T> {
    let parts = thread::available_parallelism().map_or(1, |cores| cores.get() as u32).min(fleets);
    thread::scope(|scope| {
        let plan = |part: u32| {
            let (from, until) = (fleets * part / parts, fleets * (part + 1) / parts);
            let first_seed = first_seed + u64::from(from);
            MeasurePlan { first_seed, fleets: until - from, has_own_readings: true, release_hour: 0 }
        };
        let measure = &measure;
        let parts: Vec<_> = (0..parts).map(|part| scope.spawn(move || measure(&plan(part)))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    })
}

fn named(fields: &[SeededField], fleets: u32) -> NamingScore {
    let mut all = NamingScore::default();
    for scores in in_parts(fleets, 1, |plan| {
        // Each part begins with another field.
        let mut fields = fields.to_vec();
        let count = fields.len();
        fields.rotate_left(plan.first_seed as usize % count);
        name_seeded_changes(plan, &fields, (0.1, ShareUnit::OfAll))
    }) {
        scores.values().for_each(|score| all.merge(score));
    }
    all
}

#[test]
fn a_change_of_a_tenth_is_named_within_two_days_of_data() {
    let fields: Vec<_> =
        SeededField::all().into_iter().filter(|field| field.shows_within_two_days()).collect();
    let score = named(&fields, rounds(20, 500));
    assert!(f64::from(score.within_two_days) >= 0.95 * f64::from(score.seeded), "{score:?}");
    // Fields that a change moves too are found rightly: p95 with the mean, instances with nodes.
    assert!(score.others_named * 10 <= score.seeded, "{score:?}");
}

#[test]
fn what_does_not_show_within_two_days_is_seldom_named_then() {
    let fields: Vec<_> =
        SeededField::all().into_iter().filter(|field| !field.shows_within_two_days()).collect();
    let score = named(&fields, rounds(7, 140));
    assert!(f64::from(score.within_two_days) < 0.95 * f64::from(score.seeded), "{score:?}");
}

#[test]
fn unchanged_fleets_have_at_most_one_false_alarm_a_year_for_100_fields() {
    let mut all = AlarmScore::default();
    let quarters = rounds(16, 10_000);
    in_parts(quarters, 1_000_001, count_false_alarms).into_iter().for_each(|score| all.merge(score));
    assert!(all.fields / f64::from(all.quarters) > 40.0, "{all:?}");
    let allowed = f64::from(all.alarms()) / all.alarms_per_year_of_100_fields();
    // Few quarters have more now and then by chance: three standard deviations.
    let by_chance = if quarters < 1_000 { 3.0 * allowed.sqrt() } else { 0.0 };
    assert!(all.alarms() == 0 || f64::from(all.alarms()) <= allowed + by_chance, "{all:?}");
}

#[test]
fn a_fleet_is_the_same_again() {
    let day = |seed| {
        let plan = SimulatedPlan {
            seed,
            installations: 50,
            releases: vec![1.0],
            change: None,
            has_own_readings: true,
        };
        let mut fleet = UpgradingFleet::new(plan);
        let days: Vec<_> = (0..4).map(|_| format!("{:?}", fleet.next_day())).collect();
        days
    };
    assert_eq!(day(1), day(1));
    assert_ne!(day(1), day(2));
}

#[test]
fn releases_are_taken_at_the_usual_pace() {
    let plan = SimulatedPlan {
        seed: 4,
        installations: 1_000,
        releases: vec![10.0],
        change: None,
        has_own_readings: false,
    };
    let mut fleet = UpgradingFleet::new(plan);
    let uptake: Vec<f64> = (0..40)
        .map(|_| {
            let day = fleet.next_day();
            let installations = &day.input().installations.installations;
            let newest = installations.iter().filter(|row| row.version == 3).count();
            newest as f64 / installations.len() as f64
        })
        .collect();
    for (day, range) in [(9, 0.0..0.001), (10, 0.1..0.2), (11, 0.2..0.35), (24, 0.55..0.7), (39, 0.7..0.9)] {
        assert!(range.contains(&uptake[day]), "{day}: {}", uptake[day]);
    }
}
