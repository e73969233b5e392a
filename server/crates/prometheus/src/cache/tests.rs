//! Tests of the cache.

use std::collections::BTreeMap;

use crate::test_queries::{
    CONTAINER_CPU_DELAY, CONTAINER_CPU_LIMIT, CONTAINER_INFO, CONTAINER_MEMORY_CACHE, CONTAINER_MEMORY_RSS,
    CONTAINER_MEMORY_RSS_FOR_TREND, CONTAINER_THROTTLED_TIME, PLAN, UP,
};
use headcount_platform::disk::simulated::{CrashKind, SimulatedDisk};
use proptest::prelude::*;

use super::*;
use crate::client::SeriesSink;

const DIR: &str = "cache/one";
const TO: u32 = 1_700_000_100;

/// Labels with their points.
type LabeledPoints<'s> = (&'s [&'s str], Vec<(u32, f32)>);

/// A row as it is read: first and last seen, the newest value, and the values over time.
type ReadRow = (u32, u32, f32, Vec<(u32, f32)>);

/// Rows by labels.
type ReadRows = BTreeMap<Vec<String>, ReadRow>;

/// Series by the number of their labels, with values at some of the times of a minute.
type MinuteSamples = Vec<(usize, [Option<i8>; 4])>;

fn open(disk: &SimulatedDisk) -> SeriesCache {
    SeriesCache::open(Arc::new(disk.clone()), DIR.to_owned(), PLAN).unwrap()
}

fn answer(query: &'static PrometheusQuery, series: &[LabeledPoints<'_>]) -> IncomingSeries {
    let mut answer = IncomingSeries::new(query);
    for (labels, points) in series {
        answer.series(labels).unwrap();
        for (at, value) in points {
            answer.point(*at, *value).unwrap();
        }
    }
    answer
}

/// The stored state of a query; `None` if it is missing. Also checks that reading without points returns the
/// same.
fn read(store: &SeriesCache, query: &'static PrometheusQuery) -> Option<(u32, ReadRows)> {
    let with_points = rows_in(
        &store
            .read(std::iter::once(query), PointSelection { points_of: &[query], ..PointSelection::default() })
            .unwrap(),
        query,
    );
    let without = rows_in(&store.read(std::iter::once(query), PointSelection::default()).unwrap(), query);
    let ends = with_points.clone().map(|(to, mut rows)| {
        rows.values_mut().for_each(|(.., points)| points.clear());
        (to, rows)
    });
    assert_eq!(without, ends);
    let past = PointSelection { sums_of: &[query], ..PointSelection::default() };
    let with_sums = store.read(std::iter::once(query), past).unwrap();
    assert_eq!(rows_in(&with_sums, query), ends);
    check_sums(&with_sums, query, with_points.as_ref());
    with_points
}

/// Checks that the sums equal those of the points.
#[track_caller]
fn check_sums(
    answers: &QueryResults,
    query: &'static PrometheusQuery,
    with_points: Option<&(u32, ReadRows)>,
) {
    let table = answers.table(query);
    let is_range = matches!(query.kind, QueryRetention::Range { .. });
    assert_eq!(table.sums.len(), if is_range { table.len() } else { 0 });
    for (row, sum) in table.rows().zip(&table.sums) {
        let labels: Vec<_> = row.labels().iter().map(|label| answers.text(*label).to_owned()).collect();
        let points = with_points.map(|(_, rows)| &rows[&labels].3);
        assert_eq!(points.map(|points| points.iter().map(|(_, value)| f64::from(*value)).sum()), Some(*sum));
    }
}

fn rows_in(answers: &QueryResults, query: &'static PrometheusQuery) -> Option<(u32, ReadRows)> {
    let table = answers.table(query);
    assert_eq!(table.labels.len(), table.len() * table.width);
    let rows = table.rows().map(|row| {
        let labels = row.labels().iter().map(|label| answers.text(*label).to_owned()).collect();
        let points = table.points_of(row.index()).collect();
        (labels, (row.first_seen(), row.last_seen(), row.newest(), points))
    });
    let rows: ReadRows = rows.collect();
    assert_eq!(rows.len(), table.len(), "a row is there twice");
    (table.to > 0).then_some((table.to, rows))
}

fn row(labels: &[&str], first: u32, last: u32, newest: f32) -> (Vec<String>, ReadRow) {
    (labels.iter().map(|label| (*label).to_owned()).collect(), (first, last, newest, Vec::new()))
}

fn row_of(labels: &[&str], points: &[(u32, f32)]) -> (Vec<String>, ReadRow) {
    let (first, (last, newest)) = (points[0].0, points[points.len() - 1]);
    (labels.iter().map(|label| (*label).to_owned()).collect(), (first, last, newest, points.to_vec()))
}

#[test]
fn of_a_query_about_now_the_last_answer_is_all() {
    let disk = SimulatedDisk::default();
    let store = open(&disk);
    assert_eq!((store.to(&CONTAINER_CPU_LIMIT), read(&store, &CONTAINER_CPU_LIMIT)), (None, None));
    let first = [(&["m", "s", "a"][..], vec![(TO, 1.0)]), (&["m", "s", "b"], vec![(TO, 2.0)])];
    store.write(answer(&CONTAINER_CPU_LIMIT, &first), TO, 15).unwrap();
    let second = [
        (&["m", "s", "c\0ü"][..], vec![(TO + 15, 4.0)]),
        (&["m", "s", "c\0ü"], vec![(TO + 15, 3.0)]),
        (&["", "", ""], vec![(TO + 15, -1.0)]),
        (&["m", "", "gone"], vec![(TO, -1.0)]),
        (&["m", "", "never"], vec![]),
    ];
    store.write(answer(&CONTAINER_CPU_LIMIT, &second), TO + 15, 15).unwrap();
    let at = TO + 15;
    let expected = ReadRows::from([row(&["m", "s", "c\0ü"], at, at, 4.0), row(&["", "", ""], at, at, -1.0)]);
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
    let expected = ReadRows::from([
        row(&a, TO - 3600, TO - 60, 2.0),
        row(&b, TO - 3600, TO - 3600, 1.0),
        row(&c, TO, TO, 5.0),
    ]);
    assert_eq!(read(&store, &CONTAINER_INFO), Some((TO, expected)));
    store.write(answer(&CONTAINER_INFO, &[(&c, vec![(TO + 30, 7.0)])]), TO + 60, 15).unwrap();
    let expected = ReadRows::from([row(&a, TO - 3540, TO - 60, 2.0), row(&c, TO, TO + 30, 7.0)]);
    for store in [&store, &open(&disk)] {
        assert_eq!(read(store, &CONTAINER_INFO), Some((TO + 60, expected.clone())));
    }
    store.write(answer(&CONTAINER_INFO, &[]), TO + 9000, 15).unwrap();
    assert_eq!(read(&store, &CONTAINER_INFO), Some((TO + 9000, ReadRows::new())));
}

#[test]
fn values_over_time_are_added_to_and_those_that_are_too_old_go() {
    let disk = SimulatedDisk::default();
    let store = open(&disk);
    let [a, b] = [["m", "s", "a"], ["m", "s", "b"]];
    let first = [(&a[..], vec![(TO - 3600, 1.0), (TO - 15, 2.0)]), (&b, vec![(TO - 3600, 9.0)])];
    store.write(answer(&CONTAINER_MEMORY_RSS, &first), TO, 15).unwrap();
    let expected = ReadRows::from([row_of(&a, &first[0].1), row_of(&b, &first[1].1)]);
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((TO, expected)));
    let second = [(&a[..], vec![(TO - 15, 3.0), (TO + 15, 4.0)])];
    store.write(answer(&CONTAINER_MEMORY_RSS, &second), TO + 15, 15).unwrap();
    let expected = ReadRows::from([row_of(&a, &[(TO - 15, 3.0), (TO + 15, 4.0)])]);
    for store in [&store, &open(&disk)] {
        assert_eq!(read(store, &CONTAINER_MEMORY_RSS), Some((TO + 15, expected.clone())));
    }
}

/// A cache that appends to files of any size.
fn open_adding(disk: &SimulatedDisk) -> SeriesCache {
    SeriesCache { small_bytes: 0, ..open(disk) }
}

fn minute(number: u32) -> u32 {
    TO + 60 * number
}

/// Three answers to a query with values over time: one series stays, one ends, one begins.
fn three_answers() -> [IncomingSeries; 3] {
    [0, 1, 2].map(|number| {
        let at = |step: u32| (minute(number) - 45 + 15 * step, (number * 4 + step) as f32 / 3.0);
        let stays = (&["m", "s", "stays"][..], (0..4).map(at).collect());
        let other = if number == 0 { &["m", "s", "ends"][..] } else { &["m2", "s", "begins"] };
        answer(&CONTAINER_MEMORY_RSS, &[stays, (other, vec![at(1), at(3)])])
    })
}

/// The stored state after none, one, two and three of these answers.
fn states_of_three_answers() -> Vec<Option<(u32, ReadRows)>> {
    let store = open(&SimulatedDisk::default());
    let mut states = vec![None];
    for (number, answer) in (0..).zip(three_answers()) {
        store.write(answer, minute(number), 15).unwrap();
        states.push(read(&store, &CONTAINER_MEMORY_RSS));
    }
    states
}

fn path(query: &PrometheusQuery) -> String {
    format!("{DIR}/{}{ENDING}", query.name)
}

/// A disk with a file of three frames, and one of another query.
fn disk_with_three_frames() -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    let store = open_adding(&disk);
    store.write(answer(&CONTAINER_CPU_LIMIT, &[(&["m", "s", "a"], vec![(TO, 1.0)])]), TO, 15).unwrap();
    for (number, answer) in (0..).zip(three_answers()) {
        store.write(answer, minute(number), 15).unwrap();
    }
    let file = &disk.files()[&path(&CONTAINER_MEMORY_RSS)];
    assert_eq!(FrameList::of(&CONTAINER_MEMORY_RSS, file).list.len(), 3);
    disk
}

#[test]
fn a_file_that_was_added_to_reads_like_one_that_was_written_anew() {
    let disk = disk_with_three_frames();
    let states = states_of_three_answers();
    let store = open_adding(&disk);
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), states[3]);
    let other_step = answer(&CONTAINER_MEMORY_RSS, &[(&["m", "s", "stays"], vec![(minute(3), 7.0)])]);
    store.write(other_step, minute(3), 60).unwrap();
    let at = |number: u32, value: u32| (minute(number), value as f32 / 3.0);
    let stays = [at(0, 3), at(1, 7), at(2, 11), (minute(3), 7.0)];
    let expected = ReadRows::from([
        row_of(&["m", "s", "stays"], &stays),
        row_of(&["m", "s", "ends"], &[at(0, 3)]),
        row_of(&["m2", "s", "begins"], &[at(1, 7), at(2, 11)]),
    ]);
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((minute(3), expected)));
}

#[test]
fn a_file_does_not_grow_without_end() {
    let disk = SimulatedDisk::default();
    let store = open_adding(&disk);
    let mut most = 0;
    for number in 0..200 {
        let series =
            [(&["m", "s", "a"][..], (0..4).map(|step| (minute(number) - 45 + 15 * step, 1.0)).collect())];
        store.write(answer(&CONTAINER_MEMORY_RSS, &series), minute(number), 15).unwrap();
        most = most.max(
            FrameList::of(&CONTAINER_MEMORY_RSS, &disk.files()[&path(&CONTAINER_MEMORY_RSS)]).list.len(),
        );
        let (to, rows) = read(&store, &CONTAINER_MEMORY_RSS).unwrap();
        let points = &rows.values().next().unwrap().3;
        assert_eq!((to, points.len() as u32), (minute(number), (4 * (number + 1)).min(241)));
    }
    assert!((2..=16).contains(&most), "{most}");
}

#[test]
fn after_a_gap_the_moments_between_are_missing() {
    let disk = SimulatedDisk::default();
    for store in [open(&disk), open_adding(&SimulatedDisk::default())] {
        for number in [0, 1, 31] {
            let series = [(&["m", "s", "a"][..], vec![(minute(number), number as f32)])];
            store.write(answer(&CONTAINER_MEMORY_RSS, &series), minute(number), 15).unwrap();
        }
        store.write(answer(&CONTAINER_MEMORY_RSS, &[]), minute(32), 15).unwrap();
        let points = [(minute(0), 0.0), (minute(1), 1.0), (minute(31), 31.0)];
        let expected = ReadRows::from([row_of(&["m", "s", "a"], &points)]);
        assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((minute(32), expected)));
        store.write(answer(&CONTAINER_MEMORY_RSS, &[]), minute(200), 15).unwrap();
        assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((minute(200), ReadRows::new())));
    }
}

#[test]
fn late_points_are_taken_and_repeated_ones_replace() {
    let disk = SimulatedDisk::default();
    for store in [open(&disk), open_adding(&SimulatedDisk::default())] {
        let write = |points: Vec<(u32, f32)>, to| {
            store.write(answer(&CONTAINER_MEMORY_RSS, &[(&["m", "s", "a"], points)]), to, 15).unwrap();
        };
        write(vec![(TO, 1.0), (TO + 30, 3.0)], TO + 30);
        write(vec![(TO + 15, 2.0), (TO + 30, 4.0)], TO + 30);
        write(vec![(TO - 15, 0.5)], TO);
        let points = [(TO - 15, 0.5), (TO, 1.0), (TO + 15, 2.0), (TO + 30, 4.0)];
        let expected = ReadRows::from([row_of(&["m", "s", "a"], &points)]);
        assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((TO + 30, expected)));
    }
}

#[test]
fn damage_anywhere_costs_only_what_comes_after_it() {
    let disk = disk_with_three_frames();
    let states = states_of_three_answers();
    let path = path(&CONTAINER_MEMORY_RSS);
    let file = disk.files()[&path].clone();
    let flipped = (0..file.len()).flat_map(|at| {
        [0x01, 0x80, 0xff].map(|bits| {
            let mut file = file.clone();
            file[at] ^= bits;
            file
        })
    });
    let cut = (0..file.len()).map(|len| file[..len].to_vec());
    let zeros = (0..file.len()).map(|len| [&file[..len], &vec![0; file.len() - len]].concat());
    for damaged in flipped.chain(cut).chain(zeros) {
        let running = open_adding(&disk);
        disk.spoil(&path, &damaged);
        for store in [&running, &open_adding(&disk)] {
            let found = read(store, &CONTAINER_MEMORY_RSS);
            assert!(states.contains(&found), "{found:?}");
            assert_eq!(store.to(&CONTAINER_MEMORY_RSS), found.map(|(to, _)| to));
            assert!(read(store, &CONTAINER_CPU_LIMIT).is_some());
        }
        disk.spoil(&path, &file);
    }
}

#[test]
fn a_damaged_file_is_added_to_again() {
    let disk = disk_with_three_frames();
    let states = states_of_three_answers();
    let path = path(&CONTAINER_MEMORY_RSS);
    let mut file = disk.files()[&path].clone();
    file.truncate(file.len() - 1);
    disk.spoil(&path, &file);
    let store = open_adding(&disk);
    assert_eq!(store.to(&CONTAINER_MEMORY_RSS), Some(minute(1)));
    let [_, _, third] = three_answers();
    store.write(third, minute(2), 15).unwrap();
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), states[3]);
    assert_eq!(read(&open(&disk), &CONTAINER_MEMORY_RSS), states[3]);
}

#[test]
fn damage_that_is_found_when_writing_is_fetched_again() {
    let disk = disk_with_three_frames();
    let states = states_of_three_answers();
    let path = path(&CONTAINER_MEMORY_RSS);
    let file = disk.files()[&path].clone();
    let store = open_adding(&disk);
    disk.spoil(&path, &file[..file.len() - 1]);
    let next = || answer(&CONTAINER_MEMORY_RSS, &[(&["m", "s", "stays"], vec![(minute(3), 1.0)])]);
    let refused = store.write(next(), minute(3), 15).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    assert_eq!(store.to(&CONTAINER_MEMORY_RSS), Some(minute(1)));
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), states[2]);
    disk.remove(&path).unwrap();
    assert!(store.write(next(), minute(3), 15).is_err());
    assert_eq!(store.to(&CONTAINER_MEMORY_RSS), None);
    store.write(three_answers()[0].clone(), minute(0), 15).unwrap();
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), states[1]);
}

#[test]
fn large_answers_come_back_in_all_their_pieces() {
    for (rows, now) in [(300, 55), (20_000, 58), (66_000, 80)] {
        let value = |row: u32, at: u32| (row % 97 + at % 1009) as f32 / 7.0;
        let part = |first: u32, rows: u32, minutes: std::ops::RangeInclusive<u32>| {
            let mut answer = IncomingSeries::new(&CONTAINER_MEMORY_RSS);
            for row in first..first + rows {
                answer.series(&["m", "", &format!("/k8s/container {row}")]).unwrap();
                for at in minutes.clone().map(minute).filter(|at| (row + at / 60) % 5 > 0) {
                    answer.point(at, value(row, at)).unwrap();
                }
            }
            answer
        };
        let [added, anew] = [0, usize::MAX].map(|small_bytes| {
            let disk = SimulatedDisk::default();
            let store = SeriesCache { small_bytes, ..open(&disk) };
            store.write(part(0, rows, 0..=9), minute(9), 60).unwrap();
            store.write(part(10, rows, now..=now), minute(now), 60).unwrap();
            store.write(part(0, 10, now + 1..=now + 10), minute(now + 10), 60).unwrap();
            let frames =
                FrameList::of(&CONTAINER_MEMORY_RSS, &disk.files()[&path(&CONTAINER_MEMORY_RSS)]).list.len();
            assert_eq!(frames, if small_bytes == 0 { 3 } else { 1 });
            read(&store, &CONTAINER_MEMORY_RSS)
        });
        assert_eq!(added, anew);
        let (to, found) = added.unwrap();
        assert_eq!(
            (to, found.len()),
            (minute(now + 10), if now > 60 { (rows as usize * 4 / 5) + 10 } else { rows as usize + 8 })
        );
        for (labels, (_, _, _, points)) in &found {
            let row: u32 = labels[2].rsplit(' ').next().unwrap().parse().unwrap();
            assert!(points.iter().all(|(at, found)| *found == value(row, *at) && *at >= to - 3600));
        }
    }
}

#[test]
fn answers_that_are_read_together_are_those_that_are_read_alone() {
    let store = open(&SimulatedDisk::default());
    let queries =
        [&CONTAINER_CPU_LIMIT, &CONTAINER_MEMORY_CACHE, &CONTAINER_CPU_DELAY, &CONTAINER_THROTTLED_TIME];
    for (query, left_out) in queries.into_iter().zip([99, 99, 3, 99]) {
        let mut answer = IncomingSeries::new(query);
        for row in (0_u8..9).filter(|row| *row != left_out) {
            answer.series(&["m", "", &format!("container {row}")]).unwrap();
            answer.point(TO, f32::from(row)).unwrap();
        }
        store.write(answer, TO, 15).unwrap();
    }
    let answers = store.read(queries.into_iter(), PointSelection::default()).unwrap();
    for query in queries {
        let rows = answers.table(query).rows().map(|found| {
            let labels: Vec<_> = found.labels().iter().map(|label| answers.text(*label)).collect();
            row(&labels, found.first_seen(), found.last_seen(), found.newest())
        });
        assert_eq!(read(&store, query), Some((TO, rows.collect())));
    }
    assert_eq!(answers.symbols().number_of_texts(), 11);
}

#[test]
fn a_trend_has_a_step_of_its_own() {
    let store = open(&SimulatedDisk::default());
    let to = TO / 300 * 300;
    let points: Vec<_> = (0..=48).map(|number| (to - 14_400 + 300 * number, number as f32)).collect();
    let labels = ["m", "s", "a"];
    let series = [(&labels[..], points.clone())];
    store.write(answer(&CONTAINER_MEMORY_RSS_FOR_TREND, &series), to, 15).unwrap();
    let expected = ReadRows::from([row_of(&labels, &points)]);
    assert_eq!(read(&store, &CONTAINER_MEMORY_RSS_FOR_TREND), Some((to, expected)));
}

#[test]
fn what_is_written_right_and_is_too_short_or_has_a_wrong_header_is_missing_and_stops_nothing() {
    let disk = disk_with_three_frames();
    let path = path(&CONTAINER_MEMORY_RSS);
    let file = disk.files()[&path].clone();
    let frames = FrameList::of(&CONTAINER_MEMORY_RSS, &file);
    let good = frames.list[0];
    let big = u32::MAX;
    let headers = [
        frame::FrameHeader { rows: big, added: big, ..good.header },
        frame::FrameHeader { moments: big, ..good.header },
        frame::FrameHeader { step: 0, ..good.header },
        frame::FrameHeader { step: big, moments: 2, ..good.header },
        frame::FrameHeader { rows: 0, added: 0, ..good.header },
        frame::FrameHeader { added: 1, ..good.header },
        frame::FrameHeader { from: big, ..good.header },
    ];
    let truncated = (0..good.body.len()).map(|len| (good.header, good.body[..len].to_vec()));
    let mut bodies: Vec<_> = truncated.collect();
    bodies.extend(headers.map(|header| (header, good.body.to_vec())));
    let unreadable = bodies.len();
    // With another byte a body may be read, as other values; without a time, it has rows and no values.
    bodies.extend((0..good.body.len()).map(|at| {
        let mut body = good.body.to_vec();
        body[at] = 0xff;
        (good.header, body)
    }));
    bodies.push((frame::FrameHeader { moments: 0, ..good.header }, good.body.to_vec()));
    for (number, (header, body)) in bodies.into_iter().enumerate() {
        let frame = frame::frame(&CONTAINER_MEMORY_RSS, &header, |bytes| {
            bytes.extend_from_slice(&body);
            Ok(())
        });
        disk.spoil(&path, &frame.unwrap());
        let store = open(&disk);
        let found = read(&store, &CONTAINER_MEMORY_RSS);
        assert!(number >= unreadable || found.is_none(), "{number}: {header:?}");
        store.write(three_answers()[0].clone(), minute(0), 15).unwrap();
    }
}

/// Writes answers of each kind until the crash. Returns how many writes of each query succeeded.
fn write_until_crash(disk: &SimulatedDisk) -> [usize; 3] {
    let mut done = [0; 3];
    let Ok(store) = SeriesCache::open(Arc::new(disk.clone()), DIR.to_owned(), PLAN) else { return done };
    let store = SeriesCache { small_bytes: 0, ..store };
    for (number, range) in (0..).zip(three_answers()) {
        for (query, answer) in [now_answer(number), seen_answer(number), range].into_iter().enumerate() {
            if store.write(answer, minute(number), 15).is_err() {
                return done;
            }
            done[query] += 1;
        }
    }
    done
}

fn now_answer(number: u32) -> IncomingSeries {
    answer(&CONTAINER_CPU_LIMIT, &[(&["m", "s", "a"], vec![(minute(number), number as f32)])])
}

fn seen_answer(number: u32) -> IncomingSeries {
    let name = format!("image {number}");
    answer(&CONTAINER_INFO, &[(&["m", "s", "a", &name, ""], vec![(minute(number), 1.0)])])
}

#[test]
fn a_crash_at_any_step_leaves_the_old_or_the_new() {
    let queries = [&CONTAINER_CPU_LIMIT, &CONTAINER_INFO, &CONTAINER_MEMORY_RSS];
    let whole = open(&SimulatedDisk::default());
    let mut states = vec![[None, None, None]];
    for (number, range) in (0..).zip(three_answers()) {
        for answer in [now_answer(number), seen_answer(number), range] {
            whole.write(answer, minute(number), 15).unwrap();
        }
        states.push(queries.map(|query| read(&whole, query)));
    }
    for crash_after in 0.. {
        let disk = SimulatedDisk::default();
        disk.crash_after(crash_after);
        let done = write_until_crash(&disk);
        let crashed = disk.crashed();
        disk.restart(CrashKind::Kill);
        let store = open_adding(&disk);
        for (place, query) in queries.into_iter().enumerate() {
            let found = read(&store, query);
            let next = (done[place] + 1).min(3);
            assert!(
                [&states[done[place]][place], &states[next][place]].contains(&&found),
                "{crash_after} {query:?}"
            );
            assert_eq!(store.to(query), found.map(|(to, _)| to));
        }
        write_until_crash(&disk);
        assert_eq!(queries.map(|query| read(&open(&disk), query)), states[3], "after {crash_after}");
        if !crashed {
            break;
        }
    }
}

#[test]
fn a_power_cut_costs_what_was_not_written_back_and_nothing_else() {
    for crash_after in 0.. {
        let disk = SimulatedDisk::default();
        disk.create_dir(DIR).unwrap();
        disk.write_synced(&path(&CONTAINER_CPU_LIMIT), b"").unwrap();
        disk.sync_dir(DIR).unwrap();
        disk.crash_after(crash_after);
        write_until_crash(&disk);
        let crashed = disk.crashed();
        disk.restart(CrashKind::Kill);
        // The system has written the names to disk, but not the contents of the files.
        disk.sync_dir(DIR).unwrap();
        disk.restart(CrashKind::PowerCut);
        let store = open(&disk);
        let queries = [&CONTAINER_CPU_LIMIT, &CONTAINER_INFO, &CONTAINER_MEMORY_RSS];
        assert_eq!(queries.map(|query| read(&store, query)), [None, None, None]);
        assert_eq!(write_until_crash(&disk), [3; 3]);
        store.expire(TO - 3600..=TO).unwrap();
        if !crashed {
            break;
        }
    }
}

#[test]
fn a_disk_that_refuses_leaves_what_was_stored() {
    let disk = disk_with_three_frames();
    let before = read(&open(&disk), &CONTAINER_MEMORY_RSS);
    let [_, _, mut third] = three_answers();
    for steps in 0.. {
        let store = open_adding(&disk);
        disk.fail_once_after(steps);
        third.series(&["m", "s", "late"]).unwrap();
        third.point(minute(3), 1.0).unwrap();
        let written = store.write(third.clone(), minute(3), 15);
        if disk.has_failure_ahead() {
            assert!(written.is_ok());
            break;
        }
        assert!(written.is_err());
        assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), before);
        assert_eq!(read(&open(&disk), &CONTAINER_MEMORY_RSS), before);
    }
}

#[test]
fn old_answers_and_files_of_others_expire() {
    let disk = SimulatedDisk::default();
    let store = open(&disk);
    store.write(now_answer(0), minute(0), 15).unwrap();
    store.write(seen_answer(100), minute(100), 15).unwrap();
    store.write(three_answers()[0].clone(), minute(1000), 15).unwrap();
    for name in ["container_cpu_limit.table.part", "no_query.table", "notes.txt"] {
        disk.write(&format!("{DIR}/{name}"), b"mine").unwrap();
    }
    disk.write("cache/other", b"theirs").unwrap();
    store.expire(minute(1)..=minute(160)).unwrap();
    assert_eq!(
        disk.files().into_keys().collect::<Vec<_>>(),
        [path(&CONTAINER_INFO), "cache/other".to_owned()]
    );
    assert_eq!((store.to(&CONTAINER_CPU_LIMIT), store.to(&CONTAINER_INFO)), (None, Some(minute(100))));
}

#[test]
fn too_many_series_are_refused() {
    let mut answer = IncomingSeries::new(&UP);
    let refused = (0..3_000_000).position(|_| answer.series(&["a", "b"]).is_err());
    assert_eq!(refused, Some(2_000_000));
}

#[test]
fn reading_while_writing_finds_the_old_or_the_new() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(headcount_platform::disk::DiskDirectory::new(dir.path()));
    let store = SeriesCache { small_bytes: 400, ..SeriesCache::open(disk, DIR.to_owned(), PLAN).unwrap() };
    let first = |number| answer(&UP, &[(&["j", "i"], vec![(minute(number), number as f32)])]);
    store.write(first(0), minute(0), 15).unwrap();
    std::thread::scope(|scope| {
        let writing =
            scope.spawn(|| (1..300).for_each(|number| drop(store.write(first(number), minute(number), 15))));
        let mut newest = 0;
        while !writing.is_finished() {
            let answers = store
                .read(std::iter::once(&UP), PointSelection { points_of: &[&UP], ..PointSelection::default() })
                .unwrap();
            let (to, rows) = rows_in(&answers, &UP).unwrap();
            let points = &rows.values().next().unwrap().3;
            assert_eq!(points.len() as u32, ((to - TO) / 60 + 1).min(61));
            assert!(to >= newest);
            newest = to;
        }
    });
    assert_eq!(store.to(&UP), Some(minute(299)));
}

/// Answers, each some minutes after the previous one.
fn any_answers() -> impl Strategy<Value = Vec<(u32, MinuteSamples)>> {
    let series = (0_usize..6, any::<[Option<i8>; 4]>());
    let answer = (1_u32..40, proptest::collection::vec(series, 0..8));
    proptest::collection::vec(answer, 1..30)
}

const LABELS: [[&str; 5]; 6] = [
    ["", "", "", "", ""],
    ["a", "", "", "", ""],
    ["", "a", "", "", ""],
    ["a\0", "ü€𐍈", "long long long long long long long long", "x", "\u{7f}"],
    ["a", "b", "c", "d", "e"],
    ["b", "a", "c", "d", "e"],
];

/// The points of each series of an answer that ends at `to`, by labels. Series with the same labels are
/// merged.
fn merged(to: u32, series: &[(usize, [Option<i8>; 4])]) -> BTreeMap<usize, BTreeMap<u32, f32>> {
    let mut merged: BTreeMap<usize, BTreeMap<u32, f32>> = BTreeMap::new();
    for (labels, values) in series {
        for (number, value) in (0..).zip(values) {
            if let Some(value) = value {
                let value = f32::from(*value);
                let present =
                    merged.entry(*labels).or_default().entry(to - 45 + 15 * number).or_insert(value);
                *present = present.max(value);
            }
        }
    }
    merged
}

fn incoming(query: &'static PrometheusQuery, to: u32, series: &[(usize, [Option<i8>; 4])]) -> IncomingSeries {
    let mut answer = IncomingSeries::new(query);
    for (labels, values) in series {
        answer.series(&LABELS[*labels][..query.labels.len()]).unwrap();
        for (number, value) in (0..).zip(values) {
            if let Some(value) = value {
                answer.point(to - 45 + 15 * number, f32::from(*value)).unwrap();
            }
        }
    }
    answer
}

type CacheModel = BTreeMap<usize, BTreeMap<u32, f32>>;

fn rows_of(query: &PrometheusQuery, model: &CacheModel, with_points: bool) -> ReadRows {
    let rows = model.iter().filter_map(|(labels, points)| {
        let points: Vec<_> = points.iter().map(|(at, value)| (*at, *value)).collect();
        let labels = &LABELS[*labels][..query.labels.len()];
        let (first, (last, newest)) = (*points.first()?, *points.last()?);
        Some(if with_points { row_of(labels, &points) } else { row(labels, first.0, last, newest) })
    });
    rows.collect()
}

fn add(model: &mut CacheModel, answer: &CacheModel, earliest: u32) {
    for (labels, points) in answer {
        model.entry(*labels).or_default().extend(points);
    }
    for points in model.values_mut() {
        points.retain(|at, _| *at >= earliest);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_written_is_read(answers in any_answers(), small in prop::bool::ANY, reopen in prop::bool::ANY) {
        let disk = SimulatedDisk::default();
        let small_bytes = if small { SMALL_BYTES } else { 0 };
        let mut store = SeriesCache { small_bytes, ..open(&disk) };
        let (mut range, mut to) = (CacheModel::new(), TO);
        let mut seen: BTreeMap<usize, (u32, u32, f32)> = BTreeMap::new();
        for (minutes, mut series) in answers {
            to += 60 * minutes;
            let new = merged(to, &series);
            store.write(incoming(&CONTAINER_MEMORY_RSS, to, &series), to, 15).unwrap();
            // The order of series makes no difference.
            series.reverse();
            store.write(incoming(&CONTAINER_INFO, to, &series), to, 15).unwrap();
            let at_to = |points: &BTreeMap<u32, f32>| points.get(&to).map(|value| BTreeMap::from([(to, *value)]));
            let now: CacheModel =
                new.iter().filter_map(|(labels, points)| Some((*labels, at_to(points)?))).collect();
            store.write(incoming(&CONTAINER_CPU_LIMIT, to, &series), to, 15).unwrap();
            add(&mut range, &new, to - 3600);
            for (labels, points) in &new {
                let ((first, _), (last, newest)) = (points.first_key_value().unwrap(), points.last_key_value().unwrap());
                let entry = seen.entry(*labels).or_insert((*first, *last, *newest));
                (entry.1, entry.2) = (*last, *newest);
            }
            seen.retain(|_, (_, last, _)| *last >= to - 3600);
            seen.values_mut().for_each(|(first, _, _)| *first = (*first).max(to - 3600));
            if reopen {
                store = SeriesCache { small_bytes, ..open(&disk) };
            }
            // Series that differ only in labels that the query does not keep become one row.
            prop_assert_eq!(read(&store, &CONTAINER_MEMORY_RSS), Some((to, rows_of(&CONTAINER_MEMORY_RSS, &range, true))));
            prop_assert_eq!(read(&store, &CONTAINER_CPU_LIMIT), Some((to, rows_of(&CONTAINER_CPU_LIMIT, &now, false))));
            let expected = seen.iter().map(|(labels, (first, last, newest))| row(&LABELS[*labels], *first, *last, *newest));
            prop_assert_eq!(read(&store, &CONTAINER_INFO), Some((to, expected.collect())));
        }
    }
}
