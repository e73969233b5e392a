//! Selects the operator's custom queries that are due, and converts their answers to slots.

use std::{collections::BTreeMap, fmt};

use headcount_prometheus::{
    client::{AnswerTooLarge, QuerySpan, SeriesSink},
    query::{Label, WINDOW},
};
use headcount_topology::application_key::ApplicationKey;

use super::{
    ApplicationSlot, CustomQueryProgress, SLOT_S, ServiceLevelIndicators, SlotBatch, SlotSource,
    slot_batch::QueryProgress, slot_before,
};
use crate::inspections::{InspectionThresholds, ProjectThresholds};

/// The maximum number of values in an answer; none gets near it.
const MOST_VALUES: usize = 10_000;

/// A custom query of the operator, for the slots that are missing.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomQuery {
    /// The application whose requests it counts.
    pub application: ApplicationKey,
    /// The source of its slots.
    pub source: SlotSource,
    /// The times for which it is sent.
    pub span: QuerySpan,
    /// What is sent.
    pub asks: CustomExpression,
}

/// The PromQL expressions of a custom query.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "it is text of the operator")]
pub enum CustomExpression {
    /// All requests, and those that failed.
    Requests([String; 2]),
    /// A histogram.
    Latency(String),
}

/// The labels that are read from the answer to a histogram query.
pub const HISTOGRAM: &[Label] = &[Label::Le];

impl ServiceLevelIndicators {
    /// The custom queries for the missing slots that end up to `to`, in Unix seconds; at most an hour back.
    #[must_use]
    pub fn missing(&self, overrides: &ProjectThresholds, to: u32) -> Vec<CustomQuery> {
        let all = overrides.applications.iter().flat_map(|(application, thresholds)| {
            asked(thresholds).map(move |(source, asks)| (application.clone(), source, asks))
        });
        all.filter_map(|(application, source, asks)| {
            let key = (application, source);
            let span = span(self.own.get(&key).copied().unwrap_or_default(), to)?;
            Some(CustomQuery { application: key.0, source, span, asks })
        })
        .collect()
    }
}

fn asked(thresholds: &InspectionThresholds) -> impl Iterator<Item = (SlotSource, CustomExpression)> {
    let availability = thresholds.availability.as_ref().and_then(|objective| {
        let queries = objective.custom.as_ref()?;
        let expressions = queries.each_ref().map(|query| format!("sum(rate({query}[5m]))"));
        Some((SlotSource::of_availability(objective), CustomExpression::Requests(expressions)))
    });
    let latency = thresholds.latency.as_ref().and_then(|objective| {
        let histogram = objective.custom.as_ref()?;
        let expression = format!("sum by (le) (rate({histogram}[5m]))");
        Some((SlotSource::of_latency(objective), CustomExpression::Latency(expression)))
    });
    availability.into_iter().chain(latency)
}

/// The missing slots up to `to`; `None` if there are none, or the query was already sent for the last of
/// them.
fn span(known: QueryProgress, to: u32) -> Option<QuerySpan> {
    let to = slot_before(to);
    let window = u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX);
    let from = known.answered.max(to.saturating_sub(window)) + SLOT_S;
    (known.put < to && from <= to).then_some(QuerySpan { from, to, step: SLOT_S })
}

impl fmt::Debug for CustomQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the application and the expressions, which contain names of the operator's applications.
        formatter.debug_struct("CustomQuery").field("span", &self.span).finish_non_exhaustive()
    }
}

impl CustomQuery {
    /// Converts the answers on requests to slots.
    pub fn requests(&self, all: &CustomQuerySlots, failed: &CustomQuerySlots) -> SlotBatch {
        self.batch(all.values.iter().map(|(end, values)| {
            let failed = failed.values.get(end).map_or(0.0, |values| total(values));
            ApplicationSlot { requests: Some([total(values), failed]), ..self.slot(*end) }
        }))
    }

    /// Converts the answer on latencies to slots.
    pub fn latency(&self, histogram: &CustomQuerySlots) -> SlotBatch {
        self.batch(histogram.values.iter().map(|(end, values)| {
            let mut slot = self.slot(*end);
            for (bound, count) in values {
                slot.add_to_bucket(*bound, *count);
            }
            slot
        }))
    }

    /// The batch for a query without an answer, which records that the query was sent.
    pub fn failed(self) -> SlotBatch {
        let progress = QueryProgress { put: self.span.to, answered: 0 };
        let own = CustomQueryProgress { application: self.application, source: self.source, progress };
        SlotBatch { own: vec![own], ..SlotBatch::default() }
    }

    fn batch(&self, slots: impl Iterator<Item = ApplicationSlot>) -> SlotBatch {
        let (application, source) = (self.application.clone(), self.source);
        let progress = QueryProgress { put: self.span.to, answered: self.span.to };
        let own = vec![CustomQueryProgress { application, source, progress }];
        SlotBatch { slots: slots.collect(), own, ..SlotBatch::default() }
    }

    fn slot(&self, end: u32) -> ApplicationSlot {
        let (application, source) = (self.application.clone(), self.source);
        ApplicationSlot { application, source, end, requests: None, latency: Vec::new() }
    }
}

fn total(values: &[(f32, f32)]) -> f32 {
    values.iter().map(|(_, value)| value).sum()
}

/// Receives the answer to a custom query: the number of requests in each slot, by bucket.
#[derive(Debug, Default)]
pub struct CustomQuerySlots {
    values: BTreeMap<u32, Vec<(f32, f32)>>,
    count: usize,
    /// The bucket of the current series; `None` if its bound is not a number.
    bound: Option<f32>,
}

impl SeriesSink for CustomQuerySlots {
    fn series(&mut self, labels: &[&str]) -> Result<(), AnswerTooLarge> {
        self.bound = labels.first().map_or(Some(f32::INFINITY), |le| le.parse().ok());
        Ok(())
    }

    fn point(&mut self, at: u32, value: f32) -> Result<(), AnswerTooLarge> {
        self.count += 1;
        if self.count > MOST_VALUES {
            return Err(AnswerTooLarge);
        }
        if let Some(bound) = self.bound.filter(|_| value.is_finite()) {
            self.values.entry(at).or_default().push((bound, value * SLOT_S as f32));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_is_asked_for_once_and_at_most_an_hour_back() {
        for (answered, put, to, expected) in [
            (0, 0, 90_100, Some((86_700, 90_000))),
            (89_700, 89_700, 90_299, Some((90_000, 90_000))),
            (90_000, 90_000, 90_299, None),
            (89_100, 89_700, 90_000, Some((89_400, 90_000))),
            // A query that failed waits for the next slot.
            (89_100, 90_000, 90_299, None),
            (90_000, 90_000, 80_000, None),
        ] {
            let found = span(QueryProgress { put, answered }, to).map(|span| (span.from, span.to));
            assert_eq!(found, expected, "{answered} {put} {to}");
        }
    }
}
