//! Do requests succeed, and are they answered quickly, often enough? By how fast the error budget burns.

use super::{
    super::{
        application_key::ApplicationKey,
        indicators::{KnownRequests, Series},
        inspections::Inspection,
        model::AppId,
        status::Status,
    },
    Check, CheckMessage, Evidence, Report,
    subject::Subject,
};

/// The name of the report.
pub const NAME: &str = "SLO";

/// When the budget burns too fast: in a long time, and in a short one at its end, so that what is over does
/// not count.
struct Rule {
    long_s: u32,
    /// The long time, for people.
    within: &'static str,
    short_s: u32,
    /// How many times as fast as it may.
    rate: f32,
    severity: Status,
}

/// The rules of Coroot 1.6, the worst first.
const RULES: [Rule; 3] = [
    Rule { long_s: 3600, within: "1 hour", short_s: 300, rate: 14.4, severity: Status::Critical },
    Rule { long_s: 6 * 3600, within: "6 hours", short_s: 1800, rate: 6.0, severity: Status::Critical },
    Rule { long_s: 24 * 3600, within: "24 hours", short_s: 2 * 3600, rate: 3.0, severity: Status::Warning },
];

/// The report of one application; `None` when nothing is known of requests to it.
pub(super) fn report(subject: &Subject<'_, '_>) -> Option<Report> {
    let evidence = &subject.ground.evidence;
    if evidence.indicators.is_empty() {
        return None;
    }
    of_application(evidence, subject.id, subject.key())
}

fn of_application(evidence: &Evidence<'_, '_>, app: AppId, key: &ApplicationKey) -> Option<Report> {
    let known = evidence.indicators.requests_to(key)?;
    let checks = [availability(evidence, known, key), latency(evidence, known, app, key)];
    let checks: Vec<Check> = checks.into_iter().flatten().collect();
    (!checks.is_empty()).then(|| Report::new(NAME, checks))
}

/// The title of a check of this report.
#[must_use]
pub const fn title(inspection: Inspection) -> &'static str {
    match inspection {
        Inspection::SLOLatency => "Latency",
        _ => "Availability",
    }
}

fn availability(
    evidence: &Evidence<'_, '_>,
    known: KnownRequests<'_>,
    key: &ApplicationKey,
) -> Option<Check> {
    let objective = evidence.overrides.availability_of(key);
    let series = known.availability(&objective)?;
    Some(check(Inspection::SLOAvailability, &series, objective.percent))
}

fn latency(
    evidence: &Evidence<'_, '_>,
    known: KnownRequests<'_>,
    app: AppId,
    key: &ApplicationKey,
) -> Option<Check> {
    let is_auxiliary = evidence.world.apps[app].category.is_auxiliary();
    let objective = evidence.overrides.latency_of(key, is_auxiliary);
    let series = known.latency(&objective)?;
    Some(check(Inspection::SLOLatency, &series, objective.percent))
}

fn check(inspection: Inspection, series: &Series<'_>, percent: f32) -> Check {
    let threshold = percent;
    if series.is_silent() {
        return Check { inspection, status: Status::Unknown, threshold, message: CheckMessage::Nothing };
    }
    let (status, message) = match burning(series, percent) {
        None => (Status::Ok, CheckMessage::Nothing),
        Some((Rule { within, severity, .. }, rate)) => (*severity, CheckMessage::BurnRate { rate, within }),
    };
    Check { inspection, status, threshold, message }
}

/// The worst rule that fires, and how fast the budget burns in its long time.
fn burning(series: &Series<'_>, percent: f32) -> Option<(&'static Rule, f32)> {
    let rate = |window_s| burn_rate(series.bad_share(window_s), percent);
    // The short time has a twelfth of the slots, and hardly any budget burns in it.
    let is_burning = |rule: &&Rule| rate(rule.short_s) >= rule.rate;
    RULES.iter().filter(is_burning).find_map(|rule| {
        let long = rate(rule.long_s);
        (long >= rule.rate).then_some((rule, long))
    })
}

/// How many times as fast as it may the budget of an objective burns; 0 when that is not known.
fn burn_rate(bad_share: Option<f64>, percent: f32) -> f32 {
    let budget = 1.0 - f64::from(percent) / 100.0;
    // Rounded, so that a share that is a rule's threshold in decimals reaches it.
    let rate = bad_share.map(|share| (share / budget) as f32);
    // Without a budget nothing bad is no burning either.
    rate.filter(|rate| !rate.is_nan()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
