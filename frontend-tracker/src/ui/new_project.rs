//! Shows the form of a new project: its name, its Prometheus with a test, and the first numbers as they arrive.

use std::{cell::RefCell, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use serde_json::{Map, Value, json};
use web_sys::Element;

use super::{
    answer::sentence,
    api::ApiClient,
    html::{AGAIN, card, escaped, failure_again},
    link::InterfaceBase,
    location::OpenLocation,
    page_paths::{PageKind, segment},
    settings::{
        form_events::OpenForm,
        form_html::{FormPlan, FormTest},
        observation_follow::follow,
        observation_text::observation_card,
        requests::{RequestResult, send},
        sheet::{Sheet, SheetEvents, sheet},
    },
    texts::{form_fields::NEW_PROJECT, new_project as texts},
    title::Title,
};

/// The page.
#[component]
pub(super) fn NewProject() -> impl IntoView {
    let address = expect_context::<OpenLocation>().page(PageKind::NewProject);
    let unknown = move || {
        let tab = address.with(|address| address.tab.clone());
        if matches!(tab.as_str(), "" | "prometheus") {
            return None;
        }
        Some(view! { <p class="failure" role="alert">{texts::no_tab(&tab)}</p> })
    };
    view! {
        <Title text=texts::NEW_PROJECT />
        <p class="lead">{texts::WHAT_A_PROJECT_IS}</p>
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
            action: texts::MAKE,
            test: Some(FormTest::Typed),
            ..FormPlan::new("new", NEW_PROJECT, String::new())
        };
        sheet.show("", &card("new-card", texts::NAME_AND_PROMETHEUS, &plan.place()));
        spawn_local(async move {
            let read_only = match send(self.api, "GET", "api/settings".to_owned(), None).await {
                Ok(access) => access["read_only"].as_str().map(sentence),
                Err(failed) => return sheet.show("", &failure_again(&failed.why, "")),
            };
            let notice = read_only.as_ref().map_or_else(String::new, |why| {
                format!(r#"<p class="notice">{} {}</p>"#, escaped(why), texts::NOT_HERE)
            });
            let content = card("new-card", texts::NAME_AND_PROMETHEUS, &plan.place());
            sheet.show("", &[notice, content].concat());
            let is_read_only = read_only.is_some();
            let form = OpenForm { api: self.api, sheet, plan: Rc::new(plan), is_read_only };
            form.clone().load();
            *self.form.borrow_mut() = Some(form);
        });
    }

    fn act(self: Rc<Self>, sheet: &Sheet, act: &str, button: &Element) {
        if act == AGAIN {
            return self.begin(sheet.clone());
        }
        let Some(form) = self.form.borrow().clone() else { return };
        match act {
            "save" => self.save(&form),
            "test" => form.test("api/prometheus-test"),
            _ => form.act(act, button),
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
        let (id, root) = (segment(&id), &self.root);
        let page = format!("{root}/p/{id}");
        let made = texts::made_html(&page, &format!("{page}/settings/prometheus"));
        let made = format!(r#"<p class="done" role="status" id="made" tabindex="-1">{made}</p>"#);
        sheet.show("", &[made, observation_card()].concat());
        sheet.take_focus("made");
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
    format!("api/projects/{}", segment(id))
}
