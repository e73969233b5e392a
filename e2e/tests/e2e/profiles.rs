//! Tests the profiles in a report with `go tool pprof`.

use std::{fs, io::Read, process::Command};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use headcount_harness::{command_output::output, wait::eventually};
use headcount_shared::payload::Payload;

use crate::{
    setup::{SOON, TestSetup, event},
    syscall_trace::{SyscallTrace, profiling_call},
};

/// Texts that would reveal where the program was built or runs.
const TELLING: [&str; 7] = ["/root", "/home", ".cargo", "/rustc/", "/usr/", "/tmp", ".rs\0"];

#[tokio::test]
async fn the_profiles_of_a_report_open_hold_samples_and_tell_nothing_of_the_host() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let program = setup.busy_server(&collector).flag("--process-sample-interval", "1s");
    let server = program.start().await.unwrap();
    let report = eventually("a report of a busy time arrives", SOON, async || {
        setup.view(&server, &event("/")).await;
        let newest = setup.stored(&collector).await.pop()?;
        let report: Payload =
            serde_json::from_slice(&setup.stored_bytes(&collector, &newest.id).await).unwrap();
        let top = top(&setup, &decoded(&report.profile.cpu)).await;
        (has_samples(&top) && !report.performance.cpu_usage.is_empty()).then_some(report)
    });
    let report = report.await.unwrap();
    assert!(report.profile.from <= report.profile.to && report.profile.from > 1_700_000_000);
    assert_eq!(report.performance.cpu_usage.len(), report.performance.memory_usage.len());
    assert!(report.performance.memory_usage.iter().all(|bytes| (1 << 20..1 << 30).contains(bytes)));
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for profile in [&report.profile.cpu, &report.profile.memory] {
        let pprof = decoded(profile);
        assert!(has_samples(&top(&setup, &pprof).await));
        let text = String::from_utf8_lossy(&unzipped(&pprof)).into_owned();
        // A short host name may occur by chance.
        for telling in TELLING.into_iter().chain(Some(host.trim()).filter(|name| name.len() >= 6)) {
            assert!(!text.contains(telling), "{telling:?} is in the profile");
        }
    }
}

#[tokio::test]
async fn a_memory_profile_needs_no_directory_for_temporary_files() {
    // The first one does not exist, the second one cannot be written to, and the third one is no directory.
    for directory in ["/nothing/is/here", "/proc", "/dev/null"] {
        let setup = TestSetup::new();
        let collector = setup.collector().start().await.unwrap();
        let program = setup.busy_server(&collector).environment("TMPDIR", directory);
        let server = program.start().await.unwrap();
        let report = setup.first_report(&collector).await;
        let report: Payload =
            serde_json::from_slice(&setup.stored_bytes(&collector, &report.id).await).unwrap();
        assert!(!report.profile.memory.is_empty(), "{directory}");
        assert_eq!(setup.status(&server).await.heap_profile_unavailable, None, "{directory}");
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn why_there_is_no_profile_is_in_the_status_and_once_in_the_log() {
    let refused = "Operation not permitted";
    for (calls, cpu, heap) in [
        ("memfd_create", None, Some("memfd_create")),
        ("timer_create", None, None),
        ("timer_create,setitimer", Some(refused), None),
    ] {
        let setup = TestSetup::new();
        let collector = setup.collector().start().await.unwrap();
        let (trace, program) = SyscallTrace::refusing(&setup, "trace", calls, setup.busy_server(&collector));
        let server = program.start().await.unwrap();
        let reports = eventually("three reports arrive", SOON, async || {
            Some(setup.stored(&collector).await).filter(|reports| reports.len() >= 3)
        });
        reports.await.unwrap();
        let status = setup.status(&server).await;
        for (which, expected, told) in
            [("CPU", cpu, status.cpu_profile_unavailable), ("heap", heap, status.heap_profile_unavailable)]
        {
            let is_told = match expected {
                Some(why) => told.as_ref().is_some_and(|told| told.contains(why)),
                None => told.is_none(),
            };
            assert!(is_told, "{calls} refused, {which}: {told:?}");
            let lines = server.log().count(&format!("reports have no {which} profile"));
            assert_eq!(lines, usize::from(expected.is_some()), "{calls} refused, {which}");
        }
        // On an old kernel, `timer_create` is not used: its timer does not sample threads.
        let is_asked_for = |call: &&str| *call != "timer_create" || profiling_call() == *call;
        for call in calls.split(',').filter(is_asked_for) {
            assert!(!trace.lines(call).is_empty(), "{call} was asked for");
        }
        server.stop().await.unwrap();
    }
}

fn decoded(profile: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(profile).unwrap()
}

fn unzipped(pprof: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(pprof).read_to_end(&mut bytes).unwrap();
    bytes
}

/// What `go tool pprof -top` prints.
async fn top(setup: &TestSetup, pprof: &[u8]) -> String {
    let file = setup.path("profile.pb.gz");
    fs::write(&file, pprof).unwrap();
    let mut command = Command::new("go");
    command.args(["tool", "pprof", "-top"]).arg(&file).env("PPROF_TMPDIR", setup.path(""));
    let output = output(command).await.expect("`go` is installed: it judges the profiles");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether there is a function below the head of the table.
fn has_samples(top: &str) -> bool {
    top.lines().skip_while(|line| !line.trim_start().starts_with("flat ")).nth(1).is_some()
}
