//! Tests that the programs create files with mode 0600 and directories with mode 0700.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use headcount_harness::program::HeadcountProgram;

use crate::setup::{TestSetup, event, everything};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Checks all files and directories below `root`.
fn assert_private(root: &Path, at_least: usize) {
    let there = everything(root);
    assert!(there.len() >= at_least, "{there:?}");
    for (path, found) in there {
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        let mode = found.permissions().mode() & 0o777;
        assert_eq!(format!("{mode:o}"), format!("{expected:o}"), "{}", path.display());
    }
}

/// Sets the modes as an earlier version left them.
fn open_to_all(root: &Path) {
    for (path, found) in everything(root) {
        let mode = if found.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
}

/// Runs a program with an empty umask.
fn generous(program: HeadcountProgram) -> HeadcountProgram {
    program.under(["sh", "-c", r#"umask 000; exec "$@""#, "sh"])
}

#[tokio::test]
async fn every_file_and_directory_is_its_owners_alone() {
    let setup = TestSetup::new();
    let collector = generous(setup.collector()).start().await.unwrap();
    let server = generous(setup.busy_server(&collector)).start().await.unwrap();
    setup.view(&server, &event("/")).await;
    setup.first_report(&collector).await;
    let (data, collected) = (setup.path("server"), setup.path("collector"));
    // While they run, so that the write-ahead logs of the databases exist.
    assert_private(&data, 8);
    assert_private(&collected, 4);
    let (server, collector) = (server.stop().await.unwrap(), collector.stop().await.unwrap());
    for root in [&data, &collected] {
        open_to_all(root);
    }
    let collector = collector.start().await.unwrap();
    let server = server.start().await.unwrap();
    assert_private(&data, 8);
    assert_private(&collected, 4);
    server.stop().await.unwrap();
    collector.stop().await.unwrap();
}

#[tokio::test]
async fn what_belongs_to_another_program_keeps_its_mode() {
    let setup = TestSetup::new();
    let program = || setup.server_to("http://127.0.0.1:9/");
    program().start().await.unwrap().stop().await.unwrap();
    let data = setup.path("server");
    open_to_all(&data);
    let before: Vec<(PathBuf, u32)> =
        everything(&data).into_iter().map(|(path, _)| (path.clone(), mode(&path))).collect();
    let server = program().argument("--read-only-settings").start().await.unwrap();
    assert_private(&data.join("headcount"), 4);
    for (path, mode_before) in before {
        assert_eq!(mode(&path), mode_before, "{}", path.display());
    }
    server.stop().await.unwrap();
    fs::write(data.join("products.conf"), "").unwrap();
    fs::set_permissions(data.join("products.conf"), Permissions::from_mode(0o644)).unwrap();
    program().start().await.unwrap().stop().await.unwrap();
    assert_eq!([mode(&data), mode(&data.join("products.conf"))], [0o755, 0o644]);
    assert_eq!(mode(&data.join("db.sqlite")), 0o600);
}
