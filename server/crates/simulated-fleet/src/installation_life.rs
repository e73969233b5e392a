//! Says when an installation joins, is silent for weeks, and leaves.

use crate::seeded_chance::{ChancePurpose, SeededChance};

/// The share of installations that are older than the plan.
const FOUNDERS: f64 = 0.6;

/// The mean time until an installation that stays at first leaves, in days: 1.2 % a week.
const MEAN_STAY: f64 = 580.0;

/// The share of new installations that are only tried out.
const TRIALS: f64 = 0.15;

/// The share of installations that are silent for weeks, once.
const SILENT: f64 = 0.1;

/// A time within the plan: from a day, inclusive, to a day, exclusive. Days are counted from the first of the plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DaySpan {
    pub(crate) from: f64,
    pub(crate) until: f64,
}

impl DaySpan {
    /// All time.
    pub(crate) const ALWAYS: Self = Self { from: f64::NEG_INFINITY, until: f64::INFINITY };

    /// No time.
    pub(crate) const NEVER: Self = Self { from: f64::INFINITY, until: f64::INFINITY };

    /// From a day on.
    pub(crate) const fn starting(from: f64) -> Self {
        Self { from, until: f64::INFINITY }
    }

    /// Whether a time is within.
    pub(crate) fn contains(self, time: f64) -> bool {
        self.from <= time && time < self.until
    }
}

/// The life of an installation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InstallationLife {
    /// From its first to after its last report. It may begin before the plan.
    pub(crate) present: DaySpan,
    /// Weeks in which it sends nothing.
    silent: DaySpan,
}

impl InstallationLife {
    /// The life of the installation with a number, in a plan of so many days.
    pub(crate) fn new(seed: u64, installation: u32, days: u32) -> Self {
        let mut chance = SeededChance::new(seed, ChancePurpose::Life, &[installation.into()]);
        let days = f64::from(days);
        let is_founder = chance.happens(FOUNDERS);
        let from = if is_founder { -chance.waiting(150.0) } else { chance.share() * days };
        let is_trial = !is_founder && chance.happens(TRIALS);
        let stay = if is_trial { 0.05 + chance.waiting(6.0) } else { chance.waiting(MEAN_STAY) };
        let silent = if chance.happens(SILENT) {
            let begin = chance.share() * days;
            DaySpan { from: begin, until: begin + 14.0 + chance.share() * 40.0 }
        } else {
            DaySpan::NEVER
        };
        // A founder is there at the beginning: how long it stays is counted from then on.
        Self { present: DaySpan { from, until: from.max(0.0) + stay }, silent }
    }

    /// Whether it is there and not silent.
    pub(crate) fn is_sending(&self, time: f64) -> bool {
        self.present.contains(time) && !self.silent.contains(time)
    }

    /// Whether it may send in a day.
    pub(crate) fn may_send_on(&self, day: u32) -> bool {
        let begin = f64::from(day);
        let within = |span: DaySpan| span.from <= begin && begin + 1.0 <= span.until;
        self.present.from < begin + 1.0 && begin < self.present.until && !within(self.silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_on_which_it_sends_is_one_on_which_it_may() {
        for installation in 0..500 {
            let life = InstallationLife::new(3, installation, 60);
            for quarter in 0..240 {
                let time = f64::from(quarter) / 4.0;
                assert!(!life.is_sending(time) || life.may_send_on(quarter / 4), "{life:?} {time}");
            }
        }
    }

    #[test]
    fn most_are_there_at_first_and_more_at_last() {
        let lives: Vec<_> =
            (0..2000).map(|installation| InstallationLife::new(3, installation, 90)).collect();
        let sending = |time: f64| lives.iter().filter(|life| life.is_sending(time)).count();
        assert!((1100..1300).contains(&sending(0.0)), "{}", sending(0.0));
        assert!((1350..1800).contains(&sending(89.9)), "{}", sending(89.9));
        let silent = lives.iter().filter(|life| life.silent != DaySpan::NEVER).count();
        assert!((150..250).contains(&silent), "{silent}");
    }
}
