//! Shows one project: its applications and its nodes.

use headcount_shared::api::{ApplicationTable, NodeTable, ObservationStatus};
use leptos::prelude::*;

use super::{
    live_answer::{Arrival, LiveAnswer},
    observation_note::ObservationNote,
    table_rows::{TableRow, TableRows},
    table_view::RowTable,
    words::{APPLICATION_COLUMNS, NODE_COLUMNS, application_row, node_row, project_page, segment},
};
use crate::ui::{answer::read, link::Link, pages::chosen, title::Title};

/// The page.
#[component]
pub(in crate::ui) fn ProjectPage() -> impl IntoView {
    let project = chosen("projectId");
    move || project.get().map(|project| view! { <ProjectContent project /> })
}

#[component]
fn ProjectContent(project: String) -> impl IntoView {
    // The worst first.
    let applications = RwSignal::new(TableRows::sorted_by(1, true));
    let nodes = RwSignal::new(TableRows::sorted_by(0, false));
    let name = RwSignal::new(String::new());
    let status = RwSignal::new(None::<ObservationStatus>);
    let at = format!("api/projects/{}", segment(&project));
    let id = project.clone();
    let live = LiveAnswer::follow(format!("{at}/applications"), move |body| {
        let table: ApplicationTable = read(body)?;
        let rows = table.applications.into_iter().map(|row| application_row(&id, row)).collect();
        take(applications, rows);
        name.try_set(table.project);
        status.try_set(Some(table.observation));
        Ok(())
    });
    let id = project.clone();
    let live_nodes = LiveAnswer::follow(format!("{at}/nodes"), move |body| {
        let table: NodeTable = read(body)?;
        take(nodes, table.nodes.into_iter().map(|row| node_row(&id, row)).collect());
        Ok(())
    });
    let (has_applications, has_nodes) = (has_arrived(live), has_arrived(live_nodes));
    let settings = format!("{}/settings", project_page(&project));
    view! {
        <Title text="Project" />
        <p class="subject">{move || name.get()}</p>
        <Arrival live />
        <ObservationNote project status=Memo::new(move |_| status.get()) now=live.now />
        <p>
            <Link to=settings>"Settings of this project"</Link>
        </p>
        <section class="part" aria-labelledby="applications-title" hidden=move || !has_applications.get()>
            <h2 id="applications-title">"Applications"</h2>
            <RowTable what="applications" columns=APPLICATION_COLUMNS rows=applications is_long=true />
        </section>
        <section class="part" aria-labelledby="nodes-title">
            <h2 id="nodes-title">"Nodes"</h2>
            <Arrival live=live_nodes />
            <div hidden=move || !has_nodes.get()>
                <RowTable what="nodes" columns=NODE_COLUMNS rows=nodes is_long=true />
            </div>
        </section>
    }
}

fn take(table: RwSignal<TableRows>, rows: Vec<TableRow>) {
    table.try_update(|table| table.update(rows));
}

/// Whether an answer has arrived.
pub(super) fn has_arrived(live: LiveAnswer) -> Memo<bool> {
    Memo::new(move |_| live.arrival.with(|state| state.here().is_some()))
}
