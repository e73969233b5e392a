//! Tests command lines, variables and configuration files.

use std::{fs, path::PathBuf, time::Duration};

use super::*;
use crate::app::VERSION;

/// The environment of a test.
type TestVariables<'t> = &'t [(&'t str, &'t str)];

fn read(arguments: &[&str], set: TestVariables<'_>) -> Result<HeadcountCommand, BadFlags> {
    let variables =
        |name: &str| set.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(value));
    let arguments = std::iter::once("headcount").chain(arguments.iter().copied()).map(OsString::from);
    match CommandLine::read(arguments, &variables)? {
        CommandLine::Run(command) => Ok(*command),
        CommandLine::Help(help) => panic!("{help}"),
    }
}

fn parse(line: &str) -> Result<HeadcountCommand, BadFlags> {
    read(&line.split_whitespace().collect::<Vec<_>>(), &[])
}

fn serve_with(arguments: &[&str], set: TestVariables<'_>) -> Serve {
    match read(arguments, set).unwrap() {
        HeadcountCommand::Serve(serve) => *serve,
        other => panic!("{other:?}"),
    }
}

fn serve(line: &str) -> Serve {
    serve_with(&line.split_whitespace().collect::<Vec<_>>(), &[])
}

/// A file for `--config`.
fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn serve_is_the_default_with_the_documented_values() {
    for line in ["", "serve"] {
        let serve = serve(line);
        assert_eq!(serve.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(serve.url_base_path.as_str(), "/");
        assert_eq!(serve.data_dir, PathBuf::from("./data"));
        assert_eq!(serve.collector().as_str(), "https://coroot.com/ce/usage-statistics");
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
    let HeadcountCommand::Collect(command) = parse("collect").unwrap() else { panic!() };
    let collect = command.collect;
    assert_eq!(collect.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(collect.retention, Duration::from_secs(400 * 24 * 3600));
    assert_eq!(collect.raw_retention, Duration::from_secs(30 * 24 * 3600));
    assert_eq!(collect.max_disk, None);
}

#[test]
fn tokens_of_roles_and_publishing_are_given_by_flag_or_variable() {
    let variables = [("HEADCOUNT_ANALYST_TOKEN", "a-token-of-an-analyst"), ("PUBLISH", "1")];
    let given = ["collect", "--viewer-token", "a-token-of-a-viewer"];
    let Ok(HeadcountCommand::Collect(command)) = read(&given, &variables) else { panic!() };
    let collect = command.collect;
    let shown = |token: Option<AccessToken>| token.map(|token| token.expose().to_owned());
    assert_eq!(shown(collect.analyst_token).as_deref(), Some("a-token-of-an-analyst"));
    assert_eq!(shown(collect.viewer_token).as_deref(), Some("a-token-of-a-viewer"));
    assert!(collect.publish);
}

#[test]
fn a_size_on_the_disk_has_a_unit() {
    let parsed = |size: &str| match parse(&format!("collect --max-disk {size}")) {
        Ok(HeadcountCommand::Collect(command)) => command.collect.max_disk.map(|size| size.as_u64()),
        _ => None,
    };
    for (size, bytes) in [
        ("10GiB", Some(10 << 30)),
        ("1.5MiB", Some(3 << 19)),
        ("500MB", Some(500_000_000)),
        ("2097152", Some(2 << 20)),
        ("1MiB", Some(1 << 20)),
        ("1023KiB", None),
        ("0", None),
        ("-1GiB", None),
        ("much", None),
        ("10XB", None),
        ("", None),
    ] {
        assert_eq!(parsed(size), bytes, "{size}");
    }
}

#[test]
fn another_product_than_coroot_says_where_its_reports_go() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("routes");
    fs::write(&file, "/customers/:id\n").unwrap();
    let own_routes = format!("--routes {}", file.display());
    for (flags, has_own_installation, is_refused) in [
        ("", false, false),
        ("", true, true),
        ("--routes coroot", false, false),
        ("--routes coroot", true, true),
        ("--product a-shop", false, true),
        ("--product coroot", false, true),
        ("--product-version 1.2", false, false),
        (own_routes.as_str(), false, true),
        (own_routes.as_str(), true, true),
    ] {
        let refusal = serve(flags).check_collector(has_own_installation).err();
        assert_eq!(refusal.is_some(), is_refused, "{flags} {has_own_installation}");
        if let Some(refusal) = refusal {
            assert!(refusal.to_string().starts_with("--collector-url must be given"), "{refusal}");
        }
        for url in ["http://127.0.0.1:9/", "https://coroot.com/ce/usage-statistics"] {
            let given = serve(&format!("{flags} --collector-url {url}"));
            assert_eq!(given.check_collector(has_own_installation), Ok(()), "{flags} {url}");
        }
    }
}

#[test]
fn the_library_needs_a_collector() {
    let embedded = |flags: &[&str]| Serve::read(flags, EnvironmentScope::OptOuts(&|_| None)).unwrap();
    assert!(embedded(&[]).check_collector(false).is_err());
    assert_eq!(embedded(&["--collector-url=http://127.0.0.1:9/"]).check_collector(false), Ok(()));
}

#[test]
fn a_product_and_its_version_are_named_in_reports() {
    let plain = serve("");
    assert_eq!((plain.reported_version().as_str(), plain.delivery_headers().product), (VERSION, None));
    let product = serve("--product a-shop --product-version v7+1");
    assert_eq!(product.reported_version(), "v7+1");
    let headers = product.delivery_headers();
    assert_eq!(headers.product.unwrap().as_str(), "a-shop");
    assert_eq!(headers.user_agent, Some(format!("headcount/{VERSION}")));
}

#[test]
fn bad_values_are_refused() {
    for line in [
        "--product A-Shop",
        "--product=",
        "--product-version=",
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
        "--admin-token=fifteen-letters",
        "--metrics-token=fifteen-letters",
        "--public-url ftp://x/",
        "--public-url https://me:secret@x/",
        "--privacy-url https://me:secret@x/",
        "--privacy-url https://me@x/",
        "--privacy-url ftp://x/",
        "--public-url https://x/?y",
        "--log noise=very",
        "--log-format xml",
        "--read-only-settings=maybe",
        "--unknown",
        "dance",
        "collect --report-interval 1h",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn the_address_of_a_privacy_text_may_have_a_query_and_a_fragment() {
    let address = "https://shop.example/texts?name=privacy#statistics";
    assert_eq!(serve(&format!("--privacy-url {address}")).privacy_url.unwrap().as_str(), address);
}

#[test]
fn base_paths_get_their_slashes() {
    for (given, path) in [("", "/"), ("/", "/"), ("coroot", "/coroot/"), ("/a/b/", "/a/b/")] {
        assert_eq!(given.parse::<BasePath>().unwrap().as_str(), path);
    }
}

#[test]
fn nothing_that_may_be_secret_is_printed() {
    let secret = "http://me:swordfish@h/";
    for (command, flag) in [
        ("serve", "--collector-url"),
        ("serve", "--bootstrap-prometheus-url"),
        ("serve", "--pg-connection-string"),
        ("serve", "--slack-url"),
        ("serve", "--admin-token"),
        ("collect", "--admin-token"),
        ("collect", "--clickhouse-url"),
    ] {
        let printed = format!("{:?}", parse(&format!("{command} {flag} {secret}")).unwrap());
        assert!(printed.contains("data_dir") && !printed.contains("swordfish"), "{printed}");
    }
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let config =
        file("report-interval = '4h'\nlisten = '127.0.0.1:4'\ncache_ttl = '4h'\nread-only-settings = true\n");
    let config = config.path().to_str().unwrap();
    let set: TestVariables<'_> = &[
        ("HEADCOUNT_REPORT_INTERVAL", "2h"),
        ("REPORT_INTERVAL", "3h"),
        ("LISTEN", "127.0.0.1:3"),
        ("HEADCOUNT_CACHE_TTL", ""),
        ("PROCESS_SAMPLE_INTERVAL", ""),
    ];
    let with_flag = serve_with(&["--config", config, "--report-interval=1h"], set);
    assert_eq!(with_flag.report_interval, Duration::from_secs(3600));
    let without = serve_with(&["--config", config], set);
    assert_eq!(without.report_interval, Duration::from_secs(2 * 3600), "the long variable wins");
    assert_eq!(without.listen.port(), 3, "the environment wins over the file");
    assert_eq!(without.cache_ttl, Duration::from_secs(4 * 3600), "an empty variable is not set");
    assert_eq!(without.process_sample_interval, Duration::from_secs(60));
    assert!(without.read_only_settings);
    assert!(!serve_with(&["--config", config, "--read-only-settings=false"], set).read_only_settings);
}

#[test]
fn every_command_takes_variables_and_a_file() {
    let config = file("retention = '30d'\n");
    let config = config.path().to_str().unwrap();
    for name in ["CONFIG", "HEADCOUNT_CONFIG"] {
        let collect = read(&["collect"], &[(name, config), ("HEADCOUNT_LISTEN", "127.0.0.1:7")]).unwrap();
        let HeadcountCommand::Collect(command) = collect else { panic!() };
        let collect = command.collect;
        assert_eq!((collect.retention, collect.listen.port()), (Duration::from_secs(30 * 24 * 3600), 7));
    }
    let preview = read(&["preview"], &[("LISTEN", "127.0.0.1:7")]).unwrap();
    assert!(matches!(preview, HeadcountCommand::Preview(serve) if serve.listen.port() == 7));
}

#[test]
fn a_file_with_something_that_is_no_flag_is_refused() {
    for (text, reason) in [
        ("reprot-interval = '1h'", "\"reprot-interval\""),
        ("retention = '1h'", "\"retention\""),
        ("config = 'another'", "\"config\""),
        ("report-interval = 'often'", "report-interval in the file of --config is \"often\""),
        (
            "disable-usage-statistics = 'maybe'",
            "disable-usage-statistics in the file of --config must be one of 1, true",
        ),
        ("a b", "line 1"),
    ] {
        let config = file(text);
        let refused = read(&["serve", "--config", config.path().to_str().unwrap()], &[]).unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    assert!(read(&["--config", "/nowhere/at/all"], &[]).is_err());
}

#[test]
fn whatever_says_off_wins_over_whatever_says_on() {
    let (off, on) = (file("disable-usage-statistics = true"), file("disable_usage_statistics = false"));
    let [off, on] = [&off, &on].map(|file| file.path().to_str().unwrap());
    let cases: [(&[&str], TestVariables<'_>, &str); 9] = [
        (&["--disable-usage-statistics=false"], &[("DO_NOT_TRACK", "1")], "DO_NOT_TRACK"),
        (&["--do-not-track=0"], &[("HEADCOUNT_DO_NOT_TRACK", "on")], "HEADCOUNT_DO_NOT_TRACK"),
        (
            &[],
            &[("DISABLE_USAGE_STATISTICS", "0"), ("HEADCOUNT_DISABLE_USAGE_STATISTICS", "1")],
            "HEADCOUNT_DISABLE_USAGE_STATISTICS",
        ),
        (
            &[],
            &[("DISABLE_USAGE_STATISTICS", "TRUE"), ("HEADCOUNT_DISABLE_USAGE_STATISTICS", "0")],
            "DISABLE_USAGE_STATISTICS",
        ),
        (&["--disable-usage-statistics"], &[("DISABLE_USAGE_STATISTICS", "0")], "--disable-usage-statistics"),
        (
            &["--config", off, "--disable-usage-statistics=false"],
            &[("DISABLE_USAGE_STATISTICS", "0")],
            "disable-usage-statistics in the file of --config",
        ),
        (&["--config", on, "--disable-usage-statistics"], &[], "--disable-usage-statistics"),
        (&["--config", on], &[("DISABLE_USAGE_STATISTICS", "yes")], "DISABLE_USAGE_STATISTICS"),
        (
            &["--disable-usage-statistics"],
            &[("DO_NOT_TRACK", "1")],
            "--disable-usage-statistics and DO_NOT_TRACK",
        ),
    ];
    for (arguments, set, by) in cases {
        let serve = serve_with(arguments, set);
        assert_eq!(serve.switched_off_by().as_deref(), Some(by), "{arguments:?} {set:?}");
        assert!(serve.disable_usage_statistics);
    }
    let set: TestVariables<'_> =
        &[("DO_NOT_TRACK", "0"), ("DISABLE_USAGE_STATISTICS", ""), ("HEADCOUNT_DO_NOT_TRACK", "no")];
    assert_eq!(serve_with(&["--config", on, "--disable-usage-statistics=no"], set).switched_off_by(), None);
}

#[test]
fn a_variable_that_is_meant_to_switch_off_and_cannot_be_read_is_refused() {
    for name in ["DO_NOT_TRACK", "HEADCOUNT_DO_NOT_TRACK", "DISABLE_USAGE_STATISTICS"] {
        let refused = read(&["--disable-usage-statistics=false"], &[(name, "perhaps")]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("{name} must be one of 1, true, yes, on, 0, false, no and off")
        );
        assert!(read(&["collect"], &[(name, "perhaps")]).is_ok(), "a collector has nothing to switch off");
    }
}

#[test]
fn a_library_reads_only_the_variables_that_switch_off() {
    let set = |name: &str| match name {
        "LISTEN" => Some("127.0.0.1:3".into()),
        "HEADCOUNT_DO_NOT_TRACK" => Some("1".into()),
        _ => None,
    };
    let serve = Serve::read(&["--disable-usage-statistics=false"], EnvironmentScope::OptOuts(&set)).unwrap();
    assert_eq!(
        (serve.listen.port(), serve.switched_off_by().as_deref()),
        (8080, Some("HEADCOUNT_DO_NOT_TRACK"))
    );
    assert_eq!(Serve::read(&[], EnvironmentScope::Whole(&set)).unwrap().listen.port(), 3);
    let mut serve = Serve::read(&[], EnvironmentScope::Whole(&|_| None)).unwrap();
    assert_eq!(serve.switched_off_by(), None);
    serve.disable_usage_statistics = true;
    assert!(serve.switched_off_by().is_some());
    assert!(Serve::from_flags(&["--help"]).is_err());
}

/// A secret, which no message may contain.
const SECRET: &str = "zqxjvk";

#[test]
fn refusals_name_the_flag_and_quote_no_secret() {
    let flags = [
        ("--admin-token", "zqxjvk secret"),
        ("--collector-url", "ftp://u:zqxjvk@x/"),
        ("--collector-url", "http://zqxjvk:99999/"),
        ("--cloud-pricing-url", "ftp://u:zqxjvk@x"),
        ("--bootstrap-prometheus-url", "zqxjvk:9090"),
        ("--bootstrap-prometheus-url", "zqxjvk"),
        ("--opsgenie-url", "zqxjvk"),
        ("--slack-url", "ftp://u:zqxjvk@x"),
        ("--privacy-url", "https://u:zqxjvk@x/"),
        ("--routes", "/zqxjvk/nowhere"),
    ];
    for (flag, value) in flags {
        let variable = flag.trim_start_matches('-').to_ascii_uppercase().replace('-', "_");
        let long = format!("HEADCOUNT_{variable}");
        let config = file(&format!("{} = {value:?}", flag.trim_start_matches('-')));
        let config = config.path().to_str().unwrap();
        for (refused, place) in [
            (read(&[flag, value], &[]), flag),
            (read(&[&format!("{flag}={value}")], &[]), flag),
            (read(&[], &[(&variable, value)]), &variable),
            (read(&[], &[(&long, value)]), &long),
            (read(&["--config", config], &[]), "in the file of --config"),
            (read(&["preview", flag, value], &[(&variable, value)]), flag),
        ] {
            let said = refused.unwrap_err().to_string();
            assert!(said.contains(place) && !said.contains(SECRET), "{said}");
        }
    }
    for line in [
        "--admin-token first zqxjvk",
        "--admin-tokn=zqxjvk",
        "--pg-connection-strin zqxjvk",
        "-pzqxjvk",
        "--admin-token --Zqxjvk1-zqxjvk",
        "zqxjvk!",
        "zqxjvk",
        "--disable-profiling zqxjvk",
        "collect --clickhouse-url a zqxjvk",
        "collect --listen a --admin-token=zqxjvk",
        "--admin-token=zqxjvkzqxjvkzqxjvk --admin-token=zqxjvk",
    ] {
        let said = parse(line).unwrap_err().to_string();
        assert!(!said.contains(SECRET), "{said}");
    }
}

#[test]
fn refusals_quote_what_is_no_secret() {
    for (line, said) in [
        ("--report-interval often", "--report-interval is \"often\", and cannot be used"),
        ("--report-interval 0s", "at least one second"),
        ("--product A-Shop", "--product is \"A-Shop\", and cannot be used: the name of a product is 1 to 64"),
        ("--log inof", "--log is \"inof\", and cannot be used: a level must be one of off, error"),
        ("--log-format xml", "--log-format is \"xml\", and must be one of text, json"),
        ("--lisen 127.0.0.1:1", "there is no flag --lisen; did you mean --listen?"),
        ("--collector_url=http://a/", "there is no such flag; did you mean --collector-url?"),
        ("collect --retentoin 1h", "there is no flag --retentoin; did you mean --retention?"),
        ("colect", "there is no such command; did you mean collect?"),
        ("sign-inn", "there is no such command; did you mean sign-in?"),
        ("sign-in colect", "there is no such command; did you mean collect?"),
        ("nothing-like-it", "there is no such command"),
        ("--log json", "--log is \"json\", and cannot be used: a level must be one of off, error"),
        ("--no-such-thing", "there is no flag --no-such-thing"),
        ("--first-report-after -1s", "there is no flag -1"),
        ("--listen", "--listen needs a value"),
        ("collect backup", "--to must be given"),
        ("--listen 127.0.0.1:1 --listen 127.0.0.1:2", "--listen is given more than once"),
        ("--read-only-settings false", "a switch an equals sign"),
        (
            "--read-only-settings=perhaps",
            "--read-only-settings is \"perhaps\", and cannot be used: give one of 1, true, yes, on, 0, false",
        ),
    ] {
        let refused = parse(line).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    let refused = read(&[], &[("HEADCOUNT_LISTEN", "nowhere")]).unwrap_err().to_string();
    assert!(refused.starts_with("HEADCOUNT_LISTEN is \"nowhere\", and cannot be used"), "{refused}");
    let refused = read(&[], &[("LOG", "/var/log/app.log")]).unwrap_err().to_string();
    assert!(
        refused.starts_with("LOG is \"/var/log/app.log\", and cannot be used: a level must be one of"),
        "{refused}"
    );
}

#[test]
fn the_help_shows_nothing_of_the_environment() {
    let variables = |name: &str| match name {
        "DO_NOT_TRACK" | "DISABLE_USAGE_STATISTICS" | "CONFIG" => None,
        "LISTEN" => Some("127.0.0.1:27182".into()),
        _ if name.ends_with("URL") => Some(format!("http://u:{SECRET}@h/").into()),
        _ => None,
    };
    for arguments in
        [&["headcount", "--help"][..], &["headcount", "serve", "--help"], &["headcount", "collect", "-h"]]
    {
        let arguments = arguments.iter().map(OsString::from);
        let CommandLine::Help(help) = CommandLine::read(arguments, &variables).unwrap() else { panic!() };
        let help = help.to_string();
        assert!(!help.contains(SECRET) && !help.contains("27182"), "{help}");
        assert!(help.contains("Usage") && help.contains("HEADCOUNT_LISTEN"));
    }
}

/// The help of the command line `line`, on one line.
fn help(line: &str) -> String {
    let arguments = format!("headcount {line} --help");
    let help = CommandLine::read(arguments.split_whitespace().map(OsString::from), &|_| None);
    let Ok(CommandLine::Help(help)) = help else { panic!("{line}") };
    help.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_help_says_where_else_the_flags_of_the_command_can_be_given() {
    let off = " Whatever switches usage statistics off wins over whatever says on.";
    for (line, variable, has_file, off) in [
        ("serve", "--listen as HEADCOUNT_LISTEN or LISTEN", true, off),
        ("preview", "--listen as HEADCOUNT_LISTEN or LISTEN", true, off),
        ("sign-in", "--listen as HEADCOUNT_LISTEN or LISTEN", true, off),
        ("sign-in collect", "--listen as HEADCOUNT_LISTEN or LISTEN", true, ""),
        ("collect", "--listen as HEADCOUNT_LISTEN or LISTEN", true, ""),
        ("collect backup", "--data-dir as HEADCOUNT_DATA_DIR or DATA_DIR", false, ""),
        ("collect init", "--data-dir as HEADCOUNT_DATA_DIR or DATA_DIR", false, ""),
        ("collect demo", "--data-dir as HEADCOUNT_DATA_DIR or DATA_DIR", false, ""),
        ("health", "--listen as HEADCOUNT_LISTEN or LISTEN", false, ""),
    ] {
        let file = if has_file { ", and in the file of --config." } else { "." };
        let said = format!("Each flag can also be given as a variable, {variable}{file}{off}");
        assert!(help(line).ends_with(&said), "{line}: {}", help(line));
    }
}

#[test]
fn the_help_says_that_serve_is_the_default() {
    let help = help("");
    assert!(help.contains("Usage: headcount [serve] [FLAGS]"), "{help}");
    assert!(help.contains("headcount --disable-usage-statistics is headcount serve"), "{help}");
}

#[test]
fn a_flag_that_is_required_can_be_given_as_a_variable() {
    let backup = read(&["collect", "backup"], &[("TO", "/backup")]).unwrap();
    let HeadcountCommand::Collect(command) = backup else { panic!() };
    let Some(CollectTask::Backup(backup)) = command.task else { panic!() };
    assert_eq!(backup.to, PathBuf::from("/backup"));
}
