//! Shows what differs between two reports: at first between the last one that was sent and the next one.

use headcount_shared::api::{ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    document_cell::DocumentCell,
    document_html::differences_html,
    page_state::StatisticsState,
    reports::state_name,
    requests::{PREVIEW, source_of_report},
};
use crate::ui::{format, report_diff::compare};

#[component]
pub(super) fn Comparison(desk: StatisticsState) -> impl IntoView {
    let (before, now) = (DocumentCell::new(), DocumentCell::new());
    now.source.set(Some(PREVIEW.to_owned()));
    Effect::new(move || {
        let last_sent = desk.reports.with(|reports| {
            let sent = |entry: &&ReportEntry| entry.state == ReportState::Sent;
            Some(source_of_report(&reports.here()?.reports.iter().find(sent)?.id))
        });
        if let Some(last_sent) = last_sent
            && before.source.with_untracked(Option::is_none)
        {
            before.load(desk, last_sent, |_| ());
        }
    });
    let has_choice = Memo::new(move |_| {
        desk.reports.with(|reports| reports.here().is_some_and(|reports| !reports.reports.is_empty()))
    });
    view! {
        <section class="card" aria-labelledby="changes-title">
            <h2 id="changes-title">"What changed since the last report"</h2>
            {move || match has_choice.get() {
                false => {
                    view! { <p class="note">"There is no report yet to compare the next one with."</p> }.into_any()
                }
                true => view! {
                    <p class="note">
                        "Any two of the reports that are kept whole can be compared. Entries of lists and maps are "
                        "compared by their names."
                    </p>
                    <div class="filters">
                        <Choice desk cell=before label="From" />
                        <Choice desk cell=now label="To" />
                    </div>
                    <Differences desk before now />
                }
                .into_any(),
            }}
        </section>
    }
}

/// A list of reports to choose one from.
#[component]
fn Choice(desk: StatisticsState, cell: DocumentCell, label: &'static str) -> impl IntoView {
    let choose = move |event: leptos::ev::Event| {
        let source = event_target_value(&event);
        if source == PREVIEW {
            cell.clear();
            cell.source.set(Some(source));
        } else {
            cell.load(desk, source, |_| ());
        }
    };
    let is_on = desk.is_on();
    let choices = Memo::new(move |_| {
        let preview = (is_on.get() == Some(true)).then(|| (PREVIEW.to_owned(), "the next report".to_owned()));
        let mut choices: Vec<(String, String)> = preview.into_iter().collect();
        desk.reports.with(|reports| {
            for entry in reports.here().iter().flat_map(|reports| &reports.reports) {
                let text = [&format::time(entry.created_at), ", ", state_name(entry.state)].concat();
                choices.push((source_of_report(&entry.id), text));
            }
        });
        choices
    });
    let option = move |(source, text): (String, String)| {
        let value = source.clone();
        let is_chosen = move || cell.source.with(|chosen| chosen.as_ref() == Some(&source));
        view! { <option value=value prop:selected=is_chosen>{text}</option> }
    };
    view! {
        <label>
            <span>{label}</span>
            <select on:change=choose>{move || choices.get().into_iter().map(option).collect_view()}</select>
        </label>
    }
}

#[component]
fn Differences(desk: StatisticsState, before: DocumentCell, now: DocumentCell) -> impl IntoView {
    let shown = move |cell: DocumentCell| match cell.source.with(|source| source.as_deref() == Some(PREVIEW))
    {
        true => desk.preview,
        false => cell,
    };
    let html = Memo::new(move |_| {
        let (one, other) = (shown(before).document.get(), shown(now).document.get());
        match (one, other) {
            (Some(one), Some(other)) => differences_html(&compare(&one.report, &other.report)),
            _ => "<p class=\"waiting\">Loading…</p>".to_owned(),
        }
    });
    let failure = move || shown(before).failure.get().or_else(|| shown(now).failure.get());
    view! {
        {move || failure().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        <div class="fields" inner_html=html></div>
    }
}
