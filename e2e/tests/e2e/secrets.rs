//! Tests that refusals, the help, the status and the log contain no secrets and no addresses.

use std::process::Stdio;

use headcount_harness::{
    program::{HeadcountProgram, binary},
    wait::{eventually, within},
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::setup::{SOON, TestSetup, event};

/// A secret that must not be printed.
const SECRET: &str = "zqxjvk";

#[tokio::test]
async fn a_refused_start_says_what_is_wrong_without_a_secret() {
    let setup = TestSetup::new();
    for (flag, value) in [
        ("--admin-token", "zqxjvk secret"),
        ("--collector-url", "ftp://u:zqxjvk@x/"),
        ("--pg-connection-string", "host=x passwrd=zqxjvk"),
        ("--pg-connection-string", "postgres://u:zqxjvk@:abc/db"),
        ("--pg-connection-string", "postgres://u:zqxjvk@127.0.0.1:1/db"),
        ("--pg-connection-string", "postgres://u:zqxjvk@[::1/db?zqxjvk"),
        ("--cloud-pricing-url", "ftp://u:zqxjvk@x"),
        ("--opsgenie-url", "ftp://u:zqxjvk@x"),
        ("--bootstrap-prometheus-url", "http://u:zqxjvk@169.254.169.254/"),
    ] {
        let name = flag.trim_start_matches("--").to_uppercase().replace('-', "_");
        let server = || HeadcountProgram::serve(setup.path("data"));
        for program in [
            server().flag(flag, value),
            server().environment(&name, value),
            server().environment(&format!("HEADCOUNT_{name}"), value),
        ] {
            let output = program.refused().await.unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(!said.contains(SECRET) && said.trim_end().lines().count() == 1, "{said}");
        }
    }
}

#[tokio::test]
async fn the_status_and_the_page_show_the_collector_without_a_password() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://zqxjvk:zqxjvk@127.0.0.1:9/x?token=zqxjvk").start().await.unwrap();
    assert_eq!(setup.status(&server).await.collector_url, "http://127.0.0.1:9/x");
    for page in ["usage-statistics", "metrics", "api/usage-statistics/preview"] {
        assert!(!setup.get(&server.url(page)).await.text().await.unwrap().contains(SECRET), "{page}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn no_host_is_in_the_log_at_any_level() {
    let setup = TestSetup::new();
    let server = setup
        // The start logs the origin of the collector, and nothing else of its address.
        .server_reporting("http://zqxjvk:zqxjvk@127.0.0.1:9/zqxjvk", "1s")
        .flag("--bootstrap-prometheus-url", "http://zqxjvk:zqxjvk@zqxjvk.localhost:9/zqxjvk")
        .flag("--cloud-pricing-url", "http://zqxjvk.localhost:9/zqxjvk")
        .flag("--log", "trace")
        .start()
        .await
        .unwrap();
    setup.view(&server, &event("/")).await;
    eventually("delivery fails", SOON, async || {
        let status = setup.status(&server).await;
        status.last_failure.is_some().then_some(())
    })
    .await
    .unwrap();
    server.log().until("could not be delivered").await.unwrap();
    let log = server.log().lines().join("\n");
    for unsaid in [SECRET, "hyper", "reqwest", "localhost"] {
        assert!(!log.contains(unsaid), "{unsaid}: {log}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_line_of_the_log_is_a_json_object_where_that_is_asked_for() {
    let setup = TestSetup::new();
    let mut program = Command::new(binary().unwrap())
        .args(["collect", "--listen", "127.0.0.1:0", "--log-format", "json", "--data-dir"])
        .arg(setup.path("data"))
        .env_clear()
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let line = within("a line", SOON, lines.next_line()).await.unwrap().unwrap().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "INFO");
    assert!(line["message"].is_string() && line["timestamp"].is_string(), "{line}");
}
