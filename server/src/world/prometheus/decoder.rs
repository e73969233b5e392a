//! Decodes an answer of Prometheus while it arrives.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{
    QueryError, Sink, Span,
    error::known_kind,
    series::SeriesReader,
    splitter::{Part, Splitter},
};
use crate::world::catalogue::KeptLabels;

/// The state of reading an answer.
pub(super) struct Decoder<S> {
    splitter: Splitter,
    findings: Findings<S>,
}

struct Findings<S> {
    reader: SeriesReader,
    sink: S,
    series: u64,
    succeeded: bool,
    failed: bool,
    is_matrix: bool,
    kind: Option<&'static str>,
    warnings: bool,
}

/// The contents of an answer besides its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    /// The number of series that the sink received.
    pub(super) series: u64,
    /// Whether the answer contains warnings or infos.
    pub(super) warnings: bool,
}

impl<S: Sink> Decoder<S> {
    /// Passes the series of an answer to `sink`, with these labels and the points of this span.
    pub(super) fn new(labels: KeptLabels, span: Span, sink: S) -> Self {
        let findings = Findings {
            reader: SeriesReader::new(labels, span),
            sink,
            series: 0,
            succeeded: false,
            failed: false,
            is_matrix: false,
            kind: None,
            warnings: false,
        };
        Self { splitter: Splitter::default(), findings }
    }

    /// Processes the next bytes.
    ///
    /// # Errors
    /// They do not belong to an answer to a range query, or there are too many.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), QueryError> {
        let Self { splitter, findings } = self;
        splitter.push(bytes, &mut |part| findings.take(part))
    }

    /// Ends an answer that has this HTTP status.
    ///
    /// # Errors
    /// It is incomplete, or reports that the query failed.
    pub(super) fn finish(self, status: u16) -> Result<(S, Summary), QueryError> {
        self.splitter.finish()?;
        let Findings { sink, series, succeeded, failed, is_matrix, kind, warnings, .. } = self.findings;
        if failed {
            return Err(QueryError::Refused { status, kind });
        }
        if succeeded && is_matrix {
            Ok((sink, Summary { series, warnings }))
        } else {
            Err(QueryError::NotUnderstood)
        }
    }
}

impl<S: Sink> Findings<S> {
    fn take(&mut self, part: Part<'_>) -> Result<(), QueryError> {
        match part {
            Part::Series(json) => self.series += u64::from(self.reader.read(json, &mut self.sink)?),
            Part::Status(json) => {
                let status: String = serde_json::from_slice(json)?;
                self.succeeded = status == "success";
                self.failed = status == "error";
            }
            Part::ResultType(json) => {
                let result_type: String = serde_json::from_slice(json)?;
                self.is_matrix = result_type == "matrix";
            }
            Part::ErrorType(json) => self.kind = kind_of(json),
            Part::Warnings(json) => {
                let warnings: Option<Vec<IgnoredAny>> = serde_json::from_slice(json)?;
                self.warnings |= warnings.is_some_and(|warnings| !warnings.is_empty());
            }
        }
        Ok(())
    }
}

/// The `errorType` in an error response.
pub(super) fn kind_in(body: &[u8]) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "errorType")]
        kind: String,
    }
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    known_kind(&refusal.kind)
}

fn kind_of(json: &[u8]) -> Option<&'static str> {
    let kind: String = serde_json::from_slice(json).ok()?;
    known_kind(&kind)
}

#[cfg(test)]
mod tests;
