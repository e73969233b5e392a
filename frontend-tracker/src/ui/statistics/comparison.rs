//! Shows what differs between two reports: until the reader chooses, between the last one that was sent and the
//! next one, or between the two newest while there is no next one.

use headcount_shared::api::{ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    Shown,
    document_cell::DocumentCell,
    document_html::differences_html,
    page_state::StatisticsState,
    requests::{PREVIEW, source_of_report},
};
use crate::ui::{
    answer::FetchState,
    html::{LOADING, failure},
    html_box::{acting_box, text_memo},
    report_diff::compare,
    texts::{delivery::state_name, format, statistics},
};

/// The names of two reports, the earlier one first.
type ReportPair = [String; 2];

#[component]
pub(super) fn Comparison(desk: StatisticsState) -> impl IntoView {
    let is_on = desk.is_on();
    // What the reader has chosen. Until then the comparison follows the reports that are made.
    let chosen = RwSignal::new(None::<ReportPair>);
    Effect::new(move || {
        let entries = desk.reports.state.with(|list| list.here().map(|list| list.reports.clone()));
        let (Some(is_on), Some(entries)) = (is_on.get(), entries) else { return };
        let Some(pair) = pair_to_show(is_on, &entries, chosen.get()) else {
            return desk.compared.into_iter().for_each(DocumentCell::clear);
        };
        let has_preview = pair.iter().any(|source| source == PREVIEW);
        for (cell, source) in desk.compared.into_iter().zip(pair) {
            want(desk, cell, source);
        }
        let made_at = desk.preview.document.with_untracked(|preview| Some(preview.as_ref()?.answered_at));
        let is_old = made_at.is_some_and(|made_at| was_sent_after(&entries, made_at));
        // What is in it was sent meanwhile, so that it is not the next report any more.
        if has_preview && is_old && !desk.preview.is_loading.get_untracked() {
            desk.preview.load(desk, PREVIEW.to_owned(), |_| ());
        }
    });
    let fetched = Memo::new(move |_| match desk.status.state.with(FetchState::arrival) {
        FetchState::Here(()) => desk.reports.state.with(FetchState::arrival),
        missing => missing,
    });
    let here = move |()| view! { <Chosen desk chosen /> }.into_any();
    view! {
        <section class="card" aria-labelledby="changes-title">
            <h2 id="changes-title">{statistics::CHANGES}</h2>
            {move || view! { <Shown fetched=fetched.get() here /> }}
        </section>
    }
}

/// The reports that are compared: those that the reader chose, if both can be chosen still. `None` if there are
/// not two. `entries` are newest first.
fn pair_to_show(is_on: bool, entries: &[ReportEntry], chosen: Option<ReportPair>) -> Option<ReportPair> {
    let is_there = |pair: &ReportPair| pair.iter().all(|source| is_choosable(is_on, entries, source));
    chosen.filter(is_there).or_else(|| first_pair(is_on, entries))
}

/// Whether a report is in the lists to choose from.
fn is_choosable(is_on: bool, entries: &[ReportEntry], source: &str) -> bool {
    (is_on && source == PREVIEW) || entries.iter().any(|entry| source_of_report(&entry.id) == source)
}

/// The reports that are compared at first; `None` if there are not two. `entries` are newest first.
fn first_pair(is_on: bool, entries: &[ReportEntry]) -> Option<ReportPair> {
    let newest = entries.first()?;
    if !is_on {
        return Some([source_of_report(&entries.get(1)?.id), source_of_report(&newest.id)]);
    }
    let last_sent = entries.iter().find(|entry| is_sent(entry));
    Some([source_of_report(&last_sent.unwrap_or(newest).id), PREVIEW.to_owned()])
}

/// Whether a report that was sent was made after a time.
fn was_sent_after(entries: &[ReportEntry], made_at: u64) -> bool {
    entries.iter().any(|entry| is_sent(entry) && entry.created_at > made_at)
}

fn is_sent(entry: &ReportEntry) -> bool {
    entry.state == ReportState::Sent
}

/// Fetches a report that is not there yet; the preview is fetched anyway.
fn want(desk: StatisticsState, cell: DocumentCell, source: String) {
    let is_same = cell.source.with_untracked(|wanted| wanted.as_ref() == Some(&source));
    if is_same && cell.failure.with_untracked(Option::is_none) {
        return;
    }
    if source == PREVIEW {
        cell.clear();
        cell.source.set(Some(source));
    } else {
        cell.load(desk, source, |_| ());
    }
}

/// The two reports that are chosen, and how they differ.
#[component]
fn Chosen(desk: StatisticsState, chosen: RwSignal<Option<ReportPair>>) -> impl IntoView {
    let [before, now] = desk.compared;
    let are_chosen = Memo::new(move |_| before.source.with(Option::is_some));
    let was_sent = Memo::new(move |_| {
        desk.reports.state.with(|list| list.here().is_some_and(|list| list.reports.iter().any(is_sent)))
    });
    let unsent = move || (!was_sent.get()).then_some(statistics::NONE_SENT);
    move || {
        if !are_chosen.get() {
            return view! { <p class="note">{unsent} {statistics::NO_TWO_REPORTS}</p> }.into_any();
        }
        view! {
            <p class="note">
                {unsent}
                {statistics::ANY_TWO}
            </p>
            <div class="filters">
                <Choice desk chosen cell=before side=0 label=statistics::FROM />
                <Choice desk chosen cell=now side=1 label=statistics::TO />
            </div>
            <Differences desk />
        }
        .into_any()
    }
}

/// A list of reports to choose one from.
#[component]
fn Choice(
    desk: StatisticsState,
    chosen: RwSignal<Option<ReportPair>>,
    cell: DocumentCell,
    /// The place of the cell in the pair.
    side: usize,
    label: &'static str,
) -> impl IntoView {
    let change = move |event: leptos::ev::Event| {
        let mut pair = desk.compared.map(|cell| cell.source.get_untracked().unwrap_or_default());
        if let Some(own) = pair.get_mut(side) {
            *own = event_target_value(&event);
        }
        chosen.set(Some(pair));
    };
    let is_on = desk.is_on();
    let time = desk.coarse_time();
    let choices = Memo::new(move |_| {
        let preview =
            (is_on.get() == Some(true)).then(|| (PREVIEW.to_owned(), statistics::THE_NEXT_REPORT.to_owned()));
        let mut choices: Vec<(String, String)> = preview.into_iter().collect();
        desk.reports.state.with(|list| {
            for entry in list.here().iter().flat_map(|list| &list.reports) {
                let at = entry.created_at;
                let (age, exact) = (format::age(at, time.get()), format::time(at));
                let text = statistics::report_choice(&age, &exact, state_name(entry.state));
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
fn Differences(desk: StatisticsState) -> impl IntoView {
    let shown = move |cell: DocumentCell| match cell.source.with(|source| source.as_deref() == Some(PREVIEW))
    {
        true => desk.preview,
        false => cell,
    };
    let time = desk.coarse_time();
    let html = text_memo(move || match desk.compared.map(|cell| shown(cell).wanted()) {
        [Ok(one), Ok(other)] => differences_html(&compare(&one.report, &other.report, time.get())),
        [Err(Some(why)), _] | [_, Err(Some(why))] => failure(&why),
        _ => LOADING.to_owned(),
    });
    // Another choice and its arrival are shown at once, also under the cursor.
    let reason = text_memo(move || {
        let state = |cell: DocumentCell| match cell.wanted() {
            Ok(document) => document.source.clone(),
            Err(why) => why.unwrap_or_default(),
        };
        desk.compared.map(|cell| state(shown(cell))).join("\n")
    });
    acting_box("fields", html, reason, Box::new(|_| ()))
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
        let named = |one: &str, other: &str| Some([one.to_owned(), other.to_owned()]);
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

    #[test]
    fn the_comparison_follows_new_reports_until_the_reader_chooses() {
        let pair = |one: &str, other: &str| Some([one.to_owned(), other.to_owned()]);
        let older = [entry("b", ReportState::Sent), entry("a", ReportState::Sent)];
        let newer = [&[entry("c", ReportState::Sent)], &older[..]].concat();
        assert_eq!(pair_to_show(true, &older, None), pair("reports/b", PREVIEW));
        assert_eq!(pair_to_show(true, &newer, None), pair("reports/c", PREVIEW));
        let chosen = || pair("reports/a", "reports/b");
        assert_eq!(pair_to_show(true, &newer, chosen()), chosen());
        assert_eq!(pair_to_show(true, &newer[..2], chosen()), pair("reports/c", PREVIEW), "a is gone");
        let next = pair("reports/a", PREVIEW);
        assert_eq!(pair_to_show(false, &older, next), pair("reports/a", "reports/b"), "there is no next one");
    }

    #[test]
    fn only_a_report_that_was_sent_makes_a_preview_old() {
        let made = |state, created_at| ReportEntry { created_at, ..entry("a", state) };
        assert!(was_sent_after(&[made(ReportState::Sent, 101)], 100));
        assert!(!was_sent_after(&[made(ReportState::Sent, 100)], 100));
        assert!(!was_sent_after(&[made(ReportState::Queued, 101)], 100));
    }
}
