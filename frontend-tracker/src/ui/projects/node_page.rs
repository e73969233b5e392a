//! Shows one node: what it is, what runs on it, and its last hour.

use headcount_shared::api::NodeView;
use leptos::prelude::*;

use super::{
    live_answer::LiveAnswer,
    page_html::{more_html, node_html},
    table_rows::TableRows,
    table_view::{row_table, take_rows},
    view_answers::{node_view, read_view},
    view_rows::{NODE_APPLICATION_COLUMNS, node_application_rows},
};
use crate::ui::{
    html_box::{html_box, text_memo},
    link::InterfaceBase,
    location::OpenLocation,
    page_paths::{PageAddress, PageKind, segment},
    texts::projects,
    title::Title,
};

/// The page.
#[component]
pub(in crate::ui) fn NodePage() -> impl IntoView {
    let address = expect_context::<OpenLocation>().page(PageKind::Node);
    move || {
        let PageAddress { project, subject, .. } = address.get();
        node_content(project, subject)
    }
}

fn node_content(project: String, name: String) -> AnyView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let node = RwSignal::new(None::<NodeView>);
    let applications = RwSignal::new(TableRows::sorted_by(1, true));
    let path = format!("api/projects/{}/nodes/{}", segment(&project), segment(&name));
    let id = project.clone();
    let live = LiveAnswer::follow(path, move |body| {
        let found = read_view(body, "project", node_view)?;
        take_rows(applications, node_application_rows(&id, &found));
        node.try_set(Some(found));
        Ok(())
    });
    let of_node = move |html: &dyn Fn(&NodeView) -> String| {
        node.with(|node| node.as_ref().map(html).unwrap_or_default())
    };
    let head = text_memo(move || of_node(&|node| node_html(&base, &project, node, live.now.get())));
    let charts = text_memo(move || of_node(&|node| node.drawn.clone()));
    let more = text_memo(move || of_node(&|node| more_html(node.more_applications.into())));
    view! {
        <Title text=name />
        {live.notice()}
        {html_box("part", head)}
        <section class="part" aria-labelledby="runs-title" hidden=move || !live.has_arrived()>
            <h2 id="runs-title">{projects::RUNS_ON_IT}</h2>
            {row_table("applications", NODE_APPLICATION_COLUMNS, applications, false)}
            {html_box("plain", more)}
        </section>
        {html_box("charts", charts)}
    }
    .into_any()
}
