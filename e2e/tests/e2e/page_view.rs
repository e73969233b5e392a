//! Shows pages as their readers have them: in windows of several widths, with their preferences, and on
//! paper.

use headcount_harness::browser::{Browser, Engine};
use serde_json::json;

/// The widths of windows, in CSS pixels.
pub(crate) const WIDTHS: [u32; 3] = [360, 768, 1280];

/// The colour schemes that a reader may prefer.
pub(crate) const SCHEMES: [&str; 2] = ["light", "dark"];

/// Gives the page a width.
pub(crate) async fn show_at(browser: &Browser, width: u32) {
    if browser.engine() == Engine::Chromium {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        browser.wait_for(&format!("return innerWidth === {width}")).await;
    } else {
        browser.resize(width).await;
    }
}

/// Shows pages as to a reader who prefers a colour scheme. Only for Chromium.
pub(crate) async fn prefer(browser: &Browser, scheme: &str) {
    emulate(browser, "screen", &[("prefers-color-scheme", scheme)]).await;
}

/// Shows pages on a medium with these features. Only for Chromium.
pub(crate) async fn emulate(browser: &Browser, medium: &str, features: &[(&str, &str)]) {
    let features = features.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    let medium = json!({ "media": medium, "features": features.collect::<Vec<_>>() });
    browser.devtools("Emulation.setEmulatedMedia", medium).await;
}
