//! Computes which service levels are missed at a moment, so that an incident is open.

use std::collections::BTreeMap;

use super::{
    costs::ApplicationCosts,
    growth_rate::TimeSpan,
    model::{SimulatedApplication, SimulatedModel},
};

/// The share of requests that may fail, and of those that may be slow.
const BUDGET: f64 = 0.01;

/// The severity of a missed service level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissedSloSeverity {
    /// The error budget would last for days.
    Warning,
    /// The error budget would last for hours.
    Critical,
}

/// A burn-rate rule: it fires if the burn rate reaches the threshold in both windows, in seconds.
struct BurnRateThreshold {
    long: i64,
    short: i64,
    threshold: f64,
    severity: MissedSloSeverity,
}

const fn rule(long: i64, short: i64, threshold: f64, severity: MissedSloSeverity) -> BurnRateThreshold {
    BurnRateThreshold { long, short, threshold, severity }
}

const RULES: [BurnRateThreshold; 3] = [
    rule(3600, 300, 14.4, MissedSloSeverity::Critical),
    rule(6 * 3600, 1800, 6.0, MissedSloSeverity::Critical),
    rule(24 * 3600, 2 * 3600, 3.0, MissedSloSeverity::Warning),
];

impl SimulatedModel {
    /// The applications whose service level is missed at a moment, by the names that calls use, for a server
    /// that has observed them since another moment.
    pub(crate) fn missed_levels(&self, moment: i64, since: i64) -> BTreeMap<String, MissedSloSeverity> {
        let missed = |(application, app): (usize, &SimulatedApplication)| {
            Some((app.reference(), self.missed(application, moment, since)?))
        };
        self.applications.iter().enumerate().filter_map(missed).collect()
    }

    fn missed(&self, application: usize, moment: i64, since: i64) -> Option<MissedSloSeverity> {
        let burns = |bad: fn(&ApplicationCosts) -> Option<f64>, rule: &BurnRateThreshold| {
            [rule.long, rule.short].into_iter().all(|window| {
                let observed = TimeSpan { from: since.max(moment - window), until: moment };
                // A window counts only if at least half of it was observed.
                let known = observed.seconds() * 2 >= window;
                let share = bad(&self.asked(application, observed));
                known && share.is_some_and(|share| share / BUDGET >= rule.threshold)
            })
        };
        let fired = RULES
            .iter()
            .filter(|rule| burns(ApplicationCosts::failing, rule) || burns(ApplicationCosts::slow, rule));
        fired.map(|rule| rule.severity).max()
    }
}
