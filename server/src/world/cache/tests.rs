//! Tests of the cache.

use std::collections::BTreeMap;

use super::{super::prometheus::Sink, *};
use crate::{
    disk::simulated::SimulatedDisk,
    world::catalogue::{
        CONTAINER_CPU_LIMIT, CONTAINER_INFO, CONTAINER_MEMORY_RSS, CONTAINER_MEMORY_RSS_FOR_TREND, UP,
    },
};

const DIR: &str = "cache/one";
const TO: u32 = 1_700_000_100;

/// Labels and their points.
type Series<'s> = (&'s [&'s str], Vec<(u32, f32)>);

/// What is read: first and last seen, the newest value, and the values over time, by labels.
type Rows = BTreeMap<Vec<String>, (u32, u32, f32, Vec<(u32, f32)>)>;

fn open(disk: &SimulatedDisk) -> Store {
    Store::open(Arc::new(disk.clone()), DIR.to_owned()).unwrap()
}

fn answer(query: &'static Query, series: &[Series<'_>]) -> Incoming {
    let mut answer = Incoming::new(query);
    for (labels, points) in series {
        answer.series(labels).unwrap();
        for (at, value) in points {
            answer.point(*at, *value).unwrap();
        }
    }
    answer
}

/// What a store has of a query; `None` when it is missing.
fn read(store: &Store, query: &'static Query) -> Option<(u32, Rows)> {
    let answers = store.read(std::iter::once(query)).unwrap();
    let table = answers.table(query);
    assert_eq!(table.labels.len(), table.len() * table.width);
    let rows = table.rows().map(|row| {
        let labels = row.labels().iter().map(|label| answers.text(*label).to_owned()).collect();
        let points = table.points_of(row.index()).collect();
        (labels, (row.first_seen(), row.last_seen(), row.newest(), points))
    });
    let rows: Rows = rows.collect();
    assert_eq!(rows.len(), table.len(), "a row is there twice");
    (table.to > 0).then_some((table.to, rows))
}

fn row(
    labels: &[&str],
    first: u32,
    last: u32,
    newest: f32,
) -> (Vec<String>, (u32, u32, f32, Vec<(u32, f32)>)) {
    (labels.iter().map(|label| (*label).to_owned()).collect(), (first, last, newest, Vec::new()))
}

fn row_of(labels: &[&str], points: &[(u32, f32)]) -> (Vec<String>, (u32, u32, f32, Vec<(u32, f32)>)) {
    let (first, (last, newest)) = (points[0].0, points[points.len() - 1]);
    (labels.iter().map(|label| (*label).to_owned()).collect(), (first, last, newest, points.to_vec()))
}

#[test]
fn of_a_query_about_now_the_last_answer_is_all() {
    let disk = SimulatedDisk::default();
    let store = open(&disk);
    assert_eq!((store.to(&CONTAINER_CPU_LIMIT), read(&store, &CONTAINER_CPU_LIMIT)), (None, None));
    let first = [(&["m", "s", "a"][..], vec![(TO, 1.0)]), (&["m", "s", "b"], vec![(TO, 2.0)])];
    let stored = store.write(answer(&CONTAINER_CPU_LIMIT, &first), TO, 15).unwrap();
    assert_eq!(stored, Stored { answered: 2, series: 2 });
    let second = [
        (&["m", "s", "c\0ü"][..], vec![(TO + 15, 4.0)]),
        (&["m", "s", "c\0ü"], vec![(TO + 15, 3.0)]),
        (&["", "", ""], vec![(TO + 15, -1.0)]),
        (&["m", "", "gone"], vec![(TO, -1.0)]),
        (&["m", "", "never"], vec![]),
    ];
    store.write(answer(&CONTAINER_CPU_LIMIT, &second), TO + 15, 15).unwrap();
    let at = TO + 15;
    let expected = Rows::from([row(&["m", "s", "c\0ü"], at, at, 4.0), row(&["", "", ""], at, at, -1.0)]);
    for store in [&store, &open(&disk)] {
        assert_eq!(store.to(&CONTAINER_CPU_LIMIT), Some(at));
        assert_eq!(read(store, &CONTAINER_CPU_LIMIT), Some((at, expected.clone())));
    }
}

#[test]
fn what_was_seen_in_the_last_hour_is_kept_with_its_times() {
    let disk = SimulatedDisk::default();
    let store = open(&disk);
    let [a, b, c] = [["m", "s", "a", "i", ""], ["m", "s", "b", "i", ""], ["m", "s", "c", "i", ""]];
    let first = [
        (&a[..], vec![(TO - 3600, 1.0), (TO - 60, 2.0)]),
        (&b, vec![(TO - 3600, 1.0)]),
        (&c, vec![(TO, 5.0)]),
    ];
    store.write(answer(&CONTAINER_INFO, &first), TO, 15).unwrap();
    let expected = Rows::from([
        row(&a, TO - 3600, TO - 60, 2.0),
        row(&b, TO - 3600, TO - 3600, 1.0),
        row(&c, TO, TO, 5.0),
    ]);
    assert_eq!(read(&store, &CONTAINER_INFO), Some((TO, expected)));
    store.write(answer(&CONTAINER_INFO, &[(&c, vec![(TO + 30, 7.0)])]), TO + 60, 15).unwrap();
    let expected = Rows::from([row(&a, TO - 3540, TO - 60, 2.0), row(&c, TO, TO + 30, 7.0)]);
    for store in [&store, &open(&disk)] {
        assert_eq!(read(store, &CONTAINER_INFO), Some((TO + 60, expected.clone())));
    }
    store.write(answer(&CONTAINER_INFO, &[]), TO + 9000, 15).unwrap();
    assert_eq!(read(&store, &CONTAINER_INFO), Some((TO + 9000, Rows::new())));
}

#[test]
fn values_over_time_are_added_to_and_those_that_are_too_old_go() {
    let disk = SimulatedDisk::default();
    let store = open(&disk);
    let [a, b] = [["m", "s", "a"], ["m", "s", "b"]];
    let first = [(&a[..], vec![(TO - 3600, 1.0), (TO - 15, 2.0)]), (&b, vec![(TO - 3600, 9.0)])];
    store.write(answer(&CONTAINER_MEMORY_RSS, &first), TO, 15).unwrap();
    let expected = Rows::from([row_of(&a, &first[0].1), row_of(&b, &first[1].1)]);
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((TO, expected)));
    let second = [(&a[..], vec![(TO - 15, 3.0), (TO + 15, 4.0)])];
    store.write(answer(&CONTAINER_MEMORY_RSS, &second), TO + 15, 15).unwrap();
    let expected = Rows::from([row_of(&a, &[(TO - 15, 3.0), (TO + 15, 4.0)])]);
    for store in [&store, &open(&disk)] {
        assert_eq!(read(store, &CONTAINER_MEMORY_RSS), Some((TO + 15, expected.clone())));
    }
    let _ = (&CONTAINER_MEMORY_RSS_FOR_TREND, &UP);
}
