//! Does what is asked for on the page of a project's settings.

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;
use web_sys::Element;

use super::{
    form_events::OpenForm,
    form_html::{FormPlan, FormTest},
    inspections_tab::{in_force_text, inspection_cells, inspection_table, inspections_tab, override_of},
    notifications_tab::{notification_forms, notifications_tab},
    observation_follow::follow,
    observation_text::observation_card,
    project_tab::{end_html, project_tab},
    record_tables::{incident_table, notification_table},
    requests::send,
    sheet::{Sheet, SheetEvents, focus, value_of},
};
use crate::ui::{
    answer::{RequestFailure, sentence},
    api::ApiClient,
    browser,
    html::{AGAIN, LOADING, card, escaped, failure, failure_again},
    page_paths::{PageAddress, project_page, segment, settings_page},
    texts::{
        form_fields::{CATEGORIES, CLICKHOUSE, PROJECT_NAME, PROMETHEUS},
        settings,
    },
};

/// The page of a project's settings.
pub(super) struct SettingsEvents {
    api: ApiClient,
    /// The path that the interface is served under, without a slash at its end.
    root: String,
    place: Memo<PageAddress>,
    /// What is open, once it is known.
    opened: RefCell<Option<OpenTab>>,
}

/// How often lists are loaded again that have no field.
const PACE: Duration = Duration::from_secs(30);

/// Writes a list from an answer and the server's time.
type ListHtml = Box<dyn Fn(&Value, u64) -> String>;

/// A list that is open.
struct OpenList {
    api: ApiClient,
    sheet: Sheet,
    /// The id of its element.
    path: &'static str,
    address: String,
    /// How often it is loaded again, if it is.
    pace: Option<Duration>,
    html: ListHtml,
}

impl OpenList {
    /// Loads it, and again as long as it is open.
    fn load(self, is_again: bool) {
        spawn_local(async move {
            let is_asked = !is_again || browser::is_visible() && !self.api.is_signed_out().get_untracked();
            if is_asked {
                let answer = send(self.api, "GET", self.address.clone(), None).await;
                if !self.sheet.is_open() {
                    return;
                }
                match answer {
                    Ok(answer) => {
                        let html = (self.html)(&answer, self.api.server_time());
                        if is_again {
                            self.sheet.refresh(self.path, &html)
                        } else {
                            self.sheet.show(self.path, &html)
                        }
                    }
                    Err(failed) if !is_again => {
                        return self.sheet.show(self.path, &failure_again(&failed.why, self.path));
                    }
                    // What is shown stays.
                    Err(_) => {}
                }
            }
            let Some(pace) = self.pace.filter(|_| self.sheet.is_open()) else { return };
            set_timeout(move || self.load(true), pace);
        });
    }
}

/// A tab that is open.
struct OpenTab {
    is_read_only: bool,
    forms: Vec<OpenForm>,
}

impl SettingsEvents {
    pub(super) fn new(api: ApiClient, root: String, place: Memo<PageAddress>) -> Self {
        Self { api, root, place, opened: RefCell::new(None) }
    }

    /// The address of what is below the open project.
    fn address(&self, path: &str) -> String {
        let id = segment(&self.place.get_untracked().project);
        let slash = if path.is_empty() { "" } else { "/" };
        format!("api/projects/{id}{slash}{path}")
    }

    /// The beginning of the address of an application of the open project.
    fn applications(&self) -> String {
        let project = project_page(&self.place.get_untracked().project);
        [self.root.as_str(), &project, "/app/"].concat()
    }

    fn open(self: Rc<Self>, sheet: &Sheet, place: PageAddress) {
        *self.opened.borrow_mut() = None;
        let sheet = sheet.reopened();
        sheet.show("", &[&tabs_html(&self.root, &place), LOADING].concat());
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
                    let again = failure_again(&why, "");
                    sheet.show("", &[tabs_html(&self.root, &place), again].concat());
                }
            }
        });
    }

    fn show(&self, sheet: &Sheet, place: &PageAddress, project: &Value, read_only: Option<&str>) {
        let (content, plans) = self.content(&place.tab, project, read_only.is_some());
        let name = escaped(project["name"].as_str().unwrap_or_default());
        let notice = read_only.map_or_else(String::new, |why| {
            format!(r#"<p class="notice">{} {}</p>"#, escaped(&sentence(why)), settings::NOTHING_CHANGES)
        });
        let subject = subject_html(&self.root, &place.project, &name);
        sheet.show("", &[subject, tabs_html(&self.root, place), notice, content].concat());
        let is_read_only = read_only.is_some();
        let open = |plan| OpenForm { api: self.api, sheet: sheet.clone(), plan: Rc::new(plan), is_read_only };
        let forms: Vec<OpenForm> = plans.into_iter().map(open).collect();
        forms.iter().cloned().for_each(OpenForm::load);
        *self.opened.borrow_mut() = Some(OpenTab { is_read_only, forms });
        self.load_lists(sheet, "");
    }

    /// Loads again what could not be loaded: the form or the list with an id, or everything.
    fn load_again(self: Rc<Self>, sheet: &Sheet, part: &str) {
        if part.is_empty() {
            let place = self.place.get_untracked();
            return self.open(sheet, place);
        }
        let form = self.form_with(part);
        match form {
            Some(form) => form.load(),
            None => self.load_lists(sheet, part),
        }
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
                    removal: Some(settings::PROMETHEUS_REMOVAL),
                    ..plan("prometheus", PROMETHEUS, "prometheus")
                };
                let content =
                    form_card(&form, settings::PROMETHEUS, settings::PROMETHEUS_NOTE) + &observation_card();
                (vec![form], content)
            }
            "clickhouse" => {
                let form = FormPlan {
                    is_stored: project["clickhouse"] == true,
                    removal: Some(settings::CLICKHOUSE_REMOVAL),
                    ..plan("clickhouse", CLICKHOUSE, "clickhouse")
                };
                let content = form_card(&form, settings::CLICKHOUSE, settings::CLICKHOUSE_NOTE);
                (vec![form], content)
            }
            "inspections" => (Vec::new(), inspections_tab()),
            "applications" => {
                let form = plan("categories", CATEGORIES, "categories");
                let content = form_card(&form, settings::CATEGORIES, settings::CATEGORIES_NOTE_HTML);
                (vec![form], content)
            }
            "notifications" => {
                let configured = project["integrations"].as_array().into_iter().flatten();
                let configured: Vec<&str> = configured.filter_map(Value::as_str).collect();
                let forms = notification_forms(&self.address("integrations"), &configured);
                let content = notifications_tab(&forms);
                (forms, content)
            }
            other => (Vec::new(), failure(&settings::no_tab(other))),
        };
        (content, forms)
    }

    /// Loads what is not in a form: one list, or for an empty id all of them.
    fn load_lists(&self, sheet: &Sheet, only: &str) {
        let place = self.place.get_untracked();
        let applications = self.applications();
        let is_read_only = self.opened.borrow().as_ref().is_some_and(|opened| opened.is_read_only);
        let load = |path: &'static str, pace, html: ListHtml| {
            if only.is_empty() || only == path {
                OpenList {
                    api: self.api,
                    sheet: sheet.clone(),
                    path,
                    address: self.address(path),
                    pace,
                    html,
                }
                .load(false);
            }
        };
        match place.tab.as_str() {
            "prometheus" => follow(self.api, sheet, self.address("observation")),
            // What is typed in it stays.
            "inspections" => load(
                "inspections",
                None,
                Box::new(move |answer, _| inspection_table(answer, &applications, is_read_only)),
            ),
            "notifications" => {
                let of_incidents = applications.clone();
                let incidents = move |answer: &Value, now| incident_table(answer, &of_incidents, now);
                let notifications = move |answer: &Value, now| notification_table(answer, &applications, now);
                load("incidents", Some(PACE), Box::new(incidents));
                load("notifications", Some(PACE), Box::new(notifications));
            }
            _ => {}
        }
    }

    /// Deletes the open project, and leaves its pages.
    fn end(&self, sheet: &Sheet, button: &Element) {
        if !browser::begin_work(button) {
            return;
        }
        sheet.say("end-failure", "");
        let (api, address, sheet, button) = (self.api, self.address(""), sheet.clone(), button.clone());
        spawn_local(async move {
            let ended = send(api, "DELETE", address, None).await;
            browser::end_work(&button);
            match ended {
                _ if !sheet.is_open() => {}
                Ok(_) => browser::open(&api.base()),
                Err(failure) => sheet.say("end-failure", &failure.why),
            }
        });
    }

    /// Sets what was typed for an inspection, or removes it.
    fn set_threshold(&self, sheet: &Sheet, form: &Element, act: &str) {
        let Some(id) = form.get_attribute("data-inspection") else { return };
        let unit = form.get_attribute("data-unit").unwrap_or_default();
        let said = [&id, "-error"].concat();
        let typed = |part: &str| {
            let field = sheet.by_id(&[&id, part].concat());
            field.as_ref().map(value_of).unwrap_or_default()
        };
        let body = match act {
            "set-threshold" => override_of(&id, &unit, &typed("-threshold"), &typed("-quick")).map(Some),
            _ => Ok(None),
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => return sheet.say(&said, why),
        };
        if !browser::begin_work(form) {
            return;
        }
        sheet.say(&said, "");
        let (api, address, sheet, form) =
            (self.api, self.address("inspections"), sheet.clone(), form.clone());
        let applications = self.applications();
        spawn_local(async move {
            let method = if body.is_some() { "PUT" } else { "DELETE" };
            let changed = send(api, method, format!("{address}/{id}"), body).await;
            // What is in force now is known by the server alone.
            let all = match changed {
                Ok(_) => send(api, "GET", address, None).await,
                Err(failure) => Err(failure),
            };
            browser::end_work(&form);
            match all {
                _ if !sheet.is_open() => {}
                Ok(all) => show_inspection(&sheet, &id, &all, &applications),
                Err(failure) => sheet.say(&said, &failure.why),
            }
        });
    }
}

/// Shows an inspection of a list as it is now, and says what is in force.
fn show_inspection(sheet: &Sheet, id: &str, all: &Value, applications: &str) {
    let found = all["inspections"].as_array().into_iter().flatten().find(|inspection| inspection["id"] == id);
    let Some(inspection) = found else { return };
    let row = ["row-", id].concat();
    let has_focus = sheet.by_id(&row).is_some_and(|row| browser::has_focus(&row));
    sheet.show(&row, &inspection_cells(all, inspection, applications));
    let title = inspection["title"].as_str().unwrap_or_default();
    sheet.say("inspections-said", &settings::is_in_force(title, &in_force_text(inspection)));
    if has_focus {
        focus(&[id, "-threshold"].concat());
    }
}

impl SheetEvents for SettingsEvents {
    fn begin(self: Rc<Self>, sheet: Sheet) {
        Effect::new(move |_| Rc::clone(&self).open(&sheet, self.place.get()));
    }

    fn act(self: Rc<Self>, sheet: &Sheet, act: &str, button: &Element) {
        match act {
            "ask-end" => {
                sheet.show("end-removal", &end_html(true));
                focus("end-spare");
            }
            "spare-end" => {
                sheet.show("end-removal", &end_html(false));
                focus("end-ask");
            }
            "end" => self.end(sheet, button),
            AGAIN => {
                let part = button.get_attribute("data-part").unwrap_or_default();
                self.load_again(sheet, &part);
            }
            "set-threshold" | "reset-threshold" => {
                if let Some(form) = button.closest("form").ok().flatten() {
                    self.set_threshold(sheet, &form, act);
                }
            }
            _ => {
                if let Some(form) = self.form_of(button) {
                    form.act(act, button);
                }
            }
        }
    }

    fn typed(&self, _: &Sheet, element: &Element) {
        if let Some(form) = self.form_of(element) {
            form.typed(element);
        } else if let Ok(Some(form)) = element.closest("form") {
            // That of a threshold, which is shown anew once it is set.
            browser::note_typed(&form, true);
        }
    }
}

impl SettingsEvents {
    /// The form around an element.
    fn form_of(&self, element: &Element) -> Option<OpenForm> {
        self.form_with(&element.closest("form").ok().flatten()?.id())
    }

    fn form_with(&self, id: &str) -> Option<OpenForm> {
        self.opened.borrow().as_ref()?.forms.iter().find(|form| form.plan.id == id).cloned()
    }
}

/// The project with an id in a list.
fn project_of(mut answer: Value, id: &str) -> Result<Value, RequestFailure> {
    let projects = answer["projects"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let unknown = || RequestFailure { why: settings::NO_PROJECT.to_owned(), field: None };
    projects.into_iter().find(|project| project["id"] == id).ok_or_else(unknown)
}

fn form_card(form: &FormPlan, title: &str, note: &str) -> String {
    card(&[form.id, "-card"].concat(), title, &format!(r#"<p class="note">{note}</p>{}"#, form.place()))
}

/// The name of a project, which is HTML, as a link to its page.
fn subject_html(root: &str, project: &str, name: &str) -> String {
    let page = escaped(&[root, &project_page(project)].concat());
    format!(r#"<p class="subject"><a href="{page}" data-project-name>{name}</a></p>"#)
}

/// Links to the tabs.
fn tabs_html(root: &str, place: &PageAddress) -> String {
    let page = escaped(&[root, &settings_page(&place.project)].concat());
    let link = |(value, name): &(&str, &str)| {
        let slash = if value.is_empty() { "" } else { "/" };
        let current = if *value == place.tab { r#" aria-current="page""# } else { "" };
        format!(r#"<li><a href="{page}{slash}{value}"{current}>{name}</a></li>"#)
    };
    let links: String = settings::TABS.iter().map(link).collect();
    format!(r#"<nav class="tabs" aria-label="{}"><ul>{links}</ul></nav>"#, settings::SETTINGS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_open_tab_is_marked_and_the_path_is_text() {
        let (project, tab) = ("a\"".to_owned(), "inspections".to_owned());
        let html = tabs_html("/x'", &PageAddress { project, tab, ..PageAddress::default() });
        assert!(
            html.contains(r#"<a href="/x&#39;/p/a%22/settings/inspections" aria-current="page">"#),
            "{html}"
        );
        assert!(html.contains(r#"<a href="/x&#39;/p/a%22/settings">Project</a>"#), "{html}");
        assert_eq!(html.matches("aria-current").count(), 1);
    }

    #[test]
    fn the_name_of_a_project_leads_to_its_page() {
        let html = r#"<p class="subject"><a href="/x/p/a%22" data-project-name>shop &amp; co</a></p>"#;
        assert_eq!(subject_html("/x", "a\"", "shop &amp; co"), html);
    }

    #[test]
    fn a_project_that_is_not_in_the_list_is_none() {
        let list = json!({"projects": [{"id": "a"}, {"id": "b"}]});
        assert_eq!(project_of(list.clone(), "b").map(|project| project["id"].clone()), Ok(json!("b")));
        assert!(project_of(list, "c").is_err());
    }
}
