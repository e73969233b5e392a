//! Tests what a collector publishes of a simulated fleet, and what its pages show, over HTTP and over time.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read},
    sync::Arc,
};

use axum::{body::Body, http::Request};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_simulated_fleet::{fleet_plan::FleetPlan, simulated_fleet::SimulatedFleet};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::filled_collector::{FilledCollector, SUNDAY};

#[tokio::test]
async fn a_day_has_a_provisional_and_a_final_release_and_then_never_changes() {
    let filled = FilledCollector::new(900, false).await;
    let tables = filled.get("/api/fleet/published/tables").await;
    let stages = |tables: &Value| {
        let releases = tables["releases"].as_array().unwrap().iter();
        let stage = |release: &Value| {
            (release["day"].as_str().unwrap().to_owned(), release["stage"].as_str().unwrap().to_owned())
        };
        releases.map(stage).collect::<Vec<_>>()
    };
    let release = |day: &str, stage: &str| (day.to_owned(), stage.to_owned());
    let provisional = [release("2026-06-07", "provisional"), release(SUNDAY, "provisional")];
    assert_eq!(stages(&tables), provisional);
    assert_eq!(tables["rule"]["smallest_group"], 10);
    assert_eq!(filled.blocks("installation_pages", SUNDAY).await, 1);

    let sunday: CalendarDay = SUNDAY.parse().unwrap();
    filled.clock.turn_to(sunday.plus_days(14));
    filled.collector.compute_fleet().await.unwrap();
    assert_eq!(stages(&filled.get("/api/fleet/published/tables").await)[1], provisional[1]);
    filled.clock.turn_to(sunday.plus_days(15));
    filled.collector.compute_fleet().await.unwrap();
    let last = [release("2026-06-07", "final"), release(SUNDAY, "final")];
    assert_eq!(stages(&filled.get("/api/fleet/published/tables").await), last);
    assert_eq!(filled.blocks("installation_pages", SUNDAY).await, 0, "they are not needed any more");

    // Late reports of the same day, of a fleet of other installations.
    let (databases, exact) = (filled.table("databases").await, filled.exact("databases", SUNDAY).await);
    let plan = FleetPlan { seed: 8, ..filled.fleet.plan().clone() };
    let other = Arc::new(SimulatedFleet::new(plan).unwrap().without_profiles());
    filled.collector.fill_day(&other, sunday, false).await.unwrap();
    assert_eq!(filled.table("databases").await, databases);
    assert_eq!(filled.blocks("installation_pages", SUNDAY).await, 0);
    let with_late = filled.exact("databases", SUNDAY).await;
    assert!(with_late["sqlite"] > exact["sqlite"] + 100, "{with_late:?} {exact:?}");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_day_that_is_being_filled_is_not_released_before_it_is_whole() {
    let (filled, disturbed) =
        (FilledCollector::new(300, false).await, FilledCollector::without_reports(300, 12, false).await);
    let fill = async {
        for day in disturbed.fleet.days() {
            disturbed.collector.fill_day(&disturbed.fleet, day, false).await.unwrap();
        }
    };
    let compute_again_and_again = async {
        loop {
            disturbed.collector.compute_fleet().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = fill => {}
        () = compute_again_and_again => {}
    }
    let (expected, found) = (filled.table("versions").await, disturbed.table("versions").await);
    assert_eq!(found["releases"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(found["releases"], expected["releases"]);
    filled.collector.close().await;
    disturbed.collector.close().await;
}

#[tokio::test]
async fn published_numbers_are_near_the_exact_ones_and_of_groups() {
    let filled = FilledCollector::new(1500, false).await;
    let rule = filled.get("/api/fleet/published/tables").await["rule"].clone();
    let (shown_from, cut) = (rule["shown_from"].as_i64().unwrap(), rule["noise_cut"].as_i64().unwrap());
    let mut compared = 0;
    for table in filled.get("/api/fleet/published/tables").await["tables"].as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        let answer = filled.table(name).await;
        let release = &answer["releases"][1];
        assert_eq!((&release["day"], &release["stage"]), (&json!(SUNDAY), &json!("provisional")), "{name}");
        let cells = release["cells"].as_array().unwrap();
        for cell in cells {
            assert!(cell["installations"].as_i64().unwrap() >= shown_from, "{name}: {cell}");
        }
        let exact_table = match name {
            "versions" | "databases" | "clouds" | "services" | "instrumented_services" | "pages" => name,
            "integrations" => "flags",
            "alerting_destinations" => "alerting",
            _ => continue,
        };
        let exact = filled.exact(exact_table, SUNDAY).await;
        let mut by_label = BTreeMap::<&str, (i64, i64)>::new();
        for cell in cells {
            let label = if name == "versions" { &cell["version"] } else { &cell["label"] };
            let Some(label) = label.as_str() else { continue };
            let (installations, cells) = by_label.entry(label).or_default();
            (*installations, *cells) = (*installations + cell["installations"].as_i64().unwrap(), *cells + 1);
        }
        for (label, (published, cells)) in by_label {
            // New installations are not published, and small versions have no label.
            let exact = exact[label];
            assert!(published <= exact + cut * cells, "{name} {label}: {published} of {exact}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "{compared} were compared");
    filled.collector.close().await;
}

#[tokio::test]
async fn nothing_is_published_of_a_small_fleet_and_it_looks_like_no_fleet() {
    let filled = FilledCollector::new(30, false).await;
    for path in ["tables", "tables/databases", "tables/versions"] {
        let small = filled.get(&format!("/api/fleet/published/{path}?product=coroot")).await;
        let mut unknown = filled.get(&format!("/api/fleet/published/{path}?product=unknown")).await;
        unknown["product"] = json!("coroot");
        assert_eq!(small, unknown, "{path}");
    }
    assert_eq!(filled.get("/api/fleet/published/products").await, json!({ "products": [] }));
    assert_eq!(filled.body("/api/fleet/published/profiles/graph").await.0, 404);
    assert!(filled.blocks("published", SUNDAY).await > 0, "the release was made, and is empty");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_flame_graph_of_a_week_is_published_with_noise() {
    let filled = FilledCollector::new(800, true).await;
    let graph = filled.get("/api/fleet/published/profiles/graph").await;
    let exact = filled.get(&format!("/api/fleet/profiles/graph?from=2026-06-08&to={SUNDAY}")).await;
    assert_eq!(
        (&graph["day"], &graph["version"], &graph["resource"]),
        (&json!(SUNDAY), &Value::Null, &json!("cpu"))
    );
    let counts = graph["installations"].as_array().unwrap();
    assert!(counts.len() > 1, "{graph}");
    assert!(counts.iter().all(|count| count.as_i64().unwrap() >= 85), "{counts:?}");
    let name = |node: usize| &graph["names"][usize::try_from(graph["name"][node].as_u64().unwrap()).unwrap()];
    let known = exact["graph"]["names"].as_array().unwrap();
    assert!((0..counts.len()).all(|node| known.contains(name(node))));
    assert_eq!(filled.body("/api/fleet/published/profiles/graph?version=0.0.0").await.0, 404);
    filled.collector.close().await;
}

#[tokio::test]
async fn the_archive_has_a_file_per_table_and_says_what_the_numbers_are() {
    let filled = FilledCollector::new(600, false).await;
    let (status, archive) = filled.body("/api/fleet/published/export.zip").await;
    assert_eq!(status, 200);
    assert_eq!(
        filled.body("/api/fleet/published/export.zip").await.1,
        archive,
        "the same numbers are the same bytes"
    );
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut text = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let explained = text("README.txt");
    for said in ["standard deviation 25, at most 75", "at least 85", "at least 10 installations", "folded"] {
        assert!(explained.contains(said), "{said}: {explained}");
    }
    for table in filled.get("/api/fleet/published/tables").await["tables"].as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        let (_, csv) = filled.body(&format!("/api/fleet/published/tables/{name}?format=csv")).await;
        assert_eq!(text(&format!("{name}.csv")).as_bytes(), csv, "{name}");
        assert!(explained.contains(&format!("{name}.csv")), "{name}");
    }
    let versions = text("versions.csv");
    let (columns, rows) = versions.split_once("\r\n").unwrap();
    assert_eq!(
        columns,
        "day,stage,version,label,cell,installations,of_installations,of_all,sum,p50,p95,p99,folded_names"
    );
    assert!(rows.contains(&format!("{SUNDAY},provisional,")) && rows.contains(",,all,"), "{rows}");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_question_about_what_is_published_that_makes_no_sense_is_refused_in_a_sentence() {
    let filled = FilledCollector::new(1, false).await;
    for (path, status, sentence) in [
        ("tables?from=yesterday", 400, "from must be a day such as 2026-11-28, not \"yesterday\""),
        ("tables?to=tomorrow", 400, "to must be a day such as 2026-11-28, not \"tomorrow\""),
        ("tables/queries", 404, "there is no published table \"queries\""),
        ("tables/clouds?format=xml", 400, "format must be json or csv, not \"xml\""),
        ("profiles/graph?resource=disk", 400, "resource must be cpu or heap, not \"disk\""),
        ("profiles/graph", 404, "no profile of this is published"),
    ] {
        let (answered, body) = filled.body(&format!("/api/fleet/published/{path}")).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((answered, &problem["detail"]), (status, &json!(sentence)), "{path}");
    }
    filled.collector.close().await;
}

#[tokio::test]
async fn the_pages_show_what_the_answers_say() {
    let filled = FilledCollector::new(300, true).await;
    let period = format!("from=2026-06-03&to={SUNDAY}");
    let page = async |path: &str| {
        let (status, body) = filled.body(path).await;
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        assert!(
            text.starts_with("<!DOCTYPE html>") && !text.contains("style=") && !text.contains("<script>")
        );
        text
    };
    let activity = filled.get(&format!("/api/fleet/activity?{period}")).await;
    let last = activity["days"].as_array().unwrap().last().unwrap().clone();
    let overview = page(&format!("/overview?{period}")).await;
    let said = format!("<strong>{} installations</strong>", last["active_30d"]);
    assert!(overview.contains(&said), "{said}");

    let versions = filled.get(&format!("/api/fleet/shares/versions?{period}")).await;
    let version = |at: usize| versions["labels"][at]["label"].as_str().unwrap().to_owned();
    let clouds = filled.get(&format!("/api/fleet/shares/clouds?{period}&database=sqlite")).await;
    let environment = page(&format!("/environment?{period}&database=sqlite")).await;
    for label in clouds["labels"].as_array().unwrap() {
        assert!(environment.contains(label["label"].as_str().unwrap()), "{label}");
    }
    assert!(environment.contains("on sqlite"));
    for path in ["versions", "features", "usage", "performance", "profiles", "trust"] {
        page(&format!("/{path}?{period}&version={}&database=&size=", version(0))).await;
    }

    let (before, after) = (version(1), version(0));
    let profiles = page(&format!("/profiles?{period}&before={before}&after={after}&resource=heap")).await;
    assert!(profiles.contains(&format!("From {before} to {after}")), "{profiles}");
    let graph = filled.get(&format!("/api/fleet/profiles/graph?{period}&measure=absolute")).await;
    let absolute = page(&format!("/profiles?{period}&measure=absolute")).await;
    assert!(graph["graph"]["value"][0].as_u64().unwrap() > 0 && absolute.contains("focus="), "{graph}");

    let (status, style) = filled.body("/pages.css").await;
    assert!(status == 200 && style.windows(14).any(|part| part == b"var(--surface)"));
    assert_eq!(filled.body("/overview?from=2026-06-14&to=2026-06-03").await.0, 400);
    assert_eq!(filled.body("/profiles?focus=x").await.0, 400);
    filled.collector.close().await;
}

/// The pages.
const PAGES: [&str; 8] =
    ["overview", "versions", "features", "environment", "usage", "performance", "profiles", "trust"];

impl FilledCollector {
    async fn submit(&self, path: &str, form: String) -> (u16, String) {
        let answer = self.routes.clone().oneshot(Request::post(path).body(Body::from(form)).unwrap());
        let answer = answer.await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn page(&self, path: &str) -> String {
        let (status, body) = self.body(path).await;
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}

/// The addresses of a page that begin with a text.
fn links(page: &str, start: &str) -> BTreeSet<String> {
    let links = page.split("href=\"").skip(1).filter_map(|link| link.split_once('"'));
    links
        .filter(|(link, _)| link.starts_with(start))
        .map(|(link, _)| format!("/{}", link.replace("&amp;", "&")))
        .collect()
}

#[tokio::test]
async fn every_picture_is_a_file_too() {
    let filled = FilledCollector::new(60, true).await;
    let period = format!("from=2026-06-03&to={SUNDAY}");
    let versions = filled.get(&format!("/api/fleet/shares/versions?{period}")).await;
    let version = |at: usize| versions["labels"][at]["label"].as_str().unwrap().to_owned();
    let compared = format!("profiles?before={}&after={}", version(1), version(0));
    let filtered = "environment?database=sqlite&size=4-10";
    for page in PAGES.into_iter().chain([compared.as_str(), filtered]) {
        let separator = if page.contains('?') { '&' } else { '?' };
        let text = filled.page(&format!("/{page}{separator}{period}")).await;
        let files = links(&text, "api/fleet/");
        assert!(!files.is_empty(), "{page}");
        for file in files {
            let (status, body) = filled.body(&file).await;
            assert_eq!(status, 200, "{page}: {file}");
            if file.ends_with("format=csv") {
                assert!(body.windows(2).any(|end| end == b"\r\n"), "{file}");
            } else {
                let answer: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(
                    (&answer["from"], &answer["to"]),
                    (&json!("2026-06-03"), &json!(SUNDAY)),
                    "{file}"
                );
            }
        }
    }
    filled.collector.close().await;
}

#[tokio::test]
async fn a_page_ends_with_the_last_day_that_is_over() {
    let filled = FilledCollector::new(60, false).await;
    let overview = filled.page("/overview").await;
    assert!(overview.contains("name=\"to\" value=\"2026-06-15\""), "{overview}");
    assert!(!overview.contains("is not over"), "{overview}");
    let with_today = filled.page("/overview?from=2026-06-03&to=2026-06-16").await;
    assert!(with_today.contains("16\u{a0}Jun\u{a0}2026 is not over"), "{with_today}");
    assert!(with_today.contains("in the 30 days until 15\u{a0}Jun\u{a0}2026"), "{with_today}");

    let first_day = "2026-06-16".parse().unwrap();
    let plan =
        FleetPlan { product: Some("shop".to_owned()), first_day, days: 1, ..filled.fleet.plan().clone() };
    let shop = Arc::new(SimulatedFleet::new(plan).unwrap().without_profiles());
    filled.collector.fill_day(&shop, first_day, false).await.unwrap();
    let new = filled.page("/overview?product=shop").await;
    assert!(new.contains("name=\"to\" value=\"2026-06-16\"") && new.contains("is not over"), "{new}");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_page_without_product_is_of_the_one_that_reports() {
    let filled = FilledCollector::without_reports(20, 12, false).await;
    let plan = FleetPlan { product: Some("shop".to_owned()), ..filled.fleet.plan().clone() };
    let shop = Arc::new(SimulatedFleet::new(plan).unwrap().without_profiles());
    for day in shop.days() {
        filled.collector.fill_day(&shop, day, false).await.unwrap();
    }
    let overview = filled.page("/overview").await;
    assert!(overview.contains("<option value=\"shop\" selected>shop</option>"), "{overview}");
    assert!(!overview.contains("<option value=\"coroot\""), "{overview}");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_page_without_numbers_says_where_there_are_some() {
    let filled = FilledCollector::new(20, false).await;
    let before = filled.page("/usage?from=2025-01-01&to=2025-01-31").await;
    assert!(before.contains("reported in this time") && before.contains(&format!("to={SUNDAY}")), "{before}");
    let unknown = filled.page(&format!("/usage?from=2026-06-03&to={SUNDAY}&version=%28unknown%29")).await;
    assert!(
        unknown.contains("In this time, no installation reported with what was chosen: unknown version."),
        "{unknown}"
    );
    let few = filled.page(&format!("/usage?from=2026-06-03&to={SUNDAY}")).await;
    assert!(few.contains("Shares say little: on average, "), "{few}");
    let other = filled.page("/usage?product=other-shop").await;
    assert!(other.contains("No installation of other-shop is in the numbers yet."), "{other}");
    filled.collector.close().await;
}

#[tokio::test]
async fn a_release_is_compared_with_the_one_before() {
    let filled = FilledCollector::new(300, false).await;
    let period = format!("from=2026-06-03&to={SUNDAY}");
    let text = filled.page(&format!("/performance?{period}")).await;
    for id in ["cpu-mean", "cpu-p95", "memory-mean", "stages-releases", "queries-releases", "world-releases"]
    {
        let (_, section) = text.split_once(&format!("aria-labelledby=\"{id}\"")).unwrap();
        let section = section.split_once("</section>").unwrap().0;
        assert!(section.contains("Median before") && section.contains("<td"), "{id}: {section}");
    }
    let versions = filled.get(&format!("/api/fleet/shares/versions?{period}")).await;
    let version = |at: usize| versions["labels"][at]["label"].as_str().unwrap().to_owned();
    let (before, after) = (version(1), version(0));
    let chosen = filled.page(&format!("/performance?{period}&before={before}&after={after}")).await;
    assert!(chosen.contains(&format!("{before} and {after}, in reports")), "{chosen}");
    let stages = filled.get(&format!("/api/fleet/distributions/stages?{period}&version={after}")).await;
    for stage in stages["distributions"].as_array().unwrap() {
        assert!(chosen.contains(stage["label"].as_str().unwrap()), "{stage}");
    }
    let (_, mean) = text.split_once("aria-labelledby=\"cpu-mean\"").unwrap();
    let mean = mean.split_once("</section>").unwrap().0;
    assert!(mean.contains(">all sizes<") && mean.contains(">may be chance<"), "{mean}");
    for (before, after, sentence) in [
        (before.as_str(), before.as_str(), "cannot be compared with itself. Choose two versions."),
        (before.as_str(), "9.9.9", "No installation had version 9.9.9 in this time."),
    ] {
        for page in ["performance", "profiles"] {
            let text = filled.page(&format!("/{page}?{period}&before={before}&after={after}")).await;
            assert!(text.contains(sentence) && text.contains("class=\"chart"), "{page}: {text}");
            assert!(!text.contains("-releases\"") && !text.contains("id=\"ranking\""), "{page}: {text}");
        }
    }
    let alone = filled.page(&format!("/profiles?{period}&before={before}")).await;
    assert!(alone.contains("Choose a second version to compare"), "{alone}");
    filled.collector.close().await;
}

#[tokio::test]
async fn what_was_entered_in_a_form_is_there_again_when_it_is_refused() {
    let filled = FilledCollector::new(1, false).await;
    let (status, page) = filled.body("/performance?product=shop&from=yesterday&to=2026-06-14").await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert_eq!(status, 400, "{page}");
    for said in
        ["action=\"./performance\"", "name=\"from\" value=\"yesterday\"", "name=\"product\" value=\"shop\""]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let note = format!("A note that is {} long", "very ".repeat(50));
    let fields = [("product", "coroot"), ("from", SUNDAY), ("to", SUNDAY), ("day", SUNDAY), ("note", &note)];
    let form = serde_urlencoded::to_string(fields).unwrap();
    let (status, page) = filled.submit("/notes", form).await;
    assert_eq!(status, 400, "{page}");
    for said in ["A note must have 1 to 200 characters", "method=\"post\" action=\"./notes\"", &note, SUNDAY]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    filled.collector.clone().close().await;
    let note = "A note that cannot be stored";
    let form = serde_urlencoded::to_string([("day", SUNDAY), ("note", note)]).unwrap();
    let (status, page) = filled.submit("/notes", form).await;
    assert!(status >= 500 && page.contains(&format!("name=\"note\" value=\"{note}\"")), "{status} {page}");
}

#[tokio::test]
async fn an_address_of_a_function_opens_it_after_new_reports() {
    let filled = FilledCollector::new(60, true).await;
    let period = format!("from=2026-06-03&to={SUNDAY}");
    let graph = filled.page(&format!("/profiles?{period}")).await;
    let functions = links(&graph, "profiles?");
    let function = functions.iter().rfind(|link| link.contains("focus=")).unwrap();
    let plan = FleetPlan { seed: 8, ..filled.fleet.plan().clone() };
    let other = Arc::new(SimulatedFleet::new(plan).unwrap());
    filled.collector.fill_day(&other, SUNDAY.parse().unwrap(), false).await.unwrap();
    let opened = filled.page(function).await;
    assert!(opened.contains("Whole graph") && !opened.contains("has no place in this graph"), "{function}");
    let unknown = filled.page(&format!("/profiles?{period}&focus=123abc")).await;
    assert!(unknown.contains("has no place in this graph"), "{unknown}");
    filled.collector.close().await;
}

#[tokio::test]
async fn the_pages_of_an_empty_fleet_explain_themselves() {
    let empty = FilledCollector::without_reports(1, 12, false).await;
    for path in PAGES {
        let text = empty.page(&format!("/{path}")).await;
        assert!(text.contains("No installation of coroot is in the numbers yet."), "{path}: {text}");
        assert!(text.contains("--collector-url http://"), "{path}: {text}");
    }
    assert!(empty.page("/trust").await.contains("0 reports arrived"));
    empty.collector.close().await;
}

/// A number as pages write it.
fn written(number: i64) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    if head.is_empty() { digits } else { format!("{head}\u{202f}{tail}") }
}

#[tokio::test]
async fn the_page_of_what_is_published_has_the_exact_numbers_beside_the_published_ones() {
    let filled = FilledCollector::new(1500, false).await;
    let (status, page) = filled.body("/published").await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("The release of <strong>14\u{a0}Jun\u{a0}2026</strong>"), "{page}");
    let versions = filled.table("versions").await;
    let exact = filled.exact("versions", SUNDAY).await;
    let mut compared = 0;
    for cell in versions["releases"][1]["cells"].as_array().unwrap() {
        let Some(version) = cell["version"].as_str() else { continue };
        let published = written(cell["installations"].as_i64().unwrap());
        let row = format!(
            "<th scope=\"row\">{version}</th><td class=\"n\">{published}</td><td class=\"n\">{}</td>",
            written(exact[version])
        );
        assert!(page.contains(&row), "{row}: {page}");
        compared += 1;
    }
    assert!(compared > 0, "{versions}");
    // Each table that has cells has the sum of the exact numbers of the day.
    let services = filled.exact("services", SUNDAY).await;
    assert!(services.keys().any(|service| page.contains(&format!("<td>{service}</td>"))), "{services:?}");
    for said in ["without a cell of its own", "below 85 with its noise", "CPU usage", "p95, exact"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let (status, first) = filled.body("/published?day=2026-06-07").await;
    assert!(status == 200 && String::from_utf8_lossy(&first).contains("The release of <strong>7\u{a0}Jun"));
    for (query, sentence) in [
        ("day=2026-06-08", "There is no release of 2026-06-08 in this time."),
        ("day=sunday", "Day must be a day such as 2026-11-28, not &quot;sunday&quot;."),
        ("from=2026-06-15&to=2026-06-14", "From must be at most 731 days before to"),
    ] {
        let (status, page) = filled.body(&format!("/published?{query}")).await;
        assert!(status == 400 && String::from_utf8_lossy(&page).contains(sentence), "{query}");
    }
    filled.collector.close().await;
}

#[tokio::test]
async fn a_report_with_profiles_is_drawn_on_the_page_of_its_installation() {
    let filled = FilledCollector::without_reports(20, 12, true).await;
    for day in filled.fleet.days() {
        filled.collector.fill_day(&filled.fleet, day, true).await.unwrap();
    }
    let fleet = filled.get("/api/fleet").await;
    let uuid = fleet["instances"][0]["instance"].as_str().unwrap();
    let page = async |query: &str| {
        let (status, page) = filled.body(&format!("/installations/{uuid}{query}")).await;
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert_eq!(status, 200, "{page}");
        assert!(!page.contains("style=") && !page.contains("<script>"), "{page}");
        page
    };
    let whole = page("").await;
    for said in ["Where CPU time goes", "What memory is used for", "resource=cpu&amp;focus=1#profiles"] {
        assert!(whole.contains(said), "{said}: {whole}");
    }
    assert!(!whole.contains("The report has no such profile."), "{whole}");
    assert!(!whole.contains("cannot be read"), "{whole}");
    assert!(page("?resource=heap&focus=1").await.contains("caller"));
    filled.collector.close().await;
}
