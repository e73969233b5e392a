//! Which moments are missing, and how are they fetched?

use std::time::Duration;

use super::super::{
    catalogue::{Kind, WINDOW},
    prometheus::Span,
};

/// The longest gap after which every value is fetched where only the newest is kept.
const SHORT_GAP_S: u32 = 300;
/// The distance between two points with which a longer gap is filled there. A series that lived less may be missed.
const COARSE_S: u32 = 60;
/// One answer has at most the points of this long.
const SLOT_S: u32 = 3600;

/// The spans to ask for at `now` when everything up to `last` is there, in order. All times are Unix seconds, `step` is the
/// distance between two points of the project. Nothing when nothing is missing, and when the clock went backwards.
///
/// The last moment is a step before now, when Prometheus has it. Spans end at whole hours, so that none has more than the
/// 11,000 points that Prometheus gives.
#[must_use]
pub fn spans(kind: Kind, last: Option<u32>, now: u32, step: u32) -> Vec<Span> {
    let step = step_of(kind, step);
    let Some(to) = newest(now, step) else { return Vec::new() };
    if last.is_some_and(|last| last >= to) {
        return Vec::new();
    }
    match kind {
        Kind::Now => vec![Span { from: to, to, step }],
        Kind::Seen => seen(last, to, step),
        Kind::Range { keep, .. } => {
            let from = first_missing(last, to, seconds(keep), step);
            hours(from, to, step)
        }
    }
}

/// The distance between two points of a query in a project whose distance is `step`, in seconds.
#[must_use]
pub fn step_of(kind: Kind, step: u32) -> u32 {
    match kind {
        Kind::Range { every: Some(every), .. } => step.max(seconds(every)).max(1),
        _ => step.max(1),
    }
}

/// The newest moment of the grid that Prometheus has at `now`; `None` right after the epoch.
fn newest(now: u32, step: u32) -> Option<u32> {
    now.checked_sub(step).map(|to| to / step * step).filter(|to| *to > 0)
}

/// The first moment of the grid after `last`, but not before `to - keep`.
fn first_missing(last: Option<u32>, to: u32, keep: u32, step: u32) -> u32 {
    let earliest = to.saturating_sub(keep).div_ceil(step) * step;
    last.map_or(earliest, |last| earliest.max((last / step + 1) * step))
}

fn seen(last: Option<u32>, to: u32, step: u32) -> Vec<Span> {
    let from = first_missing(last, to, seconds(WINDOW), step);
    if to - from < SHORT_GAP_S {
        return vec![Span { from, to, step }];
    }
    let coarse = COARSE_S.div_ceil(step) * step;
    let (first, end) = (from.div_ceil(coarse) * coarse, to / coarse * coarse);
    let mut spans = vec![Span { from: first, to: end, step: coarse }];
    if end < to {
        spans.push(Span { from: end + step, to, step });
    }
    spans
}

/// The moments `from` to `to`, cut at whole hours.
fn hours(from: u32, to: u32, step: u32) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut from = from;
    while from <= to {
        let next_hour = (from / SLOT_S + 1).saturating_mul(SLOT_S);
        let last_before = (next_hour - 1) / step * step;
        let end = last_before.max(from).min(to);
        spans.push(Span { from, to: end, step });
        from = end + step;
    }
    spans
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
