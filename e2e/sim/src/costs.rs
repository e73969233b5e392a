//! Sums up the requests and costs of an application in a time range, from the model of every instance and
//! connection.

use super::{
    baseline::{CORES, ERRORS, LATENCIES, MEMORY_BYTES, WARNINGS},
    growth_rate::{GrowthRate, TimeSpan},
    lifetime::SimulatedLifetime,
    model::{SimulatedConnection, SimulatedInstance, SimulatedModel},
    requests::ConnectionRequests,
    shape::CallRoute,
};

/// The requests and costs of an application.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ApplicationCosts {
    pub(crate) requests: f64,
    pub(crate) failed: f64,
    /// For each bound of latency, the requests that took no longer.
    pub(crate) within: [f64; LATENCIES.len()],
    pub(crate) cpu_s: f64,
    /// The mean over the time range.
    pub(crate) memory_bytes: f64,
    pub(crate) restarts: f64,
    pub(crate) oom_kills: f64,
    pub(crate) errors: f64,
    pub(crate) warnings: f64,
}

impl SimulatedModel {
    /// The requests and costs of an application, given by its index, in a time range, as far as agents see
    /// them.
    pub(crate) fn costs(&self, application: usize, span: TimeSpan) -> ApplicationCosts {
        let mut costs = self.asked(application, span);
        for instance in &self.applications[application].instances {
            if self.agent_of(instance).is_some() {
                costs.add(instance, span);
            }
        }
        costs
    }

    /// The requests from other applications to an application in a time range. Requests of monitoring are
    /// left out.
    pub(crate) fn asked(&self, application: usize, span: TimeSpan) -> ApplicationCosts {
        let mut costs = ApplicationCosts::default();
        let connections = self.connections.iter().filter(|connection| self.asks(connection, application));
        for (connection, requests) in connections.filter_map(|it| Some((it, self.requests(it)?))) {
            let within = connection.lifetime.in_span(span);
            costs.requests += ConnectionRequests::all().grown(within);
            costs.failed += requests.failed().grown(within);
            for (sum, (_, rate)) in costs.within.iter_mut().zip(requests.within_bounds()) {
                *sum += if requests.timed { rate.grown(within) } else { 0.0 };
            }
        }
        costs
    }

    fn asks(&self, connection: &SimulatedConnection, application: usize) -> bool {
        let caller = &self.applications[connection.from.application];
        connection.to.application == application
            && connection.from.application != application
            && connection.via != CallRoute::ServiceInVain
            && caller.namespace != "monitoring"
            && self.agent_of(self.instance(connection.from)).is_some()
    }
}

impl ApplicationCosts {
    /// Adds the costs of one instance.
    fn add(&mut self, instance: &SimulatedInstance, span: TimeSpan) {
        let within = instance.lifetime.in_span(span);
        let grown = |per_second: f64| GrowthRate::even(per_second).grown(within);
        let containers = instance.containers.len() as f64;
        let load = instance.load;
        self.cpu_s += containers * grown(CORES * load.cpu);
        self.memory_bytes += containers * grown(MEMORY_BYTES * load.memory) / span.seconds() as f64;
        self.errors += containers * grown(ERRORS * load.log_errors);
        self.warnings += containers * grown(WARNINGS);
        let increase = |share: f64| {
            let until = |moment: i64| (instance.lifetime.started(moment).1 as f64 * share).floor();
            if within.seconds() > 0 { until(within.until) - until(within.from) } else { 0.0 }
        };
        self.restarts += containers * increase(1.0);
        self.oom_kills += containers * increase(load.killed());
    }

    /// The share of requests that failed; `None` without requests.
    pub(crate) fn failing(&self) -> Option<f64> {
        (self.requests >= 1.0).then(|| self.failed / self.requests)
    }

    /// The share of requests that took longer than half a second, the default objective; `None` if there are
    /// no durations.
    pub(crate) fn slow(&self) -> Option<f64> {
        let mut kept = LATENCIES
            .iter()
            .zip(self.within)
            .filter(|((bound, _), _)| bound.parse::<f64>().is_ok_and(|seconds| seconds <= 0.5));
        let (fast, all) = (kept.next_back()?.1, *self.within.last()?);
        (all >= 1.0).then(|| 1.0 - fast / all)
    }
}

impl SimulatedLifetime {
    /// The part of a time range in which it exists.
    fn in_span(&self, span: TimeSpan) -> TimeSpan {
        span.with(TimeSpan { from: self.from, until: self.until.unwrap_or(span.until) })
    }
}
