//! Lists the stored reports, each with the exact bytes that were or will be sent, and opens one for reading.

use headcount_shared::api::{ReportEntries, ReportEntry, ReportState};
use leptos::prelude::*;

use super::{
    Shown,
    document_view::DocumentView,
    page_state::StatisticsState,
    requests::{report_file, source_of_report},
};
use crate::ui::{
    answer::FetchState,
    browser,
    html::{coarse_moment, escaped, push, table_head},
    html_box::{acting_box, text_memo},
    texts::{
        delivery::{state_meaning, state_name},
        format, statistics,
    },
    value_units::file_size,
};

/// The id of the heading of the report that is open.
const OPENED_TITLE: &str = "opened-title";

#[component]
pub(super) fn Reports(desk: StatisticsState) -> impl IntoView {
    let arrival = Memo::new(move |_| desk.reports.state.with(FetchState::arrival));
    let here = move |()| view! { <Entries desk /> }.into_any();
    view! {
        <section class="card" aria-labelledby="reports-title">
            <h2 id="reports-title" tabindex="-1">{statistics::REPORTS}</h2>
            {move || view! { <Shown fetched=arrival.get() here /> }}
            <Opened desk />
        </section>
    }
}

/// The list. New reports come in at its top, so it does not change under the cursor, and the focus stays with its
/// report.
#[component]
fn Entries(desk: StatisticsState) -> impl IntoView {
    let time = desk.coarse_time();
    let html = text_memo(move || {
        let now = time.get();
        let url = |source: &str| desk.api.report_url(source);
        desk.reports
            .state
            .with(|list| list.here().map(|list| entries_html(&list.reports, now, &url)))
            .unwrap_or_default()
    });
    acting_box("fields", html, text_memo(String::new), Box::new(move |act| open(desk, act)))
}

/// The list as HTML. The button that opens a report has in `data-act` what [`open`] takes.
fn entries_html(entries: &[ReportEntry], now: u64, url: &dyn Fn(&str) -> String) -> String {
    if entries.is_empty() {
        return ["<p class=\"note\">", statistics::NO_REPORT, "</p>"].concat();
    }
    let head = table_head(statistics::NEWEST_FIRST, &statistics::REPORT_COLUMNS);
    let mut html = ["<table class=\"reports\">", &head, "<tbody>"].concat();
    for ReportEntry { id, state, created_at, bytes } in entries {
        let source = source_of_report(id);
        push(
            &mut html,
            &[
                "<tr><td><span class=\"badge ",
                state_class(*state),
                "\">",
                state_name(*state),
                "</span></td><td>",
                &coarse_moment(*created_at, now),
                "</td><td>",
                &file_size(*bytes),
                "</td><td class=\"buttons\"><button type=\"button\" class=\"quiet\" data-act=\"",
                &created_at.to_string(),
                " ",
                &escaped(id),
                "\" aria-label=\"",
                &escaped(&statistics::read_report(id)),
                "\">",
                statistics::READ,
                "</button><a href=\"",
                &escaped(&url(&source)),
                "\" download=\"",
                &escaped(&report_file(&source)),
                "\" aria-label=\"",
                &escaped(&statistics::download_report(id)),
                "\">",
                statistics::DOWNLOAD,
                "</a></td></tr>",
            ],
        );
    }
    html.push_str("</tbody></table>");
    html
}

/// Opens the report that was made at a time and has an id.
fn open(desk: StatisticsState, act: &str) {
    let Some((made_at, id)) = act.split_once(' ') else { return };
    desk.opened.document.set(None);
    desk.opened_made_at.set(made_at.parse().unwrap_or_default());
    desk.opened.load(desk, source_of_report(id), |_| browser::focus_soon(OPENED_TITLE.to_owned()));
}

/// The report that is open.
#[component]
fn Opened(desk: StatisticsState) -> impl IntoView {
    let is_open = Memo::new(move |_| desk.opened.source.with(Option::is_some));
    let made_at = desk.opened_made_at;
    let title = move || format::time(made_at.get());
    let age = move || statistics::made(&format::ago(made_at.get(), desk.server_time()));
    let state = Memo::new(move |_| {
        let source = desk.opened.source.get()?;
        desk.reports.state.with(|list| Some(meaning_in(list.here()?, &source)))
    });
    let close = move |_| {
        desk.opened.clear();
        browser::focus("reports-title");
    };
    move || {
        is_open.get().then(|| {
            view! {
                <section class="opened" aria-labelledby=OPENED_TITLE>
                    <div class="card-head">
                        <h3 id=OPENED_TITLE tabindex="-1">{statistics::REPORT_OF} {title}</h3>
                        <button type="button" class="quiet" on:click=close>{statistics::CLOSE}</button>
                    </div>
                    <p>{age} {state}</p>
                    <DocumentView desk cell=desk.opened id="opened-report" />
                </section>
            }
        })
    }
}

/// What the list says about a report that is open.
fn meaning_in(list: &ReportEntries, source: &str) -> &'static str {
    let entry = list.reports.iter().find(|entry| source_of_report(&entry.id) == source);
    entry.map_or(statistics::NOT_KEPT, |entry| state_meaning(entry.state))
}

/// The name of the style of a state.
const fn state_class(state: ReportState) -> &'static str {
    match state {
        ReportState::Queued => "queued",
        ReportState::Sent => "sent",
        ReportState::Refused => "refused",
        ReportState::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_not_kept_only_where_the_list_is_without_it() {
        let entry = ReportEntry { id: "a".to_owned(), state: ReportState::Sent, created_at: 0, bytes: 0 };
        let list = ReportEntries { reports: vec![entry] };
        assert_eq!(meaning_in(&list, "reports/a"), state_meaning(ReportState::Sent));
        assert_eq!(meaning_in(&list, "reports/b"), statistics::NOT_KEPT);
    }

    #[test]
    fn a_report_is_read_and_downloaded_from_its_row() {
        let entry =
            ReportEntry { id: "<i>".to_owned(), state: ReportState::Queued, created_at: 3600, bytes: 2048 };
        let html = entries_html(&[entry], 3660, &|source| ["/base/", source].concat());
        for text in [
            "<span class=\"badge queued\">queued</span>",
            "<td>1 min ago <time",
            "data-act=\"3600 &lt;i&gt;\" aria-label=\"Read report &lt;i&gt;\"",
            "<a href=\"/base/reports/&lt;i&gt;\" download=\"headcount-report-&lt;i&gt;.json\"",
        ] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert!(entries_html(&[], 0, &|_| String::new()).contains(statistics::NO_REPORT));
    }
}
