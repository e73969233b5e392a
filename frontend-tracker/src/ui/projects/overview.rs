//! Shows all projects at a glance: how their applications are, how fresh that is, and what fails.

use headcount_shared::api::ProjectGlance;
use leptos::prelude::*;

use super::{
    live_answer::LiveAnswer,
    page_html::overview_html,
    view_answers::{projects_overview, read_view},
};
use crate::ui::{
    html_box::{html_box, text_memo},
    link::{InterfaceBase, Link},
    texts::{frame::OVERVIEW, projects},
    title::Title,
};

/// The page.
#[component]
pub(in crate::ui) fn Overview() -> impl IntoView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let projects = RwSignal::new(Vec::<ProjectGlance>::new());
    let live = LiveAnswer::follow("api/overview".to_owned(), move |body| {
        let overview = read_view(body, "projects", projects_overview)?;
        projects.try_set(overview.projects);
        Ok(())
    });
    let html = text_memo(move || {
        if !live.has_arrived() {
            return String::new();
        }
        projects.with(|projects| overview_html(&base, projects, live.now.get()))
    });
    view! {
        <Title text=OVERVIEW />
        {live.notice()}
        {html_box("part", html)}
        <p>
            {projects::COUNTED_TOGETHER}
            <Link to="/usage-statistics">{projects::USAGE_STATISTICS}</Link> "."
        </p>
    }
}
