//! Checks by the rules of axe that everybody can read and use a page.

use std::fs;

use headcount_harness::{browser::Browser, program::build_directory};

use crate::page_view::{SCHEMES, WIDTHS, prefer, show_at};

/// What axe finds, by rule, with the first elements of each.
const FOUND: &str = "
    const place = node => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`
    const said = rule => `${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map(place).join('; ')}`
    return axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations.map(said))";

/// How far the page is scrolled sideways, in CSS pixels.
const TOO_WIDE: &str = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

/// The program of axe, as `.ci/install test` takes it from npm.
fn axe() -> String {
    let program = build_directory().unwrap().with_file_name("tools/page-tests/axe.min.js");
    fs::read_to_string(&program).unwrap_or_else(|error| {
        panic!("{}: {error}; `.ci/install test` takes it from npm", program.display())
    })
}

/// What is wrong with the page that is shown, at all widths, in light and in dark: what axe finds, and
/// whether the page is scrolled sideways.
pub(crate) async fn faults(browser: &Browser, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for width in WIDTHS {
        show_at(browser, width).await;
        let too_wide = browser.run(TOO_WIDE).await.as_i64().unwrap();
        if too_wide > 0 {
            faults.push(format!("{page} at {width}: is {too_wide} px too wide"));
        }
        for scheme in SCHEMES {
            prefer(browser, scheme).await;
            let found = violations(browser).await;
            faults.extend(found.iter().map(|it| format!("{page} at {width}, {scheme}: {it}")));
        }
    }
    faults
}

/// What axe finds in the page as it is shown.
pub(crate) async fn violations(browser: &Browser) -> Vec<String> {
    if browser.run("return typeof axe").await == "undefined" {
        browser.run(&format!("{}; window.axe = axe", axe())).await;
    }
    serde_json::from_value(browser.run(FOUND).await).unwrap()
}
