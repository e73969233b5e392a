//! Tests that every page fits into windows from those of phones on, in every engine.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
};
use serde::Deserialize;

use super::shown_fleet::{PAGES, ShownFleet, assert_no_errors};
use crate::page_view::{WIDTHS, show_at};

in_every_engine!(every_page_fits_into_windows_of_phones_tablets_and_desks);

/// The width that windows of every engine can have.
const NARROWEST_WINDOW: u32 = 600;

/// Shows the page in a frame of its own, without the frame's scripts.
const FRAMED: &str = "
    const copy = document.documentElement.cloneNode(true)
    copy.querySelectorAll('script').forEach(script => script.remove())
    window.framed = document.createElement('iframe')
    framed.width = width
    framed.height = 900
    framed.style.border = 0
    framed.srcdoc = '<!doctype html>' + copy.outerHTML
    document.body.append(framed)";

/// The navigation has one line in windows that are wider, in CSS pixels.
const ONE_LINE_FROM: f64 = 1200.0;

/// What is measured of a page.
const MEASURED: &str = "
    const { document, scrollY } = shown
    const named = part => part.id || part.closest('[id]')?.id || part.className
    const box = part => part.getBoundingClientRect()
    const is_shown = part => part.checkVisibility()
    const pictures = [...document.querySelectorAll('figure.chart .chart-plot, figure.chart .chart-bars')]
    const links = [...document.querySelectorAll('nav[aria-label=Pages] a')].filter(is_shown)
    const covered = link => {
        link.scrollIntoView({ block: 'nearest', inline: 'nearest' })
        const { left, top, width, height } = box(link)
        const found = document.elementFromPoint(left + width / 2, top + height / 2)
        return !link.contains(found)
    }
    const figures = [...document.querySelectorAll('main figure')].filter(is_shown).map(box)
    return {
        width: document.documentElement.clientWidth,
        scrolled: document.documentElement.scrollWidth,
        links: links.length,
        lines: new Set(links.map(link => Math.round(box(link).top))).size,
        covered: links.filter(covered).map(link => link.textContent),
        header_end: box(document.querySelector('header')).bottom + scrollY,
        content_begin: box(document.querySelector('main')).top + scrollY,
        tiny: pictures.filter(is_shown).filter(it => box(it).width < 200 || box(it).height < 20).map(named),
        pictures: pictures.length,
        overlapping: figures.filter((it, at) => at > 0 && it.top < figures[at - 1].bottom - 1
            && it.left < figures[at - 1].right - 1).length,
    }";

/// The measures of a page, in CSS pixels.
#[derive(Debug, Deserialize)]
struct PageMeasures {
    /// The width of the window without its scroll bar.
    width: f64,
    /// The width of what it scrolls over.
    scrolled: f64,
    /// The links of the navigation.
    links: usize,
    /// The lines that they are on.
    lines: usize,
    /// Those that something lies on.
    covered: Vec<String>,
    /// Where the header ends.
    header_end: f64,
    /// Where the content begins.
    content_begin: f64,
    /// The pictures without a size.
    tiny: Vec<String>,
    /// The pictures.
    pictures: usize,
    /// The charts that lie on the chart before.
    overlapping: usize,
}

async fn every_page_fits_into_windows_of_phones_tablets_and_desks(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open(engine, 1280).await;
    let mut wrong = Vec::new();
    for (_, page) in PAGES {
        fleet.show(&browser, page).await;
        for width in WIDTHS {
            let measured = measure_at(&browser, width).await;
            wrong.extend(faults(page, &measured).map(|fault| format!("{page} at {width}: {fault}")));
        }
        assert_no_errors(&browser, page).await;
    }
    assert_eq!(wrong, [""; 0]);
    browser.close().await;
}

/// Measures the page at a width, also at one that windows of the engine cannot have.
async fn measure_at(browser: &Browser, width: u32) -> PageMeasures {
    let measured = if width < NARROWEST_WINDOW && browser.engine() != Engine::Chromium {
        browser.run(&format!("const width = {width}; {FRAMED}")).await;
        browser
            .wait_for(
                "return framed.contentDocument.readyState === 'complete'
                    && framed.contentDocument.querySelector('main h1') !== null",
            )
            .await;
        let measured = browser.run(&format!("const shown = framed.contentWindow; {MEASURED}")).await;
        browser.run("framed.remove()").await;
        measured
    } else {
        show_at(browser, width).await;
        browser.run(&format!("const shown = window; {MEASURED}")).await
    };
    serde_json::from_value(measured).unwrap()
}

fn faults(page: &str, measured: &PageMeasures) -> impl Iterator<Item = String> {
    let has_charts = !["changes", "installations", "profiles", "published"].contains(&page);
    let all = [
        (measured.scrolled > measured.width, format!("is {} wide in {}", measured.scrolled, measured.width)),
        (measured.links != PAGES.len(), format!("has {} links", measured.links)),
        (
            measured.width > ONE_LINE_FROM && measured.lines != 1,
            format!("has a navigation of {} lines", measured.lines),
        ),
        (!measured.covered.is_empty(), format!("something covers {:?}", measured.covered)),
        (measured.header_end > measured.content_begin + 1.0, "the navigation lies on the content".to_owned()),
        (!measured.tiny.is_empty(), format!("too small: {:?}", measured.tiny)),
        (has_charts && measured.pictures == 0, "has no charts".to_owned()),
        (measured.overlapping > 0, format!("{} charts lie on others", measured.overlapping)),
    ];
    all.into_iter().filter_map(|(is_wrong, fault)| is_wrong.then_some(fault))
}
