//! A sender with an outbox in memory, scripted destinations and a clock that the test advances.

mod loopback;
mod outbox;
mod properties;
mod scripted;

use std::io;

use tracing_subscriber::fmt::MakeWriter;

use self::{
    outbox::{MemoryOutbox, OutboxFault},
    scripted::{ScriptedDestinations, ScriptedReply},
};
use super::*;
use crate::notifications::{
    ProjectIntegrations, WebhookConfig,
    example::{self, AT},
    notification_request::NotificationAnswer,
};

/// The clock of the runtime, which advances only while a test waits. Its wall clock starts at [`AT`].
#[derive(Debug)]
struct RuntimeClock(tokio::time::Instant);

impl Clock for RuntimeClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(AT.into()) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

fn clock() -> Arc<RuntimeClock> {
    Arc::new(RuntimeClock(tokio::time::Instant::now()))
}

fn sender(outbox: &Arc<MemoryOutbox>, transport: &ScriptedDestinations) -> NotificationSender {
    let transport = Box::new(transport.clone());
    NotificationSender::over(
        transport,
        Arc::clone(outbox) as _,
        example::endpoints(),
        clock(),
        ProcessMetrics::new(),
    )
}

/// Runs a sender for some seconds and stops it.
async fn run_for(sender: &NotificationSender, seconds: u64) {
    let stop = CancellationToken::new();
    let work = async {
        sleep(Duration::from_secs(seconds)).await;
        stop.cancel();
    };
    tokio::join!(sender.run(&stop), work);
}

fn to(destination: AlertingIntegration, incident: &str, timestamp: u32) -> IncidentNotification {
    let incident_key = incident.to_owned();
    IncidentNotification { destination, incident_key, timestamp, ..example::notification() }
}

fn to_webhook(incident: &str) -> IncidentNotification {
    to(AlertingIntegration::Webhook, incident, AT)
}

fn counted(sender: &NotificationSender, destination: &str, outcome: &str) -> u32 {
    let text = sender.metrics.render(0, 0, None).unwrap();
    let start =
        format!("headcount_notifications_total{{destination=\"{destination}\",outcome=\"{outcome}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn all_destinations_are_told_once_and_the_conversation_is_remembered() {
    let all = [
        AlertingIntegration::Opsgenie,
        AlertingIntegration::Pagerduty,
        AlertingIntegration::Slack,
        AlertingIntegration::Teams,
        AlertingIntegration::Webhook,
    ];
    let outbox = MemoryOutbox::of(all.map(|destination| to(destination, "a", AT)));
    let transport = ScriptedDestinations::default();
    let sender = sender(&outbox, &transport);
    run_for(&sender, 30).await;
    let sent: Vec<_> = all.iter().map(|destination| outbox.key_of(*destination)).collect();
    assert_eq!(sent, ["a", "a", "C1:17.01", "", ""].map(|key| Some(key.to_owned())));
    assert_eq!(transport.requests().len(), 5);
    assert!(all.iter().all(|destination| counted(&sender, destination.name(), "Sent") == 1));
}

#[tokio::test(start_paused = true)]
async fn later_messages_about_an_incident_reply_in_the_thread_of_the_first() {
    let resolved = IncidentNotification {
        status: headcount_health::health_status::HealthStatus::Ok,
        ..to(AlertingIntegration::Slack, "a", AT)
    };
    let outbox = MemoryOutbox::of([to(AlertingIntegration::Slack, "a", AT), resolved]);
    let transport = ScriptedDestinations::default();
    run_for(&sender(&outbox, &transport), 1).await;
    let requests = transport.requests();
    assert!(!requests[0].body.contains("thread_ts"));
    assert!(requests[1].body.contains(r#""thread_ts":"17.01""#), "{}", requests[1].body);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_down_is_tried_once_a_minute_for_an_hour() {
    let outbox = MemoryOutbox::of([to_webhook("a")]);
    let transport = ScriptedDestinations::always(ScriptedReply::refused_connection());
    let sender = sender(&outbox, &transport);
    run_for(&sender, 3 * 3600).await;
    let times: Vec<u64> = transport.requests().iter().map(|request| request.at.as_secs()).collect();
    assert_eq!(times.len(), 60);
    assert!(times.windows(2).all(|pair| (60..=65).contains(&(pair[1] - pair[0]))), "{times:?}");
    assert!(*times.last().unwrap() < 3600);
    assert_eq!(outbox.states(), ["dropped"]);
    assert_eq!((counted(&sender, "webhook", "Failed"), counted(&sender, "webhook", "Dropped")), (60, 1));
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_for_the_destination_of_that_project_only() {
    let elsewhere = IncidentNotification { project: "other".to_owned(), ..to_webhook("c") };
    let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b"), elsewhere]);
    let transport = ScriptedDestinations::default();
    transport.answer_for("abc12345", [ScriptedReply::asking_to_wait("600")]);
    run_for(&sender(&outbox, &transport), 590).await;
    assert_eq!(outbox.states(), ["waiting", "waiting", "sent"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_wait_that_was_asked_for_the_sending_goes_on() {
    let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b")]);
    let transport = ScriptedDestinations::default();
    transport.answer_for("abc12345", [ScriptedReply::asking_to_wait("600")]);
    run_for(&sender(&outbox, &transport), 700).await;
    let times: Vec<u64> = transport.requests().iter().map(|request| request.at.as_secs()).collect();
    assert_eq!(times, [0, 600, 600]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_destination_holds_up_no_other() {
    let slack = to(AlertingIntegration::Slack, "a", AT);
    let outbox = MemoryOutbox::of([slack, to_webhook("b"), to_webhook("c")]);
    let transport = ScriptedDestinations::default();
    transport.answer_for("chat.postMessage", [ScriptedReply::after(29, ScriptedReply::ok())]);
    run_for(&sender(&outbox, &transport), 28).await;
    assert_eq!(outbox.states()[1..], ["sent", "sent"]);
}

#[tokio::test(start_paused = true)]
async fn news_are_sent_at_once() {
    let outbox = MemoryOutbox::of([]);
    let transport = ScriptedDestinations::default();
    let sender = sender(&outbox, &transport);
    let stop = CancellationToken::new();
    let work = async {
        sleep(Duration::from_secs(1)).await;
        outbox.add(to_webhook("a"));
        sender.notify();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(outbox.states(), ["sent"]);
        stop.cancel();
    };
    tokio::join!(sender.run(&stop), work);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_destination_any_more_is_dropped_and_not_counted_as_sent() {
    let gone = IncidentNotification { project: "gone".to_owned(), ..to_webhook("a") };
    let outbox = MemoryOutbox::of([gone, to_webhook("b")]);
    let off = WebhookConfig { incidents: false, ..example::webhook() };
    outbox.set("abc12345", [off.into()].into_iter().collect());
    outbox.set("gone", ProjectIntegrations::default());
    let transport = ScriptedDestinations::default();
    let sender = sender(&outbox, &transport);
    run_for(&sender, 10).await;
    assert_eq!(outbox.states(), ["dropped", "dropped"]);
    assert!(transport.requests().is_empty());
    assert_eq!((counted(&sender, "webhook", "Sent"), counted(&sender, "webhook", "Dropped")), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_not_sent_again_while_the_database_is_gone() {
    let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b")]);
    outbox.trouble(std::iter::repeat_n(OutboxFault::NotDone, 20));
    let transport = ScriptedDestinations::default();
    let sender = sender(&outbox, &transport);
    run_for(&sender, 600).await;
    assert_eq!(outbox.states(), ["sent", "sent"]);
    assert_eq!(transport.requests().len(), 2);
    assert_eq!(counted(&sender, "webhook", "Sent"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_not_sent_again_when_the_outbox_forgets_it() {
    let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b")]);
    outbox.trouble([OutboxFault::Forgotten]);
    let transport = ScriptedDestinations::default();
    run_for(&sender(&outbox, &transport), 2 * 3600).await;
    assert_eq!(outbox.states(), ["waiting", "sent"]);
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_outbox_could_not_be_told_is_told_once_more_at_the_end() {
    let outbox = MemoryOutbox::of([to_webhook("a")]);
    outbox.trouble([OutboxFault::NotDone, OutboxFault::NotDone]);
    run_for(&sender(&outbox, &ScriptedDestinations::default()), 1).await;
    assert_eq!(outbox.states(), ["sent"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_what_is_under_way_but_not_for_long() {
    for (answer_after, state, end_within) in [(2, "sent", 1), (29, "waiting", 2)] {
        let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b")]);
        let transport = ScriptedDestinations::always(ScriptedReply::after(answer_after, ScriptedReply::ok()));
        let started = tokio::time::Instant::now();
        run_for(&sender(&outbox, &transport), 1).await;
        assert!(started.elapsed() <= Duration::from_secs(1 + end_within), "{:?}", started.elapsed());
        assert_eq!(outbox.states(), [state, "waiting"]);
    }
}

/// Collects the log of this thread.
#[derive(Clone, Default)]
struct SenderTestLog(Arc<std::sync::Mutex<Vec<u8>>>);

impl io::Write for SenderTestLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for SenderTestLog {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_state_is_one_line_that_names_nobody() {
    let log = SenderTestLog::default();
    let format = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time();
    let _guard = tracing::subscriber::set_default(format.with_target(false).finish());
    // With a single subscriber, `tracing` asks the thread that logs first whether an event is wanted. That
    // may be a thread of another test.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let lines = || String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();

    let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b")]);
    let webhook = WebhookConfig { incident_template: "{{ swordfish }}".to_owned(), ..example::webhook() };
    outbox.set("abc12345", [webhook.into()].into_iter().collect());
    let transport = ScriptedDestinations::default();
    transport.answer_for("hook", std::iter::repeat_n(ScriptedReply::status(403), 3));
    run_for(&sender(&outbox, &transport), 600).await;
    assert_eq!(
        lines(),
        " WARN the template of a webhook is not understood; JSON is sent instead why=line 1: only fields, texts, \
         json, if, else, range .Reports, end, eq and ne are understood\n \
         WARN webhook does not accept notifications: it does not accept the key or the token\n \
         INFO webhook accepts notifications again\n"
    );

    let outbox = MemoryOutbox::of([to_webhook("a"), to_webhook("b")]);
    run_for(&sender(&outbox, &ScriptedDestinations::always(ScriptedReply::refused_connection())), 3700).await;
    assert_eq!(
        lines(),
        " WARN webhook does not accept notifications: connection refused\n \
         WARN webhook did not take notifications for an hour; they are dropped count=2\n"
    );
}
