//! Converts a health status to the form in which answers have it.

use headcount_health::health_status::HealthStatus;
use headcount_shared::api::Severity;

/// The severity that stands for a status in answers.
#[must_use]
pub const fn severity(status: HealthStatus) -> Severity {
    match status {
        HealthStatus::Unknown => Severity::Unknown,
        HealthStatus::Ok => Severity::Ok,
        HealthStatus::Info => Severity::Info,
        HealthStatus::Warning => Severity::Warning,
        HealthStatus::Critical => Severity::Critical,
    }
}
