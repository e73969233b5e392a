//! Does what is asked for on the page of a project's settings.

use std::{cell::RefCell, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use serde_json::{Value, json};
use web_sys::Element;

use super::{
    TABS,
    form_events::OpenForm,
    form_fields::{CATEGORIES, CLICKHOUSE, PROJECT_NAME, PROMETHEUS},
    form_html::{FormPlan, FormTest},
    inspections_tab::{inspection_cells, inspection_table, inspections_tab},
    notifications_tab::{notification_forms, notifications_tab},
    observation_follow::follow,
    observation_text::observation_card,
    project_tab::{end_html, project_tab},
    record_tables::{incident_table, notification_table},
    requests::{RequestFailure, send},
    sheet::{Sheet, SheetEvents, focus, value_of},
};
use crate::ui::{
    answer::sentence,
    api::ApiClient,
    browser,
    html::{LOADING, card, escaped, failure},
    page_paths::project_page,
    threshold_text::{threshold_text, typed_threshold, unit_of},
};

/// Which tab of which project is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettingsPlace {
    pub(super) project: String,
    /// The value in the path; empty for the project itself.
    pub(super) tab: String,
    /// The path of the settings, without a tab.
    pub(super) page: String,
}

/// The page of a project's settings.
pub(super) struct SettingsEvents {
    api: ApiClient,
    /// The path that the interface is served under, without a slash at its end.
    root: String,
    place: Memo<SettingsPlace>,
    /// What is open, once it is known.
    opened: RefCell<Option<OpenTab>>,
}

/// A tab that is open.
struct OpenTab {
    is_read_only: bool,
    forms: Vec<OpenForm>,
}

impl SettingsEvents {
    pub(super) fn new(api: ApiClient, root: String, place: Memo<SettingsPlace>) -> Self {
        Self { api, root, place, opened: RefCell::new(None) }
    }

    /// The address of what is below the open project.
    fn address(&self, path: &str) -> String {
        let id = js_sys::encode_uri_component(&self.place.get_untracked().project);
        let slash = if path.is_empty() { "" } else { "/" };
        format!("api/projects/{id}{slash}{path}")
    }

    fn open(self: Rc<Self>, sheet: &Sheet, place: SettingsPlace) {
        *self.opened.borrow_mut() = None;
        let sheet = sheet.reopened();
        sheet.show("", &[&tabs_html(&place), LOADING].concat());
        spawn_local(async move {
            let access = send(self.api, "GET", "api/settings".to_owned(), None).await;
            let projects = send(self.api, "GET", "api/projects".to_owned(), None).await;
            // Another tab or page may be open by now, or about to be opened.
            if !sheet.is_open() || self.place.try_get_untracked().as_ref() != Some(&place) {
                return;
            }
            let opened = access.and_then(|access| Ok((access, project_of(projects?, &place.project)?)));
            match opened {
                Ok((access, project)) => self.show(&sheet, &place, &project, access["read_only"].as_str()),
                Err(RequestFailure { why, .. }) => {
                    sheet.show("", &[tabs_html(&place), failure(&why)].concat());
                }
            }
        });
    }

    fn show(&self, sheet: &Sheet, place: &SettingsPlace, project: &Value, read_only: Option<&str>) {
        let (content, plans) = self.content(&place.tab, project, read_only.is_some());
        let name = escaped(project["name"].as_str().unwrap_or_default());
        let notice = read_only.map_or_else(String::new, |why| {
            format!(r#"<p class="notice">{} Nothing can be changed here.</p>"#, escaped(&sentence(why)))
        });
        let name = format!(r#"<p class="subject">{name}</p>"#);
        sheet.show("", &[name, tabs_html(place), notice, content].concat());
        let is_read_only = read_only.is_some();
        let open = |plan| OpenForm { api: self.api, sheet: sheet.clone(), plan: Rc::new(plan), is_read_only };
        let forms: Vec<OpenForm> = plans.into_iter().map(open).collect();
        forms.iter().cloned().for_each(OpenForm::load);
        *self.opened.borrow_mut() = Some(OpenTab { is_read_only, forms });
        self.load_lists(sheet);
    }

    /// The content of a tab, and its forms.
    fn content(&self, tab: &str, project: &Value, is_read_only: bool) -> (String, Vec<FormPlan>) {
        let plan = |id, fields, path: &str| FormPlan::new(id, fields, self.address(path));
        let (forms, content) = match tab {
            "" => {
                let form = plan("project", PROJECT_NAME, "");
                let name = project["name"].as_str().unwrap_or_default();
                let content = project_tab(name, &form.place(), is_read_only);
                (vec![form], content)
            }
            "prometheus" => {
                let form = FormPlan {
                    is_stored: project["prometheus"] == true,
                    test: Some(FormTest::Typed),
                    removal: Some("Everything that was observed of this project is deleted with it."),
                    ..plan("prometheus", PROMETHEUS, "prometheus")
                };
                let note = "It is asked for the metrics of coroot-node-agent, kube-state-metrics and exporters. Nothing \
                    is written to it.";
                let content = form_card(&form, "Prometheus", note) + &observation_card();
                (vec![form], content)
            }
            "clickhouse" => {
                let form = FormPlan {
                    is_stored: project["clickhouse"] == true,
                    removal: Some("Programs on the same settings have no access to it any more."),
                    ..plan("clickhouse", CLICKHOUSE, "clickhouse")
                };
                let note = "This program stores the access and connects to nothing. That there is one is in reports; \
                    where it is, is not.";
                let content = form_card(&form, "ClickHouse", note);
                (vec![form], content)
            }
            "inspections" => (Vec::new(), inspections_tab()),
            "applications" => {
                let form = plan("categories", CATEGORIES, "categories");
                let note = "An application belongs to the category with a pattern that matches its namespace and name. \
                    Categories such as <code>monitoring</code> and <code>control-plane</code> have patterns of their own \
                    besides; applications in them are not counted. A report has the number of categories here, and no name.";
                let content = form_card(&form, "Categories of applications", note);
                (vec![form], content)
            }
            "notifications" => {
                let configured = project["integrations"].as_array().into_iter().flatten();
                let configured: Vec<&str> = configured.filter_map(Value::as_str).collect();
                let forms = notification_forms(&self.address("integrations"), &configured);
                let content = notifications_tab(&forms);
                (forms, content)
            }
            other => (Vec::new(), failure(&format!("There is no tab “{other}” in this product."))),
        };
        (content, forms)
    }

    /// Loads what is not in a form.
    fn load_lists(&self, sheet: &Sheet) {
        let place = self.place.get_untracked();
        let applications = [self.root.as_str(), &project_page(&place.project), "/app/"].concat();
        let is_read_only = self.opened.borrow().as_ref().is_some_and(|opened| opened.is_read_only);
        match place.tab.as_str() {
            "prometheus" => follow(self.api, sheet, self.address("observation")),
            "inspections" => self.load_list(
                sheet,
                "inspections",
                Box::new(move |answer| inspection_table(&answer, is_read_only)),
            ),
            "notifications" => {
                let now = browser::now_seconds();
                let of_incidents = applications.clone();
                let incidents = move |answer| incident_table(&answer, &of_incidents, now);
                self.load_list(sheet, "incidents", Box::new(incidents));
                let notifications = move |answer| notification_table(&answer, &applications, now);
                self.load_list(sheet, "notifications", Box::new(notifications));
            }
            _ => {}
        }
    }

    fn load_list(&self, sheet: &Sheet, path: &'static str, html: Box<dyn FnOnce(Value) -> String>) {
        let (api, address, sheet) = (self.api, self.address(path), sheet.clone());
        spawn_local(async move {
            let answer = send(api, "GET", address, None).await;
            if sheet.is_open() {
                sheet.show(path, &answer.map_or_else(|failed| failure(&failed.why), html));
            }
        });
    }

    /// Deletes the open project, and leaves its pages.
    fn end(&self, sheet: &Sheet) {
        let (api, address, sheet) = (self.api, self.address(""), sheet.clone());
        spawn_local(async move {
            let ended = send(api, "DELETE", address, None).await;
            match ended {
                _ if !sheet.is_open() => {}
                Ok(_) => browser::open(&api.base()),
                Err(failure) => sheet.say("end-failure", &failure.why),
            }
        });
    }

    /// Sets the threshold of an inspection, or removes it.
    fn set_threshold(&self, sheet: &Sheet, form: &Element, does: &str) {
        let Some(id) = form.get_attribute("data-inspection") else { return };
        let said = [&id, "-error"].concat();
        let body = if does == "set-threshold" {
            let typed = sheet.by_id(&[&id, "-threshold"].concat()).map(|field| value_of(&field));
            match typed_threshold(&typed.unwrap_or_default()) {
                Ok(threshold) => Some(json!({ "threshold": threshold })),
                Err(why) => return sheet.say(&said, why),
            }
        } else {
            None
        };
        sheet.say(&said, "");
        let (api, address, sheet) = (self.api, self.address("inspections"), sheet.clone());
        spawn_local(async move {
            let method = if body.is_some() { "PUT" } else { "DELETE" };
            let changed = send(api, method, format!("{address}/{id}"), body).await;
            // What is in force now is known by the server alone.
            let all = match changed {
                Ok(_) => send(api, "GET", address, None).await,
                Err(failure) => Err(failure),
            };
            match all {
                _ if !sheet.is_open() => {}
                Ok(all) => show_inspection(&sheet, &id, &all),
                Err(failure) => sheet.say(&said, &failure.why),
            }
        });
    }
}

/// Shows an inspection of a list as it is now, and says what is in force.
fn show_inspection(sheet: &Sheet, id: &str, all: &Value) {
    let found = all["inspections"].as_array().into_iter().flatten().find(|inspection| inspection["id"] == id);
    let Some(inspection) = found else { return };
    sheet.show(&["row-", id].concat(), &inspection_cells(inspection));
    let in_force = threshold_text(inspection["in_force"].as_f64(), unit_of(&inspection["unit"]));
    sheet.say("inspections-said", &format!("{id}: {in_force} is in force."));
    focus(&[id, "-threshold"].concat());
}

impl SheetEvents for SettingsEvents {
    fn begin(self: Rc<Self>, sheet: Sheet) {
        Effect::new(move |_| Rc::clone(&self).open(&sheet, self.place.get()));
    }

    fn act(self: Rc<Self>, sheet: &Sheet, does: &str, element: &Element) {
        match does {
            "ask-end" => {
                sheet.show("end-removal", &end_html(true));
                focus("end-spare");
            }
            "spare-end" => {
                sheet.show("end-removal", &end_html(false));
                focus("end-ask");
            }
            "end" => self.end(sheet),
            "set-threshold" | "reset-threshold" => {
                if let Some(form) = element.closest("form").ok().flatten() {
                    self.set_threshold(sheet, &form, does);
                }
            }
            _ => {
                if let Some(form) = self.form_of(element) {
                    form.act(does, element);
                }
            }
        }
    }

    fn typed(&self, _: &Sheet, element: &Element) {
        if let Some(form) = self.form_of(element) {
            form.typed(element);
        }
    }
}

impl SettingsEvents {
    /// The form around an element.
    fn form_of(&self, element: &Element) -> Option<OpenForm> {
        let id = element.closest("form").ok().flatten()?.id();
        self.opened.borrow().as_ref()?.forms.iter().find(|form| form.plan.id == id).cloned()
    }
}

/// The project with an id in a list.
fn project_of(mut answer: Value, id: &str) -> Result<Value, RequestFailure> {
    let projects = answer["projects"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let unknown = || RequestFailure { why: "There is no project at this address.".to_owned(), field: None };
    projects.into_iter().find(|project| project["id"] == id).ok_or_else(unknown)
}

fn form_card(form: &FormPlan, title: &str, note: &str) -> String {
    card(&[form.id, "-card"].concat(), title, &format!(r#"<p class="note">{note}</p>{}"#, form.place()))
}

/// Links to the tabs.
fn tabs_html(place: &SettingsPlace) -> String {
    let link = |(value, name): &(&str, &str)| {
        let slash = if value.is_empty() { "" } else { "/" };
        let current = if *value == place.tab { r#" aria-current="page""# } else { "" };
        format!(r#"<li><a href="{}{slash}{value}"{current}>{name}</a></li>"#, escaped(&place.page))
    };
    let links: String = TABS.iter().map(link).collect();
    format!(r#"<nav class="tabs" aria-label="Settings"><ul>{links}</ul></nav>"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_tab_is_marked_and_the_path_is_text() {
        let place = SettingsPlace {
            project: "a".to_owned(),
            tab: "inspections".to_owned(),
            page: "/x/p/a\"/settings".to_owned(),
        };
        let html = tabs_html(&place);
        assert!(
            html.contains(r#"<a href="/x/p/a&quot;/settings/inspections" aria-current="page">"#),
            "{html}"
        );
        assert!(html.contains(r#"<a href="/x/p/a&quot;/settings">Project</a>"#), "{html}");
        assert_eq!(html.matches("aria-current").count(), 1);
    }

    #[test]
    fn a_project_that_is_not_in_the_list_is_none() {
        let list = json!({"projects": [{"id": "a"}, {"id": "b"}]});
        assert_eq!(project_of(list.clone(), "b").map(|project| project["id"].clone()), Ok(json!("b")));
        assert!(project_of(list, "c").is_err());
    }
}
