//! Measures how fast the server decodes an answer of Prometheus.

use std::{io::Write, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::Bytes,
    http::{HeaderName, header},
    response::{AppendHeaders, IntoResponse},
    routing::post,
};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_outbound::TargetPolicy;
use headcount_platform::clock::SystemClock;
use headcount_prometheus::{
    client::{AnswerTooLarge, PrometheusClient, QuerySpan, QueryStats, SeriesSink},
    prometheus_access::PrometheusAccess,
};
use headcount_topology::queries::CONTAINER_NET_TCP_ACTIVE_CONNECTIONS;
use tokio::{net::TcpListener, runtime::Runtime};

const SIZE: usize = 100_000_000;
const ROUNDS: usize = 5;
const MOMENT: u32 = 1_700_000_000;

/// Prints the decoded megabytes a second, plain and compressed. The server that sends them runs in this
/// process.
pub(crate) fn of_a_hundred_megabytes(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nanswer of Prometheus, 100 MB");
    let runtime = Runtime::new()?;
    let plain = answer();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&plain)?;
    let compressed = encoder.finish()?;
    for (name, body, coding) in [("plain", plain, "identity"), ("gzip", compressed, "gzip")] {
        let prometheus = runtime.block_on(serving(body.into(), coding))?;
        let rounds: anyhow::Result<SortedFigures> =
            (0..ROUNDS).map(|_| runtime.block_on(megabytes_per_second(&prometheus))).collect();
        measures.record(&format!("answer of Prometheus: MB a second, {name}"), rounds?)?;
    }
    Ok(())
}

/// An answer with one point a series, and a dozen labels.
fn answer() -> Vec<u8> {
    let mut answer = br#"{"status":"success","data":{"resultType":"matrix","result":["#.to_vec();
    for number in 0.. {
        let series = format!(
            r#"{{"metric":{{"__name__":"container_net_tcp_active_connections","actual_destination":"10.1.{}.{}:5432","az":"eu-central-1a","container_id":"/k8s/shop/catalog-{number:010}/catalog","destination":"10.96.0.{}:5432","instance":"10.2.0.{}:80","job":"kubernetes-pods","machine_id":"{:032x}","namespace":"observability","node":"ip-10-2-0-{}.eu-central-1.compute.internal","pod":"node-agent-{number:05x}","region":"eu-central-1","system_uuid":"{:032x}"}},"values":[[{MOMENT},"{}"]]}},"#,
            number % 250,
            number / 250 % 250,
            number % 7,
            number % 100,
            number % 100,
            number % 100,
            number % 100,
            number % 50,
        );
        answer.extend_from_slice(series.as_bytes());
        if answer.len() > SIZE {
            break;
        }
    }
    answer.pop();
    answer.extend_from_slice(b"]}}");
    answer
}

async fn serving(body: Bytes, coding: &'static str) -> anyhow::Result<PrometheusClient> {
    let respond = move || {
        let headers: AppendHeaders<[(HeaderName, &str); 1]> =
            AppendHeaders([(header::CONTENT_ENCODING, coding)]);
        std::future::ready((headers, body.clone()).into_response())
    };
    let router = Router::new().route("/api/v1/query_range", post(respond));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let access = PrometheusAccess {
        url,
        refresh_interval: Duration::from_secs(30),
        tls_skip_verify: false,
        basic_auth: None,
        extra_selector: String::new(),
        custom_headers: Vec::new(),
    };
    PrometheusClient::new(&access, TargetPolicy::default(), Arc::new(SystemClock::new())).context("no client")
}

async fn megabytes_per_second(prometheus: &PrometheusClient) -> anyhow::Result<f64> {
    let query = &CONTAINER_NET_TCP_ACTIVE_CONNECTIONS;
    let span = QuerySpan { from: MOMENT, to: MOMENT, step: 30 };
    let (sum, answered) = prometheus.range(query, span, 90, DiscardingSink::default()).await?;
    let QueryStats { bytes, latency, series, .. } = answered;
    anyhow::ensure!(series == sum.series && sum.text > 0, "series were lost");
    Ok(bytes as f64 / 1e6 / latency.as_secs_f64())
}

/// Reads every label and value, and stores none.
#[derive(Default)]
struct DiscardingSink {
    series: u64,
    text: usize,
    values: f32,
}

impl SeriesSink for DiscardingSink {
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge> {
        self.series += 1;
        self.text += labels.iter().map(|label| label.len()).sum::<usize>();
        Ok(())
    }

    fn point(&mut self, _: u32, value: f32) -> Result<(), AnswerTooLarge> {
        self.values += value;
        Ok(())
    }
}
