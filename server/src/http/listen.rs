//! The connections of a server: bounded in number, and in what a slow peer may cost.
//!
//! When all places are taken, the connection that has waited longest for its peer makes room for a new one. A connection
//! whose peer takes no byte of an answer for 30 seconds ends, and so does a body below a pace. These rules are here, below
//! the routes, so that they hold for every request.

mod connection_places;
mod connection_watch;
mod paced_body;
mod watched_stream;

use std::{
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
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::{
    connection_places::{ConnectionPlaces, connection_limit},
    connection_watch::ConnectionWatch,
    paced_body::PacedBody,
    watched_stream::{PeerStream, WatchedStream},
};
use super::{access::Peer, problem::Refusal};
use crate::{descriptors, peer_address::AddressHasher};

/// How long a connection may take for the head of its next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait after the system could not accept a connection, which mostly means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The largest head of a request, and all that is read ahead, in bytes.
const BUFFER_BYTES: usize = 16 * 1024;

/// What the system holds of answers that a peer has not taken, in bytes; Linux doubles it for its own needs. By default it
/// grows to megabytes, and until it is full a peer that asks again and again without reading is answered.
const SEND_BUFFER_BYTES: u32 = 128 * 1024;

/// Connections that the system accepts before this program does.
const BACKLOG: u32 = 1024;

/// Listens on an address; for all addresses, on those of IPv4 where the machine has no IPv6. Connections have bounded buffers.
///
/// # Errors
/// The address cannot be listened on.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
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
    // A port is free again as soon as its program has ended.
    socket.set_reuseaddr(true)?;
    // Connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `router` until `stop`, then gives requests under way `drain` to end.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, drain: Duration) {
    let places = ConnectionPlaces::new(connection_limit(descriptors::limit()));
    serve_with(listener, router, stop, drain, places).await;
}

async fn serve_with(
    listener: TcpListener,
    router: Router,
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
                    // An answer is one write; waiting to fill a packet only delays it.
                    stream.set_nodelay(true).ok();
                    let place = places.take(addresses.hash(peer.ip())).await;
                    let connection = connection(stream, peer, router.clone(), &graceful, place.watch());
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
fn connection<S: PeerStream>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
    watch: Arc<ConnectionWatch>,
) -> impl Future<Output = ()> + use<S> {
    let watch_of_requests = Arc::clone(&watch);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let watch = Arc::clone(&watch_of_requests);
        watch.request_begins();
        request.extensions_mut().insert(Peer(peer));
        let request = request.map(|body| Body::new(PacedBody::new(body, Arc::clone(&watch))));
        let answer = router.clone().oneshot(request);
        async move {
            // Around the router and not in a layer: the timer is set only for a request that cannot be
            // answered at once. A layer sets one for each event.
            let answer = match tokio::time::timeout(REQUEST_TIMEOUT, answer).await {
                Ok(answer) => answer,
                Err(_) => Ok(closing(StatusCode::SERVICE_UNAVAILABLE, "this server took too long to answer")),
            };
            let answer = if watch.body_was_too_slow() {
                Ok(closing(StatusCode::REQUEST_TIMEOUT, "the body of the request came too slowly"))
            } else {
                answer
            };
            watch.request_ends();
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(WatchedStream::new(stream, Arc::clone(&watch))), service);
    let watched = graceful.watch(connection);
    async move {
        tokio::select! {
            // A connection that breaks is the other side's affair.
            _ = watched => {}
            () = watch.has_to_end() => {}
        }
    }
}

/// The answer to a request that is given up. What is left of it would be taken for another request.
fn closing(status: StatusCode, why: &str) -> Response {
    let mut answer = Refusal::new(status, why).into_response();
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

#[cfg(test)]
mod tests;
