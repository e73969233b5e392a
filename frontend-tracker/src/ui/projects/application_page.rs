//! Shows one application: its instances, a tab for each of its reports, and the last hour of each report.

use headcount_shared::api::{ApplicationView, ChartMark, CheckView, ReportCharts, Severity};
use leptos::prelude::*;

use super::{
    chart_box::ChartBox,
    chart_html::{charts_html, mark_words},
    live_answer::{Arrival, LiveAnswer},
    observation_note::ObservationNote,
    project_page::has_arrived,
    table_rows::TableRows,
    table_view::{RowTable, status_badge},
    threshold_form::ThresholdForm,
    words::{
        ApplicationName, INSTANCE_COLUMNS, application_page, instance_rows, project_page, report_title,
        segment, threshold_origin, threshold_text,
    },
};
use crate::ui::{
    answer::read,
    format::{ago, count, time, timestamp},
    link::Link,
    pages::chosen,
    title::Title,
};

/// The page.
#[component]
pub(in crate::ui) fn ApplicationPage() -> impl IntoView {
    let (project, id) = (chosen("projectId"), chosen("id"));
    move || {
        let (project, id) = (project.get()?, id.get()?);
        Some(view! { <ApplicationContent project id /> })
    }
}

/// What all parts of the page know.
#[derive(Debug, Clone, Copy)]
struct ShownApplication {
    project: StoredValue<String>,
    id: StoredValue<String>,
    view: RwSignal<Option<ApplicationView>>,
    live: LiveAnswer,
}

impl ShownApplication {
    /// A part of the view, which changes only when that part does.
    fn part<T: PartialEq + Send + Sync + 'static>(
        self,
        part: impl Fn(&ApplicationView) -> T + Send + Sync + 'static,
    ) -> Memo<Option<T>> {
        Memo::new(move |_| self.view.with(|view| view.as_ref().map(&part)))
    }

    /// The path of the application in the API.
    fn path(self) -> String {
        let [project, id] = [self.project, self.id].map(|text| text.with_value(|text| segment(text)));
        format!("api/projects/{project}/applications/{id}")
    }

    /// The page of the application, or of one of its reports.
    fn page(self, report: Option<&str>) -> String {
        let page = self.project.with_value(|project| self.id.with_value(|id| application_page(project, id)));
        match report {
            Some(report) => format!("{page}/{}", segment(report)),
            None => page,
        }
    }
}

#[component]
fn ApplicationContent(project: String, id: String) -> impl IntoView {
    let view = RwSignal::new(None);
    let instances = RwSignal::new(TableRows::sorted_by(0, false));
    let path = format!("api/projects/{}/applications/{}", segment(&project), segment(&id));
    let live = LiveAnswer::follow(path, move |body| {
        let found: ApplicationView = read(body)?;
        instances.try_update(|rows| rows.update(instance_rows(&found)));
        view.try_set(Some(found));
        Ok(())
    });
    let shown = ShownApplication {
        project: StoredValue::new(project.clone()),
        id: StoredValue::new(id.clone()),
        view,
        live,
    };
    let name = ApplicationName::of(&id);
    let (title, phrase) = (name.name.to_owned(), name.phrase());
    let status = shown.part(|view| view.status);
    let kinds = shown.part(|view| {
        let types =
            if view.types.is_empty() { String::new() } else { format!(", runs {}", view.types.join(", ")) };
        format!("Category {}{types}", view.category)
    });
    let observation = shown.part(|view| view.observation.clone());
    let project_name = shown.part(|view| view.project.clone());
    let report = chosen("report");
    let has_arrived = has_arrived(live);
    view! {
        <Title text=title />
        <p>
            {move || status.get().map(status_badge)} " "{phrase}" in project "
            <Link to=project_page(&project)>{move || project_name.get().unwrap_or_else(|| "…".to_owned())}</Link>
        </p>
        <Arrival live />
        <ObservationNote project status=observation now=live.now />
        {move || kinds.get().map(|kinds| view! { <p class="note">{kinds}</p> })}
        <ReportTabs shown />
        {move || {
            has_arrived
                .get()
                .then(|| match report.get() {
                    Some(name) => view! { <ReportContent shown name /> }.into_any(),
                    None => view! { <Summary shown instances /> }.into_any(),
                })
        }}
    }
}

/// Links to the reports that the application has, with their statuses.
#[component]
fn ReportTabs(shown: ShownApplication) -> impl IntoView {
    let names = shown.part(|view| view.reports.iter().map(|report| report.name.clone()).collect::<Vec<_>>());
    let tab = move |name: String| {
        let status = {
            let name = name.clone();
            shown.part(move |view| view.reports.iter().find(|report| report.name == name).map(|of| of.status))
        };
        let sign = move || match status.get().flatten() {
            Some(Severity::Warning) => " (warning)",
            Some(Severity::Critical) => " (critical)",
            _ => "",
        };
        view! {
            <li>
                <Link to=shown.page(Some(&name))>{report_title(&name).to_owned()} {sign}</Link>
            </li>
        }
    };
    view! {
        <nav class="tabs" aria-label="Reports">
            <ul>
                <li>
                    <Link to=shown.page(None)>"Summary"</Link>
                </li>
                <For each=move || names.get().unwrap_or_default() key=Clone::clone let:name>
                    {tab(name)}
                </For>
            </ul>
        </nav>
    }
}

/// What fires in any report, and the instances.
#[component]
fn Summary(shown: ShownApplication, instances: RwSignal<TableRows>) -> impl IntoView {
    let fired = shown.part(|view| {
        let checks =
            view.reports.iter().flat_map(|report| report.checks.iter().map(move |of| (&report.name, of)));
        let fired = checks.filter(|(_, check)| !check.message.is_empty());
        fired
            .map(|(name, of)| (name.clone(), of.status, of.title.clone(), of.message.clone()))
            .collect::<Vec<_>>()
    });
    let more = shown.part(|view| view.more_instances);
    let list = move || {
        let fired = fired.get().unwrap_or_default();
        if fired.is_empty() {
            return view! { <p>"No inspection found anything."</p> }.into_any();
        }
        let row = |(name, status, title, message): (String, Severity, String, String)| {
            view! {
                <li>
                    {status_badge(status)} " "
                    <Link to=shown.page(Some(&name))>{report_title(&name).to_owned()}</Link>
                    {format!(" {title}: {message}")}
                </li>
            }
        };
        view! { <ul class="failing">{fired.into_iter().map(row).collect_view()}</ul> }.into_any()
    };
    let left_out = move || {
        let more = more.get().filter(|more| *more > 0)?;
        let text = count(more.into(), "more instance is left out.", "more instances are left out.");
        Some(view! { <p class="note">{text}</p> })
    };
    view! {
        <section class="card" aria-labelledby="found-title">
            <h2 id="found-title">"What inspections found"</h2>
            {list}
        </section>
        <section class="part" aria-labelledby="instances-title">
            <h2 id="instances-title">"Instances"</h2>
            <RowTable what="instances" columns=INSTANCE_COLUMNS rows=instances />
            {left_out}
        </section>
    }
}

/// The inspections of a report, and its last hour.
#[component]
fn ReportContent(shown: ShownApplication, name: String) -> impl IntoView {
    let ids = {
        let name = name.clone();
        shown.part(move |view| {
            let report = view.reports.iter().find(|report| report.name == name)?;
            Some(report.checks.iter().map(|check| check.inspection.id.clone()).collect::<Vec<_>>())
        })
    };
    let Some(Some(first)) = ids.get_untracked() else {
        let why = format!("This application has no report “{name}”.");
        return view! { <p class="failure" role="alert">{why}</p> }.into_any();
    };
    let nothing = first.is_empty().then(|| {
        let why = "No exporter monitors this database, so no inspection applies. Its application type is all that is known.";
        view! { <p class="note">{why}</p> }
    });
    view! {
        <h2>{report_title(&name).to_owned()}</h2>
        {nothing}
        <For each=move || ids.get().flatten().unwrap_or_default() key=Clone::clone let:id>
            {check_card(shown, id)}
        </For>
        <LastHour shown name />
    }
    .into_any()
}

/// One inspection.
fn check_card(shown: ShownApplication, id: String) -> AnyView {
    let title_id = format!("check-{id}");
    let labelled_by = title_id.clone();
    let check = shown.part(move |view| {
        let mut checks = view.reports.iter().flat_map(|report| &report.checks);
        checks.find(|check| check.inspection.id == id).cloned()
    });
    let check = Memo::new(move |_| check.get().flatten());
    let of = move |text: fn(&CheckView) -> String| {
        move || check.with(|check| check.as_ref().map(text)).unwrap_or_default()
    };
    let title = of(|check| check.title.clone());
    let message = of(|check| check.message.clone());
    let value = of(|check| threshold_text(check.value, check.inspection.unit));
    let threshold = of(|check| {
        let text = threshold_text(Some(check.inspection.in_force), check.inspection.unit);
        format!("{text}, {}", threshold_origin(check))
    });
    let is_auxiliary = shown.view.with_untracked(|view| {
        view.as_ref().is_some_and(|view| ["control-plane", "monitoring"].contains(&view.category.as_str()))
    });
    let (project, application) = (shown.project.get_value(), shown.id.get_value());
    view! {
        <section class="card" aria-labelledby=labelled_by>
            <div class="card-head">
                <h3 id=title_id>{title}</h3>
                {move || check.with(|check| check.as_ref().map(|check| status_badge(check.status)))}
            </div>
            <p class="found">{message}</p>
            <dl class="facts">
                <div>
                    <dt>"Value"</dt>
                    <dd>{value}</dd>
                </div>
                <div>
                    <dt>"Threshold"</dt>
                    <dd>{threshold}</dd>
                </div>
            </dl>
            <details>
                <summary>"Change the threshold"</summary>
                <ThresholdForm project application is_auxiliary check live=shown.live />
            </details>
        </section>
    }
    .into_any()
}

/// The charts of a report, and what happened meanwhile.
#[component]
fn LastHour(shown: ShownApplication, name: String) -> impl IntoView {
    let charts = RwSignal::new(None::<ReportCharts>);
    let live = LiveAnswer::follow(format!("{}/reports/{}", shown.path(), segment(&name)), move |body| {
        charts.try_set(Some(read(body)?));
        Ok(())
    });
    let html = Memo::new(move |_| {
        charts.with(|charts| {
            charts.as_ref().map(|of| charts_html("chart", &of.charts, &of.marks)).unwrap_or_default()
        })
    });
    let marks = Memo::new(move |_| charts.with(|charts| charts.as_ref().map(|of| of.marks.clone())));
    let is_plain = Memo::new(move |_| {
        charts.with(|charts| charts.as_ref().is_some_and(|charts| charts.charts.is_empty()))
    });
    let events = move || {
        let marks = marks.get().filter(|marks| !marks.is_empty())?;
        let rows = marks.into_iter().map(|mark| event_row(&mark, live.now)).collect_view();
        Some(view! {
            <section class="card" aria-labelledby="events-title">
                <h2 id="events-title">"Within the last hour"</h2>
                <ul class="failing">{rows}</ul>
            </section>
        })
    };
    let plain = move || {
        let why = "This report looks at current values only, so there is no chart.";
        is_plain.get().then(|| view! { <p class="note">{why}</p> })
    };
    view! {
        <Arrival live />
        <ChartBox html />
        {plain}
        {events}
    }
}

fn event_row(mark: &ChartMark, now: RwSignal<u64>) -> AnyView {
    let at = u64::from(mark.at);
    view! {
        <li>
            {mark_words(mark)} ", " {move || ago(at, now.get())}
            <time class="exact" datetime=timestamp(at)>{time(at)}</time>
        </li>
    }
    .into_any()
}
