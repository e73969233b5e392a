//! Tests of changes of incidents.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::sli::{ApplicationSlot, SlotBatch, SlotSource};

/// The end of a slot.
const NOW: u32 = 1_700_000_100;

fn key(name: &str) -> ApplicationKey {
    ApplicationKey { namespace: "shop".to_owned(), kind: "Deployment".to_owned(), name: name.to_owned() }
}

fn level(name: &str, status: HealthStatus) -> ObjectiveStatus {
    let reason = IncidentReason {
        report: "SLO".to_owned(),
        check: "Availability".to_owned(),
        message: "burns".to_owned(),
    };
    let reasons = if status >= HealthStatus::Warning { vec![reason] } else { Vec::new() };
    ObjectiveStatus { application: key(name), status, reasons }
}

fn incident(name: &str, opened_at: u32, severity: HealthStatus) -> ApplicationIncident {
    ApplicationIncident {
        application: key(name),
        key: format!("of-{name}"),
        opened_at,
        resolved_at: None,
        severity,
    }
}

/// The newest slot of the application ends at `end`, and the newest slot that was fetched at `newest`.
fn heard(name: &str, end: u32, newest: u32) -> ServiceLevelIndicators {
    let slot = ApplicationSlot {
        application: key(name),
        source: SlotSource::Seen,
        end,
        requests: Some([1.0, 0.0]),
        latency: Vec::new(),
    };
    let mut known = ServiceLevelIndicators::default();
    known.add(&SlotBatch { slots: vec![slot], requests: vec![newest], ..SlotBatch::default() });
    known
}

/// The operator set no objectives.
fn seen(indicators: &ServiceLevelIndicators) -> RequestHistory<'_> {
    static NOTHING: LazyLock<ProjectThresholds> = LazyLock::new(ProjectThresholds::default);
    RequestHistory { indicators, overrides: &NOTHING }
}

#[test]
fn an_incident_lasts_from_the_first_missed_objective_until_they_are_met() {
    use HealthStatus::{Critical, Info, Ok, Unknown, Warning};
    use IncidentTransition::{Changed, Opened, Resolved};
    let hour_ago = NOW - 3600;
    for (open, status, last_heard, expected) in [
        (None, Some(Ok), NOW, None),
        (None, Some(Info), NOW, None),
        (None, Some(Unknown), NOW, None),
        (None, None, NOW, None),
        (None, Some(Warning), NOW, Some((Opened, Warning))),
        (None, Some(Critical), NOW, Some((Opened, Critical))),
        (Some((hour_ago, Warning)), Some(Warning), NOW, None),
        (Some((hour_ago, Warning)), Some(Critical), NOW, Some((Changed, Critical))),
        (Some((hour_ago, Critical)), Some(Warning), NOW, Some((Changed, Warning))),
        (Some((hour_ago, Critical)), Some(Ok), NOW, Some((Resolved, Critical))),
        (Some((hour_ago, Critical)), Some(Info), NOW, Some((Resolved, Critical))),
        (Some((hour_ago, Critical)), Some(Unknown), hour_ago + 300, None),
        (Some((hour_ago, Critical)), Some(Unknown), hour_ago, Some((Resolved, Critical))),
        (Some((hour_ago, Critical)), None, hour_ago + 300, None),
        (Some((hour_ago, Critical)), None, hour_ago, Some((Resolved, Critical))),
        // There is no data on it since the records began anew.
        (Some((hour_ago + 1, Critical)), None, hour_ago, None),
    ] {
        let open: Vec<_> = open.map(|(at, severity)| incident("cart", at, severity)).into_iter().collect();
        let levels: Vec<_> = status.map(|status| level("cart", status)).into_iter().collect();
        let known = heard("cart", last_heard, NOW);
        let found = changes(&open, &levels, seen(&known), NOW, || "k".to_owned());
        let said: Vec<_> = found.iter().map(|change| (change.what, change.incident.severity)).collect();
        assert_eq!(said, expected.into_iter().collect::<Vec<_>>(), "{open:?} {status:?}");
        for change in found {
            assert_eq!(change.incident.resolved_at, (change.what == Resolved).then_some(NOW));
            assert_eq!(change.incident.opened_at, open.first().map_or(NOW, |open| open.opened_at));
            assert_eq!(change.incident.key, open.first().map_or("k", |open| &open.key));
            assert_eq!(change.reasons.is_empty(), change.what == Resolved);
        }
    }
}

/// The incidents that are open after changes.
fn made(mut open: Vec<ApplicationIncident>, changes: &[IncidentChange]) -> Vec<ApplicationIncident> {
    for IncidentChange { incident, .. } in changes {
        open.retain(|other| other.key != incident.key);
        if incident.resolved_at.is_none() {
            open.push(incident.clone());
        }
    }
    open
}

proptest! {
    #[test]
    fn an_application_never_has_two_and_changes_that_are_made_are_not_made_again(
        history in proptest::collection::vec(
            (proptest::collection::vec(0_i64..5, 3), 0_u32..4000),
            1..20,
        ),
    ) {
        let (mut open, mut now, mut keys) = (Vec::new(), NOW, 0);
        for (statuses, passed) in history {
            now += passed;
            // The third is not always there.
            let levels: Vec<_> = ["a", "b", "c"]
                .into_iter()
                .zip(&statuses)
                .map(|(name, status)| level(name, HealthStatus::of_number(*status)))
                .filter(|level| level.application != key("c") || passed % 2 == 0)
                .collect();
            let mut new_key = || { keys += 1; keys.to_string() };
            let known = heard("a", now / 300 * 300, now / 300 * 300);
            let found = changes(&open, &levels, seen(&known), now, &mut new_key);
            open = made(open, &found);
            prop_assert_eq!(changes(&open, &levels, seen(&known), now, &mut new_key), vec![]);
            let applications: HashSet<_> = open.iter().map(|incident| &incident.application).collect();
            prop_assert_eq!(applications.len(), open.len());
        }
    }
}

#[test]
fn a_silent_prometheus_ends_no_incident() {
    let open = [incident("cart", NOW - 7200, HealthStatus::Critical)];
    let known = heard("cart", NOW - 7200, NOW - 6000);
    assert_eq!(changes(&open, &[level("cart", HealthStatus::Unknown)], seen(&known), NOW, String::new), []);
    assert_eq!(changes(&open, &[], seen(&ServiceLevelIndicators::default()), NOW, String::new), []);
}

#[test]
fn what_the_operators_own_queries_do_not_hear_of_is_forgotten_whatever_else_does() {
    use crate::inspections::{AvailabilityObjective, InspectionThresholds, LatencyObjective};
    let custom = |name: &str| name.to_owned();
    let availability =
        AvailabilityObjective { percent: 99.0, custom: Some([custom("all"), custom("failed")]) };
    let latency = LatencyObjective { percent: 99.0, bucket_s: 0.5, custom: Some(custom("took")) };
    let thresholds = InspectionThresholds {
        availability: Some(availability),
        latency: Some(latency),
        ..InspectionThresholds::default()
    };
    let overrides = ProjectThresholds {
        applications: HashMap::from([(key("cart"), thresholds)]),
        ..ProjectThresholds::default()
    };
    let open = [incident("cart", NOW - 7200, HealthStatus::Critical)];
    let indicators = heard("cart", NOW, NOW);
    let known = RequestHistory { indicators: &indicators, overrides: &overrides };
    let found = changes(&open, &[level("cart", HealthStatus::Unknown)], known, NOW, String::new);
    assert_eq!(found.len(), 1);
    assert_eq!(
        changes(&open, &[level("cart", HealthStatus::Unknown)], seen(&indicators), NOW, String::new),
        []
    );
}
