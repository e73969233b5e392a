//! The operator's webhook: its settings and its requests. Answers are classified by their status alone.
//!
//! The body is the JSON of [`TemplateValues`], or the output of the operator's template. A webhook has no
//! conversations.

use base64::{Engine, prelude::BASE64_STANDARD};
use headcount_outbound::{TargetPolicy, is_framing_header, is_same_origin};
use headcount_shared::api::{Auth, Header, KeptSecrets, Secret, SetAuth, SetHeader};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    DestinationSettings, NotificationDestination, RequestContext,
    stored_settings::{
        InvalidDestination, SettingsMember, StoredSettings, check_target, check_url, notified, read_members,
        stored_text,
    },
};
use crate::notifications::{
    MessageTemplate, TemplateError,
    notification_request::{NotificationRequest, UnusableConfig, http_url},
    template::TemplateValues,
};

const ADDRESS: SettingsMember = SettingsMember { name: "url", called: "the address of the webhook" };

const TEMPLATE: SettingsMember = SettingsMember { name: "incident_template", called: "the template" };

/// A custom webhook to set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SetWebhook)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Its address, an http or https URL, which is a secret. Omit it to keep the stored one; it is required
    /// the first time.
    #[serde(default)]
    pub url: Secret,
    /// Whether certificates are not verified.
    #[serde(default)]
    pub tls_skip_verify: bool,
    /// The name and password of every request; `null` for none.
    #[serde(default)]
    pub basic_auth: Option<SetAuth>,
    /// The headers of every request, all of them.
    #[serde(default, serialize_with = "as_stored_headers")]
    pub custom_headers: Vec<SetHeader>,
    /// Whether it is notified about incidents.
    #[serde(default = "notified")]
    pub incidents: bool,
    /// The template of the request body; empty for JSON. One that is not understood is refused, unless it is
    /// stored already.
    #[serde(default)]
    pub incident_template: String,
}

/// A custom webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct ShownWebhook {
    /// Whether its address is stored.
    url_set: bool,
    /// Whether certificates are not verified.
    tls_skip_verify: bool,
    /// The name and password of every request; `null` for none.
    basic_auth: Option<Auth>,
    /// The headers of every request.
    custom_headers: Vec<Header>,
    /// Whether it is notified about incidents.
    incidents: bool,
    /// The template of the request body; empty for JSON.
    incident_template: String,
}

impl DestinationSettings for WebhookConfig {
    type Shown = ShownWebhook;

    /// A login or a header that is only partly readable counts with what is readable.
    fn read(stored: &StoredSettings) -> Self {
        let mut stored = stored.clone();
        let login = stored.get("basic_auth").and_then(Value::as_object);
        let login = login.map(
            |auth| json!({"user": stored_text(auth, "user"), "password": stored_text(auth, "password")}),
        );
        let headers = stored.get("custom_headers").and_then(Value::as_array).into_iter().flatten();
        let headers = headers
            .filter_map(Value::as_object)
            .map(|header| json!({"name": stored_text(header, "key"), "value": stored_text(header, "value")}));
        let headers = headers.collect();
        stored.insert("basic_auth".to_owned(), login.unwrap_or_default());
        stored.insert("custom_headers".to_owned(), headers);
        read_members(&stored)
    }

    fn shown(&self) -> ShownWebhook {
        ShownWebhook {
            url_set: self.url.is_set(),
            tls_skip_verify: self.tls_skip_verify,
            basic_auth: self.basic_auth.as_ref().map(Auth::from),
            custom_headers: self.custom_headers.iter().map(Header::from).collect(),
            incidents: self.incidents,
            incident_template: self.incident_template.clone(),
        }
    }

    fn keep_secrets(&mut self, stored: &Self) {
        self.url.or_stored(&stored.url);
        if let Some(login) = &mut self.basic_auth {
            login.keep_password(stored.basic_auth.as_ref());
        }
        SetHeader::keep_values(&mut self.custom_headers, &stored.custom_headers);
    }

    fn check_kept(&self, stored: &Self) -> Result<(), InvalidDestination> {
        SetHeader::check_kept_values(&self.custom_headers, &stored.custom_headers)?;
        let is_elsewhere = self.url.is_set() && !is_same_origin(self.url.expose(), stored.url.expose());
        let is_moved = is_elsewhere
            || SetHeader::name_other_host(&self.custom_headers, &stored.custom_headers)
            || (self.tls_skip_verify && !stored.tls_skip_verify);
        if !is_moved {
            return Ok(());
        }
        // Its path and its query may have a token, which the server that gets the request reads.
        if self.url.keeps(&stored.url) {
            return Err(InvalidDestination::OtherServer(ADDRESS));
        }
        let logins = (self.basic_auth.as_ref(), stored.basic_auth.as_ref());
        let headers = (self.custom_headers.as_slice(), stored.custom_headers.as_slice());
        let kept = KeptSecrets::of("basic_auth.password", logins, headers);
        kept.map_or(Ok(()), |kept| Err(InvalidDestination::OtherOrigin(kept)))
    }
}

impl NotificationDestination for WebhookConfig {
    /// A template that is stored already stays, even if it is not understood: another program may have stored it.
    fn check(&self, stored: &StoredSettings, targets: TargetPolicy) -> Result<(), InvalidDestination> {
        check_target(self.url.expose(), ADDRESS, targets)?;
        check_url(self.url.expose(), ADDRESS)?;
        if self.custom_headers.iter().any(|header| header.name.is_empty()) {
            return Err(InvalidDestination::HeaderName);
        }
        let is_stored = self.incident_template == stored_text(stored, TEMPLATE.name);
        match self.template_error().filter(|_| !is_stored) {
            Some(error) => Err(InvalidDestination::Template(TEMPLATE, error)),
            None => Ok(()),
        }
    }

    /// The body is the default JSON if there is no valid template.
    fn request(&self, context: &RequestContext<'_>) -> Result<NotificationRequest, UnusableConfig> {
        let values = TemplateValues {
            status: context.message.state.text(),
            application: &context.notification.application,
            reports: &context.notification.details.reports,
            url: context.message.link.as_ref().map(ToString::to_string).unwrap_or_default(),
            incident: &context.notification.incident_key,
        };
        let body = match template(self) {
            Ok(Some(template)) => template.render(&values),
            Ok(None) | Err(_) => values.json(),
        };
        let mut request = NotificationRequest::text(http_url(self.url.expose())?, body);
        request.any_certificate = self.tls_skip_verify;
        add_headers(&mut request.headers, self)?;
        Ok(request)
    }

    fn template_error(&self) -> Option<TemplateError> {
        template(self).err()
    }
}

/// The operator's template; `None` if there is none.
fn template(webhook: &WebhookConfig) -> Result<Option<MessageTemplate>, TemplateError> {
    let text = &webhook.incident_template;
    if text.trim().is_empty() { Ok(None) } else { MessageTemplate::parse(text).map(Some) }
}

/// Headers are stored with other names for their members.
fn as_stored_headers<S: Serializer>(headers: &[SetHeader], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(headers.iter().map(|header| json!({"key": header.name, "value": header.value})))
}

/// Adds user name, password and the operator's headers, which replace default headers of the same name.
/// Those that frame a request cannot be set.
fn add_headers(headers: &mut HeaderMap, webhook: &WebhookConfig) -> Result<(), UnusableConfig> {
    let login = webhook.basic_auth.as_ref();
    if let Some(login) = login.filter(|login| !login.user.is_empty() || login.password.is_set()) {
        let login = format!("{}:{}", login.user, login.password.expose());
        let basic = format!("Basic {}", BASE64_STANDARD.encode(login));
        headers.insert(AUTHORIZATION, secret(&basic)?);
    }
    let named = webhook.custom_headers.iter().filter(|header| !header.name.trim().is_empty());
    for SetHeader { name, value } in named {
        let value = value.expose();
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| UnusableConfig("a custom header has a name that is not allowed in HTTP"))?;
        match name {
            name if is_framing_header(&name) => {}
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

    use super::*;
    use crate::notifications::{IncidentNotification, example};

    fn header(name: &str, value: &str) -> SetHeader {
        SetHeader { name: name.to_owned(), value: Secret::new(value.to_owned()) }
    }

    fn made(status: HealthStatus, webhook: &WebhookConfig) -> Result<NotificationRequest, UnusableConfig> {
        let notification = IncidentNotification { status, ..example::notification() };
        example::request(webhook, &notification, "")
    }

    #[test]
    fn a_change_is_our_json() {
        for (status, text) in [
            (HealthStatus::Critical, "CRITICAL"),
            (HealthStatus::Warning, "WARNING"),
            (HealthStatus::Ok, "OK"),
        ] {
            let request = made(status, &example::webhook()).unwrap();
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
            let webhook = WebhookConfig { incident_template: template.to_owned(), ..example::webhook() };
            let expected = made(HealthStatus::Critical, &example::webhook()).unwrap().body;
            assert_eq!(
                made(HealthStatus::Critical, &webhook).unwrap().body,
                body.unwrap_or(&expected),
                "{template}"
            );
        }
    }

    #[test]
    fn the_operators_headers_come_on_top_and_replace_ours() {
        let auth = |user: &str, password: &str| {
            Some(SetAuth { user: user.to_owned(), password: Secret::new(password.to_owned()) })
        };
        let webhook = WebhookConfig {
            tls_skip_verify: true,
            basic_auth: auth("user", "pass"),
            custom_headers: vec![
                header("X-Team", "a"),
                header("x-team", "b"),
                header("Content-Type", "text/plain"),
                header("Content-Length", "1"),
                header(" ", "of an empty line in the form"),
            ],
            ..example::webhook()
        };
        let request = made(HealthStatus::Critical, &webhook).unwrap();
        assert!(request.any_certificate);
        assert_eq!(request.headers["authorization"], "Basic dXNlcjpwYXNz");
        assert_eq!(request.headers["content-type"], "text/plain");
        let team: Vec<_> = request.headers.get_all("x-team").iter().collect();
        assert_eq!(team, ["a", "b"]);
        assert!(!request.headers.contains_key("content-length"));

        let empty_form = WebhookConfig { basic_auth: auth("", ""), ..example::webhook() };
        assert!(!made(HealthStatus::Critical, &empty_form).unwrap().headers.contains_key("authorization"));
    }

    #[test]
    fn a_template_that_is_not_understood_is_refused_unless_it_is_stored() {
        let check = |template: &str, stored: Value| {
            let webhook = WebhookConfig { incident_template: template.to_owned(), ..example::webhook() };
            let Value::Object(stored) = stored else { return Ok(()) };
            webhook.check(&stored, TargetPolicy::default()).map_err(|error| error.to_string())
        };
        for template in [
            "{{",
            r#"{{exec "id"}}"#,
            r#"{{template "x"}}"#,
            "{{range .Reports}}{{range .Reports}}{{end}}{{end}}",
        ] {
            let refusal = check(template, json!({"incident_template": "{{ other"})).unwrap_err();
            assert!(refusal.starts_with("the template is not understood: line 1: "), "{refusal}");
            assert_eq!(check(template, json!({"incident_template": template})), Ok(()));
        }
        assert_eq!(check("{{ .Status }}", json!({})), Ok(()));
    }

    #[test]
    fn what_no_request_can_have_is_said_so() {
        let with_header = |name: &str, value: &str| WebhookConfig {
            custom_headers: vec![header(name, value)],
            ..example::webhook()
        };
        let elsewhere =
            WebhookConfig { url: Secret::new("hook.example.com".to_owned()), ..example::webhook() };
        for webhook in [with_header("a b", "c"), with_header("a", "b\nc: d"), elsewhere] {
            assert!(made(HealthStatus::Critical, &webhook).is_err());
        }
    }
}
