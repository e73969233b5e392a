//! What a check that fired says to people. It is kept as what was found, and put into words where somebody
//! reads it: nobody reads most of them.

use std::time::Duration;

use super::checks::Name;
use crate::world::{answers::Symbol, model::Texts};

/// Why a check fired.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum CheckMessage {
    /// It did not.
    #[default]
    Nothing,
    /// Something is wrong with some things.
    Flagged {
        /// What is wrong.
        what: &'static str,
        /// What the things are called: their own names, and those of what they are a part of, which may be
        /// empty.
        names: Vec<Name>,
    },
    /// Something happened too often.
    Counted {
        /// What happened.
        what: &'static str,
        /// How often.
        count: f64,
    },
    /// The memory in use grows too fast.
    MemoryGrowth {
        /// How much more it is within an hour.
        percent: f64,
    },
    /// Names are resolved too slowly.
    SlowDns {
        /// The 95th percentile of the time that it takes.
        seconds: f64,
    },
    /// Too few instances are available.
    Available {
        /// How many are.
        available: f32,
        /// How many should be.
        desired: f32,
    },
    /// The error budget burns too fast.
    BurnRate {
        /// How many times as fast as it may.
        rate: f32,
        /// The time in which it does, for people.
        within: &'static str,
    },
    /// A rollout takes too long.
    StuckRollout {
        /// How long it takes already.
        age: Duration,
    },
}

impl CheckMessage {
    /// Whether the check did not fire.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// The text for people, which may name what runs there. Empty when the check did not fire.
    #[must_use]
    pub fn text(&self, texts: &Texts<'_>) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Flagged { what, names } => flagged(what, names, texts),
            Self::Counted { what, count } => format!("{what}: {count}"),
            Self::MemoryGrowth { percent } => {
                format!("the memory in use grew by {percent:.0} % within an hour")
            }
            Self::SlowDns { seconds } => format!("of 20 DNS requests one takes {seconds:.3} s or more"),
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

/// What is wrong, the first name of the alphabet, and how many more there are.
fn flagged(what: &str, names: &[Name], texts: &Texts<'_>) -> String {
    let mut names = names.to_vec();
    names.sort_unstable_by_key(|name| name.map(Symbol::number));
    names.dedup();
    let [name, whole] = names.iter().map(|name| name.map(|part| texts.text(part))).min().unwrap_or_default();
    let separator = if whole.is_empty() { "" } else { "@" };
    let first = [what, ": ", name, separator, whole].concat();
    match names.len() {
        0 | 1 => first,
        count => format!("{first} and {} more", count - 1),
    }
}
