//! Generates the rows that an earlier server has stored about rollouts.

use serde_json::{Map, Value, json};

use super::{
    baseline::LATENCIES,
    costs::ApplicationCosts,
    growth_rate::TimeSpan,
    model::{SimulatedApplication, SimulatedContainer, SimulatedModel},
    rollouts::DeploymentVersion,
};

/// A row of Coroot's table `application_deployment`, without its project. Times in columns are Unix seconds,
/// those in JSON are milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct CorootRolloutRow {
    /// The namespace, the kind and the name of the application.
    pub application_id: String,
    /// The name of the replica set.
    pub name: String,
    /// When its pods started.
    pub started_at: i64,
    /// When all pods of the version before had ended.
    pub finished_at: i64,
    /// The images of its containers.
    pub details: Value,
    /// Its snapshot: requests and costs from 10 to 30 minutes after it had finished.
    pub metrics_snapshot: Value,
    /// The state of its notifications.
    pub notifications: Value,
}

impl SimulatedModel {
    /// For each Deployment with rollouts, the newest one whose costs were known at a moment.
    pub(crate) fn stored_rollouts(&self, moment: i64) -> Vec<CorootRolloutRow> {
        let newest = |(application, versions): (usize, Vec<DeploymentVersion>)| {
            let known = |version: DeploymentVersion| Some((version.looked_at()?, version));
            let mut of_then = versions.into_iter().filter_map(known).filter(|(span, _)| span.until <= moment);
            let (span, version) = of_then.next_back()?;
            let app = &self.applications[application];
            Some(stored(app, version, span, &self.costs(application, span)))
        };
        self.rolling().filter_map(newest).collect()
    }
}

fn stored(
    app: &SimulatedApplication,
    version: DeploymentVersion,
    span: TimeSpan,
    costs: &ApplicationCosts,
) -> CorootRolloutRow {
    // No notification was sent; the state means that none is pending.
    let (told, untold) = (5, json!({ "state": 0 }));
    CorootRolloutRow {
        application_id: format!("{}:Deployment:{}", app.namespace, app.name),
        details: json!({ "container_images": images(app, &version.replica_set) }),
        name: version.replica_set,
        started_at: version.started,
        finished_at: version.finished,
        metrics_snapshot: snapshot(span, costs),
        notifications: json!({ "state": told, "slack": untold, "teams": untold, "webhook": untold }),
    }
}

/// The images of a version, sorted.
fn images(app: &SimulatedApplication, replica_set: &str) -> Vec<String> {
    let owned = app.instances.iter().filter(|it| it.pod.as_ref().is_some_and(|pod| pod.owner == replica_set));
    let mut images: Vec<String> =
        owned.flat_map(|instance| &instance.containers).map(SimulatedContainer::image).collect();
    images.sort();
    images.dedup();
    images
}

fn snapshot(span: TimeSpan, costs: &ApplicationCosts) -> Value {
    let whole = |number: f64| number.round() as u64;
    let latency: Map<String, Value> = LATENCIES
        .iter()
        .zip(costs.within)
        .map(|((bound, _), count)| (bound_of(bound), whole(count).into()))
        .collect();
    json!({
        "timestamp": span.until * 1000,
        "duration": span.seconds() * 1000,
        "requests": whole(costs.requests),
        "errors": whole(costs.failed),
        "latency": latency,
        "restarts": whole(costs.restarts),
        "cpu_usage": costs.cpu_s,
        "memory_leak_percent": 0,
        "memory_usage": whole(costs.memory_bytes),
        "oom_kills": whole(costs.oom_kills),
        "log_errors": whole(costs.errors),
        "log_warnings": whole(costs.warnings),
    })
}

/// Formats a bound of latency with three digits; `+Inf` stays.
fn bound_of(bound: &str) -> String {
    let seconds = bound.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
    seconds.map_or_else(|| bound.to_owned(), |seconds| format!("{seconds:.3}"))
}
