//! Serves the routes of a server alone, or mounted in the router of another program.
//!
//! Mounted, they are real routes without a fallback: a fallback could not be merged with that of the program
//! around them, and its routes with parameters would win. They get a request with its path below the base
//! path and without the extensions of the program around them, such as its path parameters.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, OriginalUri, Request},
    http::{self, Method, StatusCode, Uri, uri::PathAndQuery},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::any_service,
};
use headcount_shared::routes::{KeyPlaceholder, RouteTable, UNMATCHED};
use headcount_web::{
    access::{MountedAt, PeerAddress},
    listen::{AnswerRequests, RequestBody},
};
use tower::{Service, ServiceExt, service_fn};

use super::{ServerState, server_routes, stats, with_one_host};
use crate::config::BasePath;

/// The routes of a server, for one base path.
#[derive(Debug, Clone)]
pub struct ServerRoutes {
    base_path: Arc<BasePath>,
    routes: Router,
    /// Their paths below the base path, in the syntax of axum.
    addresses: Arc<[String]>,
}

/// The routes of a server for its own listener.
///
/// Page views bypass the router, because routing costs as much as the rest of their processing.
#[derive(Debug)]
pub struct ListenerRoutes {
    /// The path of page views.
    page_views: String,
    state: ServerState,
    router: Router,
}

impl ListenerRoutes {
    /// The routes for one base path.
    pub fn new(base_path: &BasePath, state: ServerState) -> Self {
        let page_views = format!("{}stats", base_path.as_str());
        let router = server_routes(base_path, state.clone()).unchecked();
        Self { page_views, state, router }
    }
}

impl AnswerRequests for ListenerRoutes {
    async fn answer(&self, peer: PeerAddress, request: http::Request<RequestBody>) -> Response {
        if request.method() == Method::POST && request.uri().path() == self.page_views {
            let (head, body) = request.into_parts();
            return stats::answer(&self.state, Some(peer), &head.headers, body).await;
        }
        self.router.answer(peer, request).await
    }
}

/// How the path of a request relates to the base path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum BasePathMatch {
    /// Below it, at this path. The second is the base path that browsers see, if it differs from the
    /// configured one.
    Below(String, Option<BasePath>),
    /// At the base path without its slash. The value has the slash.
    WithoutSlash(String),
    /// Elsewhere.
    Outside,
}

impl ServerRoutes {
    /// `routes` without the base path, and their addresses.
    pub(super) fn new(base_path: &BasePath, routes: Router, addresses: Vec<String>) -> Self {
        Self { base_path: Arc::new(base_path.clone()), routes, addresses: addresses.into() }
    }

    /// A router for any web server: answers every request.
    pub fn standalone(self) -> Router {
        with_one_host(self.unchecked())
    }

    /// The same for [`serve`](headcount_web::listen::serve), which checks the host of a request itself.
    fn unchecked(self) -> Router {
        if self.base_path.as_str() == "/" {
            return self.routes;
        }
        Router::new().fallback_service(self.service())
    }

    /// A router without a fallback, for the router of another program.
    pub fn mountable(self) -> Router {
        let paths = self.paths();
        let mounted = Self { routes: with_one_host(self.routes.clone()), ..self };
        let service = mounted.service();
        // The fallback of a router that is used as a service. When merged or nested, the outer router has its
        // own.
        let otherwise = middleware::from_fn(move |request: Request, next: Next| {
            let mounted = mounted.clone();
            async move {
                if mounted.has_unrouted(&request) {
                    mounted.answer(request).await
                } else {
                    next.run(request).await
                }
            }
        });
        let empty = Router::new().layer(otherwise);
        paths.iter().fold(empty, |router, path| router.route(path, any_service(service.clone())))
    }

    /// The paths of all routes, in the syntax of axum.
    fn paths(&self) -> Vec<String> {
        let prefix = self.base_path.as_str().trim_end_matches('/');
        if prefix.is_empty() {
            return self.addresses.to_vec();
        }
        vec![prefix.to_owned(), format!("{prefix}/"), format!("{prefix}/{{*rest}}")]
    }

    /// Whether a request that matched no route is still for these routes: if the router is used as a service
    /// at exactly the base path, or for a page whose address may differ in the surrounding program.
    fn has_unrouted(&self, request: &Request) -> bool {
        let path = request.uri().path();
        if self.base_path.as_str() == "/" {
            return RouteTable::of_the_interface().page_key(path, KeyPlaceholder::default()) != UNMATCHED;
        }
        original_path(request) != path && self.place(request) != BasePathMatch::Outside
    }

    fn place(&self, request: &Request) -> BasePathMatch {
        BasePathMatch::find(original_path(request), request.uri().path(), self.base_path.as_str())
    }

    /// Answers requests with the path that the client sent, or that an outer router has shortened.
    fn service(
        &self,
    ) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
    {
        let routes = self.clone();
        service_fn(move |request: Request| {
            let routes = routes.clone();
            async move { Ok(routes.answer(request).await) }
        })
    }

    async fn answer(self, mut request: Request) -> Response {
        let (inner, mounted_at) = match self.place(&request) {
            BasePathMatch::Below(inner, mounted_at) => (inner, mounted_at),
            // The session's cookie is for addresses below the base path.
            BasePathMatch::WithoutSlash(with_slash) => {
                let with_query = with_query(&with_slash, request.uri());
                return Redirect::permanent(&with_query).into_response();
            }
            BasePathMatch::Outside => return StatusCode::NOT_FOUND.into_response(),
        };
        let Some(inner) = with_path(request.uri(), &inner) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        *request.uri_mut() = inner;
        let extensions = std::mem::take(request.extensions_mut());
        let connected =
            || extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| PeerAddress(*peer));
        if let Some(peer) = extensions.get::<PeerAddress>().copied().or_else(connected) {
            request.extensions_mut().insert(peer);
        }
        if let Some(mounted_at) = mounted_at {
            request.extensions_mut().insert(MountedAt(Arc::new(mounted_at)));
        }
        match self.routes.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl BasePathMatch {
    /// Matches a request to `original`, of which an outer router has left `path`.
    fn find(original: &str, path: &str, base_path: &str) -> Self {
        let base = base_path.trim_end_matches('/');
        let stripped = original.strip_suffix(path).unwrap_or(if path == "/" { original } else { "" });
        let (rest, mount) = match (below(original, base), below(path, base)) {
            // Outer routers are nested at the base path, at a prefix of it, or not at all.
            (Some(rest), _) if !base.is_empty() && below(base, stripped).is_some() => (rest, base.to_owned()),
            (_, Some(rest)) => (rest, format!("{stripped}{base}")),
            _ => return Self::Outside,
        };
        let lacks_slash = rest.is_empty() || (rest == "/" && original == mount);
        // Two leading slashes would lead to another host.
        if lacks_slash && !mount.is_empty() && !original.starts_with("//") {
            return Self::WithoutSlash(format!("{original}/"));
        }
        let rest = if rest.is_empty() { "/" } else { rest };
        let mounted_at = mount.parse().ok().filter(|mounted: &BasePath| mounted.as_str() != base_path);
        Self::Below(rest.to_owned(), mounted_at)
    }
}

/// `path` without `base`, if it is that or below it.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path as the client sent it.
fn original_path(request: &Request) -> &str {
    let original = request.extensions().get::<OriginalUri>();
    original.map_or(request.uri(), |OriginalUri(original)| original).path()
}

fn with_query(path: &str, uri: &Uri) -> String {
    uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

/// The address with another path.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(with_query(path, uri).parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use axum::{Extension, body::Body, extract::RawPathParams, routing::get};

    use super::*;

    #[test]
    fn a_request_is_found_where_the_routes_are_mounted() {
        let at = |inner: &str| BasePathMatch::Below(inner.to_owned(), None);
        let seen_at = |inner: &str, mount: &str| BasePathMatch::Below(inner.to_owned(), mount.parse().ok());
        let slash = |with_slash: &str| BasePathMatch::WithoutSlash(with_slash.to_owned());
        let cases = [
            // The requested path, what an outer router left of it, and the base path.
            ("/stats", "/stats", "/", at("/stats")),
            ("/", "/", "/", at("/")),
            ("/b/stats", "/b/stats", "/b/", at("/stats")),
            ("/b/", "/b/", "/b/", at("/")),
            ("/b", "/b", "/b/", slash("/b/")),
            ("/bc/stats", "/bc/stats", "/b/", BasePathMatch::Outside),
            ("/stats", "/stats", "/b/", BasePathMatch::Outside),
            ("/x/stats", "/stats", "/", seen_at("/stats", "/x/")),
            ("/x", "/", "/", slash("/x/")),
            ("/x/", "/", "/", seen_at("/", "/x/")),
            ("/x/y/stats", "/stats", "/", seen_at("/stats", "/x/y/")),
            ("/x/b/stats", "/b/stats", "/b/", seen_at("/stats", "/x/b/")),
            ("/b/stats", "/stats", "/b/", at("/stats")),
            ("/b", "/", "/b/", slash("/b/")),
            ("/b/", "/", "/b/", at("/")),
            ("/a/b/stats", "/b/stats", "/a/b/", at("/stats")),
            ("/web/web/x", "/web/x", "/web/", at("/web/x")),
            ("/web/v2/web/stats", "/web/stats", "/web/", seen_at("/stats", "/web/v2/web/")),
            ("/web/v2/web", "/web", "/web/", slash("/web/v2/web/")),
            ("/web/v2/stats", "/stats", "/web/", BasePathMatch::Outside),
            // No page can have such a base path, so the configured one stays.
            ("/%22/x/stats", "/stats", "/", at("/stats")),
            ("//evil.example", "/", "/", BasePathMatch::Below("/".to_owned(), "evil.example".parse().ok())),
        ];
        for (original, path, base_path, place) in cases {
            assert_eq!(
                BasePathMatch::find(original, path, base_path),
                place,
                "{original} {path} {base_path}"
            );
        }
    }

    /// Returns what the routes receive of a request: the peer, and the parameters of the path.
    async fn seen(peer: Option<Extension<PeerAddress>>, parameters: RawPathParams) -> String {
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{:?} {}", peer.map(|Extension(PeerAddress(peer))| peer), parameters.join(" "))
    }

    async fn answer(router: Router, mut request: Request, connected: Option<SocketAddr>) -> String {
        request.extensions_mut().extend(connected.map(ConnectInfo).map(extension).unwrap_or_default());
        let response = router.oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn extension(connected: ConnectInfo<SocketAddr>) -> axum::http::Extensions {
        let mut extensions = axum::http::Extensions::new();
        extensions.insert(connected);
        extensions
    }

    #[tokio::test]
    async fn the_peer_comes_along_and_the_parameters_of_the_program_around_do_not() {
        let routes = Router::new().route("/web/{id}", get(seen));
        let mountable = || {
            let addresses = vec!["/web/{id}".to_owned()];
            ServerRoutes::new(&BasePath::root(), routes.clone(), addresses).mountable()
        };
        let request = || {
            let request = Request::builder().uri("/acme/usage/web/7").header("host", "localhost");
            request.body(Body::empty()).unwrap()
        };
        let peer = "192.0.2.7:1".parse().unwrap();
        let nested = Router::new().nest("/{tenant}/usage", mountable());
        assert_eq!(answer(nested.clone(), request(), Some(peer)).await, "Some(192.0.2.7:1) id=7");
        assert_eq!(answer(nested, request(), None).await, "None id=7");
        let service = Router::new().nest_service("/{tenant}/usage", mountable());
        assert_eq!(answer(service, request(), None).await, "None id=7");
    }

    #[test]
    fn another_path_leaves_the_host_and_the_query() {
        let uri: Uri = "http://shop.example/b/x?a=%2F".parse().unwrap();
        assert_eq!(with_path(&uri, "/x").unwrap(), "http://shop.example/x?a=%2F");
    }
}
