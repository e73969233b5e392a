//! Computes which service levels are missed at a moment, so that an incident is open.

use std::collections::BTreeMap;

use super::{
    costs::Costs,
    model::{Application, Model},
    pace::Span,
};

/// The share of requests that may fail, and of those that may be slow.
const BUDGET: f64 = 0.01;

/// The severity of a missed service level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The error budget would last for days.
    Warning,
    /// The error budget would last for hours.
    Critical,
}

/// A burn-rate rule: it fires if the burn rate reaches the threshold in both windows, in seconds.
struct Rule {
    long: i64,
    short: i64,
    threshold: f64,
    severity: Severity,
}

const fn rule(long: i64, short: i64, threshold: f64, severity: Severity) -> Rule {
    Rule { long, short, threshold, severity }
}

const RULES: [Rule; 3] = [
    rule(3600, 300, 14.4, Severity::Critical),
    rule(6 * 3600, 1800, 6.0, Severity::Critical),
    rule(24 * 3600, 2 * 3600, 3.0, Severity::Warning),
];

impl Model {
    /// The applications whose service level is missed at a moment, by the names that calls use, for a server
    /// that has observed them since another moment.
    pub(crate) fn missed_levels(&self, moment: i64, since: i64) -> BTreeMap<String, Severity> {
        let missed = |(application, app): (usize, &Application)| {
            Some((app.reference(), self.missed(application, moment, since)?))
        };
        self.applications.iter().enumerate().filter_map(missed).collect()
    }

    fn missed(&self, application: usize, moment: i64, since: i64) -> Option<Severity> {
        let burns = |bad: fn(&Costs) -> Option<f64>, rule: &Rule| {
            [rule.long, rule.short].into_iter().all(|window| {
                let observed = Span { from: since.max(moment - window), until: moment };
                // A window counts only if at least half of it was observed.
                let known = observed.seconds() * 2 >= window;
                let share = bad(&self.asked(application, observed));
                known && share.is_some_and(|share| share / BUDGET >= rule.threshold)
            })
        };
        let fired = RULES.iter().filter(|rule| burns(Costs::failing, rule) || burns(Costs::slow, rule));
        fired.map(|rule| rule.severity).max()
    }
}
