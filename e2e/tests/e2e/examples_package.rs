//! Tests that the npm package has what its users need, and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use headcount_harness::{command_output::output, example_site::built};
use serde_json::Value;

/// The files of the package.
const FILES: [&str; 9] = [
    "LICENSE",
    "README.md",
    "index.d.ts",
    "index.js",
    "package.json",
    "react-router.d.ts",
    "react-router.js",
    "script.js",
    "tracker_bg.wasm",
];

/// The applications that are built with it.
const APPLICATIONS: [&str; 6] = [
    "frontend-tracker/examples/react-router",
    "frontend-tracker/examples/vue2-vuetify2",
    "frontend-tracker/examples/vue3-vuetify3",
    "e2e/apps/routers",
    "e2e/apps/types",
    "e2e/apps/vuetify",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The directory where an application was built.
fn workplace(application: &str) -> PathBuf {
    built(&format!("work/{application}")).unwrap()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a program of an application, which is a file below its directory.
async fn node(application: &str, arguments: &[&str]) {
    let mut command = Command::new(built("node").unwrap());
    command.args(arguments).current_dir(workplace(application));
    let output = output(command).await.unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[tokio::test]
async fn the_package_has_the_version_of_the_workspace_and_exactly_its_files() {
    let package = built(&format!("headcount-tracker-{}.tgz", env!("CARGO_PKG_VERSION"))).unwrap();
    let mut list = Command::new("tar");
    list.arg("--list").arg("--gzip").arg("--file").arg(&package);
    let listed = output(list).await.unwrap();
    assert!(listed.status.success(), "{}", said(&listed));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut files: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix("package/")).collect();
    files.sort_unstable();
    assert_eq!(files, FILES);
    let manifest = read(&root().join("frontend-tracker/npm/package.json"));
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["license"], "Apache-2.0");
    let license = read(&root().join("frontend-tracker/npm/LICENSE"));
    assert!(license == read(&root().join("LICENSE")), "the package has another license text");
}

#[test]
fn where_there_is_no_page_the_package_is_off_and_says_nothing() {
    let script = "
        process.on('unhandledRejection', (reason) => { throw reason })
        const { start, status, optOut, optIn } = await import('headcount-tracker')
        await import('headcount-tracker/script.js')
        start({ endpoint: '/stats', routes: ['/'] })
        if (status().state !== 'off') throw status()
        optOut()
        optIn()
        start({ endpoint: 'nowhere:', routes: 7, breakpoints: null })
        await new Promise((resolve) => setTimeout(resolve, 10))
        if (JSON.stringify(status()) !== '{\"state\":\"off\",\"waiting\":0,\"dropped\":0}') throw status()";
    let workplace = workplace("e2e/apps/types");
    let arguments = ["--no-warnings", "--input-type=module", "--eval", script];
    let output =
        Command::new(built("node").unwrap()).args(arguments).current_dir(workplace).output().unwrap();
    assert!(output.status.success() && said(&output).is_empty(), "{}", said(&output));
}

#[test]
fn every_application_was_built_with_the_package_as_it_is_now() {
    for application in APPLICATIONS {
        let installed = workplace(application).join("node_modules/headcount-tracker");
        for file in FILES {
            let now = read(&root().join("frontend-tracker/npm").join(file));
            assert!(
                read(&installed.join(file)) == now,
                "{application} has another {file}: run `.ci/examples`"
            );
        }
    }
}

#[test]
fn lock_files_pin_every_package_and_name_no_registry() {
    for application in APPLICATIONS {
        let lock = read(&root().join(application).join("package-lock.json"));
        let lock: Value = serde_json::from_slice(&lock).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert!(packages.len() > 5, "{application} has {} packages", packages.len());
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            let resolved = package["resolved"].as_str();
            if name == "node_modules/headcount-tracker" {
                assert!(resolved.is_some_and(|path| path.starts_with("file:")), "{application}");
            } else {
                assert_eq!(resolved, None, "{application}: {name}");
                assert!(package["integrity"].is_string(), "{application}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn the_types_let_right_calls_through_and_refuse_wrong_ones() {
    node("e2e/apps/types", &["node_modules/typescript/bin/tsc", "--project", "."]).await;
}

#[tokio::test]
async fn the_table_of_react_routers_routes_has_exactly_the_paths_that_it_matches() {
    node("e2e/apps/routers", &["--test", "templates.test.js"]).await;
}
