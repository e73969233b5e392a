//! The tab of inspections: their thresholds, each of which the project can override.

use leptos::{ev, prelude::*, task::spawn_local};
use serde_json::{Value, json};

use super::{
    requests::{RequestResult, send},
    settings_page::SettingsPage,
    threshold_text::{number_text, threshold_text, typed_threshold, unit_text},
};
use crate::ui::answer::FetchState;

/// The two inspections with objectives, which are set for applications.
const OBJECTIVES: [&str; 2] = ["SLOAvailability", "SLOLatency"];

#[component]
pub(super) fn InspectionsTab(page: SettingsPage) -> impl IntoView {
    let found = RwSignal::new(FetchState::Waiting);
    // What was done last, for screen readers and others.
    let said = RwSignal::new(String::new());
    spawn_local(async move {
        let answer = send(page.api, "GET", page.address("inspections"), None).await;
        let _closed = found.try_set(match answer {
            Ok(mut answer) => FetchState::Here(answer["inspections"].take()),
            Err(failure) => FetchState::Failed(failure.why),
        });
    });
    let shown = move || match found.get() {
        FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
        FetchState::Here(found) => {
            let inspections = found.as_array().cloned().unwrap_or_default();
            let rows = inspections
                .into_iter()
                .map(|inspection| view! { <InspectionRow page said inspection /> })
                .collect_view();
            view! {
                <fieldset disabled=move || page.is_read_only.get()>
                    <div class="scroll" role="region" tabindex="0" aria-labelledby="inspections-title">
                        <table>
                            <caption class="visually-hidden">"Inspections with their thresholds"</caption>
                            <thead>
                                <tr>
                                    <th scope="col">"Inspection"</th>
                                    <th scope="col">"Default"</th>
                                    <th scope="col">"In force"</th>
                                    <th scope="col">"For this project"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </fieldset>
            }
            .into_any()
        }
    };
    view! {
        <section class="card" aria-labelledby="inspections-title">
            <h2 id="inspections-title">"Thresholds of inspections"</h2>
            <p class="note">
                "They apply to all applications of the project. One that is set for an application itself comes before. A report "
                "has how many there are of each inspection, and no threshold."
            </p>
            <p role="status" class="done">{move || said.get()}</p>
            {shown}
        </section>
    }
}

/// An inspection with the field for its threshold.
#[component]
fn InspectionRow(page: SettingsPage, said: RwSignal<String>, inspection: Value) -> impl IntoView {
    let id = inspection["id"].as_str().unwrap_or_default().to_owned();
    let unit = inspection["unit"].clone();
    let default = threshold_text(&inspection["default"], &unit);
    let row = RwSignal::new(inspection);
    let in_force = {
        let unit = unit.clone();
        move || row.with(|row| threshold_text(&row["in_force"], &unit))
    };
    let editor = if OBJECTIVES.contains(&id.as_str()) {
        view! { <span class="exact">"An objective, which is set for an application"</span> }.into_any()
    } else {
        view! { <ThresholdEditor page said row id=id.clone() unit=unit_text(&unit) /> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">
                <code>{id}</code>
            </th>
            <td>{default}</td>
            <td>{in_force}</td>
            <td>{editor}</td>
        </tr>
    }
}

#[component]
fn ThresholdEditor(
    page: SettingsPage,
    said: RwSignal<String>,
    row: RwSignal<Value>,
    id: String,
    unit: &'static str,
) -> impl IntoView {
    let typed = RwSignal::new(row.with_untracked(|row| number_text(&row["set"]["threshold"])));
    let error = RwSignal::new(None::<String>);
    let is_busy = RwSignal::new(false);
    let address = StoredValue::new(page.address(&format!("inspections/{id}")));
    let name = StoredValue::new(id);
    let ask = move |method: &'static str, body: Option<Value>, then: fn(&Value, Value) -> Value| {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        error.set(None);
        spawn_local(async move {
            let answer: RequestResult = send(page.api, method, address.get_value(), body).await;
            if is_busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(answer) => {
                    row.update(|row| *row = then(row, answer));
                    let number = row.with_untracked(|row| number_text(&row["in_force"]));
                    said.set(format!("{}: {number} {unit} is in force.", name.get_value()));
                    typed.set(row.with_untracked(|row| number_text(&row["set"]["threshold"])));
                }
                Err(failure) => error.set(Some(failure.why)),
            }
        });
    };
    let set = move |event: ev::SubmitEvent| {
        event.prevent_default();
        match typed_threshold(&typed.get_untracked()) {
            Ok(threshold) => ask("PUT", Some(json!({ "threshold": threshold })), |_, answer| answer),
            Err(why) => error.set(Some(why.to_owned())),
        }
    };
    let reset = move |_| ask("DELETE", None, without_override);
    let is_set = move || row.with(|row| !row["set"].is_null());
    let id = name.get_value();
    let error_id = format!("{id}-error");
    let described = {
        let error_id = error_id.clone();
        move || error.read().is_some().then(|| error_id.clone())
    };
    let reset_label = format!("Reset {id}");
    view! {
        <form class="threshold" novalidate=true on:submit=set>
            <input
                type="text"
                inputmode="decimal"
                size="6"
                autocomplete="off"
                aria-label=format!("Threshold of {id}{}{unit}", if unit.is_empty() { "" } else { " in " })
                aria-invalid=move || error.read().is_some().then_some("true")
                aria-describedby=described
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
            />
            <span>{unit}</span>
            <button type="submit" class="quiet" aria-label=format!("Set {id}") aria-busy=move || is_busy.get().to_string()>
                "Set"
            </button>
            {move || {
                let label = reset_label.clone();
                is_set()
                    .then(|| {
                        view! {
                            <button type="button" class="quiet" aria-label=label on:click=reset>
                                "Reset"
                            </button>
                        }
                    })
            }}
            {move || {
                let id = error_id.clone();
                error.get().map(|why| view! { <span class="field-error" id=id role="alert">{why}</span> })
            }}
        </form>
    }
}

/// The inspection with its default again.
fn without_override(inspection: &Value, _: Value) -> Value {
    let mut inspection = inspection.clone();
    inspection["in_force"] = inspection["default"].clone();
    inspection["set"] = Value::Null;
    inspection
}
