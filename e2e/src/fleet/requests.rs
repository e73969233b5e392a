//! Computes the request rates of a connection: how many fail, and how long they take.

use super::{
    model::{Connection, Model},
    pace::{Pace, Span},
    shape::Trouble,
    software::Protocol,
    usual::{LATENCIES, MEAN_LATENCY_S, REQUESTS, SLOW, SLOW_LATENCY_S},
};

/// The requests of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Requests {
    /// Whether agents measure durations. They do not for messages.
    pub(crate) timed: bool,
    /// The share that fails at the callee.
    failing: f64,
    trouble: Option<(Span, Trouble)>,
}

impl Model {
    /// The requests of a connection; `None` if agents see none.
    pub(crate) fn requests(&self, connection: &Connection) -> Option<Requests> {
        let timed = !matches!(connection.protocol, Protocol::Rabbitmq | Protocol::Nats);
        (connection.protocol != Protocol::Opaque).then(|| Requests {
            timed,
            failing: self.instance(connection.to).load.failing,
            trouble: connection.trouble,
        })
    }
}

impl Requests {
    /// All requests.
    pub(crate) const fn all() -> Pace {
        Pace::even(REQUESTS)
    }

    /// Failed requests.
    pub(crate) fn failed(&self) -> Pace {
        self.changing(|trouble| REQUESTS * trouble.map_or(self.failing, |it| it.failing.max(self.failing)))
    }

    /// Successful requests.
    pub(crate) fn well(&self) -> Pace {
        self.changing(|trouble| {
            REQUESTS * (1.0 - trouble.map_or(self.failing, |it| it.failing.max(self.failing)))
        })
    }

    /// For each bound of latency, the requests that take no longer.
    pub(crate) fn within_bounds(&self) -> [(&'static str, Pace); LATENCIES.len()] {
        let mut place = 0;
        LATENCIES.map(|(bound, share)| {
            let keeps = f64::from(u8::from(place >= SLOW));
            place += 1;
            (bound, self.changing(|trouble| REQUESTS * mixed(trouble, share, keeps)))
        })
    }

    /// The total duration in seconds.
    pub(crate) fn seconds(&self) -> Pace {
        self.changing(|trouble| REQUESTS * mixed(trouble, MEAN_LATENCY_S, SLOW_LATENCY_S))
    }

    fn changing(&self, per_second: impl Fn(Option<&Trouble>) -> f64) -> Pace {
        let usual = Pace::even(per_second(None));
        match &self.trouble {
            Some((span, trouble)) => usual.meanwhile(*span, per_second(Some(trouble))),
            None => usual,
        }
    }
}

/// The mean of a value of normal and of slow requests, weighted by their shares.
fn mixed(trouble: Option<&Trouble>, usual: f64, slow: f64) -> f64 {
    let share = trouble.map_or(0.0, |trouble| trouble.slow);
    usual * (1.0 - share) + slow * share
}
