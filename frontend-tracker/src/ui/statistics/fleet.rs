//! Shows this installation beside the fleet that reports to the same collector, as far as that is published. The
//! server works that out.

use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{WithStatus, page_state::StatisticsState, requests::told};
use crate::ui::{
    answer::read,
    html::{LOADING, escaped, failure, push, table_head},
    texts::statistics,
};

const FLEET: &str = "api/usage-statistics/fleet";

/// What the page has of the comparison.
#[derive(Debug, Default)]
struct FleetAnswers {
    /// The newest one that arrived.
    comparison: Option<Value>,
    /// Why the last one did not arrive; empty if it did.
    failure: String,
}

#[component]
pub(super) fn BesideTheFleet(desk: StatisticsState) -> impl IntoView {
    let is_on = desk.is_on();
    let answers = RwSignal::new(FleetAnswers::default());
    Effect::new(move || {
        // What was refused without a session is asked for once there is one again.
        if is_on.get() == Some(true) && !desk.api.is_signed_out().get() {
            ask(desk, "GET", answers, None);
        }
    });
    let is_asking = RwSignal::new(false);
    // The button is not disabled meanwhile, which would take the focus away.
    let download = move |_| {
        if is_asking.get_untracked() {
            return;
        }
        is_asking.set(true);
        ask(desk, "POST", answers, Some(is_asking));
    };
    let html = Memo::new(move |_| answers.with(answers_html));
    let is_busy = move || is_asking.get().to_string();
    let here = move || {
        let shown = move || {
            match is_on.get() {
            Some(true) => view! {
                <p class="note">{statistics::FLEET_REQUEST}</p>
                <p>
                    <button type="button" aria-busy=is_busy on:click=download>{statistics::DOWNLOAD_PUBLISHED}</button>
                </p>
                <div class="fields" aria-busy=is_busy inner_html=html></div>
            }
            .into_any(),
            _ => view! { <p class="note">{statistics::NOTHING_IS_DOWNLOADED}</p> }.into_any(),
        }
        };
        shown.into_any()
    };
    view! {
        <section class="card" aria-labelledby="fleet-title">
            <h2 id="fleet-title">{statistics::FLEET}</h2>
            <WithStatus desk here=Box::new(here) />
        </section>
    }
}

/// Asks the server, which asks the collector if `method` is `POST`.
fn ask(
    desk: StatisticsState,
    method: &'static str,
    answers: RwSignal<FleetAnswers>,
    is_asking: Option<RwSignal<bool>>,
) {
    spawn_local(async move {
        let answer = desk.api.request(method, FLEET, None).await.and_then(|answer| read(&answer.value));
        // The page may be gone by now.
        answers.try_update(|answers| match answer {
            Ok(comparison) => {
                *answers = FleetAnswers { comparison: Some(comparison), failure: String::new() }
            }
            Err(failure) => answers.failure = told(failure).unwrap_or_default(),
        });
        is_asking.map(|is_asking| is_asking.try_set(false));
    });
}

/// The comparison as HTML, below why there is no newer one.
fn answers_html(FleetAnswers { comparison, failure: why }: &FleetAnswers) -> String {
    let shown = match comparison {
        Some(comparison) => position_html(comparison),
        None if why.is_empty() => LOADING.to_owned(),
        None => String::new(),
    };
    if why.is_empty() {
        return shown;
    }
    failure(why) + &shown
}

/// Where this installation stands, as HTML: sentences, and what others have.
fn position_html(comparison: &Value) -> String {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let mut html = String::from("<ul class=\"sentences\">");
    for sentence in list(&comparison["sentences"]) {
        push(&mut html, &["<li>", &text(&sentence), "</li>"]);
    }
    html.push_str("</ul>");
    let shares = list(&comparison["position"]["shares"]);
    if shares.is_empty() {
        return html;
    }
    let name = statistics::WHAT_INSTALLATIONS_HAVE;
    push(
        &mut html,
        &[
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"",
            name,
            "\"><table>",
            &table_head(name, &statistics::FLEET_COLUMNS),
            "<tbody>",
        ],
    );
    for share in shares {
        let table = text(&share["table"]).replace('_', " ");
        let own = if share["own"] == true { statistics::YES } else { statistics::NO };
        push(
            &mut html,
            &[
                "<tr><th scope=\"row\"><code>",
                &text(&share["label"]),
                "</code> <span class=\"note\">",
                &table,
                "</span></th><td>",
                own,
                "</td><td>",
                &text(&share["text"]),
                "</td></tr>",
            ],
        );
    }
    html.push_str("</tbody></table></div>");
    html
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comparison_stays_below_the_failure_of_the_next_one() {
        let html = |comparison: Option<Value>, failure: &str| {
            answers_html(&FleetAnswers { comparison, failure: failure.to_owned() })
        };
        let here = || Some(json!({"sentences": ["One."]}));
        let (shown, told) =
            ("<ul class=\"sentences\"><li>One.</li></ul>", "<p class=\"failure\" role=\"alert\">No.</p>");
        assert_eq!(html(here(), ""), shown);
        assert_eq!(html(here(), "No."), [told, shown].concat());
        assert_eq!(html(None, "No."), told);
        assert!(html(None, "").contains("Loading…"));
    }

    #[test]
    fn a_position_is_a_list_of_sentences_and_a_table() {
        let share =
            json!({"table": "alerting_destinations", "label": "<b>", "own": true, "text": "25 % of 400"});
        let comparison = json!({"sentences": ["One.", "Two."], "position": {"shares": [share]}});
        let html = position_html(&comparison);
        assert!(html.starts_with("<ul class=\"sentences\"><li>One.</li><li>Two.</li></ul>"), "{html}");
        let row = "<code>&lt;b&gt;</code> <span class=\"note\">alerting destinations</span></th><td>yes</td><td>25 % of 400</td>";
        assert!(html.contains(row), "{html}");
        assert_eq!(
            position_html(&json!({"sentences": [], "position": null})),
            "<ul class=\"sentences\"></ul>"
        );
    }
}
