//! Tests the pages about single installations: what they show, to whom, and the form that deletes one.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use headcount_collector::{Collector, CollectorConfig, RetentionPolicy, routes::router};
use headcount_platform::{clock::Clock, disk::free_space::FileSystemOf};
use headcount_web::{
    access::{AccessConfig, AccessControl, AccessRole, SessionProgram},
    base_path::BasePath,
    forwarded::TrustedProxies,
    static_files::StaticFiles,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

const DOCUMENTED: &str = include_str!("../../../../shared/tests/payload.json");
const INSTANCE: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000001";

/// 14 November 2023, 22:13:20 UTC.
const START: u64 = 1_700_000_000;
const DAY: u64 = 24 * 60 * 60;

/// A clock that stands still until it is set.
#[derive(Debug)]
struct MovedClock(AtomicU64);

impl Clock for MovedClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.wall()
    }
}

/// A collector behind its access control.
struct SignedInCollector {
    directory: TempDir,
    clock: Arc<MovedClock>,
    collector: Collector,
    routes: Router,
}

impl SignedInCollector {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovedClock(AtomicU64::new(START)));
        let days = |days| Duration::from_secs(days * DAY);
        let config = CollectorConfig {
            data_dir: directory.path().to_owned(),
            keys: None,
            retention: RetentionPolicy::new(days(400), days(30)),
            max_disk: None,
            free_space: Arc::new(FileSystemOf(directory.path().to_owned())),
            alert_webhook: None,
        };
        let collector = Collector::open(&config, Arc::<MovedClock>::clone(&clock)).await.unwrap();
        let token = |role: AccessRole| Some(token_of(role).parse().unwrap());
        let access = AccessConfig {
            interface: SessionProgram::Collector,
            admin_token: token(AccessRole::Administrator),
            analyst_token: token(AccessRole::Analyst),
            viewer_token: token(AccessRole::Viewer),
            metrics_token: None,
            base_path: BasePath::root(),
            public_url: None,
        };
        let access = AccessControl::new(access, Arc::<MovedClock>::clone(&clock));
        let routes = router(&access, &collector, TrustedProxies::default(), false, StaticFiles::default());
        Self { directory, clock, collector, routes }
    }

    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// The cookie of a session of a role.
    async fn session(&self, role: AccessRole) -> String {
        let form = format!("token={}&to=%2F", token_of(role));
        let request = Request::post("/sign-in").body(Body::from(form)).unwrap();
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    async fn page(&self, session: &str, path: &str) -> (u16, String) {
        let request = Request::get(path).header("cookie", session).header("accept", "text/html");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends the form as a browser does, from a page of this site.
    async fn submit(&self, session: &str, path: &str, site: &str, form: &str) -> (u16, String) {
        let request = Request::post(path).header("cookie", session).header("sec-fetch-site", site);
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn report(&self, id: &str, changes: &[(&str, Value)]) {
        let mut report: Value = serde_json::from_str(DOCUMENTED).unwrap();
        for (pointer, value) in changes {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            report.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        let request = Request::post("/ce/usage-statistics").header("idempotency-key", id);
        let (status, answer) = self.send(request.body(Body::from(report.to_string())).unwrap()).await;
        assert_eq!(status, 200, "{answer}");
    }

    fn turn_to(&self, day: u64) {
        self.clock.0.store(START + day * DAY, Ordering::Relaxed);
    }
}

fn token_of(role: AccessRole) -> String {
    format!("a-token-of-the-{}", role.name())
}

fn address(uuid: &str) -> String {
    format!("/installations/{uuid}")
}

#[tokio::test]
async fn an_installation_is_shown_with_its_history_and_its_newest_report_against_the_one_before() {
    let guarded = SignedInCollector::start().await;
    guarded.report("first", &[("/infra/nodes", json!(3000))]).await;
    guarded.turn_to(1);
    let evil = "<img src=x>\u{202e}";
    let changes = [
        ("/infra/nodes", json!(4000)),
        ("/instance/version", json!("0.21.0")),
        ("/ux/page_views", json!({ "/p/$projectId": 1, evil: 2 })),
    ];
    guarded.report("second", &changes).await;
    guarded.collector.compute_fleet().await.unwrap();
    let session = guarded.session(AccessRole::Administrator).await;

    let (status, list) = guarded.page(&session, "/installations").await;
    assert!(status == 200 && list.contains(&format!("href=\"installations/{INSTANCE}\"")), "{list}");
    let with_today = format!("{}?to=2023-11-15", address(INSTANCE));
    let (status, page) = guarded.page(&session, &with_today).await;
    assert_eq!(status, 200, "{page}");
    for said in [
        "<strong>version 0.21.0</strong>, with its settings in sqlite",
        "It has sent 2 reports so far.",
        "It reported on 2 days of this time, as version 0.20.0, then 0.21.0.",
        "observes 4\u{202f}000 nodes: size class 301+",
        "It is compared with the report of 14\u{a0}Nov\u{a0}2023, 22:13 UTC.",
        "<tr class=\"changed\"><th scope=\"row\">nodes</th><td>4\u{202f}000</td><td><code>4000</code></td>\
         <td><strong>changed</strong>: was 3\u{202f}000 <code>3000</code></td></tr>",
        "<strong>new</strong>",
        "<strong>gone</strong>",
        "&lt;img src=x&gt;\u{fffd}",
        "href=\"../api/reports/second\"",
        "2 profiles of the report cannot be read.",
        "href=\"../static/visual-style.css\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for never in ["<img src=x", "\u{202e}", "<script>", "style="] {
        assert!(!page.contains(never), "{never}: {page}");
    }
    let of_first = format!("{}?report=first", address(INSTANCE));
    let (status, page) = guarded.page(&session, &of_first).await;
    assert!(status == 200 && page.contains("so it is compared with none") && page.contains("3\u{202f}000"));
    guarded.collector.close().await;
}

#[tokio::test]
async fn what_cannot_be_shown_of_an_installation_is_said_on_a_page() {
    let guarded = SignedInCollector::start().await;
    guarded.report("first", &[]).await;
    guarded.report("of-another", &[("/instance/uuid", json!(UNKNOWN.replace('1', "2")))]).await;
    guarded.collector.compute_fleet().await.unwrap();
    let session = guarded.session(AccessRole::Administrator).await;
    for (path, expected, sentence) in [
        (address(UNKNOWN), 404, "No installation with this UUID is known."),
        (address("not-a-uuid"), 400, "The address does not name an installation by its UUID."),
        (
            format!("{}?report=nothing", address(INSTANCE)),
            404,
            "There is no report of this installation with this id.",
        ),
        (format!("{}?report=of-another", address(INSTANCE)), 404, "There is no report of this installation"),
        (format!("{}?focus=x", address(INSTANCE)), 400, "Focus must be a number, not &quot;x&quot;."),
        (format!("{}?from=x", address(INSTANCE)), 400, "From must be a day such as 2026-11-28"),
        (format!("{}/deletion", address("x")), 400, "The address does not name an installation by its UUID."),
    ] {
        let (status, page) = guarded.page(&session, &path).await;
        assert_eq!(status, expected, "{path}: {page}");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains(sentence), "{path}: {page}");
    }
    let (status, page) = guarded.page(&session, "/installations/javascript:alert(1)?product=x").await;
    assert!(status == 400 && page.contains(" action=\"./javascript:alert(1)\""), "{page}");
    guarded.collector.prune(Duration::from_secs(START + 31 * DAY)).await.unwrap();
    let (status, page) = guarded.page(&session, &address(INSTANCE)).await;
    assert!(status == 200 && page.contains("The report as it was sent was dropped"), "{page}");
    guarded.collector.prune(Duration::from_secs(START + 401 * DAY)).await.unwrap();
    let (status, page) = guarded.page(&session, &address(INSTANCE)).await;
    let is_said = page.contains("No installation with this UUID is known.")
        || page.contains("No report of this installation is listed any more.");
    assert!((status == 404 || status == 200) && is_said, "{status} {page}");
    guarded.collector.close().await;
}

#[tokio::test]
async fn the_list_of_reports_goes_on_from_the_newest_to_the_oldest() {
    let guarded = SignedInCollector::start().await;
    for number in 0..103 {
        guarded.clock.0.store(START + number * 3600, Ordering::Relaxed);
        guarded.report(&format!("r{number}"), &[]).await;
    }
    let session = guarded.session(AccessRole::Administrator).await;
    let listed = |page: &str| {
        let links = page.split("<td><a href=\"../api/reports/").skip(1);
        links.map(|link| link.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (_, page) = guarded.page(&session, &address(INSTANCE)).await;
    let newest = listed(&page);
    assert_eq!((newest.len(), newest[0].as_str(), newest[99].as_str()), (100, "r102", "r3"));
    assert!(page.contains("until=r2#reports"), "{page}");
    let (_, page) = guarded.page(&session, &format!("{}?until=r2", address(INSTANCE))).await;
    assert_eq!(listed(&page), ["r2", "r1", "r0"]);
    assert!(!page.contains("Older reports") && page.contains("Begin with the newest"), "{page}");
    guarded.collector.close().await;
}

#[tokio::test]
async fn pages_of_installations_are_for_the_administrator_alone() {
    let guarded = SignedInCollector::start().await;
    guarded.report("first", &[]).await;
    let deletion = format!("{}/deletion", address(INSTANCE));
    for (role, expected) in
        [(AccessRole::Viewer, 403), (AccessRole::Analyst, 403), (AccessRole::Administrator, 200)]
    {
        let session = guarded.session(role).await;
        for path in ["/installations".to_owned(), address(INSTANCE), deletion.clone()] {
            let (status, page) = guarded.page(&session, &path).await;
            assert_eq!(status, expected, "{path} {}", role.name());
            assert_eq!(page.contains(INSTANCE), expected == 200, "{path} {}: {page}", role.name());
        }
    }
    let analyst = guarded.session(AccessRole::Analyst).await;
    assert_eq!(guarded.submit(&analyst, &deletion, "same-origin", "confirmed=yes").await.0, 403);
    let nobody = Request::post(&deletion).header("sec-fetch-site", "same-origin");
    assert_eq!(guarded.send(nobody.body(Body::from("confirmed=yes")).unwrap()).await.0, 401);
    let session = guarded.session(AccessRole::Administrator).await;
    assert_eq!(guarded.page(&session, &address(INSTANCE)).await.0, 200, "nothing was deleted");
    guarded.collector.close().await;
}

#[tokio::test]
async fn an_installation_is_deleted_by_a_form_that_was_confirmed_on_a_page_of_this_site() {
    let guarded = SignedInCollector::start().await;
    guarded.report("first", &[]).await;
    guarded.report("second", &[("/infra/nodes", json!(3))]).await;
    let session = guarded.session(AccessRole::Administrator).await;
    let deletion = format!("{}/deletion", address(INSTANCE));
    let (status, question) = guarded.page(&session, &deletion).await;
    assert!(status == 200 && question.contains("This cannot be undone."), "{question}");

    for (site, form, expected, sentence) in [
        ("cross-site", "confirmed=yes", 403, "A change has to come from a page of this interface"),
        ("same-site", "confirmed=yes", 403, "A change has to come from a page of this interface"),
        ("same-origin", "", 400, "Nothing was deleted, because the deletion was not confirmed."),
        ("same-origin", "confirmed=no", 400, "Nothing was deleted"),
    ] {
        let (status, page) = guarded.submit(&session, &deletion, site, form).await;
        assert_eq!(status, expected, "{site} {form}: {page}");
        assert!(page.contains(sentence), "{page}");
        assert_eq!(page.contains("type=\"checkbox\""), expected == 400, "the form is there again: {page}");
    }
    let unsaid = Request::post(&deletion).header("cookie", &session);
    assert_eq!(guarded.send(unsaid.body(Body::from("confirmed=yes")).unwrap()).await.0, 403);
    assert_eq!(guarded.page(&session, &address(INSTANCE)).await.0, 200, "nothing was deleted");
    let unknown = format!("{}/deletion", address(UNKNOWN));
    assert_eq!(guarded.submit(&session, &unknown, "same-origin", "confirmed=yes").await.0, 404);

    let (status, page) = guarded.submit(&session, &deletion, "same-origin", "confirmed=yes").await;
    assert_eq!(status, 200, "{page}");
    let said = "2 reports, 2 copies of reports as they were sent and 1 day of it were removed.";
    assert!(page.contains(said) && page.contains("&quot;signature&quot;"), "{page}");
    assert_eq!(guarded.submit(&session, &deletion, "same-origin", "confirmed=yes").await, (200, page));
    assert_eq!(guarded.page(&session, &address(INSTANCE)).await.0, 404);
    let (_, list) = guarded.page(&session, "/installations").await;
    assert!(list.contains("No installation has reported yet."), "{list}");
    let log = fs::read_to_string(guarded.directory.path().join("access.log")).unwrap();
    assert_eq!(log.matches(" deleted administrator\n").count(), 1, "{log}");
    assert!(!log.contains(INSTANCE), "{log}");
    guarded.collector.close().await;
}
