//! Tests what is found on which day.

use super::*;
use crate::{
    changes::FieldKind,
    installation_day::{InstallationDay, InstallationHash},
};

fn day(at: u32) -> CalendarDay {
    CalendarDay::try_from(20_458 + at).unwrap()
}

/// A day of 300 installations of which each says its version and its number of nodes.
fn installations(state: impl Fn(u64) -> (&'static str, u64)) -> InstallationDays {
    let mut days = InstallationDays::empty();
    for hash in 0..300 {
        let (version, nodes) = state(hash);
        let mut row = InstallationDay::without_reports(InstallationHash(hash));
        row.reports = 24;
        row.version = days.versions.number(version);
        row.sizes.nodes = nodes;
        days.installations.push(row);
    }
    days
}

fn changes(days: &[(u32, InstallationDays)]) -> Vec<FoundChange> {
    let input = |(at, installations): &(u32, InstallationDays)| (day(*at), installations.clone());
    let days: Vec<_> = days.iter().map(input).collect();
    let inputs: Vec<_> = days
        .iter()
        .map(|(day, installations)| DayInput {
            day: *day,
            installations,
            tables: &[],
            functions: &[],
            readings: None,
        })
        .collect();
    find_changes(&inputs)
}

/// On day 28, a third takes release 1.1, in which nodes are counted twice.
fn doubled(at: u32, hash: u64) -> (&'static str, u64) {
    if at >= 28 && hash < 100 { ("1.1", 2 * (5 + hash % 7)) } else { ("1.0", 5 + hash % 7) }
}

fn history(until: u32, state: impl Fn(u32, u64) -> (&'static str, u64)) -> Vec<(u32, InstallationDays)> {
    (0..until).map(|at| (at, installations(|hash| state(at, hash)))).collect()
}

#[test]
fn the_looks_at_a_release_cost_all_that_it_may_spend() {
    let parts: f64 = (0..400).map(part_of_look).sum();
    assert!((parts - 1.0).abs() < 1e-9);
    assert_eq!((part_of_look(0), part_of_look(LOOK_DAYS + 1)), (0.0, 0.0));
}

#[test]
fn a_change_is_named_on_the_first_whole_day_with_its_release_and_size() {
    assert_eq!(changes(&history(29, doubled)), []);
    let found = changes(&history(30, doubled));
    let [change] = &found[..] else { panic!("{found:?}") };
    assert_eq!((change.release.as_str(), change.previous.as_str()), ("1.1", "1.0"));
    assert_eq!(change.field, ChangedField::new(FieldKind::Size, "nodes"));
    assert_eq!((change.released_on, change.found_on), (day(28), day(29)));
    assert!(change.certainty > 0.999, "{change:?}");
    assert!((change.size.size() - 1.0).abs() < 0.01, "{change:?}");
    let later = changes(&history(50, doubled));
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].found_on, day(29));
}

#[test]
fn what_all_installations_do_alike_is_no_change_of_a_release() {
    let found = changes(&history(40, |at, hash| {
        let (version, _) = doubled(at, hash);
        (version, if at >= 28 { 20 } else { 10 } + hash % 7)
    }));
    assert_eq!(found, []);
}

#[test]
fn installations_that_differ_from_others_all_the_time_are_no_change() {
    let found = changes(&history(40, |at, hash| (doubled(at, hash).0, if hash < 100 { 40 } else { 4 })));
    assert_eq!(found, []);
}

#[test]
fn a_change_is_not_found_again_by_those_who_skipped_its_release() {
    // The first hundred take 1.1 and nothing else, the second hundred 1.2 right from 1.0, the others nothing.
    let found = changes(&history(60, |at, hash| match (at, hash) {
        (28.., 0..100) => doubled(at, hash),
        (40.., 100..200) => ("1.2", 2 * (5 + hash % 7)),
        _ => ("1.0", 5 + hash % 7),
    }));
    let releases: Vec<_> = found.iter().map(|change| change.release.as_str()).collect();
    assert_eq!(releases, ["1.1"]);
}

#[test]
fn a_day_without_most_reports_is_not_looked_at() {
    let mut days = history(32, doubled);
    let (_, gap) = &mut days[29];
    gap.installations.truncate(120);
    let found = changes(&days);
    assert_eq!(found.iter().map(|change| change.found_on).collect::<Vec<_>>(), [day(30)]);
}

#[test]
fn a_day_that_comes_twice_or_late_is_ignored() {
    let mut days = history(30, doubled);
    let expected = changes(&days);
    days.push((29, installations(|_| ("1.0", 1))));
    days.push((3, installations(|_| ("1.0", 1))));
    assert_eq!(changes(&days), expected);
}

#[test]
fn what_was_found_is_known_before_the_release_is_over() {
    let mut finder = ChangeFinder::new();
    for (at, installations) in history(30, doubled) {
        let input = DayInput {
            day: day(at),
            installations: &installations,
            tables: &[],
            functions: &[],
            readings: None,
        };
        finder.add_day(&input);
    }
    assert!(finder.compared_fields() > 0);
    assert_eq!(finder.into_changes().len(), 1);
}

/// The fields that are found in thirty days on whose last two a third of the installations has a release.
fn found_fields(
    row: impl Fn(bool, &mut InstallationDay),
    time: impl Fn(bool) -> Option<f32>,
) -> Vec<(String, ChangeSize)> {
    let mut finder = ChangeFinder::new();
    for at in 0..30 {
        let has_release = |hash: u64| at >= 28 && hash < 100;
        let mut days = installations(|hash| (if has_release(hash) { "1.1" } else { "1.0" }, 5));
        days.names.number("redis");
        let mut readings = InstallationReadings {
            fields: vec![ChangedField::new(FieldKind::Query, "up")],
            ..InstallationReadings::default()
        };
        for installation in &mut days.installations {
            let has_release = has_release(installation.installation.0);
            row(has_release, installation);
            let times = time(has_release).into_iter().map(|time| (0, time)).collect();
            readings.rows.push((installation.installation, times));
        }
        finder.add_day(&DayInput {
            day: day(at),
            installations: &days,
            tables: &[],
            functions: &[],
            readings: Some(&readings),
        });
    }
    finder.into_changes().into_iter().map(|change| (change.field.to_string(), change.size)).collect()
}

#[test]
fn a_service_that_installations_lose_is_named_with_its_share() {
    let has_redis = |has_release: bool, row: &mut InstallationDay| {
        let is_lost = has_release && row.installation.0.is_multiple_of(2);
        row.services = if is_lost { Vec::new() } else { vec![1] };
    };
    let found = found_fields(has_redis, |_| None);
    let [(field, ChangeSize::Share { size, low, high })] = &found[..] else { panic!("{found:?}") };
    assert_eq!(field, "the share of installations with the service redis");
    assert!((size + 0.5).abs() < 1e-9 && *low < -0.5 && -0.5 < *high && high - low < 0.25, "{found:?}");
}

#[test]
fn a_time_is_compared_within_installations_that_say_it() {
    let found = found_fields(|_, _| (), |has_release| Some(if has_release { -1.0 } else { -1.25 }));
    let [(field, size)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(field, "the time of the query up");
    assert!((size.size() - 0.25_f64.exp_m1()).abs() < 0.01, "{found:?}");
}
