//! Tests that any number of previews changes nothing.

use std::process::Command;

use headcount_harness::{command_output::output, http::ADMIN_TOKEN, program::binary};
use headcount_shared::payload::Payload;

use crate::setup::{BrowserTotals, TestSetup, event};

#[tokio::test]
async fn previews_between_events_change_nothing() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let mut counted = BrowserTotals::default();
    for round in 0..8 {
        for _ in 0..3 {
            let event = event(["/", "/welcome"][round % 2]);
            setup.view(&server, &event).await;
            counted.count(&event);
        }
        for _ in 0..3 {
            let mut shown = BrowserTotals::default();
            shown.add(&setup.preview(&server).await);
            assert_eq!(shown, counted);
        }
    }
    let (server, _, bytes) = setup.report_now(server, &collector).await;
    let mut reported = BrowserTotals::default();
    reported.add(&serde_json::from_slice(&bytes).unwrap());
    assert_eq!(reported, counted);
    assert!(setup.preview(&server).await.ux.page_views.is_empty());
}

#[tokio::test]
async fn the_command_prints_the_preview() {
    let setup = TestSetup::new();
    let program = setup.server_to("http://127.0.0.1:9/");
    let server = program.flag("--url-base-path", "/coroot").start().await.unwrap();
    setup.view(&server, &event("/welcome")).await;
    let address = server.address().unwrap().to_string();
    let preview = async |token: &str| {
        let mut command = Command::new(binary().unwrap());
        command.args(["preview", "--listen", &address, "--url-base-path", "/coroot", "--admin-token", token]);
        command.env_clear();
        output(command).await.unwrap()
    };
    let output = preview(ADMIN_TOKEN).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Payload = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.ux.page_views, [("/welcome".to_owned(), 1)].into());

    let refused = preview("another-token-of-this-length").await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        (refused.status.code(), refused.stdout.len(), said.lines().count()),
        (Some(2), 0, 1),
        "{said}"
    );
    assert!(said.contains("token"), "{said}");

    server.stop().await.unwrap();
    let nobody = preview(ADMIN_TOKEN).await;
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("no server answers"));
}
