//! Which requests go over a connection, and what becomes of them?

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
    /// Whether agents see how long they take. Of messages they do not.
    pub(crate) timed: bool,
    /// The share that fails for what is called.
    failing: f64,
    trouble: Option<(Span, Trouble)>,
}

impl Model {
    /// The requests of a connection; nothing where agents see none.
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
    /// All of them.
    pub(crate) const fn all() -> Pace {
        Pace::even(REQUESTS)
    }

    /// Those that fail.
    pub(crate) fn failed(&self) -> Pace {
        self.changing(|trouble| REQUESTS * trouble.map_or(self.failing, |it| it.failing.max(self.failing)))
    }

    /// Those that do not.
    pub(crate) fn well(&self) -> Pace {
        self.changing(|trouble| {
            REQUESTS * (1.0 - trouble.map_or(self.failing, |it| it.failing.max(self.failing)))
        })
    }

    /// Those that take no longer than each bound of latency.
    pub(crate) fn within_bounds(&self) -> [(&'static str, Pace); LATENCIES.len()] {
        let mut place = 0;
        LATENCIES.map(|(bound, share)| {
            let keeps = f64::from(u8::from(place >= SLOW));
            place += 1;
            (bound, self.changing(|trouble| REQUESTS * mixed(trouble, share, keeps)))
        })
    }

    /// The seconds that they take together.
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

/// What is true of the usual and of slow requests, in their proportion.
fn mixed(trouble: Option<&Trouble>, usual: f64, slow: f64) -> f64 {
    let share = trouble.map_or(0.0, |trouble| trouble.slow);
    usual * (1.0 - share) + slow * share
}
