//! Lists the projects.

use headcount_shared::api::{Project, Projects};
use leptos::{prelude::*, task::spawn_local};

use super::{
    answer::{ApiFailure, FetchState},
    api::ApiClient,
};

/// The projects of this installation.
#[component]
pub(super) fn ProjectList() -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let projects = RwSignal::new(FetchState::Waiting);
    spawn_local(async move {
        // Another page may be open by now.
        projects.try_set(fetched(api.projects().await.map(|answered| answered.value)));
    });
    view! {
        <section class="card" aria-labelledby="projects-title">
            <h2 id="projects-title">"Projects"</h2>
            {move || shown(projects.get())}
        </section>
    }
}

fn fetched(answer: Result<Projects, ApiFailure>) -> FetchState<Vec<Project>> {
    match answer {
        Ok(Projects { projects }) => FetchState::Here(projects),
        Err(failure) => FetchState::Failed(failure.sentence()),
    }
}

fn shown(projects: FetchState<Vec<Project>>) -> AnyView {
    match projects {
        FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
        FetchState::Here(projects) if projects.is_empty() => {
            view! { <p class="note">"There is no project yet."</p> }.into_any()
        }
        FetchState::Here(projects) => {
            view! { <ul>{projects.into_iter().map(entry).collect_view()}</ul> }.into_any()
        }
    }
}

fn entry(Project { name, .. }: Project) -> impl IntoView {
    view! { <li>{name}</li> }
}
