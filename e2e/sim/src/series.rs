//! Defines a series and computes its value at a moment.

use std::{
    f64::consts::TAU,
    fmt::{Display, Write},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    growth_rate::{GrowthRate, TimeSpan},
    lifetime::SimulatedLifetime,
};

/// The period of a swinging gauge, in seconds.
const SWING: f64 = 700.0;

/// How the value of a series develops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ValueCurve {
    /// A constant.
    Is(f64),
    /// Swings by a tenth around this value.
    About(f64),
    /// A counter that grows by this much per second on average, in whole steps, and resets at restarts.
    Grows(f64),
    /// The same, without rounding to whole steps.
    Flows(f64),
    /// A counter that grows at this rate, in whole steps, and resets at restarts.
    Counts(GrowthRate),
    /// The same, without rounding to whole steps.
    Spends(GrowthRate),
    /// The seconds since the latest start.
    Age,
    /// This share of the restarts, rounded down.
    Restarts(f64),
}

/// Labels in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub(crate) struct SeriesLabels(String);

impl SeriesLabels {
    pub(crate) fn with(&self, name: &str, value: impl Display) -> Self {
        self.and(&[(name, &value)])
    }

    pub(crate) fn and(&self, more: &[(&str, &dyn Display)]) -> Self {
        let mut text = self.0.clone();
        for (name, value) in more {
            let separator = if text.is_empty() { "" } else { "," };
            let value = value.to_string().replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
            // Writing to a string cannot fail.
            write!(text, "{separator}{name}=\"{value}\"").ok();
        }
        Self(text)
    }
}

/// One series of one target.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedSeries {
    pub(crate) name: &'static str,
    /// The name with all labels in the text format.
    pub(crate) text: String,
    pub(crate) lifetime: SimulatedLifetime,
    value: ValueCurve,
    /// The phase of its swing at time zero, in turns.
    phase: f64,
}

impl SimulatedSeries {
    pub(crate) fn new(
        name: &'static str,
        labels: &SeriesLabels,
        lifetime: SimulatedLifetime,
        value: ValueCurve,
    ) -> Self {
        let text = format!("{name}{{{}}}", labels.0);
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let phase = (hasher.finish() % 1000) as f64 / 1000.0;
        Self { name, text, lifetime, value, phase }
    }

    /// Adds labels. The values stay the same.
    pub(crate) fn add(&mut self, labels: &SeriesLabels) {
        self.text.pop();
        self.text.push(',');
        self.text.push_str(&labels.0);
        self.text.push('}');
    }

    /// The value at a moment. The series has to exist then.
    pub(crate) fn value(&self, moment: i64) -> f64 {
        let (start, restarts) = self.lifetime.started(moment);
        let age = (moment - start) as f64;
        // Grows by one per second on average and never falls: its slope is between 0.5 and 1.5.
        let grown = || age + SWING / TAU / 2.0 * (self.turned(start).cos() - self.turned(moment).cos());
        match self.value {
            ValueCurve::Is(value) => value,
            ValueCurve::About(mean) => rounded(mean * (1.0 + self.turned(moment).sin() / 10.0)),
            ValueCurve::Grows(per_second) => (per_second * grown()).floor(),
            ValueCurve::Flows(per_second) => rounded(per_second * grown()),
            ValueCurve::Counts(rate) => rate.grown(TimeSpan { from: start, until: moment }).floor(),
            ValueCurve::Spends(rate) => rounded(rate.grown(TimeSpan { from: start, until: moment })),
            ValueCurve::Age => age,
            ValueCurve::Restarts(share) => (restarts as f64 * share).floor(),
        }
    }

    fn turned(&self, moment: i64) -> f64 {
        TAU * (moment as f64 / SWING + self.phase)
    }
}

/// Rounds to few digits, to keep large files small.
fn rounded(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value.round() } else { (value * 1e4).round() / 1e4 }
}
