//! Tests that the Leptos example counts exactly the pages that its router shows.

use headcount_harness::{
    browser::{Browser, Engine},
    example_site::ExampleSite,
    in_every_engine,
    wait::eventually,
};
use serde_json::json;

use crate::setup::{SOON, own_address};

in_every_engine!(
    every_page_that_the_router_settles_on_is_counted_once_under_its_route,
    a_redirect_of_the_first_page_is_one_view_of_where_it_leads,
    the_documented_shop_counts_its_pages
);

/// An action of a visitor.
#[derive(Debug, Clone, Copy)]
enum VisitorStep {
    /// Clicks the link with this text.
    Link(&'static str),
    /// The program goes to a path below its base.
    Go(&'static str),
    /// The program goes to a path that replaces the current history entry.
    GoInstead(&'static str),
    /// The program goes to a path, and at once to another one that replaces it.
    GoTwice(&'static str, &'static str),
    /// Moves by this number of history entries.
    History(i32),
}

impl VisitorStep {
    fn script(self) -> String {
        match self {
            Self::Link(text) => {
                format!(
                    "[...document.querySelectorAll('nav a')].find(link => link.textContent === {}).click()",
                    json!(text)
                )
            }
            Self::Go(path) => go(path, "push"),
            Self::GoInstead(path) => go(path, "replace"),
            Self::GoTwice(first, second) => [go(first, "push"), go(second, "replace")].join(";"),
            Self::History(entries) => format!("history.go({entries})"),
        }
    }
}

fn go(path: &str, button: &str) -> String {
    format!(
        "{{ const field = document.getElementById('address'); field.value = {};
           field.dispatchEvent(new Event('input', {{ bubbles: true }})); document.getElementById('{button}').click() }}",
        json!(path)
    )
}

/// Steps, each with the address that it leads to and the key of its view, if it is one.
const WALK: [(VisitorStep, &str, Option<&str>); 27] = [
    (VisitorStep::Link("Customer 7"), "/customers/7", Some("/customers/$id")),
    (VisitorStep::Link("Sorted"), "/customers/7?sort=name", None),
    (VisitorStep::Link("Last"), "/customers/7#last", None),
    (VisitorStep::Go("/customers/7/bills"), "/customers/7/bills", Some("/customers/$id/bills")),
    (VisitorStep::Go("/customers/7/secret"), "/customers/7/secret", Some("/customers/$id/other")),
    (
        VisitorStep::Go("/customers/7/orders/15"),
        "/customers/7/orders/15",
        Some("/customers/$id/orders/$order"),
    ),
    (
        VisitorStep::GoInstead("/customers/9/orders/16"),
        "/customers/9/orders/16",
        Some("/customers/$id/orders/$order"),
    ),
    (VisitorStep::History(-1), "/customers/7/secret", Some("/customers/$id/other")),
    (VisitorStep::History(-2), "/customers/7#last", Some("/customers/$id")),
    (VisitorStep::History(3), "/customers/9/orders/16", Some("/customers/$id/orders/$order")),
    (VisitorStep::Link("Client 8"), "/customers/8", Some("/customers/$id")),
    (VisitorStep::Go("/clients/8"), "/customers/8", None),
    (VisitorStep::Go("/customers/new"), "/customers/new", Some("/customers/new")),
    (VisitorStep::Go("/files"), "/files", Some("/files")),
    (VisitorStep::Go("/files/a/b/c"), "/files/a/b/c", Some("/files/$path")),
    (VisitorStep::Go("/files/a/b/c?page=2"), "/files/a/b/c?page=2", None),
    (VisitorStep::Go("/files/a/d"), "/files/a/d", Some("/files/$path")),
    (VisitorStep::Go("/about"), "/about", Some("/about")),
    (VisitorStep::Go("/de/about"), "/de/about", Some("/$language/about")),
    (
        VisitorStep::GoTwice("/customers/1", "/customers/2/notes"),
        "/customers/2/notes",
        Some("/customers/$id/notes"),
    ),
    (VisitorStep::Go("/no/such/page"), "/no/such/page", Some("(unmatched)")),
    (VisitorStep::Go("/no/other/page"), "/no/other/page", Some("(unmatched)")),
    (VisitorStep::GoInstead("/customers/new?from=menu"), "/customers/new?from=menu", Some("/customers/new")),
    (VisitorStep::GoInstead("/customers/new#form"), "/customers/new#form", None),
    (VisitorStep::History(-1), "/no/such/page", Some("(unmatched)")),
    (VisitorStep::Link("Overview"), "/", Some("/")),
    (VisitorStep::Go("/customers/%F0%9F%A6%80"), "/customers/%F0%9F%A6%80", Some("/customers/$id")),
];

/// The keys of the pages that the router has shown, as the page lists them.
async fn shown(browser: &Browser) -> Vec<String> {
    let items = "return [...document.querySelectorAll('#shown li')].map(item => item.textContent)";
    serde_json::from_value(browser.run(items).await).unwrap()
}

/// The keys of all counted views.
fn counted(site: &ExampleSite) -> Vec<String> {
    site.views().unwrap().into_iter().map(|view| view.path).collect()
}

/// Waits until the router has shown these pages and they are counted.
async fn agree(browser: &Browser, site: &ExampleSite, expected: &[&str]) {
    let agreed = eventually("what is shown is counted", SOON, async || {
        (shown(browser).await == expected && counted(site) == expected).then_some(())
    });
    if agreed.await.is_err() {
        assert_eq!(shown(browser).await, expected);
        assert_eq!(counted(site), expected);
    }
}

/// Waits until the page is at this address below the base.
async fn is_at(browser: &Browser, address: &str) {
    let address = json!(["/shop", address].concat());
    browser
        .wait_for(&format!("return location.pathname + location.search + location.hash === {address}"))
        .await;
}

async fn every_page_that_the_router_settles_on_is_counted_once_under_its_route(engine: Engine) {
    let site = ExampleSite::keeping("leptos", own_address()).await.unwrap();
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&site.url("/shop/")).await;
    let mut expected = vec!["/"];
    agree(&browser, &site, &expected).await;
    for (step, address, view) in WALK {
        browser.run(&step.script()).await;
        is_at(&browser, address).await;
        expected.extend(view);
        agree(&browser, &site, &expected).await;
    }
    if engine == Engine::Chromium {
        assert_eq!(browser.errors().await, Vec::<String>::new());
    }
    browser.close().await;
}

async fn a_redirect_of_the_first_page_is_one_view_of_where_it_leads(engine: Engine) {
    let site = ExampleSite::keeping("leptos", own_address()).await.unwrap();
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&site.url("/shop/clients/8?from=mail")).await;
    is_at(&browser, "/customers/8").await;
    counts(&site, &["/customers/$id"]).await;
    browser.run(&VisitorStep::Go("/about").script()).await;
    counts(&site, &["/customers/$id", "/about"]).await;
    browser.close().await;
}

async fn the_documented_shop_counts_its_pages(engine: Engine) {
    let site = ExampleSite::keeping("leptos", own_address()).await.unwrap();
    let browser = Browser::open(engine, 1400).await;
    browser.goto(&site.url("/shop/customers/7/bills#documented")).await;
    browser.wait_for("return document.body.innerText.includes('A customer')").await;
    counts(&site, &["/customers/$id/bills"]).await;
    browser.push("/shop/customers/7/secret").await;
    counts(&site, &["/customers/$id/bills", "/customers/$id/other"]).await;
    browser.close().await;
}

/// Waits for this number of views, and checks their keys.
async fn counts(site: &ExampleSite, expected: &[&str]) {
    let enough = eventually("the views are counted", SOON, async || {
        (counted(site).len() >= expected.len()).then_some(())
    });
    enough.await.unwrap();
    assert_eq!(counted(site), expected);
}
