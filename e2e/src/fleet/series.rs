//! What is a series, and which value has it at a moment?

use std::{
    f64::consts::TAU,
    fmt::{Display, Write},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    life::Life,
    pace::{Pace, Span},
};

/// Seconds in which a gauge swings once.
const SWING: f64 = 700.0;

/// The course of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// Always the same.
    Is(f64),
    /// Swings by a tenth about this.
    About(f64),
    /// A counter that grows by so much a second, in whole steps, and starts from zero when what it counts restarts.
    Grows(f64),
    /// The same with fractions.
    Flows(f64),
    /// A counter that grows evenly, in whole steps, and starts from zero when what it counts restarts.
    Counts(Pace),
    /// The same with fractions.
    Spends(Pace),
    /// The seconds since the latest start.
    Age,
    /// This share of the restarts, in whole ones.
    Restarts(f64),
}

/// Labels in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels(String);

impl Labels {
    pub(crate) fn with(&self, name: &str, value: impl Display) -> Self {
        self.and(&[(name, &value)])
    }

    pub(crate) fn and(&self, more: &[(&str, &dyn Display)]) -> Self {
        let mut text = self.0.clone();
        for (name, value) in more {
            let separator = if text.is_empty() { "" } else { "," };
            let value = value.to_string().replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
            // Writing to a string does not fail.
            write!(text, "{separator}{name}=\"{value}\"").ok();
        }
        Self(text)
    }
}

/// One series of one target.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// The name with all labels, as it is written.
    pub(crate) text: String,
    pub(crate) life: Life,
    value: Value,
    /// Where in its swing it is at time zero, in turns.
    phase: f64,
}

impl Series {
    pub(crate) fn new(name: &'static str, labels: &Labels, life: Life, value: Value) -> Self {
        let text = format!("{name}{{{}}}", labels.0);
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let phase = (hasher.finish() % 1000) as f64 / 1000.0;
        Self { name, text, life, value, phase }
    }

    /// Adds labels. The course stays as it is.
    pub(crate) fn add(&mut self, labels: &Labels) {
        self.text.pop();
        self.text.push(',');
        self.text.push_str(&labels.0);
        self.text.push('}');
    }

    /// The value at a moment at which it exists.
    pub(crate) fn value(&self, moment: i64) -> f64 {
        let (start, restarts) = self.life.started(moment);
        let age = (moment - start) as f64;
        // Grows by one in every second on average and never falls: its slope is between a half and three halves.
        let grown = || age + SWING / TAU / 2.0 * (self.turned(start).cos() - self.turned(moment).cos());
        match self.value {
            Value::Is(value) => value,
            Value::About(mean) => rounded(mean * (1.0 + self.turned(moment).sin() / 10.0)),
            Value::Grows(per_second) => (per_second * grown()).floor(),
            Value::Flows(per_second) => rounded(per_second * grown()),
            Value::Counts(pace) => pace.grown(Span { from: start, until: moment }).floor(),
            Value::Spends(pace) => rounded(pace.grown(Span { from: start, until: moment })),
            Value::Age => age,
            Value::Restarts(share) => (restarts as f64 * share).floor(),
        }
    }

    fn turned(&self, moment: i64) -> f64 {
        TAU * (moment as f64 / SWING + self.phase)
    }
}

/// Few digits: what is written a million times stays short.
fn rounded(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value.round() } else { (value * 1e4).round() / 1e4 }
}
