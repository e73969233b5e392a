//! Measures what one navigation costs on the page's main thread.
//!
//! `timing.js` times everything that runs because of one `pushState`: listeners, wrappers around the history,
//! timers, and the `fetch` that sends the view. What runs later because of an answer or the garbage collector
//! is not timed.

use anyhow::{Context, ensure};
use headcount_harness::browser::{Browser, Engine};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_shared::routes::{KeyPlaceholder, ROUTES, RouteTable};
use serde_json::{Value, json};

use super::{
    WIDTH,
    files::PageAssets,
    site::{BenchSite, TrackerVariant},
};

/// Navigations of each kind.
const NAVIGATIONS: usize = 500;

/// Navigations of one call of a script, which must not take half a minute.
const ROUND: usize = 100;

const TIMING: &str = include_str!("timing.js");

/// The parameters of a measurement.
#[derive(Debug, Clone, Copy)]
struct NavigationPlan {
    name: &'static str,
    engine: Engine,
    program: TrackerVariant,
    /// How many times slower the processor is. Only Chromium can be slowed down.
    slowed: u32,
    /// The pause between two navigations, in milliseconds. Chromium and Firefox ignore navigations beyond 200
    /// in ten seconds, WebKit beyond 100.
    pause: u32,
}

const DRIVES: [NavigationPlan; 5] = [
    NavigationPlan {
        name: "Chromium",
        engine: Engine::Chromium,
        program: TrackerVariant::Tracker,
        slowed: 1,
        pause: 60,
    },
    NavigationPlan {
        name: "Firefox",
        engine: Engine::Firefox,
        program: TrackerVariant::Tracker,
        slowed: 1,
        pause: 60,
    },
    NavigationPlan {
        name: "WebKit",
        engine: Engine::WebKit,
        program: TrackerVariant::Tracker,
        slowed: 1,
        pause: 110,
    },
    NavigationPlan {
        name: "Chromium, processor 4 times slower",
        engine: Engine::Chromium,
        program: TrackerVariant::Tracker,
        slowed: 4,
        pause: 60,
    },
    NavigationPlan {
        name: "the control, in Chromium",
        engine: Engine::Chromium,
        program: TrackerVariant::Control,
        slowed: 1,
        pause: 60,
    },
];

/// Measures and prints what a navigation costs with the routes of the web interface, and with a hundred
/// routes.
pub(crate) async fn on_the_main_thread(files: &PageAssets, measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nmicroseconds of the main thread for one navigation, {NAVIGATIONS} navigations");
    let tables = [("8 routes", ROUTES.join(" ")), ("100 routes", hundred_routes())];
    for (name, routes) in tables {
        println!("  {name}");
        for drive in DRIVES {
            let costs = drive.navigate(files, &routes).await?;
            print(drive, &costs);
            if drive.is_bounded() {
                let measure = format!("tracker: µs of a navigation, p99, {}, {name}", drive.name);
                measures.record(&measure, costs.whole.percentile(99))?;
            }
        }
    }
    Ok(())
}

/// The costs of navigations, in microseconds.
struct NavigationCosts {
    whole: SortedFigures,
    /// The part that the browser's `fetch` takes.
    request: SortedFigures,
    /// The smallest step of the clock.
    step: f64,
}

impl NavigationPlan {
    /// Whether a bound applies: to the tracker on an unthrottled processor.
    fn is_bounded(self) -> bool {
        self.slowed == 1 && self.program == TrackerVariant::Tracker
    }

    async fn navigate(self, files: &PageAssets, routes: &str) -> anyhow::Result<NavigationCosts> {
        let timing = format!("<script>{TIMING}</script>");
        let site = BenchSite::open(files, self.program, routes, &timing).await?;
        let browser = Browser::open_own(self.engine, WIDTH).await;
        browser.goto(&site.url("/of/no/route")).await;
        // The first view has arrived: the program is loaded, and the UUID has settled.
        site.arrivals(1).await?;
        ensure!(browser.run("return crossOriginIsolated").await == json!(true), "the clock is coarse");
        if self.slowed > 1 {
            browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": self.slowed })).await;
        }
        let step = browser.run("return clockStep()").await.as_f64().context("a clock has steps")? * 1e3;
        let mut costs = Vec::new();
        for round in paths(routes).chunks(ROUND) {
            let script = format!("return navigateThrough({}, {})", json!(round), self.pause);
            costs.extend(microseconds(browser.run(&script).await)?);
            all_were_counted(&site, routes, round).await?;
        }
        browser.close().await;
        let (whole, request) = costs.into_iter().unzip();
        Ok(NavigationCosts { whole: SortedFigures::new(whole), request: SortedFigures::new(request), step })
    }
}

/// The cost of each navigation, and the part of its request.
fn microseconds(costs: Value) -> anyhow::Result<Vec<(f64, f64)>> {
    let costs: Vec<(f64, f64)> = serde_json::from_value(costs).context("two numbers for each navigation")?;
    Ok(costs.into_iter().map(|(whole, request)| (whole * 1e3, request * 1e3)).collect())
}

/// Checks that every navigation was counted under the key of its path. Otherwise too little work was
/// measured.
async fn all_were_counted(site: &BenchSite, routes: &str, paths: &[String]) -> anyhow::Result<()> {
    let table = RouteTable::unchecked(routes.to_owned());
    let mut expected: Vec<String> =
        paths.iter().map(|path| table.page_key(path, KeyPlaceholder::Dollar)).collect();
    let arrivals = site.arrivals(paths.len()).await?;
    let mut counted: Vec<String> = arrivals.into_iter().map(|arrival| arrival.event.path).collect();
    // Requests may have used different connections, so their order is open.
    expected.sort();
    counted.sort();
    ensure!(counted == expected, "counted were {counted:?}");
    Ok(())
}

/// Routes of a product with many pages, all of one length and with the same parts.
fn hundred_routes() -> String {
    let routes: Vec<String> = (0..100)
        .map(|area| format!("/area{area}/:projectId/item/:id/:tab(overview|details|history)?"))
        .collect();
    routes.join(" ")
}

/// Paths that match all routes in turn, never one twice in a row.
fn paths(routes: &str) -> Vec<String> {
    let templates: Vec<&str> = routes.split(' ').collect();
    let path = |number: usize| {
        let template = templates.get(number % templates.len()).copied().unwrap_or_default();
        let segments = template.split('/').skip(1).map(|segment| match segment.split_once(':') {
            None => segment.to_owned(),
            Some((_, parameter)) if parameter.starts_with("tab") => "history".to_owned(),
            Some(_) => format!("a-name-of-usual-length-{number}"),
        });
        segments.fold(String::new(), |path, segment| format!("{path}/{segment}"))
    };
    (0..NAVIGATIONS).map(path).collect()
}

fn print(drive: NavigationPlan, NavigationCosts { whole, request, step }: &NavigationCosts) {
    println!(
        "    {:<38} 99th percentile {:.0}, median {:.0}, of which the request {:.0}; the clock has steps of {step:.0}",
        drive.name,
        whole.percentile(99),
        whole.median(),
        request.median()
    );
}
