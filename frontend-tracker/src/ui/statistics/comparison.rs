//! Shows what differs between two reports: at first between the last one that was sent and the next one.

use headcount_shared::api::{ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    document_cell::DocumentCell,
    page_state::StatisticsState,
    requests::{PREVIEW, source_of_report},
};
use crate::ui::{
    format,
    report_diff::{ReportDifferences, ValueDifference, compare},
};

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
            before.load(desk, last_sent, || ());
        }
    });
    let has_choice = Memo::new(move |_| {
        desk.reports.with(|reports| reports.here().is_some_and(|reports| !reports.reports.is_empty()))
    });
    view! {
        <section class="card" aria-labelledby="changes-title">
            <h2 id="changes-title">"What changed since the last report"</h2>
            {move || match has_choice.get() {
                false => view! { <p class="note">"There is no report yet to compare the next one with."</p> }.into_any(),
                true => view! {
                    <p class="note">
                        "Any two of the reports that are kept whole can be compared. Lists and maps are compared entry by entry."
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
            cell.load(desk, source, || ());
        }
    };
    let option = move |source: String, text: String| {
        let value = source.clone();
        let is_chosen = move || cell.source.with(|chosen| chosen.as_ref() == Some(&source));
        view! { <option value=value prop:selected=is_chosen>{text}</option> }
    };
    let is_on = desk.is_on();
    let entries = Memo::new(move |_| {
        desk.reports.with(|reports| reports.here().map(|reports| reports.reports.clone()).unwrap_or_default())
    });
    let options = move || {
        let preview =
            (is_on.get() == Some(true)).then(|| option(PREVIEW.to_owned(), "the next report".to_owned()));
        let stored = entries.get().into_iter().map(|entry| {
            option(
                source_of_report(&entry.id),
                format!("{} ({})", format::time(entry.created_at), state_name(entry.state)),
            )
        });
        (preview, stored.collect_view())
    };
    view! {
        <label>
            <span>{label}</span>
            <select on:change=choose>{options}</select>
        </label>
    }
}

const fn state_name(state: ReportState) -> &'static str {
    match state {
        ReportState::Queued => "queued",
        ReportState::Sent => "sent",
        ReportState::Refused => "refused",
        ReportState::Unknown => "unknown",
    }
}

#[component]
fn Differences(desk: StatisticsState, before: DocumentCell, now: DocumentCell) -> impl IntoView {
    let shown = move |cell: DocumentCell| match cell.source.with(|source| source.as_deref() == Some(PREVIEW))
    {
        true => desk.preview,
        false => cell,
    };
    let differences = Memo::new(move |_| {
        let (before, now) = (shown(before).document.get()?, shown(now).document.get()?);
        Some(compare(&before.report, &now.report))
    });
    let failure = move || shown(before).failure.get().or_else(|| shown(now).failure.get());
    view! {
        {move || failure().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        {move || match differences.get() {
            None => view! { <p class="waiting">"Loading…"</p> }.into_any(),
            Some(differences) => differences_view(differences),
        }}
    }
}

fn differences_view(differences: ReportDifferences) -> AnyView {
    let said = said_of(&differences);
    if differences.named.is_empty() {
        return view! { <p>{said}</p> }.into_any();
    }
    let side = |value: Option<String>| match value {
        Some(text) => view! { <code>{text}</code> }.into_any(),
        None => view! { <span class="note">"not there"</span> }.into_any(),
    };
    let rows = differences.named.into_iter().map(|ValueDifference { path, before, now }| {
        view! {
            <tr>
                <th scope="row">
                    <code>{path}</code>
                </th>
                <td>{side(before)}</td>
                <td>{side(now)}</td>
            </tr>
        }
    });
    view! {
        <p>{said}</p>
        <div class="scroll texts" tabindex="0" role="group" aria-label="Values that differ">
            <table>
                <caption class="visually-hidden">"Values that differ"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Field"</th>
                        <th scope="col">"From"</th>
                        <th scope="col">"To"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// How many values differ, as a sentence.
fn said_of(differences: &ReportDifferences) -> String {
    let named = differences.named.len();
    let differ = (named + differences.unnamed) as u64;
    let same = format::count(differences.same as u64, "is", "are");
    let more = match differences.unnamed {
        0 => String::new(),
        more => format!(" Of long lists the first are named; {more} more are not."),
    };
    match differ {
        0 => "The two reports say the same.".to_owned(),
        _ => format!("{}, {same} the same.{more}", format::count(differ, "value differs", "values differ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_values_differ_is_a_sentence() {
        let one = ValueDifference { path: "a".to_owned(), before: None, now: None };
        let of = |named: usize, unnamed, same| ReportDifferences {
            named: vec![one.clone(); named],
            unnamed,
            same,
        };
        for (differences, text) in [
            (of(0, 0, 3), "The two reports say the same."),
            (of(1, 0, 1), "1 value differs, 1 is the same."),
            (
                of(2, 9, 5),
                "11 values differ, 5 are the same. Of long lists the first are named; 9 more are not.",
            ),
        ] {
            assert_eq!(said_of(&differences), text);
        }
    }
}
