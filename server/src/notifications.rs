//! Who is told about incidents, and did they hear it?
//!
//! Each kind of destination has a file with its request and what an answer to it means; `sender` is the loop around them.

mod attempt;
mod destination;
mod endpoints;
mod integrations;
mod message;
mod opsgenie;
mod outcome;
mod pagerduty;
mod request;
mod schedule;
mod sender;
mod slack;
mod teams;
mod template;
mod transport;
mod webhook;

#[cfg(test)]
mod example;

use std::{
    fmt::{self, Debug},
    pin::Pin,
};

use headcount_shared::payload::AlertingIntegration;
use serde::{Deserialize, Serialize};

pub use self::{
    endpoints::Endpoints,
    integrations::{Integrations, Opsgenie, Pagerduty, Slack, Teams, Webhook},
    sender::Sender,
    template::{Template, TemplateError},
};
use crate::world::{application_key::ApplicationKey, status::Status};

/// One thing to tell one destination. Two that are equal but for `external_key` and `details` are the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    /// The project.
    pub project: String,
    /// What it is about.
    pub application: ApplicationKey,
    /// The incident that it is about.
    pub incident_key: String,
    /// How bad it is; [`Status::Ok`] when it is over.
    pub status: Status,
    /// Whom to tell.
    pub destination: AlertingIntegration,
    /// When there was something to tell, in Unix seconds.
    pub timestamp: u32,
    /// What the destination calls the conversation about this incident, such as the time stamp of a message; empty when
    /// there is none.
    pub external_key: String,
    /// What is said.
    pub details: Details,
}

/// Prints no name.
impl Debug for Notification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Notification")
            .field("status", &self.status)
            .field("destination", &self.destination)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// What is said of an incident. The settings keep it as JSON of this shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
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
    /// What it says.
    pub message: String,
}

/// Something that is on its way.
pub type Future<'f, T> = Pin<Box<dyn std::future::Future<Output = Result<T, Unavailable>> + Send + 'f>>;

/// The outbox cannot be read or written now. Why is for whoever keeps it to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the outbox is not available")]
pub struct Unavailable;

/// Where notifications wait until they are sent.
pub trait Outbox: Debug + Send + Sync {
    /// The notifications that are neither sent nor dropped and no older than `since`, in Unix seconds: the oldest first.
    fn waiting(&self, since: u32) -> Future<'_, Vec<Notification>>;

    /// The destinations of a project; none for a project that is gone.
    fn integrations<'f>(&'f self, project: &'f str) -> Future<'f, Integrations>;

    /// What a destination calls the conversation about an incident, from the last notification that was sent to it about
    /// that; empty when there is none.
    fn conversation<'f>(&'f self, notification: &'f Notification) -> Future<'f, String>;

    /// Remembers that a notification was sent at a time, in Unix seconds: it is counted, once, and not sent again.
    /// `external_key` is what the destination calls the conversation now. It is said again when this failed, also where
    /// the database had taken it.
    fn sent<'f>(&'f self, notification: &'f Notification, at: u32, external_key: &'f str) -> Future<'f, ()>;

    /// Remembers that a notification is not to be sent: its destination is gone or switched off, or did not take it for an
    /// hour. It is not counted.
    fn dropped<'f>(&'f self, notification: &'f Notification, at: u32) -> Future<'f, ()>;
}
