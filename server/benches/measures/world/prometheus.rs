//! Mocks a Prometheus that answers the queries of the catalogue for an installation of any size.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fmt::Write,
    sync::Arc,
};

use anyhow::Context;
use axum::{Form, Router, body::Body, extract::State, response::Response, routing::post};
use bytes::Bytes;
use headcount_prometheus::query::PrometheusQuery;
use headcount_topology::queries;
use http_body_util::channel::{Channel, SendError, Sender};
use serde::Deserialize;
use tokio::{net::TcpListener, runtime::Handle};

use super::installation::SyntheticInstallation;

/// How much of an answer is sent at a time.
const PIECE_BYTES: usize = 64 * 1024;

#[derive(Debug, Deserialize)]
struct RangeQuery {
    query: String,
    start: u32,
    end: u32,
    step: u32,
}

struct MockPrometheusState {
    installation: SyntheticInstallation,
    queries: HashMap<BTreeSet<String>, &'static PrometheusQuery>,
}

/// Serves until the runtime ends; returns the address.
pub(crate) async fn serve(installation: SyntheticInstallation) -> anyhow::Result<String> {
    let queries =
        queries::all().map(|query| (words(&query.expression.replace("$RANGE", "45s")), query)).collect();
    let router = Router::new()
        .route("/api/v1/query_range", post(answer))
        .with_state(Arc::new(MockPrometheusState { installation, queries }));
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

/// The words of an expression, which identify it regardless of its formatting.
fn words(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.len() > 4 && word.starts_with(char::is_alphabetic)).map(str::to_owned).collect()
}

async fn answer(State(known): State<Arc<MockPrometheusState>>, Form(asked): Form<RangeQuery>) -> Response {
    let (sender, body) = Channel::<Bytes>::new(4);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        // The client may have disconnected. Then the rest is not needed.
        write(&known, &asked, sender, &runtime).ok();
    });
    Response::new(Body::new(body))
}

/// Writes the answer as Prometheus does, piece by piece.
fn write(
    known: &MockPrometheusState,
    asked: &RangeQuery,
    mut sender: Sender<Bytes>,
    runtime: &Handle,
) -> Result<(), SendError> {
    let mut text = String::from(r#"{"status":"success","data":{"resultType":"matrix","result":["#);
    let mut outcome = Ok(());
    let mut number = 0;
    if let Some(query) = known.queries.get(&words(&asked.query)) {
        known.installation.each(query, |texts| {
            if outcome.is_err() {
                return;
            }
            number += 1;
            write_series(&mut text, query, texts, number, asked);
            if text.len() > PIECE_BYTES {
                let piece = std::mem::take(&mut text);
                outcome = runtime.block_on(sender.send_data(piece.into()));
            }
        });
    }
    outcome?;
    text.push_str("]}}");
    runtime.block_on(sender.send_data(text.into()))
}

fn write_series(
    text: &mut String,
    query: &PrometheusQuery,
    texts: &[Cow<'static, str>],
    number: usize,
    asked: &RangeQuery,
) {
    if !text.ends_with('[') {
        text.push(',');
    }
    // Labels that Prometheus adds to every series and that the server drops.
    text.push_str(
        r#"{"metric":{"__name__":"metric_of_some_length","namespace":"monitoring","service":"agent""#,
    );
    for (label, value) in query.labels.iter().zip(texts).filter(|(_, value)| !value.is_empty()) {
        write!(text, r#","{}":"{value}""#, label.name()).ok();
    }
    text.push_str(r#"},"values":["#);
    for at in (asked.start..=asked.end).step_by(asked.step.max(1) as usize) {
        let separator = if at == asked.start { "" } else { "," };
        write!(text, r#"{separator}[{at},"{}"]"#, SyntheticInstallation::value(number, at)).ok();
    }
    text.push_str("]}");
}
