//! Shows one node: what it is, what runs on it, and its last hour.

use headcount_charts::number_format;
use headcount_shared::api::NodeView;
use leptos::prelude::*;

use super::{
    chart_box::ChartBox,
    chart_html::charts_html,
    live_answer::{Arrival, LiveAnswer},
    observation_note::ObservationNote,
    project_page::has_arrived,
    table_rows::{CellUnit, ColumnKind, TableCell, TableColumn, TableRow, TableRows},
    table_view::RowTable,
    words::{ApplicationName, application_page, project_page, segment},
};
use crate::ui::{answer::read, format::count, link::Link, pages::chosen, title::Title};

/// The columns of the applications on a node.
const COLUMNS: &[TableColumn] = &[
    TableColumn { title: "Application", kind: ColumnKind::Texts },
    TableColumn { title: "Status", kind: ColumnKind::Statuses },
    TableColumn { title: "Namespace", kind: ColumnKind::Texts },
    TableColumn { title: "Kind", kind: ColumnKind::Texts },
    TableColumn { title: "Instances here", kind: ColumnKind::Numbers },
];

/// The page.
#[component]
pub(in crate::ui) fn NodePage() -> impl IntoView {
    let (project, name) = (chosen("projectId"), chosen("name"));
    move || {
        let (project, name) = (project.get()?, name.get()?);
        Some(view! { <NodeContent project name /> })
    }
}

#[component]
fn NodeContent(project: String, name: String) -> impl IntoView {
    let node = RwSignal::new(None::<NodeView>);
    let applications = RwSignal::new(TableRows::sorted_by(1, true));
    let id = project.clone();
    let path = format!("api/projects/{}/nodes/{}", segment(&project), segment(&name));
    let live = LiveAnswer::follow(path, move |body| {
        let found: NodeView = read(body)?;
        applications.try_update(|rows| rows.update(application_rows(&id, &found)));
        node.try_set(Some(found));
        Ok(())
    });
    let status = Memo::new(move |_| node.with(|of| of.as_ref().map(|of| of.observation.clone())));
    let project_name = move || node.with(|of| of.as_ref().map(|of| of.project.clone()));
    let facts = Memo::new(move |_| node.with(|of| of.as_ref().map(facts_of).unwrap_or_default()));
    let html = Memo::new(move |_| {
        node.with(|of| of.as_ref().map(|of| charts_html("chart", &of.charts, &[])).unwrap_or_default())
    });
    let more = Memo::new(move |_| node.with(|of| of.as_ref().map_or(0, |of| of.more_applications)));
    let has_arrived = has_arrived(live);
    let page = project_page(&project);
    let fact = |(name, value): (&'static str, String)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    let left_out = move || {
        let text =
            count(more.get().into(), "more application is left out.", "more applications are left out.");
        (more.get() > 0).then(|| view! { <p class="note">{text}</p> })
    };
    view! {
        <Title text=name />
        <p>"Node in project " <Link to=page>{move || project_name().unwrap_or_else(|| "…".to_owned())}</Link></p>
        <Arrival live />
        <ObservationNote project status now=live.now />
        <div class="part" hidden=move || !has_arrived.get()>
            <section class="card" aria-labelledby="facts-title">
                <h2 id="facts-title">"The machine"</h2>
                <dl class="facts">{move || facts.get().into_iter().map(fact).collect_view()}</dl>
            </section>
            <section class="part" aria-labelledby="runs-title">
                <h2 id="runs-title">"What runs on it"</h2>
                <RowTable what="applications" columns=COLUMNS rows=applications />
                {left_out}
            </section>
            <ChartBox html />
        </div>
    }
}

fn application_rows(project: &str, view: &NodeView) -> Vec<TableRow> {
    let rows = view.applications.iter().map(|of| {
        let ApplicationName { namespace, kind, name } = ApplicationName::of(&of.id);
        let text = |text: &str| TableCell::Text(text.to_owned());
        let cells = vec![
            text(name),
            TableCell::Status(of.status),
            text(namespace),
            text(kind),
            TableCell::Number(Some(of.instances as f32), CellUnit::Count),
        ];
        TableRow::new(of.id.clone(), Some(application_page(project, &of.id)), cells)
    });
    rows.collect()
}

/// What is known of a node.
fn facts_of(view: &NodeView) -> Vec<(&'static str, String)> {
    let node = &view.node;
    let number = |value: Option<f32>, text: fn(f64) -> String| value.map(|value| text(f64::from(value)));
    let percent = |value: f64| number_format::percent(value / 100.0);
    let joined = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    let agent = match (&view.agent_version, node.has_agent) {
        (Some(version), _) => version.clone(),
        (None, true) => "of an unknown version".to_owned(),
        (None, false) => "none".to_owned(),
    };
    let cloud: Vec<&str> =
        [&node.provider, &node.zone, &node.instance_type].into_iter().filter_map(Option::as_deref).collect();
    let facts = [
        ("CPU usage", number(node.cpu_percent, percent)),
        ("Memory in use", number(node.memory_percent, percent)),
        ("CPU cores", number(node.cpu_cores, |cores| number_format::decimal(cores, 1))),
        ("Memory", number(node.memory_bytes, number_format::bytes)),
        ("Up for", number(node.uptime_s, number_format::duration)),
        ("Kernel", view.kernel.clone()),
        ("Node agent", Some(agent)),
        ("Cloud", (!cloud.is_empty()).then(|| cloud.join(", "))),
        ("Disks", joined(&view.disks)),
        ("Network interfaces", joined(&view.interfaces)),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
