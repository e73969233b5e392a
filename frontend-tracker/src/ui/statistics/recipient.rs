//! Says who receives the reports, asks them to delete what they received, and lists their receipts.

use headcount_shared::api::{ForgottenInstallation, KeptReceipt, Status, StoredReceipt};
use leptos::{prelude::*, task::spawn_local};

use super::{Shown, Time, page_state::StatisticsState};
use crate::ui::{answer::read, browser, format};

/// What became of the request for deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DeletionState {
    Idle,
    Confirming,
    Asking,
    Failed(String),
    /// Nothing was sent that could be deleted.
    NothingSent,
    Deleted(String),
}

#[component]
pub(super) fn Recipient(desk: StatisticsState) -> impl IntoView {
    let status = Memo::new(move |_| desk.status.get());
    let here = |status: Status| view! { <WhoReceives status /> }.into_any();
    let receipts = Memo::new(move |_| {
        desk.status.with(|status| status.here().map(|status| status.receipts.clone()).unwrap_or_default())
    });
    let is_off_for_run = Memo::new(move |_| {
        desk.status.with(|status| status.here().is_none_or(|status| status.disabled_by.is_some()))
    });
    view! {
        <section class="card" aria-labelledby="recipient-title">
            <h2 id="recipient-title">"Who receives this"</h2>
            {move || view! { <Shown fetched=status.get() here /> }}
            <h3>"Have it deleted there"</h3>
            {move || match is_off_for_run.get() {
                true => view! {
                    <p class="note">
                        "While usage statistics are off for the whole run, " <code>"headcount forget"</code>
                        " asks for deletion."
                    </p>
                }
                .into_any(),
                false => view! { <Deletion desk /> }.into_any(),
            }}
            {move || (!receipts.read().is_empty()).then(|| view! { <Receipts desk receipts=receipts.get() /> })}
        </section>
    }
}

#[component]
fn WhoReceives(status: Status) -> impl IntoView {
    let privacy = status.privacy_url.map_or_else(
        || {
            view! {
                <p class="note">
                    "Their privacy text is not named: " <code>"--privacy-url"</code>
                    " says where it is. What a report holds is explained above, field by field."
                </p>
            }
            .into_any()
        },
        |url| {
            let address = url.clone();
            view! { <p>"Their privacy text: " <a href=address rel="noreferrer" class="address">{url}</a></p> }
                .into_any()
        },
    );
    view! {
        <p>"Reports go to whoever runs the collector at " <code class="address">{status.collector_url}</code> "."</p>
        {privacy}
    }
}

#[component]
fn Deletion(desk: StatisticsState) -> impl IntoView {
    let state = RwSignal::new(DeletionState::Idle);
    let ask = move |_| {
        state.set(DeletionState::Asking);
        spawn_local(async move {
            let answer = desk.api.request("POST", "api/usage-statistics/deletion", None).await;
            let answer = answer.and_then(|answer| read::<ForgottenInstallation>(&answer.value));
            let next = match answer {
                Ok(ForgottenInstallation { receipt: None }) => DeletionState::NothingSent,
                Ok(ForgottenInstallation { receipt: Some(receipt) }) => {
                    DeletionState::Deleted(serde_json::to_string_pretty(&receipt).unwrap_or_default())
                }
                Err(failure) => DeletionState::Failed(desk.sentence(failure)),
            };
            if matches!(next, DeletionState::Deleted(_)) {
                desk.opened.clear();
                desk.refresh();
                desk.load_preview();
            }
            state.try_set(next);
        });
    };
    let begin = move |label: &'static str| {
        view! {
            <p>
                <button type="button" on:click=move |_| state.set(DeletionState::Confirming)>{label}</button>
            </p>
        }
    };
    move || {
        match state.get() {
        DeletionState::Idle => view! {
            <p class="note">
                "The collector is asked to delete every report of this installation, and answers with a signed receipt."
            </p>
            {begin("Ask for deletion…")}
        }
        .into_any(),
        DeletionState::Confirming => view! {
            <div class="notice" role="group" aria-label="Confirm the deletion">
                <p>"This cannot be undone. The collector learns the UUID and the deletion secret of this installation, nothing else, and deletes what it has of it."</p>
                <p>"Then this server deletes what it counted, its copies of reports and their numbers over time, and goes on as a new installation with another UUID. Usage statistics stay on or off as they are."</p>
                <p>"Numbers that the collector published before stay: their change would tell of this installation."</p>
            </div>
            <p class="buttons">
                <button type="button" on:click=ask>"Delete what was sent"</button>
                <button type="button" class="quiet" on:click=move |_| state.set(DeletionState::Idle)>"Cancel"</button>
            </p>
        }
        .into_any(),
        DeletionState::Asking => view! { <p class="waiting" role="status">"The collector is asked to delete. This can take a minute."</p> }.into_any(),
        DeletionState::Failed(why) => view! {
            <p class="failure" role="alert">{why} " Nothing has changed here."</p>
            {begin("Ask again…")}
        }
        .into_any(),
        DeletionState::NothingSent => view! {
            <p role="status">"Nothing was sent by this installation yet, so nobody was asked."</p>
        }
        .into_any(),
        DeletionState::Deleted(receipt) => {
            let bytes = receipt.clone();
            view! {
                <p role="status">"The collector has deleted what this installation sent. This is its receipt."</p>
                <pre tabindex="0" role="group" aria-label="Receipt">{receipt}</pre>
                <p>
                    <button
                        type="button"
                        class="quiet"
                        on:click=move |_| browser::save("headcount-receipt.json", "application/json", bytes.as_bytes())
                    >
                        "Save the receipt"
                    </button>
                </p>
            }
            .into_any()
        }
    }
    }
}

/// The receipts so far. Their texts are fetched when one is saved.
#[component]
fn Receipts(desk: StatisticsState, receipts: Vec<KeptReceipt>) -> impl IntoView {
    let failure = RwSignal::new(None);
    let save = move |place: usize| {
        spawn_local(async move {
            match desk.api.receipts().await {
                Ok(answer) => {
                    if let Some(StoredReceipt { receipt, .. }) = answer.value.receipts.get(place) {
                        let text = serde_json::to_string_pretty(receipt).unwrap_or_default();
                        browser::save("headcount-receipt.json", "application/json", text.as_bytes());
                    }
                }
                Err(why) => drop(failure.try_set(Some(desk.sentence(why)))),
            }
        });
    };
    let rows = receipts.into_iter().enumerate().map(|(place, KeptReceipt { hour, collector })| {
        let label = format!("Save the receipt of {}", format::time(hour));
        view! {
            <tr>
                <td>
                    {move || format::ago(hour, desk.server_time())} <span class="exact"><Time unix_seconds=hour /></span>
                </td>
                <td class="address">{collector}</td>
                <td>
                    <button type="button" class="quiet" aria-label=label on:click=move |_| save(place)>"Save"</button>
                </td>
            </tr>
        }
    });
    view! {
        {move || failure.get().map(|why: String| view! { <p class="failure" role="alert">{why}</p> })}
        <table class="reports">
            <caption class="visually-hidden">"Receipts for deletions, latest first"</caption>
            <thead>
                <tr>
                    <th scope="col">"Deleted in the hour of"</th>
                    <th scope="col">"By"</th>
                    <th scope="col">"Receipt"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
