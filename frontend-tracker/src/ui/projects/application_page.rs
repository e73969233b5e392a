//! Shows one application: its instances, a tab for each of its reports, and the last hour of each report.

use headcount_shared::api::{ApplicationView, CheckView, ReportCharts};
use leptos::prelude::*;

use super::{
    live_answer::LiveAnswer,
    page_html::{application_html, check_html, events_html, more_html, summary_html},
    table_rows::TableRows,
    table_view::{row_table, take_rows},
    threshold_form::threshold_form,
    view_answers::{application_view, read_view, report_charts},
    view_rows::{INSTANCE_COLUMNS, instance_rows},
};
use crate::ui::{
    html_box::{acting_box, html_box, text_memo},
    link::InterfaceBase,
    location::OpenLocation,
    page_paths::{PageKind, segment},
    texts::{
        project_words::{ApplicationName, report_title},
        projects,
    },
    title::Title,
};

/// The page.
#[component]
pub(in crate::ui) fn ApplicationPage() -> impl IntoView {
    let address = expect_context::<OpenLocation>().page(PageKind::Application);
    let project = text_memo(move || address.with(|address| address.project.clone()));
    let id = text_memo(move || address.with(|address| address.subject.clone()));
    let report = text_memo(move || address.with(|address| address.tab.clone()));
    move || application_content(project.get(), &id.get(), report)
}

/// What all parts of the page know.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShownApplication {
    /// The id of the project.
    project: StoredValue<String>,
    /// The path of the project in the API.
    pub(super) project_path: StoredValue<String>,
    /// The path of the application in the API.
    pub(super) path: StoredValue<String>,
    pub(super) view: RwSignal<Option<ApplicationView>>,
    pub(super) live: LiveAnswer,
}

impl ShownApplication {
    /// HTML of the view; empty before it has arrived.
    fn html(self, html: &dyn Fn(&ApplicationView) -> String) -> String {
        self.view.with(|view| view.as_ref().map(html).unwrap_or_default())
    }

    /// The newest result of an inspection.
    pub(super) fn check(self, inspection: &str) -> Option<CheckView> {
        self.view.with_untracked(|view| find_check(view.as_ref()?, inspection).cloned())
    }
}

pub(super) fn find_check<'v>(view: &'v ApplicationView, inspection: &str) -> Option<&'v CheckView> {
    let mut checks = view.reports.iter().flat_map(|report| &report.checks);
    checks.find(|check| check.inspection.id == inspection)
}

/// The ids of the inspections of a report; `None` if it does not apply.
fn inspections_of(view: &ApplicationView, report: &str) -> Option<Vec<String>> {
    let report = view.reports.iter().find(|of| of.name == report)?;
    Some(report.checks.iter().map(|check| check.inspection.id.clone()).collect())
}

/// The page of an application. `report` is the open one; empty for none.
fn application_content(project: String, id: &str, report: Memo<String>) -> AnyView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let view = RwSignal::new(None);
    let instances = RwSignal::new(TableRows::sorted_by(0, false));
    let project_path = format!("api/projects/{}", segment(&project));
    let path = format!("{project_path}/applications/{}", segment(id));
    let of = project.clone();
    let live = LiveAnswer::follow(path.clone(), move |body| {
        let found = read_view(body, "project", application_view)?;
        take_rows(instances, instance_rows(&of, &found));
        view.try_set(Some(found));
        Ok(())
    });
    let shown = ShownApplication {
        project: StoredValue::new(project),
        project_path: StoredValue::new(project_path),
        path: StoredValue::new(path),
        view,
        live,
    };
    let head = {
        let base = base.clone();
        text_memo(move || {
            let open = report.with(|name| (!name.is_empty()).then(|| name.clone()));
            shown.html(&|view| {
                shown.project.with_value(|project| {
                    application_html(&base, project, view, open.as_deref(), live.now.get())
                })
            })
        })
    };
    // The content is made again when a new answer has another report or other inspections.
    let inspected = text_memo(move || {
        let name = report.get();
        shown.html(&|view| match inspections_of(view, &name) {
            Some(inspections) => inspections.join("\n"),
            None => "none".to_owned(),
        })
    });
    let content = move || {
        inspected.track();
        if !live.has_arrived() {
            return ().into_any();
        }
        let name = report.get();
        if name.is_empty() { summary(shown, base.clone(), instances) } else { report_content(shown, &name) }
    };
    let name = ApplicationName::of(id).name.to_owned();
    view! {
        <Title text=name />
        {live.notice()}
        // The page goes to another tab while the cursor is on it.
        {acting_box("part", head, report, Box::new(|_| ()))}
        {content}
    }
    .into_any()
}

/// What fires in any report, and the instances.
fn summary(shown: ShownApplication, base: String, instances: RwSignal<TableRows>) -> AnyView {
    let found = text_memo(move || {
        shown.html(&|view| shown.project.with_value(|project| summary_html(&base, project, view)))
    });
    let more = text_memo(move || shown.html(&|view| more_html(view.more_instances.into())));
    view! {
        {html_box("part", found)}
        <section class="part" aria-labelledby="instances-title">
            <h2 id="instances-title">{projects::INSTANCES}</h2>
            {row_table("instances", INSTANCE_COLUMNS, instances, false)}
            {html_box("plain", more)}
        </section>
    }
    .into_any()
}

/// The inspections of a report, and its last hour.
fn report_content(shown: ShownApplication, name: &str) -> AnyView {
    let checks = shown.view.with_untracked(|view| inspections_of(view.as_ref()?, name));
    let Some(checks) = checks else {
        let why = projects::no_report(name);
        return view! { <p class="failure" role="alert">{why}</p> }.into_any();
    };
    let nothing = checks.is_empty().then(|| {
        view! { <p class="note">{projects::NO_EXPORTER}</p> }
    });
    view! {
        <h2>{report_title(name).to_owned()}</h2>
        {nothing}
        {checks.into_iter().map(|id| check_card(shown, id)).collect_view()}
        {last_hour(shown, name)}
    }
    .into_any()
}

/// One inspection, with the form for its threshold.
fn check_card(shown: ShownApplication, id: String) -> AnyView {
    let (inspection, name) = (id.clone(), format!("check-{id}"));
    let html = text_memo(move || {
        shown.html(&|view| find_check(view, &inspection).map(check_html).unwrap_or_default())
    });
    view! {
        <section class="card" id=name>
            {html_box("part", html)}
            <details>
                <summary>{projects::CHANGE_THRESHOLD}</summary>
                {threshold_form(shown, id)}
            </details>
        </section>
    }
    .into_any()
}

/// The charts of a report, and what happened meanwhile.
fn last_hour(shown: ShownApplication, name: &str) -> AnyView {
    let charts = RwSignal::new(None::<ReportCharts>);
    let path = shown.path.with_value(|path| format!("{path}/reports/{}", segment(name)));
    let live = LiveAnswer::follow(path, move |body| {
        charts.try_set(Some(read_view(body, "charts", report_charts)?));
        Ok(())
    });
    let of_charts = move |html: &dyn Fn(&ReportCharts) -> String| {
        charts.with(|charts| charts.as_ref().map(html).unwrap_or_default())
    };
    let drawn = text_memo(move || of_charts(&|of| of.drawn.clone()));
    let events = text_memo(move || {
        of_charts(&|of| {
            let plain = ["<p class=\"note\">", projects::NO_CHART, "</p>"].concat();
            let plain = if of.drawn.is_empty() { plain } else { String::new() };
            plain + &events_html(&of.marks, live.now.get())
        })
    });
    view! {
        {live.notice()}
        {html_box("charts", drawn)}
        {html_box("part", events)}
    }
    .into_any()
}
