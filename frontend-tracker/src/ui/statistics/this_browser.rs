//! Shows the pseudonym of this browser in reports.

use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::page_state::StatisticsState;
use crate::ui::browser;

/// Shows the pseudonym under which this browser is counted. Empty if it is not counted or the request fails.
#[component]
pub(super) fn ThisBrowser(desk: StatisticsState) -> impl IntoView {
    let pseudonym = RwSignal::new(None);
    if let Some(device_id) = browser::device_id(&desk.api.base()) {
        spawn_local(async move {
            if let Ok(answered) = desk.api.pseudonym(device_id).await {
                // The page may be gone by now.
                pseudonym.try_set(answered.pseudonym);
            }
        });
    }
    move || pseudonym.get().map(|pseudonym| view! { <Told pseudonym /> })
}

#[component]
fn Told(pseudonym: Uuid) -> impl IntoView {
    view! {
        <p id="this-browser" class="note">
            "This browser is " <code>{pseudonym.to_string()}</code>
            " in the reports of this installation, and another one in those of any other."
        </p>
    }
}
