//! Shows a report by section, each field with its value, in the units of people too, and its explanation.
//!
//! When the same report is fetched again, values change where they are: no section closes and nothing is built
//! anew.

use std::{collections::BTreeSet, sync::Arc};

use leptos::prelude::*;

use super::{
    Time,
    document_cell::{DocumentCell, ReportDocument},
    page_state::StatisticsState,
    profile_view::Profiles,
    requests::report_file,
};
use crate::ui::{
    browser,
    format::{self, TextPiece},
    report_rows::{FieldRow, ReportSection, ShownValue, fold},
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
    let waiting = move || cell.is_loading.get().then(|| view! { <p class="waiting">"Loading…"</p> });
    view! {
        {move || cell.failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        {move || match is_here.get() {
            false => waiting.into_any(),
            true => view! {
                <div class="report-head">
                    <p>{size} " as JSON. SHA-256: " <code class="address hash">{hash}</code></p>
                    <button type="button" class="quiet" on:click=save>"Save as a file"</button>
                </div>
                <Fields desk document />
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

/// The names of a report's sections, each with the paths of its fields.
type ReportStructure = Vec<(String, Vec<String>)>;

#[component]
fn Fields(desk: StatisticsState, document: RwSignal<Option<Arc<ReportDocument>>>) -> impl IntoView {
    let sections = Memo::new(move |_| {
        document.with(|document| document.as_ref().map(|document| fold(&document.report)).unwrap_or_default())
    });
    let structure: Memo<ReportStructure> = Memo::new(move |_| {
        let paths = |section: &ReportSection| section.rows.iter().map(|row| row.path.clone()).collect();
        sections
            .with(|sections| sections.iter().map(|section| (section.name.clone(), paths(section))).collect())
    });
    // What is open stays open, also where the structure changes.
    let open = StoredValue::new(BTreeSet::<String>::new());
    move || {
        structure.track();
        let built = sections.get_untracked().into_iter().enumerate();
        built.map(|(place, section)| folded(desk, sections, open, place, section)).collect_view()
    }
}

fn folded(
    desk: StatisticsState,
    sections: Memo<Vec<ReportSection>>,
    open: StoredValue<BTreeSet<String>>,
    place: usize,
    section: ReportSection,
) -> AnyView {
    let ReportSection { name, explanation, rows } = section;
    let fields = format::count(rows.len() as u64, "field", "fields");
    let rows = rows.into_iter().enumerate().map(|(row_place, row)| {
        let value = Memo::new(move |_| {
            sections.with(|sections| Some(sections.get(place)?.rows.get(row_place)?.value.clone()))
        });
        field(desk, row, value)
    });
    let is_open = open.with_value(|open| open.contains(&name));
    let named = name.clone();
    let toggled = move |event: leptos::ev::Event| {
        let is_open = event_target::<web_sys::Element>(&event).has_attribute("open");
        open.update_value(|open| {
            if is_open {
                open.insert(named.clone());
            } else {
                open.remove(&named);
            }
        });
    };
    view! {
        <details class="section" open=is_open on:toggle=toggled>
            <summary>
                <code>{name}</code>
                <span class="note">{fields}</span>
                <span class="explanation">{explanation}</span>
            </summary>
            <dl class="rows">{rows.collect_view()}</dl>
        </details>
    }
    .into_any()
}

fn field(desk: StatisticsState, row: FieldRow, value: Memo<Option<ShownValue>>) -> AnyView {
    let FieldRow { path, explanation, members, .. } = row;
    let file_name = format!("headcount-{}.pb.gz", path.replace('.', "-"));
    let members = members.into_iter().map(|(name, explanation)| {
        view! {
            <li>
                <code>{name}</code>
                ": "
                {explained(&explanation)}
            </li>
        }
    });
    let members = members.collect_view();
    let has_members = !members.is_empty();
    view! {
        <div class="row">
            <dt>
                <code>{path}</code>
            </dt>
            <dd class="value">{move || shown(desk, value.get(), &file_name)}</dd>
            <dd class="explanation">
                {explained(&explanation)}
                {has_members.then(|| view! { <ul>{members}</ul> })}
            </dd>
        </div>
    }
    .into_any()
}

/// An explanation with code and links.
fn explained(text: &str) -> impl IntoView + use<> {
    let piece = |piece| match piece {
        TextPiece::Words(words) => words.into_any(),
        TextPiece::Code(code) => view! { <code>{code}</code> }.into_any(),
        TextPiece::Address(address) => {
            let href = address.clone();
            view! { <a href=href rel="noreferrer">{address}</a> }.into_any()
        }
    };
    format::pieces(text).into_iter().map(piece).collect_view()
}

fn shown(desk: StatisticsState, value: Option<ShownValue>, file_name: &str) -> AnyView {
    match value {
        None | Some(ShownValue::Absent) => {
            view! { <span class="note">"not in this report"</span> }.into_any()
        }
        Some(ShownValue::Line { exact, in_units }) => view! {
            <code>{exact}</code>
            {in_units.map(|said| view! { <span class="note">{said}</span> })}
        }
        .into_any(),
        Some(ShownValue::Moment(seconds)) => view! {
            <code>{seconds}</code>
            <span class="note">{move || format::ago(seconds, desk.server_time())}</span>
            <span class="exact"><Time unix_seconds=seconds /></span>
        }
        .into_any(),
        Some(ShownValue::Block { summary, json }) => view! {
            <span class="note">{summary}</span>
            <pre tabindex="0">{json}</pre>
        }
        .into_any(),
        Some(ShownValue::Profile { summary, file }) if file.is_empty() => summary.into_any(),
        Some(ShownValue::Profile { summary, file }) => {
            let file_name = file_name.to_owned();
            view! {
                <span>{summary}</span>
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| browser::save(&file_name, "application/octet-stream", &file)
                >
                    "Save the profile"
                </button>
            }
            .into_any()
        }
    }
}
