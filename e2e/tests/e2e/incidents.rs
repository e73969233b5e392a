//! Tests that each configured destination is notified of an incident exactly once, and that names of
//! applications go nowhere else.

use std::{collections::BTreeMap, time::Duration};

use headcount_harness::{
    clock::now,
    destinations::{DestinationBehaviour, DestinationKind, MockDestination},
    processes::HeadcountProcess,
    program::HeadcountProgram,
    wait::eventually,
};
use headcount_shared::payload::{
    AlertingIntegration::{self, Opsgenie, Pagerduty, Slack, Teams, Webhook},
    Payload,
};
use headcount_sim::{
    SimulatedInfrastructure, check_configs,
    coroot_projects::{self, CorootProject},
    observed_fleets::ObservedFleets,
    shape::{CallFailures, FleetShape},
};
use serde_json::{Value, json};

use crate::{
    event_totals::{EventTotals, incidents},
    names::{found, names, shown},
    setup::{TestSetup, own_address},
    world::{REFRESH, observed, reporting},
};

/// The limit for all notifications: a destination that failed is not tried again for a minute.
const TOLD_AT_LAST: Duration = Duration::from_secs(300);

/// Half of the requests to one application fail, before the server starts and after the test has ended.
const TROUBLE: CallFailures = CallFailures { from: -3900, until: 3600, failing: 0.5, slow: 0.0 };

/// The application to which they fail, as calls and as settings write it.
const FAILING: [&str; 2] = ["shop/orders", "shop:Deployment:orders"];

/// An objective, in percent, that is met even if half of the requests fail.
const LOW: f64 = 10.0;

/// The five destinations.
struct MockDestinations {
    slack: MockDestination,
    teams: MockDestination,
    pagerduty: MockDestination,
    opsgenie: MockDestination,
    webhook: MockDestination,
}

impl MockDestinations {
    async fn start() -> Self {
        let start = async |service| MockDestination::start(service, own_address()).await.unwrap();
        Self {
            slack: start(DestinationKind::Slack).await,
            teams: start(DestinationKind::Teams).await,
            pagerduty: start(DestinationKind::Pagerduty).await,
            opsgenie: start(DestinationKind::Opsgenie).await,
            webhook: start(DestinationKind::Webhook).await,
        }
    }

    const fn all(&self) -> [(AlertingIntegration, &MockDestination); 5] {
        [
            (AlertingIntegration::Slack, &self.slack),
            (AlertingIntegration::Teams, &self.teams),
            (AlertingIntegration::Pagerduty, &self.pagerduty),
            (AlertingIntegration::Opsgenie, &self.opsgenie),
            (AlertingIntegration::Webhook, &self.webhook),
        ]
    }

    /// The members of a project's integrations that notify them.
    fn integrations(&self) -> Vec<(&'static str, Value)> {
        self.all().into_iter().map(|(_, destination)| destination.integration()).collect()
    }

    /// The destinations that received something, with the received actions in order.
    fn received(&self) -> Vec<(AlertingIntegration, Vec<&'static str>)> {
        let actions = |destination: &MockDestination| {
            destination.received().into_iter().map(|received| received.action).collect()
        };
        let received = self.all().into_iter().map(|(kind, destination)| (kind, actions(destination)));
        received.filter(|(_, actions): &(_, Vec<_>)| !actions.is_empty()).collect()
    }

    /// The number of messages to each, as in reports.
    fn counts(&self) -> BTreeMap<AlertingIntegration, u64> {
        self.received().into_iter().map(|(kind, actions)| (kind, actions.len() as u64)).collect()
    }

    /// Whether the reports have all messages, and there are `times` of them.
    async fn are_reported(&self, setup: &TestSetup, collector: &HeadcountProcess, times: u64) -> bool {
        let counts = self.counts();
        counts.values().sum::<u64>() == times
            && EventTotals::in_reports(setup, collector).await.notifications == counts
    }

    /// Tokens, keys, addresses and channels that must not be anywhere else.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for (_, integration) in self.integrations() {
            texts(&integration, &mut secrets);
        }
        secrets.extend(self.all().map(|(_, destination)| destination.url()));
        secrets.retain(|secret| secret.len() > 5);
        secrets
    }
}

/// All texts in a JSON value.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        Value::Object(members) => members.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

/// The documented shop, with half of the requests to one application failing.
fn failing() -> SimulatedInfrastructure {
    let mut shape = FleetShape::document_a();
    for call in shape.calls.iter_mut().filter(|call| call.to == FAILING[0]) {
        call.trouble = Some(TROUBLE);
    }
    SimulatedInfrastructure::generate("shop", &shape, 1, now()).unwrap()
}

/// A server with one project in which an incident is open, its five destinations and its collector.
struct AlertingInstallation {
    setup: TestSetup,
    fleet: SimulatedInfrastructure,
    destinations: MockDestinations,
    collector: HeadcountProcess,
    /// The server, which reports every second.
    program: HeadcountProgram,
    _observed: ObservedFleets,
}

impl AlertingInstallation {
    async fn new() -> Self {
        let setup = TestSetup::new();
        let fleet = failing();
        let observed = observed(&setup, vec![fleet.clone()], REFRESH).await;
        let destinations = MockDestinations::start().await;
        let project = CorootProject {
            name: fleet.name().to_owned(),
            prometheus: observed.prometheus.url(""),
            refresh_interval: REFRESH,
            extra_selector: fleet.selector(),
        };
        let collector = setup.collector().start().await.unwrap();
        let program = reporting(&setup, &setup.path("server"), &collector.url("ce/usage-statistics"))
            .flag("--slack-url", destinations.slack.url())
            .flag("--pagerduty-url", destinations.pagerduty.url())
            .flag("--opsgenie-url", destinations.opsgenie.url())
            .flag("--log", "debug");
        coroot_projects::write(program.data_dir(), &[project]).await.unwrap();
        let integrations = destinations.integrations();
        coroot_projects::integrate(program.data_dir(), fleet.name(), &integrations).await.unwrap();
        Self { setup, fleet, destinations, collector, program, _observed: observed }
    }

    /// Lets three destinations accept nothing, and one of the others answer late.
    async fn break_three_destinations(&mut self) {
        self.destinations.slack.behave(DestinationBehaviour::RateLimited(1));
        self.destinations.teams.behave(DestinationBehaviour::Failing);
        self.destinations.pagerduty.down().await.unwrap();
        self.destinations.opsgenie.behave(DestinationBehaviour::Slow(Duration::from_secs(2)));
    }

    /// Waits until the destinations have received `times` messages in all, and reports have the same number.
    async fn until_reported(&self, times: u64) {
        let what = format!("{times} notifications are sent and reported");
        eventually(&what, TOLD_AT_LAST, async || {
            self.destinations.are_reported(&self.setup, &self.collector, times).await.then_some(())
        })
        .await
        .unwrap();
    }

    /// Lowers the objective of the failing application, so that its incident is over.
    async fn lower_objective(&self) {
        let promised = json!({ "SLOAvailability": [{ "custom": false, "objective_percentage": LOW }] });
        let data_dir = self.program.data_dir();
        check_configs::write(data_dir, self.fleet.name(), FAILING[1], &promised).await.unwrap();
    }

    /// The stored incidents, each with its application and whether it is over.
    async fn incidents(&self) -> Vec<(String, bool)> {
        incidents(self.program.data_dir()).await
    }
}

#[tokio::test]
async fn destinations_that_fail_are_told_once_after_a_crash_and_keep_no_other_from_being_told() {
    let mut alerting = AlertingInstallation::new().await;
    alerting.break_three_destinations().await;
    let server = alerting.program.clone().start().await.unwrap();
    alerting.until_reported(2).await;
    assert_eq!(alerting.destinations.received(), [(Opsgenie, vec!["create"]), (Webhook, vec!["call"])]);
    server.kill().unwrap();
    let missed = alerting.fleet.missed_levels(now(), now() - 3600);
    assert_eq!(missed.into_keys().collect::<Vec<_>>(), [FAILING[0]]);
    assert_eq!(alerting.incidents().await, [(FAILING[1].to_owned(), false)]);

    // The others are tried again after the crash, and again when they work.
    let requests = alerting.destinations.slack.requests();
    let server = alerting.program.clone().start().await.unwrap();
    eventually("Slack is asked again", TOLD_AT_LAST, async || {
        (alerting.destinations.slack.requests() > requests).then_some(())
    })
    .await
    .unwrap();
    alerting.destinations.slack.behave(DestinationBehaviour::Working);
    alerting.destinations.teams.behave(DestinationBehaviour::Working);
    alerting.destinations.pagerduty.up().await.unwrap();
    alerting.until_reported(5).await;
    let one_message = alerting.destinations.received().into_iter().map(|(_, actions)| actions.len());
    assert_eq!(one_message.collect::<Vec<_>>(), [1; 5]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn five_destinations_are_told_once_of_an_incident_and_of_its_end() {
    let alerting = AlertingInstallation::new().await;
    let server = alerting.program.clone().start().await.unwrap();
    alerting.until_reported(5).await;
    alerting.lower_objective().await;
    alerting.until_reported(10).await;
    assert_eq!(
        alerting.destinations.received(),
        [
            (Slack, vec!["message", "reply"]),
            (Teams, vec!["message", "message"]),
            (Pagerduty, vec!["trigger", "resolve"]),
            (Opsgenie, vec!["create", "close"]),
            (Webhook, vec!["call", "call"]),
        ]
    );
    for (kind, destination) in alerting.destinations.all() {
        assert_eq!(destination.refused(), [""; 0], "{kind:?}");
        let [opened, resolved] = &destination.received()[..] else { panic!("{kind:?} was not told twice") };
        assert_eq!(opened.conversation, resolved.conversation, "{kind:?}");
    }
    let reported = EventTotals::arrived(&alerting.setup, &server, &alerting.collector).await;
    assert_eq!(reported.notifications, alerting.destinations.counts());
    server.stop().await.unwrap();
    assert_eq!(alerting.incidents().await, [(FAILING[1].to_owned(), true)]);
}

#[tokio::test]
async fn no_name_and_no_secret_of_a_destination_is_in_a_log_or_a_report() {
    let mut alerting = AlertingInstallation::new().await;
    alerting.break_three_destinations().await;
    let server = alerting.program.clone().start().await.unwrap();
    alerting.until_reported(2).await;
    server.log().until("does not accept notifications").await.unwrap();
    let mut hidden = names(&alerting.fleet);
    hidden.extend(alerting.destinations.secrets());
    let log = server.log().lines().join("\n");
    assert_eq!(found(&hidden, &log), [""; 0], "in the log");
    let reports = reported(&alerting.setup, &alerting.collector).await;
    assert_eq!(found(&hidden, &reports), [""; 0], "in the reports");
}

/// The text of all reports in a collector, without their profiles.
async fn reported(setup: &TestSetup, collector: &HeadcountProcess) -> String {
    let mut all = String::new();
    for report in setup.stored(collector).await {
        let report: Payload =
            serde_json::from_slice(&setup.stored_bytes(collector, &report.id).await).unwrap();
        all.push_str(&shown(&report));
    }
    all
}
