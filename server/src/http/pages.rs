//! The page that the web interface starts from, for every address of it.

mod off;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};
use headcount_shared::routes::{Placeholder, ROUTES, RouteTable, UNMATCHED};

use super::assets::Assets;
use crate::{app::statistics::Statistics, config::BasePath};

/// Sends the page; with status 404 for an address that the web interface does not have. While statistics are off for the whole
/// run, it is the page that says so.
pub async fn page(
    State(base_path): State<Arc<BasePath>>,
    State(statistics): State<Arc<Statistics>>,
    State(assets): State<Arc<Assets>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let key = RouteTable::of_the_interface().page_key(uri.path(), Placeholder::default());
    let status = if key == UNMATCHED { StatusCode::NOT_FOUND } else { StatusCode::OK };
    if let Some(by) = statistics.off_by() {
        return (status, Html(off::html(base_path.as_str(), by))).into_response();
    }
    let tracker = statistics.running().map(|_| Tracker::for_browser(&headers));
    (status, Html(html(base_path.as_str(), tracker, assets.are_built()))).into_response()
}

/// How the tracker comes with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tracker {
    /// Its program is fetched beside its script, and not after it.
    AtOnce,
    /// Its script alone, which finds the same and fetches nothing more: the browser asks not to be tracked.
    Declined,
}

impl Tracker {
    fn for_browser(headers: &HeaderMap) -> Self {
        let asks = |name| headers.get(name).is_some_and(|value| value.as_bytes() == b"1");
        if asks("sec-gpc") || asks("dnt") { Self::Declined } else { Self::AtOnce }
    }

    /// The elements in the page's head. Neither `base` nor a route needs escaping.
    fn html(self, base: &str) -> String {
        let preload = match self {
            Self::AtOnce => format!(
                r#"<link rel="preload" as="fetch" crossorigin href="{base}static/tracker_bg.wasm">
"#
            ),
            Self::Declined => String::new(),
        };
        let routes = ROUTES.join(" ");
        format!(
            r#"{preload}<script type="module" src="{base}static/tracker.js" data-headcount data-base="{base}" data-routes="{routes}"></script>"#
        )
    }
}

/// The page. With statistics off it has no tracker. `base` needs no escaping: see [`BasePath`].
fn html(base: &str, tracker: Option<Tracker>, with_interface: bool) -> String {
    let tracker = tracker.map(|tracker| tracker.html(base)).unwrap_or_default();
    let body = if with_interface {
        format!(
            r#"<script type="module" src="{base}static/ui.js"></script>
<noscript>This page needs JavaScript and WebAssembly.</noscript>"#
        )
    } else {
        "<p>This server was built without its web interface. <code>make build</code> builds both.</p>"
            .to_owned()
    };
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="headcount-base" content="{base}">
<title>Headcount</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{base}static/style.css">
{tracker}
</head>
<body>
{body}
</body>
</html>
"#
    )
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn switched_off_the_page_has_no_tracker() {
        assert!(
            html("/", Some(Tracker::AtOnce), true)
                .contains(r#"src="/static/tracker.js" data-headcount data-base="/" data-"#)
        );
        assert!(!html("/", None, true).contains("tracker"));
    }

    #[test]
    fn the_tracker_gets_the_routes_of_the_interface() {
        let html = Tracker::AtOnce.html("/");
        let (_, routes) = html.split_once("data-routes=\"").unwrap();
        let (routes, _) = routes.split_once('"').unwrap();
        assert_eq!(routes.split(' ').collect::<Vec<_>>(), ROUTES);
        assert!(!routes.contains(['&', '<', '>']), "this would have to be escaped: {routes}");
    }

    #[test]
    fn a_browser_that_asks_not_to_be_tracked_is_not_told_to_fetch_the_program() {
        for (name, value, tracker) in [
            ("sec-gpc", "1", Tracker::Declined),
            ("dnt", "1", Tracker::Declined),
            ("dnt", "0", Tracker::AtOnce),
            ("accept", "*/*", Tracker::AtOnce),
        ] {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            assert_eq!(Tracker::for_browser(&headers), tracker, "{name}: {value}");
            assert_eq!(
                tracker.html("/").contains(r#"href="/static/tracker_bg.wasm""#),
                tracker == Tracker::AtOnce
            );
        }
    }

    #[test]
    fn everything_is_under_the_base_path() {
        let html = html("/coroot/", Some(Tracker::AtOnce), true);
        assert_eq!(html.matches("\"/coroot/static/").count(), 4);
        assert!(!html.contains("\"/static/"));
    }
}
