//! How Prometheus is asked, and how its answers are read.
//!
//! An answer is read while it arrives: bytes are decompressed and bounded (`body`), cut into series (`splitter`), and
//! each series is read (`series`) into the caller's [`Sink`] before the next one is looked at. Nothing is
//! started on the side: a dropped query ends at once.

mod access;
mod body;
mod confined;
mod date;
mod decoder;
mod error;
mod expression;
mod series;
mod splitter;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Response, StatusCode};

use self::{
    access::Endpoint,
    body::Body,
    decoder::{Decoder, kind_in},
    expression::{Expressions, Selector},
};
pub use self::{access::InvalidAccess, date::DateHeard, error::QueryError};
use super::{
    catalogue::{KeptLabels, Label, Query},
    project::PrometheusAccess,
};
use crate::{clock::Clock, outgoing::TargetPolicy};

/// What one query may cost.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connect_timeout: Duration,
    /// For the whole of a query, connecting included.
    timeout: Duration,
    /// Bytes of an answer, decompressed.
    bytes: u64,
}

/// The largest refusal of which the reason is read, in bytes.
const REFUSAL: u64 = 64 * 1024;

/// The Prometheus of one project. Cheap to share; it opens connections only for queries.
#[derive(Debug)]
pub struct Prometheus {
    endpoint: Endpoint,
    expressions: Expressions,
    limits: Limits,
    clock: Arc<dyn Clock>,
    date: Mutex<Option<DateHeard>>,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Bytes of the answer, decompressed.
    pub bytes: u64,
    /// Bytes of the answer as they came over the network, without headers.
    pub wire_bytes: u64,
    /// From the query to the end of the answer.
    pub latency: Duration,
    /// How many series were handed to the sink.
    pub series: u64,
    /// Whether Prometheus warned of something, or had something to add.
    pub warnings: bool,
}

/// Takes in an answer while it arrives, series by series.
pub trait Sink: Send + 'static {
    /// A series begins: the texts of its kept labels, in the order of the query's; empty for a label that it lacks. It
    /// has a point.
    ///
    /// # Errors
    /// There is no room for more.
    fn series(&mut self, labels: &[&str]) -> Result<(), TooLarge>;

    /// A point of that series: its moment in Unix seconds, and its value, which is not NaN but may be infinite. Moments
    /// rise within a series and are within the span that was asked for.
    ///
    /// # Errors
    /// There is no room for more.
    fn point(&mut self, at: u32, value: f32) -> Result<(), TooLarge>;
}

/// An answer is larger than what is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is larger than what is taken")]
pub struct TooLarge;

/// What a range query asks for: the moments `from`, `from + step`, … up to `to`, in Unix seconds. One moment when they
/// are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: u32,
    /// The last moment, not before the first.
    pub to: u32,
    /// The distance between two moments, at least 1.
    pub step: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            bytes: 512 * 1024 * 1024,
        }
    }
}

/// Whether a Prometheus can be asked in this way. Nothing is asked.
///
/// # Errors
/// Every [`InvalidAccess`].
pub fn check(access: &PrometheusAccess, targets: TargetPolicy) -> Result<(), InvalidAccess> {
    let limits = Limits::default();
    Selector::parse(&access.extra_selector)?;
    Endpoint::new(access, targets, limits.connect_timeout, limits.timeout)?;
    Ok(())
}

impl Prometheus {
    /// The Prometheus that a project names. Nothing is asked yet.
    ///
    /// # Errors
    /// Every [`InvalidAccess`].
    pub fn new(
        access: &PrometheusAccess,
        targets: TargetPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidAccess> {
        Self::with_limits(access, targets, clock, Limits::default())
    }

    fn with_limits(
        access: &PrometheusAccess,
        targets: TargetPolicy,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, InvalidAccess> {
        let expressions = Expressions::new(Selector::parse(&access.extra_selector)?);
        let endpoint = Endpoint::new(access, targets, limits.connect_timeout, limits.timeout)?;
        Ok(Self { endpoint, expressions, limits, clock, date: Mutex::default() })
    }

    /// What time it was there, as the latest answer with a date says.
    #[must_use]
    pub fn date(&self) -> Option<DateHeard> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the values of `query` at the moments of `span`, with ranges of `range_seconds`, and hands the answer to
    /// `sink`, series by series while it arrives. Returns the sink once the answer is complete.
    ///
    /// # Errors
    /// Every [`QueryError`]; what the sink took in until then is lost with it.
    pub async fn range<S: Sink>(
        &self,
        query: &'static Query,
        span: Span,
        range_seconds: u32,
        sink: S,
    ) -> Result<(S, Answered), QueryError> {
        let expression = self.expressions.of(query, range_seconds)?;
        self.values(&expression, query.kept(), span, sink).await
    }

    /// The same for an expression of the operator's, of whose series `labels` are kept.
    ///
    /// # Errors
    /// Every [`QueryError`].
    pub async fn range_of<S: Sink>(
        &self,
        expression: &str,
        labels: &'static [Label],
        span: Span,
        sink: S,
    ) -> Result<(S, Answered), QueryError> {
        let expression = self.expressions.of_text(expression)?;
        self.values(&expression, KeptLabels { labels, prefers_exported: false }, span, sink).await
    }

    async fn values<S: Sink>(
        &self,
        expression: &str,
        labels: KeptLabels,
        span: Span,
        sink: S,
    ) -> Result<(S, Answered), QueryError> {
        let started = self.clock.monotonic();
        let response = self.ask(expression, span).await?;
        let status = response.status().as_u16();
        let mut body = Body::of(response, self.limits.bytes)?;
        let mut decoder = Decoder::new(labels, span, sink);
        while let Some(bytes) = body.next().await? {
            decoder.push(bytes)?;
        }
        let (sink, summary) = decoder.finish(status)?;
        let answered = Answered {
            bytes: body.bytes,
            wire_bytes: body.wire_bytes,
            latency: self.clock.monotonic().saturating_sub(started),
            series: summary.series,
            warnings: summary.warnings,
        };
        Ok((sink, answered))
    }

    /// The response to a range query, which is not a refusal.
    async fn ask(&self, expression: &str, span: Span) -> Result<Response, QueryError> {
        let (start, end, step) = (span.from.to_string(), span.to.to_string(), span.step.to_string());
        let form = [("query", expression), ("start", &start), ("end", &end), ("step", &step)];
        let asked = self.clock.monotonic();
        let response = self.endpoint.range_query(&form).await?;
        match response.status() {
            StatusCode::OK => {
                let (heard, heard_at) = (self.clock.monotonic(), self.clock.wall());
                let date = DateHeard::of(response.headers(), asked, heard, heard_at);
                let mut known = self.date.lock().unwrap_or_else(PoisonError::into_inner);
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

/// The `errorType` of a refusal, if it is one of Prometheus itself.
async fn kind_of_refusal(response: Response) -> Option<&'static str> {
    let mut body = Body::of(response, REFUSAL).ok()?;
    let mut refusal = Vec::new();
    while let Some(bytes) = body.next().await.ok()? {
        refusal.extend_from_slice(bytes);
    }
    kind_in(&refusal)
}

#[cfg(test)]
mod tests;
