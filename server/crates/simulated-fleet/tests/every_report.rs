//! Checks the simulated fleet against every report that it makes: they are the same each time, and what is said to be true
//! about them is what a count of their JSON gives.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use headcount_fleet::calendar_day::CalendarDay;
use headcount_shared::{
    limits::{
        BROWSERS_PER_REPORT, JSON_VALUES, NAME_BYTES, NAMES_PER_REPORT, PAGES_PER_REPORT, PROCESS_SAMPLES,
        REPORT_BYTES, VERSION_BYTES,
    },
    payload::Payload,
};
use headcount_simulated_fleet::{
    fleet_plan::FleetPlan,
    fleet_truth::{DayTruth, UseTruth},
    simulated_fleet::{SimulatedFleet, SimulatedReport},
};
use serde_json::Value;

/// The plan of a small fleet.
fn plan(installations: u32, days: u32) -> FleetPlan {
    FleetPlan {
        seed: 4,
        installations,
        first_day: "2026-08-12".parse().unwrap(),
        days,
        reports_per_day: 6,
        product: Some("shop".to_owned()),
    }
}

fn fleet(installations: u32, days: u32) -> SimulatedFleet {
    SimulatedFleet::new(plan(installations, days)).unwrap()
}

/// The bytes of a report, with what travels beside them.
fn bytes(report: &SimulatedReport) -> String {
    let SimulatedReport { id, made_at, payload, is_replica, product, deletion_commitment } = report;
    let body = serde_json::to_string(payload).unwrap();
    format!("{id} {made_at} {is_replica} {product:?} {deletion_commitment:?} {body}")
}

#[test]
fn equal_plans_give_equal_reports_and_other_seeds_others() {
    let reports = |fleet: &SimulatedFleet| {
        let reports: Vec<_> =
            fleet.days().flat_map(|day| fleet.reports_of_day(day)).map(|report| bytes(&report)).collect();
        reports
    };
    let first = reports(&fleet(12, 5));
    assert!(first.len() > 100);
    assert_eq!(first, reports(&fleet(12, 5)));
    let other = SimulatedFleet::new(FleetPlan { seed: 5, ..plan(12, 5) }).unwrap();
    assert_ne!(first, reports(&other));
    assert_eq!(fleet(12, 5).truth(), fleet(12, 5).truth());
    assert_ne!(fleet(12, 5).truth().days, other.truth().days);
}

#[test]
fn a_day_and_an_installation_are_the_same_alone_as_in_order() {
    let in_order = fleet(20, 6);
    let all: Vec<Vec<_>> = in_order.days().map(|day| in_order.reports_of_day(day).collect()).collect();
    for (day, reports) in in_order.days().collect::<Vec<_>>().into_iter().zip(&all).rev() {
        assert_eq!(&fleet(20, 6).reports_of_day(day).collect::<Vec<_>>(), reports, "{day}");
        let one_by_one = (0..20).flat_map(|installation| in_order.reports_of_installation(installation, day));
        assert_eq!(&one_by_one.collect::<Vec<_>>(), reports, "{day}");
    }
}

#[test]
fn there_are_no_reports_outside_the_plan() {
    let fleet = fleet(20, 3);
    for day in ["2026-08-11", "2026-08-15", "1970-01-01"] {
        assert_eq!(fleet.reports_of_day(day.parse().unwrap()).count(), 0, "{day}");
    }
    let first = fleet.plan().first_day;
    assert_eq!(fleet.reports_of_installation(20, first).count(), 0);
}

#[test]
fn without_profiles_all_else_is_the_same() {
    let (with, without) = (fleet(10, 3), fleet(10, 3).without_profiles());
    for day in with.days() {
        for (mut with, without) in with.reports_of_day(day).zip(without.reports_of_day(day)) {
            with.payload.profile = headcount_shared::payload::ProfileSection::default();
            assert_eq!(with, without);
        }
    }
}

#[test]
fn every_report_survives_its_text_and_is_within_its_bounds() {
    let fleet = fleet(30, 6);
    let mut ids = BTreeSet::new();
    for day in fleet.days() {
        for report in fleet.reports_of_day(day) {
            let text = serde_json::to_string(&report.payload).unwrap();
            assert_eq!(serde_json::from_str::<Payload>(&text).unwrap(), report.payload);
            assert_bounds(&report.payload, &text);
            assert_id(&report, day);
            assert!(ids.insert(report.id), "{} is not new", report.id);
        }
    }
    assert!(ids.len() > 400, "{}", ids.len());
}

fn assert_id(report: &SimulatedReport, day: CalendarDay) {
    assert_eq!(report.id.get_version_num(), 7);
    let (seconds, nanos) = report.id.get_timestamp().unwrap().to_unix();
    assert_eq!((seconds, nanos), (report.made_at, 0));
    assert_eq!(CalendarDay::from_unix_seconds(report.made_at), day);
    assert_eq!(report.payload.instance.uuid.get_version_num(), 4);
}

fn assert_bounds(payload: &Payload, text: &str) {
    let Payload { instance, integration, stack, infra, ux, performance, profile } = payload;
    assert!(text.len() <= REPORT_BYTES && instance.version.len() <= VERSION_BYTES);
    assert!(count_values(&serde_json::from_str(text).unwrap()) <= JSON_VALUES);
    assert!(ux.users.len() <= BROWSERS_PER_REPORT && ux.page_views.len() <= PAGES_PER_REPORT);
    assert!(ux.users.is_sorted_by(|a, b| a < b) && ux.users.iter().all(|user| user.get_version_num() == 8));
    assert!(
        performance.cpu_usage.len() <= PROCESS_SAMPLES && performance.memory_usage.len() <= PROCESS_SAMPLES
    );
    let constructor = &performance.constructor;
    let names = [
        stack.clouds.iter().collect::<Vec<_>>(),
        stack.services.iter().collect(),
        stack.instrumented_service.iter().collect(),
        integration.inspection_overrides.keys().collect(),
        infra.deployment_summaries.keys().collect(),
        constructor.queries.keys().collect(),
        constructor.stages.keys().collect(),
    ];
    for names in names {
        assert!(names.len() <= NAMES_PER_REPORT && names.iter().all(|name| name.len() <= NAME_BYTES));
    }
    assert!(profile.from <= profile.to && profile.cpu.is_empty() == profile.memory.is_empty());
}

fn count_values(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(count_values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count_values).sum::<usize>(),
        _ => 1,
    }
}

/// All reports of a day as JSON, by installation, each with whether it is of a replica.
type DayOfJson = BTreeMap<String, Vec<(bool, Value)>>;

fn day_of_json(fleet: &SimulatedFleet, day: CalendarDay) -> DayOfJson {
    let mut reports = DayOfJson::new();
    for report in fleet.reports_of_day(day) {
        let body = serde_json::to_value(&report.payload).unwrap();
        let uuid = body["instance"]["uuid"].as_str().unwrap().to_owned();
        reports.entry(uuid).or_default().push((report.is_replica, body));
    }
    reports
}

fn numbers(object: &Value) -> BTreeMap<String, u64> {
    object
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, number)| (name.clone(), number.as_u64().unwrap()))
        .collect()
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn use_by_name(days: &[BTreeMap<String, u64>], are_active: &[bool]) -> BTreeMap<String, UseTruth> {
    let mut uses = BTreeMap::<String, UseTruth>::new();
    for (day, is_active) in days.iter().zip(are_active) {
        for (name, amount) in day.iter().filter(|(_, amount)| **amount > 0) {
            let sums = uses.entry(name.clone()).or_default();
            sums.amount += amount;
            sums.installations += u64::from(*is_active);
        }
    }
    uses
}

fn combine(reports: &[&Value], path: &str, add: fn(u64, u64) -> u64) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for report in reports {
        for (name, number) in numbers(report.pointer(path).unwrap()) {
            let sum = sums.entry(name).or_insert(0);
            *sum = add(*sum, number);
        }
    }
    sums
}

fn count_names(sets: impl Iterator<Item = BTreeSet<String>>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for name in sets.flatten() {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// The flags that a report has on, by name.
fn flags(report: &Value) -> BTreeSet<String> {
    let integration = &report["integration"];
    let names = ["prometheus", "node_agent", "cloud_costs", "clickhouse", "tracing", "logs", "profiles"];
    let mut on: BTreeSet<_> =
        names.into_iter().filter(|name| integration[name] == true).map(str::to_owned).collect();
    let more = [
        ("kubernetes", !integration["kube_state_metrics"].is_null()),
        ("kube_state_metrics", integration["kube_state_metrics"] == true),
        ("application_categories", integration["application_categories"] != 0),
    ];
    on.extend(more.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()));
    on
}

fn exact_percentile(values: &[u64], percent: usize) -> u64 {
    values[(values.len() * percent).div_ceil(100).max(1) - 1]
}

/// What is true about a day, from the JSON of its reports.
fn counted(reports: &DayOfJson) -> (DayTruth, BTreeSet<String>) {
    let leaders: BTreeMap<_, Vec<&Value>> = reports
        .iter()
        .map(|(uuid, reports)| {
            let own = reports.iter().filter(|(is_replica, _)| !is_replica).map(|(_, report)| report);
            (uuid, own.collect::<Vec<_>>())
        })
        .collect();
    let are_active: Vec<_> = leaders.values().map(|reports| !reports.is_empty()).collect();
    let active: Vec<_> = leaders.values().filter(|reports| !reports.is_empty()).collect();
    let all: Vec<Vec<&Value>> =
        reports.values().map(|reports| reports.iter().map(|(_, report)| report).collect()).collect();
    let union =
        |path: &'static str| {
            count_names(active.iter().map(|reports| {
                reports.iter().flat_map(|report| texts(report.pointer(path).unwrap())).collect()
            }))
        };
    let last = |path: &'static str| {
        count_names(active.iter().map(|reports| {
            let text = reports.last().unwrap().pointer(path).unwrap().as_str().unwrap();
            BTreeSet::from([text.to_owned()])
        }))
    };
    let leader_uses = |path: &str| {
        let days: Vec<_> = leaders.values().map(|reports| combine(reports, path, |a, b| a + b)).collect();
        use_by_name(&days, &are_active)
    };
    let overrides: Vec<_> = leaders
        .values()
        .map(|reports| {
            let mut largest = BTreeMap::new();
            for report in reports {
                for (name, counts) in report["integration"]["inspection_overrides"].as_object().unwrap() {
                    let counts: u64 = numbers(counts).values().sum();
                    let known = largest.entry(name.clone()).or_insert(0);
                    *known = counts.max(*known);
                }
            }
            largest
        })
        .collect();
    let of_all = |path: &str, add: fn(u64, u64) -> u64| {
        let days: Vec<_> = all.iter().map(|reports| combine(reports, path, add)).collect();
        use_by_name(&days, &are_active)
    };
    let deployments: Vec<_> = leaders
        .values()
        .map(|reports| {
            let sum = reports.iter().map(|report| report["infra"]["deployments"].as_u64().unwrap()).sum();
            BTreeMap::from([(String::new(), sum)])
        })
        .collect();
    let browsers = |reports: &Vec<&Value>| {
        reports.iter().flat_map(|report| texts(&report["ux"]["users"])).collect::<BTreeSet<_>>().len() as u64
    };
    let version =
        |report: &Value| BTreeSet::from([report["instance"]["version"].as_str().unwrap().to_owned()]);
    let sizes = [
        ("projects", "/infra/projects"),
        ("applications", "/infra/applications"),
        ("nodes", "/infra/nodes"),
        ("instances", "/infra/instances"),
        ("application_categories", "/integration/application_categories"),
    ];
    let largest = |path: &str| {
        let largest = active.iter().map(|reports| {
            reports.iter().map(|report| report.pointer(path).unwrap().as_u64().unwrap()).max().unwrap()
        });
        let mut values: Vec<_> = largest.collect();
        values.sort_unstable();
        values
    };
    let size = |path: &str| {
        let values = largest(path);
        let [p50, p95, p99] = [50, 95, 99].map(|percent| exact_percentile(&values, percent));
        headcount_simulated_fleet::fleet_truth::SizeTruth { sum: values.iter().sum(), p50, p95, p99 }
    };
    let by_size = largest("/infra/nodes").into_iter().map(|nodes| {
        let class = match nodes {
            0 => "0",
            1..=3 => "1-3",
            4..=10 => "4-10",
            11..=30 => "11-30",
            31..=100 => "31-100",
            101..=300 => "101-300",
            _ => "301+",
        };
        BTreeSet::from([class.to_owned()])
    });
    let truth = DayTruth {
        reports: all.iter().map(|reports| reports.len() as u64).sum(),
        replica_reports: reports.values().flatten().filter(|(is_replica, _)| *is_replica).count() as u64,
        reports_by_version: count_names(all.iter().flatten().map(|report| version(report))),
        installations: active.len() as u64,
        by_version: last("/instance/version"),
        by_database: last("/instance/database_type"),
        by_size: count_names(by_size),
        flags: count_names(
            active.iter().map(|reports| reports.iter().flat_map(|report| flags(report)).collect()),
        ),
        clouds: union("/stack/clouds"),
        services: union("/stack/services"),
        instrumented_services: union("/stack/instrumented_service"),
        alerting: union("/integration/alerting_integrations"),
        inspection_overrides: use_by_name(&overrides, &are_active),
        pages: of_all("/ux/page_views", |a, b| a + b),
        screen_sizes: of_all("/ux/users_by_screen_size", u64::max),
        browsers: all.iter().map(browsers).sum(),
        notifications: leader_uses("/ux/sent_notifications"),
        deployments: use_by_name(&deployments, &are_active).remove("").unwrap_or_default(),
        deployment_summaries: leader_uses("/infra/deployment_summaries"),
        sizes: sizes.map(|(name, path)| (name.to_owned(), size(path))).into(),
        ..DayTruth::default()
    };
    let uuids = leaders.into_iter().filter(|(_, reports)| !reports.is_empty()).map(|(uuid, _)| uuid.clone());
    (truth, uuids.collect())
}

/// Checks all that the truth says about a fleet. `days` is the reports of every day.
fn assert_truth(fleet: &SimulatedFleet) {
    let truth = fleet.truth();
    let days: Vec<_> = fleet.days().map(|day| (day, counted(&day_of_json(fleet, day)))).collect();
    assert_eq!(truth.days.len(), days.len());
    let active_in = |from: usize, until: usize| {
        days[from..until].iter().flat_map(|(_, (_, uuids))| uuids).collect::<BTreeSet<_>>()
    };
    for (at, ((day, (counted, uuids)), said)) in days.iter().zip(&truth.days).enumerate() {
        let before = active_in(0, at);
        let month_before = active_in(at.saturating_sub(30), at);
        let gone = at.checked_sub(30).map_or(0, |then| {
            let since = active_in(then + 1, at + 1);
            days[then].1.1.iter().filter(|uuid| !since.contains(uuid)).count()
        });
        let later = active_in(at + 1, days.len());
        let expected = DayTruth {
            day: day.to_string(),
            active_in_7_days: active_in((at + 1).saturating_sub(7), at + 1).len() as u64,
            active_in_30_days: active_in((at + 1).saturating_sub(30), at + 1).len() as u64,
            new: uuids.iter().filter(|uuid| !before.contains(uuid)).count() as u64,
            returning: uuids
                .iter()
                .filter(|uuid| before.contains(uuid) && !month_before.contains(uuid))
                .count() as u64,
            gone: gone as u64,
            missing: before.iter().filter(|uuid| later.contains(*uuid) && !uuids.contains(**uuid)).count()
                as u64,
            // Checked below.
            groups: said.groups.clone(),
            ..counted.clone()
        };
        assert_eq!(said, &expected, "{day}");
        assert_groups(said);
    }
    assert_eq!(truth.reports, days.iter().map(|(_, (day, _))| day.reports).sum::<u64>());
    assert_eq!(truth.replica_reports, days.iter().map(|(_, (day, _))| day.replica_reports).sum::<u64>());
    assert_eq!(truth.installations, active_in(0, days.len()).len() as u64);
    let mut weeks = BTreeMap::<String, BTreeMap<u32, BTreeSet<&String>>>::new();
    for uuid in active_in(0, days.len()) {
        let active = days.iter().filter(|(_, (_, uuids))| uuids.contains(uuid));
        let active: Vec<_> = active.map(|(day, _)| day.week_start()).collect();
        for week in &active {
            let since = week.days_since(active[0]) / 7;
            weeks.entry(active[0].to_string()).or_default().entry(since).or_default().insert(uuid);
        }
    }
    let said: Vec<_> = truth
        .retention
        .iter()
        .flat_map(|week| {
            (0..).zip(&week.active).map(move |(since, count)| (week.week.clone(), since, *count))
        })
        .filter(|(_, _, count)| *count > 0)
        .collect();
    let expected: Vec<_> = weeks
        .iter()
        .flat_map(|(week, since)| {
            since.iter().map(move |(at, uuids)| (week.clone(), *at, uuids.len() as u64))
        })
        .collect();
    assert_eq!(said, expected);
}

/// The groups add up to what is said about each of their members.
fn assert_groups(day: &DayTruth) {
    let (mut versions, mut databases, mut sizes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for group in &day.groups {
        *versions.entry(group.version.clone()).or_default() += group.installations;
        *databases.entry(group.database.clone()).or_default() += group.installations;
        *sizes.entry(group.size.clone()).or_default() += group.installations;
    }
    assert_eq!(
        (versions, databases, sizes),
        (day.by_version.clone(), day.by_database.clone(), day.by_size.clone())
    );
    let reports: u64 = day.groups.iter().map(|group| group.reports).sum();
    assert_eq!(reports, day.reports - day.replica_reports);
}

#[test]
fn the_truth_about_a_small_fleet_is_what_a_count_of_its_reports_gives() {
    assert_truth(&fleet(30, 20).without_profiles());
}

#[test]
fn the_truth_about_a_long_time_is_what_a_count_of_its_reports_gives() {
    let plan = FleetPlan { installations: 60, days: 75, reports_per_day: 1, ..plan(0, 0) };
    let fleet = SimulatedFleet::new(plan).unwrap().without_profiles();
    assert_truth(&fleet);
    let truth = fleet.truth();
    let sum = |fact: fn(&DayTruth) -> u64| truth.days.iter().map(fact).sum::<u64>();
    let facts: [fn(&DayTruth) -> u64; 3] = [|day| day.gone, |day| day.returning, |day| day.missing];
    assert!(facts.into_iter().all(|fact| sum(fact) > 0), "{:?}", facts.map(sum));
}

#[test]
fn copies_are_the_installations_with_two_commitments() {
    let fleet =
        SimulatedFleet::new(FleetPlan { installations: 300, days: 30, reports_per_day: 1, ..plan(0, 0) });
    let fleet = fleet.unwrap().without_profiles();
    let mut commitments = BTreeMap::<_, BTreeSet<_>>::new();
    let (mut with, mut without) = (0, 0);
    for report in fleet.days().flat_map(|day| fleet.reports_of_day(day)) {
        assert_eq!(report.product.as_deref(), Some("shop"));
        match report.deletion_commitment {
            Some(commitment) => {
                commitments.entry(report.payload.instance.uuid).or_default().insert(commitment);
                with += 1;
            }
            None => without += 1,
        }
    }
    assert!(with > 10 * without / 2 && without > 0, "{with} {without}");
    let cloned = commitments.values().filter(|commitments| commitments.len() == 2).count() as u64;
    assert!(commitments.values().all(|commitments| commitments.len() <= 2));
    assert_eq!(fleet.truth().cloned_installations, cloned);
    assert!((1..15).contains(&cloned), "{cloned}");
}

#[test]
fn the_truth_survives_its_text_and_its_members_keep_their_order() {
    let truth = fleet(10, 3).truth();
    let text = serde_json::to_string(&truth).unwrap();
    assert_eq!(
        serde_json::from_str::<headcount_simulated_fleet::fleet_truth::FleetTruth>(&text).unwrap(),
        truth
    );
    assert_eq!(serde_json::to_string(&fleet(10, 3).truth()).unwrap(), text);
}
