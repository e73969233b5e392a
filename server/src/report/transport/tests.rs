//! Tests reports over loopback: the bytes that are sent, and the answers that are read.

use std::{collections::BTreeSet, sync::Mutex};

use headcount_shared::delivery::DELIVERY_HEADERS;
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;
use crate::report::spool::DeliveryHeaders;

const STORED: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"status\":\"stored\"}";

/// Reads one request: its head, without the empty line.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = Vec::new();
    let head = loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        read.push(byte[0]);
        if let Some(head) = read.strip_suffix(b"\r\n\r\n") {
            break String::from_utf8(head.to_vec()).unwrap();
        }
    };
    let length = header_of(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    head
}

fn headers_of(head: &str) -> impl Iterator<Item = (String, &str)> {
    head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value)
    })
}

fn header_of(head: &str, name: &str) -> Option<String> {
    headers_of(head).find(|(found, _)| found == name).map(|(_, value)| value.to_owned())
}

/// A collector that gives one raw answer to every request. Its address, and the heads of the requests.
async fn answering(answer: impl Into<Vec<u8>>) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ce/usage-statistics", listener.local_addr().unwrap());
    let (answer, heads) = (answer.into(), Arc::<Mutex<Vec<String>>>::default());
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = request(&mut stream).await;
            seen.lock().unwrap().push(head);
            // A client that has read enough disconnects.
            stream.write_all(&answer).await.ok();
        }
    });
    (url.parse().unwrap(), heads)
}

fn report(headers: DeliveryHeaders) -> SpooledReport {
    SpooledReport { bytes: b"{}".to_vec(), headers }
}

async fn sent_to(url: Url) -> Result<CollectorAnswer, DeliveryFailure> {
    HttpReportTransport::new(url, "1.2.3").send(Uuid::from_u128(7), report(DeliveryHeaders::default())).await
}

const COMMITMENT: &str = "6a3f00ff6a3f00ff6a3f00ff6a3f00ff6a3f00ff6a3f00ff6a3f00ff6a3f00ff";

/// Every header that a report may have, or only those that each has.
fn headers(all: bool) -> DeliveryHeaders {
    DeliveryHeaders {
        user_agent: all.then(|| "headcount/1.2.2".to_owned()),
        product: all.then(|| "a-shop".parse().unwrap()),
        commitment: Some(COMMITMENT.parse().unwrap()),
        replica: all,
    }
}

#[tokio::test]
async fn exactly_the_listed_headers_leave() {
    for all in [false, true] {
        let (url, heads) = answering(STORED).await;
        let transport = HttpReportTransport::new(url.clone(), "1.2.3");
        transport.send(Uuid::from_u128(7), report(headers(all))).await.unwrap();
        let head = heads.lock().unwrap().pop().unwrap();
        assert!(head.starts_with("POST /ce/usage-statistics HTTP/1.1\r\n"), "{head}");
        let names: Vec<String> = headers_of(&head).map(|(name, _)| name).collect();
        let listed = DELIVERY_HEADERS.iter().filter(|header| header.always || all);
        let listed: BTreeSet<&str> = listed.map(|header| header.name).collect();
        assert_eq!(names.len(), listed.len(), "{head}");
        assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
        for (name, value) in [
            ("content-type", Some("application/json")),
            ("content-length", Some("2")),
            ("accept", Some("*/*")),
            // A report of an earlier version names that one.
            ("user-agent", Some(if all { "headcount/1.2.2" } else { "headcount/1.2.3" })),
            ("idempotency-key", Some("00000000-0000-0000-0000-000000000007")),
            ("host", Some(url.authority())),
            ("deletion-commitment", Some(COMMITMENT)),
            ("headcount-replica", all.then_some("1")),
            ("headcount-product", all.then_some("a-shop")),
        ] {
            assert_eq!(header_of(&head, name).as_deref(), value, "{name}");
        }
    }
}

#[tokio::test]
async fn what_matters_of_an_answer_is_read() {
    let (url, _) = answering(STORED).await;
    let answer = sent_to(url).await.unwrap();
    assert_eq!(
        (answer.status, &*answer.body, answer.is_longer),
        (200, &br#"{"status":"stored"}"#[..], false)
    );
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));

    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 77\r\nContent-Length: 4\r\n\r\nbusy";
    let (url, _) = answering(busy).await;
    let answer = sent_to(url).await.unwrap();
    assert_eq!((answer.status, answer.retry_after.as_deref(), &*answer.body), (503, Some("77"), &b""[..]));
}

#[tokio::test]
async fn of_a_long_answer_only_the_beginning_is_read() {
    let mut long = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", ANSWER_BYTES + 1).into_bytes();
    long.extend(vec![b' '; ANSWER_BYTES + 1]);
    let (url, _) = answering(long).await;
    let answer = sent_to(url).await.unwrap();
    assert!(answer.is_longer);
    assert_eq!(answer.body.len(), ANSWER_BYTES);

    let mut just_fits = format!("HTTP/1.1 200 OK\r\nContent-Length: {ANSWER_BYTES}\r\n\r\n").into_bytes();
    just_fits.extend(vec![b' '; ANSWER_BYTES]);
    let (url, _) = answering(just_fits).await;
    let answer = sent_to(url).await.unwrap();
    assert_eq!((answer.is_longer, answer.body.len()), (false, ANSWER_BYTES));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none_and_a_redirect_is_not_followed() {
    let (url, _) = answering("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"status\":").await;
    let broken = sent_to(url).await.unwrap_err();
    assert!(matches!(broken, DeliveryFailure::Broken(_)) && broken.may_have_left(), "{broken:?}");

    let (target, asked) = answering(STORED).await;
    let (url, _) =
        answering(format!("HTTP/1.1 307 X\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")).await;
    assert_eq!(sent_to(url).await.unwrap().status, 307);
    assert_eq!(asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn without_a_connection_nothing_has_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let refused = sent_to(url).await.unwrap_err();
    assert_eq!(refused, DeliveryFailure::Unreachable("connection refused"));
    assert!(!refused.may_have_left());
}

/// A certificate for `localhost`, its key, and a verifier that accepts it.
fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>, Arc<WebPkiServerVerifier>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    (own.cert.der().clone(), key, verifier)
}

/// A collector over TLS that would resume a session. Its port, and the kind of handshake of each connection.
async fn resuming(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    version: &'static rustls::SupportedProtocolVersion,
) -> (u16, Arc<Mutex<Vec<HandshakeKind>>>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let kinds = Arc::<Mutex<Vec<HandshakeKind>>>::default();
    let seen = Arc::clone(&kinds);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            seen.lock().unwrap().extend(stream.get_ref().1.handshake_kind());
            request(&mut stream).await;
            stream.write_all(STORED.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    (port, kinds)
}

/// Sends requests with session resumption, to check that the server supports it.
async fn ask_as_usual(config: Arc<rustls::ClientConfig>, port: u16) {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(config).connect(name, stream).await.unwrap();
    exchange(&mut stream).await;
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    stream.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_tls_session_is_never_resumed() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (certificate, key, verifier) = certificate();
        let (port, kinds) = resuming(certificate, key, version).await;
        let mut transport =
            HttpReportTransport::new(format!("https://localhost:{port}/").parse().unwrap(), "1.2.3");
        transport.verifier = Some(Arc::clone(&verifier) as _);
        for _ in 0..3 {
            let answer =
                transport.send(Uuid::from_u128(7), report(DeliveryHeaders::default())).await.unwrap();
            assert_eq!(answer.body, br#"{"status":"stored"}"#);
        }
        let is_resumed = |kind: &HandshakeKind| *kind == HandshakeKind::Resumed;
        assert_eq!(kinds.lock().unwrap().len(), 3);
        assert!(!kinds.lock().unwrap().iter().any(is_resumed), "{kinds:?} with {version:?}");

        let mut usual = headcount_outbound::tls_config_of(verifier, Arc::new(default_provider())).unwrap();
        usual.resumption = Resumption::default();
        let usual = Arc::new(usual);
        ask_as_usual(Arc::clone(&usual), port).await;
        ask_as_usual(usual, port).await;
        assert!(
            kinds.lock().unwrap().last().is_some_and(is_resumed),
            "this server resumes nothing: {kinds:?}"
        );
    }
}

#[tokio::test]
async fn a_request_for_deletion_has_no_header_of_a_report_and_goes_beside_reports() {
    let (url, heads) = answering(STORED).await;
    let request = DeletionRequest { instance: Uuid::from_u128(7), secret: "07".repeat(32) };
    let transport = HttpReportTransport::new(url, "1.2.3");
    assert_eq!(transport.post_deletion(&request).await.unwrap().status, 200);
    let head = heads.lock().unwrap().pop().unwrap();
    assert!(head.starts_with("POST /ce/usage-statistics/deletion HTTP/1.1\r\n"), "{head}");
    let mut names: Vec<String> = headers_of(&head).map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["accept", "content-length", "content-type", "host", "user-agent"]);
    for (collector, deletion) in [
        ("https://a.example/ce/usage-statistics", "https://a.example/ce/usage-statistics/deletion"),
        ("https://a.example/ce/?token=1", "https://a.example/ce/deletion?token=1"),
        ("https://a.example", "https://a.example/deletion"),
    ] {
        assert_eq!(deletion_url(&collector.parse().unwrap()).as_str(), deletion);
    }
}
