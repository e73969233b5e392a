//! Shows the form of a new project: its name, its Prometheus with a test, and the first numbers as they arrive.

use std::{cell::RefCell, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;
use serde_json::{Map, Value, json};
use web_sys::Element;

use super::{
    answer::sentence,
    api::ApiClient,
    html::{card, escaped, failure},
    link::InterfaceBase,
    settings::{
        form_events::OpenForm,
        form_fields::NEW_PROJECT,
        form_html::{FormPlan, FormTest},
        observation_follow::follow,
        observation_text::observation_card,
        requests::{RequestResult, send},
        sheet::{Sheet, SheetEvents, sheet},
    },
    title::Title,
};

/// The page.
#[component]
pub(super) fn NewProject() -> impl IntoView {
    let params = use_params_map();
    let unknown = move || {
        let tab = params.read().get("tab").filter(|tab| tab != "prometheus")?;
        let why = format!("There is no tab “{tab}” here. A new project begins with its Prometheus.");
        Some(view! { <p class="failure" role="alert">{why}</p> })
    };
    view! {
        <Title text="New project" />
        <p class="lead">"A project is what one Prometheus knows: a cluster, or some machines."</p>
        {unknown}
        {new_project_form()}
    }
}

/// The form, and after it what is observed.
pub(super) fn new_project_form() -> AnyView {
    let InterfaceBase(root) = expect_context::<InterfaceBase>();
    let api = expect_context::<ApiClient>();
    sheet(Rc::new(NewProjectEvents { api, root, form: RefCell::default(), created: Rc::default() }))
}

/// The form of a new project.
struct NewProjectEvents {
    api: ApiClient,
    /// The path that the interface is served under, without a slash at its end.
    root: String,
    form: RefCell<Option<OpenForm>>,
    /// The id of the project that exists, even if its Prometheus was refused.
    created: Rc<RefCell<Option<String>>>,
}

impl SheetEvents for NewProjectEvents {
    fn begin(self: Rc<Self>, sheet: Sheet) {
        let plan = FormPlan {
            is_stored: false,
            action: "Make the project",
            test: Some(FormTest::Typed),
            ..FormPlan::new("new", NEW_PROJECT, String::new())
        };
        sheet.show("", &card("new-card", "Its name and its Prometheus", &plan.place()));
        spawn_local(async move {
            let read_only = match send(self.api, "GET", "api/settings".to_owned(), None).await {
                Ok(access) => access["read_only"].as_str().map(sentence),
                Err(failed) => return sheet.show("", &failure(&failed.why)),
            };
            let notice = read_only.as_ref().map_or_else(String::new, |why| {
                format!(r#"<p class="notice">{} No project can be made here.</p>"#, escaped(why))
            });
            let content = card("new-card", "Its name and its Prometheus", &plan.place());
            sheet.show("", &[notice, content].concat());
            let is_read_only = read_only.is_some();
            let form = OpenForm { api: self.api, sheet, plan: Rc::new(plan), is_read_only };
            form.clone().load();
            *self.form.borrow_mut() = Some(form);
        });
    }

    fn act(self: Rc<Self>, _: &Sheet, does: &str, element: &Element) {
        let Some(form) = self.form.borrow().clone() else { return };
        match does {
            "save" => self.save(&form),
            "test" => form.test("api/prometheus-test"),
            _ => form.act(does, element),
        }
    }

    fn typed(&self, _: &Sheet, element: &Element) {
        if let Some(form) = self.form.borrow().as_ref() {
            form.typed(element);
        }
    }
}

impl NewProjectEvents {
    fn save(self: Rc<Self>, form: &OpenForm) {
        let Some(request) = form.request("") else { return };
        let created = create(self.api, Rc::clone(&self.created), request);
        let sheet = form.sheet.clone();
        form.run(Box::pin(created), Box::new(move |_| self.show_first_numbers(&sheet)));
    }

    fn show_first_numbers(&self, sheet: &Sheet) {
        let id = self.created.borrow().clone().unwrap_or_default();
        let (id, root) = (String::from(js_sys::encode_uri_component(&id)), &self.root);
        let made = format!(
            r#"<p class="notice" role="status">The project is made. <a href="{root}/p/{id}">Open it</a>, or change
<a href="{root}/p/{id}/settings/prometheus">its settings</a>.</p>"#
        );
        sheet.show("", &[made, observation_card()].concat());
        follow(self.api, sheet, format!("api/projects/{id}/observation"));
    }
}

/// Makes the project, unless an earlier attempt did, and sets its Prometheus.
async fn create(
    api: ApiClient,
    created: Rc<RefCell<Option<String>>>,
    mut request: Map<String, Value>,
) -> RequestResult {
    let name = json!({ "name": request.remove("name") });
    let before = created.borrow().clone();
    let (method, address) = match &before {
        Some(id) => ("PUT", project_address(id)),
        None => ("POST", "api/projects".to_owned()),
    };
    let project = send(api, method, address, Some(name)).await?;
    let id = project["id"].as_str().unwrap_or_default().to_owned();
    *created.borrow_mut() = Some(id.clone());
    send(api, "PUT", project_address(&id) + "/prometheus", Some(request.into())).await
}

fn project_address(id: &str) -> String {
    format!("api/projects/{}", js_sys::encode_uri_component(id))
}
