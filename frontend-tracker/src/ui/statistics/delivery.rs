//! Shows where reports go, when, and the results of the last deliveries.

use headcount_shared::api::Status;
use leptos::prelude::*;

use super::{Shown, Time, delivery_state::state_sentence, page_state::StatisticsState};
use crate::ui::{answer::sentence, format};

#[component]
pub(super) fn Delivery(desk: StatisticsState) -> impl IntoView {
    let status = Memo::new(move |_| desk.status.get());
    let here = move |status: Status| view! { <Facts desk status /> }.into_any();
    let state = Memo::new(move |_| {
        let now = desk.server_time();
        status.with(|status| status.here().map(|status| state_sentence(status, now)))
    });
    view! {
        <section class="card" aria-labelledby="delivery-title">
            <div class="card-head">
                <h2 id="delivery-title">"Delivery"</h2>
                <button type="button" class="quiet" on:click=move |_| desk.refresh()>"Refresh"</button>
            </div>
            <p class="lead">{state}</p>
            {move || view! { <Shown fetched=status.get() here /> }}
        </section>
    }
}

#[component]
fn Facts(desk: StatisticsState, status: Status) -> impl IntoView {
    let dropped = match (status.dropped, status.dropped_browsers) {
        (0, _) => "nothing".to_owned(),
        (events, browsers) => format!(
            "{} not counted whole since the last report, because a bound was reached; about {} without a place",
            format::count(events, "event was", "events were"),
            format::count(browsers, "browser was", "browsers were")
        ),
    };
    view! {
        <dl class="facts">
            <Fact name="Reports go to"><span class="address">{status.collector_url}</span></Fact>
            <Fact name="Next report">{next(desk, status.next_report_at)}</Fact>
            <Fact name="Last delivered">{delivered(desk, status.last_delivered_at)}</Fact>
            <Fact name="Last failure">
                {status.last_failure.map_or_else(
                    || "none".into_any(),
                    |why| view! { <span class="failure">{sentence(&why)}</span> }.into_any(),
                )}
            </Fact>
            <Fact name="Waiting">{format::count(status.queued, "report", "reports")}</Fact>
            <Fact name="Refused">{format::count(status.refused, "report", "reports")}</Fact>
            <Fact name="Dropped">{dropped}</Fact>
            {status.prometheus_failure.map(|what| {
                view! { <Fact name="Prometheus"><span class="failure">{sentence(&what)}</span></Fact> }
            })}
            {status.data_directory.map(|what| {
                view! { <Fact name="Data directory"><span class="failure">{sentence(&what)}</span></Fact> }
            })}
            {status.left_by_coroot.map(|what| view! { <Fact name="Left by Coroot">{sentence(&what)}</Fact> })}
            {unavailable("CPU profile", status.cpu_profile_unavailable)}
            {unavailable("Heap profile", status.heap_profile_unavailable)}
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
    let Some(at) = at else { return "none: usage statistics are off".into_any() };
    let countdown = move || format::until(at, desk.server_time());
    view! {
        <span role="timer" class="countdown">{countdown}</span>
        <span class="exact"><Time unix_seconds=at /></span>
    }
    .into_any()
}

fn delivered(desk: StatisticsState, at: Option<u64>) -> AnyView {
    let Some(at) = at else { return "none since the start".into_any() };
    let passed = move || format::ago(at, desk.server_time());
    view! {
        {passed}
        <span class="exact"><Time unix_seconds=at /></span>
    }
    .into_any()
}

fn unavailable(name: &'static str, why: Option<String>) -> Option<impl IntoView> {
    why.map(|why| view! { <Fact name=name>{format!("Not available. {}", sentence(&why))}</Fact> })
}
