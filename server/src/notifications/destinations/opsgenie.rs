//! Opsgenie: its settings and its requests. Answers are classified by their status alone.
//!
//! Uses the Alert API. An incident is one alert: the same alias creates and closes it.

use headcount_outbound::TargetPolicy;
use headcount_shared::api::Secret;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    DestinationSettings, NotificationDestination, RequestContext, known_or_incident,
    stored_settings::{InvalidDestination, SettingsMember, StoredSettings, check_key, notified},
};
use crate::notifications::{
    endpoints::{ServiceEndpoints, below},
    message::{IncidentMessage, MessageState, clipped},
    notification_request::{NotificationRequest, UnusableConfig},
};

const API_KEY: SettingsMember = SettingsMember { name: "api_key", called: "the API key of Opsgenie" };

/// Opsgenie's limits in characters for a message, a description and the name of an entity.
const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;
const ENTITY: usize = 512;

/// The Alert API for accounts in the United States and in Europe.
const US: &str = "https://api.opsgenie.com/";
const EU: &str = "https://api.eu.opsgenie.com/";

/// An account of Opsgenie to set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SetOpsgenie)]
#[serde(deny_unknown_fields)]
pub struct OpsgenieConfig {
    /// The integration key. Omit it to keep the stored one; it is required the first time.
    #[serde(default)]
    pub api_key: Secret,
    /// Whether the account is in Europe.
    #[serde(default)]
    pub eu_instance: bool,
    /// Whether it is notified about incidents.
    #[serde(default = "notified")]
    pub incidents: bool,
}

/// An account of Opsgenie.
#[derive(Serialize, ToSchema)]
#[schema(as = Opsgenie)]
pub(crate) struct ShownOpsgenie {
    /// Whether an integration key is stored.
    api_key_set: bool,
    /// Whether the account is in Europe.
    eu_instance: bool,
    /// Whether it is notified about incidents.
    incidents: bool,
}

impl DestinationSettings for OpsgenieConfig {
    type Shown = ShownOpsgenie;

    fn shown(&self) -> ShownOpsgenie {
        ShownOpsgenie {
            api_key_set: self.api_key.is_set(),
            eu_instance: self.eu_instance,
            incidents: self.incidents,
        }
    }

    fn keep_secrets(&mut self, stored: &Self) {
        self.api_key.or_stored(&stored.api_key);
    }
}

impl NotificationDestination for OpsgenieConfig {
    fn check(&self, stored: &StoredSettings, _: TargetPolicy) -> Result<(), InvalidDestination> {
        check_key(self.api_key.expose(), API_KEY, stored)
    }

    /// The alias of the alert.
    fn conversation(&self, known: &str, incident_key: &str) -> String {
        known_or_incident(known, incident_key)
    }

    /// Creates or closes the alert.
    fn request(&self, context: &RequestContext<'_>) -> Result<NotificationRequest, UnusableConfig> {
        let base = self.base(context.endpoints)?;
        let request = match context.message.state {
            MessageState::Critical => created(&base, context, "P1"),
            MessageState::Warning => created(&base, context, "P3"),
            MessageState::Resolved => closed(&base, context.conversation),
        };
        request.authorized("GenieKey", self.api_key.expose())
    }
}

impl OpsgenieConfig {
    fn base(&self, endpoints: &ServiceEndpoints) -> Result<Url, UnusableConfig> {
        let by_account = if self.eu_instance { EU } else { US };
        let base = endpoints.opsgenie.clone().or_else(|| Url::parse(by_account).ok());
        base.ok_or(UnusableConfig("its address is not a URL"))
    }
}

fn created(base: &Url, context: &RequestContext<'_>, priority: &str) -> NotificationRequest {
    let body = json!({
        "message": clipped(&context.message.title(), MESSAGE),
        "alias": context.conversation,
        "description": description(&context.message),
        "entity": clipped(&context.notification.application.to_string(), ENTITY),
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
    use crate::notifications::{IncidentNotification, example};

    fn made(status: HealthStatus, eu_instance: bool, opsgenie_url: Option<&str>) -> (String, Value) {
        let notification = IncidentNotification { status, ..example::notification() };
        let message = IncidentMessage::new(&notification, example::BASE_URL);
        let opsgenie = OpsgenieConfig { eu_instance, ..example::opsgenie() };
        let opsgenie_url = opsgenie_url.map(|url| Url::parse(url).unwrap());
        let endpoints = ServiceEndpoints { opsgenie: opsgenie_url, ..example::endpoints() };
        let context = RequestContext {
            notification: &notification,
            message,
            endpoints: &endpoints,
            conversation: "k3y00001",
        };
        let request = opsgenie.request(&context).unwrap();
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
    fn the_region_is_that_of_the_account_unless_the_address_is_configured() {
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
        let request = example::request(&example::opsgenie(), &notification, "a").unwrap();
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["message"].as_str().unwrap().chars().count(), 130);
        let description = body["description"].as_str().unwrap();
        assert_eq!(description.chars().count(), 15_000);
        assert!(description.ends_with("/SLO"));
    }
}
