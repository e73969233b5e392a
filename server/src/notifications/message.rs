//! Builds the texts of notifications, which all kinds of destinations share.
//!
//! The texts contain names of applications. They are sent only to the operator's destinations.

use headcount_health::health_status::HealthStatus;
use reqwest::Url;

use super::{IncidentNotification, NotificationDetails, endpoints::below, notification_request::http_url};

/// The state of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageState {
    /// Users are affected.
    Critical,
    /// Degraded.
    Warning,
    /// The incident is over.
    Resolved,
}

/// The content of a notification, before a destination formats it.
pub(super) struct IncidentMessage<'n> {
    /// The state of the incident.
    pub(super) state: MessageState,
    /// The name of the application, without namespace and kind.
    pub(super) name: &'n str,
    /// The page about the application; `None` if the address of the web interface is not configured.
    pub(super) link: Option<Url>,
    details: &'n NotificationDetails,
    is_test: bool,
}

impl MessageState {
    /// The state in capitals, as titles contain it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Warning => "WARNING",
            Self::Resolved => "OK",
        }
    }
}

impl From<HealthStatus> for MessageState {
    fn from(status: HealthStatus) -> Self {
        match status {
            HealthStatus::Ok => Self::Resolved,
            HealthStatus::Critical => Self::Critical,
            HealthStatus::Warning | HealthStatus::Info | HealthStatus::Unknown => Self::Warning,
        }
    }
}

impl<'n> IncidentMessage<'n> {
    /// The content of a notification. `base_url` is the address of the product's web interface, or empty.
    pub(super) fn new(notification: &'n IncidentNotification, base_url: &str) -> Self {
        Self {
            state: notification.status.into(),
            name: &notification.application.name,
            link: link(notification, base_url),
            details: &notification.details,
            is_test: false,
        }
    }

    /// The content of a test notification, with a link to the settings from which it was sent.
    pub(super) fn of_test(notification: &'n IncidentNotification, base_url: &str) -> Self {
        let base = http_url(base_url).ok();
        let link = base.map(|base| below(&base, &["p", &notification.project, "settings", "notifications"]));
        Self { link, is_test: true, ..Self::new(notification, base_url) }
    }

    /// What happened, without the name of the application.
    pub(super) const fn event(&self) -> &'static str {
        match self.state {
            _ if self.is_test => "is a test: nothing is wrong",
            MessageState::Critical | MessageState::Warning => "is not meeting its SLOs",
            MessageState::Resolved => "is meeting its SLOs again",
        }
    }

    /// State, application and event in one line.
    pub(super) fn title(&self) -> String {
        format!("[{}] {} {}", self.state.text(), self.name, self.event())
    }

    /// The checks that fired, one line each: `SLO / Availability: 5% of requests fail`.
    pub(super) fn reasons(&self) -> Vec<String> {
        let line = |(check, message)| format!("{check}: {message}");
        self.checks().map(line).collect()
    }

    /// The checks that fired, with their messages.
    pub(super) fn checks(&self) -> impl Iterator<Item = (String, &'n str)> {
        let check = |report: &'n super::ReportDetails| {
            (format!("{} / {}", report.name, report.check), report.message.as_str())
        };
        self.details.reports.iter().map(check)
    }
}

/// The page about the service levels of the application.
fn link(notification: &IncidentNotification, base_url: &str) -> Option<Url> {
    let base = http_url(base_url).ok()?;
    let application = notification.application.to_string();
    Some(below(&base, &["p", &notification.project, "app", &application, "SLO"]))
}

/// The first `limit` characters of a text; the last of them is `…` if the text was longer.
pub(super) fn clipped(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use headcount_topology::application_key::ApplicationKey;

    use super::*;
    use crate::notifications::example;

    #[test]
    fn the_title_says_what_happened_to_whom() {
        for (status, title) in [
            (HealthStatus::Critical, "[CRITICAL] cart is not meeting its SLOs"),
            (HealthStatus::Warning, "[WARNING] cart is not meeting its SLOs"),
            (HealthStatus::Ok, "[OK] cart is meeting its SLOs again"),
        ] {
            let notification = IncidentNotification { status, ..example::notification() };
            assert_eq!(IncidentMessage::new(&notification, "").title(), title);
        }
    }

    #[test]
    fn the_link_leads_to_the_page_about_the_objectives() {
        for (base, application, expected) in [
            ("https://h/", "shop:Deployment:cart", Some("https://h/p/abc12345/app/shop:Deployment:cart/SLO")),
            (" http://h:8/c ", "_:Unknown:a", Some("http://h:8/c/p/abc12345/app/_:Unknown:a/SLO")),
            (
                "https://h",
                "external:ExternalService:é?#/%20",
                Some("https://h/p/abc12345/app/external:ExternalService:%C3%A9%3F%23%2F%2520/SLO"),
            ),
            ("", "shop:Deployment:cart", None),
            ("h", "shop:Deployment:cart", None),
            ("javascript:alert(1)", "shop:Deployment:cart", None),
        ] {
            let application = ApplicationKey::parse(application).unwrap();
            let notification = IncidentNotification { application, ..example::notification() };
            assert_eq!(link(&notification, base).as_ref().map(Url::as_str), expected, "{base}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, limit, expected) in
            [("short", 5, "short"), ("longer", 5, "long…"), ("ééééé", 3, "éé…"), ("", 1, "")]
        {
            assert_eq!(clipped(text, limit), expected);
        }
    }
}
