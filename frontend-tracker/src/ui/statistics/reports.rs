//! Lists the stored reports, each with the exact bytes that were or will be sent.

use headcount_shared::api::{ReportEntries, ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    Shown, Time,
    page_state::{StatisticsState, report_file},
};
use crate::ui::format;

#[component]
pub(super) fn Reports(desk: StatisticsState) -> impl IntoView {
    let reports = Memo::new(move |_| desk.reports.get());
    let here = move |entries: ReportEntries| view! { <Entries desk entries=entries.reports /> }.into_any();
    view! {
        <section class="card" aria-labelledby="reports-title">
            <h2 id="reports-title">"Reports"</h2>
            {move || view! { <Shown fetched=reports.get() here /> }}
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
    let (class, name) = badge(state);
    let (address, file) = (desk.api.report_url(&id), report_file(&id));
    let label = format!("Download report {id}");
    view! {
        <tr>
            <td>
                <span class=class>{name}</span>
            </td>
            <td>
                <Time unix_seconds=created_at />
            </td>
            <td>{format::bytes(bytes)}</td>
            <td>
                <a href=address download=file aria-label=label>"Download"</a>
            </td>
        </tr>
    }
}

const fn badge(state: ReportState) -> (&'static str, &'static str) {
    match state {
        ReportState::Queued => ("badge queued", "queued"),
        ReportState::Sent => ("badge sent", "sent"),
        ReportState::Refused => ("badge refused", "refused"),
        ReportState::Unknown => ("badge unknown", "unknown"),
    }
}
