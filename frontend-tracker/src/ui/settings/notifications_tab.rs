//! Writes the tab of notifications: where they go, with a test of each destination, and what happened and was sent.

use super::form_html::{FormPlan, FormTest};
use crate::ui::{
    html::{LOADING, card},
    texts::{
        form_fields::{BASE_URL, DESTINATIONS},
        settings,
    },
};

/// The forms of the tab. `address` is that of the project's integrations.
pub(super) fn notification_forms(address: &str, configured: &[&str]) -> Vec<FormPlan> {
    let links = FormPlan::new("links", BASE_URL, address.to_owned());
    let destination = |kind: &'static str, fields| FormPlan {
        is_stored: configured.contains(&kind),
        test: Some(FormTest::Stored),
        removal: Some(settings::DESTINATION_REMOVAL),
        ..FormPlan::new(kind, fields, format!("{address}/{kind}"))
    };
    let destinations = DESTINATIONS.iter().map(|of| destination(of.kind.name(), of.fields));
    std::iter::once(links).chain(destinations).collect()
}

/// The tab with its forms. A destination is folded unless it is configured.
pub(super) fn notifications_tab(forms: &[FormPlan]) -> String {
    let destination = |form: &FormPlan| {
        let title = DESTINATIONS.iter().find(|of| of.kind.name() == form.id).map_or("", |of| of.title);
        let (open, state) =
            if form.is_stored { (" open", settings::CONFIGURED) } else { ("", settings::NOT_CONFIGURED) };
        let (id, place) = (form.id, form.place());
        format!(
            r#"<details class="section" id="{id}-section"{open}><summary><h3>{title}</h3> <span class="badge" id="{id}-state">{state}</span></summary>
<div class="unfolded">{place}</div></details>"#
        )
    };
    let (links, destinations) =
        forms.split_first().map_or((String::new(), String::new()), |(links, others)| {
            (links.place(), others.iter().map(destination).collect())
        });
    let note = format!(r#"<p class="note">{}</p>"#, settings::DESTINATIONS_NOTE);
    [
        card("links", settings::LINKS, &links),
        card("destinations", settings::DESTINATIONS, &[note, destinations].concat()),
        card("incidents", settings::INCIDENTS, &format!(r#"<div id="incidents">{LOADING}</div>"#)),
        card(
            "notifications",
            settings::NOTIFICATIONS,
            &format!(r#"<div id="notifications">{LOADING}</div>"#),
        ),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_destination_is_open() {
        let forms = notification_forms("api/projects/p/integrations", &["slack"]);
        assert_eq!(forms.len(), 1 + DESTINATIONS.len());
        assert_eq!(forms[1].address, "api/projects/p/integrations/slack");
        let html = notifications_tab(&forms);
        assert_eq!(html.matches("<details").count(), DESTINATIONS.len());
        assert_eq!(html.matches(" open>").count(), 1, "{html}");
        for form in &forms {
            assert!(html.contains(&format!("id=\"{}-form\"", form.id)), "{}", form.id);
        }
    }
}
