//! Defines when a simulated object exists, restarts and runs.

/// The time range that a server looks back, in seconds.
pub(crate) const WINDOW: i64 = 3600;

/// A lifetime in Unix seconds, from its begin, included, to its end, excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SimulatedLifetime {
    pub(crate) from: i64,
    pub(crate) until: Option<i64>,
    /// The interval of its restarts, in seconds.
    pub(crate) restarts: Option<i64>,
    /// The schedule on which it exists, for cron jobs.
    pub(crate) runs: Option<RunSchedule>,
}

/// The interval and duration of scheduled runs, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunSchedule {
    pub(crate) every: i64,
    pub(crate) lasting: i64,
}

impl SimulatedLifetime {
    pub(crate) const fn since(from: i64) -> Self {
        Self { from, until: None, restarts: None, runs: None }
    }

    pub(crate) fn until(self, end: i64) -> Self {
        Self { until: Some(self.until.map_or(end, |until| until.min(end))), ..self }
    }

    pub(crate) const fn restarting(self, every: i64) -> Self {
        Self { restarts: Some(every), ..self }
    }

    pub(crate) const fn running(self, runs: RunSchedule) -> Self {
        Self { runs: Some(runs), ..self }
    }

    /// Whether it exists at a moment.
    pub(crate) fn at(&self, moment: i64) -> bool {
        let running = |runs: RunSchedule| (moment - self.from).rem_euclid(runs.every) < runs.lasting;
        self.from <= moment && !self.ended(moment) && self.runs.is_none_or(running)
    }

    /// Whether it has ended for good.
    pub(crate) fn ended(&self, moment: i64) -> bool {
        self.until.is_some_and(|until| until <= moment)
    }

    /// Whether a server that looks back from a moment sees it. Scheduled work runs more than once in that
    /// time.
    pub(crate) fn seen(&self, moment: i64) -> bool {
        self.from <= moment && !self.ended(moment - WINDOW)
    }

    /// The time in which both exist, with the schedule of this one.
    pub(crate) fn with(&self, other: &Self) -> Option<Self> {
        let mut both = Self { from: self.from.max(other.from), ..*self };
        if let Some(end) = other.until {
            both = both.until(end);
        }
        // A schedule is counted from the begin.
        both.from = if self.runs.is_some() { self.from } else { both.from };
        (!both.ended(both.from)).then_some(both)
    }

    /// The latest start before a moment, and the number of restarts up to it.
    pub(crate) fn started(&self, moment: i64) -> (i64, i64) {
        let restarts = self.restarts.map_or(0, |every| (moment - self.from).max(0) / every);
        (self.from + restarts * self.restarts.unwrap_or(0), restarts)
    }
}
