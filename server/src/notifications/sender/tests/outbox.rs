//! An outbox in memory that fails on demand.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use super::*;
use crate::notifications::{OutboxFuture, OutboxUnavailable};
use headcount_shared::api::Secret;

/// What goes wrong when the outbox is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutboxFault {
    /// Nothing.
    None,
    /// It is not recorded.
    NotDone,
    /// It is recorded, and the answer is lost.
    AnswerLost,
    /// The outbox reports success and does not record it.
    Forgotten,
}

#[derive(Debug, Default)]
pub(super) struct MemoryOutbox {
    rows: Mutex<Vec<MemoryOutboxRow>>,
    integrations: Mutex<HashMap<String, ProjectIntegrations>>,
    troubles: Mutex<VecDeque<OutboxFault>>,
}

#[derive(Debug)]
pub(super) struct MemoryOutboxRow {
    pub(super) notification: IncidentNotification,
    /// When it was sent, and the id of the conversation.
    pub(super) sent: Option<(u32, String)>,
    pub(super) dropped: Option<u32>,
}

impl MemoryOutbox {
    pub(super) fn of(notifications: impl IntoIterator<Item = IncidentNotification>) -> Arc<Self> {
        let memory = Self::default();
        for notification in notifications {
            memory.add(notification);
        }
        Arc::new(memory)
    }

    pub(super) fn add(&self, notification: IncidentNotification) {
        self.rows.lock().unwrap().push(MemoryOutboxRow { notification, sent: None, dropped: None });
    }

    /// Sets the destinations of a project. Without a call a project has all destinations of the example, with
    /// the project in the address.
    pub(super) fn set(&self, project: &str, integrations: ProjectIntegrations) {
        self.integrations.lock().unwrap().insert(project.to_owned(), integrations);
    }

    /// What goes wrong in the next writes.
    pub(super) fn trouble(&self, troubles: impl IntoIterator<Item = OutboxFault>) {
        self.troubles.lock().unwrap().extend(troubles);
    }

    pub(super) fn states(&self) -> Vec<&'static str> {
        let state = |row: &MemoryOutboxRow| match (&row.sent, row.dropped) {
            (None, None) => "waiting",
            (Some(_), None) => "sent",
            (None, Some(_)) => "dropped",
            (Some(_), Some(_)) => "sent and dropped",
        };
        self.rows.lock().unwrap().iter().map(state).collect()
    }

    /// The id of the only conversation with a destination.
    pub(super) fn key_of(&self, destination: AlertingIntegration) -> Option<String> {
        let rows = self.rows.lock().unwrap();
        let row = rows.iter().find(|row| row.notification.destination == destination)?;
        row.sent.as_ref().map(|(_, key)| key.clone())
    }

    fn remember(
        &self,
        notification: &IncidentNotification,
        remember: impl FnOnce(&mut MemoryOutboxRow),
    ) -> Result<(), OutboxUnavailable> {
        let trouble = self.troubles.lock().unwrap().pop_front().unwrap_or(OutboxFault::None);
        if matches!(trouble, OutboxFault::None | OutboxFault::AnswerLost) {
            let mut rows = self.rows.lock().unwrap();
            remember(rows.iter_mut().find(|row| row.notification == *notification).unwrap());
        }
        match trouble {
            OutboxFault::None | OutboxFault::Forgotten => Ok(()),
            OutboxFault::NotDone | OutboxFault::AnswerLost => Err(OutboxUnavailable),
        }
    }
}

impl NotificationOutbox for MemoryOutbox {
    fn waiting(&self, since: u32) -> OutboxFuture<'_, Vec<IncidentNotification>> {
        let rows = self.rows.lock().unwrap();
        let waiting = rows
            .iter()
            .filter(|row| row.sent.is_none() && row.dropped.is_none() && row.notification.timestamp >= since);
        let mut waiting: Vec<_> = waiting.map(|row| row.notification.clone()).collect();
        waiting.sort_by_key(|notification| notification.timestamp);
        Box::pin(std::future::ready(Ok(waiting)))
    }

    fn integrations<'f>(&'f self, project: &'f str) -> OutboxFuture<'f, ProjectIntegrations> {
        let known = self.integrations.lock().unwrap().get(project).cloned();
        let integrations = known.unwrap_or_else(|| {
            let url = Secret::new(format!("http://hook.example.com/{project}"));
            example::integrations_with(WebhookConfig { url, ..example::webhook() })
        });
        Box::pin(std::future::ready(Ok(integrations)))
    }

    fn conversation<'f>(&'f self, notification: &'f IncidentNotification) -> OutboxFuture<'f, String> {
        let rows = self.rows.lock().unwrap();
        let about_the_same = rows.iter().filter(|row| {
            row.notification.incident_key == notification.incident_key
                && row.notification.destination == notification.destination
        });
        let key = about_the_same.filter_map(|row| row.sent.as_ref()).max_by_key(|(at, _)| *at);
        let key = key.map(|(_, key)| key.clone()).unwrap_or_default();
        Box::pin(std::future::ready(Ok(key)))
    }

    fn sent<'f>(
        &'f self,
        notification: &'f IncidentNotification,
        at: u32,
        external_key: &'f str,
    ) -> OutboxFuture<'f, ()> {
        let remembered = self.remember(notification, |row| row.sent = Some((at, external_key.to_owned())));
        Box::pin(std::future::ready(remembered))
    }

    fn dropped<'f>(&'f self, notification: &'f IncidentNotification, at: u32) -> OutboxFuture<'f, ()> {
        let remembered = self.remember(notification, |row| row.dropped = Some(at));
        Box::pin(std::future::ready(remembered))
    }
}
