//! Accepts connections, limits their number, and ends those of slow peers.
//!
//! When all places are taken, the connection that has waited longest for its peer is closed for a new one. A
//! connection ends if its peer reads no byte of an answer for 30 seconds, or if a body arrives too slowly.
//! These rules are here, below the routes, so that they apply to every request.

mod connection_places;
mod connection_watch;
mod paced_body;
mod request_timer;
mod watched_stream;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use headcount_platform::{address_hash::AddressHasher, file_descriptors};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub use self::request_timer::REQUEST_PATIENCE;
use self::{
    connection_places::{ConnectionPlaces, connection_limit},
    connection_watch::ConnectionWatch,
    paced_body::PacedBody,
    request_timer::RequestTimer,
    watched_stream::{PeerStream, WatchedStream},
};
use super::{access::PeerAddress, host_header, problem::ProblemResponse};

/// How long to wait after the system could not accept a connection, usually because of too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The largest head of a request, and all that is read ahead, in bytes.
const BUFFER_BYTES: usize = 16 * 1024;

/// The send buffer of the system for unread answers, in bytes; Linux doubles it for its own needs. By default
/// it grows to megabytes, and until it is full, a peer that sends requests without reading is answered.
const SEND_BUFFER_BYTES: u32 = 128 * 1024;

/// The backlog: connections that the system accepts before this program does.
const BACKLOG: u32 = 1024;

/// Listens on an address, as [`ReservedAddress::of`] and [`ReservedAddress::listen`] do.
///
/// # Errors
/// The address cannot be listened on.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    ReservedAddress::of(address)?.listen()
}

/// An address that is this program's, and at which connections are refused until it listens.
///
/// A program that opens its data between the two starts nothing where another one already listens.
#[derive(Debug)]
pub struct ReservedAddress {
    socket: TcpSocket,
}

impl ReservedAddress {
    /// Takes an address. If it is the address for all and the machine has no IPv6, takes that of all IPv4
    /// addresses. Connections will have bounded buffers.
    ///
    /// # Errors
    /// A program listens there, or the machine does not have the address.
    pub fn of(address: SocketAddr) -> io::Result<Self> {
        let (socket, address) = match address {
            SocketAddr::V4(_) => (TcpSocket::new_v4()?, address),
            SocketAddr::V6(_) => match TcpSocket::new_v6() {
                Ok(socket) => (socket, address),
                Err(_) if address.ip().is_unspecified() => {
                    (TcpSocket::new_v4()?, SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
                }
                Err(error) => return Err(error),
            },
        };
        // This frees a port as soon as its program has ended.
        socket.set_reuseaddr(true)?;
        // Connections inherit it.
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.bind(address)?;
        Ok(Self { socket })
    }

    /// Listens there.
    ///
    /// # Errors
    /// Another program took the address at the same moment and listens.
    pub fn listen(self) -> io::Result<TcpListener> {
        self.socket.listen(BACKLOG)
    }
}

/// The body of a request, as it comes from a connection.
pub type RequestBody = PacedBody<Incoming>;

/// Answers the requests of connections.
pub trait AnswerRequests: Send + Sync + 'static {
    /// The answer to a request from `peer`. The request names exactly one host.
    fn answer(
        &self,
        peer: PeerAddress,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Response> + Send;
}

impl AnswerRequests for Router {
    async fn answer(&self, peer: PeerAddress, request: Request<RequestBody>) -> Response {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        match self.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// Serves `routes` until `stop`, then gives requests under way `drain` to end.
pub async fn serve(
    listener: TcpListener,
    routes: impl AnswerRequests,
    stop: CancellationToken,
    drain: Duration,
) {
    let places = ConnectionPlaces::new(connection_limit(file_descriptors::limit()));
    serve_with(listener, Arc::new(routes), stop, drain, places).await;
}

async fn serve_with(
    listener: TcpListener,
    routes: Arc<impl AnswerRequests>,
    stop: CancellationToken,
    drain: Duration,
    places: Arc<ConnectionPlaces>,
) {
    let graceful = GracefulShutdown::new();
    let addresses = AddressHasher::new();
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    // An answer is one write, so waiting for a full packet would only delay it.
                    stream.set_nodelay(true).ok();
                    let place = places.take(addresses.hash(peer.ip())).await;
                    let connection = connection(stream, peer, Arc::clone(&routes), &graceful, place.watch());
                    tokio::spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

/// Answers the requests of one connection until it ends, or has to.
fn connection<S: PeerStream, R: AnswerRequests>(
    stream: S,
    peer: SocketAddr,
    routes: Arc<R>,
    graceful: &GracefulShutdown,
    watch: Arc<ConnectionWatch>,
) -> impl Future<Output = ()> + use<S, R> {
    let watch_of_requests = Arc::clone(&watch);
    let timer = Arc::new(RequestTimer::default());
    let service = service_fn(move |request: Request<Incoming>| {
        let (watch, timer) = (Arc::clone(&watch_of_requests), Arc::clone(&timer));
        let routes = Arc::clone(&routes);
        watch.request_begins();
        async move {
            let answer = match host_header::refusal(&request) {
                Some(refusal) => refusal,
                None => {
                    let request = request.map(|body| PacedBody::new(body, Arc::clone(&watch)));
                    timer.limit(routes.answer(PeerAddress(peer), request)).await.unwrap_or_else(|too_long| {
                        closing(StatusCode::SERVICE_UNAVAILABLE, &too_long.to_string())
                    })
                }
            };
            let answer = if watch.body_was_too_slow() {
                closing(StatusCode::REQUEST_TIMEOUT, "the body of the request came too slowly")
            } else {
                answer
            };
            watch.request_ends();
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        // The watch of the connection does that, without a timer for every request.
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(WatchedStream::new(stream, Arc::clone(&watch))), service);
    let watched = graceful.watch(connection);
    async move {
        tokio::select! {
            // A broken connection is not an error of this side.
            _ = watched => {}
            () = watch.has_to_end() => {}
        }
    }
}

/// The answer to a request that is given up. It closes the connection, because the rest of the request would
/// be taken for another one.
fn closing(status: StatusCode, why: &str) -> Response {
    let mut answer = ProblemResponse::new(status, why).into_response();
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

#[cfg(test)]
mod tests;
