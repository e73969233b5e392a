//! Notifies Slack, Microsoft Teams, PagerDuty, Opsgenie and webhooks about incidents.
//!
//! Each kind of destination has a file in `destinations` with its settings, its requests and the meaning of
//! its answers; `sender` is the loop around them.

mod attempt;
mod destinations;
mod endpoints;
mod message;
mod notification_outcome;
mod notification_request;
mod notification_schedule;
mod notification_transport;
mod project_integrations;
mod sender;
mod template;
mod test_notification;

#[cfg(test)]
mod example;

use std::{
    fmt::{self, Debug},
    pin::Pin,
};

use headcount_health::health_status::HealthStatus;
use headcount_shared::payload::AlertingIntegration;
use headcount_topology::application_key::ApplicationKey;
use serde::{Deserialize, Serialize};

pub(crate) use self::destinations::{ShownDestination, check_url};
pub use self::{
    destinations::{
        DestinationConfig, InvalidDestination, OpsgenieConfig, PagerdutyConfig, SettingsMember,
        SettingsOfKind, SlackConfig, StoredSettings, TeamsConfig, WebhookConfig,
    },
    endpoints::ServiceEndpoints,
    project_integrations::ProjectIntegrations,
    sender::NotificationSender,
    template::{MessageTemplate, TemplateError},
    test_notification::{TestedDestination, test_destination},
};

/// A notification for one destination. Two are the same if they differ only in `external_key` and `details`.
#[derive(Clone, PartialEq, Eq)]
pub struct IncidentNotification {
    /// The project.
    pub project: String,
    /// The application.
    pub application: ApplicationKey,
    /// The incident that it is about.
    pub incident_key: String,
    /// The severity; [`HealthStatus::Ok`] when the incident is over.
    pub status: HealthStatus,
    /// The kind of the destination.
    pub destination: AlertingIntegration,
    /// When the notification was created, in Unix seconds.
    pub timestamp: u32,
    /// The destination's id of the conversation about this incident, such as the time stamp of a message;
    /// empty if there is none.
    pub external_key: String,
    /// What the notification reports.
    pub details: NotificationDetails,
}

/// Leaves out all names.
impl Debug for IncidentNotification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IncidentNotification")
            .field("status", &self.status)
            .field("destination", &self.destination)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// What a notification reports about an incident. The settings database stores it as JSON in this form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationDetails {
    /// The checks that fired.
    pub reports: Vec<ReportDetails>,
}

/// A check that fired.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportDetails {
    /// The name of the report.
    pub name: String,
    /// The title of the check.
    pub check: String,
    /// The message of the check.
    pub message: String,
}

/// The future of an outbox operation.
pub type OutboxFuture<'f, T> =
    Pin<Box<dyn std::future::Future<Output = Result<T, OutboxUnavailable>> + Send + 'f>>;

/// The outbox cannot be read or written at the moment. The implementation logs the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the outbox is not available")]
pub struct OutboxUnavailable;

/// Stores notifications until they are sent.
pub trait NotificationOutbox: Debug + Send + Sync {
    /// The notifications that are neither sent nor dropped and not older than `since` (Unix seconds), oldest
    /// first.
    fn waiting(&self, since: u32) -> OutboxFuture<'_, Vec<IncidentNotification>>;

    /// The destinations of a project; empty for a project that no longer exists.
    fn integrations<'f>(&'f self, project: &'f str) -> OutboxFuture<'f, ProjectIntegrations>;

    /// The destination's id of the conversation about an incident, from the last notification that was sent
    /// about it; empty if there is none.
    fn conversation<'f>(&'f self, notification: &'f IncidentNotification) -> OutboxFuture<'f, String>;

    /// Records that a notification was sent at a time in Unix seconds. It is counted once and not sent again.
    /// `external_key` is the destination's current id of the conversation. The caller repeats the call if it
    /// failed, even if the database had committed it.
    fn sent<'f>(
        &'f self,
        notification: &'f IncidentNotification,
        at: u32,
        external_key: &'f str,
    ) -> OutboxFuture<'f, ()>;

    /// Records that a notification will not be sent: its destination is gone or switched off, or did not
    /// accept it for an hour. It is not counted.
    fn dropped<'f>(&'f self, notification: &'f IncidentNotification, at: u32) -> OutboxFuture<'f, ()>;
}
