//! Shows the page of each kind of address.

use leptos::prelude::*;

use super::{
    link::Link,
    new_project::NewProject,
    page_paths::PageKind,
    projects::{ApplicationPage, NodePage, Overview, ProjectPage},
    settings::Settings,
    statistics::UsageStatistics,
    texts::frame,
    title::Title,
    welcome::Welcome,
};

/// The page of a kind.
pub(super) fn page_view(kind: PageKind) -> AnyView {
    match kind {
        PageKind::Unknown => view! { <NotFound /> }.into_any(),
        PageKind::Overview => view! { <Overview /> }.into_any(),
        PageKind::Welcome => view! { <Welcome /> }.into_any(),
        PageKind::UsageStatistics => view! { <UsageStatistics /> }.into_any(),
        PageKind::NewProject => view! { <NewProject /> }.into_any(),
        PageKind::Project => view! { <ProjectPage /> }.into_any(),
        PageKind::Application => view! { <ApplicationPage /> }.into_any(),
        PageKind::Node => view! { <NodePage /> }.into_any(),
        PageKind::Settings => view! { <Settings /> }.into_any(),
    }
}

/// The page of a path that no route matches.
#[component]
fn NotFound() -> impl IntoView {
    view! {
        <Title text=frame::NOT_FOUND />
        <p class="lead">{frame::NO_PAGE}</p>
        <p>
            <Link to="/">{frame::TO_OVERVIEW}</Link>
        </p>
    }
}
