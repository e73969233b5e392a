//! Tests `headcount forget`: an installation has the collector delete what it sent, and becomes a new one.

use std::{fs, path::Path, process::Output};

use headcount_harness::{
    command_output::output,
    http::ADMIN_TOKEN,
    processes::HeadcountProcess,
    program::{HeadcountProgram, binary},
    wait::eventually,
};
use headcount_shared::api::{DeletionReceipt, KeptReceipt};

use crate::setup::{SOON, TestSetup, event, everything};

/// Runs `headcount forget` with the data directory of the server and these arguments.
async fn forget(setup: &TestSetup, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = std::process::Command::new(binary().unwrap());
    command.arg("forget").arg("--data-dir").arg(setup.path("server")).args(arguments);
    command.env_clear().envs(variables.iter().copied());
    output(command).await.unwrap()
}

fn receipt(output: &Output) -> DeletionReceipt {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The one sentence of a refusal.
fn refusal(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(output.stdout.is_empty());
    said
}

fn identity(setup: &TestSetup) -> [Vec<u8>; 3] {
    ["instance.uuid", "instance.secret", "browser.key"]
        .map(|name| fs::read(setup.path("server").join(name)).unwrap())
}

fn uuid(setup: &TestSetup) -> String {
    fs::read_to_string(setup.path("server/instance.uuid")).unwrap()
}

/// Whether any file below a directory has the text.
fn is_anywhere(directory: &Path, text: &str) -> bool {
    let files = everything(directory).into_iter().filter(|(_, metadata)| metadata.is_file());
    files
        .map(|(path, _)| fs::read(path).unwrap_or_default())
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

async fn reports_of(setup: &TestSetup, collector: &HeadcountProcess, instance: &str) -> usize {
    setup.stored(collector).await.iter().filter(|report| report.instance == instance).count()
}

#[tokio::test]
async fn a_running_server_is_deleted_and_goes_on_as_a_new_installation() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.busy_server(&collector).start().await.unwrap();
    setup.view(&server, &event("/")).await;
    setup.first_report(&collector).await;
    let (before, old) = (identity(&setup), uuid(&setup));
    let address = server.address().unwrap().to_string();

    let arguments = ["--listen", address.as_str(), "--admin-token", ADMIN_TOKEN];
    let receipt = receipt(&forget(&setup, &arguments, &[]).await);
    assert!(receipt.reports >= 1, "{receipt:?}");
    for (before, after) in before.iter().zip(identity(&setup)) {
        assert_ne!(*before, after);
    }
    assert_eq!(reports_of(&setup, &collector, &old).await, 0);
    let new = uuid(&setup);
    eventually("the new installation reports", SOON, async || {
        (reports_of(&setup, &collector, &new).await > 0).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(reports_of(&setup, &collector, &old).await, 0);
    let kept = setup.status(&server).await.receipts;
    let origin = collector.url("").trim_end_matches('/').to_owned();
    assert_eq!(kept, [KeptReceipt { hour: receipt.hour, collector: origin }]);
    let collector = collector.stop().await.unwrap();
    assert!(!is_anywhere(&setup.path("collector"), &old));
    assert!(!is_anywhere(&setup.path("server"), &old));
    drop(collector);
}

#[tokio::test]
async fn a_server_that_was_stopped_is_deleted_also_when_statistics_are_off() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.busy_server(&collector).start().await.unwrap();
    setup.first_report(&collector).await;
    server.stop().await.unwrap();
    let old = uuid(&setup);
    let url = collector.url("ce/usage-statistics");
    let off = [("DO_NOT_TRACK", "1")];
    let first = forget(&setup, &["--collector-url", &url], &off).await;
    assert!(receipt(&first).reports >= 1);
    assert_ne!(uuid(&setup), old);
    assert!(setup.stored(&collector).await.is_empty());
    // The new installation has sent nothing.
    let again = forget(&setup, &["--collector-url", "http://127.0.0.1:9/"], &off).await;
    assert!(again.status.success());
    assert!(String::from_utf8(again.stdout).unwrap().contains("has sent nothing"));
    let server = setup.server(&collector).start().await.unwrap();
    assert_eq!(setup.status(&server).await.receipts.len(), 1);
}

#[tokio::test]
async fn without_a_receipt_nothing_changes_and_one_sentence_says_why() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let nowhere = forget(&setup, &["--collector-url", "http://127.0.0.1:9/"], &[]).await;
    assert!(refusal(&nowhere).contains("there is no installation"));
    let server = setup.busy_server(&collector).start().await.unwrap();
    setup.first_report(&collector).await;
    // A running server whose address was not given.
    let unknown = forget(&setup, &["--listen", "127.0.0.1:9", "--admin-token", ADMIN_TOKEN], &[]).await;
    assert!(refusal(&unknown).contains("no server answers"));
    server.stop().await.unwrap();
    let before = identity(&setup);
    let other = HeadcountProgram::collect(setup.path("other")).start().await.unwrap();
    let other_url = other.url("ce/usage-statistics");
    for (arguments, why) in [
        (&["--collector-url", "http://127.0.0.1:9/"][..], "cannot be reached"),
        (&["--collector-url", &other_url], "does not know this installation"),
        (&["--product", "a-shop"], "--collector-url must be given"),
    ] {
        let said = refusal(&forget(&setup, arguments, &[]).await);
        assert!(said.contains(why), "{said}");
        assert_eq!(identity(&setup), before);
    }
    fs::write(setup.path("server").join("instance.secret"), "07".repeat(32)).unwrap();
    let url = collector.url("ce/usage-statistics");
    let said = refusal(&forget(&setup, &["--collector-url", &url], &[]).await);
    assert!(said.contains("by another secret"), "{said}");
    assert!(!setup.stored(&collector).await.is_empty());
}
