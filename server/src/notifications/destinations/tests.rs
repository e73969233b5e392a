//! Tests of all destinations together.

use headcount_health::health_status::HealthStatus;
use serde_json::Value;

use super::*;
use crate::notifications::example;

fn to(destination: AlertingIntegration, status: HealthStatus) -> IncidentNotification {
    IncidentNotification { destination, status, ..example::notification() }
}

/// The members of the body, or the end of the address, that state what the destination has to do.
fn asked(destination: AlertingIntegration, status: HealthStatus, before: &str) -> String {
    let notification = to(destination, status);
    let integrations = example::integrations();
    let destination_of = integrations.get(destination).unwrap().destination();
    let conversation = destination_of.conversation(before, &notification.incident_key);
    let request = example::request(destination_of, &notification, &conversation).unwrap();
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let member = |pointer: &str| match body.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    match destination {
        AlertingIntegration::Slack => {
            format!("{} {} {}", member("/channel"), member("/thread_ts"), member("/reply_broadcast"))
        }
        AlertingIntegration::Teams => member("/attachments/0/content/body/0/color"),
        AlertingIntegration::Pagerduty => {
            format!("{} {} {}", member("/event_action"), member("/dedup_key"), member("/payload/severity"))
        }
        AlertingIntegration::Opsgenie => {
            format!("{} {} {}", request.url.path(), member("/alias"), member("/priority"))
        }
        AlertingIntegration::Webhook => format!("{} {}", member("/status"), member("/incident")),
    }
}

#[test]
fn an_incident_that_opens_gets_better_and_ends_asks_for_this() {
    use AlertingIntegration::{Opsgenie, Pagerduty, Slack, Teams, Webhook};
    for (destination, before, critical, warning, resolved) in [
        (Slack, "C1:17.01", "C1 17.01 -", "C1 17.01 -", "C1 17.01 true"),
        (Slack, "", "alerts - -", "alerts - -", "alerts - -"),
        (Teams, "", "attention", "warning", "good"),
        (
            Pagerduty,
            "k3y00001",
            "trigger k3y00001 critical",
            "trigger k3y00001 warning",
            "resolve k3y00001 -",
        ),
        (
            Pagerduty,
            "p:k:critical",
            "trigger p:k:critical critical",
            "trigger p:k:critical warning",
            "resolve p:k:critical -",
        ),
        (
            Opsgenie,
            "k3y00001",
            "/v2/alerts k3y00001 P1",
            "/v2/alerts k3y00001 P3",
            "/v2/alerts/k3y00001/close - -",
        ),
        (Webhook, "", "CRITICAL k3y00001", "WARNING k3y00001", "OK k3y00001"),
    ] {
        let asked = |status| asked(destination, status, before);
        assert_eq!(asked(HealthStatus::Critical), critical);
        assert_eq!(asked(HealthStatus::Warning), warning);
        assert_eq!(asked(HealthStatus::Ok), resolved);
    }
}

#[test]
fn the_name_of_a_conversation_is_the_one_it_began_with() {
    for (kind, known, expected) in [
        (AlertingIntegration::Slack, "", ""),
        (AlertingIntegration::Slack, "C1:17.01", "C1:17.01"),
        (AlertingIntegration::Pagerduty, "", "k3y00001"),
        (AlertingIntegration::Opsgenie, "", "k3y00001"),
        (AlertingIntegration::Opsgenie, "p:k:critical", "p:k:critical"),
        (AlertingIntegration::Teams, "x", ""),
        (AlertingIntegration::Webhook, "x", ""),
    ] {
        let integrations = example::integrations();
        let destination = integrations.get(kind).unwrap().destination();
        assert_eq!(destination.conversation(known, "k3y00001"), expected);
    }
}

#[test]
fn unknown_members_stay_and_unreadable_ones_have_their_defaults() {
    for (kind, stored, readable, written) in [
        (
            AlertingIntegration::Slack,
            r#"{"token":7,"default_channel":"c","incidents":"yes","deployments":true}"#,
            r#"{"token_set":false,"default_channel":"c","incidents":false}"#,
            r#"{"default_channel":"c","deployments":true,"incidents":false,"token":""}"#,
        ),
        (
            AlertingIntegration::Teams,
            r#"{"channels":[{"webhook_url":"https://a/"}],"incidents":true}"#,
            r#"{"webhook_url_set":true,"incidents":true}"#,
            r#"{"channels":[{"webhook_url":"https://a/"}],"incidents":true}"#,
        ),
        (
            AlertingIntegration::Pagerduty,
            r#"{"integration_key":"k","more":[1]}"#,
            r#"{"integration_key_set":true,"incidents":false}"#,
            r#"{"incidents":false,"integration_key":"k","more":[1]}"#,
        ),
        (
            AlertingIntegration::Opsgenie,
            r#"{"api_key":"k","eu_instance":true,"incidents":null}"#,
            r#"{"api_key_set":true,"eu_instance":true,"incidents":false}"#,
            r#"{"api_key":"k","eu_instance":true,"incidents":false}"#,
        ),
        (
            AlertingIntegration::Webhook,
            r#"{"url":"https://a/","basic_auth":{"user":7,"password":"p","x":1},
                "custom_headers":["x",{"key":"a","value":7},{"key":"b","value":"c"}],"alerts":true}"#,
            r#"{"url_set":true,"tls_skip_verify":false,"basic_auth":{"user":"","password_set":true},"custom_headers":[{"name":"a","value_set":false},{"name":"b","value_set":true}],"incidents":false,"incident_template":""}"#,
            r#"{"alerts":true,"basic_auth":{"password":"p","user":""},"custom_headers":[{"key":"a","value":""},{"key":"b","value":"c"}],"incident_template":"","incidents":false,"tls_skip_verify":false,"url":"https://a/"}"#,
        ),
        (
            AlertingIntegration::Webhook,
            r#"{"basic_auth":[],"custom_headers":7}"#,
            r#"{"url_set":false,"tls_skip_verify":false,"basic_auth":null,"custom_headers":[],"incidents":false,"incident_template":""}"#,
            r#"{"basic_auth":null,"custom_headers":[],"incident_template":"","incidents":false,"tls_skip_verify":false,"url":""}"#,
        ),
    ] {
        let mut stored: StoredSettings = serde_json::from_str(stored).unwrap();
        let read = DestinationConfig::read(kind, &stored);
        assert_eq!(serde_json::to_string(&read.shown()).unwrap(), readable);
        let mut updated = read.clone();
        updated.keep_secrets(&read).unwrap();
        updated.write(&mut stored).unwrap();
        let written: serde_json::Value = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_value(&stored).unwrap(), written);
    }
}

#[test]
fn a_request_without_secrets_keeps_the_stored_ones_and_an_empty_secret_removes_it() {
    for (kind, change, expected) in [
        (AlertingIntegration::Slack, r#"{"default_channel":"c"}"#, true),
        (AlertingIntegration::Slack, r#"{"token":"","default_channel":"c"}"#, false),
        (AlertingIntegration::Teams, "{}", true),
        (AlertingIntegration::Teams, r#"{"webhook_url":""}"#, false),
        (AlertingIntegration::Pagerduty, r#"{"integration_key":null}"#, true),
        (AlertingIntegration::Pagerduty, r#"{"integration_key":""}"#, false),
        (AlertingIntegration::Opsgenie, "{}", true),
        (AlertingIntegration::Opsgenie, r#"{"api_key":""}"#, false),
        (AlertingIntegration::Webhook, "{}", true),
        (AlertingIntegration::Webhook, r#"{"url":""}"#, false),
    ] {
        let integrations = example::integrations();
        let stored = integrations.get(kind).unwrap();
        let seed = SettingsOfKind(kind);
        let mut updated = seed.deserialize(&mut serde_json::Deserializer::from_str(change)).unwrap();
        assert!(updated.incidents(), "a destination is notified unless the change says otherwise");
        updated.keep_secrets(stored).unwrap();
        let checked = updated.check(&StoredSettings::new(), TargetPolicy::default());
        assert_eq!(checked.is_ok(), expected, "{kind:?} {change}");
    }
}

#[test]
fn a_key_that_no_header_can_have_is_refused_unless_it_is_stored() {
    for kind in [AlertingIntegration::Slack, AlertingIntegration::Pagerduty, AlertingIntegration::Opsgenie] {
        for (key, expected) in
            [(" key ", true), ("a b", false), ("a\nb", false), ("a\u{7f}", false), ("ü", false)]
        {
            let mut stored = StoredSettings::new();
            for member in ["token", "integration_key", "api_key"] {
                stored.insert(member.to_owned(), key.into());
            }
            stored.insert("default_channel".to_owned(), "c".into());
            let destination = DestinationConfig::read(kind, &stored);
            let check = |stored: &StoredSettings| destination.check(stored, TargetPolicy::default()).is_ok();
            assert_eq!(check(&StoredSettings::new()), expected, "{kind:?} {key:?}");
            assert!(check(&stored), "{kind:?} {key:?}");
        }
    }
}

#[test]
fn the_description_lists_every_kind_once() {
    fn listed<T: ToSchema>() -> Vec<String> {
        let description = serde_json::to_value(T::schema()).unwrap();
        let kinds = description["oneOf"].as_array().unwrap();
        let reference = |kind: &Value| kind["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        let listed: Vec<String> = kinds.iter().map(reference).collect();
        assert!(listed.iter().all(|name| schemas.iter().any(|(described, _)| described == name)));
        listed
    }
    assert_eq!(listed::<ShownDestination>(), ["Slack", "Teams", "Pagerduty", "Opsgenie", "Webhook"]);
    let to_set = ["SetSlack", "SetTeams", "SetPagerduty", "SetOpsgenie", "SetWebhook"];
    assert_eq!(listed::<SettingsOfKind>(), to_set);
}

#[test]
fn nothing_that_is_printed_for_a_programmer_names_anybody() {
    let notification = to(AlertingIntegration::Webhook, HealthStatus::Critical);
    let integrations = example::integrations();
    let request = example::request(&example::webhook(), &notification, "").unwrap();
    let printed = format!("{notification:?} {integrations:?} {request:?} {:?}", example::endpoints());
    for secret in ["swordfish", "abc12345", "cart", "shop", "example.com", "slack.com", "alerts"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
