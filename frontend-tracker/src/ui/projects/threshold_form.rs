//! Overrides the threshold of an inspection, for one application or for its project.

use headcount_shared::api::{
    AvailabilityOverride, CheckView, InspectionOverride, LatencyOverride, ThresholdOverride,
};
use leptos::{ev::SubmitEvent, html::Form, prelude::*, task::spawn_local};
use web_sys::FormData;

use super::application_page::{ShownApplication, find_check};
use crate::ui::{
    api::ApiClient,
    browser,
    html::failure,
    html_box::{html_box, text_memo},
    texts::{
        projects,
        threshold_text::{OverrideKind, typed_threshold, typed_unit},
    },
};

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
    let form = FormState {
        shown,
        api: expect_context::<ApiClient>(),
        kind,
        unit: typed_unit(first.inspection.unit),
        inspection: StoredValue::new(inspection),
        said: RwSignal::new(String::new()),
        is_busy: StoredValue::new(false),
        is_removed: StoredValue::new(false),
        element: NodeRef::new(),
    };
    // What was removed is shown no more once it is known what is in force instead.
    Effect::new(move |_| {
        form.shown.view.track();
        if form.is_removed.get_value()
            && let Some(element) = form.element.get_untracked()
        {
            form.is_removed.set_value(false);
            element.reset();
            browser::note_typed(&element, false);
        }
    });
    let label = match kind {
        OverrideKind::Threshold => projects::threshold_in(form.unit),
        OverrideKind::Availability | OverrideKind::Latency => projects::OBJECTIVE.to_owned(),
    };
    let number = form.stored_number(|check| Some(check.inspection.in_force));
    let quick = first.quick_s.is_some().then(|| {
        number_field(projects::QUICK_UP_TO.to_owned(), "quick", form.stored_number(|check| check.quick_s))
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
        <form class="filters" on:submit=submit on:input=move |_| form.note_typed(true) node_ref=form.element>
            {number_field(label, "number", number)}
            {quick}
            <label>
                <span>{projects::THRESHOLD_FOR}</span>
                <select name="scope">
                    <option value="application">{projects::THIS_APPLICATION}</option>
                    <option value="project">{projects::ALL_APPLICATIONS}</option>
                </select>
            </label>
            <button type="submit">{projects::SAVE}</button>
            <button type="submit" class="quiet" value="remove">{projects::REMOVE_SET}</button>
            <div role="status">{html_box("said", said)}</div>
        </form>
    }
    .into_any()
}

/// A field that begins with a stored number.
fn number_field(label: String, name: &'static str, stored: Memo<String>) -> AnyView {
    view! {
        <label>
            <span>{label}</span>
            <input type="text" inputmode="decimal" autocomplete="off" name=name value=stored />
        </label>
    }
    .into_any()
}

/// What a form works with.
#[derive(Debug, Clone, Copy)]
struct FormState {
    shown: ShownApplication,
    api: ApiClient,
    kind: OverrideKind,
    /// The unit in which the number is typed.
    unit: &'static str,
    inspection: StoredValue<String>,
    /// What came of the last request, as HTML.
    said: RwSignal<String>,
    is_busy: StoredValue<bool>,
    /// Whether the next answer has what is in force after a removal.
    is_removed: StoredValue<bool>,
    element: NodeRef<Form>,
}

impl FormState {
    fn submit(self, fields: &FormData, is_removal: bool) {
        if self.is_busy.get_value() {
            return;
        }
        let of_project = text_of(fields, "scope") == "project";
        if is_removal && !of_project && self.own().is_none() {
            return self.said.set(failure(projects::NOTHING_SET));
        }
        let body = match self.body(fields, is_removal) {
            Ok(body) => body,
            Err(why) => return self.said.set(failure(&why)),
        };
        let at = if of_project { self.shown.project_path } else { self.shown.path };
        let path =
            self.inspection.with_value(|inspection| format!("{}/inspections/{inspection}", at.get_value()));
        self.is_busy.set_value(true);
        if !is_removal {
            // What is typed from now on is not in the request.
            self.note_typed(false);
        }
        spawn_local(async move {
            let method = if body.is_some() { "PUT" } else { "DELETE" };
            let answer = self.api.request(method, &path, body.as_deref()).await;
            self.is_busy.try_set_value(false);
            let is_accepted = answer.is_ok();
            if !is_accepted && !is_removal {
                self.note_typed(true);
            }
            self.said.try_set(match answer {
                Ok(_) => ["<p>", projects::DONE, "</p>"].concat(),
                Err(why) => failure(&why.sentence()),
            });
            self.is_removed.try_set_value(is_removal && is_accepted);
            self.shown.live.fetch_soon();
        });
    }

    fn note_typed(self, is_typed: bool) {
        if let Some(element) = self.element.try_get_untracked().flatten() {
            browser::note_typed(&element, is_typed);
        }
    }

    /// A number of the newest answer; empty if it has none.
    fn stored_number(self, number: fn(&CheckView) -> Option<f32>) -> Memo<String> {
        text_memo(move || {
            let check = self.inspection.with_value(|inspection| {
                self.shown.view.with(|view| find_check(view.as_ref()?, inspection).and_then(number))
            });
            check.map(|number| number.to_string()).unwrap_or_default()
        })
    }

    /// What is set for the application itself.
    fn own(self) -> Option<InspectionOverride> {
        let check = self.inspection.with_value(|inspection| self.shown.check(inspection));
        check.and_then(|check| check.inspection.set)
    }

    /// The body of a change; `None` if what is set is removed.
    fn body(self, fields: &FormData, is_removal: bool) -> Result<Option<String>, String> {
        if is_removal {
            return Ok(None);
        }
        let number = |name, unit| typed_threshold(&text_of(fields, name), unit).map_err(str::to_owned);
        let quick_s = if self.kind == OverrideKind::Latency { number("quick", "seconds")? } else { 0.0 };
        // Queries are those of one application.
        let of_project = text_of(fields, "scope") == "project";
        let set = self.own().filter(|_| !of_project);
        let change = override_with(self.kind, set.as_ref(), number("number", self.unit)?, quick_s);
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
