//! Starts Chromium, reads its log, and clears what its last user left.

use std::path::Path;

use serde_json::{Value, json};
use thirtyfour::{BrowserLogEntry, WebDriver};

use super::{
    driver::{DriverProcess, DriverStart},
    network::BrowserNetwork,
};

/// Flags to run as root without a display and without requests of its own.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Shared memory is small where tests run in a container.
    "--disable-dev-shm-usage",
];

pub(super) async fn driver() -> anyhow::Result<DriverProcess> {
    DriverProcess::start(DriverStart {
        program: "chromedriver".as_ref(),
        arguments: &["--port=0"],
        environment: &[],
        announcement: Some("started successfully on port "),
        shows_itself: false,
    })
    .await
}

pub(super) fn capabilities(home: &Path, network: BrowserNetwork) -> Vec<(&'static str, Value)> {
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    flags.push(format!("--user-data-dir={}", home.join("profile").display()));
    // It bypasses the proxy for loopback addresses by default.
    flags.push(format!("--proxy-server=http://{}", network.proxy()));
    vec![
        ("browserName", json!("chrome")),
        ("goog:chromeOptions", json!({ "args": flags })),
        ("goog:loggingPrefs", json!({ "browser": "ALL" })),
    ]
}

/// The errors and warnings in its log.
pub(super) fn errors(log: Vec<BrowserLogEntry>) -> Vec<String> {
    let bad = log.into_iter().filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()));
    bad.map(|entry| entry.message).collect()
}

/// Clears everything that pages have stored, and the log.
pub(super) async fn forget(web: &WebDriver) -> anyhow::Result<()> {
    let everything = json!({ "origin": "*", "storageTypes": "all" });
    web.cdp().send_raw("Storage.clearDataForOrigin", everything).await?;
    web.cdp().send_raw("Network.clearBrowserCookies", json!({})).await?;
    web.cdp().send_raw("Network.clearBrowserCache", json!({})).await?;
    web.browser_log().await?;
    Ok(())
}
