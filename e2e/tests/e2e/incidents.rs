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
use headcount_shared::payload::{AlertingIntegration, Payload};
use headcount_sim::{
    SimulatedFleet, check_configs,
    coroot_projects::{self, CorootProject},
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
fn failing() -> SimulatedFleet {
    let mut shape = FleetShape::document_a();
    for call in shape.calls.iter_mut().filter(|call| call.to == FAILING[0]) {
        call.trouble = Some(TROUBLE);
    }
    SimulatedFleet::generate("shop", &shape, 1, now()).unwrap()
}

/// A server that notifies these destinations about its only project, and reports every second.
async fn telling(
    setup: &TestSetup,
    to: &MockDestinations,
    project: CorootProject,
    collector: &HeadcountProcess,
) -> HeadcountProgram {
    let program = reporting(setup, &setup.path("server"), &collector.url("ce/usage-statistics"))
        .flag("--slack-url", to.slack.url())
        .flag("--pagerduty-url", to.pagerduty.url())
        .flag("--opsgenie-url", to.opsgenie.url())
        .flag("--log", "debug");
    let name = project.name.clone();
    coroot_projects::write(program.data_dir(), &[project]).await.unwrap();
    coroot_projects::integrate(program.data_dir(), &name, &to.integrations()).await.unwrap();
    program
}

/// Waits until the destinations have received `times` messages in all, and reports have the same number.
async fn until_reported(
    setup: &TestSetup,
    destinations: &MockDestinations,
    collector: &HeadcountProcess,
    times: u64,
) {
    let what = format!("{times} notifications are sent and reported");
    eventually(&what, TOLD_AT_LAST, async || {
        destinations.are_reported(setup, collector, times).await.then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn five_destinations_are_told_once_of_an_incident_and_of_its_end() {
    use AlertingIntegration::{Opsgenie, Pagerduty, Slack, Teams, Webhook};
    let setup = TestSetup::new();
    let fleet = failing();
    let observed = observed(&setup, vec![fleet.clone()], REFRESH).await;
    let mut destinations = MockDestinations::start().await;
    let project = CorootProject {
        name: fleet.name().to_owned(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: REFRESH,
        extra_selector: fleet.selector(),
    };
    let collector = setup.collector().start().await.unwrap();
    let program = telling(&setup, &destinations, project, &collector).await;
    let mut log = Vec::new();

    // At first only two accept it, one of them late.
    destinations.slack.behave(DestinationBehaviour::RateLimited(1));
    destinations.teams.behave(DestinationBehaviour::Failing);
    destinations.pagerduty.down().await.unwrap();
    destinations.opsgenie.behave(DestinationBehaviour::Slow(Duration::from_secs(2)));
    let server = program.start().await.unwrap();
    until_reported(&setup, &destinations, &collector, 2).await;
    assert_eq!(destinations.received(), [(Opsgenie, vec!["create"]), (Webhook, vec!["call"])]);
    log.extend(server.log().lines());
    let program = server.kill().unwrap();
    let missed = fleet.missed_levels(now(), now() - 3600);
    assert_eq!(missed.into_keys().collect::<Vec<_>>(), [FAILING[0]]);
    let [_, failing] = FAILING.map(str::to_owned);
    assert_eq!(incidents(program.data_dir()).await, [(failing.clone(), false)]);

    // The others are tried again after the crash, and again when they work.
    let requests = destinations.slack.requests();
    let server = program.start().await.unwrap();
    eventually("Slack is asked again", TOLD_AT_LAST, async || {
        (destinations.slack.requests() > requests).then_some(())
    })
    .await
    .unwrap();
    destinations.slack.behave(DestinationBehaviour::Working);
    destinations.teams.behave(DestinationBehaviour::Working);
    destinations.pagerduty.up().await.unwrap();
    until_reported(&setup, &destinations, &collector, 5).await;
    log.extend(server.log().lines());
    let program = server.kill().unwrap();

    // The incident is over with a lower objective.
    let server = program.clone().start().await.unwrap();
    let promised = json!({ "SLOAvailability": [{ "custom": false, "objective_percentage": LOW }] });
    check_configs::write(program.data_dir(), fleet.name(), &failing, &promised).await.unwrap();
    until_reported(&setup, &destinations, &collector, 10).await;
    let received = destinations.received();
    assert_eq!(
        received,
        [
            (Slack, vec!["message", "reply"]),
            (Teams, vec!["message", "message"]),
            (Pagerduty, vec!["trigger", "resolve"]),
            (Opsgenie, vec!["create", "close"]),
            (Webhook, vec!["call", "call"]),
        ]
    );
    for (kind, destination) in destinations.all() {
        assert_eq!(destination.refused(), [""; 0], "{kind:?}");
        let [opened, resolved] = &destination.received()[..] else { panic!("{kind:?} was not told twice") };
        assert_eq!(opened.conversation, resolved.conversation, "{kind:?}");
    }
    assert_eq!(EventTotals::arrived(&setup, &server, &collector).await.notifications, destinations.counts());
    log.extend(server.log().lines());
    let program = server.stop().await.unwrap();
    assert_eq!(incidents(program.data_dir()).await, [(failing, true)]);

    let mut hidden = names(&fleet);
    hidden.extend(destinations.secrets());
    let log = log.join("\n");
    assert!(log.contains("does not accept notifications"), "{log}");
    assert_eq!(found(&hidden, &log), [""; 0], "in the log");
    assert_eq!(found(&hidden, &reported(&setup, &collector).await), [""; 0], "in the reports");
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
