//! What do people read?
//!
//! These texts name applications. They go to the operator's own destinations and nowhere else.

use reqwest::Url;

use super::{Details, Integrations, Notification, endpoints::below, request::http_url};
use crate::world::status::Status;

/// How it is with an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Users notice.
    Critical,
    /// Not well.
    Warning,
    /// It is over.
    Resolved,
}

/// What is said, before it is put into the form that a destination wants.
pub(super) struct Message<'n> {
    /// How it is.
    pub(super) state: State,
    /// The application, by its name alone.
    pub(super) name: &'n str,
    /// The page about it; `None` where nobody said what the address of the web interface is.
    pub(super) link: Option<Url>,
    details: &'n Details,
}

impl State {
    /// Its name in capitals.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Warning => "WARNING",
            Self::Resolved => "OK",
        }
    }
}

impl From<Status> for State {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Resolved,
            Status::Critical => Self::Critical,
            Status::Warning | Status::Info | Status::Unknown => Self::Warning,
        }
    }
}

impl<'n> Message<'n> {
    /// What a notification says.
    pub(super) fn new(notification: &'n Notification, integrations: &Integrations) -> Self {
        Self {
            state: notification.status.into(),
            name: &notification.application.name,
            link: link(notification, &integrations.base_url),
            details: &notification.details,
        }
    }

    /// What happened, without the name.
    pub(super) const fn event(&self) -> &'static str {
        match self.state {
            State::Critical | State::Warning => "is not meeting its SLOs",
            State::Resolved => "is meeting its SLOs again",
        }
    }

    /// How it is, and what happened to whom, in one line.
    pub(super) fn title(&self) -> String {
        format!("[{}] {} {}", self.state.text(), self.name, self.event())
    }

    /// The checks that fired, a line each: `SLO / Availability: 5% of requests fail`.
    pub(super) fn reasons(&self) -> Vec<String> {
        let line = |(check, message)| format!("{check}: {message}");
        self.checks().map(line).collect()
    }

    /// The checks that fired, each with what it says.
    pub(super) fn checks(&self) -> impl Iterator<Item = (String, &'n str)> {
        let check = |report: &'n super::ReportDetails| {
            (format!("{} / {}", report.name, report.check), report.message.as_str())
        };
        self.details.reports.iter().map(check)
    }
}

/// The page about the objectives of the application.
fn link(notification: &Notification, base_url: &str) -> Option<Url> {
    let base = http_url(base_url).ok()?;
    let application = notification.application.to_string();
    Some(below(&base, &["p", &notification.project, "app", &application, "SLO"]))
}

/// The first `limit` characters of a text, the last of them `…` when there are more.
pub(super) fn clipped(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{notifications::example, world::application_key::ApplicationKey};

    #[test]
    fn the_title_says_what_happened_to_whom() {
        for (status, title) in [
            (Status::Critical, "[CRITICAL] cart is not meeting its SLOs"),
            (Status::Warning, "[WARNING] cart is not meeting its SLOs"),
            (Status::Ok, "[OK] cart is meeting its SLOs again"),
        ] {
            let notification = Notification { status, ..example::notification() };
            assert_eq!(Message::new(&notification, &example::integrations()).title(), title);
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
            let notification = Notification { application, ..example::notification() };
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
