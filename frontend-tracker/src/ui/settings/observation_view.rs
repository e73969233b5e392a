//! Shows how far the observation of a project is, and its first numbers as they arrive.

use std::time::Duration;

use headcount_shared::api::ObservationProgress;
use leptos::{prelude::*, task::spawn_local};

use super::{
    observation_text::{ObservationStage, number_rows, stage_sentence},
    requests::send,
};
use crate::ui::{api::ApiClient, browser};

/// How often it is asked for.
const PACE: Duration = Duration::from_secs(2);

/// The progress at an address, as long as the page is open.
#[component]
pub(in crate::ui) fn ObservationView(api: ApiClient, address: String) -> impl IntoView {
    let progress = RwSignal::new(None::<ObservationProgress>);
    let failure = RwSignal::new(None::<String>);
    let address = StoredValue::new(address);
    let is_asking = StoredValue::new(false);
    let ask = move || {
        if is_asking.get_value() || !browser::is_visible() || api.is_signed_out().get_untracked() {
            return;
        }
        is_asking.set_value(true);
        spawn_local(async move {
            let answer = send(api, "GET", address.get_value(), None).await;
            let read = answer.map_err(|failure| failure.why).and_then(|answer| {
                serde_json::from_value(answer).map_err(|_| "The answer is not understood.".to_owned())
            });
            if is_asking.try_update_value(|asking| *asking = false).is_none() {
                return;
            }
            match read {
                Ok(read) => {
                    progress.set(Some(read));
                    failure.set(None);
                }
                Err(why) => failure.set(Some(why)),
            }
        });
    };
    ask();
    if let Ok(asking) = set_interval_with_handle(ask, PACE) {
        on_cleanup(move || asking.clear());
    }
    let said = Memo::new(move |_| progress.with(|progress| progress.as_ref().map(stage_sentence)));
    let stage = Memo::new(move |_| progress.with(|progress| progress.as_ref().map(ObservationStage::of)));
    let is_shown = move || stage.get().is_some_and(|stage| stage != ObservationStage::Not);
    let filled = move |of: fn(&ObservationProgress) -> u64| {
        progress.with(|progress| progress.as_ref().map(of).unwrap_or_default().to_string())
    };
    let rows = move || {
        let rows = progress.with(|progress| progress.as_ref().map(number_rows).unwrap_or_default());
        rows.into_iter()
            .map(|(name, number)| {
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd>{number}</dd>
                    </div>
                }
            })
            .collect_view()
    };
    let bar = move || {
        (stage.get() == Some(ObservationStage::First)).then(|| {
            view! {
                <progress
                    aria-label="Pieces of the past that are here"
                    max=move || filled(|progress| progress.missing_spans.max(1))
                    value=move || filled(|progress| progress.filled_spans)
                ></progress>
            }
        })
    };
    let class = move || if stage.get() == Some(ObservationStage::Failing) { "failure" } else { "lead" };
    view! {
        <section class="card" aria-labelledby="observation-title">
            <h2 id="observation-title">"What is observed"</h2>
            <p role="status" class=class>
                {move || said.get().unwrap_or_else(|| "Loading…".to_owned())}
            </p>
            {move || failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
            {bar}
            {move || is_shown().then(|| view! { <dl class="facts">{rows}</dl> })}
        </section>
    }
}
