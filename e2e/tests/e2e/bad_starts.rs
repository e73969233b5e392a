//! Tests that starts that cannot work exit with code 2 and print one clear sentence.

use std::{fs, process::Command};

use headcount_harness::{
    command_output::output,
    program::{HeadcountProgram, binary},
};

use crate::{
    namespace::with_mounts,
    setup::{TestSetup, event},
};

/// Checks that a start is refused in one sentence that contains `reason`.
pub(crate) async fn assert_refused(program: HeadcountProgram, reason: &str) {
    let shown = format!("{program:?}");
    let output = program.refused().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said:?} from {shown}");
    assert_eq!(said.trim_end().lines().count(), 1, "one sentence: {said:?}");
    assert!(said.contains(reason), "{said:?} should say {reason:?}");
    assert!((20..300).contains(&said.len()), "{said:?}");
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said:?}");
}

fn server(setup: &TestSetup) -> HeadcountProgram {
    HeadcountProgram::serve(setup.path("data"))
}

fn collector(setup: &TestSetup) -> HeadcountProgram {
    HeadcountProgram::collect(setup.path("data"))
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_refused() {
    let setup = TestSetup::new();
    fs::write(setup.path("data"), "a file").unwrap();
    for program in [server(&setup), collector(&setup)] {
        assert_refused(program, "data directory").await;
    }
    assert_eq!(fs::read_to_string(setup.path("data")).unwrap(), "a file");
}

#[tokio::test]
async fn a_data_directory_that_is_read_only_is_refused() {
    let setup = TestSetup::new();
    let data = setup.path("data");
    fs::create_dir(&data).unwrap();
    let data = data.display();
    let wrapper =
        with_mounts(&format!("mount --bind '{data}' '{data}' && mount -o remount,bind,ro '{data}'"));
    for program in [server(&setup), collector(&setup)] {
        assert_refused(program.under(&wrapper), "data directory").await;
    }
}

#[tokio::test]
async fn a_data_directory_that_ran_before_and_is_read_only_now_is_refused() {
    for program in [server, collector] {
        let setup = TestSetup::new();
        program(&setup).start().await.unwrap().stop().await.unwrap();
        let data = setup.path("data");
        let data = data.display();
        let wrapper =
            with_mounts(&format!("mount --bind '{data}' '{data}' && mount -o remount,bind,ro '{data}'"));
        assert_refused(program(&setup).under(&wrapper), "data directory").await;
    }
}

#[tokio::test]
async fn a_corrupt_database_is_refused_and_left_as_it_is() {
    for (program, database) in
        [(server as fn(&TestSetup) -> HeadcountProgram, "db.sqlite"), (collector, "collector.sqlite")]
    {
        let setup = TestSetup::new();
        program(&setup).start().await.unwrap().stop().await.unwrap();
        let database = fs::read_dir(setup.path("data"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|ending| ending == "sqlite"))
            .unwrap_or_else(|| setup.path("data").join(database));
        let garbage = "no database ".repeat(1000);
        fs::write(&database, &garbage).unwrap();
        assert_refused(program(&setup), "database").await;
        assert_eq!(fs::read_to_string(&database).unwrap(), garbage);
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_data_directory_is_refused_and_the_first_goes_on() {
    let setup = TestSetup::new();
    let first = server(&setup).flag("--first-report-after", "1h").start().await.unwrap();
    assert_refused(server(&setup), "data directory").await;
    setup.view(&first, &event("/")).await;
    first.kill().unwrap();
    // The lock ended with the process.
    server(&setup).flag("--first-report-after", "1h").start().await.unwrap().stop().await.unwrap();

    let setup = TestSetup::new();
    let _first = collector(&setup).start().await.unwrap();
    assert_refused(collector(&setup), "data directory").await;
}

#[tokio::test]
async fn a_settings_database_that_cannot_be_used_is_refused_without_its_password() {
    for (address, reason) in [
        ("postgres://user:swordfish@127.0.0.1:1/x", "Connection refused"),
        ("host=/nowhere password=swordfish", "No such file"),
        ("swordfish", "neither a postgres:// URL"),
    ] {
        let setup = TestSetup::new();
        let program = || server(&setup).flag("--pg-connection-string", address);
        assert_refused(program(), reason).await;
        assert_refused(program(), "--pg-connection-string").await;
        let said = program().refused().await.unwrap().stderr;
        assert!(!String::from_utf8(said).unwrap().contains("swordfish"));
    }
    let setup = TestSetup::new();
    assert_refused(server(&setup).argument("--read-only-settings"), "does not exist").await;
}

#[tokio::test]
async fn an_occupied_port_is_refused() {
    let setup = TestSetup::new();
    let first = collector(&setup).start().await.unwrap();
    let address = first.address().unwrap();
    let elsewhere = TestSetup::new();
    for program in [server(&elsewhere), collector(&elsewhere)] {
        assert_refused(program.listen(address), &format!("cannot listen on {address}")).await;
    }
    assert!(!elsewhere.path("data").exists(), "a program that cannot listen opens nothing");
}

#[tokio::test]
async fn health_says_whether_something_serves() {
    let setup = TestSetup::new();
    let server = server(&setup).flag("--url-base-path", "/x/").flag("--first-report-after", "1h");
    let server = server.start().await.unwrap();
    let address = server.address().unwrap();
    let health = async |path: &str| {
        let mut command = Command::new(binary().unwrap());
        command.args(["health", "--url-base-path", path]).env_clear().env("LISTEN", address.to_string());
        output(command).await.unwrap().status.code()
    };
    assert_eq!(health("/x").await, Some(0));
    assert_eq!(health("/y").await, Some(2));
    server.stop().await.unwrap();
    assert_eq!(health("/x").await, Some(2));
}

#[tokio::test]
async fn bad_flags_are_refused() {
    let setup = TestSetup::new();
    let cases: [(&[&str], &str); 9] = [
        (&["--no-such-flag"], "--no-such-flag"),
        (&["--report-interval", "0s"], "at least one second"),
        (&["--report-interval", "soon"], "--report-interval"),
        (&["--first-report-after", "-1s"], "-1"),
        (&["--collector-url", "ftp://example.com/"], "http or https"),
        (&["--collector-url", "nowhere"], "--collector-url"),
        (&["--url-base-path", "/a b/"], "--url-base-path"),
        (&["--admin-token", " "], "token"),
        (&["a-word"], "belongs to no flag"),
    ];
    for (arguments, reason) in cases {
        let program = arguments.iter().fold(server(&setup), HeadcountProgram::argument);
        assert_refused(program, reason).await;
    }
    assert_refused(collector(&setup).flag("--retention", "0s"), "at least one second").await;
    assert_refused(server(&setup).environment("DO_NOT_TRACK", "perhaps"), "DO_NOT_TRACK").await;
    assert!(!setup.path("data").exists());
}
