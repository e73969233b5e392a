//! Starts Firefox, reads its output, and clears what its last user left.

use std::{env, path::PathBuf};

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Map, Value, json};
use thirtyfour::{RequestData, SessionId, WebDriver, common::command::FormatRequestData};

use super::{
    driver::{DriverProcess, DriverStart},
    network::BrowserNetwork,
};

/// Preferences that are switched off: requests to Mozilla for settings, experiments, updates and lists, and
/// connectivity checks.
const OFF: [&str; 16] = [
    "app.normandy.enabled",
    "app.shield.optoutstudies.enabled",
    "app.update.auto",
    "browser.discovery.enabled",
    "browser.safebrowsing.blockedURIs.enabled",
    "browser.safebrowsing.malware.enabled",
    "browser.safebrowsing.phishing.enabled",
    "browser.search.update",
    "datareporting.healthreport.uploadEnabled",
    "datareporting.policy.dataSubmissionEnabled",
    "extensions.getAddons.cache.enabled",
    "extensions.systemAddon.update.enabled",
    "extensions.update.enabled",
    "messaging-system.rsexperimentloader.enabled",
    "network.captive-portal-service.enabled",
    "network.connectivity-service.enabled",
];

pub(super) async fn driver() -> anyhow::Result<DriverProcess> {
    DriverProcess::start(DriverStart {
        program: geckodriver().as_os_str(),
        // WebDriver BiDi would use a fixed port. System access is needed to clear what pages have stored.
        arguments: &["--port=0", "--websocket-port=0", "--allow-system-access"],
        environment: &[],
        announcement: Some("Listening on 127.0.0.1:"),
        shows_itself: false,
    })
    .await
}

/// The path of `geckodriver` as `.ci/install` builds it below the target directory; else the one in `PATH`.
fn geckodriver() -> PathBuf {
    let built = |exe: PathBuf| {
        exe.ancestors().map(|folder| folder.join("tools/bin/geckodriver")).find(|path| path.is_file())
    };
    env::current_exe().ok().and_then(built).unwrap_or_else(|| "geckodriver".into())
}

pub(super) fn capabilities(network: BrowserNetwork) -> Vec<(&'static str, Value)> {
    let proxy = network.proxy();
    let mut preferences: Map<String, Value> =
        OFF.iter().map(|name| ((*name).to_owned(), json!(false))).collect();
    let others = [
        ("browser.region.network.url", json!("")),
        ("services.settings.server", json!("data:,")),
        ("devtools.console.stdout.content", json!(true)),
        ("network.proxy.type", json!(1)),
        ("network.proxy.http", json!(proxy.ip())),
        ("network.proxy.http_port", json!(proxy.port())),
        ("network.proxy.ssl", json!(proxy.ip())),
        ("network.proxy.ssl_port", json!(proxy.port())),
        ("network.proxy.no_proxies_on", json!("localhost, 127.0.0.0/8")),
    ];
    preferences.extend(others.map(|(name, value)| (name.to_owned(), value)));
    let options = json!({ "args": ["-headless"], "prefs": preferences });
    vec![("browserName", json!("firefox")), ("moz:firefoxOptions", options)]
}

/// Returns a line of the output if it is an error or warning of a page. Texts of pages are in quotes; those
/// of Firefox itself name one of its components instead.
pub(super) fn error(line: &str) -> Option<String> {
    let texts = ["console.error: \"", "console.warn: \""];
    let faults = ["JavaScript error: ", "JavaScript warning: "];
    let own = ["resource:", "chrome:", "moz-"];
    let fault = faults.iter().find_map(|kind| line.strip_prefix(kind));
    let is_of_page = fault.is_some_and(|place| !own.iter().any(|scheme| place.starts_with(scheme)));
    (is_of_page || texts.iter().any(|kind| line.starts_with(kind))).then(|| line.to_owned())
}

/// Chooses whether scripts run in the page or in the browser itself.
#[derive(Debug)]
struct ScriptContext(&'static str);

impl FormatRequestData for ScriptContext {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::POST, format!("/session/{session}/moz/context"))
            .add_body(json!({ "context": self.0 }))
    }
}

/// Clears everything that pages have stored.
pub(super) async fn forget(web: &WebDriver) -> anyhow::Result<()> {
    let clear = "const done = arguments[0];
        Services.clearData.deleteData(Ci.nsIClearDataService.CLEAR_ALL, { onDataDeleted: done })";
    web.cmd(ScriptContext("chrome")).await?;
    let failed = web.execute_async(clear, vec![]).await?;
    web.cmd(ScriptContext("content")).await?;
    ensure!(failed.json() == &json!(0), "Firefox cannot clear its data: {:?}", failed.json());
    Ok(())
}
