//! Checks that the roll-up of a day's reports gives what is true about the day, table by table.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use headcount_fleet::{
    cells::{
        cell_block::{CellBlock, CellKey, CellSums},
        cell_table::CellTable,
    },
    day_rollup::{DayRollup, ReportOrigin, RolledUpDay},
    installation_day::InstallationHash,
    log_bucket::{LogBucket, LogHistogram},
    size_class::SizeClass,
    typed_report::{DatabaseKind, TypedReport, TypedReportDecoder},
};
use headcount_simulated_fleet::{
    fleet_plan::FleetPlan,
    fleet_truth::{CountsByName, DayTruth, UseTruth},
    simulated_fleet::{SimulatedFleet, SimulatedReport},
};
use uuid::Uuid;

fn small_fleet() -> SimulatedFleet {
    let plan = FleetPlan {
        seed: 4,
        installations: 100,
        first_day: "2026-08-12".parse().unwrap(),
        days: 24,
        reports_per_day: 3,
        product: None,
    };
    SimulatedFleet::new(plan).unwrap().without_profiles()
}

fn hash(uuid: Uuid) -> u64 {
    let (high, low) = uuid.as_u64_pair();
    high ^ low
}

/// The day of reports, as a collector makes it: through the stored form of each report.
fn rolled_up(reports: &[SimulatedReport]) -> RolledUpDay {
    let mut rollup = DayRollup::new(std::sync::Arc::default());
    let mut decoder = TypedReportDecoder::new().unwrap();
    for report in reports {
        let browsers: Vec<_> = report.payload.ux.users.iter().map(|user| hash(*user)).collect();
        let origin = ReportOrigin {
            installation: InstallationHash(hash(report.payload.instance.uuid)),
            made_at: report.made_at,
            tie_breaker: hash(report.id),
            is_replica: report.is_replica,
            browsers: Some(&browsers),
        };
        let stored = TypedReport::from_payload(&report.payload, true).encode().unwrap();
        rollup.add(&origin, &decoder.decode(&stored).unwrap());
    }
    rollup.finish()
}

fn block(day: &RolledUpDay, wanted: CellTable) -> &CellBlock {
    &day.tables.iter().find(|(table, _)| *table == wanted).unwrap().1
}

/// The sums of a table by something about its cells.
fn sums<K: Ord>(block: &CellBlock, key: impl Fn(&CellBlock, CellKey) -> K) -> BTreeMap<K, UseTruth> {
    let mut sums = BTreeMap::<K, UseTruth>::new();
    for (cell, CellSums { count, value }) in &block.cells {
        let sum = sums.entry(key(block, *cell)).or_default();
        sum.installations += count;
        sum.amount += value;
    }
    sums
}

fn by_label(day: &RolledUpDay, table: CellTable) -> BTreeMap<String, UseTruth> {
    let mut sums = sums(block(day, table), |block, cell| block.label(cell).to_owned());
    sums.retain(|_, sums| *sums != UseTruth::default());
    sums
}

fn counts(day: &RolledUpDay, table: CellTable) -> CountsByName {
    by_label(day, table).into_iter().map(|(label, sums)| (label, sums.installations)).collect()
}

/// Compares every table whose numbers are part of the truth.
fn assert_counts(day: &RolledUpDay, truth: &DayTruth) {
    for (table, named) in [
        (CellTable::Flags, &truth.flags),
        (CellTable::Alerting, &truth.alerting),
        (CellTable::Clouds, &truth.clouds),
        (CellTable::Services, &truth.services),
        (CellTable::InstrumentedServices, &truth.instrumented_services),
    ] {
        assert_eq!(&counts(day, table), named, "{table:?}");
    }
    for (table, named) in [
        (CellTable::InspectionOverrides, &truth.inspection_overrides),
        (CellTable::Pages, &truth.pages),
        (CellTable::ScreenSizes, &truth.screen_sizes),
        (CellTable::Notifications, &truth.notifications),
        (CellTable::DeploymentSummaries, &truth.deployment_summaries),
    ] {
        assert_eq!(&by_label(day, table), named, "{table:?}");
    }
    let all = |amount| UseTruth { installations: truth.installations, amount };
    let views = truth.pages.values().map(|page| page.amount).sum();
    for (table, sums) in [
        (CellTable::Installations, all(truth.reports - truth.replica_reports)),
        (CellTable::PageViews, all(views)),
        (CellTable::Browsers, all(truth.browsers)),
        (CellTable::Deployments, truth.deployments),
    ] {
        assert_eq!(by_label(day, table).remove("").unwrap_or_default(), sums, "{table:?}");
    }
}

fn assert_groups(day: &RolledUpDay, truth: &DayTruth) {
    let mut groups = sums(block(day, CellTable::Installations), |block, cell| {
        let database = DatabaseKind::ALL[usize::from(cell.database)].label();
        let size = SizeClass::ALL[usize::from(cell.size)].label();
        (block.version(cell).to_owned(), database.to_owned(), size.to_owned())
    });
    groups.retain(|_, sums| sums.installations > 0);
    let said = truth.groups.iter().map(|group| {
        let sums = UseTruth { installations: group.installations, amount: group.reports };
        ((group.version.clone(), group.database.clone(), group.size.clone()), sums)
    });
    assert_eq!(groups, said.collect());
}

fn assert_sizes(day: &RolledUpDay, truth: &DayTruth) {
    let block = block(day, CellTable::Sizes);
    for (name, size) in &truth.sizes {
        let mut histogram = LogHistogram::default();
        let mut sum = 0;
        for (cell, sums) in block.cells.iter().filter(|(cell, _)| block.label(*cell) == name) {
            histogram.add(cell.bucket, sums.count);
            sum += sums.value;
        }
        assert_eq!((histogram.total(), sum), (truth.installations, size.sum), "{name}");
        for (share, exact) in [(0.5, size.p50), (0.95, size.p95), (0.99, size.p99)] {
            let bucket = LogBucket::containing(exact as f64);
            assert_eq!(histogram.percentile_bucket(share), Some(bucket), "{name} {share}");
        }
    }
}

/// Version, name and bucket.
type Reading = (String, String, LogBucket);

fn readings(day: &RolledUpDay, table: CellTable) -> BTreeMap<Reading, UseTruth> {
    sums(block(day, table), |block, cell| {
        (block.version(cell).to_owned(), block.label(cell).to_owned(), cell.bucket)
    })
}

/// Compares the tables of times with a count of the reports.
fn assert_times(day: &RolledUpDay, reports: &[SimulatedReport]) {
    let mut tables = BTreeMap::<_, BTreeMap<Reading, UseTruth>>::new();
    let mut add = |table: CellTable, version: &str, name: &str, bucket: LogBucket, amount: u64| {
        let key = (version.to_owned(), name.to_owned(), bucket);
        let sums = tables.entry(table).or_default().entry(key).or_default();
        sums.installations += 1;
        sums.amount += amount;
    };
    for SimulatedReport { payload, .. } in reports {
        let version = &payload.instance.version;
        let constructor = &payload.performance.constructor;
        for (name, query) in &constructor.queries {
            let time = LogBucket::containing(query.query_time);
            add(CellTable::Queries, version, name, time, u64::from(query.failed));
            add(CellTable::QuerySeries, version, name, LogBucket::ZERO, query.metrics_count);
        }
        for (name, time) in &constructor.stages {
            add(CellTable::Stages, version, name, LogBucket::containing(*time), 0);
        }
        let ux = &payload.ux;
        for (name, time) in [("world_load", ux.world_load_time_avg), ("audit", ux.audit_time_avg)] {
            if time > 0.0 {
                add(CellTable::WorldTimes, version, name, LogBucket::containing(time), 0);
            }
        }
    }
    for table in [CellTable::Queries, CellTable::QuerySeries, CellTable::Stages, CellTable::WorldTimes] {
        assert_eq!(readings(day, table), tables.remove(&table).unwrap_or_default(), "{table:?}");
    }
}

/// The buckets of the mean and of the 95th percentile.
fn sample_buckets(samples: &mut [f64]) -> [(&'static str, LogBucket); 2] {
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    samples.sort_by(f64::total_cmp);
    let p95 = samples[(samples.len() * 95).div_ceil(100) - 1];
    [("mean", LogBucket::containing(mean)), ("p95", LogBucket::containing(p95))]
}

/// Compares the tables of CPU and memory with a count of the reports.
fn assert_samples(day: &RolledUpDay, reports: &[SimulatedReport]) {
    let mut by_installation = BTreeMap::<Uuid, Vec<&SimulatedReport>>::new();
    for report in reports {
        by_installation.entry(report.payload.instance.uuid).or_default().push(report);
    }
    let mut tables = BTreeMap::<_, BTreeMap<Reading, u64>>::new();
    for reports in by_installation.values() {
        let Some(last) = reports.iter().rfind(|report| !report.is_replica) else { continue };
        let of_all = |samples: &dyn Fn(&SimulatedReport) -> Vec<f64>| {
            reports.iter().flat_map(|report| samples(report)).collect::<Vec<_>>()
        };
        let mut cpu = of_all(&|report| report.payload.performance.cpu_usage.clone());
        let memory = |report: &SimulatedReport| {
            report.payload.performance.memory_usage.iter().map(|bytes| *bytes as f64).collect()
        };
        let mut memory = of_all(&memory);
        for (table, samples) in [(CellTable::Cpu, &mut cpu), (CellTable::Memory, &mut memory)] {
            for (label, bucket) in sample_buckets(samples) {
                let key = (last.payload.instance.version.clone(), label.to_owned(), bucket);
                *tables.entry(table).or_default().entry(key).or_default() += 1;
            }
        }
    }
    for table in [CellTable::Cpu, CellTable::Memory] {
        let counted = readings(day, table).into_iter().filter(|(_, sums)| sums.installations > 0);
        let counted: BTreeMap<_, _> = counted.map(|(key, sums)| (key, sums.installations)).collect();
        assert_eq!(counted, tables.remove(&table).unwrap_or_default(), "{table:?}");
    }
}

#[test]
fn every_table_of_a_rolled_up_day_is_the_truth() {
    let fleet = small_fleet();
    let truth = fleet.truth();
    let mut days_with_a_replica_alone = 0;
    for (day, truth) in fleet.days().zip(&truth.days) {
        let reports: Vec<_> = fleet.reports_of_day(day).collect();
        let rolled_up = rolled_up(&reports);
        let rows = rolled_up.installations.installations.len() as u64;
        days_with_a_replica_alone += u64::from(rows > truth.installations);
        assert_counts(&rolled_up, truth);
        assert_groups(&rolled_up, truth);
        assert_sizes(&rolled_up, truth);
        assert_times(&rolled_up, &reports);
        assert_samples(&rolled_up, &reports);
    }
    // The hard cases are there.
    let hard_cases = [days_with_a_replica_alone, truth.cloned_installations, truth.replica_reports];
    assert!(!hard_cases.contains(&0), "{hard_cases:?}");
}

#[test]
fn the_order_of_the_reports_of_an_installation_changes_no_table() {
    let fleet = small_fleet();
    let day = fleet.days().nth(20).unwrap();
    let by_installation = (0..fleet.plan().installations)
        .map(|one| fleet.reports_of_installation(one, day).collect::<Vec<_>>());
    let (mut in_order, mut reversed) = (Vec::new(), Vec::new());
    for reports in by_installation {
        in_order.extend(reports.clone());
        reversed.extend(reports.into_iter().rev());
    }
    assert_eq!(rolled_up(&in_order).tables, rolled_up(&reversed).tables);
}
