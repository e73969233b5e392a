//! Tests the sums of a day.

use proptest::prelude::*;

use super::*;
use crate::{
    cells::{cell_block::CellFilter, day_cells::MOST_LABELS},
    size_class::SizeClass,
    typed_report::{DatabaseKind, InstallationSizes, QueryReading},
};

/// A report of an installation on its way into a day.
#[derive(Debug, Clone)]
struct SentReport {
    installation: u64,
    made_at: u64,
    is_replica: bool,
    browsers: Vec<u64>,
    report: TypedReport<'static>,
}

fn sent(installation: u64, made_at: u64, report: TypedReport<'static>) -> SentReport {
    SentReport { installation, made_at, is_replica: false, browsers: Vec::new(), report }
}

fn rolled_up(reports: &[SentReport]) -> RolledUpDay {
    let mut rollup = DayRollup::new(Arc::default());
    for SentReport { installation, made_at, is_replica, browsers, report } in reports {
        let origin = ReportOrigin {
            installation: InstallationHash(*installation),
            made_at: *made_at,
            tie_breaker: 0,
            is_replica: *is_replica,
            browsers: Some(browsers),
        };
        rollup.add(&origin, report);
    }
    rollup.finish()
}

fn table(day: &RolledUpDay, wanted: CellTable) -> &CellBlock {
    &day.tables.iter().find(|(table, _)| *table == wanted).unwrap().1
}

/// Label, count and value of all cells that pass the filter, added up by label.
fn by_label(day: &RolledUpDay, wanted: CellTable, filter: CellFilter<'_>) -> Vec<(String, u64, u64)> {
    let block = table(day, wanted);
    let mut sums = std::collections::BTreeMap::<String, (u64, u64)>::new();
    for (key, cell) in block.filtered(filter) {
        let (count, value) = sums.entry(block.label(*key).to_owned()).or_default();
        *count += cell.count;
        *value += cell.value;
    }
    sums.into_iter().map(|(label, (count, value))| (label, count, value)).collect()
}

fn version(version: &'static str) -> TypedReport<'static> {
    TypedReport { version, database: DatabaseKind::Sqlite, ..TypedReport::default() }
}

fn sized(nodes: u64) -> TypedReport<'static> {
    let sizes = InstallationSizes { nodes, ..InstallationSizes::default() };
    TypedReport { sizes, ..version("1.0") }
}

#[test]
fn flags_are_of_any_report_sizes_the_largest_and_the_version_the_last() {
    let with_services =
        |services: &[&'static str], nodes| TypedReport { services: services.to_vec(), ..sized(nodes) };
    let day = rolled_up(&[
        sent(1, 30, TypedReport { database: DatabaseKind::Postgres, ..version("1.1") }),
        sent(1, 10, with_services(&["redis"], 7)),
        sent(1, 20, with_services(&["kafka", "redis"], 3)),
    ]);
    let [installation] = day.installations.installations.as_slice() else { panic!("one installation") };
    assert_eq!(day.installations.versions.name(installation.version), "1.1");
    assert_eq!(installation.database, DatabaseKind::Postgres);
    assert_eq!((installation.reports, installation.sizes.nodes), (3, 7));
    let services = by_label(&day, CellTable::Services, CellFilter::default());
    assert_eq!(services, [("kafka".to_owned(), 1, 0), ("redis".to_owned(), 1, 0)]);
    let all = CellFilter {
        version: Some("1.1"),
        database: Some(DatabaseKind::Postgres),
        size: Some(SizeClass::UpTo10),
    };
    assert_eq!(by_label(&day, CellTable::Installations, all), [(String::new(), 1, 3)]);
}

#[test]
fn views_add_up_and_browsers_are_counted_once() {
    let viewed =
        |views| TypedReport { page_views: vec![("/", views), ("/p", 1)], browsers: 2, ..version("1.0") };
    let with_browsers = |made_at, views, browsers: &[u64]| SentReport {
        browsers: browsers.to_vec(),
        ..sent(1, made_at, viewed(views))
    };
    let day =
        rolled_up(&[with_browsers(1, 2, &[7, 8]), with_browsers(2, 3, &[8, 9]), sent(2, 1, version("1.0"))]);
    let pages = by_label(&day, CellTable::Pages, CellFilter::default());
    assert_eq!(pages, [("/".to_owned(), 1, 5), ("/p".to_owned(), 1, 2)]);
    assert_eq!(by_label(&day, CellTable::Browsers, CellFilter::default()), [(String::new(), 2, 3)]);
}

#[test]
fn browsers_that_were_destroyed_are_counted_as_before() {
    let seen = |browsers: &[u64]| {
        rolled_up(&[SentReport {
            browsers: browsers.to_vec(),
            ..sent(1, 1, TypedReport { browsers: 1, ..version("1.0") })
        }])
    };
    let first = seen(&[7, 8, 9]);
    let mut again = DayRollup::new(Arc::default()).with_browsers_of(&first.installations);
    let origin = ReportOrigin {
        installation: InstallationHash(1),
        made_at: 1,
        tie_breaker: 0,
        is_replica: false,
        browsers: None,
    };
    again.add(&origin, &TypedReport { browsers: 1, ..version("1.0") });
    assert_eq!(again.finish().installations.installations[0].browsers, 3);
}

#[test]
fn a_replica_adds_its_use_and_is_no_installation() {
    let replica = |installation| SentReport {
        is_replica: true,
        ..sent(installation, 9, TypedReport { page_views: vec![("/", 4)], ..sized(500) })
    };
    let day = rolled_up(&[
        replica(1),
        sent(1, 1, TypedReport { page_views: vec![("/", 1)], ..sized(2) }),
        replica(2),
    ]);
    assert_eq!(by_label(&day, CellTable::Pages, CellFilter::default()), [("/".to_owned(), 1, 9)]);
    let installations = by_label(&day, CellTable::Installations, CellFilter::default());
    assert_eq!(installations, [(String::new(), 1, 1)]);
    assert_eq!(day.installations.installations[0].sizes.nodes, 2);
}

#[test]
fn times_are_counted_per_report_and_version_with_failures_and_series() {
    let with_query = |version: &'static str, seconds, has_failed| TypedReport {
        version,
        queries: vec![QueryReading {
            name: "up",
            time: LogBucket::containing(seconds),
            series: 5,
            has_failed,
        }],
        world_load_time: LogBucket::containing(0.5),
        ..TypedReport::default()
    };
    let day = rolled_up(&[
        sent(1, 1, with_query("1.0", 0.1, false)),
        sent(1, 2, with_query("1.1", 0.2, true)),
        sent(2, 1, with_query("1.1", 0.2, false)),
    ]);
    let newer = CellFilter { version: Some("1.1"), ..CellFilter::default() };
    assert_eq!(by_label(&day, CellTable::Queries, newer), [("up".to_owned(), 2, 1)]);
    assert_eq!(by_label(&day, CellTable::QuerySeries, CellFilter::default()), [("up".to_owned(), 3, 15)]);
    assert_eq!(
        by_label(&day, CellTable::WorldTimes, CellFilter::default()),
        [("world_load".to_owned(), 3, 0)]
    );
    let block = table(&day, CellTable::Queries);
    let buckets: Vec<_> = block.cells.iter().map(|(key, _)| key.bucket).collect();
    assert_eq!(buckets, [LogBucket::containing(0.1), LogBucket::containing(0.2)]);
}

#[test]
fn names_without_a_place_are_other_and_an_installation_counts_there_once() {
    let names: Vec<&'static str> =
        (0..MOST_LABELS + 3).map(|at| &*format!("service-{at:04}").leak()).collect();
    // The last five are the most frequent.
    let frequent = &names[names.len() - 5..];
    let with_services =
        |services: &[&'static str]| TypedReport { services: services.to_vec(), ..version("1.0") };
    let day = rolled_up(&[sent(1, 1, with_services(&names)), sent(2, 1, with_services(frequent))]);
    let block = table(&day, CellTable::Services);
    assert_eq!((block.labels.len(), block.folded_labels), (MOST_LABELS + 1, 3));
    let services = by_label(&day, CellTable::Services, CellFilter::default());
    assert_eq!(services[0], ("other".to_owned(), 1, 0));
    assert_eq!(services.last().unwrap(), &("service-0502".to_owned(), 2, 0));
}

prop_compose! {
    fn any_report()(
        installation in 0_u64..4,
        made_at in 0_u64..5,
        is_replica: bool,
        browsers in prop::collection::vec(0_u64..6, 0..3),
        version in prop::sample::select(vec!["1.0", "1.1"]),
        nodes in 0_u64..40,
        services in prop::sample::subsequence(vec!["kafka", "mysql", "redis"], 0..3),
        views in 0_u64..4,
        seconds in prop::sample::select(vec![0.1, 0.2, 3.0]),
    ) -> SentReport {
        let time = LogBucket::containing(seconds);
        let report = TypedReport {
            services,
            page_views: vec![("/", views)],
            stages: vec![("load", time)],
            cpu: SampleSummary { count: 1, sum: 0.5, buckets: vec![(LogBucket::containing(0.5), 1)] },
            version,
            ..sized(nodes)
        };
        SentReport { installation, made_at, is_replica, browsers, report }
    }
}

proptest! {
    #[test]
    fn the_order_of_reports_that_differ_in_time_changes_nothing(reports in prop::collection::vec(any_report(), 1..12), seed: u64) {
        // Reports of one installation must be apart in time: two of the same time are told apart by a tie-breaker.
        let mut reports = reports;
        for (made_at, sent) in (0..).zip(&mut reports) {
            sent.made_at = made_at;
        }
        reports.sort_by_key(|sent| sent.installation);
        let mut shuffled = reports.clone();
        shuffled.sort_by_key(|sent| (sent.installation, (sent.made_at + 1).wrapping_mul(seed | 1) >> 7));
        prop_assert_eq!(rolled_up(&reports).tables, rolled_up(&shuffled).tables);
    }

    #[test]
    fn no_table_has_more_installations_of_a_label_than_there_are(reports in prop::collection::vec(any_report(), 1..30)) {
        let mut reports = reports;
        reports.sort_by_key(|sent| sent.installation);
        let day = rolled_up(&reports);
        let counted: std::collections::BTreeSet<_> = reports.iter().filter(|sent| !sent.is_replica).map(|sent| sent.installation).collect();
        for (wanted, block) in &day.tables {
            if wanted.counts_reports() || matches!(wanted, CellTable::Sizes | CellTable::Cpu | CellTable::Memory) {
                continue;
            }
            for (label, count, _) in by_label(&day, *wanted, CellFilter::default()) {
                prop_assert!(count <= counted.len() as u64, "{wanted:?} {label} {block:?}");
            }
        }
    }
}
