//! The report on service levels: fires if the error budget burns too fast.

use headcount_topology::{application_key::ApplicationKey, model::AppId};

use super::{
    super::inspections::Inspection, AuditCheck, AuditInput, AuditReport, CheckMessage,
    audited_application::AuditedApplication,
};
use crate::{
    health_status::HealthStatus,
    sli::{ApplicationIndicators, ObjectiveSeries},
};

/// The name of the report.
pub const NAME: &str = "SLO";

/// A multi-window burn rate alert: the rate must be exceeded in a long window, and in a short one at its end,
/// so that an incident that is over does not fire.
struct BurnRateRule {
    long_s: u32,
    /// The long window, as text.
    within: &'static str,
    short_s: u32,
    /// The burn rate: 1 uses up exactly the budget.
    rate: f32,
    severity: HealthStatus,
}

/// The value of a check is the share of good requests in this time, in seconds.
const VALUE_WINDOW_S: u32 = 3600;

/// The rules of Coroot 1.6, the worst first.
const RULES: [BurnRateRule; 3] = [
    BurnRateRule {
        long_s: 3600,
        within: "1 hour",
        short_s: 300,
        rate: 14.4,
        severity: HealthStatus::Critical,
    },
    BurnRateRule {
        long_s: 6 * 3600,
        within: "6 hours",
        short_s: 1800,
        rate: 6.0,
        severity: HealthStatus::Critical,
    },
    BurnRateRule {
        long_s: 24 * 3600,
        within: "24 hours",
        short_s: 2 * 3600,
        rate: 3.0,
        severity: HealthStatus::Warning,
    },
];

/// The report on one application; `None` if nothing is known of requests to it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let evidence = &subject.ground.evidence;
    if evidence.indicators.is_empty() {
        return None;
    }
    of_application(evidence, subject.id, subject.key())
}

fn of_application(evidence: &AuditInput<'_, '_>, app: AppId, key: &ApplicationKey) -> Option<AuditReport> {
    let known = evidence.indicators.requests_to(key)?;
    let checks = [availability(evidence, known, key), latency(evidence, known, app, key)];
    let checks: Vec<AuditCheck> = checks.into_iter().flatten().collect();
    (!checks.is_empty()).then(|| AuditReport::new(NAME, checks))
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
    evidence: &AuditInput<'_, '_>,
    known: ApplicationIndicators<'_>,
    key: &ApplicationKey,
) -> Option<AuditCheck> {
    let objective = evidence.overrides.availability_of(key);
    let series = known.availability(&objective)?;
    Some(check(Inspection::SLOAvailability, &series, objective.percent))
}

fn latency(
    evidence: &AuditInput<'_, '_>,
    known: ApplicationIndicators<'_>,
    app: AppId,
    key: &ApplicationKey,
) -> Option<AuditCheck> {
    let is_auxiliary = evidence.world.apps[app].category.is_auxiliary();
    let objective = evidence.overrides.latency_of(key, is_auxiliary);
    let series = known.latency(&objective)?;
    Some(check(Inspection::SLOLatency, &series, objective.percent))
}

fn check(inspection: Inspection, series: &ObjectiveSeries<'_>, percent: f32) -> AuditCheck {
    let (status, message) = match burning(series, percent) {
        _ if series.is_silent() => (HealthStatus::Unknown, CheckMessage::Nothing),
        None => (HealthStatus::Ok, CheckMessage::Nothing),
        Some((BurnRateRule { within, severity, .. }, rate)) => {
            (*severity, CheckMessage::BurnRate { rate, within })
        }
    };
    let good_percent = |bad_share| ((1.0 - bad_share) * 100.0) as f32;
    let value = series.bad_share(VALUE_WINDOW_S).map(good_percent);
    AuditCheck { inspection, status, threshold: percent, value, message }
}

/// The most severe rule that fires, and the burn rate in its long window.
fn burning(series: &ObjectiveSeries<'_>, percent: f32) -> Option<(&'static BurnRateRule, f32)> {
    let rate = |window_s| burn_rate(series.bad_share(window_s), percent);
    // Checked first: the short window has a twelfth of the slots, and its rate is rarely exceeded.
    let is_burning = |rule: &&BurnRateRule| rate(rule.short_s) >= rule.rate;
    RULES.iter().filter(is_burning).find_map(|rule| {
        let long = rate(rule.long_s);
        (long >= rule.rate).then_some((rule, long))
    })
}

/// The burn rate of the error budget of an objective; 0 if unknown.
fn burn_rate(bad_share: Option<f64>, percent: f32) -> f32 {
    let budget = 1.0 - f64::from(percent) / 100.0;
    // Rounded, so that a share that equals a rule's threshold in decimals reaches it.
    let rate = bad_share.map(|share| (share / budget) as f32);
    // Without a budget, and without bad requests, nothing burns.
    rate.filter(|rate| !rate.is_nan()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
