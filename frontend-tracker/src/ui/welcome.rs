//! Shows the first page of an installation without a project.

use leptos::prelude::*;

use super::{link::Link, new_project::new_project_form, title::Title};

/// The page.
#[component]
pub(super) fn Welcome() -> impl IntoView {
    view! {
        <Title text="Welcome" />
        <p class="lead">"Headcount is running. The first project shows it what to observe."</p>
        <p>
            "It asks a Prometheus for the metrics of coroot-node-agent, and counts nodes, applications and services. Nothing is "
            "written to it. Names and addresses stay here; see "
            <Link to="/usage-statistics">"what this installation reports"</Link> "."
        </p>
        {new_project_form()}
    }
}
