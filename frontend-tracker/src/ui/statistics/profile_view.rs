//! Draws where a report says that the program spends processor time and memory.
//!
//! The server is given the very profile that the page shows and answers the calls in it, so that a picture and
//! the report around it are of the same bytes.

use std::sync::Arc;

use headcount_charts::ValueUnit;
use headcount_shared::api::{AskProfileGraph, ProfileKind};
use leptos::{ev, html::Div, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{document_cell::ReportDocument, page_state::StatisticsState, requests::told};
use crate::ui::{
    answer::{ApiFailure, read},
    browser,
    flame_numbers::{FlameAnswer, FlameNumbers, ShownPart},
    texts::{format, report_content::FIND_FUNCTIONS, statistics},
};

/// What begins the addresses of calls in a picture.
const CALL: &str = "#call-";

/// How many digits of a hash tell reports apart for people.
const SHORT_HASH: usize = 12;

/// A picture of a profile.
#[derive(Debug, Clone)]
struct DrawnProfile {
    /// The hash of the report that it is of.
    sha256: String,
    /// Which report, and which time.
    basis: String,
    /// When that time ended, in Unix seconds.
    until: Option<u64>,
    html: String,
}

#[derive(Debug, Clone, Copy)]
struct ProfileView {
    desk: StatisticsState,
    document: RwSignal<Option<Arc<ReportDocument>>>,
    /// Begins the ids of the picture.
    id: &'static str,
    numbers: StoredValue<Option<FlameNumbers>>,
    drawn: RwSignal<Option<DrawnProfile>>,
    part: StoredValue<ShownPart>,
    found: RwSignal<String>,
    failure: RwSignal<Option<String>>,
    is_asking: RwSignal<bool>,
    place: NodeRef<Div>,
}

/// The profiles of a report. `id` begins the ids of elements.
#[component]
pub(super) fn Profiles(
    desk: StatisticsState,
    document: RwSignal<Option<Arc<ReportDocument>>>,
    id: &'static str,
) -> impl IntoView {
    let view = ProfileView {
        desk,
        document,
        id,
        numbers: StoredValue::new(None),
        drawn: RwSignal::new(None),
        part: StoredValue::new(ShownPart::default()),
        found: RwSignal::new(String::new()),
        failure: RwSignal::new(None),
        is_asking: RwSignal::new(false),
        place: NodeRef::new(),
    };
    let button = move |kind: ProfileKind| {
        let lacks_it = move || document.with(|document| profile_of(document.as_deref(), kind).is_none());
        view! {
            <button
                type="button"
                class="quiet"
                disabled=lacks_it
                aria-busy=move || view.is_asking.get().to_string()
                on:click=move |_| view.ask(kind)
            >
                {draw_text(kind)}
            </button>
        }
    };
    let is_older = move || {
        let drawn = view.drawn.with(|drawn| drawn.as_ref().map(|drawn| drawn.sha256.clone()));
        drawn.is_some_and(|drawn| {
            document.with(|document| document.as_ref().is_some_and(|document| document.sha256 != drawn))
        })
    };
    let time = desk.coarse_time();
    let age = move |until: u64| [" (", &format::age(until, time.get()), ")"].concat();
    view! {
        <div class="report-head">
            <h3>{statistics::PROFILES}</h3>
            <div class="buttons">{button(ProfileKind::Cpu)} {button(ProfileKind::Heap)}</div>
        </div>
        {move || view.failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        {move || is_older().then(|| view! {
            <p class="note">{statistics::OLDER_PICTURE}</p>
        })}
        {move || view.drawn.get().map(|DrawnProfile { html, basis, until, .. }| view! {
            <p class="note basis">{basis} {move || until.map(age)}</p>
            <div class="flame-search">
                <label>
                    {FIND_FUNCTIONS}
                    <input
                        type="search"
                        autocomplete="off"
                        spellcheck="false"
                        on:input=move |event| view.search(event_target_value(&event))
                    />
                </label>
                <output>{view.found}</output>
            </div>
            <div node_ref=view.place inner_html=html on:click=move |event| view.follow(&event)></div>
        })}
    }
}

const fn draw_text(kind: ProfileKind) -> &'static str {
    match kind {
        ProfileKind::Cpu => statistics::DRAW_PROCESSOR_TIME,
        ProfileKind::Heap => statistics::DRAW_MEMORY,
    }
}

/// The profile in a report; `None` if it is empty.
fn profile_of(document: Option<&ReportDocument>, kind: ProfileKind) -> Option<&str> {
    let name = match kind {
        ProfileKind::Cpu => "cpu",
        ProfileKind::Heap => "memory",
    };
    document?.report.get("profile")?.get(name)?.as_str().filter(|text| !text.is_empty())
}

impl ProfileView {
    /// Asks for the calls in a profile of the report that is shown now, and draws them.
    fn ask(self, kind: ProfileKind) {
        // The buttons are not disabled meanwhile, which would take the focus away.
        if self.is_asking.get_untracked() {
            return;
        }
        let Some(document) = self.document.get_untracked() else { return };
        let Some(profile) = profile_of(Some(&document), kind).map(str::to_owned) else { return };
        self.is_asking.set(true);
        spawn_local(async move {
            let id = self.id.to_owned();
            let numbers = self.numbers_of(AskProfileGraph { kind, profile, id }).await;
            if self.is_asking.try_set(false).is_some() {
                // The page is gone.
                return;
            }
            match numbers {
                Ok(numbers) => self.show(kind, &document, numbers),
                Err(failure) => self.failure.set(told(failure)),
            }
        });
    }

    /// The numbers of a profile, and its picture with its table as the server draws it.
    async fn numbers_of(self, asked: AskProfileGraph) -> Result<(FlameNumbers, String), ApiFailure> {
        let unit = match asked.kind {
            ProfileKind::Cpu => ValueUnit::Microseconds,
            ProfileKind::Heap => ValueUnit::Bytes,
        };
        let body = serde_json::to_string(&asked).map_err(|error| ApiFailure::Told(error.to_string()))?;
        let answer = self.desk.api.request("POST", "api/usage-statistics/profile-graph", Some(&body)).await?;
        let mut answer: FlameAnswer = read(&answer.value)?;
        let html = answer.html.take().unwrap_or_default();
        let no_tree = || ApiFailure::Told(statistics::NO_PROFILE.to_owned());
        Ok((FlameNumbers::of(answer, unit).ok_or_else(no_tree)?, html))
    }

    fn show(self, kind: ProfileKind, document: &ReportDocument, (numbers, html): (FlameNumbers, String)) {
        let short = document.sha256.get(..SHORT_HASH).unwrap_or(&document.sha256);
        let period = period_of(document);
        let until = period.map(|(_, to)| to);
        let period = period.map(|(from, to)| (format::time(from), format::time(to)));
        let period = period.as_ref().map(|(from, to)| (from.as_str(), to.as_str()));
        let basis = statistics::picture_of(short, period);
        self.numbers.set_value(Some(numbers));
        self.part.set_value(ShownPart::default());
        self.found.set(String::new());
        self.failure.set(None);
        self.drawn.set(Some(DrawnProfile { sha256: document.sha256.clone(), basis, until, html }));
        let said = match kind {
            ProfileKind::Cpu => statistics::PROCESSOR_TIME_IS_HERE,
            ProfileKind::Heap => statistics::MEMORY_IS_HERE,
        };
        self.desk.said.set(said.to_owned());
    }

    fn search(self, text: String) {
        let found = self.numbers.with_value(|numbers| Some(numbers.as_ref()?.found_text(&text)));
        self.found.set(found.unwrap_or_default());
        self.part.update_value(|part| part.search = text);
        self.draw();
    }

    /// Gives the call whose link was followed the whole width.
    fn follow(self, event: &ev::MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a").ok().flatten());
        let Some(address) = link.and_then(|link| link.get_attribute("href")) else { return };
        let Some(key) = address.strip_prefix(CALL) else { return };
        event.prevent_default();
        self.part.update_value(|part| part.focus = u64::from_str_radix(key, 16).ok());
        self.draw();
        let same = self.place.get_untracked();
        let same =
            same.and_then(|place| place.query_selector(&format!("a[href='{address}']")).ok().flatten());
        if let Some(link) = same {
            browser::focus_on(link.unchecked_ref::<HtmlElement>());
        }
    }

    fn draw(self) {
        let picture = self.numbers.with_value(|numbers| {
            self.part.with_value(|part| numbers.as_ref()?.picture(self.id, part, &address_of))
        });
        let plot = self.place.get_untracked();
        let plot = plot.and_then(|place| place.query_selector(".chart-plot").ok().flatten());
        if let (Some(picture), Some(plot)) = (picture, plot) {
            plot.set_outer_html(&picture);
        }
    }
}

/// The address of a call in a picture, as the server writes it too.
fn address_of(key: u64) -> String {
    format!("{CALL}{key:x}")
}

/// From when to when the CPU profile of a report is, in Unix seconds.
fn period_of(document: &ReportDocument) -> Option<(u64, u64)> {
    let of = |name| document.report.get("profile")?.get(name)?.as_u64().filter(|time| *time > 0);
    Some((of("from")?, of("to")?))
}
