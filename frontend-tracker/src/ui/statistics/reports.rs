//! Lists the stored reports, each with the exact bytes that were or will be sent, and opens one for reading.

use headcount_shared::api::{ReportEntries, ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    Shown, Time,
    document_view::DocumentView,
    page_state::StatisticsState,
    requests::{report_file, source_of_report},
};
use crate::ui::{browser, format, value_units::file_size};

/// The id of the heading of the report that is open.
const OPENED_TITLE: &str = "opened-title";

#[component]
pub(super) fn Reports(desk: StatisticsState) -> impl IntoView {
    let reports = Memo::new(move |_| desk.reports.get());
    let here = move |entries: ReportEntries| view! { <Entries desk entries=entries.reports /> }.into_any();
    view! {
        <section class="card" aria-labelledby="reports-title">
            <h2 id="reports-title" tabindex="-1">"Reports"</h2>
            {move || view! { <Shown fetched=reports.get() here /> }}
            <Opened desk />
        </section>
    }
}

#[component]
fn Entries(desk: StatisticsState, entries: Vec<ReportEntry>) -> impl IntoView {
    if entries.is_empty() {
        return view! { <p class="note">"No report was made yet."</p> }.into_any();
    }
    view! {
        <table class="reports">
            <caption class="visually-hidden">"Reports, newest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"State"</th>
                    <th scope="col">"Made"</th>
                    <th scope="col">"Size"</th>
                    <th scope="col">"Exact bytes"</th>
                </tr>
            </thead>
            <tbody>{entries.into_iter().map(|entry| view! { <Entry desk entry /> }).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Entry(desk: StatisticsState, entry: ReportEntry) -> impl IntoView {
    let ReportEntry { id, state, created_at, bytes } = entry;
    let name = state_name(state);
    let class = ["badge ", name].concat();
    let source = source_of_report(&id);
    let (address, file) = (desk.api.report_url(&source), report_file(&source));
    let (read, download) = (format!("Read report {id}"), format!("Download report {id}"));
    let open = move |_| {
        desk.opened.document.set(None);
        desk.opened.load(desk, source.clone(), |_| browser::focus_soon(OPENED_TITLE.to_owned()));
    };
    view! {
        <tr>
            <td>
                <span class=class>{name}</span>
            </td>
            <td>
                {move || format::ago(created_at, desk.server_time())}
                <span class="exact"><Time unix_seconds=created_at /></span>
            </td>
            <td>{file_size(bytes)}</td>
            <td class="buttons">
                <button type="button" class="quiet" aria-label=read on:click=open>"Read"</button>
                <a href=address download=file aria-label=download>"Download"</a>
            </td>
        </tr>
    }
}

/// The report that is open.
#[component]
fn Opened(desk: StatisticsState) -> impl IntoView {
    let is_open = Memo::new(move |_| desk.opened.source.with(Option::is_some));
    let entry = Memo::new(move |_| {
        let source = desk.opened.source.get()?;
        let is_it = |entry: &&ReportEntry| source_of_report(&entry.id) == source;
        desk.reports.with(|reports| reports.here()?.reports.iter().find(is_it).cloned())
    });
    let title = move || entry.get().map_or_else(String::new, |entry| format::time(entry.created_at));
    let state = move || entry.get().map_or("This report is not kept any more.", |entry| meaning(entry.state));
    let close = move |_| {
        desk.opened.clear();
        browser::focus("reports-title");
    };
    move || {
        is_open.get().then(|| {
            view! {
                <section class="opened" aria-labelledby=OPENED_TITLE>
                    <div class="card-head">
                        <h3 id=OPENED_TITLE tabindex="-1">"The report of " {title}</h3>
                        <button type="button" class="quiet" on:click=close>"Close"</button>
                    </div>
                    <p>{state}</p>
                    <DocumentView desk cell=desk.opened id="opened-profile" />
                </section>
            }
        })
    }
}

/// What the state of a report means.
const fn meaning(state: ReportState) -> &'static str {
    match state {
        ReportState::Queued => "It waits for the collector, and leaves with exactly these bytes.",
        ReportState::Sent => "The collector has confirmed that it has exactly these bytes.",
        ReportState::Refused => "The collector refused it for good. It is not sent again.",
        ReportState::Unknown => {
            "Its bytes left, and usage statistics were switched off before the answer came. It is not sent again."
        }
    }
}

/// The name of a state, which is also that of its style.
pub(super) const fn state_name(state: ReportState) -> &'static str {
    match state {
        ReportState::Queued => "queued",
        ReportState::Sent => "sent",
        ReportState::Refused => "refused",
        ReportState::Unknown => "unknown",
    }
}
