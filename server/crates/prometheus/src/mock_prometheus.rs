//! A scripted Prometheus that answers, refuses and hangs.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;

use super::{client::QuerySpan, refresh::QueryMetrics};

/// The reaction to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MockAnswer {
    /// One series, with a point at the end.
    Series,
    /// These series.
    These(&'static [MockSeries]),
    /// One series with a point at the end, which is hidden in requests for that time alone.
    HiddenAlone,
    /// This many series, with a point at the end.
    Many(u32),
    /// An error.
    Refusal,
    /// No answer.
    Silence,
}

/// A series with a constant value during some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MockSeries {
    /// Its labels as JSON, without the braces.
    pub labels: &'static str,
    /// The first and the last time, in Unix seconds.
    pub during: [u32; 2],
    /// Its value.
    pub value: &'static str,
}

impl MockSeries {
    /// The series at the times of a span, as JSON.
    fn json(&self, span: QuerySpan) -> String {
        let Self { labels, during: [from, to], value } = self;
        let moments =
            (span.from..=span.to).step_by(span.step as usize).filter(|at| (from..=to).contains(&at));
        let values: Vec<String> = moments.map(|at| format!(r#"[{at},"{value}"]"#)).collect();
        format!(r#"{{"metric":{{{labels}}},"values":[{}]}}"#, values.join(","))
    }
}

/// Selects the reaction by the expression of a query.
pub type MockBehaviour = fn(&str) -> MockAnswer;

#[derive(Debug, Deserialize)]
struct MockQuery {
    query: String,
    start: u32,
    end: u32,
    step: u32,
}

/// The received queries, and how many ran at the same time.
#[derive(Debug, Default)]
pub struct MockQueryLog {
    spans: Mutex<BTreeMap<String, Vec<QuerySpan>>>,
    now: AtomicUsize,
    /// The largest number of queries at the same time.
    pub most: AtomicUsize,
}

/// A scripted Prometheus on this machine.
#[derive(Debug, Clone)]
pub struct MockPrometheus {
    behaviour: Arc<Mutex<MockBehaviour>>,
    /// What was received.
    pub record: Arc<MockQueryLog>,
}

impl MockPrometheus {
    /// Starts a server, and returns its address.
    pub async fn serve(behaviour: MockBehaviour) -> (String, Self) {
        let stand_in = Self { behaviour: Arc::new(Mutex::new(behaviour)), record: Arc::default() };
        let router = Router::new().route("/api/v1/query_range", post(answer)).with_state(stand_in.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, stand_in)
    }

    /// Replaces the reactions.
    pub fn behave(&self, behaviour: MockBehaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// The spans that were requested with this expression since the last call.
    pub fn spans(&self, expression: &str) -> Vec<QuerySpan> {
        self.record.spans.lock().unwrap().remove(expression).unwrap_or_default()
    }
}

/// Counts a running request until it is dropped.
struct ActiveRequest(Arc<MockQueryLog>);

impl ActiveRequest {
    fn of(record: &Arc<MockQueryLog>) -> Self {
        let now = record.now.fetch_add(1, Ordering::SeqCst) + 1;
        record.most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(record))
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(State(stand_in): State<MockPrometheus>, Form(asked): Form<MockQuery>) -> Response {
    let MockQuery { query, start, end, step } = asked;
    let _present = ActiveRequest::of(&stand_in.record);
    let behaviour = *stand_in.behaviour.lock().unwrap();
    let span = QuerySpan { from: start, to: end, step };
    stand_in.record.spans.lock().unwrap().entry(query.clone()).or_default().push(span);
    match behaviour(&query) {
        MockAnswer::Series => format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[
                {{"metric":{{"machine_id":"m","system_uuid":"s"}},"values":[[{end},"1"]]}}]}}}}"#
        )
        .into_response(),
        MockAnswer::These(shown) => {
            let series: Vec<String> = shown.iter().map(|shown| shown.json(span)).collect();
            let series = series.join(",");
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
                .into_response()
        }
        MockAnswer::HiddenAlone | MockAnswer::Many(_) => {
            let count = match behaviour(&query) {
                MockAnswer::Many(count) => count,
                _ => u32::from(start < end),
            };
            let series: Vec<String> = (0..count)
                .map(|number| format!(r#"{{"metric":{{"machine_id":"{number}"}},"values":[[{end},"1"]]}}"#))
                .collect();
            let series = series.join(",");
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}"#)
                .into_response()
        }
        MockAnswer::Refusal => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        MockAnswer::Silence => std::future::pending().await,
    }
}

/// Counts nothing.
#[derive(Debug)]
pub struct IgnoredMetrics;

impl QueryMetrics for IgnoredMetrics {
    fn query_answered(&self, _: u64) {}

    fn query_failed(&self) {}
}
