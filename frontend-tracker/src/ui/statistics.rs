//! Shows the page about usage statistics: what is reported, where it goes, when, and the switch.

mod collection;
mod comparison;
mod delivery;
mod delivery_state;
mod document_cell;
mod document_html;
mod document_view;
mod fleet;
mod forgetting;
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
use super::{answer::FetchState, api::ApiClient, browser, title::Title};

/// How often the page refreshes while a report is due, in seconds.
const LOOK_AGAIN_S: f64 = 5.0;

/// The page.
#[component]
pub(super) fn UsageStatistics() -> impl IntoView {
    let api = expect_context::<ApiClient>();
    let desk = StatisticsState::new(api);
    desk.refresh();
    // What was refused without a session is asked for once there is one again.
    Effect::new(move |was_over: Option<bool>| {
        let is_over = api.is_signed_out().get();
        if was_over == Some(true) && !is_over {
            desk.refresh();
        }
        is_over
    });
    tick(desk);
    view! {
        <Title text="Anonymous usage statistics" />
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
            <p class="lead">
                "To improve this program, its installations count how they are used and report the counts to the people who "
                "build it. Collection is enabled by default; you can opt out at any time."
            </p>
            <p>
                "A report holds numbers and kinds: which integrations are configured, which services run, how large the "
                "infrastructure is, which pages are opened in which screen size, and where the program spends its time. "
                "It holds no names of people, hosts, projects or applications, and no addresses. The next report can be read "
                "below, in full, before it is sent; so can the last ones that were."
            </p>
        </div>
    }
}

/// Updates the page's clock, and refreshes while a report is due.
fn tick(desk: StatisticsState) {
    let looked = StoredValue::new(browser::now());
    let on_second = move || {
        let now = browser::now();
        desk.browser_time.set(now);
        let is_seen = browser::is_visible() && !desk.api.is_signed_out().get_untracked();
        if !desk.report_is_due() || !is_seen || now - looked.get_value() < LOOK_AGAIN_S {
            return;
        }
        looked.set_value(now);
        desk.load_status();
        desk.load_reports();
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
        FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
        FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
        FetchState::Here(value) => here(value),
    }
}

/// A point in time, exact, for people and programs.
#[component]
fn Time(unix_seconds: u64) -> impl IntoView {
    use super::format::{time, timestamp};
    view! { <time datetime=timestamp(unix_seconds)>{time(unix_seconds)}</time> }
}
