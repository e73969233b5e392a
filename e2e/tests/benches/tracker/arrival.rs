//! Measures the time from the beginning of a navigation to the arrival of its view at the server.
//!
//! It uses Chromium on a slow network and a slow processor, with a new profile for every run. The runs of the
//! programs alternate, so that all see the same noise, and each round begins with another program.

use anyhow::{Context, ensure};
use headcount_harness::browser::{Browser, Engine};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_shared::routes::ROUTES;
use serde_json::json;

use super::{
    WIDTH,
    files::PageAssets,
    site::{BenchSite, TrackerVariant, ViewArrival},
};

const ROUNDS: usize = 9;

/// Round trip, in milliseconds.
const ROUND_TRIP: u32 = 150;

/// Bytes per second, up and down.
const BANDWIDTH: u32 = 200 * 1024;

/// How many times slower the processor is.
const SLOWED: u32 = 4;

const PATH: &str = "/p/shop";
const KEY: &str = "/p/$projectId";

/// Whether the browser has visited the site before. Its cache is always empty: a cached file would be
/// requested again anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VisitKind {
    /// The UUID is new and has to settle.
    First,
    /// The UUID is stored.
    Return,
}

impl VisitKind {
    /// The compared programs with their names, the control first.
    const fn programs(self) -> &'static [(TrackerVariant, &'static str)] {
        const CONTROL: (TrackerVariant, &str) = (TrackerVariant::Control, "control");
        const TRACKER: (TrackerVariant, &str) = (TrackerVariant::Tracker, "tracker");
        const COPY: (TrackerVariant, &str) = (TrackerVariant::Copy, "copy of the tracker, which asks first");
        match self {
            Self::First => {
                &[CONTROL, TRACKER, COPY, (TrackerVariant::Unsettled, "control that does not settle")]
            }
            Self::Return => &[CONTROL, TRACKER, COPY],
        }
    }

    /// The name of the tracker's measure in the list.
    const fn measure(self) -> &'static str {
        match self {
            Self::First => "tracker: ms to the first view, beyond a control",
            Self::Return => "tracker: ms to the view of a later visit, beyond a control",
        }
    }

    /// The script that runs in the empty page before the measurement.
    const fn script(self) -> &'static str {
        match self {
            Self::First => "localStorage.clear()",
            Self::Return => {
                "localStorage.setItem('headcount-device-id:/', '20174a56-4a1e-41ca-a90d-b657d1fa873e')"
            }
        }
    }
}

/// Measures and prints the times from the beginning of a navigation to the arrival of its view.
pub(crate) async fn of_the_first_view(files: &PageAssets, measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!(
        "\nmilliseconds from navigation to arrival, {ROUND_TRIP} ms round trip, {} KiB/s, processor {SLOWED} times slower, {ROUNDS} rounds",
        BANDWIDTH / 1024
    );
    for (visit, name) in [
        (VisitKind::First, "first visit: the UUID is new, and settles for 100 ms"),
        (VisitKind::Return, "later visit: the UUID is stored, nothing is cached"),
    ] {
        println!("  {name}");
        let times = measured(files, visit).await?;
        print(visit.programs(), &times);
        if let [control, tracker, ..] = times.as_slice() {
            measures.record(visit.measure(), tracker.median() - control.median())?;
        }
    }
    Ok(())
}

/// Measures the times of all programs for a kind of visit, in their order.
async fn measured(files: &PageAssets, visit: VisitKind) -> anyhow::Result<Vec<SortedFigures>> {
    let programs = visit.programs();
    let mut times = vec![Vec::new(); programs.len()];
    for round in 0..ROUNDS {
        for turn in 0..programs.len() {
            let at = (round + turn) % programs.len();
            if let (Some((program, _)), Some(times)) = (programs.get(at), times.get_mut(at)) {
                times.push(run(files, visit, *program).await?);
            }
        }
    }
    Ok(times.into_iter().map(SortedFigures::new).collect())
}

/// Measures one navigation of a new browser, in milliseconds from its beginning. Browser and server use the
/// clock of this machine.
async fn run(files: &PageAssets, visit: VisitKind, program: TrackerVariant) -> anyhow::Result<f64> {
    let site = BenchSite::open(files, program, &ROUTES.join(" "), "").await?;
    let browser = Browser::open_own(Engine::Chromium, WIDTH).await;
    browser.goto(&site.quiet()).await;
    browser.run(visit.script()).await;
    slow_down(&browser).await;
    browser.goto(&site.url(PATH)).await;
    let arrivals = site.arrivals(1).await?;
    let began = browser.run("return performance.timeOrigin").await;
    browser.close().await;
    let [ViewArrival { at, event }] = arrivals.as_slice() else { anyhow::bail!("more than one view") };
    ensure!(event.path == KEY && event.device_size.as_str() == "lg", "another view: {event:?}");
    Ok(at - began.as_f64().context("a navigation begins at some time")?)
}

async fn slow_down(browser: &Browser) {
    browser.devtools("Network.enable", json!({})).await;
    let network = json!({
        "offline": false,
        "latency": ROUND_TRIP,
        "downloadThroughput": BANDWIDTH,
        "uploadThroughput": BANDWIDTH,
    });
    browser.devtools("Network.emulateNetworkConditions", network).await;
    browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": SLOWED })).await;
}

fn print(programs: &[(TrackerVariant, &str)], times: &[SortedFigures]) {
    let control = times.first().map_or(f64::NAN, SortedFigures::median);
    for ((program, name), times) in programs.iter().zip(times) {
        print!("    {name:<38} {times}");
        match program {
            TrackerVariant::Control | TrackerVariant::Unsettled => println!(),
            TrackerVariant::Copy | TrackerVariant::Tracker => {
                println!("; {:+.0} to the control", times.median() - control);
            }
        }
    }
}
