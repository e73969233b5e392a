//! Tests that a collector finds what a release of a simulated fleet changed, over HTTP and over time.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::clock::Clock;
use headcount_simulated_fleet::{fleet_plan::FleetPlan, simulated_fleet::SimulatedFleet};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::filled_collector::{FilledCollector, SUNDAY};

/// The first days of these fleets, before the second release.
const FROM: &str = "2026-05-10";

/// A fleet of 36 days. The first ones are looked at together, the last ones day by day.
async fn looked_at_whole(installations: u32) -> FilledCollector {
    let filled = FilledCollector::without_reports(installations, 36, false).await;
    for (number, day) in (0..).zip(filled.fleet.days()) {
        filled.collector.fill_day(&filled.fleet, day, false).await.unwrap();
        if number >= 20 {
            filled.collector.look_for_changes().await.unwrap();
        }
    }
    filled
}

async fn put(filled: &FilledCollector, path: &str, body: &Value) -> u16 {
    let request =
        Request::put(path).header("content-type", "application/json").body(Body::from(body.to_string()));
    filled.routes.clone().oneshot(request.unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_release_that_makes_a_query_and_a_stage_slower_is_named() {
    let filled = looked_at_whole(300).await;
    let answer = filled.get(&format!("/api/fleet/changes?from={FROM}&to={SUNDAY}")).await;
    assert_eq!(answer["looked_at"], SUNDAY);
    let releases: Vec<_> = answer["releases"].as_array().unwrap().iter().map(|one| &one["version"]).collect();
    assert_eq!(releases, ["1.9.0"], "{answer}");
    let changes = answer["changes"].as_array().unwrap();
    for (name, by) in [("inbound_latency", 1.8), ("load_containers", 1.6)] {
        let found =
            changes.iter().find(|change| change["name"] == name).unwrap_or_else(|| panic!("{answer}"));
        assert_eq!((&found["release"], &found["previous"]), (&json!("1.9.0"), &json!("1.8.0")));
        let (low, high) = (found["low"].as_f64().unwrap(), found["high"].as_f64().unwrap());
        assert!(low - 0.1 < by - 1.0 && by - 1.0 < high + 0.1, "{found}");
        assert!(found["sentence"].as_str().unwrap().contains("higher than with 1.8.0"), "{found}");
    }
    let others: Vec<_> =
        changes.iter().filter(|change| change["kind"] != "query" && change["kind"] != "stage").collect();
    assert!(others.is_empty(), "{others:?}");

    let weeks = filled.get("/api/fleet/weeks").await;
    let told = weeks["weeks"].to_string();
    assert_eq!(weeks["weeks"][0]["week"], "2026-06-08", "{weeks}");
    assert!(told.contains("the time of the query inbound_latency"), "{told}");
    let (_, feed) = filled.body("/api/fleet/weeks.atom").await;
    let feed = String::from_utf8(feed.to_vec()).unwrap();
    assert!(feed.contains("<entry>") && feed.contains("inbound_latency"), "{feed}");
    let (_, mail) = filled.body("/api/fleet/weeks.txt").await;
    assert!(mail.starts_with(b"coroot in the week from 8 Jun 2026 to 14 Jun 2026"), "{mail:?}");
    let (_, overview) = filled.body("/overview").await;
    let overview = String::from_utf8(overview.to_vec()).unwrap();
    assert!(overview.contains("The week from 8") && overview.contains("Release on 20"), "{overview}");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_deleted_installation_is_not_among_those_of_a_release() {
    let filled = looked_at_whole(40).await;
    let of_release = async || {
        let answer = filled.get(&format!("/api/fleet/changes?from={FROM}&to={SUNDAY}")).await;
        let release = &answer["releases"][0];
        assert_eq!(release["version"], "1.9.0", "{answer}");
        (release["installations"].as_u64().unwrap(), release["total"].as_u64().unwrap())
    };
    let (with_release, all) = of_release().await;
    let sunday: CalendarDay = SUNDAY.parse().unwrap();
    let mut reports =
        (0..40).flat_map(|installation| filled.fleet.reports_of_installation(installation, sunday));
    let upgraded =
        reports.find(|report| !report.is_replica && report.payload.instance.version == "1.9.0").unwrap();
    filled.collector.delete_by_operator(upgraded.payload.instance.uuid).await.unwrap();
    // Nothing new comes, and the days that changed are computed.
    filled.collector.fill_day(&filled.fleet, sunday, false).await.unwrap();
    assert_eq!(of_release().await, (with_release - 1, all - 1));
    filled.collector.close().await;
}

#[tokio::test]
async fn what_is_dropped_is_not_told() {
    let filled = looked_at_whole(40).await;
    let sunday: headcount_fleet::calendar_day::CalendarDay = SUNDAY.parse().unwrap();
    assert_eq!(
        (filled.blocks("changes", SUNDAY).await, filled.blocks("installation_readings", SUNDAY).await),
        (1, 1)
    );
    // The readings of installations go after four weeks, what was found with the numbers of its day.
    filled.clock.turn_to(sunday.plus_days(30));
    filled.collector.prune(filled.clock.wall()).await.unwrap();
    assert_eq!(
        (filled.blocks("changes", SUNDAY).await, filled.blocks("installation_readings", SUNDAY).await),
        (1, 0)
    );
    filled.clock.turn_to(sunday.plus_days(401));
    filled.collector.prune(filled.clock.wall()).await.unwrap();
    assert_eq!(filled.blocks("changes", SUNDAY).await, 0);
    filled.collector.close().await;
}

#[tokio::test]
async fn notes_of_a_day_are_told_until_they_are_removed() {
    let filled = FilledCollector::new(20, false).await;
    let path = format!("/api/fleet/notes/{SUNDAY}");
    assert_eq!(put(&filled, &path, &json!({"notes": [" A campaign began. "]})).await, 204);
    let noted = filled.get("/api/fleet/changes").await["notes"].clone();
    assert_eq!(noted, json!([{"day": SUNDAY, "notes": ["A campaign began."]}]));
    for refused in [
        json!({"notes": [""]}),
        json!({"notes": ["two\nlines"]}),
        json!({"notes": ["x".repeat(201)]}),
        json!({"notes": vec!["x"; 11]}),
        json!({"note": ["x"]}),
        json!([["x"]]),
    ] {
        assert_eq!(put(&filled, &path, &refused).await, 400, "{refused}");
    }
    assert_eq!(put(&filled, &format!("{path}?product=nobody"), &json!({"notes": ["x"]})).await, 400);
    assert_eq!(put(&filled, "/api/fleet/notes/yesterday", &json!({"notes": ["x"]})).await, 400);
    assert_eq!(put(&filled, &path, &json!({"notes": []})).await, 204);
    assert_eq!(filled.get("/api/fleet/changes").await["notes"], json!([]));
    filled.collector.close().await;
}

#[tokio::test]
async fn the_form_of_a_page_adds_and_removes_a_note() {
    let filled = FilledCollector::new(20, false).await;
    let send = async |body: &str| {
        let request = Request::post("/notes").body(Body::from(body.to_owned())).unwrap();
        let answer = filled.routes.clone().oneshot(request).await.unwrap();
        let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location)
    };
    let day = format!("product=coroot&from=2026-06-03&to={SUNDAY}&day={SUNDAY}");
    let location = format!("changes?product=coroot&from=2026-06-03&to={SUNDAY}#notes");
    assert_eq!(send(&format!("{day}&note=a+%3Cb%3Efair")).await, (303, Some(location)));
    let page = async || String::from_utf8(filled.body("/changes").await.1.to_vec()).unwrap();
    assert!(page().await.contains("a &lt;b&gt;fair"));
    assert_eq!(send(&format!("{day}&note=")).await.0, 400);
    assert_eq!(send(&format!("{day}&remove=a+%3Cb%3Efair")).await.0, 303);
    assert!(!page().await.contains("fair"));
    filled.collector.close().await;
}

#[tokio::test]
async fn a_day_that_was_looked_at_before_its_reports_came_is_not_looked_at_again() {
    let filled = FilledCollector::without_reports(300, 36, false).await;
    let late: CalendarDay = "2026-05-22".parse().unwrap();
    let some = Arc::new(
        SimulatedFleet::new(FleetPlan { installations: 40, ..filled.fleet.plan().clone() }).unwrap(),
    );
    let some = Arc::new(Arc::unwrap_or_clone(some).without_profiles());
    for day in filled.fleet.days() {
        let fleet = if day == late { &some } else { &filled.fleet };
        filled.collector.fill_day(fleet, day, false).await.unwrap();
        if day >= late {
            filled.collector.look_for_changes().await.unwrap();
        }
        if day == late.plus_days(1) {
            filled.collector.fill_day(&filled.fleet, late, false).await.unwrap();
        }
    }
    let answer = filled.get(&format!("/api/fleet/changes?from={FROM}&to={SUNDAY}")).await;
    let changes = answer["changes"].as_array().unwrap();
    for name in ["inbound_latency", "load_containers"] {
        let found: Vec<_> = changes.iter().filter(|change| change["name"] == name).collect();
        let [found] = found[..] else { panic!("{name} is told once: {answer}") };
        assert!(found["found_on"].as_str().unwrap() > "2026-05-22", "{found}");
    }
    assert_eq!(answer["gaps"], json!([]), "the reports came");
    filled.collector.close().await;
}
