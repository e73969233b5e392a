//! A Prometheus on this machine that answers what a test wants.

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

/// An address at which every query gets the response that `respond` makes.
pub(super) async fn answering<R: IntoResponse>(
    respond: impl Fn() -> R + Clone + Send + Sync + 'static,
) -> String {
    let respond = move || std::future::ready(respond().into_response());
    serving(Router::new().route("/api/v1/query_range", post(respond))).await
}

/// An address at which those routes are.
pub(super) async fn serving(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// An address of TLS with a certificate for `localhost` that no authority signed.
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
            // A client that does not like the certificate hangs up.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    url
}

/// A body that a test watches.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Bytes that were sent.
    pub(super) sent: Mutex<u64>,
    /// Told when the body is not read any more.
    pub(super) gone: Notify,
}

struct Flow<N> {
    next: N,
    watched: Arc<Watched>,
}

/// A response of the chunks that `next` gives; after them it does not end, but nothing comes.
pub(super) fn flow(
    next: impl FnMut() -> Option<Bytes> + Send + Unpin + 'static,
    watched: &Arc<Watched>,
) -> Response {
    Response::new(Body::new(Flow { next, watched: Arc::clone(watched) }))
}

impl<N: FnMut() -> Option<Bytes> + Unpin> HttpBody for Flow<N> {
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

impl<N> Drop for Flow<N> {
    fn drop(&mut self) {
        self.watched.gone.notify_one();
    }
}
