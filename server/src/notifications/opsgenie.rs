//! Builds requests to Opsgenie.
//!
//! Uses the Alert API. An incident is one alert: the same alias creates and closes it.

use reqwest::Url;
use serde_json::{Value, json};

use super::{
    IncidentNotification, OpsgenieConfig, ServiceEndpoints,
    endpoints::below,
    message::{IncidentMessage, MessageState, clipped},
    request::{NotificationRequest, UnusableConfig},
};

/// Opsgenie's limits in characters for a message, a description and the name of an entity.
const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;
const ENTITY: usize = 512;

/// The Alert API for accounts in the United States and in Europe.
const US: &str = "https://api.opsgenie.com/";
const EU: &str = "https://api.eu.opsgenie.com/";

/// The request to create or close an alert. `alias` is the alert's id.
pub(super) fn request(
    message: &IncidentMessage<'_>,
    notification: &IncidentNotification,
    opsgenie: &OpsgenieConfig,
    endpoints: &ServiceEndpoints,
    alias: &str,
) -> Result<NotificationRequest, UnusableConfig> {
    let base = base(opsgenie, endpoints)?;
    let request = match message.state {
        MessageState::Critical => created(&base, message, notification, alias, "P1"),
        MessageState::Warning => created(&base, message, notification, alias, "P3"),
        MessageState::Resolved => closed(&base, alias),
    };
    request.authorized("GenieKey", &opsgenie.api_key)
}

fn base(opsgenie: &OpsgenieConfig, endpoints: &ServiceEndpoints) -> Result<Url, UnusableConfig> {
    let by_account = if opsgenie.eu_instance { EU } else { US };
    let base = endpoints.opsgenie.clone().or_else(|| Url::parse(by_account).ok());
    base.ok_or(UnusableConfig("its address is not a URL"))
}

fn created(
    base: &Url,
    message: &IncidentMessage<'_>,
    notification: &IncidentNotification,
    alias: &str,
    priority: &str,
) -> NotificationRequest {
    let body = json!({
        "message": clipped(&message.title(), MESSAGE),
        "alias": alias,
        "description": description(message),
        "entity": clipped(&notification.application.to_string(), ENTITY),
        "source": "Headcount",
        "priority": priority,
    });
    NotificationRequest::json(below(base, &["v2", "alerts"]), &body)
}

fn closed(base: &Url, alias: &str) -> NotificationRequest {
    let mut url = below(base, &["v2", "alerts", alias, "close"]);
    url.set_query(Some("identifierType=alias"));
    NotificationRequest::json(url, &json!({"source": "Headcount"}))
}

/// The reasons, and in the last line the link, which is never cut off.
fn description(message: &IncidentMessage<'_>) -> Value {
    let link = message.link.as_ref().map(|link| format!("\n{link}")).unwrap_or_default();
    let reasons = message.reasons().join("\n");
    let room = DESCRIPTION.saturating_sub(link.chars().count());
    (clipped(&reasons, room) + &link).trim_start().into()
}

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;

    use super::*;
    use crate::notifications::example;

    fn made(status: HealthStatus, eu_instance: bool, opsgenie_url: Option<&str>) -> (String, Value) {
        let notification = IncidentNotification { status, ..example::notification() };
        let integrations = example::integrations();
        let message = IncidentMessage::new(&notification, &integrations);
        let opsgenie = OpsgenieConfig { eu_instance, ..integrations.opsgenie.clone().unwrap() };
        let opsgenie_url = opsgenie_url.map(|url| Url::parse(url).unwrap());
        let endpoints = ServiceEndpoints { opsgenie: opsgenie_url, ..example::endpoints() };
        let request = request(&message, &notification, &opsgenie, &endpoints, "k3y00001").unwrap();
        assert_eq!(request.headers["authorization"], "GenieKey swordfish");
        assert_eq!(request.headers["content-type"], "application/json");
        (request.url.to_string(), serde_json::from_str(&request.body).unwrap())
    }

    fn create(priority: &str, message: &str) -> Value {
        json!({
            "message": message,
            "alias": "k3y00001",
            "description": "SLO / Availability: error budget burn rate is 26x within 1 hour\n\
                            https://coroot.example.com/p/abc12345/app/shop:Deployment:cart/SLO",
            "entity": "shop:Deployment:cart",
            "source": "Headcount",
            "priority": priority,
        })
    }

    #[test]
    fn an_incident_is_one_alert_that_changes_and_ends() {
        let alerts = "https://api.opsgenie.com/v2/alerts".to_owned();
        assert_eq!(
            made(HealthStatus::Critical, false, None),
            (alerts.clone(), create("P1", "[CRITICAL] cart is not meeting its SLOs"))
        );
        assert_eq!(
            made(HealthStatus::Warning, false, None),
            (alerts, create("P3", "[WARNING] cart is not meeting its SLOs"))
        );
        assert_eq!(
            made(HealthStatus::Ok, false, None),
            (
                "https://api.opsgenie.com/v2/alerts/k3y00001/close?identifierType=alias".to_owned(),
                json!({"source": "Headcount"})
            )
        );
    }

    #[test]
    fn the_region_is_that_of_the_account_unless_somebody_says_otherwise() {
        for (eu_instance, url, expected) in [
            (false, None, "https://api.opsgenie.com/v2/alerts"),
            (true, None, "https://api.eu.opsgenie.com/v2/alerts"),
            (true, Some("http://proxy/og"), "http://proxy/og/v2/alerts"),
        ] {
            assert_eq!(made(HealthStatus::Critical, eu_instance, url).0, expected);
        }
    }

    #[test]
    fn texts_are_cut_to_what_opsgenie_takes_and_the_link_stays() {
        let mut notification = example::notification();
        notification.application.name = "x".repeat(400);
        notification.details.reports[0].message = "y".repeat(20_000);
        let integrations = example::integrations();
        let message = IncidentMessage::new(&notification, &integrations);
        let base = Url::parse(US).unwrap();
        let body: Value =
            serde_json::from_str(&created(&base, &message, &notification, "a", "P1").body).unwrap();
        assert_eq!(body["message"].as_str().unwrap().chars().count(), 130);
        let description = body["description"].as_str().unwrap();
        assert_eq!(description.chars().count(), 15_000);
        assert!(description.ends_with("/SLO"));
    }
}
