//! Chromium: how is it started, and what does its log say?

use std::path::Path;

use serde_json::{Value, json};
use thirtyfour::BrowserLogEntry;

use super::{driver::Driver, network::Network};

/// What it needs to run as root without a display, and to ask nobody on the network.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

pub(super) async fn driver() -> anyhow::Result<Driver> {
    Driver::start("chromedriver".as_ref(), &["--port=0"], &[], None).await
}

pub(super) fn capabilities(home: &Path, network: Network) -> Vec<(&'static str, Value)> {
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    flags.push(format!("--user-data-dir={}", home.join("profile").display()));
    // It goes to loopback addresses without a proxy by itself.
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
