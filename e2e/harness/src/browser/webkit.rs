//! Starts the `MiniBrowser` of WebKitGTK.

use std::{fs, path::PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::{
    driver::{DriverProcess, DriverStart},
    network::BrowserNetwork,
};

/// Runs it without a graphics card, a desktop and a message bus.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("GSETTINGS_BACKEND", "memory"),
    ("LIBGL_ALWAYS_SOFTWARE", "1"),
    ("NO_AT_BRIDGE", "1"),
    ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
];

pub(super) async fn driver() -> anyhow::Result<DriverProcess> {
    DriverProcess::start(DriverStart {
        program: "WebKitWebDriver".as_ref(),
        arguments: &["--port=0"],
        environment: &ENVIRONMENT,
        announcement: None,
        shows_itself: true,
    })
    .await
}

pub(super) fn capabilities(network: BrowserNetwork) -> anyhow::Result<Vec<(&'static str, Value)>> {
    let arguments = [
        "--automation".to_owned(),
        "--enable-page-cache=true".to_owned(),
        format!("--proxy=http://{}", network.proxy()),
        "--ignore-host=localhost".to_owned(),
        "--ignore-host=127.0.0.0/8".to_owned(),
    ];
    let options = json!({ "binary": mini_browser()?, "args": arguments });
    Ok(vec![("browserName", json!("MiniBrowser")), ("webkitgtk:browserOptions", options)])
}

/// Debian installs it outside of `PATH`, below `/usr/lib/<machine>/webkit2gtk-<interface>`.
fn mini_browser() -> anyhow::Result<PathBuf> {
    let folders = |path: PathBuf| fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<_> = folders("/usr/lib".into())
        .flat_map(|machine| folders(machine.path()))
        .map(|folder| folder.path().join("MiniBrowser"))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop().context("no MiniBrowser is installed; Debian's package `webkit2gtk-driver` brings it")
}
