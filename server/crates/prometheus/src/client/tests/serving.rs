//! A scripted Prometheus on this machine.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    response::{IntoResponse, Response},
    routing::post,
};
use hyper::body::{Body as HttpBody, Frame};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, sync::Notify};
use tokio_rustls::{TlsAcceptor, rustls};

/// Serves the response of `respond` to every query. Returns the address.
pub(super) async fn answering<R: IntoResponse>(
    respond: impl Fn() -> R + Clone + Send + Sync + 'static,
) -> String {
    let respond = move || std::future::ready(respond().into_response());
    serving(Router::new().route("/api/v1/query_range", post(respond))).await
}

/// Serves these routes. Returns the address.
pub(super) async fn serving(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Serves with TLS and a self-signed certificate for `localhost`. Returns the address.
pub(super) async fn serving_with_own_certificate(router: Router) -> String {
    rustls::crypto::ring::default_provider().install_default().ok();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that rejects the certificate disconnects.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    url
}

/// The progress of a streamed body.
#[derive(Debug, Default)]
pub(super) struct WatchedBody {
    /// The number of sent bytes.
    pub(super) sent: Mutex<u64>,
    /// Notified when the client stops reading the body.
    pub(super) gone: Notify,
}

struct TestBodyStream<N> {
    next: N,
    watched: Arc<WatchedBody>,
}

/// A response with the chunks that `next` returns. After them the body stays open without more bytes.
pub(super) fn flow(
    next: impl FnMut() -> Option<Bytes> + Send + Unpin + 'static,
    watched: &Arc<WatchedBody>,
) -> Response {
    Response::new(Body::new(TestBodyStream { next, watched: Arc::clone(watched) }))
}

impl<N: FnMut() -> Option<Bytes> + Unpin> HttpBody for TestBodyStream<N> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(bytes) = (self.next)() else { return Poll::Pending };
        *self.watched.sent.lock().unwrap_or_else(PoisonError::into_inner) += bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl<N> Drop for TestBodyStream<N> {
    fn drop(&mut self) {
        self.watched.gone.notify_one();
    }
}
