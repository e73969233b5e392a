//! Sends to HTTP servers on this machine.

use std::{convert::Infallible, future::pending, sync::Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use headcount_outbound::TargetPolicy;
use headcount_shared::api::Secret;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use reqwest::Url;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls};

use super::*;
use crate::notifications::{DestinationConfig, OpsgenieConfig, PagerdutyConfig, SlackConfig, TeamsConfig};

/// The timeout where no answer comes.
const SOON: Duration = Duration::from_millis(200);

/// The requests to a destination: path and query, headers, body.
type LoopbackRequests = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// Starts a server that answers with what `respond` returns. Returns its address and the requests to it.
async fn serving<F: Future<Output = Response> + Send>(
    respond: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> (String, LoopbackRequests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (router, asked) = router(respond);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

/// The same for an answer that needs no `await`.
async fn answering<R: IntoResponse>(
    respond: impl Fn() -> R + Clone + Send + Sync + 'static,
) -> (String, LoopbackRequests) {
    serving(move || std::future::ready(respond().into_response())).await
}

fn router<F: Future<Output = Response> + Send>(
    respond: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> (Router, LoopbackRequests) {
    let asked = LoopbackRequests::default();
    let seen = Arc::clone(&asked);
    let router = Router::new().fallback(async move |request: Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let path = parts.uri.path_and_query().unwrap().to_string();
        seen.lock().unwrap().push((path, parts.headers, body));
        respond().await
    });
    (router, asked)
}

/// An https address with a self-signed certificate.
async fn serving_with_own_certificate() -> String {
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
    let (router, _) = router(|| std::future::ready(StatusCode::OK.into_response()));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that rejects the certificate disconnects.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = TowerToHyperService::new(router.clone());
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    url
}

/// An address without a listener.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// An address at which a server does not speak HTTP.
async fn garbage() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _read = stream.read(&mut [0; 1024]).await;
            let _written = stream.write_all(b"220 mail.example.com ESMTP\r\n\r\n").await;
        }
    });
    url
}

fn over_http(outbox: &Arc<MemoryOutbox>, base: &str, timeout: Duration) -> NotificationSender {
    let url = |path: &str| Url::parse(&format!("{base}{path}")).unwrap();
    let endpoints = ServiceEndpoints {
        targets: TargetPolicy::default(),
        slack: url("/slack/api"),
        pagerduty: url("/pagerduty/"),
        opsgenie: Some(url("/opsgenie")),
    };
    let transport = Box::new(HttpNotificationTransport::new(timeout, TargetPolicy::default()));
    NotificationSender::over(transport, Arc::clone(outbox) as _, endpoints, clock(), ProcessMetrics::new())
}

fn everything_at(base: &str) -> ProjectIntegrations {
    let secret = |text: &str| Secret::new(text.to_owned());
    let all: [DestinationConfig; 5] = [
        SlackConfig { token: secret("swordfish"), default_channel: "alerts".to_owned(), incidents: true }
            .into(),
        TeamsConfig { webhook_url: secret(&format!("{base}/teams")), incidents: true }.into(),
        PagerdutyConfig { integration_key: secret("swordfish"), incidents: true }.into(),
        OpsgenieConfig { api_key: secret("swordfish"), eu_instance: true, incidents: true }.into(),
        webhook_at(&format!("{base}/hook?a=b")).into(),
    ];
    all.into_iter().collect()
}

fn webhook_at(url: &str) -> WebhookConfig {
    WebhookConfig { url: Secret::new(url.to_owned()), incidents: true, ..WebhookConfig::default() }
}

/// The result of an attempt at the webhook at `base`.
async fn attempt_at(base: &str, timeout: Duration) -> AttemptResult {
    attempt_with(webhook_at(base), timeout).await
}

async fn attempt_with(webhook: WebhookConfig, timeout: Duration) -> AttemptResult {
    let outbox = MemoryOutbox::of([to_webhook("a")]);
    outbox.set("abc12345", [webhook.into()].into_iter().collect());
    over_http(&outbox, "http://localhost", timeout).sending.attempt(to_webhook("a")).await
}

fn failure(ended: AttemptResult) -> SendFailure {
    match ended {
        AttemptResult::Failed(_, failure) => failure,
        _ => panic!("it did not fail"),
    }
}

fn later(why: &str, after: Option<u64>) -> SendFailure {
    SendFailure::Later { why: why.to_owned(), after: after.map(Duration::from_secs) }
}

#[tokio::test]
async fn each_destination_gets_its_request() {
    let posted = r#"{"ok":true,"channel":"C1","ts":"17.01"}"#;
    let (base, asked) = answering(move || posted).await;
    for (destination, path, authorization, key) in [
        (AlertingIntegration::Slack, "/slack/api/chat.postMessage", "Bearer swordfish", "C1:17.01"),
        (AlertingIntegration::Teams, "/teams", "", ""),
        (AlertingIntegration::Pagerduty, "/pagerduty/v2/enqueue", "", "a"),
        (AlertingIntegration::Opsgenie, "/opsgenie/v2/alerts", "GenieKey swordfish", "a"),
        (AlertingIntegration::Webhook, "/hook?a=b", "", ""),
    ] {
        let outbox = MemoryOutbox::of([to(destination, "a", AT)]);
        outbox.set("abc12345", everything_at(&base));
        let ended =
            over_http(&outbox, &base, REQUEST_TIMEOUT).sending.attempt(to(destination, "a", AT)).await;
        assert!(matches!(ended, AttemptResult::Sent(_)), "{path}");
        assert_eq!(outbox.key_of(destination).as_deref(), Some(key), "{path}");
        let (asked_path, headers, body) = asked.lock().unwrap().pop().unwrap();
        assert_eq!(asked_path, path);
        let sent_authorization = headers.get("authorization").map(|value| value.to_str().unwrap());
        assert_eq!(sent_authorization.unwrap_or_default(), authorization, "{path}");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("headcount/"));
        assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap().is_object(), "{path}");
    }
}

#[tokio::test]
async fn who_does_not_answer_is_told_later() {
    let (slow, _) = serving(pending).await;
    for (url, timeout, failure_there) in [
        (nobody().await, REQUEST_TIMEOUT, later("connection refused", None)),
        (slow, SOON, later("no answer in time", None)),
        (garbage().await, REQUEST_TIMEOUT, later("the connection failed", None)),
    ] {
        assert_eq!(failure(attempt_at(&url, timeout).await), failure_there);
    }
}

#[tokio::test]
async fn who_answers_otherwise_is_told_later() {
    let (busy, _) = answering(|| (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "120")])).await;
    let (broken, _) = answering(|| StatusCode::INTERNAL_SERVER_ERROR).await;
    let (moved, asked) =
        answering(|| (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")])).await;
    for (url, failure_there) in [
        (busy, later("it was asked too often", Some(120))),
        (broken, later("it answered with status 500", None)),
        (moved, SendFailure::Refused("it redirects to another address")),
    ] {
        assert_eq!(failure(attempt_at(&url, REQUEST_TIMEOUT).await), failure_there);
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

/// A body that never ends: either chunks for ever, or one chunk and then nothing.
struct EndlessBody {
    flows: bool,
    begun: bool,
}

impl hyper::body::Body for EndlessBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        if self.begun && !self.flows {
            return std::task::Poll::Pending;
        }
        self.begun = true;
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(Bytes::from_static(&[b'x'; 4096])))))
    }
}

#[tokio::test]
async fn an_answer_without_an_end_has_said_enough() {
    for (flows, timeout) in [(true, REQUEST_TIMEOUT), (false, Duration::from_secs(2))] {
        let (url, _) = answering(move || Response::new(Body::new(EndlessBody { flows, begun: false }))).await;
        assert!(matches!(attempt_at(&url, timeout).await, AttemptResult::Sent(_)));
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_does_only_where_the_operator_says_so() {
    let url = serving_with_own_certificate().await;
    let webhook = webhook_at(&url);
    let lax = WebhookConfig { tls_skip_verify: true, ..webhook.clone() };
    let refused = format!("{:?}", failure(attempt_with(webhook, REQUEST_TIMEOUT).await));
    assert!(refused.contains("SSL_CERT_FILE"), "{refused}");
    assert!(matches!(attempt_with(lax, REQUEST_TIMEOUT).await, AttemptResult::Sent(_)));
}
