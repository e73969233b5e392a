//! Shows a preview of the next report by section, each field with its explanation.

use leptos::prelude::*;

use super::{
    Shown,
    page_state::{NextReport, StatisticsState},
    this_browser::ThisBrowser,
};
use crate::ui::{
    answer::FetchState,
    browser,
    format::{self, TextPiece},
    report_rows::{FieldRow, ReportSection, ShownValue as Value, fold},
};

#[component]
pub(super) fn Preview(desk: StatisticsState) -> impl IntoView {
    let is_on = Memo::new(move |_| desk.status.with(|status| status.here().map(|status| status.enabled)));
    Effect::new(move || {
        if is_on.get() == Some(true) && desk.preview.with_untracked(Option::is_none) {
            desk.load_preview();
        }
    });
    view! {
        <section class="card" aria-labelledby="preview-title">
            <h2 id="preview-title">"The next report"</h2>
            {move || match is_on.get() {
                Some(false) => {
                    view! { <p class="lead">"Nothing would be sent: usage statistics are off."</p> }.into_any()
                }
                _ => view! { <Current desk /> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Current(desk: StatisticsState) -> impl IntoView {
    let is_waiting = move || matches!(desk.preview.get(), Some(FetchState::Waiting));
    let here = |next: NextReport| view! { <Report next /> }.into_any();
    view! {
        <p class="note">
            "Looking changes nothing: the report is put together as it would be sent now, and nothing is sent."
        </p>
        <p>
            <button type="button" disabled=is_waiting on:click=move |_| desk.load_preview()>"Refresh the preview"</button>
        </p>
        <div aria-busy=move || is_waiting().to_string()>
            {move || desk.preview.get().map(|fetched| view! { <Shown fetched here /> })}
        </div>
        <ThisBrowser desk />
    }
}

#[component]
fn Report(next: NextReport) -> impl IntoView {
    let NextReport { bytes, report } = next;
    let size = format::bytes(bytes.len() as u64);
    let sections = fold(&report).into_iter().map(|section| view! { <Folded section /> });
    view! {
        <div class="report-head">
            <p>{format!("{size} as JSON.")}</p>
            <button
                type="button"
                class="quiet"
                on:click=move |_| browser::save("headcount-preview.json", "application/json", &bytes)
            >
                "Save as a file"
            </button>
        </div>
        {sections.collect_view()}
    }
}

#[component]
fn Folded(section: ReportSection) -> impl IntoView {
    let ReportSection { name, explanation, rows } = section;
    let fields = format::count(rows.len() as u64, "field", "fields");
    view! {
        <details class="section">
            <summary>
                <code>{name}</code>
                <span class="note">{fields}</span>
                <span class="explanation">{explanation}</span>
            </summary>
            <dl class="rows">{rows.into_iter().map(|row| view! { <Field row /> }).collect_view()}</dl>
        </details>
    }
}

#[component]
fn Field(row: FieldRow) -> impl IntoView {
    let FieldRow { path, value, explanation, members } = row;
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
            <dd class="value">{shown(value, file_name)}</dd>
            <dd class="explanation">
                {explained(&explanation)}
                {has_members.then(|| view! { <ul>{members}</ul> })}
            </dd>
        </div>
    }
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

fn shown(value: Value, file_name: String) -> AnyView {
    match value {
        Value::Absent => view! { <span class="note">"not in this report"</span> }.into_any(),
        Value::Line(text) => view! { <code>{text}</code> }.into_any(),
        Value::Block { summary, json } => view! {
            <span class="note">{summary}</span>
            <pre tabindex="0">{json}</pre>
        }
        .into_any(),
        Value::Profile { summary, file } if file.is_empty() => summary.into_any(),
        Value::Profile { summary, file } => view! {
            <span>{summary}</span>
            <button
                type="button"
                class="quiet"
                on:click=move |_| browser::save(&file_name, "application/octet-stream", &file)
            >
                "Save the profile"
            </button>
        }
        .into_any(),
    }
}
