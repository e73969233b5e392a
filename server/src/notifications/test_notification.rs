//! Sends one test notification to a destination, for an operator who waits for its answer.
//!
//! It goes through the code of the destination, and neither into the outbox nor into a count.

use std::time::Duration;

use headcount_health::health_status::HealthStatus;
use headcount_outbound::ConnectionFailure;
use headcount_platform::{clock::Clock, random_id};
use headcount_topology::application_key::ApplicationKey;
use tokio_util::sync::CancellationToken;

use super::{
    DestinationConfig, IncidentNotification, NotificationDetails, ReportDetails, ServiceEndpoints,
    attempt::{too_late, why_later},
    destinations::RequestContext,
    message::IncidentMessage,
    notification_outcome::NotificationOutcome,
    notification_request::UnusableConfig,
    notification_transport::{HttpNotificationTransport, NotificationTransport},
};

/// How long a request may take, including the connection. There are at most two.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a test has no result.
const STOPPED: &str = "this server stopped before the test ended";

/// What a test found, without addresses and secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedDestination {
    /// Whether the destination has accepted the notification.
    pub accepted: bool,
    /// What happened.
    pub why: String,
}

/// Sends a test notification to a destination of a project. Where that opens an alert, the alert is closed again.
/// `base_url` is the address of the product's web interface, or empty. Ends soon after `closing` is cancelled, even
/// if the destination has not answered; then an alert may stay open.
pub async fn test_destination(
    project: &str,
    base_url: &str,
    destination: &DestinationConfig,
    endpoints: &ServiceEndpoints,
    clock: &dyn Clock,
    closing: &CancellationToken,
) -> TestedDestination {
    let test = whole_test(project, base_url, destination, endpoints, clock);
    tokio::select! {
        biased;
        tested = test => tested,
        () = too_late(closing) => TestedDestination { accepted: false, why: STOPPED.to_owned() },
    }
}

async fn whole_test(
    project: &str,
    base_url: &str,
    destination: &DestinationConfig,
    endpoints: &ServiceEndpoints,
    clock: &dyn Clock,
) -> TestedDestination {
    let transport = HttpNotificationTransport::new(TIMEOUT, endpoints.targets);
    let test = DestinationTest { destination, base_url, endpoints, transport: &transport, clock };
    let opened = test_notification(project, destination, clock.unix_seconds());
    let conversation = match test.send(&opened).await {
        Ok(conversation) => conversation,
        Err(why) => return TestedDestination { accepted: false, why },
    };
    let is_alert = !destination.destination().conversation("", &opened.incident_key).is_empty();
    let why = if is_alert {
        let closed = IncidentNotification { status: HealthStatus::Ok, external_key: conversation, ..opened };
        match test.send(&closed).await {
            Ok(_) => "it accepted the test, and the alert of the test is closed again".to_owned(),
            Err(why) => format!("it accepted the test, but not that its alert is over: {why}"),
        }
    } else {
        "it accepted the test".to_owned()
    };
    TestedDestination { accepted: true, why }
}

/// A test of one destination.
struct DestinationTest<'t> {
    destination: &'t DestinationConfig,
    base_url: &'t str,
    endpoints: &'t ServiceEndpoints,
    transport: &'t dyn NotificationTransport,
    clock: &'t dyn Clock,
}

impl DestinationTest<'_> {
    /// Sends a notification once. Returns the destination's id of the conversation, or why it is not accepted.
    async fn send(&self, notification: &IncidentNotification) -> Result<String, String> {
        let destination = self.destination.destination();
        if let Some(error) = destination.template_error() {
            return Err(format!("its template is not understood: {error}"));
        }
        let conversation = destination.conversation(&notification.external_key, &notification.incident_key);
        let request = destination.request(&RequestContext {
            notification,
            message: IncidentMessage::of_test(notification, self.base_url),
            endpoints: self.endpoints,
            conversation: &conversation,
        });
        let request = request.map_err(|UnusableConfig(why)| why.to_owned())?;
        let answer = self.transport.send(request).await.map_err(|failure| match failure {
            ConnectionFailure::Unreachable(why) => format!("it cannot be reached: {why}"),
            ConnectionFailure::TimedOut => "it did not answer in time".to_owned(),
        })?;
        match destination.classify(&answer, &conversation, self.clock.wall()) {
            NotificationOutcome::Sent { external_key } => Ok(external_key),
            NotificationOutcome::Later { .. } => Err(why_later(answer.status)),
            NotificationOutcome::Refused(why) => Err(why.to_owned()),
        }
    }
}

fn test_notification(project: &str, destination: &DestinationConfig, now: u32) -> IncidentNotification {
    // There is no application of this kind.
    let application = ApplicationKey {
        namespace: "headcount".to_owned(),
        kind: "Test".to_owned(),
        name: "notifications-test".to_owned(),
    };
    let report = ReportDetails {
        name: "Headcount".to_owned(),
        check: "Test".to_owned(),
        message: "an operator sent this to see that notifications arrive".to_owned(),
    };
    IncidentNotification {
        project: project.to_owned(),
        application,
        incident_key: format!("test-{}", random_id::new_id()),
        status: HealthStatus::Warning,
        destination: destination.kind(),
        timestamp: now,
        external_key: String::new(),
        details: NotificationDetails { reports: vec![report] },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::{Router, extract::State, http::StatusCode, response::IntoResponse};
    use headcount_platform::clock::SystemClock;
    use reqwest::Url;
    use serde_json::Value;

    use super::*;
    use crate::notifications::example;

    type Received = std::sync::Arc<Mutex<Vec<Value>>>;

    /// A destination that answers everything with a status.
    async fn serving(status: StatusCode, body: &'static str) -> (Url, Received) {
        let received = Received::default();
        let answer = async move |State(received): State<Received>, sent: String| {
            received.lock().unwrap().push(serde_json::from_str(&sent).unwrap());
            (status, body).into_response()
        };
        let router = Router::new().fallback(answer).with_state(received.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url.parse().unwrap(), received)
    }

    async fn tested(destination: DestinationConfig, url: &Url) -> TestedDestination {
        let endpoints = ServiceEndpoints {
            slack: url.clone(),
            pagerduty: url.clone(),
            opsgenie: Some(url.clone()),
            ..example::endpoints()
        };
        let (clock, closing) = (SystemClock::new(), CancellationToken::new());
        test_destination("abc12345", example::BASE_URL, &destination, &endpoints, &clock, &closing).await
    }

    #[tokio::test]
    async fn a_destination_that_does_not_answer_does_not_hold_up_the_end_of_the_server() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slack = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let endpoints = ServiceEndpoints { slack, ..example::endpoints() };
        let (clock, closing) = (SystemClock::new(), CancellationToken::new());
        let destination = DestinationConfig::from(example::slack());
        let test = test_destination("abc12345", "", &destination, &endpoints, &clock, &closing);
        let stop = async {
            let connection = listener.accept().await.unwrap();
            closing.cancel();
            connection
        };
        let (tested, _connection) = tokio::join!(test, stop);
        assert_eq!(tested, TestedDestination { accepted: false, why: STOPPED.to_owned() });
    }

    #[tokio::test]
    async fn a_message_is_sent_once_and_says_that_it_is_a_test() {
        let (url, received) = serving(StatusCode::OK, r#"{"ok":true,"channel":"C","ts":"1.2"}"#).await;
        let found = tested(example::slack().into(), &url).await;
        assert_eq!(found, TestedDestination { accepted: true, why: "it accepted the test".to_owned() });
        let received = received.lock().unwrap();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0]["text"], "[WARNING] notifications-test is a test: nothing is wrong");
        let link = "https://coroot.example.com/p/abc12345/settings/notifications";
        assert!(received[0]["blocks"].to_string().contains(link), "{}", received[0]);
    }

    #[tokio::test]
    async fn an_alert_is_opened_and_closed_under_one_key() {
        let (url, received) = serving(StatusCode::ACCEPTED, "").await;
        let found = tested(example::pagerduty().into(), &url).await;
        assert!(found.accepted && found.why.contains("closed again"), "{found:?}");
        let received = received.lock().unwrap();
        let actions: Vec<&Value> = received.iter().map(|event| &event["event_action"]).collect();
        assert_eq!(actions, ["trigger", "resolve"]);
        assert_eq!(received[0]["dedup_key"], received[1]["dedup_key"]);
    }

    #[tokio::test]
    async fn what_a_destination_says_instead_is_told_without_its_address() {
        let (refusing, _) = serving(StatusCode::OK, r#"{"ok":false,"error":"not_in_channel"}"#).await;
        let (locked, _) = serving(StatusCode::FORBIDDEN, "").await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        for (destination, url, why) in [
            (DestinationConfig::from(example::slack()), &refusing, "the bot is not in the channel"),
            (example::opsgenie().into(), &locked, "it does not accept the key or the token"),
            (example::pagerduty().into(), &closed, "it cannot be reached: connection refused"),
        ] {
            let expected = TestedDestination { accepted: false, why: why.to_owned() };
            assert_eq!(tested(destination, url).await, expected);
        }
    }
}
