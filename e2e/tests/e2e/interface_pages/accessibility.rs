//! Tests that everybody can read and use every page: by the rules of axe, in the colours of the reader, and
//! without motion.

use headcount_harness::browser::Browser;
use serde_json::json;

use super::{interface_page::PAGES, shown_installation::ShownInstallation};
use crate::{
    page_rules::{faults, violations},
    page_view::{SCHEMES, emulate},
};

/// The controls that a reader does not see: those whose text and whose edge hardly differ from what they are
/// on. What says the state of a switch is one of them.
const UNSEEN: &str = "
    const light = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    const luminance = colour => {
        const [red, green, blue] = colour.match(/[0-9.]+/g).map(part => light(part / 255))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const differ = (one, other) => {
        const [dark, bright] = [luminance(one), luminance(other)].sort((one, other) => one - other)
        return (bright + 0.05) / (dark + 0.05) >= 3
    }
    const is_clear = colour => /^rgba\\(.*,\\s*0\\)$/.test(colour)
    const ground = part => {
        for (; part; part = part.parentElement) {
            const colour = getComputedStyle(part).backgroundColor
            if (!is_clear(colour)) return colour
        }
        return getComputedStyle(document.documentElement).backgroundColor
    }
    const has_edge = part => {
        const style = getComputedStyle(part)
        return ['Top', 'Right', 'Bottom', 'Left'].some(side => parseFloat(style[`border${side}Width`]) > 0
            && style[`border${side}Style`] !== 'none'
            && differ(style[`border${side}Color`], ground(part.parentElement)))
    }
    const is_written = part => part.innerText.trim() !== '' && differ(getComputedStyle(part).color, ground(part))
    const is_filled = part => differ(ground(part), ground(part.parentElement))
    const is_seen = part => {
        if (part.matches('.knob')) return is_filled(part)
        return has_edge(part) || (!part.matches('input, select, textarea') && is_written(part))
    }
    const controls = 'a[href], button, input:not([type=checkbox], [type=radio]), select, textarea, summary, .knob'
    const shown = [...document.querySelectorAll(controls)].filter(part => part.checkVisibility({ visibilityProperty: true }))
    return { all: shown.length, unseen: shown.filter(part => !is_seen(part)).map(part => part.outerHTML) }";

/// Opens what is folded, and shows what a picture leaves out.
const UNFOLDED: &str = "
    document.querySelectorAll('details').forEach(it => it.open = true)
    document.querySelectorAll('main [style]').forEach(it => it.style.removeProperty('display'))";

/// The elements that move, or that are scrolled smoothly.
const MOVING: &str = "
    const lasts = times => times.split(',').some(time => parseFloat(time) > 0)
    const moves = style => lasts(style.transitionDuration) || style.scrollBehavior === 'smooth'
        || (style.animationName !== 'none' && lasts(style.animationDuration))
    const parts = [...document.querySelectorAll('*')]
    const moving = parts.filter(part =>
        [undefined, '::before', '::after'].some(which => moves(getComputedStyle(part, which))))
    return moving.map(part => part.cloneNode(false).outerHTML)";

#[tokio::test]
async fn axe_finds_nothing_on_any_page_at_any_width_light_or_dark() {
    let installation = ShownInstallation::shared().await;
    let browser = installation.browser().await;
    let mut found = Vec::new();
    for page in &PAGES {
        installation.show(&browser, page).await;
        // What is folded, and what a picture leaves out, is read and used too.
        browser.run(UNFOLDED).await;
        found.extend(faults(&browser, page.name).await);
    }
    assert!(found.is_empty(), "{found:#?}");

    // Axe is there and looks.
    browser.run("document.querySelector('main').innerHTML = '<img src=static/mark.svg>'").await;
    assert_ne!(violations(&browser).await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn every_control_is_seen_in_the_colours_of_the_reader() {
    let installation = ShownInstallation::shared().await;
    let browser = installation.browser().await;
    let mut unseen = Vec::new();
    for scheme in SCHEMES {
        // Before a page is opened: Chromium keeps some colours of an open page when they change.
        emulate(&browser, "screen", &[("forced-colors", "active"), ("prefers-color-scheme", scheme)]).await;
        for page in &PAGES {
            installation.show(&browser, page).await;
            browser.run(UNFOLDED).await;
            let found = browser.run(UNSEEN).await;
            assert!(found["all"].as_u64() > Some(0), "{}: {found}", page.name);
            let found: Vec<String> = serde_json::from_value(found["unseen"].clone()).unwrap();
            unseen.extend(found.into_iter().map(|control| format!("{}, {scheme}: {control}", page.name)));
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");

    // One that is not seen is found.
    browser
        .run(
            "const bare = document.createElement('button'); document.querySelector('main').append(bare)
        bare.style.border = 0",
        )
        .await;
    assert_eq!(browser.run(UNSEEN).await["unseen"].as_array().unwrap().len(), 1);
    browser.close().await;
}

#[tokio::test]
async fn nothing_moves_for_readers_who_prefer_that() {
    let installation = ShownInstallation::shared().await;
    let browser = installation.browser().await;
    let moving = async |browser: &Browser, motion: &str| {
        emulate(browser, "screen", &[("prefers-reduced-motion", motion)]).await;
        browser.run(MOVING).await
    };
    for page in &PAGES {
        installation.show(&browser, page).await;
        assert_eq!(moving(&browser, "reduce").await, json!([]), "{}", page.name);
    }
    // What shows that a page is loading moves for all others.
    browser.run("document.querySelector('main').innerHTML = '<div class=progress></div>'").await;
    assert_eq!(moving(&browser, "no-preference").await, json!(["<div class=\"progress\"></div>"]));
    assert_eq!(moving(&browser, "reduce").await, json!([]));
    browser.close().await;
}
