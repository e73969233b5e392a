//! Shows the pseudonym of this browser in reports.

use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::page_state::StatisticsState;
use crate::ui::{browser, texts::statistics::THIS_BROWSER};

/// Shows the pseudonym under which this browser is counted in the reports of the installation that the preview
/// is of. Empty if it is not counted or the request fails.
#[component]
pub(super) fn ThisBrowser(desk: StatisticsState) -> impl IntoView {
    let pseudonym = RwSignal::new(None);
    // At the first visit, the tracker stores the UUID a while after the page is here.
    let device = Memo::new(move |before: Option<&Option<Uuid>>| {
        before.copied().flatten().or_else(|| {
            desk.second.track();
            browser::device_id(&desk.api.base())
        })
    });
    // After a deletion this is another installation, which has another pseudonym for the same browser.
    let installation = Memo::new(move |_| {
        let uuid = |report: &serde_json::Value| Some(report["instance"]["uuid"].as_str()?.to_owned());
        desk.preview.document.with(|document| uuid(&document.as_ref()?.report))
    });
    Effect::new(move || {
        let (Some(device_id), Some(asked)) = (device.get(), installation.get()) else { return };
        spawn_local(async move {
            let answer = desk.api.pseudonym(device_id).await;
            // The page may be gone by now, or show another installation.
            if installation.try_get_untracked().flatten() == Some(asked) {
                pseudonym.set(answer.ok().and_then(|answered| answered.pseudonym));
            }
        });
    });
    move || pseudonym.get().map(|pseudonym| view! { <Told pseudonym /> })
}

#[component]
fn Told(pseudonym: Uuid) -> impl IntoView {
    let [before, after] = THIS_BROWSER;
    view! {
        <p id="this-browser" class="note">
            {before} <code>{pseudonym.to_string()}</code> {after}
        </p>
    }
}
