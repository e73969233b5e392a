//! Tests who has access to the interface.

use headcount_harness::{
    http::{self, ADMIN_TOKEN},
    processes::HeadcountProcess,
};
use reqwest::StatusCode;

use crate::setup::{TestSetup, event, problem};

const DATA: [&str; 4] =
    ["api/usage-statistics", "api/usage-statistics/preview", "api/usage-statistics/reports", "metrics"];
const FLEET: [&str; 3] = ["", "api/reports", "api/fleet"];

/// Returns the status for a client without credentials that sends these headers.
async fn status_with(url: &str, headers: &[(&str, &str)]) -> StatusCode {
    let stranger = http::client().unwrap();
    let request =
        headers.iter().fold(stranger.get(url), |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    let status = answer.status();
    if !status.is_success() {
        problem(answer).await;
    }
    status
}

async fn assert_token_decides(process: &HeadcountProcess, paths: &[&str]) {
    for path in paths {
        let url = process.url(path);
        for wrong in [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "swordfish")]] {
            assert_eq!(status_with(&url, wrong).await, StatusCode::UNAUTHORIZED, "{path} {wrong:?}");
        }
        // With the token, the origin of a request does not matter.
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let right = [
            ("authorization", bearer.as_str()),
            ("host", "stats.example.com"),
            ("x-forwarded-for", "10.0.0.7"),
        ];
        assert_eq!(status_with(&url, &right).await, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn with_a_token_who_shows_it_may_look() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    assert_token_decides(&collector, &FLEET).await;
    let server = setup.server(&collector).start().await.unwrap();
    assert_token_decides(&server, &DATA).await;
    let url = server.url("api/usage-statistics");
    let switch = http::client().unwrap().put(&url).header("content-type", "application/json");
    let answer = switch.body("{\"enabled\":false}").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    // Browsers need no credential to be counted.
    setup.view(&server, &event("/")).await;
}

#[tokio::test]
async fn without_a_token_strangers_are_refused_from_this_machine_too() {
    let setup = TestSetup::new();
    let collector = setup.collector().without_admin_token().start().await.unwrap();
    let server = setup.server(&collector).without_admin_token().start().await.unwrap();
    let asked = FLEET.map(|path| collector.url(path)).into_iter().chain(DATA.map(|path| server.url(path)));
    for url in asked {
        for headers in [&[][..], &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")]] {
            assert_eq!(status_with(&url, headers).await, StatusCode::UNAUTHORIZED, "{url} {headers:?}");
        }
    }
}
