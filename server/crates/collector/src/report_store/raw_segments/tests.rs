//! Tests that what is committed stays readable whatever happens between commits.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use proptest::prelude::*;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::runtime;

use super::*;
use crate::{
    collector_keys::CollectorKeys,
    decode_body::ContentCoding,
    prepared_report::prepare,
    report_store::{IncomingReport, RawReport},
    storage_quota::QuotaBooking,
    trusted_time::TrustedMoment,
};

const DAY: u64 = 24 * 60 * 60;

/// The part of the schema that is used here.
const TABLES: &str =
    "CREATE TABLE raw_segment (number INTEGER PRIMARY KEY, day INTEGER NOT NULL, bytes INTEGER NOT NULL,
        newest_at INTEGER NOT NULL) STRICT;
    CREATE TABLE raw_place (seq INTEGER PRIMARY KEY, segment INTEGER NOT NULL REFERENCES raw_segment (number),
        offset INTEGER NOT NULL, length INTEGER NOT NULL) STRICT;
    CREATE TABLE report (seq INTEGER PRIMARY KEY, product TEXT NOT NULL) STRICT;
    CREATE TABLE clock (id INTEGER PRIMARY KEY, at INTEGER) STRICT;
    INSERT INTO clock (id, at) VALUES (1, 0);
    CREATE TABLE ledger (day INTEGER NOT NULL, product TEXT NOT NULL, entry TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (day, product, entry)) STRICT, WITHOUT ROWID";

const PLACE: &str = "SELECT seq, segment, day, offset, length
    FROM raw_place JOIN raw_segment ON segment = number WHERE seq = ?";

#[derive(Debug, Clone)]
enum SegmentStep {
    /// A group of copies of these sizes is written and committed.
    Commit(Vec<usize>),
    /// It is written, and its transaction is rolled back.
    RollBack(Vec<usize>),
    /// The process ends after a group was written and before its commit.
    Crash(Vec<usize>),
    /// Days pass.
    Wait(u64),
    /// A file disappears.
    Lose(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<SegmentStep>> {
    let sizes = || prop::collection::vec(0_usize..3000, 1..5);
    let step = prop_oneof![
        4 => sizes().prop_map(SegmentStep::Commit),
        2 => sizes().prop_map(SegmentStep::RollBack),
        2 => sizes().prop_map(SegmentStep::Crash),
        1 => (0_u64..3).prop_map(SegmentStep::Wait),
        1 => any::<prop::sample::Index>().prop_map(SegmentStep::Lose),
    ];
    prop::collection::vec(step, 1..25)
}

/// A database, its segments, and the copies that must be readable.
struct WrittenSegments {
    data_dir: tempfile::TempDir,
    connection: SqliteConnection,
    segments: RawSegments,
    seq: i64,
    now: u64,
    expected: BTreeMap<i64, Option<Vec<u8>>>,
}

impl WrittenSegments {
    async fn begin() -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let mut connection = SqliteConnectOptions::new().filename(":memory:").connect().await.unwrap();
        sqlx::raw_sql(TABLES).execute(&mut connection).await.unwrap();
        let segments = Self::open(&data_dir);
        segments.reconcile(&mut connection).await.unwrap();
        Self { data_dir, connection, segments, seq: 0, now: 20_000 * DAY, expected: BTreeMap::new() }
    }

    /// With segments of at most 4 KiB.
    fn open(data_dir: &tempfile::TempDir) -> RawSegments {
        RawSegments::open(data_dir.path(), Some(DiskLimit::new(16 * 4096))).unwrap()
    }

    /// Writes a group in a transaction.
    async fn write(&mut self, sizes: &[usize], is_committed: bool) {
        let mut batch = RecordBatch::default();
        let mut copies = Vec::new();
        for size in sizes {
            self.seq += 1;
            let copy = vec![self.seq.to_le_bytes()[0] | 1; *size];
            batch.push(self.seq, &copy);
            copies.push((self.seq, Some(copy)));
        }
        let mut segments = self.segments.lock().await;
        let mut transaction = self.connection.begin().await.unwrap();
        segments.append(&mut transaction, batch, self.now).await.unwrap();
        if is_committed {
            transaction.commit().await.unwrap();
            segments.mark_committed();
            self.expected.extend(copies);
        } else {
            transaction.rollback().await.unwrap();
        }
    }

    async fn restart(&mut self) {
        self.segments = Self::open(&self.data_dir);
        self.segments.reconcile(&mut self.connection).await.unwrap();
        let rows: Vec<SegmentRow> =
            sqlx::query_as(ALL_SEGMENTS).fetch_all(&mut self.connection).await.unwrap();
        let mut files = self.segments.directory.segment_names().unwrap();
        files.sort_by_key(|name| name.number);
        assert_eq!(files, rows.iter().map(|row| row.name).collect::<Vec<_>>());
        for SegmentRow { name, bytes } in rows {
            assert_eq!(fs::metadata(self.segments.directory.path(name)).unwrap().len(), bytes);
        }
    }

    /// Removes a file, and expects its copies to be dropped.
    async fn lose(&mut self, chosen: prop::sample::Index) {
        let files = self.segments.directory.segment_names().unwrap();
        if files.is_empty() {
            return;
        }
        let lost = files[chosen.index(files.len())];
        let inside: Vec<i64> = sqlx::query_scalar("SELECT seq FROM raw_place WHERE segment = ?")
            .bind(lost.number)
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        fs::remove_file(self.segments.directory.path(lost)).unwrap();
        self.expected.extend(inside.into_iter().map(|seq| (seq, None)));
        self.restart().await;
    }

    async fn assert_readable(&mut self) {
        for seq in 1..=self.seq {
            let place: Option<RawPlace> =
                sqlx::query_as(PLACE).bind(seq).fetch_optional(&mut self.connection).await.unwrap();
            let read = match place {
                Some(place) => self.segments.read_raw(place).await.unwrap().unwrap(),
                None => None,
            };
            assert_eq!(read, self.expected.get(&seq).cloned().flatten(), "{seq}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn committed_copies_are_read_after_failed_groups_crashes_and_lost_files(steps in steps()) {
        runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let mut written = WrittenSegments::begin().await;
            for step in steps {
                match step {
                    SegmentStep::Commit(sizes) => written.write(&sizes, true).await,
                    SegmentStep::RollBack(sizes) => written.write(&sizes, false).await,
                    SegmentStep::Crash(sizes) => {
                        written.write(&sizes, false).await;
                        written.restart().await;
                    }
                    SegmentStep::Wait(days) => written.now += days * DAY,
                    SegmentStep::Lose(chosen) => written.lose(chosen).await,
                }
                written.assert_readable().await;
            }
            written.restart().await;
            written.assert_readable().await;
        });
    }
}

#[tokio::test]
async fn a_segment_has_one_day_and_is_closed_when_it_is_full() {
    let mut written = WrittenSegments::begin().await;
    let names = async |written: &WrittenSegments| {
        let mut names = written.segments.directory.segment_names().unwrap();
        names.sort_by_key(|name| name.number);
        names.into_iter().map(|name| name.day.days_since_epoch()).collect::<Vec<_>>()
    };
    for (sizes, days, expected) in [
        (vec![2000], 0, vec![20_000]),
        (vec![2000], 0, vec![20_000]),
        (vec![2000], 0, vec![20_000, 20_000]),
        (vec![1], 1, vec![20_000, 20_000, 20_001]),
        // A group is in one segment, even if it is larger.
        (vec![3000, 3000], 0, vec![20_000, 20_000, 20_001, 20_001]),
        (vec![1], 0, vec![20_000, 20_000, 20_001, 20_001, 20_001]),
    ] {
        written.now += days * DAY;
        written.write(&sizes, true).await;
        assert_eq!(names(&written).await, expected, "{sizes:?}");
    }
    let now = written.now;
    written.segments.lock().await.close_older(now);
    written.write(&[1], true).await;
    assert_eq!(names(&written).await.len(), 5);
    written.segments.lock().await.close_older(now + 1);
    written.write(&[1], true).await;
    assert_eq!(names(&written).await.len(), 6);
    written.assert_readable().await;
}

/// A store with reports of these ids, and its directory.
async fn store_with(ids: &[&str]) -> (tempfile::TempDir, ReportStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = ReportStore::open(directory.path(), None, Arc::new(CollectorKeys::random())).await.unwrap();
    let arrived = |id: &&str| IncomingReport {
        id: (*id).to_owned(),
        product: "coroot".to_owned(),
        at: TrustedMoment { at: 20_000 * DAY, doubted: false },
        replica: false,
        commitment: None,
        prefix: None,
        report: prepare(ContentCoding::Identity, report_of(id)).unwrap(),
    };
    let group: Vec<_> = ids.iter().map(arrived).collect();
    store.add(&group, true, &mut QuotaBooking::without_limits()).await.unwrap();
    (directory, store)
}

fn report_of(id: &str) -> Vec<u8> {
    format!(r#"{{"instance":{{"uuid":"4423595b-9d97-4e01-a19f-8e3d60c83b2a"}},"canary":"of {id}"}}"#).into()
}

#[tokio::test]
async fn erased_copies_are_in_no_file_and_all_others_stay() {
    let (directory, store) = store_with(&["a", "b", "c", "d"]).await;
    let file = store.segments.directory.path(store.segments.directory.segment_names().unwrap()[0]);
    let contains = |canary: &[u8]| {
        let bytes = fs::read(&file).unwrap();
        bytes.windows(canary.len()).any(|window| window == canary)
    };
    let before = fs::metadata(&file).unwrap().len();
    assert!(contains(b"of b") && contains(b"of c"));
    // The numbers of reports are 1 to 4, and no report has the number 9.
    assert_eq!(store.erase_raw(&[2, 4, 9], LaterDrop::RawDeletion).await.unwrap(), 2);
    assert_eq!(store.erase_raw(&[2, 4, 9], LaterDrop::RawDeletion).await.unwrap(), 0);
    for (id, is_kept) in [("a", true), ("b", false), ("c", true), ("d", false)] {
        assert_eq!(contains(format!("of {id}").as_bytes()), is_kept, "{id}");
        let raw = store.raw(id).await.unwrap().unwrap();
        assert_eq!(matches!(raw, RawReport::Kept { .. }), is_kept, "{id}: {raw:?}");
        assert!(is_kept || raw == RawReport::Dropped);
    }
    assert_eq!(fs::metadata(&file).unwrap().len(), before);
    // A segment without copies is dropped, whatever its age.
    store.erase_raw(&[1, 3], LaterDrop::RawDeletion).await.unwrap();
    store.drop_old_segments(0, 0).await.unwrap();
    assert!(!file.exists());
    drop(directory);
}

#[tokio::test]
async fn a_copy_of_zeros_is_one_that_was_erased() {
    let (_directory, store) = store_with(&["a", "b"]).await;
    let place: RawPlace = sqlx::query_as(PLACE).bind(1).fetch_one(&store.readers).await.unwrap();
    // The process ended before the rows were deleted.
    store.segments.directory.erase_places(place.segment, &[place.place]).unwrap();
    assert_eq!(store.raw("a").await.unwrap(), Some(RawReport::Dropped));
    assert!(matches!(store.raw("b").await.unwrap(), Some(RawReport::Kept { .. })));
}

#[tokio::test]
async fn what_was_stored_lately_is_measured() {
    let (_directory, store) = store_with(&["a", "b"]).await;
    let recent = store.recent_storage(20_000 * DAY + 3600).await.unwrap();
    assert_eq!((recent.reports, recent.since_first), (2, Duration::from_secs(3600)));
    let copies: u64 = store.segment_bytes(&store.readers).await.unwrap();
    assert_eq!(recent.raw_mean, copies / 2);
    assert!((1..2000).contains(&recent.typed_mean), "{recent:?}");
    assert!((200..1000).contains(&recent.id_mean), "{recent:?}");
    assert_eq!(recent.numbers, 0);
    assert_eq!(store.recent_storage(20_010 * DAY).await.unwrap().reports, 0);
}
