//! Shows one project: its applications and its nodes.

use headcount_shared::api::ObservationStatus;
use leptos::prelude::*;

use super::{
    html_box::{html_box, text_memo},
    live_answer::LiveAnswer,
    page_html::{more_html, project_html},
    table_rows::TableRows,
    table_view::{row_table, take_rows},
    view_answers::{application_table, node_table, read_view},
    words::{APPLICATION_COLUMNS, NODE_COLUMNS, application_row, node_row},
};
use crate::ui::{link::InterfaceBase, page_paths::segment, pages::chosen, title::Title};

/// The page.
#[component]
pub(in crate::ui) fn ProjectPage() -> impl IntoView {
    let project = chosen("projectId");
    move || project.get().map(project_content)
}

fn project_content(project: String) -> AnyView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    // The worst first.
    let applications = RwSignal::new(TableRows::sorted_by(1, true));
    let nodes = RwSignal::new(TableRows::sorted_by(0, false));
    let head = RwSignal::new(None::<(String, ObservationStatus)>);
    let (more_applications, more_nodes) = (RwSignal::new(0_u64), RwSignal::new(0_u64));
    let at = format!("api/projects/{}", segment(&project));
    let id = project.clone();
    let live = LiveAnswer::follow(format!("{at}/applications"), move |body| {
        let table = read_view(body, "project", application_table)?;
        take_rows(
            applications,
            table.applications.into_iter().map(|row| application_row(&id, row)).collect(),
        );
        more_applications.try_set(table.more_applications.into());
        head.try_set(Some((table.project, table.observation)));
        Ok(())
    });
    let id = project.clone();
    let live_nodes = LiveAnswer::follow(format!("{at}/nodes"), move |body| {
        let table = read_view(body, "project", node_table)?;
        more_nodes.try_set(table.more_nodes.into());
        take_rows(nodes, table.nodes.into_iter().map(|row| node_row(&id, row)).collect());
        Ok(())
    });
    let html = text_memo(move || {
        head.with(|head| {
            let Some((name, status)) = head else { return String::new() };
            project_html(&base, &project, name, status, live.now.get())
        })
    });
    view! {
        <Title text="Project" />
        {live.notice()}
        {html_box("part", html)}
        <section class="part" aria-labelledby="applications-title" hidden=move || !live.has_arrived()>
            <h2 id="applications-title">"Applications"</h2>
            {row_table("applications", APPLICATION_COLUMNS, applications, true)}
            {html_box("plain", text_memo(move || more_html(more_applications.get())))}
        </section>
        {live_nodes.notice()}
        <section class="part" aria-labelledby="nodes-title" hidden=move || !live_nodes.has_arrived()>
            <h2 id="nodes-title">"Nodes"</h2>
            {row_table("nodes", NODE_COLUMNS, nodes, true)}
            {html_box("plain", text_memo(move || more_html(more_nodes.get())))}
        </section>
    }
    .into_any()
}
