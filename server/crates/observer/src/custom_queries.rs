//! Sends the operator's custom queries to Prometheus.

use std::{sync::Arc, time::Duration};

use headcount_health::sli::{CustomExpression, CustomQuery, CustomQuerySlots, HISTOGRAM, SlotBatch};
use headcount_prometheus::client::{PrometheusClient, QueryError};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

/// The number of queries at the same time.
const AT_ONCE: usize = 4;

/// The time limit of a query.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long new queries are started. The rest wait for the next load.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends custom queries of the operator
/// ([`ServiceLevelIndicators::missing`](headcount_health::sli::ServiceLevelIndicators::missing)), and returns
/// their results. A query that fails does not affect the others, and is missing again with the next slot.
pub(crate) async fn ask_own(prometheus: &Arc<PrometheusClient>, missing: Vec<CustomQuery>) -> SlotBatch {
    let mut waiting = missing.into_iter();
    let mut under_way = JoinSet::new();
    let mut known = SlotBatch::default();
    let begun = Instant::now();
    loop {
        while under_way.len() < AT_ONCE && begun.elapsed() < PATIENCE {
            let Some(own) = waiting.next() else { break };
            under_way.spawn(put(Arc::clone(prometheus), own));
        }
        match under_way.join_next().await {
            Some(Ok(batch)) => {
                known.slots.extend(batch.slots);
                known.own.extend(batch.own);
            }
            // A bug ended the task; the query is sent again.
            Some(Err(_)) => {}
            None => return known,
        }
    }
}

async fn put(prometheus: Arc<PrometheusClient>, own: CustomQuery) -> SlotBatch {
    match timeout(TIMEOUT, ask(&prometheus, &own)).await {
        Ok(Ok(batch)) => return batch,
        Ok(Err(error)) => tracing::debug!(%error, "a custom query of the operator failed"),
        Err(_) => tracing::debug!("a custom query of the operator was not answered in time"),
    }
    own.failed()
}

async fn ask(prometheus: &PrometheusClient, own: &CustomQuery) -> Result<SlotBatch, QueryError> {
    match &own.asks {
        CustomExpression::Requests([all, failed]) => {
            let (all, _) = prometheus.range_of(all, &[], own.span, CustomQuerySlots::default()).await?;
            let (failed, _) = prometheus.range_of(failed, &[], own.span, CustomQuerySlots::default()).await?;
            Ok(own.requests(&all, &failed))
        }
        CustomExpression::Latency(histogram) => {
            let (histogram, _) =
                prometheus.range_of(histogram, HISTOGRAM, own.span, CustomQuerySlots::default()).await?;
            Ok(own.latency(&histogram))
        }
    }
}

#[cfg(test)]
mod tests;
