//! An outbox in memory that fails on demand.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use super::*;
use crate::notifications::{Future, Unavailable};

/// What goes wrong when the outbox is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
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
pub(super) struct Memory {
    rows: Mutex<Vec<Row>>,
    integrations: Mutex<HashMap<String, Integrations>>,
    troubles: Mutex<VecDeque<Trouble>>,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) notification: Notification,
    /// When it was sent, and the id of the conversation.
    pub(super) sent: Option<(u32, String)>,
    pub(super) dropped: Option<u32>,
}

impl Memory {
    pub(super) fn of(notifications: impl IntoIterator<Item = Notification>) -> Arc<Self> {
        let memory = Self::default();
        for notification in notifications {
            memory.add(notification);
        }
        Arc::new(memory)
    }

    pub(super) fn add(&self, notification: Notification) {
        self.rows.lock().unwrap().push(Row { notification, sent: None, dropped: None });
    }

    /// Sets the destinations of a project. Without a call a project has all destinations of the example, with
    /// the project in the address.
    pub(super) fn set(&self, project: &str, integrations: Integrations) {
        self.integrations.lock().unwrap().insert(project.to_owned(), integrations);
    }

    /// What goes wrong in the next writes.
    pub(super) fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.troubles.lock().unwrap().extend(troubles);
    }

    pub(super) fn states(&self) -> Vec<&'static str> {
        let state = |row: &Row| match (&row.sent, row.dropped) {
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
        notification: &Notification,
        remember: impl FnOnce(&mut Row),
    ) -> Result<(), Unavailable> {
        let trouble = self.troubles.lock().unwrap().pop_front().unwrap_or(Trouble::None);
        if matches!(trouble, Trouble::None | Trouble::AnswerLost) {
            let mut rows = self.rows.lock().unwrap();
            remember(rows.iter_mut().find(|row| row.notification == *notification).unwrap());
        }
        match trouble {
            Trouble::None | Trouble::Forgotten => Ok(()),
            Trouble::NotDone | Trouble::AnswerLost => Err(Unavailable),
        }
    }
}

impl Outbox for Memory {
    fn waiting(&self, since: u32) -> Future<'_, Vec<Notification>> {
        let rows = self.rows.lock().unwrap();
        let waiting = rows
            .iter()
            .filter(|row| row.sent.is_none() && row.dropped.is_none() && row.notification.timestamp >= since);
        let mut waiting: Vec<_> = waiting.map(|row| row.notification.clone()).collect();
        waiting.sort_by_key(|notification| notification.timestamp);
        Box::pin(std::future::ready(Ok(waiting)))
    }

    fn integrations<'f>(&'f self, project: &'f str) -> Future<'f, Integrations> {
        let known = self.integrations.lock().unwrap().get(project).cloned();
        let integrations = known.unwrap_or_else(|| {
            let mut integrations = example::integrations();
            integrations.webhook.as_mut().unwrap().url = format!("http://hook.example.com/{project}");
            integrations
        });
        Box::pin(std::future::ready(Ok(integrations)))
    }

    fn conversation<'f>(&'f self, notification: &'f Notification) -> Future<'f, String> {
        let rows = self.rows.lock().unwrap();
        let about_the_same = rows.iter().filter(|row| {
            row.notification.incident_key == notification.incident_key
                && row.notification.destination == notification.destination
        });
        let key = about_the_same.filter_map(|row| row.sent.as_ref()).max_by_key(|(at, _)| *at);
        let key = key.map(|(_, key)| key.clone()).unwrap_or_default();
        Box::pin(std::future::ready(Ok(key)))
    }

    fn sent<'f>(&'f self, notification: &'f Notification, at: u32, external_key: &'f str) -> Future<'f, ()> {
        let remembered = self.remember(notification, |row| row.sent = Some((at, external_key.to_owned())));
        Box::pin(std::future::ready(remembered))
    }

    fn dropped<'f>(&'f self, notification: &'f Notification, at: u32) -> Future<'f, ()> {
        let remembered = self.remember(notification, |row| row.dropped = Some(at));
        Box::pin(std::future::ready(remembered))
    }
}
