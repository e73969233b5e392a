//! Says how fresh and how complete what is shown of a project is.

use headcount_shared::api::{ObservationState, ObservationStatus};
use leptos::prelude::*;

use super::words::{observation_sentences, segment};
use crate::ui::{
    format::{ago, time, timestamp},
    link::Link,
};

/// How fresh and how complete the observation of a project is.
#[component]
pub(super) fn ObservationNote(
    /// The id of the project.
    project: String,
    status: Memo<Option<ObservationStatus>>,
    /// The server's time, in Unix seconds.
    now: RwSignal<u64>,
) -> impl IntoView {
    let sentences = Memo::new(move |_| {
        status.with(|status| status.as_ref().map(observation_sentences).unwrap_or_default())
    });
    let needs_prometheus = Memo::new(move |_| {
        status.with(|status| status.as_ref().is_some_and(|of| of.state == ObservationState::NoPrometheus))
    });
    let answered_at = Memo::new(move |_| {
        status.with(|status| status.as_ref().and_then(|of| of.answered_at)).map(u64::from)
    });
    let settings = format!("/p/{}/settings/prometheus", segment(&project));
    let notes = move || {
        let notes = sentences.get().into_iter();
        notes.map(|sentence| view! { <p class="notice">{sentence}</p> }).collect_view()
    };
    let fresh = move || {
        let at = answered_at.get()?;
        let how_long = move || ago(at, now.get());
        Some(view! {
            <p class="fresh">
                "Newest answer of Prometheus: " {how_long} " "
                <time class="exact" datetime=timestamp(at)>{time(at)}</time>
            </p>
        })
    };
    view! {
        {notes}
        {move || {
            let to = settings.clone();
            needs_prometheus.get().then(|| view! { <p><Link to=to>"Set its Prometheus server"</Link></p> })
        }}
        {fresh}
    }
}
