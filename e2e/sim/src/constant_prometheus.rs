//! Serves constant series as a Prometheus does that is asked for ranges.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;

/// A series with a constant value: its labels as JSON without the braces, and the value.
pub type ConstantSeries = (String, &'static str);

/// The series of a node: `machine_id` and `system_uuid`, and `more` labels as JSON with a comma before each.
#[must_use]
pub fn node_labels(more: &str) -> String {
    format!(r#""machine_id":"m","system_uuid":"s"{more}"#)
}

/// The labels of a container on that node, by the id that the node agent gives it.
#[must_use]
pub fn container_labels(id: &str) -> String {
    node_labels(&format!(r#","container_id":"{id}""#))
}

/// Serves the series that `series` has for a query, which is percent-encoded, until the runtime ends. Returns the
/// address.
///
/// # Errors
/// There is no free port.
pub async fn serve(
    series: impl Fn(&str) -> Vec<ConstantSeries> + Send + Sync + 'static,
) -> anyhow::Result<String> {
    let series = Arc::new(series);
    let answer = move |body: String| {
        let series = Arc::clone(&series);
        async move { answer(&body, &*series) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    Ok(url)
}

fn answer(body: &str, series: &impl Fn(&str) -> Vec<ConstantSeries>) -> String {
    let member = |name: &str| body.split('&').find_map(|part| part.strip_prefix(name)).unwrap_or_default();
    let number = |name: &str| member(name).parse::<usize>().unwrap_or_default();
    let times = (number("start=")..=number("end=")).step_by(number("step=").max(1));
    let times: Vec<usize> = times.collect();
    let row = |(labels, value): ConstantSeries| {
        let values: Vec<String> = times.iter().map(|at| format!(r#"[{at},"{value}"]"#)).collect();
        format!(r#"{{"metric":{{{labels}}},"values":[{}]}}"#, values.join(","))
    };
    let rows: Vec<String> = series(member("query=")).into_iter().map(row).collect();
    format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#, rows.join(","))
}
