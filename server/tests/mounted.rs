//! Tests the library in the axum program of another product, mounted in every way that axum has.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    net::SocketAddr,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path, State},
    routing::{any, any_service, get},
};
use headcount::{RouteTable, app::Server, config::Serve, http::StaticAssets};
use headcount_platform::clock::SystemClock;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

const ADMIN_TOKEN: &str = "a-token-for-tests-4fd1c6a09b";

/// The state of the product's own routes.
#[derive(Clone)]
struct ShopState {
    name: &'static str,
}

async fn repository(
    State(shop): State<ShopState>,
    Path((owner, repository)): Path<(String, String)>,
) -> String {
    format!("{} has {owner}/{repository}", shop.name)
}

/// A product with its own page at every address where that is possible.
fn product() -> Router<ShopState> {
    Router::new()
        .route("/", get(async || "the shop"))
        .route("/{owner}/{repository}", get(repository))
        .route("/{owner}/{repository}/{*file}", get(async || "a file"))
        .fallback(async || (StatusCode::NOT_FOUND, "the shop has no such page"))
}

/// The routes as a service, which has no state to wait for.
fn stateless(routes: Router<ShopState>) -> Router {
    routes.with_state(ShopState { name: "" })
}

/// A program that serves a product with the embedded library.
struct EmbeddingProgram {
    url: String,
    serving: JoinHandle<()>,
    server: Server,
    _dir: TempDir,
}

impl EmbeddingProgram {
    /// Starts one with these flags. `mount` makes the program of the library's routes and the product's.
    async fn start(
        flags: &[&str],
        mount: impl FnOnce(Router<ShopState>, Router<ShopState>) -> Router<ShopState>,
    ) -> Self {
        let (server, dir) = open(flags).await;
        let routes =
            mount(product(), server.router().with_state(())).with_state(ShopState { name: "the shop" });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Without `ConnectInfo`, as most programs are served.
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, serving, server, _dir: dir }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = client().get(format!("{}{path}", self.url)).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn close(self) {
        self.serving.abort();
        self.server.close().await;
    }

    /// The product answers its own addresses, and the library all of its own below `mount`.
    async fn check(&self, mount: &str) {
        for (path, status, text) in [
            ("/", StatusCode::OK, "the shop"),
            ("/rust-lang/rust", StatusCode::OK, "the shop has rust-lang/rust"),
            ("/rust-lang/rust/src/lib.rs", StatusCode::OK, "a file"),
            ("/nothing", StatusCode::NOT_FOUND, "the shop has no such page"),
        ] {
            assert_eq!(self.get(path).await, (status, text.to_owned()), "{mount} {path}");
        }

        assert_eq!(
            self.get(&format!("{mount}/health")).await,
            (StatusCode::OK, "ok\n".to_owned()),
            "{mount}"
        );
        let (status, script) = self.get(&format!("{mount}/static/tracker.js")).await;
        if StaticAssets::embedded().are_built() {
            assert_eq!(status, StatusCode::OK, "{mount} {script}");
            assert!(script.contains("/customers/:id"), "the tracker has the routes of the product");
        }
        let (status, style) = self.get(&format!("{mount}/static/sign-in.css")).await;
        assert_eq!((status, style.contains('{')), (StatusCode::OK, true), "{mount} {style}");
        self.check_the_interface(mount).await;

        let event = json!({
            "type": "route-open",
            "device_id": "20174a56-4a1e-41ca-a90d-b657d1fa873e",
            "device_size": "lg",
            "path": "/customers/$id",
        });
        let post = client().post(format!("{}{mount}/stats", self.url)).body(event.to_string());
        assert_eq!(post.send().await.unwrap().status(), StatusCode::NO_CONTENT, "{mount}");
        let (_, preview) = self.get(&format!("{mount}/api/usage-statistics/preview")).await;
        let preview: Value = serde_json::from_str(&preview).unwrap();
        assert_eq!(preview["ux"]["page_views"], json!({ "/customers/$id": 1 }), "{mount}");
        assert_eq!(preview["ux"]["users"].as_array().map(Vec::len), Some(1), "{mount}");
    }

    async fn check_the_interface(&self, mount: &str) {
        let (status, page) = self.get(&format!("{mount}/usage-statistics")).await;
        assert_eq!(status, StatusCode::OK, "{mount} {page}");
        assert!(page.contains(&format!("\"{mount}/static/style.css\"")), "{mount} {page}");
        let (_, description) = self.get(&format!("{mount}/api/openapi.json")).await;
        let description: Value = serde_json::from_str(&description).unwrap();
        assert_eq!(description["servers"], json!([{ "url": mount }]));
        // An address with parameters of its own.
        let (status, report) = self.get(&format!("{mount}/api/usage-statistics/reports/none")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{mount}");
        assert!(report.contains("report"), "{mount} {report}");
        let stranger = client().get(format!("{}{mount}/usage-statistics", self.url));
        let sign_in = stranger.header("accept", "text/html").send().await.unwrap();
        assert_eq!(sign_in.status(), StatusCode::UNAUTHORIZED, "{mount}");
        let form = [("token", ADMIN_TOKEN), ("to", &format!("{mount}/usage-statistics"))];
        let form = form.map(|(name, value)| format!("{name}={value}")).join("&");
        let signed_in =
            client().post(format!("{}{mount}/sign-in", self.url)).body(form).send().await.unwrap();
        let header = |name: &str| signed_in.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("location"), format!("{mount}/usage-statistics"));
        assert!(header("set-cookie").contains(&format!("Path={mount}/")), "{}", header("set-cookie"));
    }
}

async fn open(flags: &[&str]) -> (Server, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = format!("--data-dir={}", dir.path().display());
    let token = format!("--admin-token={ADMIN_TOKEN}");
    let own = ["--disable-profiling", "--collector-url=http://127.0.0.1:9/", "--first-report-after=1h"];
    let mut config =
        Serve::from_flags(&[&[data_dir.as_str(), token.as_str()], own.as_slice(), flags].concat()).unwrap();
    let mut pages = RouteTable::default();
    pages.add("/customers/:id").unwrap();
    config.routes = Some(pages);
    (Server::open(&config, Arc::new(SystemClock::new()), None).await.unwrap(), dir)
}

fn client() -> Client {
    let builder = headcount_outbound::client_builder().no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

#[tokio::test]
async fn the_routes_are_merged_beside_a_fallback_and_routes_with_parameters() {
    let host = EmbeddingProgram::start(&["--url-base-path=/usage/"], Router::merge).await;
    host.check("/usage").await;
    let (status, _) = host.get("/usage").await;
    assert_eq!(status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(host.get("/usage/").await.0, StatusCode::OK);
    assert_eq!(host.get("/usage/nothing").await.0, StatusCode::NOT_FOUND);
    host.close().await;
}

#[tokio::test]
async fn the_routes_are_merged_without_a_base_path_and_the_first_page_stays_that_of_the_program() {
    let host = EmbeddingProgram::start(&[], Router::merge).await;
    host.check("").await;
    host.close().await;
}

#[tokio::test]
async fn the_program_is_merged_into_the_routes_and_nested_with_them() {
    let host = EmbeddingProgram::start(&["--url-base-path=/usage/"], |product, routes| {
        let all = routes.merge(product);
        Router::new().nest("/shop", all.clone()).merge(all)
    });
    let host = host.await;
    host.check("/usage").await;
    host.check_the_interface("/shop/usage").await;
    host.close().await;
}

#[tokio::test]
async fn the_routes_are_nested() {
    let host = EmbeddingProgram::start(&[], |product, routes| product.nest("/usage", routes)).await;
    host.check("/usage").await;
    host.close().await;
}

#[tokio::test]
async fn the_routes_are_nested_below_an_address_that_begins_like_their_base_path() {
    let mount = |product: Router<ShopState>, routes: Router<ShopState>| product.nest("/api/v2", routes);
    let host = EmbeddingProgram::start(&["--url-base-path=/api/"], mount).await;
    host.check("/api/v2/api").await;
    host.close().await;
}

#[tokio::test]
async fn merged_without_a_base_path_methods_of_a_route_at_the_same_address_are_answered_by_the_program() {
    let mount = |product: Router<ShopState>, routes: Router<ShopState>| {
        product.route("/health", get(async || "the shop is well")).merge(routes)
    };
    let host = EmbeddingProgram::start(&[], mount).await;
    assert_eq!(host.get("/health").await, (StatusCode::OK, "the shop is well".to_owned()));
    let other = client().post(format!("{}/health", host.url)).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::METHOD_NOT_ALLOWED, "the library takes no such method");
    host.close().await;
}

#[tokio::test]
async fn merged_without_a_base_path_a_route_of_any_method_at_the_same_address_panics() {
    let (server, _dir) = open(&[]).await;
    for address in ["/health", "/metrics", "/stats", "/sign-in"] {
        let routes = server.router();
        let merge = || Router::new().route(address, any(async || "the shop")).merge(routes);
        assert!(panic::catch_unwind(AssertUnwindSafe(merge)).is_err(), "{address}");
    }
    server.close().await;
}

#[tokio::test]
async fn the_routes_are_nested_below_parameters_of_the_program() {
    let mount = |product: Router<ShopState>, routes: Router<ShopState>| {
        product.nest("/{owner}/{repository}/usage", routes)
    };
    let host = EmbeddingProgram::start(&[], mount).await;
    host.check("/acme/shop/usage").await;
    host.close().await;
}

#[tokio::test]
async fn the_routes_are_nested_as_a_service_with_and_without_their_base_path() {
    for flags in [[].as_slice(), &["--url-base-path=/usage/"]] {
        let host = EmbeddingProgram::start(flags, |product, routes| {
            product.nest_service("/usage", stateless(routes))
        })
        .await;
        host.check("/usage").await;
        assert_eq!(host.get("/usage").await.0, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(host.get("/usage/").await.0, StatusCode::OK);
        host.close().await;
    }
}

#[tokio::test]
async fn the_routes_are_a_service_of_routes() {
    let mount = |product: Router<ShopState>, routes: Router<ShopState>| {
        let routes = stateless(routes);
        product
            .route_service("/usage", routes.clone().into_service())
            .route_service("/usage/{*rest}", routes.into_service())
    };
    let host = EmbeddingProgram::start(&["--url-base-path=/usage/"], mount).await;
    host.check("/usage").await;
    host.close().await;
}

#[tokio::test]
async fn the_routes_are_a_service_of_any_method() {
    let mount = |product: Router<ShopState>, routes: Router<ShopState>| {
        product.route("/usage/{*rest}", any_service(stateless(routes)))
    };
    let host = EmbeddingProgram::start(&["--url-base-path=/usage/"], mount).await;
    host.check("/usage").await;
    host.close().await;
}

#[tokio::test]
async fn the_routes_are_served_alone_and_with_peers() {
    let (server, _dir) = open(&[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let peers = server.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, peers).await.unwrap() });
    for (path, status) in [
        ("/stats", StatusCode::NO_CONTENT),
        ("/", StatusCode::OK),
        ("/p/acme", StatusCode::OK),
        ("/usage-statistics", StatusCode::OK),
        ("/nothing", StatusCode::NOT_FOUND),
    ] {
        let answer = client().get(format!("{url}{path}")).bearer_auth(ADMIN_TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    serving.abort();
    server.close().await;
}

#[tokio::test]
async fn switched_off_for_the_run_the_mounted_tracker_forgets() {
    let off = ["--url-base-path=/usage/", "--disable-usage-statistics"];
    let host = EmbeddingProgram::start(&off, Router::merge).await;
    let (status, script) = host.get("/usage/static/tracker.js").await;
    assert_eq!((status, script.contains("removeItem")), (StatusCode::OK, true), "{script}");
    assert_eq!(host.get("/usage/stats").await.0, StatusCode::NOT_FOUND);
    host.close().await;
}
