//! Measures the time from what a user does to the next picture, in a walk over the pages with the mouse and the keyboard.

use anyhow::{Context, ensure};
use headcount_harness::browser::Browser;
use headcount_measures::{MeasureRun, SortedFigures};
use serde_json::json;

use super::observed_server::ObservedServer;

/// How often the walk is made.
const ROUNDS: usize = 3;

/// What the browser does not tell the time of takes less than this, in milliseconds.
const LEAST_MS: f64 = 16.0;

/// The share of interactions that keep to the bound, in percent.
const PERCENT: usize = 98;

/// How many of the slowest are printed.
const SHOWN: usize = 4;

const NOTED: &str = include_str!("interactions.js");

/// Two frames pass, so that what was done is in a picture.
const PAINTED: &str =
    "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";

/// The place of a call below the first one that is wide enough to be clicked, from 1; 0 if there is none.
const WIDE_FRAME: &str = "return 1 + [...document.querySelectorAll('.opened .chart-plot a.frame')]
    .findIndex((frame, place) => place > 0 && frame.getBoundingClientRect().width > 20)";

/// Nothing in the page is still on its way.
const IS_COMPLETE: &str = "return document.querySelector('main .waiting') === null";

/// Keys, as WebDriver has them: one deletes a letter, others choose what is next and what is first in a list.
const BACKSPACE: char = '\u{E003}';
const FIVE_DOWN_AND_HOME: &str = "\u{E015}\u{E015}\u{E015}\u{E015}\u{E015}\u{E011}";

/// Measures and prints the 98th percentile of each walk.
pub(crate) async fn measure(
    browser: &Browser,
    server: &ObservedServer,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!("\nmilliseconds from an interaction to the next picture, {ROUNDS} walks");
    let mut percentiles = Vec::new();
    for _ in 0..ROUNDS {
        let walk = PageWalk::begin(browser, server).await;
        let figures = walk.over_all_pages().await?;
        percentiles.push(figures.percentile(PERCENT));
    }
    let measure = "interface: ms from an interaction to the next picture, 98th percentile";
    measures.record(measure, SortedFigures::new(percentiles))
}

/// A walk within one load of the interface.
struct PageWalk<'b> {
    browser: &'b Browser,
    interactions: usize,
}

impl<'b> PageWalk<'b> {
    async fn begin(browser: &'b Browser, server: &ObservedServer) -> Self {
        server.show(browser, "").await;
        browser.run(NOTED).await;
        Self { browser, interactions: 0 }
    }

    async fn over_all_pages(mut self) -> anyhow::Result<SortedFigures> {
        self.open("main h2 a", "#applications-title").await;
        self.through_the_project().await;
        self.open("#applications-title ~ .table-box tbody th a", ".tabs").await;
        self.through_the_application().await?;
        self.open("main p a[href^='/p/']", "#nodes-title").await;
        self.open("#nodes-title ~ .table-box tbody th a", "#runs-title").await;
        self.click("#runs-title ~ .table-box thead th:nth-child(2) button").await;
        self.open("main p a[href^='/p/']", "#nodes-title").await;
        self.open("main p a[href$='/settings']", "main form").await;
        self.through_the_settings().await?;
        self.open(".nav a[href='/usage-statistics']", "#preview-title").await;
        self.through_the_statistics().await?;
        self.open(".nav a[href='/']", "main h2 a").await;
        self.figures().await
    }

    async fn through_the_project(&mut self) {
        for (table, columns, searched) in
            [("#applications-title", 8, "store-1"), ("#nodes-title", 9, "node-1")]
        {
            self.browser.wait_for(&is_there(&format!("{table} ~ .table-box tbody tr"))).await;
            for column in 1..=columns {
                self.click(&format!("{table} ~ .table-box thead th:nth-child({column}) button")).await;
            }
            self.enter_and_delete(&format!("{table} ~ .filters input"), searched).await;
        }
        self.enter("#applications-title ~ .filters select", FIVE_DOWN_AND_HOME).await;
        self.click("#applications-title ~ .table-box button.more").await;
    }

    async fn through_the_application(&mut self) -> anyhow::Result<()> {
        let tabs = self.count(".tabs a").await?;
        ensure!(tabs > 3, "the application has only {tabs} tabs");
        for tab in 1..=tabs {
            self.click(&format!(".tabs li:nth-child({tab}) a")).await;
            if self.count("main details summary").await? == 0 {
                continue;
            }
            self.click("main details summary").await;
            self.enter_and_delete("main details[open] input", "12").await;
            self.click("main details[open] summary").await;
        }
        Ok(())
    }

    async fn through_the_settings(&mut self) -> anyhow::Result<()> {
        for tab in 1..=self.count(".tabs a").await? {
            self.click(&format!(".tabs li:nth-child({tab}) a")).await;
        }
        Ok(())
    }

    async fn through_the_statistics(&mut self) -> anyhow::Result<()> {
        let preview = "section[aria-labelledby='preview-title']";
        self.browser.wait_for(&is_there(&format!("{preview} details.section"))).await;
        for section in 1..=self.count(&format!("{preview} details.section")).await? {
            let heading = format!("{preview} details.section:nth-of-type({section}) > summary");
            self.click(&heading).await;
            self.click(&heading).await;
        }
        self.click("button[aria-label^='Read report']").await;
        self.browser.wait_for(&is_there(".opened details.section")).await;
        self.click(".opened .report-head .buttons button:last-of-type").await;
        self.browser.wait_for(&is_there(".opened .chart-plot a.frame")).await;
        // A profile may have nothing below its first call, or only what is too narrow for the mouse. A frame under the
        // pointer has its reading, too, so its middle is that of its rectangle.
        let wide = self.browser.run(WIDE_FRAME).await.as_u64().unwrap_or_default();
        if wide > 0 {
            self.click(&format!(".opened .chart-plot a.frame:nth-of-type({wide}) rect")).await;
        }
        self.enter_and_delete(".opened .flame-search input", "alloc").await;
        self.click(".opened .chart-plot a.frame rect").await;
        self.click(".opened .card-head button").await;
        Ok(())
    }

    /// Follows a link, and waits for what is on its page.
    async fn open(&mut self, link: &str, there: &str) {
        self.browser.wait_for(&is_there(link)).await;
        self.click(link).await;
        self.browser.wait_for(&is_there(there)).await;
    }

    async fn click(&mut self, selector: &str) {
        self.step(selector).await;
        self.browser.click(selector).await;
        self.browser.run(PAINTED).await;
        self.browser.wait_for(IS_COMPLETE).await;
    }

    async fn enter_and_delete(&mut self, field: &str, text: &str) {
        let deleted: String = text.chars().map(|_| BACKSPACE).collect();
        self.enter(field, &[text, &deleted].concat()).await;
    }

    /// Presses keys, one after another.
    async fn enter(&mut self, field: &str, keys: &str) {
        for key in keys.chars() {
            self.step(field).await;
            self.browser.enter(field, key.encode_utf8(&mut [0; 4])).await;
            self.browser.run(PAINTED).await;
        }
    }

    async fn step(&mut self, what: &str) {
        self.interactions += 1;
        self.browser.run(&format!("nextStep({})", json!(what))).await;
    }

    async fn count(&self, selector: &str) -> anyhow::Result<usize> {
        let script = format!("return document.querySelectorAll({}).length", json!(selector));
        let count = self.browser.run(&script).await;
        count.as_u64().and_then(|count| count.try_into().ok()).context("a number of elements")
    }

    /// The times of all interactions of the walk.
    async fn figures(self) -> anyhow::Result<SortedFigures> {
        let slow = self.browser.run("return slowInteractions()").await;
        let mut slow: Vec<(String, f64)> = serde_json::from_value(slow)?;
        slow.sort_by(|one, other| other.1.total_cmp(&one.1));
        println!("    {} interactions, {} of 16 ms or more; the slowest:", self.interactions, slow.len());
        slow.iter().take(SHOWN).for_each(|(what, ms)| println!("        {ms:>4} {what}"));
        let quick = self.interactions.saturating_sub(slow.len());
        let figures = slow.into_iter().map(|(_, ms)| ms).chain(std::iter::repeat_n(LEAST_MS, quick));
        Ok(figures.collect())
    }
}

fn is_there(selector: &str) -> String {
    format!("return document.querySelector({}) !== null", json!(selector))
}
