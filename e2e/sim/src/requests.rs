//! Computes the request rates of a connection: how many fail, and how long they take.

use super::{
    baseline::{LATENCIES, MEAN_LATENCY_S, REQUESTS, SLOW, SLOW_LATENCY_S},
    growth_rate::{GrowthRate, TimeSpan},
    model::{SimulatedConnection, SimulatedModel},
    shape::CallFailures,
    software::Protocol,
};

/// The requests of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionRequests {
    /// Whether agents measure durations. They do not for messages.
    pub(crate) timed: bool,
    /// The share that fails at the callee.
    failing: f64,
    trouble: Option<(TimeSpan, CallFailures)>,
}

impl SimulatedModel {
    /// The requests of a connection; `None` if agents see none.
    pub(crate) fn requests(&self, connection: &SimulatedConnection) -> Option<ConnectionRequests> {
        let timed = !matches!(connection.protocol, Protocol::Rabbitmq | Protocol::Nats);
        (connection.protocol != Protocol::Opaque).then(|| ConnectionRequests {
            timed,
            failing: self.instance(connection.to).load.failing,
            trouble: connection.trouble,
        })
    }
}

impl ConnectionRequests {
    /// The rate of all requests.
    pub(crate) const fn all() -> GrowthRate {
        GrowthRate::even(REQUESTS)
    }

    /// The rate of failed requests.
    pub(crate) fn failed(&self) -> GrowthRate {
        self.changing(|trouble| REQUESTS * trouble.map_or(self.failing, |it| it.failing.max(self.failing)))
    }

    /// The rate of successful requests.
    pub(crate) fn well(&self) -> GrowthRate {
        self.changing(|trouble| {
            REQUESTS * (1.0 - trouble.map_or(self.failing, |it| it.failing.max(self.failing)))
        })
    }

    /// For each bound of latency, the requests that take no longer.
    pub(crate) fn within_bounds(&self) -> [(&'static str, GrowthRate); LATENCIES.len()] {
        let mut place = 0;
        LATENCIES.map(|(bound, share)| {
            let keeps = f64::from(u8::from(place >= SLOW));
            place += 1;
            (bound, self.changing(|trouble| REQUESTS * mixed(trouble, share, keeps)))
        })
    }

    /// The total duration in seconds.
    pub(crate) fn seconds(&self) -> GrowthRate {
        self.changing(|trouble| REQUESTS * mixed(trouble, MEAN_LATENCY_S, SLOW_LATENCY_S))
    }

    fn changing(&self, per_second: impl Fn(Option<&CallFailures>) -> f64) -> GrowthRate {
        let base = GrowthRate::even(per_second(None));
        match &self.trouble {
            Some((span, trouble)) => base.meanwhile(*span, per_second(Some(trouble))),
            None => base,
        }
    }
}

/// The mean of a value of normal and of slow requests, weighted by their shares.
fn mixed(trouble: Option<&CallFailures>, base: f64, slow: f64) -> f64 {
    let share = trouble.map_or(0.0, |trouble| trouble.slow);
    base * (1.0 - share) + slow * share
}
