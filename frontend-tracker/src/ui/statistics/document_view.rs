//! Shows a report by section, each field with its value, in the units of people too, and its explanation.
//!
//! When the report is fetched again, values change where they are: no section closes and nothing is built anew.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use leptos::{ev, html::Div, prelude::*};
use web_sys::Element;

use super::{
    document_cell::{DocumentCell, ReportDocument},
    document_html::{sections_html, value_html, value_id},
    page_state::StatisticsState,
    profile_view::Profiles,
    requests::report_file,
};
use crate::ui::{
    browser,
    report_rows::{ReportSection, fold},
    texts::{frame::LOADING, statistics},
    value_units::file_size,
};

/// The report in `cell`, with its size, its hash, and a button that saves it.
#[component]
pub(super) fn DocumentView(
    desk: StatisticsState,
    cell: DocumentCell,
    /// Begins the ids of the elements in it.
    id: &'static str,
) -> impl IntoView {
    let document = cell.document;
    let is_here = Memo::new(move |_| document.with(Option::is_some));
    let save = move |_| {
        if let Some(document) = document.get_untracked() {
            browser::save(&report_file(&document.source), "application/json", &document.bytes);
        }
    };
    let size = move || with_document(document, |document| file_size(document.bytes.len() as u64));
    let hash = move || with_document(document, |document| document.sha256.clone());
    view! {
        {move || cell.failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        {move || match is_here.get() {
            false => cell.is_loading.get().then(|| view! { <p class="waiting">{LOADING}</p> }).into_any(),
            true => view! {
                <div class="report-head">
                    <p>{size} {statistics::AS_JSON} <code class="address hash">{hash}</code></p>
                    <button type="button" class="quiet" on:click=save>{statistics::SAVE_AS_FILE}</button>
                </div>
                <Fields desk document id />
                <Profiles desk document id />
            }
            .into_any(),
        }}
    }
}

fn with_document(
    document: RwSignal<Option<Arc<ReportDocument>>>,
    text: fn(&ReportDocument) -> String,
) -> String {
    document.with(|document| document.as_ref().map(|document| text(document)).unwrap_or_default())
}

/// What is in the page.
#[derive(Debug, Default)]
struct ShownFields {
    /// The paths of all values.
    paths: Vec<String>,
    /// The HTML of each.
    values: Vec<String>,
}

#[component]
fn Fields(
    desk: StatisticsState,
    document: RwSignal<Option<Arc<ReportDocument>>>,
    id: &'static str,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let shown = StoredValue::new(ShownFields::default());
    let time = desk.coarse_time();
    Effect::new(move || {
        let now = time.get();
        if let (Some(place), Some(document)) = (place.get(), document.get()) {
            shown.update_value(|shown| update(&place, shown, id, &fold(&document.report), now));
        }
    });
    view! { <div node_ref=place class="fields" on:click=move |event| save_profile(document, &event)></div> }
}

/// Shows the values that changed. Where the fields are others, all are built anew, and open sections stay open.
fn update(place: &Element, shown: &mut ShownFields, id: &str, sections: &[ReportSection], now: u64) {
    let rows = || sections.iter().flat_map(|section| &section.rows);
    if !rows().map(|row| &row.path).eq(&shown.paths) {
        let is_open = |name: &str| {
            let open = place.query_selector(&["details[open][data-section='", name, "']"].concat());
            open.is_ok_and(|open| open.is_some())
        };
        let html = sections_html(id, sections, &is_open);
        place.set_inner_html(&html);
        shown.paths = rows().map(|row| row.path.clone()).collect();
        shown.values.clear();
        shown.values.resize(shown.paths.len(), String::new());
    }
    for (number, (row, before)) in rows().zip(&mut shown.values).enumerate() {
        let html = value_html(&row.path, &row.value, now);
        if html == *before {
            continue;
        }
        if let Some(element) = document().get_element_by_id(&value_id(id, number)) {
            element.set_inner_html(&html);
        }
        *before = html;
    }
}

/// Saves the profile whose button was pressed.
fn save_profile(document: RwSignal<Option<Arc<ReportDocument>>>, event: &ev::MouseEvent) {
    let Some(path) = browser::act_of(event) else { return };
    let Some(document) = document.get_untracked() else { return };
    let profile = path.split('.').try_fold(&document.report, |value, name| value.get(name));
    if let Some(Ok(file)) = profile.and_then(|profile| profile.as_str()).map(|text| STANDARD.decode(text)) {
        let name = ["headcount-", &path.replace('.', "-"), ".pb.gz"].concat();
        browser::save(&name, "application/octet-stream", &file);
    }
}
