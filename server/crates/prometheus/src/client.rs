//! Sends queries to Prometheus and reads its answers.
//!
//! An answer is read while it arrives: bytes are decompressed and limited (`answer_body`), split into series
//! (`answer_splitter`), and each series is parsed (`series_reader`) into the caller's [`SeriesSink`] before
//! the next one. Nothing runs in the background: a dropped query ends at once.

mod answer_body;
mod answer_decoder;
mod answer_splitter;
mod confined_parser;
mod endpoint;
mod query_error;
pub mod query_expression;
mod series_reader;
mod server_date;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_outbound::TargetPolicy;
use headcount_platform::{clock::Clock, lock::lock};
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};

use self::{
    answer_body::AnswerBody,
    answer_decoder::{AnswerDecoder, kind_in},
    endpoint::PrometheusEndpoint,
    query_expression::{ExtraSelector, QueryExpressions},
};
pub use self::{endpoint::InvalidAccess, query_error::QueryError, server_date::ServerDate};
use super::{
    prometheus_access::PrometheusAccess,
    query::{Label, LabelSelection, PrometheusQuery},
};

/// The limits of one query.
#[derive(Debug, Clone, Copy)]
struct QueryLimits {
    connect_timeout: Duration,
    /// For the whole query, including the connection.
    timeout: Duration,
    /// The decompressed bytes of an answer.
    bytes: u64,
}

/// The largest error response whose reason is parsed, in bytes.
const REFUSAL: u64 = 64 * 1024;

/// The largest answer to a query of a test, in bytes.
const TEST_ANSWER: u64 = 64 * 1024;

/// A client of one project's Prometheus. Cheap to share; it opens connections only for queries.
#[derive(Debug)]
pub struct PrometheusClient {
    endpoint: PrometheusEndpoint,
    expressions: QueryExpressions,
    limits: QueryLimits,
    clock: Arc<dyn Clock>,
    date: Mutex<Option<ServerDate>>,
}

/// The measurements of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryStats {
    /// The decompressed bytes of the answer.
    pub bytes: u64,
    /// The transferred bytes of the answer, without headers.
    pub wire_bytes: u64,
    /// The time from the query to the end of the answer.
    pub latency: Duration,
    /// The number of series that the sink received.
    pub series: u64,
    /// Whether the answer contains warnings or infos.
    pub warnings: bool,
}

/// Receives an answer while it arrives, series by series.
pub trait SeriesSink: Send + 'static {
    /// Begins a series with at least one point. The kept labels are in the order of the query; a missing
    /// label is empty.
    ///
    /// # Errors
    /// The answer is too large.
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge>;

    /// Adds a point to the series: a time in Unix seconds and a value, which is not NaN but may be infinite.
    /// Times increase within a series and are within the requested span.
    ///
    /// # Errors
    /// The answer is too large.
    fn point(&mut self, at: u32, value: f32) -> Result<(), AnswerTooLarge>;
}

/// An answer is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is too large")]
pub struct AnswerTooLarge;

/// The times of a range query: `from`, `from + step`, … up to `to`, in Unix seconds. If both are the same, it
/// is one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuerySpan {
    /// The first time.
    pub from: u32,
    /// The last time, not before the first.
    pub to: u32,
    /// The distance between two times, at least 1.
    pub step: u32,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            bytes: 512 * 1024 * 1024,
        }
    }
}

/// Checks whether the access to a Prometheus is valid. Sends nothing.
///
/// # Errors
/// Every [`InvalidAccess`].
pub fn check(access: &PrometheusAccess, targets: TargetPolicy) -> Result<(), InvalidAccess> {
    let limits = QueryLimits::default();
    ExtraSelector::parse(&access.extra_selector)?;
    PrometheusEndpoint::new(access, targets, limits.connect_timeout, limits.timeout)?;
    Ok(())
}

impl PrometheusClient {
    /// A client of the Prometheus. Sends nothing yet.
    ///
    /// # Errors
    /// Every [`InvalidAccess`].
    pub fn new(
        access: &PrometheusAccess,
        targets: TargetPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidAccess> {
        Self::with_limits(access, targets, clock, QueryLimits::default())
    }

    /// The same for a test by a person who waits: a query may take `timeout`, including the connection, and
    /// its answer may be small.
    ///
    /// # Errors
    /// Every [`InvalidAccess`].
    pub fn for_test(
        access: &PrometheusAccess,
        targets: TargetPolicy,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> Result<Self, InvalidAccess> {
        let limits = QueryLimits { connect_timeout: timeout / 2, timeout, bytes: TEST_ANSWER };
        Self::with_limits(access, targets, clock, limits)
    }

    fn with_limits(
        access: &PrometheusAccess,
        targets: TargetPolicy,
        clock: Arc<dyn Clock>,
        limits: QueryLimits,
    ) -> Result<Self, InvalidAccess> {
        let expressions = QueryExpressions::new(ExtraSelector::parse(&access.extra_selector)?);
        let endpoint = PrometheusEndpoint::new(access, targets, limits.connect_timeout, limits.timeout)?;
        Ok(Self { endpoint, expressions, limits, clock, date: Mutex::default() })
    }

    /// The server's time according to its latest answer with a date.
    #[must_use]
    pub fn date(&self) -> Option<ServerDate> {
        *lock(&self.date)
    }

    /// Requests the values of `query` at the times of `span`, with ranges of `range_seconds`, and passes the
    /// series to `sink` as they arrive. Returns the sink after the end of the answer.
    ///
    /// # Errors
    /// Every [`QueryError`]; the sink is lost together with what it received.
    pub async fn range<S: SeriesSink>(
        &self,
        query: &'static PrometheusQuery,
        span: QuerySpan,
        range_seconds: u32,
        sink: S,
    ) -> Result<(S, QueryStats), QueryError> {
        let expression = self.expressions.of(query, range_seconds)?;
        self.values(&expression, query.kept(), span, sink).await
    }

    /// The same for an operator's expression, with the labels to keep.
    ///
    /// # Errors
    /// Every [`QueryError`].
    pub async fn range_of<S: SeriesSink>(
        &self,
        expression: &str,
        labels: &'static [Label],
        span: QuerySpan,
        sink: S,
    ) -> Result<(S, QueryStats), QueryError> {
        let expression = self.expressions.of_text(expression)?;
        self.values(&expression, LabelSelection { labels, prefers_exported: false }, span, sink).await
    }

    async fn values<S: SeriesSink>(
        &self,
        expression: &str,
        labels: LabelSelection,
        span: QuerySpan,
        sink: S,
    ) -> Result<(S, QueryStats), QueryError> {
        let started = self.clock.monotonic();
        let response = self.ask(expression, span).await?;
        let is_web_page = has_web_page(&response);
        let answer = self.read_values(response, labels, span, sink, started).await;
        answer.map_err(|error| match error {
            QueryError::NotUnderstood if is_web_page => QueryError::WebPage,
            error => error,
        })
    }

    async fn read_values<S: SeriesSink>(
        &self,
        response: Response,
        labels: LabelSelection,
        span: QuerySpan,
        sink: S,
        started: Duration,
    ) -> Result<(S, QueryStats), QueryError> {
        let status = response.status().as_u16();
        let mut body = AnswerBody::of(response, self.limits.bytes)?;
        let mut decoder = AnswerDecoder::new(labels, span, sink);
        while let Some(bytes) = body.next().await? {
            decoder.push(bytes)?;
        }
        let (sink, summary) = decoder.finish(status)?;
        let answered = QueryStats {
            bytes: body.bytes,
            wire_bytes: body.wire_bytes,
            latency: self.clock.monotonic().saturating_sub(started),
            series: summary.series,
            warnings: summary.warnings,
        };
        Ok((sink, answered))
    }

    /// The response to a range query, unless it is an error response.
    async fn ask(&self, expression: &str, span: QuerySpan) -> Result<Response, QueryError> {
        let (start, end, step) = (span.from.to_string(), span.to.to_string(), span.step.to_string());
        let form = [("query", expression), ("start", &start), ("end", &end), ("step", &step)];
        let asked = self.clock.monotonic();
        let response = self.endpoint.range_query(&form).await?;
        match response.status() {
            StatusCode::OK => {
                let (heard, heard_at) = (self.clock.monotonic(), self.clock.wall());
                let date = ServerDate::of(response.headers(), asked, heard, heard_at);
                let mut known = lock(&self.date);
                *known = date.or(*known);
                Ok(response)
            }
            status => {
                let kind = kind_of_refusal(response).await;
                Err(QueryError::Refused { status: status.as_u16(), kind })
            }
        }
    }
}

/// Whether a response says that it is a page for people.
fn has_web_page(response: &Response) -> bool {
    const HTML: &[u8] = b"text/html";
    let media_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    media_type.get(..HTML.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(HTML))
}

/// The `errorType` of an error response, if it is one of Prometheus' own.
async fn kind_of_refusal(response: Response) -> Option<&'static str> {
    let mut body = AnswerBody::of(response, REFUSAL).ok()?;
    let mut refusal = Vec::new();
    while let Some(bytes) = body.next().await.ok()? {
        refusal.extend_from_slice(bytes);
    }
    kind_in(&refusal)
}

#[cfg(test)]
mod tests;
