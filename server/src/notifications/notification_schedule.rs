//! Decides which notification is sent next, and when.
//!
//! Pure decisions; the loop that acts on them is `sender`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use headcount_health::health_status::HealthStatus;
use headcount_shared::payload::AlertingIntegration;
use headcount_topology::application_key::ApplicationKey;

use super::IncidentNotification;

/// How long a notification may be sent, in seconds from its time stamp.
pub(super) const LIFETIME_S: u32 = 3600;

/// The shortest time between a failure and the next attempt at the same destination.
const SHORTEST_REST: Duration = Duration::from_secs(60);

/// One destination of one project. Has no `Debug`, since it contains the name of the project.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProjectDestination {
    project: String,
    pub(super) destination: AlertingIntegration,
}

/// Identifies a notification. Has no `Debug`, since it contains the names of the project and the application.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NotificationId {
    lane: ProjectDestination,
    application: ApplicationKey,
    incident_key: String,
    status: HealthStatus,
    timestamp: u32,
}

/// What to do with the waiting notifications.
#[derive(Debug, Default)]
pub(super) struct ScheduledNotifications {
    /// To be sent, at most one to each destination.
    pub(super) to_send: Vec<IncidentNotification>,
    /// Older than an hour.
    pub(super) expired: Vec<IncidentNotification>,
}

/// The attempts so far, and the destinations that are paused.
#[derive(Default)]
pub(super) struct NotificationSchedule {
    /// Until when a destination is paused, on the monotonic clock.
    rests: BTreeMap<ProjectDestination, Duration>,
    attempts: BTreeMap<NotificationId, u32>,
    /// Sent notifications that the outbox still lists as waiting. They are not sent again.
    sent: BTreeSet<NotificationId>,
}

impl From<&IncidentNotification> for ProjectDestination {
    fn from(notification: &IncidentNotification) -> Self {
        Self { project: notification.project.clone(), destination: notification.destination }
    }
}

impl From<&IncidentNotification> for NotificationId {
    fn from(notification: &IncidentNotification) -> Self {
        Self {
            lane: notification.into(),
            application: notification.application.clone(),
            incident_key: notification.incident_key.clone(),
            status: notification.status,
            timestamp: notification.timestamp,
        }
    }
}

/// Whether a notification is older than an hour at `now`, in Unix seconds.
pub(super) const fn is_expired(notification: &IncidentNotification, now: u32) -> bool {
    now >= notification.timestamp.saturating_add(LIFETIME_S)
}

impl NotificationSchedule {
    /// Decides what to do with the waiting notifications (oldest first) at `now` (Unix seconds) and
    /// `monotonic` (the monotonic clock). Busy destinations are skipped.
    ///
    /// A destination gets one notification at a time: among the oldest of each incident the one with the
    /// fewest attempts, and among those the oldest.
    pub(super) fn due(
        &mut self,
        waiting: Vec<IncidentNotification>,
        busy: &BTreeSet<ProjectDestination>,
        now: u32,
        monotonic: Duration,
    ) -> ScheduledNotifications {
        self.forget(&waiting, monotonic);
        let mut due = ScheduledNotifications::default();
        let mut first_of: BTreeSet<(ProjectDestination, String)> = BTreeSet::new();
        let mut next_of: BTreeMap<ProjectDestination, (u32, IncidentNotification)> = BTreeMap::new();
        for notification in waiting {
            let lane = ProjectDestination::from(&notification);
            if busy.contains(&lane) || self.sent.contains(&NotificationId::from(&notification)) {
                continue;
            }
            if is_expired(&notification, now) {
                due.expired.push(notification);
                continue;
            }
            let is_first = first_of.insert((lane.clone(), notification.incident_key.clone()));
            if !is_first || self.rests.contains_key(&lane) {
                continue;
            }
            let attempts =
                self.attempts.get(&NotificationId::from(&notification)).copied().unwrap_or_default();
            match next_of.get(&lane) {
                Some((fewest, _)) if *fewest <= attempts => {}
                _ => drop(next_of.insert(lane, (attempts, notification))),
            }
        }
        due.to_send = next_of.into_values().map(|(_, notification)| notification).collect();
        due
    }

    /// Records that a notification was sent.
    pub(super) fn sent(&mut self, notification: &IncidentNotification) {
        self.sent.insert(notification.into());
    }

    /// Records that an attempt failed. Its destination is paused for a minute, or for as long as it asks.
    pub(super) fn failed(
        &mut self,
        notification: &IncidentNotification,
        monotonic: Duration,
        asked: Option<Duration>,
    ) {
        *self.attempts.entry(notification.into()).or_default() += 1;
        self.rest(notification.into(), monotonic, SHORTEST_REST.max(asked.unwrap_or_default()));
    }

    /// Pauses a destination.
    pub(super) fn rest(&mut self, lane: ProjectDestination, monotonic: Duration, rest: Duration) {
        self.rests.insert(lane, monotonic.saturating_add(rest));
    }

    /// Removes what is no longer needed.
    fn forget(&mut self, waiting: &[IncidentNotification], monotonic: Duration) {
        self.rests.retain(|_, until| *until > monotonic);
        if self.attempts.is_empty() && self.sent.is_empty() {
            return;
        }
        let waiting: BTreeSet<NotificationId> = waiting.iter().map(NotificationId::from).collect();
        self.attempts.retain(|id, _| waiting.contains(id));
        self.sent.retain(|id| waiting.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::example::{self, AT};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A notification in the `n`-th second of an incident.
    fn about(incident: &str, n: u32) -> IncidentNotification {
        IncidentNotification {
            incident_key: incident.to_owned(),
            timestamp: AT + n,
            ..example::notification()
        }
    }

    fn keys(notifications: &[IncidentNotification]) -> Vec<(&str, u32)> {
        notifications.iter().map(|sent| (sent.incident_key.as_str(), sent.timestamp - AT)).collect()
    }

    #[test]
    fn a_lane_sends_the_oldest_of_each_incident_and_what_was_tried_least() {
        let mut schedule = NotificationSchedule::default();
        let waiting = || vec![about("a", 0), about("a", 1), about("b", 2)];
        let at = |monotonic, schedule: &mut NotificationSchedule| {
            let due = schedule.due(waiting(), &BTreeSet::new(), AT + 10, seconds(monotonic));
            assert_eq!(due.to_send.len(), 1);
            schedule.failed(&due.to_send[0], seconds(monotonic), None);
            keys(&due.to_send)[0].0.to_owned()
        };
        assert_eq!([0, 60, 120, 180].map(|monotonic| at(monotonic, &mut schedule)), ["a", "b", "a", "b"]);
    }

    #[test]
    fn a_lane_rests_after_a_failure_and_others_do_not() {
        let mut schedule = NotificationSchedule::default();
        let other = IncidentNotification { project: "other".to_owned(), ..about("c", 3) };
        let waiting = vec![about("a", 0), about("b", 1), other];
        schedule.failed(&waiting[0], seconds(100), Some(seconds(90)));
        let mut at = |monotonic| {
            let due = schedule.due(waiting.clone(), &BTreeSet::new(), AT + 10, seconds(monotonic));
            let mut sent: Vec<String> = due.to_send.into_iter().map(|sent| sent.incident_key).collect();
            sent.sort();
            sent
        };
        assert_eq!(at(101), ["c"]);
        assert_eq!(at(189), ["c"]);
        assert_eq!(at(190), ["b", "c"]);
    }

    #[test]
    fn what_is_older_than_an_hour_is_dropped_and_makes_room() {
        let mut schedule = NotificationSchedule::default();
        let waiting = vec![about("a", 0), about("a", 1), about("b", 0)];
        let at = |now: u32, schedule: &mut NotificationSchedule, busy: &BTreeSet<ProjectDestination>| {
            schedule.due(waiting.clone(), busy, AT + now, Duration::ZERO)
        };
        let nobody = BTreeSet::new();
        let due = at(3599, &mut schedule, &nobody);
        assert_eq!((keys(&due.to_send), due.expired.len()), (vec![("a", 0)], 0));
        let due = at(3600, &mut schedule, &nobody);
        assert_eq!(keys(&due.to_send), [("a", 1)]);
        assert_eq!(keys(&due.expired), [("a", 0), ("b", 0)]);
        // A clock that is set back makes nothing old.
        let due = schedule.due(waiting.clone(), &nobody, AT - 10, Duration::ZERO);
        assert_eq!(keys(&due.to_send), [("a", 0)]);
        // A notification that is being sent is not dropped.
        let busy = BTreeSet::from([ProjectDestination::from(&waiting[0])]);
        let due = schedule.due(waiting.clone(), &busy, AT + 9999, Duration::ZERO);
        assert!(due.to_send.is_empty() && due.expired.is_empty());
    }
}
