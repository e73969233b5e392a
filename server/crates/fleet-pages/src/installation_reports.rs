//! Renders the reports of one installation: their list, and what one of them says.

use headcount_charts::{ChartCaption, number_format::bytes};
use headcount_fleet::profiles::{DecodedProfile, ProfiledResource};
use headcount_shared::api::CollectorReport;
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    installation_page::{InstallationAnswers, InstallationChoice, ReadReport, ReportCopy, real},
    page_filter::PageFilter,
    page_frame::all_filters,
    report_profile::{ReportProfileView, report_profile},
    report_table::report_tables,
    time_text::{counted, short_utc},
};

/// The list of its reports, with links to what each says.
pub(crate) fn report_list(
    filter: &PageFilter,
    choice: &InstallationChoice,
    answers: InstallationAnswers<'_>,
) -> Markup {
    let uuid = answers.history.instance.as_str();
    let shown = answers.shown.map(|(report, _)| report.id.as_str());
    let link =
        |report: &CollectorReport| format!("{}#report", choice.with_report(&report.id).address(filter, uuid));
    html! {
        section.numbers aria-labelledby="reports" {
            h2 #reports { "Reports" }
            @if answers.reports.is_empty() {
                p.note { "No report of it is stored." }
            } @else {
                p.note {
                    @if choice.until.is_some() {
                        @let newest = InstallationChoice { until: None, ..choice.clone() };
                        "This part of the list begins with an older report. "
                        a href=(newest.address(filter, uuid)) { "Begin with the newest" } "."
                    } @else {
                        "The newest report is first."
                    }
                    " The list as " a href={ "../api/reports?instance=" (uuid) } { "JSON" } " begins with the oldest."
                }
                div.scroll.report-list tabindex="0" role="group" aria-labelledby="reports" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Arrived" }
                                th.n scope="col" { "Size" }
                                th scope="col" { "Sender" }
                                th scope="col" { "As it was sent" }
                            }
                        }
                        tbody {
                            @for report in answers.reports {
                                tr {
                                    th scope="row" {
                                        a href=(link(report)) aria-current=[(shown == Some(&report.id)).then_some("true")] {
                                            (short_utc(report.received_at))
                                        }
                                    }
                                    td.n { (bytes(real(report.bytes))) }
                                    td { (if report.replica { "a replica" } else { "the leader" }) }
                                    td { a href={ "../api/reports/" (report.id) } { "JSON" } }
                                }
                            }
                        }
                    }
                }
                @if let Some(older) = answers.older {
                    @let older = InstallationChoice { until: Some(older.id.clone()), focus: None, ..choice.clone() };
                    p { a href={ (older.address(filter, uuid)) "#reports" } { "Older reports" } }
                }
            }
        }
    }
}

/// What a report says, beside what the report before it says.
pub(crate) fn shown_report(
    filter: &PageFilter,
    choice: &InstallationChoice,
    uuid: &str,
    report: &CollectorReport,
    copy: &ReportCopy,
    before: Option<(&CollectorReport, &ReportCopy)>,
) -> Markup {
    html! {
        section.numbers aria-labelledby="report" {
            h2 #report { "The report of " (short_utc(report.received_at)) }
            p.note { a href={ "../api/reports/" (report.id) } { "As it was sent" } ", " (bytes(real(report.bytes))) "." }
            @match copy {
                ReportCopy::Dropped => p {
                    "The report as it was sent was dropped, to keep to --raw-retention or --max-disk. What it counted is in the \
                     history above."
                },
                ReportCopy::Damaged => p {
                    "The copy of the report as it was sent is damaged on the disk. What it counted is in the history above."
                },
                ReportCopy::Kept(read) => {
                    (compared_with(before))
                    (report_tables(&read.content, content_of(before)))
                    (profiles(filter, choice, uuid, report, read))
                }
            }
        }
    }
}

fn content_of<'a>(before: Option<(&CollectorReport, &'a ReportCopy)>) -> Option<&'a Value> {
    match before {
        Some((_, ReportCopy::Kept(before))) => Some(&before.content),
        _ => None,
    }
}

/// Which report it is compared with, or why with none.
fn compared_with(before: Option<(&CollectorReport, &ReportCopy)>) -> Markup {
    html! {
        p {
            @match before {
                None => "It is the oldest report that is listed, so it is compared with none.",
                Some((before, ReportCopy::Kept(_))) => {
                    "It is compared with the report of " (short_utc(before.received_at)) "."
                }
                Some((before, _)) => {
                    "The report before it, of " (short_utc(before.received_at))
                    ", is no longer stored as it was sent, so it is compared with none."
                }
            }
        }
    }
}

fn profiles(
    filter: &PageFilter,
    choice: &InstallationChoice,
    uuid: &str,
    report: &CollectorReport,
    read: &ReadReport,
) -> Markup {
    let graph = |resource, id, title, profile: &DecodedProfile| {
        let arrived = short_utc(report.received_at);
        let caption = ChartCaption {
            id,
            title,
            description: "",
            denominator: "of one report of one installation",
            period: &arrived,
            freshness: "",
        };
        let focus = choice.focus.filter(|(focused, _)| *focused == resource).map(|(_, focus)| focus);
        let link = |key| {
            let focus = Some((resource, key)).filter(|(_, key)| *key > 0);
            let chosen = InstallationChoice { focus, ..choice.with_report(&report.id) };
            format!("{}#profiles", chosen.address(filter, uuid))
        };
        let view = ReportProfileView { focus, search: choice.function.as_deref(), link: &link };
        report_profile(&caption, resource, profile, view)
    };
    html! {
        h2 #profiles { "Profiles of the report" }
        p.note {
            "A link in a graph opens its function in the whole width."
            @if read.unreadable_profiles > 0 {
                " " (counted(read.unreadable_profiles, "profile")) " of the report cannot be read."
            }
        }
        (search_form(filter, choice, uuid, report))
        (graph(ProfiledResource::Cpu, "report-cpu", "Where CPU time goes", &read.cpu))
        (graph(ProfiledResource::Heap, "report-heap", "What memory is used for", &read.heap))
    }
}

/// The form that finds functions in both graphs.
fn search_form(
    filter: &PageFilter,
    choice: &InstallationChoice,
    uuid: &str,
    report: &CollectorReport,
) -> Markup {
    let period = [
        ("product", filter.product.clone()),
        ("from", filter.first.to_string()),
        ("to", filter.last.to_string()),
        ("report", report.id.clone()),
    ];
    let until = choice.until.iter().map(|until| ("until", until.clone()));
    html! {
        form.flame-search method="get" action={ (uuid) "#profiles" } {
            @for (name, value) in period.into_iter().chain(all_filters(filter)).chain(until) {
                input type="hidden" name=(name) value=(value);
            }
            label {
                "Find functions "
                input type="search" name="function" value=[choice.function.as_deref()] autocomplete="off" spellcheck="false";
            }
            button type="submit" { "Find" }
        }
    }
}
