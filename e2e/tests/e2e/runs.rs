//! Tests that a test run leaves nothing behind, even if it is killed.

use std::{env, fs, future::pending, path::Path, process::Stdio};

use headcount_harness::{test_run, wait::eventually};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::setup::{SOON, TestSetup};

/// The environment variable with the path of a file for the run that is killed.
const TOLD: &str = "HEADCOUNT_TOLD";

#[tokio::test]
async fn a_run_that_is_killed_leaves_no_process_and_no_directory() {
    if let Some(file) = env::var_os(TOLD) {
        return is_killed(file.as_ref()).await;
    }
    let setup = TestSetup::new();
    let file = setup.path("told");
    let mut command = Command::new(env::current_exe().unwrap());
    let name = "runs::a_run_that_is_killed_leaves_no_process_and_no_directory";
    command.args([name, "--exact"]).env(TOLD, &file).kill_on_drop(true);
    let mut killed = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let told = eventually("the run tells what it has", SOON, async || fs::read(&file).ok()).await.unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    let (directory, process) = (told["directory"].as_str().unwrap(), &told["process"]);
    let is_there = || fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| !line.is_empty());
    assert!(Path::new(directory).exists() && is_there(), "{told}");
    killed.kill().await.unwrap();
    eventually("nothing is left", SOON, async || {
        (!Path::new(directory).exists() && !is_there()).then_some(())
    })
    .await
    .unwrap();
}

/// The run that is killed: it has a directory and a process, and does not end by itself.
async fn is_killed(file: &Path) {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let told = json!({ "directory": test_run::directory().unwrap(), "process": collector.id() });
    let whole = file.with_extension("part");
    fs::write(&whole, told.to_string()).unwrap();
    fs::rename(whole, file).unwrap();
    pending::<()>().await;
}
