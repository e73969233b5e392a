//! Shows one project: its applications and its nodes.

use headcount_shared::api::{ApplicationTable, ObservationStatus};
use leptos::prelude::*;

use super::{
    live_answer::LiveAnswer,
    page_html::{more_html, project_html},
    table_rows::TableRows,
    table_view::{row_table, take_rows},
    view_answers::{
        application_heading, application_values, checked, listed_application, node_table, read_view,
    },
    view_rows::{APPLICATION_COLUMNS, NODE_COLUMNS, application_row, node_row},
};
use crate::ui::{
    browser,
    html_box::{html_box, text_memo},
    link::InterfaceBase,
    location::OpenLocation,
    page_paths::{PageKind, segment},
    texts::{project_words::is_known, projects},
    title::Title,
};

/// How many rows of an answer are read before the page may move.
const ROWS_AT_ONCE: usize = 1000;

/// The page.
#[component]
pub(in crate::ui) fn ProjectPage() -> impl IntoView {
    let address = expect_context::<OpenLocation>().page(PageKind::Project);
    let project = text_memo(move || address.with(|address| address.project.clone()));
    move || project_content(project.get())
}

fn project_content(project: String) -> AnyView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    // The worst first.
    let applications = RwSignal::new(TableRows::sorted_by(1, true));
    let nodes = RwSignal::new(TableRows::sorted_by(0, false));
    let head = RwSignal::new(None::<(String, ObservationStatus)>);
    let (left_out, more_nodes) = (RwSignal::new(0_u64), RwSignal::new(0_u64));
    let are_nodes_known = RwSignal::new(false);
    let at = format!("api/projects/{}", segment(&project));
    let id = project.clone();
    let live = LiveAnswer::follow_in_steps(format!("{at}/applications"), move |body| {
        let id = id.clone();
        async move {
            let answer = checked(&body, "project")?;
            browser::pause().await;
            let mut rows = Vec::new();
            for part in application_values(&answer).chunks(ROWS_AT_ONCE) {
                rows.extend(part.iter().map(|of| application_row(&id, listed_application(of))));
                browser::pause().await;
            }
            let ApplicationTable { project, observation, more_applications, .. } =
                application_heading(&answer);
            drop(answer);
            browser::pause().await;
            take_rows(applications, rows);
            left_out.try_set(more_applications.into());
            head.try_set(Some((project, observation)));
            Ok(())
        }
    });
    let id = project.clone();
    let live_nodes = LiveAnswer::follow(format!("{at}/nodes"), move |body| {
        let table = read_view(body, "project", node_table)?;
        more_nodes.try_set(table.more_nodes.into());
        are_nodes_known.try_set(is_known(&table.observation));
        take_rows(nodes, table.nodes.into_iter().map(|row| node_row(&id, row)).collect());
        Ok(())
    });
    let are_applications_known =
        move || head.with(|head| head.as_ref().is_some_and(|(_, status)| is_known(status)));
    let title = text_memo(move || {
        head.with(|head| head.as_ref().map_or_else(|| projects::PROJECT.to_owned(), |(name, _)| name.clone()))
    });
    let html = text_memo(move || {
        head.with(|head| {
            let Some((_, status)) = head else { return String::new() };
            project_html(&base, &project, status, live.now.get())
        })
    });
    view! {
        {move || view! { <Title text=title.get() /> }}
        {live.notice()}
        {html_box("part", html)}
        <section class="part" aria-labelledby="applications-title" hidden=move || !are_applications_known()>
            <h2 id="applications-title">{projects::APPLICATIONS}</h2>
            <p class="note">{projects::STATUS_NOTE}</p>
            {row_table("applications", APPLICATION_COLUMNS, applications, true)}
            {html_box("plain", text_memo(move || more_html(left_out.get())))}
        </section>
        // Until the applications are here, their notice is enough.
        {move || live.has_arrived().then(|| live_nodes.notice())}
        <section class="part" aria-labelledby="nodes-title" hidden=move || !are_nodes_known.get()>
            <h2 id="nodes-title">{projects::NODES}</h2>
            {row_table("nodes", NODE_COLUMNS, nodes, true)}
            {html_box("plain", text_memo(move || more_html(more_nodes.get())))}
        </section>
    }
    .into_any()
}
