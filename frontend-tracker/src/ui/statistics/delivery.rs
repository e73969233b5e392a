//! Shows where reports go, when, and the results of the last deliveries.

use headcount_shared::api::Status;
use leptos::prelude::*;

use super::{Shown, Time, page_state::StatisticsState};
use crate::ui::{
    answer::sentence,
    texts::{
        delivery::{self, prometheus_failure, state_sentence},
        format, projects,
    },
};

#[component]
pub(super) fn Delivery(desk: StatisticsState) -> impl IntoView {
    let status = Memo::new(move |_| desk.status.state.get());
    let here = move |status: Status| view! { <Facts desk status /> }.into_any();
    let state = Memo::new(move |_| {
        let now = desk.server_time();
        status.with(|status| status.here().map(|status| state_sentence(status, now)))
    });
    // In the line of the heading, it pushes nothing down.
    let stale = desk.why_stale();
    view! {
        <section class="card" aria-labelledby="delivery-title">
            <div class="card-head">
                <h2 id="delivery-title">{delivery::DELIVERY}</h2>
                {move || stale.get().map(|why| {
                    view! { <span class="failure" role="status">{projects::not_refreshed(&why)}</span> }
                })}
                <button type="button" class="quiet" on:click=move |_| desk.refresh()>{delivery::REFRESH}</button>
            </div>
            <p class="lead">{state}</p>
            {move || view! { <Shown fetched=status.get() here /> }}
        </section>
    }
}

#[component]
fn Facts(desk: StatisticsState, status: Status) -> impl IntoView {
    view! {
        <dl class="facts">
            <Fact name=delivery::GOES_TO><span class="address">{status.collector_url}</span></Fact>
            <Fact name=delivery::NEXT>{next(desk, status.next_report_at)}</Fact>
            <Fact name=delivery::LAST_DELIVERED>{delivered(desk, status.last_delivered_at)}</Fact>
            <Fact name=delivery::LAST_FAILURE>
                {status.last_failure.map_or_else(
                    || delivery::NONE.into_any(),
                    |why| view! { <span class="failure">{sentence(&why)}</span> }.into_any(),
                )}
            </Fact>
            <Fact name=delivery::WAITING>{delivery::reports(status.queued)}</Fact>
            <Fact name=delivery::REFUSED>{delivery::reports(status.refused)}</Fact>
            <Fact name=delivery::DROPPED>{delivery::dropped(status.dropped, status.dropped_browsers)}</Fact>
            {status.prometheus_failure.map(|what| {
                view! { <Fact name=delivery::PROMETHEUS><span class="failure">{prometheus_failure(&what)}</span></Fact> }
            })}
            {status.data_directory.map(|what| {
                view! { <Fact name=delivery::DATA_DIRECTORY><span class="failure">{sentence(&what)}</span></Fact> }
            })}
            {status.left_by_coroot.map(|what| view! { <Fact name=delivery::LEFT_BY_COROOT>{sentence(&what)}</Fact> })}
            {unavailable(delivery::CPU_PROFILE, status.cpu_profile_unavailable)}
            {unavailable(delivery::HEAP_PROFILE, status.heap_profile_unavailable)}
        </dl>
    }
}

#[component]
fn Fact(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// The countdown. Screen readers read it on request, not every second.
fn next(desk: StatisticsState, at: Option<u64>) -> AnyView {
    let Some(at) = at else { return delivery::NO_NEXT.into_any() };
    let countdown = move || format::until(at, desk.server_time());
    view! {
        <span role="timer" class="countdown">{countdown}</span>
        <span class="exact"><Time unix_seconds=at /></span>
    }
    .into_any()
}

fn delivered(desk: StatisticsState, at: Option<u64>) -> AnyView {
    let Some(at) = at else { return delivery::NONE_DELIVERED.into_any() };
    let passed = move || format::ago(at, desk.server_time());
    view! {
        {passed}
        <span class="exact"><Time unix_seconds=at /></span>
    }
    .into_any()
}

fn unavailable(name: &'static str, why: Option<String>) -> Option<impl IntoView> {
    why.map(|why| view! { <Fact name=name>{delivery::not_available(&why)}</Fact> })
}
