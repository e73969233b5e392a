//! Tests that a view is counted for every navigation that a router has settled, and for nothing else.
//!
//! The routers report where they arrived, and by which route. A view is the last arrival in a task, if its
//! path differs from the one before.

use std::net::{Ipv4Addr, SocketAddr};

use headcount_harness::{
    browser::{Browser, Engine},
    example_site::ExampleSite,
    in_every_engine,
    wait::{SOON, eventually},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde::Deserialize;
use serde_json::{Value, json};

in_every_engine!(vue_router_3_is_followed, vue_router_4_is_followed, react_router_is_followed);

/// The number of random walks.
const WALKS: u64 = 3;

/// The number of steps of a random walk.
const STEPS: usize = 30;

/// The targets of steps; each is handled differently.
const PLACES: [&str; 22] = [
    "/",
    "/items",
    "/items?sort=name",
    "/items#end",
    "?page=2",
    "#top",
    "/items/1",
    "/items/2",
    "/items/2/notes",
    "/items/2/parts",
    "/items/2/parts/7",
    "/items/3/parts/7?open",
    "/lazy",
    "/old",
    "/older",
    "/login",
    "/guarded",
    "/late-guarded",
    "/later",
    "/blocked",
    "/failing",
    "/no/such/page",
];

/// Targets that a router reaches in a later task, so that another navigation can overtake it.
const SLOW: [&str; 2] = ["/late-guarded", "/later"];

/// An arrival of a router.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct RouterArrival {
    /// Arrivals without a pause between them have the same number.
    task: u64,
    path: String,
    /// The key under which a view there is counted.
    key: String,
}

async fn vue_router_3_is_followed(engine: Engine) {
    follow(engine, "vue-router3").await;
}

async fn vue_router_4_is_followed(engine: Engine) {
    follow(engine, "vue-router4").await;
}

async fn react_router_is_followed(engine: Engine) {
    follow(engine, "react-router").await;
}

async fn follow(engine: Engine, router: &str) {
    let browser = Browser::open(engine, 1400).await;
    walk(&browser, router, "every kind of step", &every_kind_of_step()).await;
    for seed in 0..WALKS {
        walk(&browser, router, &format!("seed {seed}"), &random_steps(seed)).await;
    }
    browser.close().await;
}

/// Every kind of navigation, once.
fn every_kind_of_step() -> Vec<Value> {
    let steps = [
        json!(["push", "/items"]),
        json!(["push", "/items?sort=name"]),
        json!(["push", "#end"]),
        json!(["push", "/items/1"]),
        json!(["push", "/items/2"]),
        json!(["push", "/items/2"]),
        json!(["push", "/items/2/parts"]),
        json!(["push", "/items/2/parts/7"]),
        json!(["replace", "/items/2/notes"]),
        json!(["push", "/lazy"]),
        json!(["push", "/old"]),
        json!(["push", "/older"]),
        json!(["push", "/guarded"]),
        json!(["push", "/late-guarded"]),
        json!(["push", "/blocked"]),
        json!(["push", "/failing"]),
        json!(["push", "/later"]),
        json!(["overtake", ["/later", "/items/3"]]),
        json!(["overtake", ["/items/1", "/items/2"]]),
        json!(["go", -1]),
        json!(["go", -2]),
        json!(["go", 3]),
        json!(["replace", "/older"]),
        json!(["push", "/no/such/page"]),
        json!(["go", -1]),
    ];
    steps.into()
}

fn random_steps(seed: u64) -> Vec<Value> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut step = || {
        let place = PLACES.choose(&mut chance).copied();
        let slow = SLOW.choose(&mut chance).copied();
        let by = [-2, -1, -1, 1, 2].choose(&mut chance).copied();
        match chance.random_range(0..10) {
            0..5 => json!(["push", place]),
            5 => json!(["replace", place]),
            6 => json!(["overtake", [slow, place]]),
            _ => json!(["go", by]),
        }
    };
    (0..STEPS).map(|_| step()).collect()
}

/// Takes the steps in a new page, and after each one compares the counted views with the arrivals of the
/// router.
async fn walk(browser: &Browser, router: &str, name: &str, steps: &[Value]) {
    let application = format!("routers/{router}");
    let site = ExampleSite::keeping(&application, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    browser.goto(&site.url("/")).await;
    browser.wait_for("return typeof perform === 'function'").await;
    // Surplus views arrive at the latest with these two, which are unique.
    let last = [json!(["push", "/end"]), json!(["push", "/items/last"])];
    let mut before = 0;
    for (at, step) in steps.iter().chain(&last).enumerate() {
        let settled = browser.run(&format!("return perform({step})")).await;
        let settled: Vec<RouterArrival> = serde_json::from_value(settled).unwrap();
        let mut expected = views(&settled);
        let arrived = async || (site.views().unwrap().len() >= expected.len()).then_some(());
        // The assertions below report what is missing.
        eventually("the views arrive", SOON, arrived).await.ok();
        let mut counted: Vec<String> = site.views().unwrap().into_iter().map(|view| view.path).collect();
        // Views of one step use different connections, so their order is open.
        let known = before;
        before = expected.len();
        for keys in [&mut expected, &mut counted] {
            keys.drain(..known.min(keys.len()));
            keys.sort();
        }
        assert_eq!(counted, expected, "{router}, {name}, after {at}: {step}");
    }
}

/// The keys of the arrivals that are views.
fn views(arrivals: &[RouterArrival]) -> Vec<String> {
    let tasks = arrivals.chunk_by(|before, next| before.task == next.task);
    let mut settled: Vec<&RouterArrival> = tasks.filter_map(<[RouterArrival]>::last).collect();
    settled.dedup_by(|next, before| next.path == before.path);
    settled.into_iter().map(|arrival| arrival.key.clone()).collect()
}
