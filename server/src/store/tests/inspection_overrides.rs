//! Tests of overrides of inspections, from the change to the count.

use std::collections::BTreeMap;

use headcount_health::inspections::{AvailabilityObjective, Inspection, LatencyObjective, ProjectThresholds};
use headcount_shared::payload::InspectionOverrides;
use headcount_topology::application_key::ApplicationKey;

use super::*;

async fn with_project(place: &TestDatabase) -> SettingsStore {
    let settings = place.open().await;
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    settings
}

fn cart() -> ApplicationKey {
    ApplicationKey::parse("shop:Deployment:cart").unwrap()
}

async fn overrides(settings: &SettingsStore) -> ProjectThresholds {
    settings.recall("aaaaaaaa").await.unwrap().overrides
}

async fn counts(settings: &SettingsStore) -> BTreeMap<String, (u64, u64)> {
    let counted = settings.facts().await.unwrap().0.inspection_overrides;
    let both = |InspectionOverrides { project_level, application_level }| (project_level, application_level);
    counted.into_iter().map(|(id, levels)| (id, both(levels))).collect()
}

fn counted<const N: usize>(expected: [(&str, (u64, u64)); N]) -> BTreeMap<String, (u64, u64)> {
    expected.map(|(id, levels)| (id.to_owned(), levels)).into()
}

fn availability(percent: f32) -> AvailabilityObjective {
    let custom = ["sum(all)".to_owned(), "sum(failed)".to_owned()];
    AvailabilityObjective { percent, custom: Some(custom) }
}

on_both! {
    async fn overrides_are_set_counted_and_removed(place) {
        let settings = with_project(&place).await;
        let project = ApplicationKey::default();
        let latency = LatencyObjective { percent: 95.0, bucket_s: 0.25, custom: None };
        for (application, to) in [
            (&project, InspectionChange::Threshold(Inspection::CPUNode, Some(70.0))),
            (&project, InspectionChange::Latency(Some(latency.clone()))),
            (&cart(), InspectionChange::Threshold(Inspection::CPUNode, Some(60.5))),
            (&cart(), InspectionChange::Availability(Some(availability(99.9)))),
            (&cart(), InspectionChange::Latency(Some(latency.clone()))),
        ] {
            settings.set_override("aaaaaaaa", application, &to).await.unwrap();
        }
        let read = overrides(&settings).await;
        assert_eq!(read.project.values, BTreeMap::from([(Inspection::CPUNode, 70.0)]));
        assert_eq!(read.project.latency.as_ref(), Some(&latency));
        let of_cart = &read.applications[&cart()];
        assert_eq!(of_cart.values, BTreeMap::from([(Inspection::CPUNode, 60.5)]));
        assert_eq!(of_cart.availability, Some(availability(99.9)));
        assert_eq!(of_cart.latency, Some(latency));
        let expected = counted([("CPUNode", (1, 1)), ("SLOAvailability", (0, 1)), ("SLOLatency", (1, 1))]);
        assert_eq!(counts(&settings).await, expected);
        for to in [
            InspectionChange::Threshold(Inspection::CPUNode, None),
            InspectionChange::Availability(None),
            InspectionChange::Latency(None),
        ] {
            settings.set_override("aaaaaaaa", &cart(), &to).await.unwrap();
        }
        for to in [InspectionChange::Threshold(Inspection::CPUNode, None), InspectionChange::Latency(None)] {
            settings.set_override("aaaaaaaa", &project, &to).await.unwrap();
        }
        assert_eq!(overrides(&settings).await, ProjectThresholds::default());
        assert_eq!(counts(&settings).await, BTreeMap::new());
    }

    async fn of_an_application_without_overrides_there_is_no_row(place) {
        let settings = with_project(&place).await;
        let rows = async || place.number("SELECT COUNT(*) FROM check_configs").await;
        let cpu = |threshold| InspectionChange::Threshold(Inspection::CPUNode, threshold);
        let set = async |to| settings.set_override("aaaaaaaa", &cart(), &to).await.unwrap();
        set(cpu(None)).await;
        set(InspectionChange::Latency(None)).await;
        assert_eq!(rows().await, 0, "what is not there is not removed");
        set(cpu(Some(9.0))).await;
        set(InspectionChange::Availability(Some(availability(99.0)))).await;
        set(cpu(None)).await;
        assert_eq!(rows().await, 1, "another override is there");
        set(InspectionChange::Availability(None)).await;
        assert_eq!(rows().await, 0);
    }

    async fn both_spellings_of_an_application_are_one(place) {
        let settings = with_project(&place).await;
        place
            .execute(r#"INSERT INTO check_configs VALUES
                ('aaaaaaaa', '::', '{"CPUNode":{"threshold":1},"MemoryOOM":{"threshold":2}}'),
                ('aaaaaaaa', ':::', '{"CPUNode":{"threshold":3,"note":"kept"}}'),
                ('aaaaaaaa', 'shop:Deployment:cart', '{"CPUNode":{"threshold":4}}'),
                ('aaaaaaaa', 'aaaaaaaa:shop:Deployment:cart', '{"LogErrors":{"threshold":5}}')"#)
            .await;
        let read = overrides(&settings).await;
        let expected = BTreeMap::from([(Inspection::CPUNode, 3.0), (Inspection::MemoryOOM, 2.0)]);
        assert_eq!(read.project.values, expected);
        assert_eq!(read.applications[&cart()].values.len(), 2);
        let expected = counted([("CPUNode", (1, 1)), ("LogErrors", (0, 1)), ("MemoryOOM", (1, 0))]);
        assert_eq!(counts(&settings).await, expected);
        let to = |threshold| InspectionChange::Threshold(Inspection::CPUNode, threshold);
        settings.set_override("aaaaaaaa", &ApplicationKey::default(), &to(Some(9.0))).await.unwrap();
        let stored = place
            .json("SELECT configs FROM check_configs WHERE application_id IN ('::', ':::') ORDER BY application_id")
            .await;
        let changed = serde_json::json!({"CPUNode": {"note": "kept", "threshold": 9.0}});
        assert_eq!(stored, [serde_json::json!({"MemoryOOM": {"threshold": 2}}), changed]);
        settings.set_override("aaaaaaaa", &ApplicationKey::default(), &to(None)).await.unwrap();
        assert_eq!(overrides(&settings).await.project.values, BTreeMap::from([(Inspection::MemoryOOM, 2.0)]));
    }

    async fn rows_that_cannot_be_read_cost_only_themselves_and_unknown_inspections_have_no_name(place) {
        let settings = with_project(&place).await;
        place
            .execute(r#"INSERT INTO check_configs VALUES
                ('aaaaaaaa', 'cart', '{"CPUNode":{"threshold":1}}'),
                ('aaaaaaaa', 'a:Deployment:b', 'no json'),
                ('aaaaaaaa', 'a:Deployment:c', NULL),
                ('aaaaaaaa', 'a:Deployment:d', '{}'),
                ('aaaaaaaa', 'a:Deployment:e', '{"Secret name":{"threshold":1},"Another":1,"PostgresBloat":{"threshold":7}}'),
                ('aaaaaaaa', 'a:Deployment:f', '{"CPUNode":{"threshold":"high"},"LogErrors":null,"SLOLatency":[]}')"#)
            .await;
        let read = overrides(&settings).await;
        assert_eq!(read, ProjectThresholds::default());
        let expected = counted([
            ("CPUNode", (0, 1)),
            ("LogErrors", (0, 1)),
            ("PostgresBloat", (0, 1)),
            ("SLOLatency", (0, 1)),
            ("other", (0, 2)),
        ]);
        assert_eq!(counts(&settings).await, expected);
        let change = InspectionChange::Threshold(Inspection::CPUNode, Some(1.0));
        let unreadable = ApplicationKey::parse("a:Deployment:b").unwrap();
        let refused = settings.set_override("aaaaaaaa", &unreadable, &change).await;
        assert!(matches!(refused, Err(SettingsError::Unreadable)));
    }

    async fn overrides_that_mean_nothing_are_refused(place) {
        let settings = with_project(&place).await;
        let latency = |percent, bucket_s| LatencyObjective { percent, bucket_s, custom: None };
        let half = AvailabilityObjective { percent: 99.0, custom: Some(["x".to_owned(), String::new()]) };
        let of_project = ApplicationKey::default();
        let nameless = ApplicationKey { name: String::new(), ..cart() };
        let unprintable = ApplicationKey { name: "\0".to_owned(), ..cart() };
        for (application, to, expected) in [
            (&cart(), InspectionChange::Threshold(Inspection::CPUNode, Some(f32::NAN)), InvalidChange::Threshold),
            (&cart(), InspectionChange::Threshold(Inspection::CPUNode, Some(-1.0)), InvalidChange::Threshold),
            (&cart(), InspectionChange::Threshold(Inspection::SLOLatency, Some(1.0)), InvalidChange::NoThreshold),
            (&cart(), InspectionChange::Availability(Some(availability(100.0))), InvalidChange::Objective),
            (&cart(), InspectionChange::Availability(Some(half)), InvalidChange::Queries),
            (&cart(), InspectionChange::Latency(Some(latency(0.0, 1.0))), InvalidChange::Objective),
            (&cart(), InspectionChange::Latency(Some(latency(99.0, 0.0))), InvalidChange::Objective),
            (&of_project, InspectionChange::Availability(Some(availability(99.0))), InvalidChange::QueriesOfProject),
            (&nameless, InspectionChange::Threshold(Inspection::CPUNode, Some(1.0)), InvalidChange::Application),
            (&unprintable, InspectionChange::Threshold(Inspection::CPUNode, Some(1.0)), InvalidChange::Application),
        ] {
            let refused = settings.set_override("aaaaaaaa", application, &to).await;
            assert!(matches!(refused, Err(SettingsError::Invalid(why)) if why == expected), "{to:?}: {refused:?}");
        }
        let to = InspectionChange::Threshold(Inspection::CPUNode, Some(1.0));
        let refused = settings.set_override("bbbbbbbb", &cart(), &to).await;
        assert!(matches!(refused, Err(SettingsError::Invalid(InvalidChange::NoSuchProject))));
        assert_eq!(place.number("SELECT COUNT(*) FROM check_configs").await, 0);
    }
}
