//! Tests who sees what of a fleet: exact numbers with tokens for them, and what is published without.

use std::{collections::BTreeMap, process::Command, time::Duration};

use headcount_harness::{
    command_output::output_within,
    http,
    processes::HeadcountProcess,
    program::{HeadcountProgram, binary},
};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{bad_starts::assert_refused, setup::TestSetup};

const ANALYST_TOKEN: &str = "a-token-of-an-analyst";
const VIEWER_TOKEN: &str = "a-token-of-a-viewer";

/// Long enough to make a fleet on a busy machine.
const MADE: Duration = Duration::from_secs(300);

/// A collector with a simulated fleet of the last thirty days, some Sundays of which have their final release.
struct PublishedFleet {
    collector: HeadcountProcess,
    truth: Value,
    /// The last day with a release.
    sunday: String,
    _setup: TestSetup,
}

impl PublishedFleet {
    async fn start(setup: TestSetup, installations: u32) -> Self {
        let mut demo = Command::new(binary().unwrap());
        demo.args(["collect", "demo", "--without-profiles", "--days", "30", "--reports-per-day", "1"]);
        demo.args(["--installations", &installations.to_string()]);
        demo.arg("--data-dir").arg(setup.path("collector"));
        let made = output_within(MADE, demo).await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let truth: Value = serde_json::from_slice(&made.stdout).unwrap();
        let program = setup.collector().argument("--publish");
        let program = program.flag("--analyst-token", ANALYST_TOKEN).flag("--viewer-token", VIEWER_TOKEN);
        let collector = program.start().await.unwrap();
        let fleet = Self { collector, truth, sunday: String::new(), _setup: setup };
        let (_, tables) = fleet.ask("public/fleet/tables", None).await;
        let releases = tables["releases"].as_array().unwrap();
        assert!(releases.iter().any(|release| release["stage"] == "final"), "{tables}");
        let last = releases.last().unwrap();
        Self { sunday: last["day"].as_str().unwrap().to_owned(), ..fleet }
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

    async fn public_table(&self, table: &str) -> Value {
        let (status, answer) = self.ask(&format!("public/fleet/tables/{table}"), None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let mut releases = answer["releases"].as_array().unwrap().iter();
        releases.find(|release| release["day"] == *self.sunday).unwrap().clone()
    }

    /// The exact numbers of a table by label on the Sunday.
    async fn exact(&self, table: &str) -> BTreeMap<String, i64> {
        let sunday = &self.sunday;
        let path = format!("api/fleet/shares/{table}?from={sunday}&to={sunday}");
        let (status, answer) = self.ask(&path, Some(ANALYST_TOKEN)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let labels = answer["labels"].as_array().unwrap().iter();
        let number = |label: &Value| {
            (label["label"].as_str().unwrap().to_owned(), label["by_day"][0].as_i64().unwrap())
        };
        labels.map(number).collect()
    }
}

#[tokio::test]
async fn published_numbers_agree_with_the_exact_ones_within_the_noise_and_tell_of_groups_only() {
    let fleet = PublishedFleet::start(TestSetup::new(), 800).await;
    let (_, tables) = fleet.ask("public/fleet/tables", None).await;
    let (cut, shown_from) =
        (tables["rule"]["noise_cut"].as_i64().unwrap(), tables["rule"]["shown_from"].as_i64().unwrap());
    assert_eq!(tables["rule"]["smallest_group"], 10);

    for table in tables["tables"].as_array().unwrap() {
        let release = fleet.public_table(table["table"].as_str().unwrap()).await;
        for cell in release["cells"].as_array().unwrap() {
            assert!(cell["installations"].as_i64().unwrap() >= shown_from, "{}: {cell}", table["table"]);
        }
    }

    // What the analyst is told is what is true.
    let days = fleet.truth["days"].as_array().unwrap();
    let place = days.iter().position(|day| day["day"] == *fleet.sunday).unwrap();
    let by_database = fleet.exact("databases").await;
    let true_numbers = days[place]["by_database"].as_object().unwrap().iter();
    for (database, number) in true_numbers {
        assert_eq!(by_database[database], number.as_i64().unwrap(), "{database}");
    }

    // Installations that came in the last three days are not published.
    let new: i64 = days[place - 2..=place].iter().map(|day| day["new"].as_i64().unwrap()).sum();
    let (mut compared, mut differ) = (0, 0);
    let versions = fleet.public_table("versions").await;
    let exact = fleet.exact("versions").await;
    for cell in versions["cells"].as_array().unwrap() {
        let Some(version) = cell["version"].as_str() else { continue };
        let (published, exact) = (cell["installations"].as_i64().unwrap(), exact[version]);
        assert!((exact - new - cut..=exact + cut).contains(&published), "{version}: {published} of {exact}");
        (compared, differ) = (compared + 1, differ + i64::from(published != exact));
    }
    let databases = fleet.public_table("databases").await;
    let mut by_label = BTreeMap::<&str, (i64, i64)>::new();
    for cell in databases["cells"].as_array().unwrap() {
        let label = cell["label"].as_str().unwrap_or("others");
        let (sum, cells) = by_label.entry(label).or_default();
        (*sum, *cells) = (*sum + cell["installations"].as_i64().unwrap(), *cells + 1);
    }
    let folded = by_label.remove("others").map_or(0, |(sum, cells)| sum + cells * cut);
    for (database, (published, cells)) in by_label {
        let exact = by_database[database];
        let least = exact - new - folded - cut * cells;
        assert!((least..=exact + cut * cells).contains(&published), "{database}: {published} of {exact}");
        (compared, differ) = (compared + 1, differ + i64::from(published != exact));
    }
    assert!(compared >= 3 && differ > 0, "{compared} were compared, {differ} had noise");
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
