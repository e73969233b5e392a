//! Serves the page that starts the web interface, at every address of it.

mod frame;
mod off;
mod plain;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};
use headcount_shared::routes::{KeyPlaceholder, ROUTES, RouteTable, UNMATCHED};
use headcount_web::{access::AccessControl, document::HtmlDocument};

use super::assets::StaticAssets;
use crate::app::statistics_service::StatisticsService;

/// Sends the page, with status 404 for an unknown address. If statistics are off for the whole run, sends the
/// page that states that.
pub async fn page(
    access: AccessControl,
    State(statistics): State<Arc<StatisticsService>>,
    State(assets): State<Arc<StaticAssets>>,
    uri: Uri,
) -> Response {
    let key = RouteTable::of_the_interface().page_key(uri.path(), KeyPlaceholder::default());
    let status = if key == UNMATCHED { StatusCode::NOT_FOUND } else { StatusCode::OK };
    if let Some(by) = statistics.off_by() {
        return (status, Html(off::html(access.base_path().as_str(), by))).into_response();
    }
    let is_counted = statistics.running().is_some();
    (status, Html(html(access.base_path().as_str(), is_counted, assets.are_built()))).into_response()
}

/// The tracker's element in the page's head. Its WebAssembly is not preloaded: only the script knows whether
/// this browser was opted out. Neither `base` nor a route needs escaping.
fn tracker(base: &str) -> String {
    let routes = ROUTES.join(" ");
    format!(
        r#"<script type="module" src="{base}static/tracker.js" data-headcount data-base="{base}" data-routes="{routes}"></script>"#
    )
}

/// Renders the page, without a tracker while statistics are off. `base` needs no escaping: see
/// [`BasePath`](crate::config::BasePath).
fn html(base: &str, is_counted: bool, with_interface: bool) -> String {
    let tracker = if is_counted { tracker(base) } else { String::new() };
    let body = if with_interface {
        format!(
            r#"<script type="module" src="{base}static/ui.js"></script>
{}
{}"#,
            frame::html(base),
            plain::html(base, is_counted)
        )
    } else {
        "<p>This server was built without its web interface. <code>make build</code> builds both.</p>"
            .to_owned()
    };
    let document =
        HtmlDocument { base, title: "Headcount", stylesheet: "style.css", head: &tracker, body: &body };
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switched_off_the_page_has_no_tracker() {
        assert!(
            html("/", true, true).contains(r#"src="/static/tracker.js" data-headcount data-base="/" data-"#)
        );
        assert!(!html("/", false, true).contains("tracker"));
    }

    #[test]
    fn the_tracker_gets_the_routes_of_the_interface() {
        let html = tracker("/");
        let (_, routes) = html.split_once("data-routes=\"").unwrap();
        let (routes, _) = routes.split_once('"').unwrap();
        assert_eq!(routes.split(' ').collect::<Vec<_>>(), ROUTES);
        assert!(!routes.contains(['&', '<', '>']), "this would have to be escaped: {routes}");
    }

    #[test]
    fn the_program_of_the_tracker_is_fetched_by_its_script_alone() {
        let html = html("/", true, true);
        assert!(!html.contains("preload"), "{html}");
        assert!(!html.contains(".wasm"), "{html}");
    }

    #[test]
    fn without_webassembly_the_page_says_what_the_interface_would() {
        let html = html("/", true, true);
        assert!(html.contains(r#"<a href="/api/usage-statistics/preview">"#), "{html}");
        assert!(html.contains("--disable-usage-statistics"), "{html}");
    }

    #[test]
    fn the_page_shows_something_before_its_program_is_there() {
        let html = html("/coroot/", true, true);
        let (_, frame) = html.split_once(r#"<div id="frame">"#).unwrap();
        let (frame, _) = frame.split_once("</div>").unwrap();
        assert!(frame.contains("Headcount</a>") && frame.contains("Loading…"), "{frame}");
    }

    #[test]
    fn everything_is_under_the_base_path() {
        let html = html("/coroot/", true, true);
        assert_eq!(html.matches("api/").count(), html.matches("/coroot/api/").count());
        assert_eq!(html.matches("\"/coroot/static/").count(), 6);
        assert!(!html.contains("\"/static/"));
    }
}
