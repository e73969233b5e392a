//! Shows this installation beside the fleet that reports to the same collector, as far as that is published.

use headcount_shared::api::{FleetComparison, FleetPosition};
use leptos::{prelude::*, task::spawn_local};

use super::{
    Shown, Time,
    fleet_sentences::{no_position, position_sentences, share_text, shown_shares, table_text},
    page_state::StatisticsState,
};
use crate::ui::answer::FetchState;

#[component]
pub(super) fn BesideTheFleet(desk: StatisticsState) -> impl IntoView {
    let is_on = desk.is_on();
    let comparison = RwSignal::new(FetchState::Waiting);
    Effect::new(move || {
        if is_on.get() == Some(true) {
            desk.ask(desk.api.fleet(), move |answer| drop(comparison.try_set(answer)));
        }
    });
    view! {
        <section class="card" aria-labelledby="fleet-title">
            <h2 id="fleet-title">"You beside the fleet"</h2>
            {move || match is_on.get() {
                Some(true) => view! { <Compared desk comparison /> }.into_any(),
                Some(false) => {
                    view! { <p class="note">"While usage statistics are off, nothing is downloaded."</p> }.into_any()
                }
                None => view! { <p class="waiting">"Loading…"</p> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Compared(desk: StatisticsState, comparison: RwSignal<FetchState<FleetComparison>>) -> impl IntoView {
    let is_asking = RwSignal::new(false);
    let download = move |_| {
        is_asking.set(true);
        spawn_local(async move {
            let answer = desk.api.compare_with_fleet().await;
            let answer = answer.map_or_else(|why| FetchState::Failed(desk.sentence(why)), FetchState::Here);
            comparison.try_set(answer);
            is_asking.try_set(false);
        });
    };
    let shown = Memo::new(move |_| comparison.get());
    let here = move |comparison: FleetComparison| match &comparison.position {
        Some(position) => position_view(&comparison, position),
        None => view! { <p>{no_position(&comparison)}</p> }.into_any(),
    };
    view! {
        <p class="note">
            "This server downloads the tables that its collector publishes, whole, and compares them here. The request is the "
            "same for every installation and has nothing of this one, so the collector learns that somebody asks, and not who. "
            "It is sent only when you ask for it, at most once a day."
        </p>
        <p>
            <button type="button" disabled=is_asking on:click=download>"Download what is published"</button>
        </p>
        <div aria-busy=move || is_asking.get().to_string()>
            {move || view! { <Shown fetched=shown.get() here /> }}
        </div>
    }
}

fn position_view(comparison: &FleetComparison, position: &FleetPosition) -> AnyView {
    let sentences = position_sentences(position).into_iter().map(|sentence| view! { <li>{sentence}</li> });
    let rows = shown_shares(position).into_iter().map(|share| {
        view! {
            <tr>
                <th scope="row">
                    <code>{share.label.clone()}</code>
                    " "
                    <span class="note">{table_text(&share.table)}</span>
                </th>
                <td>{if share.own { "yes" } else { "no" }}</td>
                <td>{share_text(share)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let failure =
        comparison.failure.is_some().then(|| view! { <p class="failure">{no_position(comparison)}</p> });
    view! {
        {failure}
        <ul class="sentences">{sentences.collect_view()}</ul>
        {(!rows.is_empty()).then(|| view! {
            <div class="scroll" tabindex="0" role="group" aria-label="What installations have">
                <table>
                    <caption class="visually-hidden">"What installations have"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col">"Yours"</th>
                            <th scope="col">"All"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        })}
        <p class="note">
            {format!("Published of {}, with noise in every number, so that no installation can be found in them. ", position.day)}
            {comparison.downloaded_at.map(|at| view! { "Downloaded on " <Time unix_seconds=at /> "." })}
        </p>
    }
    .into_any()
}
