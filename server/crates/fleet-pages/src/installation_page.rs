//! Renders what is known of one installation, for the administrator: its history, its reports, and one of them
//! field by field.

use headcount_charts::{LineSeries, ValueUnit, line_chart};
use headcount_fleet::{
    profiles::{DecodedProfile, ProfiledResource},
    size_class::SizeClass,
};
use headcount_shared::api::{CollectorReport, FleetInstallationAnswer, FleetInstallationDay, FleetInstance};
use maud::{Markup, PreEscaped, html};
use serde::Serialize;
use serde_json::Value;

use crate::{
    answer_basis::AnswerBasis,
    day_events::ChartDays,
    installation_reports::{report_list, shown_report},
    installations_page::version_text,
    page_filter::PageFilter,
    page_frame::choice as product_list,
    time_text::{counted, moment},
};

/// The most versions that are named.
const NAMED_VERSIONS: usize = 10;

/// What was chosen on the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallationChoice {
    /// The report that is shown; the newest without.
    pub report: Option<String>,
    /// The newest report of the list; the newest of all without.
    pub until: Option<String>,
    /// The graph that has a focus, and the number of the call that has its whole width.
    pub focus: Option<(ProfiledResource, u64)>,
    /// The text that names of functions are searched for.
    pub function: Option<String>,
}

/// A report as it was sent, or what became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportCopy {
    /// It is stored.
    Kept(ReadReport),
    /// It was dropped after its time; only its counts are stored.
    Dropped,
    /// Its bytes changed since they were stored.
    Damaged,
}

/// A report that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadReport {
    /// What it says.
    pub content: Value,
    /// Its profile of processor time.
    pub cpu: DecodedProfile,
    /// Its profile of memory.
    pub heap: DecodedProfile,
    /// The number of profiles that cannot be read.
    pub unreadable_profiles: u64,
}

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct InstallationAnswers<'a> {
    /// The installation; `None` if no report of it is listed any more.
    pub installation: Option<&'a FleetInstance>,
    /// Its days.
    pub history: &'a FleetInstallationAnswer,
    /// A page of its reports, the newest first.
    pub reports: &'a [CollectorReport],
    /// The report that begins the next page of the list.
    pub older: Option<&'a CollectorReport>,
    /// The report that is shown.
    pub shown: Option<(&'a CollectorReport, &'a ReportCopy)>,
    /// The report before that one.
    pub before: Option<(&'a CollectorReport, &'a ReportCopy)>,
    /// The products that can be chosen.
    pub products: &'a [String],
    /// The time, in Unix seconds.
    pub now: u64,
}

/// The parameters of an address beside those of the filter.
#[derive(Serialize)]
struct InstallationParameters<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focus: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
}

impl InstallationChoice {
    /// The address of the page of an installation with this choice, from the directory of that page.
    pub(crate) fn address(&self, filter: &PageFilter, uuid: &str) -> String {
        let parameters = InstallationParameters {
            report: self.report.as_deref(),
            until: self.until.as_deref(),
            resource: self.focus.map(|(resource, _)| resource_name(resource)),
            focus: self.focus.map(|(_, focus)| focus),
            function: self.function.as_deref(),
        };
        // Texts and numbers can always be written.
        let of_choice = serde_urlencoded::to_string(parameters).unwrap_or_default();
        let and = if of_choice.is_empty() { "" } else { "&" };
        format!("{uuid}?{}{and}{of_choice}", filter.query())
    }

    /// The same with another report.
    pub(crate) fn with_report(&self, report: &str) -> Self {
        Self { report: Some(report.to_owned()), focus: None, ..self.clone() }
    }
}

pub(crate) const fn resource_name(resource: ProfiledResource) -> &'static str {
    match resource {
        ProfiledResource::Cpu => "cpu",
        ProfiledResource::Heap => "heap",
    }
}

/// The page.
#[must_use]
pub fn installation_page(
    filter: &PageFilter,
    choice: &InstallationChoice,
    answers: InstallationAnswers<'_>,
) -> Markup {
    let uuid = answers.history.instance.as_str();
    html! {
        (who(uuid, answers))
        (places(answers))
        (period_form(filter, choice, uuid, answers.products))
        section #history aria-label="History" { (history(filter, answers.history)) }
        (report_list(filter, choice, answers))
        @if let Some((report, copy)) = answers.shown {
            (shown_report(filter, choice, uuid, report, copy, answers.before))
        }
        section.numbers aria-labelledby="deletion" {
            h2 #deletion { "Deletion" }
            p { a href={ (uuid) "/deletion" } { "Delete everything of this installation" } }
        }
    }
}

/// The links to the parts of the page.
fn places(answers: InstallationAnswers<'_>) -> Markup {
    let is_read = matches!(answers.shown, Some((_, ReportCopy::Kept(_))));
    let places = [
        (true, "history", "History"),
        (true, "reports", "Reports"),
        (answers.shown.is_some(), "report", "What the report says"),
        (is_read, "profiles", "Profiles"),
        (true, "deletion", "Deletion"),
    ];
    html! {
        nav.choices aria-label="Parts of this page" {
            @for (_, id, title) in places.into_iter().filter(|(is_there, ..)| *is_there) {
                a href={ "#" (id) } { (title) } " "
            }
        }
    }
}

/// Who it is, in sentences.
fn who(uuid: &str, answers: InstallationAnswers<'_>) -> Markup {
    let InstallationAnswers { installation, history, now, .. } = answers;
    let last = history.days.last();
    html! {
        p { code { (uuid) } }
        @match installation {
            None => p.lead { "No report of this installation is listed any more. What is known of its days is below." },
            Some(FleetInstance { version, database_type, first_seen_at, last_seen_at, reports, overlaps, set_aside, .. }) => {
                p.lead {
                    "It runs " strong { "version " (version_text(version)) }
                    @if !database_type.is_empty() { ", with its settings in " (database_type) }
                    @if let Some(day) = last {
                        ", and observes " (counted(day.nodes, "node")) ": size class " (SizeClass::of_nodes(day.nodes).label())
                    }
                    "."
                }
                p {
                    "Its first report arrived " (moment(*first_seen_at, now)) " and its last one "
                    (moment(*last_seen_at, now)) ". It has sent " (counted(*reports, "report")) " so far."
                    @if *overlaps > 0 { " Of them, " (counted(*overlaps, "report")) " overlap an earlier one." }
                    @if *set_aside > 0 { " " (counted(*set_aside, "value")) " in them could not be used." }
                }
            }
        }
        p.note { "An installation is known by a random number; who runs it is not known." }
    }
}

fn period_form(filter: &PageFilter, choice: &InstallationChoice, uuid: &str, products: &[String]) -> Markup {
    html! {
        form.filters method="get" action=(uuid) {
            (product_list("product", "Product", products, Some(&filter.product), None))
            label { span { "From" } input type="date" name="from" value=(filter.first); }
            label { span { "To" } input type="date" name="to" value=(filter.last); }
            @if let Some(report) = &choice.report { input type="hidden" name="report" value=(report); }
            button type="submit" { "Show" }
        }
    }
}

/// A number of a day.
type DayValue = fn(&FleetInstallationDay) -> Option<f64>;

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

fn history(filter: &PageFilter, answer: &FleetInstallationAnswer) -> Markup {
    if answer.days.is_empty() {
        return html! { p { "There are no numbers of it in this time. Another product or another time may have some." } };
    }
    let mut versions: Vec<&str> = answer.days.iter().map(|day| day.version.as_str()).collect();
    versions.dedup();
    let shown = versions.len().saturating_sub(NAMED_VERSIONS);
    let versions: Vec<_> = versions.iter().skip(shown).map(|version| version_text(version)).collect();
    html! {
        p { "It reported on " (counted(answer.days.len() as u64, "day")) " of this time, as version " (versions.join(", then ")) "." }
        (chart(filter, answer, "cpu-days", "Processor", "processor time", ValueUnit::Cores, &[("mean of the day", |day| day.cpu_mean)]))
        (chart(filter, answer, "memory-days", "Memory", "resident memory", ValueUnit::Bytes, &[("mean of the day", |day| day.memory_mean)]))
        (chart(filter, answer, "report-days", "Reports", "reports a day", ValueUnit::Count, &[("reports", |day| Some(real(day.reports)))]))
        (chart(filter, answer, "use-days", "Use of the product", "a day", ValueUnit::Count, &[
            ("page views", |day| Some(real(day.page_views))), ("browsers", |day| Some(real(day.browsers))),
        ]))
        (chart(filter, answer, "size-days", "Size", "at most, on the day", ValueUnit::Count, &[
            ("nodes", |day| Some(real(day.nodes))), ("applications", |day| Some(real(day.applications))),
            ("instances", |day| Some(real(day.instances))), ("projects", |day| Some(real(day.projects))),
        ]))
    }
}

fn chart(
    filter: &PageFilter,
    answer: &FleetInstallationAnswer,
    id: &str,
    title: &str,
    value_title: &str,
    unit: ValueUnit,
    values: &[(&str, DayValue)],
) -> Markup {
    let by_day: Vec<_> = values
        .iter()
        .map(|(_, value)| {
            filter.by_day(answer.days.iter().filter_map(|day| Some((day.day.as_str(), value(day)?))))
        })
        .collect();
    let series: Vec<_> =
        values.iter().zip(&by_day).map(|((name, _), values)| LineSeries { name, values }).collect();
    let basis = AnswerBasis::new(
        &PageFilter { version: None, database: None, size: None, ..filter.clone() },
        &answer.scope,
        "one installation".to_owned(),
    );
    let caption = basis.caption(id, title, "");
    html! { (PreEscaped(line_chart(&caption, value_title, unit, ChartDays::new(filter).context(), &series))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{answer_basis::tests::scope, page_filter::tests::ten_days, report_profile::tests::profile};

    const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

    fn instance() -> FleetInstance {
        FleetInstance {
            instance: UUID.to_owned(),
            version: "1.0<b>".to_owned(),
            database_type: "sqlite".to_owned(),
            first_seen_at: 1_700_000_000,
            last_seen_at: 1_700_086_400,
            reports: 1234,
            users: 13,
            page_views: 250,
            set_aside: 0,
            overlaps: 2,
            latest: "second".to_owned(),
        }
    }

    fn day(day: &str, version: &str) -> FleetInstallationDay {
        FleetInstallationDay {
            day: day.to_owned(),
            reports: 24,
            version: version.to_owned(),
            database: "sqlite".to_owned(),
            flags: Vec::new(),
            alerting: Vec::new(),
            clouds: Vec::new(),
            services: Vec::new(),
            instrumented_services: Vec::new(),
            inspection_overrides: Vec::new(),
            projects: 1,
            applications: 18,
            nodes: 10,
            instances: 50,
            deployments: 1,
            browsers: 3,
            page_views: 40,
            cpu_mean: Some(0.08),
            memory_mean: None,
        }
    }

    fn report(id: &str) -> CollectorReport {
        CollectorReport {
            id: id.to_owned(),
            instance: UUID.to_owned(),
            received_at: 1_700_000_000,
            bytes: 2048,
            replica: false,
        }
    }

    fn kept(content: Value) -> ReportCopy {
        ReportCopy::Kept(ReadReport { content, cpu: profile(), ..ReadReport::default() })
    }

    fn page(days: Vec<FleetInstallationDay>, shown: &ReportCopy, before: Option<&ReportCopy>) -> String {
        let history = FleetInstallationAnswer { scope: scope(), instance: UUID.to_owned(), days };
        let (second, first) = (report("second"), report("first"));
        let answers = InstallationAnswers {
            installation: Some(&instance()),
            history: &history,
            reports: &[second.clone(), first.clone()],
            older: Some(&first),
            shown: Some((&second, shown)),
            before: before.map(|copy| (&first, copy)),
            products: &[],
            now: 1_700_086_460,
        };
        let choice = InstallationChoice {
            focus: Some((ProfiledResource::Cpu, 2)),
            function: Some("ma".to_owned()),
            ..Default::default()
        };
        installation_page(&ten_days(), &choice, answers).into_string()
    }

    #[test]
    fn an_installation_is_described_with_its_history_and_its_reports() {
        let days = vec![day("2026-11-02", "0.9"), day("2026-11-03", "1.0<b>")];
        let page =
            page(days, &kept(json!({"infra": {"nodes": 4}})), Some(&kept(json!({"infra": {"nodes": 3}}))));
        for said in [
            "<strong>version 1.0&lt;b&gt;</strong>, with its settings in sqlite, and observes 10 nodes: size class 4-10.",
            "1\u{202f}234 reports so far. Of them, 2 reports overlap an earlier one.",
            "It reported on 2 days of this time, as version 0.9, then 1.0&lt;b&gt;.",
            "Processor",
            "report=first&amp;function=ma#report",
            "until=first&amp;function=ma#reports",
            "href=\"../api/reports/second\"",
            "It is compared with the report of 14\u{a0}Nov\u{a0}2023, 22:13 UTC.",
            "<strong>changed</strong>: was 3",
            "report=second&amp;resource=cpu&amp;focus=1&amp;function=ma#profiles",
            "action=\"4423595b-9d97-4e01-a19f-8e3d60c83b2a#profiles\"",
            "name=\"report\" value=\"second\"",
            "name=\"function\" value=\"ma\"",
            "1 function with “ma” in the name, 100\u{202f}% of the whole.",
            "&lt;work&gt;",
            "The report has no such profile.",
            "href=\"4423595b-9d97-4e01-a19f-8e3d60c83b2a/deletion\"",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("<b>") && !page.contains("style="), "{page}");
        let (places, _) = page.split_once("<form").unwrap();
        for place in ["history", "reports", "report", "profiles", "deletion"] {
            assert!(places.contains(&format!("href=\"#{place}\"")), "{place}: {places}");
            assert_eq!(page.matches(&format!(" id=\"{place}\"")).count(), 1, "{place}: {page}");
        }
    }

    #[test]
    fn what_is_not_stored_any_more_is_said() {
        let page_of = |shown: &ReportCopy, before: Option<&ReportCopy>| page(Vec::new(), shown, before);
        let kept = kept(json!({}));
        assert!(page_of(&ReportCopy::Dropped, None).contains("was dropped, to keep to --raw-retention"));
        assert!(page_of(&ReportCopy::Damaged, None).contains("is damaged on the disk"));
        assert!(page_of(&kept, None).contains("the oldest report that is listed"));
        assert!(page_of(&kept, Some(&ReportCopy::Dropped)).contains("is no longer stored as it was sent"));
        assert!(page_of(&kept, None).contains("There are no numbers of it in this time."));
    }
}
