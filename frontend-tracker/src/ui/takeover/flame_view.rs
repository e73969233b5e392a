//! Redraws the flame graph of a page when its focus or the search changes, without asking the collector again.
//!
//! Until the numbers have come, and if they do not, links of the graph lead to its other pages.

use headcount_charts::flame_graph::ROOT_KEY;
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, Response};

use super::{
    open_page,
    page_address::{is_page_of_graph, is_same_page, key_of_text, parameter, unit_of_graph, with_focus},
    page_exchange::next_frame,
};
use crate::ui::{
    browser,
    flame_numbers::{FlameAnswer, FlameNumbers, ShownPart},
    texts::report_content::FIND_FUNCTIONS,
};

/// The element around a graph, which names the address of its numbers.
const GRAPH: &str = "main .flames[data-numbers]";

/// The graph of the page that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlameView {
    /// The numbers, with their address. They stay while pages of the same graph come and go.
    numbers: StoredValue<Option<(String, FlameNumbers)>>,
    /// The address of the page whose graph is shown.
    page: StoredValue<String>,
    search: RwSignal<String>,
    found: RwSignal<String>,
    field: StoredValue<Option<Box<dyn std::any::Any>>, LocalStorage>,
}

impl FlameView {
    pub(super) fn new() -> Self {
        Self {
            numbers: StoredValue::new(None),
            page: StoredValue::new(String::new()),
            search: RwSignal::new(String::new()),
            found: RwSignal::new(String::new()),
            field: StoredValue::new_local(None),
        }
    }

    /// Begins with the page that is open, if it has a graph.
    pub(super) fn attach(self) {
        let Some(address) = graph().and_then(|graph| graph.get_attribute("data-numbers")) else { return };
        self.page.set_value(open_page::address());
        if self.numbers.with_value(|numbers| numbers.as_ref().is_some_and(|(its, _)| *its == address)) {
            return self.begin();
        }
        self.search.set(String::new());
        self.found.set(String::new());
        self.numbers.set_value(None);
        spawn_local(async move {
            let Ok(Some(numbers)) = fetch(&address).await else { return };
            // Browsers compile what draws when it is used first: now, and not with the first click.
            next_frame().await;
            let _unseen = numbers.picture("", &ShownPart::default(), &|key| with_focus("", key));
            let is_open =
                graph().and_then(|graph| graph.get_attribute("data-numbers")) == Some(address.clone());
            if is_open {
                self.numbers.set_value(Some((address, numbers)));
                self.begin();
            }
        });
    }

    /// Ends with the page.
    pub(super) fn detach(self) {
        drop(self.field.try_update_value(Option::take));
    }

    /// Shows the part of the graph that an address of the same graph names. Returns whether that is done.
    pub(super) fn show(self, address: &str) -> bool {
        let is_open = self.page.with_value(|page| is_same_page(page, address));
        let is_of_graph = self.numbers.with_value(|numbers| {
            numbers.as_ref().is_some_and(|(numbers, _)| is_page_of_graph(address, numbers))
        });
        if !is_open || !is_of_graph || self.field.with_value(Option::is_none) {
            return false;
        }
        let had_focus = document().active_element().and_then(|element| element.get_attribute("href"));
        self.page.set_value(address.to_owned());
        self.draw();
        if let Some(link) = had_focus.and_then(|link| link_in_graph(&link)) {
            browser::focus_on(link.unchecked_ref::<HtmlElement>());
        }
        true
    }

    /// Adds the search field, and draws what is searched already.
    fn begin(self) {
        let Some(graph) = graph() else { return };
        let Some(place) = document().create_element("div").ok() else { return };
        place.set_class_name("flame-search");
        let plot = graph.query_selector(".chart-plot").ok().flatten();
        let Some(plot) = plot.filter(|plot| plot.before_with_node_1(&place).is_ok()) else { return };
        drop(plot);
        let field = mount_to(place.unchecked_into(), move || view! { <FlameSearch view=self /> });
        self.field.set_value(Some(Box::new(field)));
        if !self.search.read_untracked().is_empty() {
            self.draw();
        }
    }

    fn search(self, text: String) {
        let found = self.numbers.with_value(|numbers| Some(numbers.as_ref()?.1.found_text(&text)));
        self.search.set(text);
        self.found.set(found.unwrap_or_default());
        self.mark();
    }

    /// Marks what is found in the picture as it is. A new picture would take ten times as long.
    fn mark(self) {
        let search = self.search.get_untracked();
        let Some(links) = graph().and_then(|graph| graph.query_selector_all("a.frame").ok()) else { return };
        let links = (0..links.length()).filter_map(|at| links.get(at)?.dyn_into::<Element>().ok());
        self.numbers.with_value(|numbers| {
            let Some((_, numbers)) = numbers else { return };
            let found = numbers.found_keys(&search);
            for link in links {
                let is_found = key_of(&link).is_some_and(|key| found.contains(&key));
                let _marked = link.class_list().toggle_with_force("found", is_found);
            }
        });
    }

    fn draw(self) {
        let page = self.page.get_value();
        let search = self.search.get_untracked();
        let picture = self.numbers.with_value(|numbers| {
            let (_, numbers) = numbers.as_ref()?;
            let function = parameter(&page, "function").map(decoded);
            let focus = parameter(&page, "focus").and_then(key_of_text);
            let focus = function.and_then(|function| numbers.key_of_function(&function)).or(focus);
            let id = chart_id()?;
            numbers.picture(&id, &ShownPart { focus, search }, &|key| with_focus(&page, key))
        });
        let plot = graph().and_then(|graph| graph.query_selector(".chart-plot").ok().flatten());
        if let (Some(picture), Some(plot)) = (picture, plot) {
            plot.set_outer_html(&picture);
        }
    }
}

/// The field for names of functions.
#[component]
fn FlameSearch(view: FlameView) -> impl IntoView {
    let search = move |event: ev::Event| view.search(event_target_value(&event));
    view! {
        <label>
            {FIND_FUNCTIONS}
            <input type="search" autocomplete="off" spellcheck="false" prop:value=view.search on:input=search />
        </label>
        <output>{view.found}</output>
    }
}

fn graph() -> Option<Element> {
    document().query_selector(GRAPH).ok().flatten()
}

/// What the ids of the chart begin with.
fn chart_id() -> Option<String> {
    let figure = graph()?.query_selector("figure.chart").ok().flatten()?;
    figure.id().strip_suffix("-chart").map(ToOwned::to_owned)
}

/// The link in the graph with an address.
fn link_in_graph(address: &str) -> Option<Element> {
    let links = graph()?.query_selector_all("a.frame").ok()?;
    let mut links = (0..links.length()).filter_map(|at| links.get(at)?.dyn_into::<Element>().ok());
    links.find(|link| {
        let same = |its: String| parameter(&its, "focus") == parameter(address, "focus");
        link.get_attribute("href").is_some_and(same)
    })
}

/// The key of the node that a link in the graph is of.
fn key_of(link: &Element) -> Option<u64> {
    let address = link.get_attribute("href")?;
    parameter(&address, "focus").map_or(Some(ROOT_KEY), key_of_text)
}

/// A parameter as it is meant.
fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    js_sys::decode_uri_component(&spaced).map_or(spaced, String::from)
}

async fn fetch(address: &str) -> Result<Option<FlameNumbers>, JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(address)).await?.dyn_into()?;
    if response.status() != 200 {
        return Ok(None);
    }
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    let answer = serde_json::from_str::<FlameAnswer>(&text).ok();
    Ok(answer.and_then(|answer| FlameNumbers::of(answer, unit_of_graph(address))))
}
