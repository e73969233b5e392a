//! Overrides the threshold of an inspection, for one application or for its project.

use headcount_shared::api::{
    AvailabilityOverride, CheckView, InspectionOverride, LatencyOverride, ThresholdOverride,
};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::{
    live_answer::LiveAnswer,
    words::{segment, typed_unit},
};
use crate::ui::api::ApiClient;

/// What a form says about a number that is none.
const NO_NUMBER: &str = "Type a number, such as 70 or 0.5.";

/// The seconds that count as quick by default, for an application that serves users, and for others.
const QUICK_S: [f32; 2] = [0.5, 5.0];

/// What can be overridden of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OverrideKind {
    Threshold,
    Availability,
    Latency,
}

impl OverrideKind {
    fn of(inspection: &str) -> Self {
        match inspection {
            "SLOAvailability" => Self::Availability,
            "SLOLatency" => Self::Latency,
            _ => Self::Threshold,
        }
    }
}

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
#[component]
pub(super) fn ThresholdForm(
    project: String,
    application: String,
    /// Whether the application serves the infrastructure.
    is_auxiliary: bool,
    check: Memo<Option<CheckView>>,
    live: LiveAnswer,
) -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let Some(first) = check.get_untracked() else { return ().into_any() };
    let inspection = first.inspection.id.clone();
    let kind = OverrideKind::of(&inspection);
    let quick_s = match &first.inspection.set {
        Some(InspectionOverride::Latency(set)) => set.objective_bucket_s,
        _ => QUICK_S[usize::from(is_auxiliary)],
    };
    let number = RwSignal::new(first.inspection.in_force.to_string());
    let quick = RwSignal::new(quick_s.to_string());
    let for_project = RwSignal::new(false);
    let failure = RwSignal::new(None::<String>);
    let said = RwSignal::new("");
    let is_busy = RwSignal::new(false);
    let at = format!("api/projects/{}", segment(&project));
    let own = format!("{at}/applications/{}/inspections/{inspection}", segment(&application));
    let [own, shared] = [own, format!("{at}/inspections/{inspection}")].map(StoredValue::new);
    let send = move |method: &'static str, body: Option<String>, done: &'static str| {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        let path = if for_project.get_untracked() { shared } else { own }.get_value();
        spawn_local(async move {
            let answer = api.request(method, &path, body.as_deref()).await;
            is_busy.try_set(false);
            said.try_set(if answer.is_ok() { done } else { "" });
            failure.try_set(answer.err().map(|failure| failure.sentence()));
            live.fetch_soon();
        });
    };
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = [number, quick].map(|text| text.with_untracked(|text| text.trim().parse::<f32>()));
        let [Ok(number), Ok(quick_s)] = typed else {
            said.set("");
            return failure.set(Some(NO_NUMBER.to_owned()));
        };
        let set = check.with_untracked(|check| check.as_ref().and_then(|of| of.inspection.set.clone()));
        match serde_json::to_string(&override_with(kind, set.as_ref(), number, quick_s)) {
            Ok(body) => send("PUT", Some(body), "Saved. The status follows within seconds."),
            Err(error) => failure.set(Some(error.to_string())),
        }
    };
    let is_set = move || {
        check.with(|check| {
            check.as_ref().is_some_and(|check| {
                if for_project.get() {
                    check.set_for_project.is_some()
                } else {
                    check.inspection.set.is_some()
                }
            })
        })
    };
    let unit = match (kind, typed_unit(first.inspection.unit)) {
        (OverrideKind::Threshold, "") => "Threshold".to_owned(),
        (OverrideKind::Threshold, unit) => format!("Threshold {unit}"),
        (OverrideKind::Availability | OverrideKind::Latency, _) => "Objective in percent".to_owned(),
    };
    let input = |label: String, value: RwSignal<String>| {
        view! {
            <label>
                <span>{label}</span>
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </label>
        }
        .into_any()
    };
    // Objectives are those of an application.
    let scope = (kind == OverrideKind::Threshold).then(|| {
        view! {
            <label>
                <span>"For"</span>
                <select on:change=move |event| for_project.set(event_target_value(&event) == "project")>
                    <option value="application">"this application"</option>
                    <option value="project">"all applications of the project"</option>
                </select>
            </label>
        }
    });
    let quick_input =
        (kind == OverrideKind::Latency).then(|| input("Quick is up to, in seconds".to_owned(), quick));
    let remove = move |_| send("DELETE", None, "Removed. The status follows within seconds.");
    view! {
        <form class="filters" on:submit=save>
            {input(unit, number)}
            {quick_input}
            {scope}
            <button type="submit" disabled=move || is_busy.get()>
                "Save"
            </button>
            {move || {
                is_set().then(|| {
                    view! {
                        <button type="button" class="quiet" on:click=remove disabled=move || is_busy.get()>
                            "Remove what is set"
                        </button>
                    }
                })
            }}
            <span role="status">{move || said.get()}</span>
            {move || failure.get().map(|why| view! { <span class="failure" role="alert">{why}</span> })}
        </form>
    }
    .into_any()
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
