//! Tests that the demo starts both programs, has every field of the documented report, and ends both.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};

use headcount_harness::{
    http, program,
    wait::{eventually, within},
};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{
    setup::{SOON, TestSetup, event, own_address},
    world::TRUE_AT_LAST,
};

/// The documented example of a report.
const DOCUMENT: &str = include_str!("../../../shared/tests/payload.json");

/// The time between two previews: a server cannot be waited for, and each preview costs it some work.
const LOOK: Duration = Duration::from_millis(100);

/// The sections in which the demo has exactly the values of the document.
const AS_IN_THE_DOCUMENT: [&str; 3] = ["integration", "stack", "infra"];

fn demo(setup: &TestSetup, server: &str, collector: &str) -> Child {
    let mut command = Command::new(program::demo_binary().unwrap());
    command.args([server, collector]).arg(setup.path("demo"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true).spawn().unwrap()
}

/// Reads the output of a demo until it has both addresses.
async fn addresses(demo: &mut Child) -> (String, String) {
    let mut printed = DemoOutput::by(demo);
    let after = |line: &str, name: &str| line.trim().strip_prefix(name).map(|url| url.trim().to_owned());
    let server = printed.until("the demo says its server", |line| after(line, "server ")).await;
    let collector = printed.until("the demo says its collector", |line| after(line, "collector ")).await;
    (server, collector)
}

/// The output of a demo, line by line.
struct DemoOutput(Lines<BufReader<ChildStdout>>);

impl DemoOutput {
    fn by(demo: &mut Child) -> Self {
        Self(BufReader::new(demo.stdout.take().unwrap()).lines())
    }

    /// Waits for a line for which `pick` returns a value.
    async fn until(&mut self, what: &str, pick: impl Fn(&str) -> Option<String>) -> String {
        let reading = async {
            loop {
                let line = self.0.next_line().await.unwrap().expect("the demo goes on to print");
                if let Some(found) = pick(&line) {
                    return found;
                }
            }
        };
        within(what, TRUE_AT_LAST, reading).await.unwrap()
    }
}

/// Waits for the end of a demo, which may come before it has started, and returns its exit code and its
/// output.
async fn ended(demo: Child) -> (Option<i32>, String) {
    let output = within("the demo ends", TRUE_AT_LAST, demo.wait_with_output()).await.unwrap().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[tokio::test]
async fn a_signal_ends_the_demo_and_both_programs() {
    let address = own_address().to_string();
    for name in ["-INT", "-TERM"] {
        let setup = TestSetup::new();
        let mut demo = demo(&setup, &address, &address);
        let (server, collector) = addresses(&mut demo).await;
        for url in [&server, &collector] {
            assert!(setup.get(&format!("{url}health")).await.status().is_success());
        }
        signal(&demo, name);
        let status = within("the demo ends", SOON, demo.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(0));
        for url in [&server, &collector] {
            assert!(setup.http.get(format!("{url}health")).send().await.is_err(), "{url} still answers");
        }
    }
}

#[tokio::test]
async fn the_demo_prints_links_that_sign_in_to_both_programs_once() {
    let setup = TestSetup::new();
    let address = own_address().to_string();
    let mut demo = demo(&setup, &address, &address);
    let mut printed = DemoOutput::by(&mut demo);
    let link =
        |line: &str| line.split_whitespace().find(|word| word.contains("/sign-in#code=")).map(str::to_owned);
    for _ in 0..2 {
        let link = printed.until("the demo prints two links", link).await;
        let (base, code) = link.split_once("sign-in#code=").unwrap();
        let body = serde_json::json!({ "code": code }).to_string();
        for status in [StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED] {
            let asked = http::client().unwrap().post(format!("{base}api/session")).body(body.clone());
            assert_eq!(asked.send().await.unwrap().status(), status);
        }
    }
    end(demo).await;
}

#[tokio::test]
async fn a_taken_port_ends_the_demo_with_a_sentence() {
    let setup = TestSetup::new();
    let taken = setup.collector().start().await.unwrap();
    let taken = taken.address().unwrap().to_string();
    let free = own_address().to_string();
    for (server, collector) in [(&taken, &free), (&free, &taken)] {
        let (code, said) = ended(demo(&setup, server, collector)).await;
        assert_eq!(code, Some(1));
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("demo: ") && last.contains(&format!("cannot listen on {taken}")), "{said}");
    }
}

#[tokio::test]
async fn the_end_of_one_program_ends_the_demo_and_the_other() {
    let setup = TestSetup::new();
    let address = own_address().to_string();
    let mut demo = demo(&setup, &address, &address);
    let (server, collector) = addresses(&mut demo).await;
    // The demo continues if Prometheus ends.
    let is_headcount = |id: &String| {
        std::fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name == "headcount\n")
    };
    let victim = children(demo.id().unwrap()).into_iter().find(is_headcount).unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", &victim]).status().unwrap().success());
    let (code, said) = ended(demo).await;
    assert_eq!(code, Some(1));
    assert!(said.lines().last().unwrap().contains("has ended by itself"), "{said}");
    for url in [&server, &collector] {
        assert!(setup.http.get(format!("{url}health")).send().await.is_err(), "{url} still answers");
    }
}

/// The child processes of a process.
fn children(parent: u32) -> Vec<String> {
    let path = PathBuf::from(format!("/proc/{parent}/task"));
    let threads = path.read_dir().unwrap().map(|thread| thread.unwrap().path().join("children"));
    // A thread may end at any time.
    let children = threads.filter_map(|file| std::fs::read_to_string(file).ok());
    children.flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The expected value of each member of a section: that of the document, or, with `None`, any value.
type ExpectedFields = BTreeMap<(String, String), Option<Value>>;

fn expected() -> ExpectedFields {
    let document: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(DOCUMENT).unwrap();
    let members = document.into_iter().flat_map(|(section, members)| {
        let exactly = AS_IN_THE_DOCUMENT.contains(&section.as_str());
        members.into_iter().map(move |(name, value)| ((section.clone(), name), exactly.then_some(value)))
    });
    members.collect()
}

/// Whether each part of a value is set: not null, false, zero or empty.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty() && values.iter().all(is_said),
        Value::Object(members) => !members.is_empty(),
    }
}

#[tokio::test]
async fn every_field_of_the_document_has_a_value_in_the_demo_also_when_it_is_started_again() {
    let setup = TestSetup::new();
    let (first, server) = complete(&setup, "first").await;
    // A report of this demo has taken these events, so the next demo has to find events of its own.
    eventually("a report takes what happened", TRUE_AT_LAST, async || {
        (preview(&setup, &server).await["infra"]["deployments"] == 0).then_some(())
    })
    .await
    .unwrap();
    end(first).await;
    let (second, _) = complete(&setup, "second").await;
    end(second).await;
}

/// Starts a demo, opens a few pages, and waits until it has shown everything. Returns it with the address of
/// its server.
async fn complete(setup: &TestSetup, which: &str) -> (Child, String) {
    let address = own_address().to_string();
    let mut demo = demo(setup, &address, &address);
    let (server, _) = addresses(&mut demo).await;
    for page in ["/", "/p/$projectId"] {
        let body = serde_json::to_vec(&event(page)).unwrap();
        let answer = setup.http.post(format!("{server}stats")).body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    let mut missing = expected();
    assert!(missing.len() > 30, "{missing:?}");
    let all_seen = within("all is said", TRUE_AT_LAST, see(setup, &server, &mut missing)).await;
    assert!(all_seen.is_ok(), "never said in the {which} demo: {missing:?}");
    (demo, server)
}

async fn end(mut demo: Child) {
    signal(&demo, "-TERM");
    let status = within("the demo ends", SOON, demo.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

/// Requests previews of a server until each expected value was in one of them. A report takes the counted
/// events once a minute, so not all values are there at once.
async fn see(setup: &TestSetup, server: &str, missing: &mut ExpectedFields) {
    while !missing.is_empty() {
        let preview = preview(setup, server).await;
        missing.retain(|(section, name), expected| {
            let said = &preview[section][name];
            expected.as_ref().map_or_else(|| !is_said(said), |expected| said != expected)
        });
        tokio::time::sleep(LOOK).await;
    }
}

/// The preview of a server with a token of its own.
async fn preview(setup: &TestSetup, server: &str) -> Value {
    let token = std::fs::read_to_string(setup.path("demo/server/admin-token")).unwrap();
    let asked = setup.http.get(format!("{server}api/usage-statistics/preview")).bearer_auth(token.trim());
    asked.send().await.unwrap().json().await.unwrap()
}
