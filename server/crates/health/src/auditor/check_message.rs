//! Messages of checks that fired. They are stored as data, and formatted only when they are shown, because
//! most never are.

use std::time::Duration;

use headcount_topology::model::TextInterner;

use super::flagged_items::QualifiedName;

/// The reason why a check fired.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum CheckMessage {
    /// It did not fire.
    #[default]
    Nothing,
    /// Some items have a problem.
    Flagged {
        /// The problem.
        what: &'static str,
        /// The names of the items, each once.
        names: Vec<QualifiedName>,
    },
    /// An event happened too often.
    Counted {
        /// The event.
        what: &'static str,
        /// How often it happened.
        count: f64,
    },
    /// The memory in use grows too fast.
    MemoryGrowth {
        /// The growth within an hour, in percent.
        percent: f64,
    },
    /// Names are resolved too slowly.
    SlowDns {
        /// The 95th percentile of the latency.
        seconds: f64,
    },
    /// Too few instances are available.
    Available {
        /// The number of available instances.
        available: f32,
        /// The desired number.
        desired: f32,
    },
    /// The error budget burns too fast.
    BurnRate {
        /// The burn rate: 1 uses up exactly the budget.
        rate: f32,
        /// The window in which it burns, as text.
        within: &'static str,
    },
    /// A rollout takes too long.
    StuckRollout {
        /// The time since its start.
        age: Duration,
    },
}

impl CheckMessage {
    /// Whether the check did not fire.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// The text for people, which may contain names of the operator's applications. Empty if the check did
    /// not fire.
    #[must_use]
    pub fn text(&self, texts: &TextInterner<'_>) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Flagged { what, names } => flagged(what, names, texts),
            Self::Counted { what, count } => format!("{what}: {count}"),
            Self::MemoryGrowth { percent } => {
                format!("the memory in use grew by {percent:.0} % within an hour")
            }
            Self::SlowDns { seconds } => format!("the 95th percentile of DNS latency is {seconds:.3} s"),
            Self::Available { available, desired } => {
                format!("{available} of {desired} instances are available")
            }
            Self::BurnRate { rate, within } => {
                format!("error budget burn rate is {rate:.0}x within {within}")
            }
            Self::StuckRollout { age } => {
                format!("the rollout has been in progress for {}", humantime::format_duration(*age))
            }
        }
    }
}

/// The problem, the alphabetically first name, and the number of other names.
fn flagged(what: &str, names: &[QualifiedName], texts: &TextInterner<'_>) -> String {
    let [name, whole] = names.iter().map(|name| name.map(|part| texts.text(part))).min().unwrap_or_default();
    let separator = if whole.is_empty() { "" } else { "@" };
    let first = [what, ": ", name, separator, whole].concat();
    match names.len() {
        0 | 1 => first,
        count => format!("{first} and {} more", count - 1),
    }
}
