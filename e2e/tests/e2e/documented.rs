//! Tests the examples in the documents: each is put on a page, and the page is visited.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    response::{Html, IntoResponse, Response},
    routing::any,
};
use headcount_harness::{
    browser::{Browser, Engine},
    command_output::output,
    example_site::{ExampleSite, built},
    http, in_every_engine,
    wait::eventually,
};
use headcount_shared::event::BrowserEvent;
use reqwest::Client;
use tokio::net::TcpListener;

use crate::setup::{SOON, TestSetup, own_address};

in_every_engine!(
    the_documented_script_counts_the_pages_of_the_documented_route_table,
    the_module_of_the_package_sends_what_its_readme_says,
    the_tables_of_vue_router_and_react_router_are_what_their_pages_are_counted_by,
    the_choice_of_the_package_s_readme_is_kept,
);

const EMBEDDING: &str = "docs/embedding.md";
const PACKAGE: &str = "frontend-tracker/npm/README.md";
const TRACKER: &str = "docs/tracker.md";

/// The width of browsers here: `lg` in every scheme.
const WIDTH: u32 = 1400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The only block of a document in this language that contains these words, without the indentation of its
/// fence.
fn block(document: &str, language: &str, words: &str) -> String {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let blocks = blocks(&text).into_iter().filter(|(its, block)| its == language && block.contains(words));
    let mut found: Vec<_> = blocks.map(|(_, block)| block).collect();
    assert_eq!(found.len(), 1, "{document} has one block in {language} with {words:?}: {found:?}");
    found.remove(0)
}

/// The languages and texts of all blocks.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let indentation = line.len() - line.trim_start().len();
        let inside = lines.by_ref().take_while(|line| line.trim_start() != "```");
        let inside = inside.map(|line| format!("{}\n", line.get(indentation..).unwrap_or_default()));
        found.push((language.to_owned(), inside.collect()));
    }
    found
}

#[test]
fn a_block_is_found_without_its_indentation() {
    let text = "a\n\n* b\n\n  ```html\n  <p>\n    c\n  ```\n```\nd\n```\n";
    let expected = [("html", "<p>\n  c\n"), ("", "d\n")];
    assert_eq!(blocks(text), expected.map(|(language, text)| (language.to_owned(), text.to_owned())));
}

/// A product with the same HTML in every page, and a server below `/stats-of-mine/`.
#[derive(Clone)]
struct DocumentedProduct {
    client: Client,
    server: Arc<str>,
}

/// Serves a product until the test ends.
async fn serve(server: &str, page: String) -> SocketAddr {
    let product = DocumentedProduct { client: http::client().unwrap(), server: server.into() };
    let routes = Router::new()
        .route("/stats-of-mine/{*path}", any(pass_on))
        .fallback(async move || Html(page))
        .with_state(product);
    let listener = TcpListener::bind(own_address()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// Forwards a request to the server.
async fn pass_on(State(product): State<DocumentedProduct>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = to_bytes(body, 4096).await.unwrap();
    let path = head.uri.path().trim_start_matches("/stats-of-mine/");
    let asked = product.client.request(head.method.clone(), format!("{}{path}", product.server));
    let answer = asked.body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap()).into_response()
}

async fn the_documented_script_counts_the_pages_of_the_documented_route_table(engine: Engine) {
    let setup = TestSetup::new();
    let table = setup.path("routes");
    fs::write(&table, block(EMBEDDING, "text", "/customers/:id")).unwrap();
    let server = setup.server_to("http://127.0.0.1:9/").flag("--url-base-path", "/stats-of-mine/");
    let server = server.flag("--routes", &table).start().await.unwrap();
    let script = block(EMBEDDING, "html", "<script");
    let tracker = fs::read_to_string(root().join(TRACKER)).unwrap();
    assert!(tracker.contains(&format!("`{}`", script.trim())), "{TRACKER} has the same element");
    let page = format!(
        r#"<!doctype html><title>Shop</title><link rel="icon" href="data:,">{script}<h1>A page</h1>"#
    );
    let address = serve(&server.url(""), page).await;
    let browser = Browser::open(engine, WIDTH).await;
    browser.goto(&format!("http://{address}/customers/7/orders/9/items?invite=1")).await;
    let views = async || setup.preview(&server).await.ux.page_views;
    let expected = [("/customers/$id/orders/$order/items", 1)];
    counts(&expected, views).await;
    browser.push("/docs/a/b").await;
    counts(&[expected[0], ("/docs/*", 1)], views).await;
    browser.close().await;
}

/// Waits until these views are counted.
async fn counts(expected: &[(&str, u64)], views: impl AsyncFn() -> BTreeMap<String, u64>) {
    let expected: BTreeMap<_, _> = expected.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
    let counted = async || (views().await == expected).then_some(());
    if eventually("the views are counted", SOON, counted).await.is_err() {
        assert_eq!(views().await, expected);
    }
}

/// Bundles a module with the packages of an example application, and serves it in a page at every address.
async fn bundled(setup: &TestSetup, application: &str, module: &str) -> ExampleSite {
    let installed = built(&format!("work/frontend-tracker/examples/{application}")).unwrap();
    let directory = setup.path("site");
    fs::create_dir(&directory).unwrap();
    let source = setup.path("module.js");
    fs::write(&source, module).unwrap();
    std::os::unix::fs::symlink(installed.join("node_modules"), setup.path("node_modules")).unwrap();
    let mut esbuild = Command::new("esbuild");
    esbuild
        .arg(&source)
        .args([
            "--bundle",
            "--format=esm",
            "--log-level=warning",
            "--define:process.env.NODE_ENV=\"production\"",
        ])
        .arg(format!("--outfile={}", directory.join("module.js").display()));
    let done = output(esbuild).await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // As the README of the package describes it for esbuild.
    let program = "tracker_bg.wasm";
    fs::copy(installed.join("node_modules/headcount-tracker").join(program), directory.join(program))
        .unwrap();
    let page = r#"<!doctype html><title>Shop</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="/module.js"></script>"#;
    fs::write(directory.join("index.html"), page).unwrap();
    ExampleSite::keeping_of(&directory, own_address()).await.unwrap()
}

/// Waits for so many views.
async fn views(site: &ExampleSite, count: usize) -> Vec<BrowserEvent> {
    let enough = async || Some(site.views().unwrap()).filter(|views| views.len() >= count);
    eventually("the views arrive", SOON, enough).await.unwrap()
}

fn keys(views: &[BrowserEvent]) -> Vec<&str> {
    views.iter().map(|view| view.path.as_str()).collect()
}

async fn the_module_of_the_package_sends_what_its_readme_says(engine: Engine) {
    let setup = TestSetup::new();
    let site = bundled(&setup, "vue3-vuetify3", &block(PACKAGE, "js", "/projects/:project/settings")).await;
    let browser = Browser::open(engine, WIDTH).await;
    browser.goto(&site.url("/projects/acme/settings/alerts?invite=7#top")).await;
    let sent = views(&site, 1).await.remove(0);
    let mut said = BrowserEvent::parse(block(PACKAGE, "json", "route-open").as_bytes()).unwrap();
    said.device_id = sent.device_id;
    assert_eq!(sent, said);
    browser.close().await;
}

async fn the_tables_of_vue_router_and_react_router_are_what_their_pages_are_counted_by(engine: Engine) {
    let vue = format!(
        "import {{ createApp }} from 'vue'
        import {{ createRouter, createWebHistory }} from 'vue-router'
        import {{ start }} from 'headcount-tracker'
        const component = {{ render: () => 'A page' }}
        const routes = [{{ path: '/', component }}, {{ path: '/projects/:project', component }}]
        {}
        createApp({{ render: () => 'Shop' }}).use(router).mount('#app')
        globalThis.go = path => router.push(path)",
        block(PACKAGE, "js", "createWebHistory()")
    );
    let react = format!(
        "import {{ createBrowserRouter }} from 'react-router'
        import {{ start }} from 'headcount-tracker'
        const routes = [{{ path: '/', children: [{{ index: true }}, {{ path: 'projects/:project' }}] }}]
        {}
        globalThis.go = path => router.navigate(path)",
        block(PACKAGE, "js", "createBrowserRouter")
    );
    for (application, module) in [("vue3-vuetify3", vue), ("react-router", react)] {
        let setup = TestSetup::new();
        let site = bundled(&setup, application, &module).await;
        let browser = Browser::open(engine, WIDTH).await;
        browser.goto(&site.url("/")).await;
        assert_eq!(keys(&views(&site, 1).await), ["/"], "{application}");
        browser.run("go('/projects/acme')").await;
        assert_eq!(keys(&views(&site, 2).await), ["/", "/projects/$project"], "{application}");
        browser.close().await;
    }
}

async fn the_choice_of_the_package_s_readme_is_kept(engine: Engine) {
    let setup = TestSetup::new();
    let choice = block(PACKAGE, "js", "optOut()");
    let module = format!("{choice}\nglobalThis.tracker = {{ optIn, state: () => status().state }}");
    let site = bundled(&setup, "vue3-vuetify3", &module).await;
    let browser = Browser::open(engine, WIDTH).await;
    browser.goto(&site.url("/")).await;
    browser.wait_for("return globalThis.tracker?.state() === 'opted-out'").await;
    browser.wait_for("return localStorage.getItem('headcount-opt-out') === '1'").await;
    browser.run("tracker.optIn()").await;
    browser.wait_for("return tracker.state() === 'off' && localStorage.length === 0").await;
    browser.close().await;
}

#[test]
fn the_documented_shop_is_the_one_that_the_example_in_leptos_has() {
    let source = fs::read_to_string(root().join("frontend-tracker/examples/leptos/documented.rs")).unwrap();
    let (_, shop) = source.split_once("// docs/embedding.md\n").unwrap();
    assert_eq!(block(EMBEDDING, "rust", "<CountedRoutes"), shop);
}
