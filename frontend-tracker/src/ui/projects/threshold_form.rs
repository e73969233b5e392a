//! Overrides the threshold of an inspection, for one application or for its project.

use headcount_shared::api::{
    ApplicationView, AvailabilityOverride, InspectionOverride, LatencyOverride, ThresholdOverride,
};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use web_sys::FormData;

use super::{
    application_page::ShownApplication,
    html_box::{html_box, text_memo},
};
use crate::ui::{
    api::ApiClient,
    browser,
    html::failure,
    threshold_text::{OverrideKind, typed_threshold, typed_unit},
};

/// The seconds that count as quick by default, for an application that serves users, and for others.
const QUICK_S: [f32; 2] = [0.5, 5.0];

/// The override with the typed numbers. What else is set stays.
fn override_with(
    kind: OverrideKind,
    set: Option<&InspectionOverride>,
    number: f32,
    quick_s: f32,
) -> InspectionOverride {
    match kind {
        OverrideKind::Threshold => InspectionOverride::Threshold(ThresholdOverride { threshold: number }),
        OverrideKind::Availability => {
            let custom = match set {
                Some(InspectionOverride::Availability(set)) => set.custom.clone(),
                _ => None,
            };
            InspectionOverride::Availability(AvailabilityOverride { objective_percent: number, custom })
        }
        OverrideKind::Latency => {
            let histogram_query = match set {
                Some(InspectionOverride::Latency(set)) => set.histogram_query.clone(),
                _ => None,
            };
            let (objective_percent, objective_bucket_s) = (number, quick_s);
            InspectionOverride::Latency(LatencyOverride {
                objective_percent,
                objective_bucket_s,
                histogram_query,
            })
        }
    }
}

/// The form. Its fields keep what was typed when the page refreshes.
pub(super) fn threshold_form(shown: ShownApplication, inspection: String) -> AnyView {
    let Some(first) = shown.check(&inspection) else { return ().into_any() };
    let kind = OverrideKind::of(&inspection);
    let quick_s = match &first.inspection.set {
        Some(InspectionOverride::Latency(set)) => set.objective_bucket_s,
        _ => QUICK_S[usize::from(is_auxiliary(shown))],
    };
    let form = FormState {
        shown,
        api: expect_context::<ApiClient>(),
        kind,
        inspection: StoredValue::new(inspection),
        said: RwSignal::new(String::new()),
        is_busy: StoredValue::new(false),
    };
    let label = match (kind, typed_unit(first.inspection.unit)) {
        (OverrideKind::Threshold, "") => "Threshold".to_owned(),
        (OverrideKind::Threshold, unit) => format!("Threshold in {unit}"),
        (OverrideKind::Availability | OverrideKind::Latency, _) => "Objective in percent".to_owned(),
    };
    let quick = (kind == OverrideKind::Latency)
        .then(|| number_field("Quick is up to, in seconds".to_owned(), "quick", quick_s));
    // Objectives are those of an application.
    let scope = (kind == OverrideKind::Threshold).then(|| {
        view! {
            <label>
                <span>"For"</span>
                <select name="scope">
                    <option value="application">"this application"</option>
                    <option value="project">"all applications of the project"</option>
                </select>
            </label>
        }
    });
    let said = text_memo(move || form.said.get());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let is_removal = event.submitter().is_some_and(|button| button.has_attribute("value"));
        if let Some(fields) = browser::form_of(&event) {
            form.submit(&fields, is_removal);
        }
    };
    view! {
        <form class="filters" on:submit=submit>
            {number_field(label, "number", first.inspection.in_force)}
            {quick}
            {scope}
            <button type="submit">"Save"</button>
            <button type="submit" class="quiet" value="remove">"Remove what is set"</button>
            {html_box("said", said)}
        </form>
    }
    .into_any()
}

fn number_field(label: String, name: &'static str, value: f32) -> AnyView {
    view! {
        <label>
            <span>{label}</span>
            <input type="text" inputmode="decimal" autocomplete="off" name=name value=value.to_string() />
        </label>
    }
    .into_any()
}

/// Whether the application serves the infrastructure.
fn is_auxiliary(shown: ShownApplication) -> bool {
    let is_auxiliary =
        |view: &ApplicationView| ["control-plane", "monitoring"].contains(&view.category.as_str());
    shown.view.with_untracked(|view| view.as_ref().is_some_and(is_auxiliary))
}

/// What a form works with.
#[derive(Debug, Clone, Copy)]
struct FormState {
    shown: ShownApplication,
    api: ApiClient,
    kind: OverrideKind,
    inspection: StoredValue<String>,
    /// What came of the last request, as HTML.
    said: RwSignal<String>,
    is_busy: StoredValue<bool>,
}

impl FormState {
    fn submit(self, fields: &FormData, is_removal: bool) {
        if self.is_busy.get_value() {
            return;
        }
        let body = match self.body(fields, is_removal) {
            Ok(body) => body,
            Err(why) => return self.said.set(failure(&why)),
        };
        let at =
            if text_of(fields, "scope") == "project" { self.shown.project_path } else { self.shown.path };
        let path =
            self.inspection.with_value(|inspection| format!("{}/inspections/{inspection}", at.get_value()));
        self.is_busy.set_value(true);
        spawn_local(async move {
            let method = if body.is_some() { "PUT" } else { "DELETE" };
            let answer = self.api.request(method, &path, body.as_deref()).await;
            self.is_busy.try_set_value(false);
            self.said.try_set(match answer {
                Ok(_) => "<p role=\"status\">Done. The status follows within seconds.</p>".to_owned(),
                Err(why) => failure(&why.sentence()),
            });
            self.shown.live.fetch_soon();
        });
    }

    /// The body of a change; `None` if what is set is removed.
    fn body(self, fields: &FormData, is_removal: bool) -> Result<Option<String>, String> {
        if is_removal {
            return Ok(None);
        }
        let number = |name| typed_threshold(&text_of(fields, name)).map_err(str::to_owned);
        let quick_s = if self.kind == OverrideKind::Latency { number("quick")? } else { 0.0 };
        let check = self.inspection.with_value(|inspection| self.shown.check(inspection));
        let set = check.and_then(|check| check.inspection.set);
        let change = override_with(self.kind, set.as_ref(), number("number")?, quick_s);
        serde_json::to_string(&change).map(Some).map_err(|error| error.to_string())
    }
}

/// The text in a field of a form; empty without that field.
fn text_of(fields: &FormData, name: &str) -> String {
    fields.get(name).as_string().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_keeps_the_queries_of_the_operator() {
        let set = InspectionOverride::Latency(LatencyOverride {
            objective_percent: 99.0,
            objective_bucket_s: 0.5,
            histogram_query: Some("mine".to_owned()),
        });
        let changed = override_with(OverrideKind::of("SLOLatency"), Some(&set), 95.0, 1.0);
        let expected = LatencyOverride {
            objective_percent: 95.0,
            objective_bucket_s: 1.0,
            histogram_query: Some("mine".to_owned()),
        };
        assert!(changed == InspectionOverride::Latency(expected));
        let threshold = override_with(OverrideKind::of("CPUNode"), None, 70.0, 0.5);
        assert_eq!(serde_json::to_string(&threshold).unwrap(), r#"{"threshold":70.0}"#);
        let objective = override_with(OverrideKind::of("SLOAvailability"), None, 99.5, 0.5);
        assert_eq!(serde_json::to_string(&objective).unwrap(), r#"{"objective_percent":99.5,"custom":null}"#);
    }
}
