//! Builds requests to the operator's webhook.
//!
//! The body is the JSON of [`TemplateValues`], or the output of the operator's template. A webhook has no
//! conversations.

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};

use super::{
    IncidentNotification, MessageTemplate, TemplateError, WebhookConfig,
    message::IncidentMessage,
    request::{NotificationRequest, UnusableConfig, http_url},
    template::TemplateValues,
};

/// The request to a webhook. The body is the default JSON if there is no valid template.
pub(super) fn request(
    message: &IncidentMessage<'_>,
    notification: &IncidentNotification,
    webhook: &WebhookConfig,
) -> Result<NotificationRequest, UnusableConfig> {
    let values = TemplateValues {
        status: message.state.text(),
        application: &notification.application,
        reports: &notification.details.reports,
        url: message.link.as_ref().map(ToString::to_string).unwrap_or_default(),
        incident: &notification.incident_key,
    };
    let body = match template(webhook) {
        Ok(Some(template)) => template.render(&values),
        Ok(None) | Err(_) => values.json(),
    };
    let mut request = NotificationRequest::text(http_url(&webhook.url)?, body);
    request.any_certificate = webhook.tls_skip_verify;
    add_headers(&mut request.headers, webhook)?;
    Ok(request)
}

/// The operator's template; `None` if there is none.
pub(super) fn template(webhook: &WebhookConfig) -> Result<Option<MessageTemplate>, TemplateError> {
    let text = &webhook.incident_template;
    if text.trim().is_empty() { Ok(None) } else { MessageTemplate::parse(text).map(Some) }
}

/// Adds user name, password and the operator's headers, which replace default headers of the same name.
/// `Content-Length` and `Transfer-Encoding` cannot be set.
fn add_headers(headers: &mut HeaderMap, webhook: &WebhookConfig) -> Result<(), UnusableConfig> {
    let basic_auth = webhook.basic_auth.as_ref();
    if let Some((name, password)) =
        basic_auth.filter(|(name, password)| !(name.is_empty() && password.is_empty()))
    {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
        headers.insert(AUTHORIZATION, secret(&basic)?);
    }
    let named = webhook.custom_headers.iter().filter(|(name, _)| !name.trim().is_empty());
    for (name, value) in named {
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| UnusableConfig("a custom header has a name that is not allowed in HTTP"))?;
        match name {
            CONTENT_LENGTH | TRANSFER_ENCODING => {}
            AUTHORIZATION | CONTENT_TYPE => drop(headers.insert(name, secret(value)?)),
            name => drop(headers.append(name, secret(value)?)),
        }
    }
    Ok(())
}

fn secret(value: &str) -> Result<HeaderValue, UnusableConfig> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| UnusableConfig("a custom header has a value that is not allowed in HTTP"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;
    use serde_json::{Value, json};

    use super::*;
    use crate::notifications::example;

    fn made(status: HealthStatus, webhook: &WebhookConfig) -> Result<NotificationRequest, UnusableConfig> {
        let notification = IncidentNotification { status, ..example::notification() };
        let integrations = example::integrations();
        request(&IncidentMessage::new(&notification, &integrations), &notification, webhook)
    }

    fn example() -> WebhookConfig {
        example::integrations().webhook.unwrap()
    }

    #[test]
    fn a_change_is_our_json() {
        for (status, text) in [
            (HealthStatus::Critical, "CRITICAL"),
            (HealthStatus::Warning, "WARNING"),
            (HealthStatus::Ok, "OK"),
        ] {
            let request = made(status, &example()).unwrap();
            assert_eq!(request.url.as_str(), "https://hook.example.com/in?token=swordfish");
            assert_eq!(request.headers["content-type"], "application/json");
            assert!(!request.any_certificate);
            let expected = json!({
                "status": text,
                "application": "shop:Deployment:cart",
                "reports": [{
                    "name": "SLO",
                    "check": "Availability",
                    "message": "error budget burn rate is 26x within 1 hour",
                }],
                "url": "https://coroot.example.com/p/abc12345/app/shop:Deployment:cart/SLO",
                "incident": "k3y00001",
            });
            assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), expected);
        }
    }

    #[test]
    fn the_template_makes_the_body_and_one_that_is_not_understood_does_not() {
        for (template, body) in [
            ("{{ .Status }} {{ .Application.Name }}", Some("CRITICAL cart")),
            (" \n", None),
            ("{{ printf }}", None),
        ] {
            let webhook = WebhookConfig { incident_template: template.to_owned(), ..example() };
            let expected = made(HealthStatus::Critical, &example()).unwrap().body;
            assert_eq!(
                made(HealthStatus::Critical, &webhook).unwrap().body,
                body.unwrap_or(&expected),
                "{template}"
            );
        }
    }

    #[test]
    fn the_operators_headers_come_on_top_and_replace_ours() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let webhook = WebhookConfig {
            tls_skip_verify: true,
            basic_auth: Some(pair("user", "pass")),
            custom_headers: vec![
                pair("X-Team", "a"),
                pair("x-team", "b"),
                pair("Content-Type", "text/plain"),
                pair("Content-Length", "1"),
                pair(" ", "of an empty line in the form"),
            ],
            ..example()
        };
        let request = made(HealthStatus::Critical, &webhook).unwrap();
        assert!(request.any_certificate);
        assert_eq!(request.headers["authorization"], "Basic dXNlcjpwYXNz");
        assert_eq!(request.headers["content-type"], "text/plain");
        let team: Vec<_> = request.headers.get_all("x-team").iter().collect();
        assert_eq!(team, ["a", "b"]);
        assert!(!request.headers.contains_key("content-length"));

        let empty_form = WebhookConfig { basic_auth: Some(pair("", "")), ..example() };
        assert!(!made(HealthStatus::Critical, &empty_form).unwrap().headers.contains_key("authorization"));
    }

    #[test]
    fn what_no_request_can_have_is_said_so() {
        let with_header = |name: &str, value: &str| WebhookConfig {
            custom_headers: vec![(name.to_owned(), value.to_owned())],
            ..example()
        };
        let elsewhere = WebhookConfig { url: "hook.example.com".to_owned(), ..example() };
        for webhook in [with_header("a b", "c"), with_header("a", "b\nc: d"), elsewhere] {
            assert!(made(HealthStatus::Critical, &webhook).is_err());
        }
    }
}
