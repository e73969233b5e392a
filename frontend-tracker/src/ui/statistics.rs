//! Shows the page about usage statistics: what is reported, where it goes, when, and the switch.

mod collection;
mod comparison;
mod delivery;
mod document_cell;
mod document_html;
mod document_view;
mod fetched_value;
mod fleet;
mod headers;
mod html_part;
mod page_state;
mod preview;
mod profile_view;
mod recipient;
mod reported;
mod reports;
mod requests;
mod switch_off;
mod this_browser;

use leptos::prelude::*;

use self::{
    collection::Collection, comparison::Comparison, delivery::Delivery, fleet::BesideTheFleet,
    headers::Headers, page_state::StatisticsState, preview::Preview, recipient::Recipient,
    reported::Reported, reports::Reports, switch_off::SwitchOff,
};
use super::{
    answer::FetchState,
    api::ApiClient,
    browser,
    location::OpenLocation,
    texts::{frame::LOADING, statistics},
    title::Title,
};

/// How often the page refreshes while it expects news, in seconds.
const LOOK_AGAIN_S: f64 = 5.0;

/// How often it looks whether usage statistics were switched elsewhere, in seconds.
const LOOK_S: f64 = 10.0;

/// The page.
#[component]
pub(super) fn UsageStatistics() -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let desk = StatisticsState::new(api);
    desk.refresh();
    Effect::new(move |was_over: Option<bool>| {
        let is_over = api.is_signed_out().get();
        if was_over == Some(true) && !is_over {
            desk.resume();
        }
        is_over
    });
    let is_on = desk.is_on();
    let location = expect_context::<OpenLocation>();
    Effect::new(move |was_on: Option<Option<bool>>| {
        let is_on = is_on.get();
        if was_on.flatten().is_some_and(|was_on| is_on.is_some_and(|is_on| is_on != was_on)) {
            // Another window may have switched.
            desk.refresh();
            location.load_next_page();
            if is_on == Some(false) {
                browser::stop_tracker();
            }
        }
        is_on
    });
    tick(desk);
    view! {
        <Title text=statistics::TITLE />
        <Introduction />
        <p class="visually-hidden" role="status">{move || desk.said.get()}</p>
        <Collection desk />
        <Delivery desk />
        <Preview desk />
        <Comparison desk />
        <Headers />
        <Reports desk />
        <Reported desk />
        <BesideTheFleet desk />
        <Recipient desk />
        <SwitchOff />
    }
}

#[component]
fn Introduction() -> impl IntoView {
    view! {
        <div class="introduction">
            <p class="lead">{statistics::INTRODUCTION}</p>
            <p>{statistics::CONTENT}</p>
        </div>
    }
}

/// Updates the page's clock, and refreshes while news is expected.
fn tick(desk: StatisticsState) {
    let looked = StoredValue::new(browser::now());
    let on_second = move || {
        let now = browser::now();
        desk.second.notify();
        let is_seen = browser::is_visible() && !desk.api.is_signed_out().get_untracked();
        let passed = now - looked.get_value();
        if !is_seen || passed < LOOK_AGAIN_S {
            return;
        }
        if desk.expects_news() {
            looked.set_value(now);
            desk.poll();
        } else if passed >= LOOK_S {
            looked.set_value(now);
            desk.look();
        }
    };
    let Ok(ticking) = set_interval_with_handle(on_second, std::time::Duration::from_secs(1)) else { return };
    on_cleanup(move || ticking.clear());
}

/// Renders the state of a fetched value.
#[component]
fn Shown<T, V>(
    fetched: FetchState<T>,
    /// The view of the value.
    here: V,
) -> impl IntoView
where
    T: 'static,
    V: FnOnce(T) -> AnyView,
{
    match fetched {
        FetchState::Waiting => view! { <p class="waiting">{LOADING}</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
        FetchState::Here(value) => here(value),
    }
}

/// Renders what needs the status once that is here, and until then that it is on its way or why it is missing.
/// The failure is read out where the delivery is shown.
#[component]
fn WithStatus(
    desk: StatisticsState,
    /// The view, which follows changes of the status itself.
    here: Box<dyn Fn() -> AnyView + Send>,
) -> impl IntoView {
    let arrival = Memo::new(move |_| desk.status.state.with(FetchState::arrival));
    move || match arrival.get() {
        FetchState::Waiting => view! { <p class="waiting">{LOADING}</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure">{why}</p> }.into_any(),
        FetchState::Here(()) => here(),
    }
}

/// A point in time, exact, for people and programs.
#[component]
fn Time(unix_seconds: u64) -> impl IntoView {
    use super::texts::format::{time, timestamp};
    view! { <time datetime=timestamp(unix_seconds)>{time(unix_seconds)}</time> }
}
