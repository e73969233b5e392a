//! Tests who sees what of a fleet: exact numbers with tokens for them, and what is published without.

use std::{collections::BTreeMap, process::Command, time::Duration};

use headcount_harness::{
    command_output::output_within,
    http,
    processes::HeadcountProcess,
    program::{HeadcountProgram, binary},
};
use headcount_shared::api::FleetComparison;
use reqwest::StatusCode;
use serde_json::Value;

use crate::{bad_starts::assert_refused, setup::TestSetup};

const ANALYST_TOKEN: &str = "a-token-of-an-analyst";
const VIEWER_TOKEN: &str = "a-token-of-a-viewer";

/// Long enough to make a fleet on a busy machine.
const MADE: Duration = Duration::from_secs(600);

/// A collector with a simulated fleet of the last 25 days, some Sundays of which have their final release.
struct PublishedFleet {
    collector: HeadcountProcess,
    truth: Value,
    /// The days with a release.
    sundays: Vec<String>,
    setup: TestSetup,
}

impl PublishedFleet {
    async fn start(setup: TestSetup, installations: u32) -> Self {
        let mut demo = Command::new(binary().unwrap());
        demo.args(["collect", "demo", "--without-profiles", "--days", "25", "--reports-per-day", "1"]);
        demo.args(["--installations", &installations.to_string()]);
        demo.arg("--data-dir").arg(setup.path("collector"));
        let made = output_within(MADE, demo).await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let truth: Value = serde_json::from_slice(&made.stdout).unwrap();
        let program = setup.collector().argument("--publish");
        let program = program.flag("--analyst-token", ANALYST_TOKEN).flag("--viewer-token", VIEWER_TOKEN);
        let collector = program.start().await.unwrap();
        let fleet = Self { collector, truth, sundays: Vec::new(), setup };
        let (_, tables) = fleet.ask("public/fleet/tables", None).await;
        let releases = tables["releases"].as_array().unwrap();
        assert!(releases.iter().any(|release| release["stage"] == "final"), "{tables}");
        let sundays = releases.iter().map(|release| release["day"].as_str().unwrap().to_owned()).collect();
        Self { sundays, ..fleet }
    }

    /// Asks with a token, or as everybody.
    async fn ask(&self, path: &str, token: Option<&str>) -> (StatusCode, Value) {
        let mut request = http::client().unwrap().get(self.collector.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.headers().get("set-cookie").is_none(), "{path}");
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// The cells of a published table on a day.
    async fn public_cells(&self, table: &str, day: &str) -> Vec<Value> {
        let path = format!("public/fleet/tables/{table}?from={day}&to={day}");
        let (status, answer) = self.ask(&path, None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["releases"][0]["cells"].as_array().unwrap().clone()
    }

    /// The exact numbers of a table by label on a day.
    async fn exact(&self, table: &str, day: &str) -> BTreeMap<String, i64> {
        let path = format!("api/fleet/shares/{table}?from={day}&to={day}");
        let (status, answer) = self.ask(&path, Some(ANALYST_TOKEN)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let labels = answer["labels"].as_array().unwrap().iter();
        let number = |label: &Value| {
            (label["label"].as_str().unwrap().to_owned(), label["by_day"][0].as_i64().unwrap())
        };
        labels.map(number).collect()
    }

    /// Checks that a server without nodes that reports here is in the smallest class of the newest release.
    async fn assert_server_finds_its_place(&self) {
        let server = self.setup.server(&self.collector).start().await.unwrap();
        let address = server.url("api/usage-statistics/fleet");
        let answer = http::operator().unwrap().post(address).send().await.unwrap();
        let FleetComparison { position, .. } = answer.json().await.unwrap();
        let position = position.expect("something is published");
        let newest = self.sundays.last().unwrap();
        assert_eq!(position.day, *newest);
        let nodes = position.sizes.iter().find(|size| size.table == "nodes").unwrap();
        let (mut of, mut same) = (0, 0);
        for cell in self.public_cells("nodes", newest).await {
            let installations = cell["installations"].as_u64().unwrap();
            match cell["label"].as_str() {
                None => {}
                Some("0") => same += installations,
                Some(_) => of += installations,
            }
        }
        assert_eq!((nodes.own, nodes.fewer, nodes.same, nodes.of), (0, 0, same, of + same));
        assert!(nodes.of > 100 && !position.shares.is_empty(), "{position:?}");
        server.stop().await.unwrap();
    }

    /// Compares what is published of a day with what is exact. Returns how many numbers were compared, and how many of
    /// them have noise.
    async fn compare_day(&self, day: &str, cut: i64) -> (i64, i64) {
        let days = self.truth["days"].as_array().unwrap();
        let place = days.iter().position(|of_day| of_day["day"] == day).unwrap();
        // Installations that came in the last three days are not published.
        let new: i64 = days[place - 2..=place].iter().map(|of_day| of_day["new"].as_i64().unwrap()).sum();
        let exact = self.exact("versions", day).await;
        let mut pairs = Vec::new();
        for cell in self.public_cells("versions", day).await {
            let Some(version) = cell["version"].as_str() else { continue };
            pairs.push((version.to_owned(), cell["installations"].as_i64().unwrap(), exact[version], 0, 1));
        }
        let exact = self.exact("databases", day).await;
        for (database, number) in days[place]["by_database"].as_object().unwrap() {
            assert_eq!(exact[database], number.as_i64().unwrap(), "{day} {database}");
        }
        let mut by_label = BTreeMap::<String, (i64, i64)>::new();
        for cell in self.public_cells("databases", day).await {
            let (sum, cells) = by_label.entry(cell["label"].as_str().unwrap_or("").to_owned()).or_default();
            (*sum, *cells) = (*sum + cell["installations"].as_i64().unwrap(), *cells + 1);
        }
        let folded = by_label.remove("").map_or(0, |(sum, cells)| sum + cells * cut);
        for (database, (published, cells)) in by_label {
            let exact = exact[&database];
            pairs.push((database, published, exact, folded, cells));
        }
        for (label, published, exact, folded, cells) in &pairs {
            let within = exact - new - folded - cut * cells..=exact + cut * cells;
            assert!(within.contains(published), "{day} {label}: {published} of {exact}");
        }
        let noisy = pairs.iter().filter(|(_, published, exact, ..)| published != exact).count();
        (i64::try_from(pairs.len()).unwrap(), i64::try_from(noisy).unwrap())
    }
}

#[tokio::test]
async fn published_numbers_agree_with_the_exact_ones_within_the_noise_and_tell_of_groups_only() {
    // So many that the noise does not decide whether the largest groups are shown.
    let fleet = PublishedFleet::start(TestSetup::new(), 1500).await;
    let (_, tables) = fleet.ask("public/fleet/tables", None).await;
    let number = |name: &str| tables["rule"][name].as_i64().unwrap();
    assert_eq!((number("smallest_group"), number("shown_from")), (10, 10 + number("noise_cut")));
    let (mut compared, mut noisy) = (0, 0);
    for day in &fleet.sundays {
        for table in tables["tables"].as_array().unwrap() {
            for cell in fleet.public_cells(table["table"].as_str().unwrap(), day).await {
                let shown = cell["installations"].as_i64().unwrap();
                assert!(shown >= number("shown_from"), "{}: {cell}", table["table"]);
            }
        }
        let of_day = fleet.compare_day(day, number("noise_cut")).await;
        (compared, noisy) = (compared + of_day.0, noisy + of_day.1);
    }
    assert!(compared >= 3 && noisy > 0, "{compared} were compared, {noisy} had noise");
    fleet.assert_server_finds_its_place().await;
    fleet.collector.stop().await.unwrap();
}

#[tokio::test]
async fn a_viewer_sees_what_is_published_and_nothing_exact_and_everybody_sees_the_same() {
    let fleet = PublishedFleet::start(TestSetup::new(), 300).await;
    let (_, description) = fleet.ask("api/openapi.json", Some(VIEWER_TOKEN)).await;
    let mut exact = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let Some(operation) = operations.get("get") else { continue };
        let example = path.trim_start_matches('/').replace("{table}", "databases").replace("{id}", "unknown");
        let example = example.replace("{instance}", "4423595b-9d97-4e01-a19f-8e3d60c83b2a");
        let (status, answer) = fleet.ask(&example, Some(VIEWER_TOKEN)).await;
        if operation["x-role"] == "viewer" {
            assert_ne!(status, StatusCode::FORBIDDEN, "{path}");
        } else {
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {answer}");
            exact += 1;
        }
        assert_eq!(fleet.ask(&example, None).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert!(exact > 10, "{exact} routes are not for viewers");
    let (_, of_viewer) = fleet.ask("api/fleet/published/tables/databases", Some(VIEWER_TOKEN)).await;
    let (_, of_everybody) = fleet.ask("public/fleet/tables/databases", None).await;
    assert_eq!(of_viewer, of_everybody);
    assert!(!of_viewer["releases"].as_array().unwrap().is_empty());
    for path in ["public/fleet/activity", "public/reports", "public/../api/fleet"] {
        let (status, _) = fleet.ask(path, None).await;
        assert!([StatusCode::NOT_FOUND, StatusCode::UNAUTHORIZED].contains(&status), "{path}: {status}");
    }
    let archive = http::client().unwrap().get(fleet.collector.url("public/export.zip")).send().await.unwrap();
    assert_eq!(archive.headers()["content-type"], "application/zip");
    assert_eq!(&archive.bytes().await.unwrap()[..2], b"PK");
    fleet.collector.stop().await.unwrap();
}

#[tokio::test]
async fn without_publish_nothing_is_public_and_equal_tokens_are_refused() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    for path in ["public/fleet/tables", "public/export.zip", "public/openapi.json"] {
        let answer = setup.http.get(collector.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    collector.stop().await.unwrap();
    let program = || HeadcountProgram::collect(setup.path("equal"));
    let equal = program().flag("--analyst-token", VIEWER_TOKEN).flag("--viewer-token", VIEWER_TOKEN);
    assert_refused(equal, "--analyst-token and --viewer-token are equal").await;
    let equal = program().flag("--viewer-token", http::ADMIN_TOKEN);
    assert_refused(equal, "--admin-token and --viewer-token are equal").await;
}
