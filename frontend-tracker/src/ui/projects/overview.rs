//! Shows all projects at a glance: how their applications are, how fresh that is, and what fails.

use headcount_shared::api::{FailingApplication, ProjectGlance, ProjectsOverview};
use leptos::prelude::*;

use super::{
    live_answer::{Arrival, LiveAnswer},
    observation_note::ObservationNote,
    table_view::status_badge,
    words::{ApplicationName, application_page, health_sentence, project_page, report_title},
};
use crate::ui::{answer::read, link::Link, title::Title};

/// The page.
#[component]
pub(in crate::ui) fn Overview() -> impl IntoView {
    let projects = RwSignal::new(Vec::<ProjectGlance>::new());
    let live = LiveAnswer::follow("api/overview".to_owned(), move |body| {
        let overview: ProjectsOverview = read(body)?;
        projects.try_set(overview.projects);
        Ok(())
    });
    let ids = Memo::new(move |_| {
        projects.with(|projects| projects.iter().map(|of| of.id.clone()).collect::<Vec<_>>())
    });
    let is_empty = move || live.arrival.with(|state| state.here().is_some()) && ids.with(Vec::is_empty);
    view! {
        <Title text="Overview" />
        <Arrival live />
        {move || is_empty().then(|| view! { <NoProjects /> })}
        <For each=move || ids.get() key=Clone::clone let:id>
            {project_card(id, projects, live)}
        </For>
        <p>
            "What is counted of all projects together is on the page about "
            <Link to="/usage-statistics">"usage statistics"</Link> "."
        </p>
    }
}

#[component]
fn NoProjects() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="no-projects">
            <h2 id="no-projects">"Projects"</h2>
            <p class="note">"There is no project yet."</p>
            <p>
                <Link to="/p/new/prometheus">"Make the first project"</Link>
            </p>
        </section>
    }
}

fn project_card(id: String, projects: RwSignal<Vec<ProjectGlance>>, live: LiveAnswer) -> AnyView {
    let glance = {
        let id = id.clone();
        Memo::new(move |_| projects.with(|projects| projects.iter().find(|of| of.id == id).cloned()))
    };
    let status = Memo::new(move |_| glance.with(|of| of.as_ref().map(|of| of.observation.clone())));
    let name = move || glance.with(|of| of.as_ref().map(|of| of.name.clone()));
    let health = Memo::new(move |_| {
        glance.with(|of| of.as_ref().and_then(|of| of.health.as_ref().map(health_sentence)))
    });
    let failing = Memo::new(move |_| {
        glance.with(|of| {
            of.as_ref().and_then(|of| Some(of.health.as_ref()?.failing.clone())).unwrap_or_default()
        })
    });
    let title = format!("project-{id}");
    let title_id = title.clone();
    let page = project_page(&id);
    let project = id.clone();
    let list = move || {
        let failing = failing.get();
        let rows = failing.into_iter().map(|of| failing_application(&project, of)).collect_view();
        (!rows.is_empty()).then(|| view! { <ul class="failing">{rows}</ul> })
    };
    view! {
        <section class="card" aria-labelledby=title>
            <h2 id=title_id>
                <Link to=page>{name}</Link>
            </h2>
            {move || health.get().map(|sentence| view! { <p>{sentence}</p> })}
            {list}
            <ObservationNote project=id status now=live.now />
        </section>
    }
    .into_any()
}

fn failing_application(project: &str, of: FailingApplication) -> AnyView {
    let name = ApplicationName::of(&of.id);
    let text = format!(" {}, {}: {}", name.phrase(), report_title(&of.report), of.why);
    let text = if of.why.is_empty() { format!(" {}", name.phrase()) } else { text };
    let (page, name) = (application_page(project, &of.id), name.name.to_owned());
    view! {
        <li>
            {status_badge(of.status)} " " <Link to=page>{name}</Link> {text}
        </li>
    }
    .into_any()
}
