//! Shows the first page of an installation without a project.

use leptos::prelude::*;

use super::{link::Link, new_project::new_project_form, texts::new_project, title::Title};

/// The page.
#[component]
pub(super) fn Welcome() -> impl IntoView {
    view! {
        <Title text=new_project::WELCOME />
        <p class="lead">{new_project::RUNNING}</p>
        <p>
            {new_project::WHAT_IS_ASKED}
            <Link to="/usage-statistics">{new_project::WHAT_IS_REPORTED}</Link> "."
        </p>
        {new_project_form()}
    }
}
