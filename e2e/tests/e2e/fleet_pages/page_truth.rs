//! Tests that every page opens by its link, and says what is true about the fleet, in every engine.

use std::collections::BTreeMap;

use headcount_charts::number_format::{count, grouped, percent};
use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
};
use headcount_simulated_fleet::fleet_truth::{CountsByName, DayTruth, UseTruth};
use serde_json::json;

use super::shown_fleet::{IS_SHOWN, PAGES, ShownFleet, assert_no_errors, content, plain, rows};

in_every_engine!(every_page_opens_by_its_link_and_says_what_is_true_about_the_fleet);

/// The installations of a day by label.
type CountsOfDay = fn(&DayTruth) -> CountsByName;

/// The bars of all pages: the page, the id of the chart, and the installations of a day by label.
const BARS: [(&str, &str, CountsOfDay); 14] = [
    ("overview", "versions", |day| day.by_version.clone()),
    ("versions", "in-use", |day| day.by_version.clone()),
    ("features", "flags", |day| day.flags.clone()),
    ("features", "alerting", |day| day.alerting.clone()),
    ("features", "overrides", |day| users(&day.inspection_overrides)),
    ("features", "notifications", |day| users(&day.notifications)),
    ("features", "rollouts", |day| users(&day.deployment_summaries)),
    ("environment", "clouds", |day| day.clouds.clone()),
    ("environment", "services", |day| day.services.clone()),
    ("environment", "instrumented", |day| day.instrumented_services.clone()),
    ("environment", "databases", |day| day.by_database.clone()),
    ("environment", "size-classes", |day| day.by_size.clone()),
    ("environment", "screens", |day| users(&day.screen_sizes)),
    ("usage", "pages", |day| users(&day.pages)),
];

fn users(by_name: &BTreeMap<String, UseTruth>) -> CountsByName {
    by_name.iter().map(|(name, of_name)| (name.clone(), of_name.installations)).collect()
}

async fn every_page_opens_by_its_link_and_says_what_is_true_about_the_fleet(engine: Engine) {
    let fleet = ShownFleet::shared().await;
    fleet.looked_at().await;
    let browser = Browser::open(engine, 1280).await;
    fleet.show(&browser, "overview").await;
    let links = rows(&browser, "nav[aria-label=Pages]", "a").await;
    let titles = PAGES.map(|(title, _)| title);
    assert_eq!(links, [titles]);
    // The page that is open comes last.
    for (title, page) in PAGES.into_iter().cycle().skip(1).take(PAGES.len()) {
        open_by_link(&browser, title, page).await;
        let said = content(&browser).await;
        for text in true_texts(fleet, page) {
            assert!(said.contains(&text), "{page}: {text:?} is not in {said}");
        }
        for (_, chart, counts) in BARS.iter().filter(|(of_page, ..)| *of_page == page) {
            let bars = format!("#{chart}-chart .chart-bars tbody tr");
            let shown = rows(&browser, &bars, ".bar-label, .bar-value, .bar-share").await;
            assert_eq!(shown, true_bars(fleet, *counts), "{page} {chart}");
        }
        assert_tables(fleet, &browser, page).await;
        assert_no_errors(&browser, page).await;
    }
    open_an_installation(fleet, &browser).await;
    browser.close().await;
}

/// Follows a link of the navigation.
async fn open_by_link(browser: &Browser, title: &str, page: &str) {
    let link = format!(
        "[...document.querySelectorAll('nav[aria-label=Pages] a')].find(link => link.textContent === {})",
        json!(title)
    );
    browser.run(&format!("{link}.click()")).await;
    let opened = format!(
        "return location.pathname === '/{page}' && document.readyState === 'complete'
            && document.querySelector('main h1')?.textContent === {title}
            && {link}?.getAttribute('aria-current') === 'page' && {IS_SHOWN}",
        title = json!(title)
    );
    browser.wait_for(&opened).await;
    let titles =
        browser.run("return [...document.querySelectorAll('h1')].map(title => title.textContent)").await;
    assert_eq!(titles, json!([title]));
}

/// Sentences of a page that are true.
fn true_texts(fleet: &ShownFleet, page: &str) -> Vec<String> {
    let (last, truth) = (fleet.last_day(), &fleet.truth);
    let texts = match page {
        "overview" => vec![
            format!(
                "{} installations reported in the 30 days until 28 Jun 2026, {} in the last 7 of them and {} on that day.",
                grouped(last.active_in_30_days),
                grouped(last.active_in_7_days),
                grouped(last.installations)
            ),
            format!("In this time {} were new", grouped(fleet.sum(|day| day.new))),
            gone_text(fleet.sum(|day| day.gone)),
        ],
        "environment" => {
            vec![format!("of {} days of an installation", grouped(fleet.sum(|day| day.installations)))]
        }
        "performance" => {
            vec![format!("of {} days of an installation", grouped(fleet.sum(|day| day.installations)))]
        }
        "trust" => {
            let reports = grouped(truth.reports);
            vec![format!("{reports} reports arrived, and all of them were stored. All stored ones are kept.")]
        }
        "installations" => vec![format!(
            "{} installations have sent {} reports so far.",
            grouped(truth.installations),
            grouped(truth.reports)
        )],
        _ => Vec::new(),
    };
    texts.iter().map(|text| plain(text)).collect()
}

/// How the overview tells how many are gone, after others that were new.
fn gone_text(gone: u64) -> String {
    if gone == 0 { String::new() } else { format!(" and {} reached 30 days of silence.", grouped(gone)) }
}

/// The rows of a bar chart: the most frequent label first, with its mean of a day and its share.
fn true_bars(fleet: &ShownFleet, of_day: CountsOfDay) -> Vec<Vec<String>> {
    let mut sums = CountsByName::new();
    for day in &fleet.truth.days {
        for (label, installations) in of_day(day) {
            *sums.entry(label).or_default() += installations;
        }
    }
    let (all, days) = (fleet.sum(|day| day.installations) as f64, fleet.truth.days.len() as f64);
    let mut sums: Vec<_> = sums.into_iter().filter(|(_, sum)| *sum > 0).collect();
    sums.sort_by(|(one_label, one), (other_label, other)| other.cmp(one).then(one_label.cmp(other_label)));
    let row = |(label, sum): (String, u64)| {
        let label = if label == "other" { "other, not told apart".to_owned() } else { label };
        vec![label, plain(&count(sum as f64 / days)), plain(&percent(sum as f64 / all))]
    };
    sums.into_iter().map(row).collect()
}

/// Checks the tables that some pages have beside bars.
async fn assert_tables(fleet: &ShownFleet, browser: &Browser, page: &str) {
    match page {
        "overview" => assert_retention(fleet, browser).await,
        "changes" => assert_changes(fleet, browser).await,
        "performance" => assert_performance(fleet, browser).await,
        _ => {}
    }
}

async fn assert_retention(fleet: &ShownFleet, browser: &Browser) {
    let shown = rows(browser, "section[aria-labelledby=retention] tbody tr", "th, td").await;
    assert_eq!(shown.len(), fleet.truth.retention.len());
    for (row, week) in shown.iter().zip(&fleet.truth.retention) {
        let new = week.active[0];
        let share = |active: &u64| plain(&percent(*active as f64 / new as f64));
        let shares: Vec<_> = week.active.iter().map(share).collect();
        let [year, _, day] = week.week.split('-').collect::<Vec<_>>()[..] else { panic!("{}", week.week) };
        let day = day.trim_start_matches('0');
        assert!(
            row[0].starts_with(&format!("{day} ")) && row[0].ends_with(year),
            "{} is {}",
            week.week,
            row[0]
        );
        assert_eq!(row[1], plain(&grouped(new)));
        assert_eq!(row[2..2 + shares.len()], shares, "{}", week.week);
    }
}

/// Every query and stage that a release made slower is named, with how much.
async fn assert_changes(fleet: &ShownFleet, browser: &Browser) {
    let shown = rows(browser, "section[aria-labelledby=found] tbody tr", "th, td").await;
    let slower = fleet.truth.regressions.iter().filter(|slower| slower.kind != "function");
    let slower: Vec<_> = slower.collect();
    assert_eq!(slower.len(), 2);
    for regression in slower {
        let found = shown.iter().find(|row| row[0].ends_with(&regression.name));
        let found = found.unwrap_or_else(|| panic!("{} is not in {shown:?}", regression.name));
        assert!(found[1].starts_with(&format!("{} of ", regression.version)), "{found:?}");
        let by: f64 = found[2].trim_start_matches('+').trim_end_matches(" %").parse().unwrap();
        let percent = regression.percent_of_before as f64 - 100.0;
        assert!((by - percent).abs() < 25.0, "{found:?} instead of {percent} %");
    }
}

/// The slower query is among the slow ones, and slower after its release than before.
async fn assert_performance(fleet: &ShownFleet, browser: &Browser) {
    let queries = rows(browser, "section[aria-labelledby=queries] tbody tr", "th").await;
    let compared = rows(browser, "section[aria-labelledby=queries-releases] tbody tr", "th, td").await;
    for regression in fleet.truth.regressions.iter().filter(|slower| slower.kind == "query") {
        assert!(queries.contains(&vec![regression.name.clone()]), "{queries:?}");
        let row = compared.iter().find(|row| row[0] == regression.name);
        let row = row.unwrap_or_else(|| panic!("{} is not in {compared:?}", regression.name));
        assert!(row.iter().any(|cell| cell.starts_with('+')), "{row:?}");
    }
}

/// Follows the link of the first installation of the list.
async fn open_an_installation(fleet: &ShownFleet, browser: &Browser) {
    fleet.show(browser, "installations").await;
    let link = "document.querySelector('main table a[href*=\"installations/\"]')";
    let address = browser.run(&format!("return {link}.pathname")).await;
    let uuid = address.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    browser.run(&format!("{link}.click()")).await;
    browser
        .wait_for(&format!(
            "return location.pathname === {address}
                && document.querySelector('#deletion') !== null && {IS_SHOWN}"
        ))
        .await;
    let said = content(browser).await;
    assert!(said.contains(&uuid), "{uuid} is not in {said}");
    let versions = fleet.truth.releases.iter().filter(|release| said.contains(&release.version));
    assert!(versions.count() > 0, "{said}");
    assert_no_errors(browser, "an installation").await;
}
