//! Tests of the client with a scripted Prometheus on this machine.

mod serving;

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::test_queries::{NODE_DISK_READS, UP};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use headcount_platform::clock::{SystemClock, until};
use reqwest::Url;

use self::serving::{WatchedBody, answering, flow, serving, serving_with_own_certificate};
use super::*;

const GZIP: [(header::HeaderName, &str); 1] = [(header::CONTENT_ENCODING, "gzip")];
const SPAN: QuerySpan = QuerySpan { from: 1_700_000_000, to: 1_700_000_060, step: 30 };
const GOOD: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
    {"metric":{"__name__":"up","job":"a","instance":"x"},"values":[[1700000000.781,"1"],[1700000030.781,"0"]]},
    {"metric":{"__name__":"up","job":"b","instance":"y"},"values":[[1700000060,"1"]]}]},"warnings":["old"]}"#;

/// The labels of a series, and its points.
pub(in crate::client) type SinkSeries = (Vec<String>, Vec<(u32, f32)>);

/// Records series and points as they arrive, up to an optional limit.
#[derive(Debug, Default, PartialEq)]
pub(in crate::client) struct RecordingSink {
    pub(in crate::client) series: Vec<SinkSeries>,
    pub(in crate::client) room: Option<usize>,
}

impl SeriesSink for RecordingSink {
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge> {
        if self.room.is_some_and(|room| self.series.len() >= room) {
            return Err(AnswerTooLarge);
        }
        self.series.push((labels.iter().map(|label| (*label).to_owned()).collect(), Vec::new()));
        Ok(())
    }

    fn point(&mut self, at: u32, value: f32) -> Result<(), AnswerTooLarge> {
        self.series.last_mut().unwrap().1.push((at, value));
        Ok(())
    }
}

fn access(url: &str) -> PrometheusAccess {
    PrometheusAccess {
        url: url.to_owned(),
        refresh_interval: Duration::from_secs(30),
        tls_skip_verify: false,
        basic_auth: None,
        extra_selector: String::new(),
        custom_headers: Vec::new(),
    }
}

fn client(access: &PrometheusAccess) -> PrometheusClient {
    PrometheusClient::new(access, TargetPolicy::default(), Arc::new(SystemClock::new())).unwrap()
}

fn limited(url: &str, limits: QueryLimits) -> PrometheusClient {
    PrometheusClient::with_limits(&access(url), TargetPolicy::default(), Arc::new(SystemClock::new()), limits)
        .unwrap()
}

async fn ask(prometheus: &PrometheusClient) -> Result<(RecordingSink, QueryStats), QueryError> {
    prometheus.range(&UP, SPAN, 45, RecordingSink::default()).await
}

async fn error_of(url: &str) -> QueryError {
    ask(&client(&access(url))).await.unwrap_err()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn expected() -> Vec<SinkSeries> {
    let labels = |job: &str, instance: &str| vec![job.to_owned(), instance.to_owned()];
    vec![
        (labels("a", "x"), vec![(1_700_000_000, 1.0), (1_700_000_030, 0.0)]),
        (labels("b", "y"), vec![(1_700_000_060, 1.0)]),
    ]
}

#[tokio::test]
async fn an_answer_reaches_the_sink() {
    let url = answering(|| GOOD).await;
    let (kept, answered) = ask(&client(&access(&url))).await.unwrap();
    assert_eq!(kept.series, expected());
    assert_eq!((answered.series, answered.warnings), (2, true));
    assert_eq!((answered.bytes, answered.wire_bytes), (GOOD.len() as u64, GOOD.len() as u64));
}

#[tokio::test]
async fn a_compressed_answer_is_the_same() {
    let url = answering(|| (GZIP, gzip(GOOD))).await;
    let (kept, answered) = ask(&client(&access(&url))).await.unwrap();
    assert_eq!(kept.series, expected());
    assert_eq!((answered.bytes, answered.wire_bytes), (GOOD.len() as u64, gzip(GOOD).len() as u64));
}

#[tokio::test]
async fn a_query_is_a_form_with_everything_that_the_project_says() {
    let seen = Arc::new(Mutex::new(None));
    let seeing = Arc::clone(&seen);
    let handler = move |headers: HeaderMap, body: String| async move {
        *seeing.lock().unwrap() = Some((headers, body));
        GOOD
    };
    let url = serving(Router::new().route("/a/b/api/v1/query_range", post(handler))).await;
    let access = PrometheusAccess {
        url: format!("{url}/a/b/"),
        basic_auth: Some(("me".to_owned(), "it".to_owned())),
        extra_selector: r#"{cluster="a&b"}"#.to_owned(),
        custom_headers: vec![("X-Scope-OrgID".to_owned(), "7".to_owned())],
        ..access(&url)
    };
    client(&access).range(&NODE_DISK_READS, SPAN, 45, RecordingSink::default()).await.unwrap();
    let (headers, body) = seen.lock().unwrap().take().unwrap();
    assert_eq!(headers["authorization"], "Basic bWU6aXQ=");
    assert_eq!(headers["x-scope-orgid"], "7");
    assert_eq!(headers["accept-encoding"], "gzip");
    let form = Url::parse(&format!("http://x/?{body}")).unwrap();
    let form: BTreeMap<_, _> = form.query_pairs().into_owned().collect();
    let expected = [
        ("end", "1700000060"),
        ("query", r#"rate(node_resources_disk_reads_total{cluster="a&b"}[45s])"#),
        ("start", "1700000000"),
        ("step", "30"),
    ];
    assert_eq!(form, BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value.to_owned()))));
}

#[tokio::test]
async fn a_refusal_has_its_status_and_the_kind_that_prometheus_gives() {
    let refused = |status, kind| QueryError::Refused { status, kind };
    let body = r#"{"status":"error","errorType":"bad_data","error":"of db-1.example.com"}"#;
    let url = answering(move || (StatusCode::BAD_REQUEST, body)).await;
    assert_eq!(error_of(&url).await, refused(400, Some("bad_data")));
    assert_eq!(error_of(&url).await.to_string(), "Prometheus answers 400 (bad_data)");
    let url = answering(move || (StatusCode::UNPROCESSABLE_ENTITY, GZIP, gzip(body))).await;
    assert_eq!(error_of(&url).await, refused(422, Some("bad_data")));
    let url = answering(|| (StatusCode::INTERNAL_SERVER_ERROR, r#"{"errorType":"of db-1"}"#)).await;
    assert_eq!(error_of(&url).await, refused(500, None));
    let url = answering(|| (StatusCode::SERVICE_UNAVAILABLE, "<html>db-1</html>")).await;
    assert_eq!(error_of(&url).await, refused(503, None));
    let url = answering(|| (StatusCode::UNAUTHORIZED, "")).await;
    assert_eq!(error_of(&url).await, refused(401, None));
    assert_eq!(error_of(&url).await.to_string(), "Prometheus answers 401");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_a_refusal() {
    let elsewhere = answering(|| GOOD).await;
    let elsewhere_again = elsewhere.clone();
    let url = answering(move || Redirect::temporary(&elsewhere).into_response()).await;
    assert_eq!(error_of(&url).await, QueryError::Refused { status: 307, kind: None });
    let handler = async move || Redirect::to(&elsewhere_again).into_response();
    let router = Router::new().route(PATH, post(async || StatusCode::METHOD_NOT_ALLOWED).get(handler));
    let url = serving(router).await;
    assert_eq!(error_of(&url).await, QueryError::Refused { status: 405, kind: None });
}

const PATH: &str = "/api/v1/query_range";

/// Answers a GET request with the query as the label of a series.
async fn got(uri: Uri) -> String {
    let url = Url::parse(&format!("http://x{uri}")).unwrap();
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["query"], UP.expression);
    assert_eq!((&*query["start"], &*query["step"]), ("1700000000", "30"));
    GOOD.to_owned()
}

#[tokio::test]
async fn where_post_is_refused_queries_are_put_with_get() {
    for status in [405, 501, 403] {
        let posts = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&posts);
        let refuse = async move || {
            *counted.lock().unwrap() += 1;
            StatusCode::from_u16(status).unwrap()
        };
        let url = serving(Router::new().route(PATH, post(refuse).get(got))).await;
        let prometheus = client(&access(&url));
        for _ in 0..3 {
            assert_eq!(ask(&prometheus).await.unwrap().0.series, expected(), "{status}");
        }
        assert_eq!(*posts.lock().unwrap(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_refuses_both_is_told_by_its_answer_to_post_and_asked_so_again() {
    for (status, to_get) in [(405, 404), (403, 403), (501, 500)] {
        let answer = |status| async move || StatusCode::from_u16(status).unwrap();
        let url = serving(Router::new().route(PATH, post(answer(status)).get(answer(to_get)))).await;
        let prometheus = client(&access(&url));
        for _ in 0..2 {
            let error = ask(&prometheus).await.unwrap_err();
            assert_eq!(error, QueryError::Refused { status, kind: None });
        }
    }
    // Any other status is not about the method.
    let url = serving(Router::new().route(PATH, post(async || StatusCode::BAD_GATEWAY).get(got))).await;
    assert_eq!(error_of(&url).await, QueryError::Refused { status: 502, kind: None });
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed_with_get() {
    let redirect = |status: StatusCode| {
        async move |uri: Uri| {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            (status, [(header::LOCATION, format!("/there{PATH}{query}"))])
        }
    };
    for status in [301, 302, 303, 307, 308] {
        let redirect = redirect(StatusCode::from_u16(status).unwrap());
        let there = format!("/there{PATH}");
        let router = Router::new().route(PATH, post(redirect).get(redirect)).route(&there, get(got));
        let url = serving(router).await;
        assert_eq!(ask(&client(&access(&url))).await.unwrap().0.series, expected(), "{status}");
    }
    let around = async || Redirect::to(PATH).into_response();
    let url = serving(Router::new().route(PATH, post(around).get(around))).await;
    assert_eq!(error_of(&url).await, QueryError::Refused { status: 303, kind: None });
}

#[tokio::test]
async fn what_is_no_answer_is_not_understood() {
    let truncated_gzip = gzip(GOOD)[..60].to_vec();
    for url in [
        answering(|| "<html>Sign in</html>").await,
        answering(|| GOOD.strip_suffix('}').unwrap()).await,
        answering(|| "").await,
        answering(|| (GZIP, GOOD)).await,
        answering(|| ([(header::CONTENT_ENCODING, "br")], GOOD)).await,
        answering(|| (GZIP, [gzip(GOOD), b"rest".to_vec()].concat())).await,
        answering(move || (GZIP, truncated_gzip.clone())).await,
    ] {
        assert_eq!(error_of(&url).await, QueryError::NotUnderstood);
    }
    let page = answering(|| axum::response::Html("<html>Sign in</html>")).await;
    assert_eq!(error_of(&page).await, QueryError::WebPage);
}

/// How many bytes of an endless answer (`head`, then `chunk` repeatedly) are sent before it is refused.
async fn sent_until_too_large(head: &'static str, chunk: &'static [u8], sink: RecordingSink) -> u64 {
    let watched = Arc::new(WatchedBody::default());
    let serving = Arc::clone(&watched);
    let url = answering(move || {
        let mut first = Some(Bytes::from_static(head.as_bytes()));
        flow(move || first.take().or(Some(Bytes::from_static(chunk))), &serving)
    })
    .await;
    let prometheus = limited(&url, QueryLimits { bytes: 1024 * 1024, ..QueryLimits::default() });
    let error = prometheus.range(&UP, SPAN, 45, sink).await.unwrap_err();
    assert_eq!(error, QueryError::TooLarge);
    watched.gone.notified().await;
    *watched.sent.lock().unwrap()
}

const RESULT: &str = r#"{"status":"success","data":{"resultType":"matrix","result":["#;
/// The capacity of the buffers of two sockets.
const IN_FLIGHT: u64 = 16 * 1024 * 1024;

#[tokio::test]
async fn an_endless_answer_ends_at_its_bound() {
    let sent = sent_until_too_large("{", &[b' '; 4096], RecordingSink::default()).await;
    assert!(sent < 1024 * 1024 + IN_FLIGHT, "{sent}");
    let sent = sent_until_too_large(r#"{"status":""#, &[b'x'; 4096], RecordingSink::default()).await;
    assert!(sent < 1024 * 1024 + IN_FLIGHT, "{sent}");
}

#[tokio::test]
async fn a_sink_that_is_full_ends_an_answer_of_any_number_of_series() {
    const SERIES: &[u8] = br#"{"metric":{"job":"a","instance":"x"},"values":[[1700000000,"1"]]},"#;
    let sink = RecordingSink { room: Some(100), ..RecordingSink::default() };
    let sent = sent_until_too_large(RESULT, SERIES, sink).await;
    assert!(sent < IN_FLIGHT, "{sent}");
}

#[tokio::test]
async fn a_small_answer_that_is_large_when_decompressed_ends_at_its_bound() {
    let bomb = gzip(&" ".repeat(64 * 1024 * 1024));
    assert!(bomb.len() < 512 * 1024);
    let url = answering(move || (GZIP, bomb.clone())).await;
    let prometheus = limited(&url, QueryLimits { bytes: 1024 * 1024, ..QueryLimits::default() });
    assert_eq!(ask(&prometheus).await.unwrap_err(), QueryError::TooLarge);
}

#[tokio::test]
async fn an_answer_that_stalls_times_out() {
    let watched = Arc::new(WatchedBody::default());
    let url = answering(move || {
        let mut first = Some(Bytes::from_static(RESULT.as_bytes()));
        flow(move || first.take(), &watched)
    })
    .await;
    let prometheus =
        limited(&url, QueryLimits { timeout: Duration::from_millis(100), ..QueryLimits::default() });
    assert_eq!(ask(&prometheus).await.unwrap_err(), QueryError::TimedOut);
}

#[tokio::test]
async fn a_query_that_is_dropped_is_not_read_any_more() {
    let watched = Arc::new(WatchedBody::default());
    let serving = Arc::clone(&watched);
    let url = answering(move || {
        let mut first = Some(Bytes::from_static(RESULT.as_bytes()));
        flow(move || first.take(), &serving)
    })
    .await;
    let prometheus = client(&access(&url));
    let asking = tokio::spawn(async move { ask(&prometheus).await });
    until(|| *watched.sent.lock().unwrap() > 0).await;
    asking.abort();
    tokio::time::timeout(Duration::from_secs(20), watched.gone.notified()).await.unwrap();
}

#[tokio::test]
async fn where_nobody_listens_is_unreachable_and_the_text_names_no_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = error_of(&url).await;
    assert_eq!(error, QueryError::Unreachable("connection refused"));
    assert_eq!(error.to_string(), "Prometheus cannot be reached: connection refused");
    let error = error_of("http://nowhere.invalid:1").await;
    assert!(matches!(error, QueryError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_certificate_of_nobody_is_accepted_only_when_any_is() {
    let router = Router::new().route("/api/v1/query_range", post(async || GOOD));
    let url = serving_with_own_certificate(router).await;
    let refused = error_of(&url).await.to_string();
    assert!(refused.contains("SSL_CERT_FILE"), "{refused}");
    let access = PrometheusAccess { tls_skip_verify: true, ..access(&url) };
    assert_eq!(ask(&client(&access)).await.unwrap().0.series, expected());
}

#[test]
fn nothing_that_is_printed_names_anything_of_the_project() {
    let access = PrometheusAccess {
        basic_auth: Some(("secret".to_owned(), "secret".to_owned())),
        extra_selector: r#"{cluster="secret"}"#.to_owned(),
        custom_headers: vec![("X-secret".to_owned(), "secret".to_owned())],
        ..access("http://secret.example.com/secret")
    };
    let prometheus = client(&access);
    prometheus.expressions.of(&UP, 45).unwrap();
    assert!(!format!("{prometheus:?} {access:?}").contains("secret"), "{prometheus:?}");
}

#[test]
fn a_selector_that_cannot_be_read_is_refused_before_anything_is_asked() {
    let access = PrometheusAccess { extra_selector: "cluster=a".to_owned(), ..access("http://p") };
    let error =
        PrometheusClient::new(&access, TargetPolicy::default(), Arc::new(SystemClock::new())).unwrap_err();
    assert_eq!(error, InvalidAccess::Selector);
}
