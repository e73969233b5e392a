//! Tests that with statistics off Prometheus is not queried and nothing of it is stored, and that everything
//! works again once they are on.

use std::{collections::BTreeSet, fs, path::Path};

use headcount_harness::{clock::now, wait::eventually};
use headcount_shared::{
    api::{ReportEntry, ReportState, WouldForget},
    payload::Payload,
};
use headcount_sim::SimulatedInfrastructure;
use reqwest::StatusCode;

use crate::{
    faulty_prometheus::FaultyPrometheus,
    names::{found, names},
    setup::{SOON, TestSetup, event, files, if_there},
    world::{TRUE_AT_LAST, failed, observer, observer_of, observing, shop, until, until_true},
};

#[tokio::test]
async fn switched_off_prometheus_is_not_asked_and_its_answers_are_gone() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    let prometheus = FaultyPrometheus::start(observed.prometheus.url(""), "").await;
    let program = observer_of(&setup, &prometheus.url(), &fleet);
    let cache = program.data_dir().join("cache");
    let server = program.start().await.unwrap();
    let expected = || fleet.expected_counts(now());
    until_true(&setup, &server, "before", expected).await;
    assert!(files(&cache).len() > 50, "{:?}", files(&cache));

    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    assert!(!cache.exists());
    prometheus.is_left_alone().await;
    let asked = prometheus.asked();
    two_refreshes(&setup, &fleet, observed.prometheus.url("")).await;
    assert_eq!(prometheus.asked(), asked);
    assert!(!cache.exists());

    assert_eq!(setup.switch(&server, true).await.status(), StatusCode::OK);
    let report = until_true(&setup, &server, "switched on again", expected).await;
    assert_eq!(failed(&report), [""; 0]);
    assert!(prometheus.asked() > asked);
    assert!(files(&cache).len() > 50, "{:?}", files(&cache));
}

/// Waits until another server with the same refresh interval has run all queries twice on the same
/// Prometheus.
async fn two_refreshes(setup: &TestSetup, fleet: &SimulatedInfrastructure, prometheus: String) {
    let clock = FaultyPrometheus::start(prometheus, "").await;
    let server = observing(observer(setup, "clock"), &clock.url(), fleet).start().await.unwrap();
    let report = until_true(setup, &server, "the clock", || fleet.expected_counts(now())).await;
    let queries = report.performance.constructor.queries.len() as u64;
    let twice = clock.asked() + 2 * queries;
    eventually("two refreshes", TRUE_AT_LAST, async || (clock.asked() > twice).then_some(())).await.unwrap();
}

#[tokio::test]
async fn switched_off_in_the_middle_of_answers_nothing_of_them_is_left() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    let program = observer_of(&setup, &observed.prometheus.url(""), &fleet);
    let cache = program.data_dir().join("cache");
    let server = program.start().await.unwrap();
    for answered in [1, 10, 20, 40, 60, 80, 100] {
        let enough = |report: &Payload| {
            let queries = report.performance.constructor.queries.len();
            if queries < answered { vec![format!("{queries} queries are answered")] } else { Vec::new() }
        };
        until(&setup, &server, "queries are answered", enough).await;
        assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
        assert!(!cache.exists(), "after {answered} answers");
        assert_eq!(setup.switch(&server, true).await.status(), StatusCode::OK);
    }
    until_true(&setup, &server, "switched on at last", || fleet.expected_counts(now())).await;
}

/// The names of a fleet that occur in files of a data directory.
fn names_in_files(fleet: &SimulatedInfrastructure, data_dir: &Path) -> BTreeSet<String> {
    let names = names(fleet);
    let texts = files(data_dir).into_iter().filter_map(|file| if_there(fs::read(data_dir.join(file))));
    texts.flat_map(|bytes| found(&names, &String::from_utf8_lossy(&bytes))).collect()
}

#[tokio::test]
async fn what_was_found_out_is_said_before_and_is_in_no_file_after_switching_off() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    let program = observer_of(&setup, &observed.prometheus.url(""), &fleet);
    let data_dir = program.data_dir().to_owned();
    let server = program.start().await.unwrap();
    let found_rollouts = |report: &Payload| match report.infra.deployments {
        0 => vec!["no rollout is known".to_owned()],
        _ => Vec::new(),
    };
    let before = until(&setup, &server, "a rollout is found", found_rollouts).await;
    setup.view(&server, &event("/")).await;
    let said = setup.would_forget(&server).await;
    assert!(said.rollouts >= before.infra.deployments, "{said:?}");
    assert_eq!((said.facts >= said.rollouts, said.page_views, said.browsers), (true, 1, 1), "{said:?}");
    let database = String::from_utf8_lossy(&fs::read(data_dir.join("db.sqlite")).unwrap()).into_owned();
    assert!(!found(&names(&fleet), &database).is_empty(), "the settings have names of what was found");

    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    assert_eq!(setup.would_forget(&server).await, WouldForget::default());
    assert_eq!(names_in_files(&fleet, &data_dir), BTreeSet::new());
    // What is configured stays.
    let program = server.stop().await.unwrap();
    let server = program.start().await.unwrap();
    assert_eq!(names_in_files(&fleet, &data_dir), BTreeSet::new());
    assert_eq!(setup.switch(&server, true).await.status(), StatusCode::OK);
    let after = until_true(&setup, &server, "switched on again", || fleet.expected_counts(now())).await;
    // It began before statistics were switched on, so it is in no report.
    assert_eq!((after.infra.projects, after.infra.deployments), (before.infra.projects, 0));
}

#[tokio::test]
async fn reports_that_left_can_be_read_while_switched_off_and_those_that_wait_are_gone() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.busy_server(&collector).start().await.unwrap();
    let first = setup.first_report(&collector).await;
    // The collector has it before the server has the answer.
    eventually("the server knows that a report is sent", SOON, async || {
        let is_sent = |report: &ReportEntry| report.id == first.id && report.state == ReportState::Sent;
        setup.kept(&server).await.iter().any(is_sent).then_some(())
    })
    .await
    .unwrap();
    let down = collector.kill().unwrap();
    // One that was being sent when the collector ended is in doubt, and does not count.
    let waits = async || (setup.would_forget(&server).await.queued_reports > 0).then_some(());
    eventually("a report waits", SOON, waits).await.unwrap();
    assert!(setup.status(&server).await.queued > 0);
    // A queued report with a damaged file.
    let queued = setup.path("server/reports/queued");
    let waiting = files(&queued).into_iter().find(|name| name.ends_with(".report")).unwrap();
    fs::write(queued.join(format!("{waiting}.damaged")), "part of a report").unwrap();
    assert_eq!(setup.would_forget(&server).await.damaged_reports, 1);
    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    let collector = down.start().await.unwrap();
    let bytes = setup.stored_bytes(&collector, &first.id).await;
    let mut server = server;
    for _ in 0..2 {
        let kept = setup.kept(&server).await;
        assert!(kept.iter().all(|report| report.state != ReportState::Queued), "{kept:?}");
        assert!(kept.iter().any(|report| report.id == first.id), "{kept:?}");
        let answer = setup.get(&server.url(&format!("api/usage-statistics/reports/{}", first.id))).await;
        assert_eq!(answer.bytes().await.unwrap(), bytes);
        assert!(
            !setup.status(&server).await.enabled && files(&setup.path("server/reports/queued")).is_empty()
        );
        server = server.stop().await.unwrap().start().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_server_left_that_ended_in_the_middle_of_switching_off_is_gone_after_its_next_start() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:1/").start().await.unwrap();
    setup.view(&server, &event("/")).await;
    let data_dir = setup.path("server");
    let counted = data_dir.join("page-views");
    let kept = setup.path("kept");
    crate::setup::copy(&counted, &kept);
    assert_eq!(setup.switch(&server, false).await.status(), StatusCode::OK);
    let program = server.kill().unwrap();
    assert!(!counted.exists());
    crate::setup::copy(&kept, &counted);
    let server = program.start().await.unwrap();
    assert!(!counted.exists());
    assert_eq!(setup.switch(&server, true).await.status(), StatusCode::OK);
    assert!(setup.preview(&server).await.ux.page_views.is_empty());
}

#[tokio::test]
async fn the_start_says_where_the_first_report_goes_and_how_to_switch_it_off() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/a-path-of-its-own").start().await.unwrap();
    let shown = format!("what it holds is shown on {}", server.url("usage-statistics"));
    for line in [
        "usage statistics are on: the first report goes to http://127.0.0.1:9 at 20",
        &shown,
        "to switch it off, use that page, --disable-usage-statistics or DO_NOT_TRACK=1",
    ] {
        assert_eq!(server.log().count(line), 1, "{line:?}: {:?}", server.log().lines());
    }
    assert_eq!(server.log().count("a-path-of-its-own"), 0, "{:?}", server.log().lines());
}
