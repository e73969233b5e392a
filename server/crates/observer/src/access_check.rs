//! Tries the access to a Prometheus once, for an operator who waits: does it answer, and has it the metrics that
//! are observed? Nothing is kept.

use std::{sync::Arc, time::Duration};

use headcount_outbound::TargetPolicy;
use headcount_platform::clock::Clock;
use headcount_prometheus::{
    client::{AnswerTooLarge, InvalidAccess, PrometheusClient, QueryError, QuerySpan, SeriesSink},
    prometheus_access::PrometheusAccess,
};

/// How long a query may take, including the connection. There are two in a row.
const TIMEOUT: Duration = Duration::from_secs(8);

/// A query that every Prometheus answers at once.
const ALIVE: &str = "vector(1)";

/// Counts of series that exist in every installation with a node agent, and of what else helps to tell why there
/// are none.
const COUNTS: [&str; 4] = ["count(node_info)", "count(container_info)", "count(kube_pod_info)", "count(up)"];

/// What a Prometheus has, by the newest samples at its own time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrometheusContents {
    /// Nodes that a node agent describes.
    pub nodes: u64,
    /// Containers that a node agent describes.
    pub containers: u64,
    /// Pods that kube-state-metrics describes.
    pub pods: u64,
    /// Targets that it scrapes.
    pub targets: u64,
    /// How long the first answer took.
    pub latency: Duration,
}

/// Why a Prometheus cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessCheckError {
    /// The access is not valid; nothing was sent.
    #[error(transparent)]
    Invalid(#[from] InvalidAccess),
    /// A query has no answer.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Asks a Prometheus what it has.
///
/// # Errors
/// Every [`AccessCheckError`].
pub async fn check_access(
    access: &PrometheusAccess,
    targets: TargetPolicy,
    clock: Arc<dyn Clock>,
) -> Result<PrometheusContents, AccessCheckError> {
    let prometheus = PrometheusClient::for_test(access, targets, Arc::clone(&clock), TIMEOUT)?;
    let now = clock.unix_seconds();
    let (_, answered) = prometheus.range_of(ALIVE, &[], at(now), NewestValue::default()).await?;
    let now = time_of(&prometheus, &*clock);
    let [nodes, containers, pods, targets] = COUNTS;
    let (nodes, containers, pods, targets) = tokio::try_join!(
        count(&prometheus, nodes, now),
        count(&prometheus, containers, now),
        count(&prometheus, pods, now),
        count(&prometheus, targets, now),
    )?;
    Ok(PrometheusContents { nodes, containers, pods, targets, latency: answered.latency })
}

async fn count(prometheus: &PrometheusClient, expression: &str, now: u32) -> Result<u64, QueryError> {
    let (NewestValue(value), _) =
        prometheus.range_of(expression, &[], at(now), NewestValue::default()).await?;
    Ok(whole(value.unwrap_or_default()))
}

/// The time of Prometheus, whose clock may differ from that of this machine.
fn time_of(prometheus: &PrometheusClient, clock: &dyn Clock) -> u32 {
    let here = clock.unix_seconds();
    let [least, most] = prometheus.date().map_or([0, 0], |date| date.ahead(clock.wall(), clock.monotonic()));
    // A difference that the way of the answer explains is none.
    let ahead = if least > 0 { least } else { most.min(0) };
    u32::try_from(i64::from(here).saturating_add(ahead)).unwrap_or(here)
}

const fn at(time: u32) -> QuerySpan {
    QuerySpan { from: time, to: time, step: 1 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count is not negative, and a float saturates on conversion"
)]
const fn whole(count: f32) -> u64 {
    count as u64
}

/// Keeps the newest value of an answer.
#[derive(Debug, Default)]
struct NewestValue(Option<f32>);

impl SeriesSink for NewestValue {
    fn series(&mut self, _: &[&str]) -> Result<(), AnswerTooLarge> {
        Ok(())
    }

    fn point(&mut self, _: u32, value: f32) -> Result<(), AnswerTooLarge> {
        self.0 = Some(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, response::Html};
    use headcount_platform::clock::SystemClock;
    use headcount_prometheus::mock_prometheus::{MockAnswer, MockPrometheus};

    use super::*;

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

    async fn checked(url: &str) -> Result<PrometheusContents, AccessCheckError> {
        check_access(&access(url), TargetPolicy::default(), Arc::new(SystemClock::new())).await
    }

    async fn serving(router: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    #[tokio::test]
    async fn what_it_has_is_counted_by_subject() {
        let (url, _) = MockPrometheus::serve(|query| match query {
            "vector(1)" | "count(node_info)" | "count(up)" => MockAnswer::Series,
            _ => MockAnswer::These(&[]),
        })
        .await;
        let PrometheusContents { nodes, containers, pods, targets, .. } = checked(&url).await.unwrap();
        assert_eq!((nodes, containers, pods, targets), (1, 0, 0, 1));
    }

    #[tokio::test]
    async fn the_selector_of_the_project_is_in_every_count() {
        let (url, asked) = MockPrometheus::serve(|_| MockAnswer::Series).await;
        let access = PrometheusAccess { extra_selector: r#"{cluster="a"}"#.to_owned(), ..access(&url) };
        check_access(&access, TargetPolicy::default(), Arc::new(SystemClock::new())).await.unwrap();
        assert_eq!(asked.spans(r#"count(node_info{cluster="a"})"#).len(), 1);
        assert_eq!(asked.spans("count(node_info)").len(), 0);
    }

    #[tokio::test]
    async fn what_answers_instead_is_told_apart() {
        let page = serving(Router::new().fallback(async || Html("<html>Sign in</html>"))).await;
        let nowhere = serving(Router::new().fallback(async || StatusCode::NOT_FOUND)).await;
        let locked = serving(Router::new().fallback(async || StatusCode::UNAUTHORIZED)).await;
        let refused = |status| QueryError::Refused { status, kind: None }.into();
        assert_eq!(checked(&page).await, Err(QueryError::WebPage.into()));
        assert_eq!(checked(&nowhere).await, Err(refused(404)));
        assert_eq!(checked(&locked).await, Err(refused(401)));
        assert_eq!(checked("ftp://nowhere").await, Err(InvalidAccess::Url.into()));
        assert_eq!(checked("http://169.254.169.254/").await, Err(InvalidAccess::Forbidden.into()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(checked(&closed).await, Err(QueryError::Unreachable("connection refused").into()));
    }
}
