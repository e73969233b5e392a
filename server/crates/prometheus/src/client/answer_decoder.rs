//! Decodes an answer of Prometheus while it arrives.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    QueryError, QuerySpan, SeriesSink,
    answer_splitter::{AnswerPart, AnswerSplitter},
    query_error::known_kind,
    series_reader::SeriesReader,
};
use crate::query::LabelSelection;

/// The state of reading an answer.
pub(super) struct AnswerDecoder<S> {
    splitter: AnswerSplitter,
    findings: DecoderState<S>,
}

struct DecoderState<S> {
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
pub(super) struct AnswerSummary {
    /// The number of series that the sink received.
    pub(super) series: u64,
    /// Whether the answer contains warnings or infos.
    pub(super) warnings: bool,
}

impl<S: SeriesSink> AnswerDecoder<S> {
    /// Passes the series of an answer to `sink`, with these labels and the points of this span.
    pub(super) fn new(labels: LabelSelection, span: QuerySpan, sink: S) -> Self {
        let findings = DecoderState {
            reader: SeriesReader::new(labels, span),
            sink,
            series: 0,
            succeeded: false,
            failed: false,
            is_matrix: false,
            kind: None,
            warnings: false,
        };
        Self { splitter: AnswerSplitter::default(), findings }
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
    pub(super) fn finish(self, status: u16) -> Result<(S, AnswerSummary), QueryError> {
        self.splitter.finish()?;
        let DecoderState { sink, series, succeeded, failed, is_matrix, kind, warnings, .. } = self.findings;
        if failed {
            return Err(QueryError::Refused { status, kind });
        }
        if succeeded && is_matrix {
            Ok((sink, AnswerSummary { series, warnings }))
        } else {
            Err(QueryError::NotUnderstood)
        }
    }
}

impl<S: SeriesSink> DecoderState<S> {
    fn take(&mut self, part: AnswerPart<'_>) -> Result<(), QueryError> {
        match part {
            AnswerPart::Series(json) => self.series += u64::from(self.reader.read(json, &mut self.sink)?),
            AnswerPart::Status(json) => {
                let status: String = serde_json::from_slice(json)?;
                self.succeeded = status == "success";
                self.failed = status == "error";
            }
            AnswerPart::ResultType(json) => {
                let result_type: String = serde_json::from_slice(json)?;
                self.is_matrix = result_type == "matrix";
            }
            AnswerPart::ErrorType(json) => self.kind = kind_of(json),
            AnswerPart::Warnings(json) => {
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
    struct ErrorAnswer {
        #[serde(rename = "errorType")]
        kind: String,
    }
    let refusal: ErrorAnswer = serde_json::from_slice(body).ok()?;
    known_kind(&refusal.kind)
}

fn kind_of(json: &[u8]) -> Option<&'static str> {
    let kind: String = serde_json::from_slice(json).ok()?;
    known_kind(&kind)
}

#[cfg(test)]
mod tests;
