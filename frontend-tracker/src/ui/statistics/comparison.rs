//! Shows what differs between two reports: at first between the last one that was sent and the next one, or
//! between the two newest while there is no next one.

use headcount_shared::api::{ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    Shown,
    document_cell::DocumentCell,
    document_html::differences_html,
    page_state::StatisticsState,
    reports::state_name,
    requests::{PREVIEW, source_of_report},
};
use crate::ui::{
    answer::FetchState,
    format,
    html::{LOADING, escaped},
    report_diff::compare,
};

#[component]
pub(super) fn Comparison(desk: StatisticsState) -> impl IntoView {
    let (before, now) = (DocumentCell::new(), DocumentCell::new());
    let is_on = desk.is_on();
    Effect::new(move || {
        let entries = desk.reports.with(|reports| reports.here().map(|reports| reports.reports.clone()));
        let (Some(is_on), Some(entries)) = (is_on.get(), entries) else { return };
        let is_there = |cell: DocumentCell| {
            cell.source.get_untracked().is_some_and(|source| is_choosable(is_on, &entries, &source))
        };
        if is_there(before) && is_there(now) {
            return;
        }
        if let Some((one, other)) = first_pair(is_on, &entries) {
            choose(desk, before, one);
            choose(desk, now, other);
        } else {
            before.clear();
            now.clear();
        }
    });
    let fetched = Memo::new(move |_| desk.reports.with(FetchState::arrival));
    let here = move |()| view! { <Chosen desk before now /> }.into_any();
    view! {
        <section class="card" aria-labelledby="changes-title">
            <h2 id="changes-title">"What changed since the last report"</h2>
            {move || view! { <Shown fetched=fetched.get() here /> }}
        </section>
    }
}

/// Whether a report is in the lists to choose from.
fn is_choosable(is_on: bool, entries: &[ReportEntry], source: &str) -> bool {
    (is_on && source == PREVIEW) || entries.iter().any(|entry| source_of_report(&entry.id) == source)
}

/// The reports that are compared at first, the earlier one before the later one; `None` if there are not two.
/// `entries` are newest first.
fn first_pair(is_on: bool, entries: &[ReportEntry]) -> Option<(String, String)> {
    let newest = entries.first()?;
    if !is_on {
        return Some((source_of_report(&entries.get(1)?.id), source_of_report(&newest.id)));
    }
    let last_sent = entries.iter().find(|entry| entry.state == ReportState::Sent);
    Some((source_of_report(&last_sent.unwrap_or(newest).id), PREVIEW.to_owned()))
}

/// Fetches the report that is chosen; the preview is there anyway.
fn choose(desk: StatisticsState, cell: DocumentCell, source: String) {
    if source == PREVIEW {
        cell.clear();
        cell.source.set(Some(source));
    } else {
        cell.load(desk, source, |_| ());
    }
}

/// The two reports that are chosen, and how they differ.
#[component]
fn Chosen(desk: StatisticsState, before: DocumentCell, now: DocumentCell) -> impl IntoView {
    let are_chosen = Memo::new(move |_| before.source.with(Option::is_some));
    let was_sent = Memo::new(move |_| {
        let is_sent = |entry: &ReportEntry| entry.state == ReportState::Sent;
        desk.reports.with(|reports| reports.here().is_some_and(|reports| reports.reports.iter().any(is_sent)))
    });
    let unsent = move || (!was_sent.get()).then_some("No report was sent yet. ");
    move || {
        if !are_chosen.get() {
            return view! { <p class="note">{unsent} "There are no two reports to compare."</p> }.into_any();
        }
        view! {
            <p class="note">
                {unsent}
                "Any two of the reports that are kept whole can be compared. Entries of lists and maps are compared "
                "by their names."
            </p>
            <div class="filters">
                <Choice desk cell=before label="From" />
                <Choice desk cell=now label="To" />
            </div>
            <Differences desk before now />
        }
        .into_any()
    }
}

/// A list of reports to choose one from.
#[component]
fn Choice(desk: StatisticsState, cell: DocumentCell, label: &'static str) -> impl IntoView {
    let change = move |event: leptos::ev::Event| choose(desk, cell, event_target_value(&event));
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
            <select on:change=change>{move || choices.get().into_iter().map(option).collect_view()}</select>
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
    let html = Memo::new(move |_| match (shown(before).wanted(), shown(now).wanted()) {
        (Ok(one), Ok(other)) => differences_html(&compare(&one.report, &other.report)),
        (Err(Some(why)), _) | (_, Err(Some(why))) => {
            ["<p class=\"failure\" role=\"alert\">", &escaped(&why), "</p>"].concat()
        }
        _ => LOADING.to_owned(),
    });
    view! { <div class="fields" inner_html=html></div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, state: ReportState) -> ReportEntry {
        ReportEntry { id: id.to_owned(), state, created_at: 0, bytes: 0 }
    }

    #[test]
    fn the_next_report_is_compared_with_the_last_that_was_sent_or_else_the_newest() {
        use ReportState::{Queued, Sent};
        let named = |one: &str, other: &str| Some((one.to_owned(), other.to_owned()));
        let sent = [entry("c", Queued), entry("b", Sent), entry("a", Sent)];
        assert_eq!(first_pair(true, &sent), named("reports/b", PREVIEW));
        assert_eq!(first_pair(false, &sent), named("reports/b", "reports/c"));
        let unsent = [entry("a", Queued)];
        assert_eq!(first_pair(true, &unsent), named("reports/a", PREVIEW));
        assert_eq!((first_pair(false, &unsent), first_pair(true, &[])), (None, None));
    }

    #[test]
    fn there_is_no_next_report_to_choose_while_statistics_are_off() {
        let entries = [entry("a", ReportState::Sent)];
        assert!(is_choosable(true, &entries, PREVIEW) && !is_choosable(false, &entries, PREVIEW));
        assert!(is_choosable(false, &entries, "reports/a") && !is_choosable(true, &entries, "reports/b"));
    }
}
