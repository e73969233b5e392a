//! Shows the form of a new project: its name, its Prometheus with a test, and the first numbers as they arrive.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;
use serde_json::{Map, Value, json};

use super::{
    answer::sentence,
    api::ApiClient,
    link::Link,
    settings::{
        form_fields::NEW_PROJECT,
        form_state::FormState,
        form_view::FormView,
        observation_view::ObservationView,
        requests::{RequestResult, send},
        stored_form::{FormTest, run_test},
    },
    title::Title,
};

/// The page.
#[component]
pub(super) fn NewProject() -> impl IntoView {
    let params = use_params_map();
    let other = move || params.read().get("tab").filter(|tab| tab != "prometheus");
    let unknown = move || {
        other().map(|tab| {
            let why = format!("There is no tab “{tab}” here. A new project begins with its Prometheus.");
            view! { <p class="failure" role="alert">{why}</p> }
        })
    };
    view! {
        <Title text="New project" />
        <p class="lead">"A project is what one Prometheus knows: a cluster, or some machines."</p>
        {unknown}
        <NewProjectForm />
    }
}

/// The form, and after it what is observed.
#[component]
pub(super) fn NewProjectForm() -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let form = FormState::new(api, "new", NEW_PROJECT, &Value::Null);
    let read_only = RwSignal::new(None::<String>);
    spawn_local(async move {
        let access = send(api, "GET", "api/settings".to_owned(), None).await.unwrap_or_default();
        let _closed = read_only.try_set(access["read_only"].as_str().map(sentence));
    });
    let is_read_only = Signal::derive(move || read_only.read().is_some());
    // The project that exists, even if its Prometheus was refused.
    let created = RwSignal::new(None::<String>);
    let is_done = RwSignal::new(false);
    let submit = Callback::new(move |()| {
        let Some(request) = form.request("") else { return };
        let request = create(api, created, request);
        form.run(Box::pin(request), Box::new(move |_| is_done.set(true)));
    });
    let test = move |_| {
        run_test(form, "api/prometheus-test".to_owned(), FormTest::Typed("Test the connection"));
    };
    let observed = move || {
        let id = created.get().filter(|_| is_done.get())?;
        let id = String::from(js_sys::encode_uri_component(&id));
        let (project, settings) = (format!("/p/{id}"), format!("/p/{id}/settings/prometheus"));
        Some(view! {
            <p class="notice" role="status">
                "The project is made. "
                <Link to=project>"Open it"</Link>
                ", or change "
                <Link to=settings>"its settings"</Link>
                "."
            </p>
            <ObservationView api address=format!("api/projects/{id}/observation") />
        })
    };
    view! {
        {move || read_only.get().map(|why| view! { <p class="notice">{why} " No project can be made here."</p> })}
        <section class="card" aria-labelledby="new-title" hidden=move || is_done.get()>
            <h2 id="new-title">"Its name and its Prometheus"</h2>
            <FormView form action="Make the project" read_only=is_read_only submit>
                <button type="button" class="quiet" on:click=test>
                    "Test the connection"
                </button>
            </FormView>
        </section>
        {observed}
    }
}

/// Makes the project, unless an earlier attempt did, and sets its Prometheus.
async fn create(
    api: ApiClient,
    created: RwSignal<Option<String>>,
    mut request: Map<String, Value>,
) -> RequestResult {
    let name = json!({ "name": request.remove("name") });
    let id = match created.get_untracked() {
        Some(id) => {
            send(api, "PUT", project_address(&id), Some(name)).await?;
            id
        }
        None => {
            let project = send(api, "POST", "api/projects".to_owned(), Some(name)).await?;
            let id = project["id"].as_str().unwrap_or_default().to_owned();
            created.set(Some(id.clone()));
            id
        }
    };
    send(api, "PUT", project_address(&id) + "/prometheus", Some(request.into())).await
}

fn project_address(id: &str) -> String {
    format!("api/projects/{}", js_sys::encode_uri_component(id))
}
