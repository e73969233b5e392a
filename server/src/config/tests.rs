//! Command lines. What the environment does is tested on the real program.

use std::{path::PathBuf, time::Duration};

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::parse_line(std::iter::once("headcount").chain(line.split_whitespace()).map(OsString::from))
}

fn serve(line: &str) -> Serve {
    match parse(line).unwrap().command {
        Command::Serve(serve) => *serve,
        other => panic!("{other:?}"),
    }
}

#[test]
fn serve_is_the_default_with_the_documented_values() {
    for line in ["", "serve"] {
        let serve = serve(line);
        assert_eq!(serve.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(serve.url_base_path.as_str(), "/");
        assert_eq!(serve.data_dir, PathBuf::from("./data"));
        assert_eq!(serve.collector_url.as_str(), "https://coroot.com/ce/usage-statistics");
        assert_eq!(serve.report_interval, Duration::from_secs(3600));
        assert_eq!(serve.process_sample_interval, Duration::from_secs(60));
        assert_eq!(serve.cache_ttl, Duration::from_secs(30 * 24 * 3600));
        assert_eq!(serve.slack_url.as_str(), "https://slack.com/api/");
        assert_eq!(serve.pagerduty_url.as_str(), "https://events.pagerduty.com/");
        assert_eq!(serve.opsgenie_url, None);
        assert_eq!(serve.switched_off_by(), None);
        assert!(serve.first_report_after.is_none() && serve.admin_token.is_none());
    }
}

#[test]
fn flags_are_read_with_and_without_the_subcommand() {
    for line in [
        "--report-interval 10s --first-report-after 0s",
        "serve --report-interval 10s --first-report-after 0s",
    ] {
        let serve = serve(line);
        assert_eq!(serve.report_interval, Duration::from_secs(10));
        assert_eq!(serve.first_report_after, Some(Duration::ZERO));
    }
}

#[test]
fn statistics_are_switched_off_by_the_documented_flag() {
    assert!(serve("--disable-usage-statistics").switched_off_by().is_some());
    assert!(serve("--disable-usage-statistics=false").switched_off_by().is_none());
    assert!(serve("--disable-usage-statistics --report-interval 10s").switched_off_by().is_some());
}

#[test]
fn collect_has_its_own_values() {
    let Command::Collect(collect) = parse("collect").unwrap().command else { panic!() };
    assert_eq!(collect.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(collect.retention, Duration::from_secs(400 * 24 * 3600));
}

#[test]
fn bad_values_are_refused() {
    for line in [
        "--listen nowhere",
        "--report-interval 0s",
        "--report-interval often",
        "--collector-url ftp://x/",
        "--collector-url not-a-url",
        "--slack-url slack.com",
        "--pagerduty-url ftp://x/",
        "--opsgenie-url=",
        "--url-base-path /a/../b",
        "--url-base-path /a\"b",
        "--disable-usage-statistics=maybe",
        "--admin-token=",
        "--log noise=very",
        "--unknown",
        "dance",
        "collect --report-interval 1h",
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn base_paths_get_their_slashes() {
    for (given, path) in [("", "/"), ("/", "/"), ("coroot", "/coroot/"), ("/a/b/", "/a/b/")] {
        assert_eq!(given.parse::<BasePath>().unwrap().as_str(), path);
    }
}

#[test]
fn the_token_is_not_printed() {
    assert!(!format!("{:?}", serve("--admin-token swordfish")).contains("swordfish"));
}
