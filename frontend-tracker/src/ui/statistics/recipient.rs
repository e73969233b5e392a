//! Says who receives the reports, asks them to delete what they received, and lists their receipts.

use headcount_shared::api::{KeptReceipt, Status};
use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{
    html_part::{HtmlPart, PressedButton},
    page_state::StatisticsState,
};
use crate::ui::{
    answer::{FetchState, read},
    browser, format,
    html::{LOADING, escaped, push},
};

/// The id of the part that changes while a deletion is asked for.
const DELETION: &str = "deletion";

const RECEIPTS: &str = "api/usage-statistics/receipts";

/// What became of the request for deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DeletionState {
    Idle,
    Confirming,
    Asking,
    Failed(String),
    /// Nothing was sent that could be deleted.
    NothingSent,
    /// The receipt, as JSON.
    Deleted(String),
}

#[component]
pub(super) fn Recipient(desk: StatisticsState) -> impl IntoView {
    let state = RwSignal::new(DeletionState::Idle);
    let failure = RwSignal::new(String::new());
    let html = Memo::new(move |_| {
        // A receipt is hours old: its age need not be of this second, and a new text would take the focus away.
        let now = untrack(move || desk.server_time());
        desk.status.with(|status| match status {
            FetchState::Here(status) => {
                state.with(|state| failure.with(|failure| recipient_html(status, state, failure, now)))
            }
            FetchState::Waiting => LOADING.to_owned(),
            FetchState::Failed(why) => ["<p class=\"failure\">", &escaped(why), "</p>"].concat(),
        })
    });
    let press = move |(act, of): PressedButton<'_>| {
        match act {
            "confirm" => state.set(DeletionState::Confirming),
            "cancel" => state.set(DeletionState::Idle),
            "delete" => ask(desk, state),
            "save" => {
                if let DeletionState::Deleted(receipt) = state.get_untracked() {
                    save_receipt(&receipt);
                }
                return;
            }
            _ => return save_stored(desk, failure, of.parse().unwrap_or_default()),
        }
        // The button that had the focus is gone.
        browser::focus_soon(DELETION.to_owned());
    };
    view! {
        <section class="card" aria-labelledby="recipient-title">
            <h2 id="recipient-title">"Who receives this"</h2>
            <HtmlPart html press=Box::new(press) />
        </section>
    }
}

fn ask(desk: StatisticsState, state: RwSignal<DeletionState>) {
    state.set(DeletionState::Asking);
    spawn_local(async move {
        let answer = desk.api.request("POST", "api/usage-statistics/deletion", None).await;
        let next = match answer.and_then(|answer| read::<Value>(&answer.value)) {
            Ok(forgotten) if forgotten["receipt"].is_null() => DeletionState::NothingSent,
            Ok(forgotten) => DeletionState::Deleted(lines_of(&forgotten["receipt"])),
            Err(failure) => DeletionState::Failed(failure.sentence()),
        };
        if matches!(next, DeletionState::Deleted(_)) {
            desk.opened.clear();
            desk.refresh();
            desk.load_preview();
        }
        state.try_set(next);
        browser::focus_soon(DELETION.to_owned());
    });
}

/// Saves an earlier receipt, whose text is fetched now.
fn save_stored(desk: StatisticsState, failure: RwSignal<String>, place: usize) {
    spawn_local(async move {
        let answer = desk.api.request("GET", RECEIPTS, None).await;
        match answer.and_then(|answer| read::<Value>(&answer.value)) {
            Ok(stored) => save_receipt(&lines_of(&stored["receipts"][place]["receipt"])),
            Err(why) => drop(failure.try_set(why.sentence())),
        }
    });
}

fn save_receipt(text: &str) {
    browser::save("headcount-receipt.json", "application/json", text.as_bytes());
}

/// The whole part, as HTML.
fn recipient_html(status: &Status, state: &DeletionState, failure: &str, now: u64) -> String {
    let mut html = String::new();
    let collector = escaped(&status.collector_url);
    push(
        &mut html,
        &[
            "<p>Reports go to whoever runs the collector at <code class=\"address\">",
            &collector,
            "</code>.</p>",
        ],
    );
    match &status.privacy_url {
        Some(url) => {
            let url = escaped(url);
            let link = ["<a class=\"address\" rel=\"noreferrer\" href=\"", &url, "\">", &url, "</a>"].concat();
            push(&mut html, &["<p>Their privacy text: ", &link, "</p>"]);
        }
        None => html.push_str(
            "<p class=\"note\">Their privacy text is not named: <code>--privacy-url</code> says where it is. What a \
             report holds is explained above, field by field.</p>",
        ),
    }
    push(&mut html, &["<h3 id=\"", DELETION, "\" tabindex=\"-1\">Have it deleted there</h3>"]);
    if status.disabled_by.is_some() {
        html.push_str(
            "<p class=\"note\">While usage statistics are off for the whole run, <code>headcount forget</code> asks for \
             deletion.</p>",
        );
    } else {
        push_deletion(&mut html, state);
    }
    if !failure.is_empty() {
        push(&mut html, &["<p class=\"failure\" role=\"alert\">", &escaped(failure), "</p>"]);
    }
    push_receipts(&mut html, &status.receipts, now);
    html
}

fn push_deletion(html: &mut String, state: &DeletionState) {
    let button = |act: &str, class: &str, label: &str| {
        ["<button type=\"button\" class=\"", class, "\" data-act=\"", act, "\">", label, "</button>"].concat()
    };
    match state {
        DeletionState::Idle => push(
            html,
            &[
                "<p class=\"note\">The collector is asked to delete every report of this installation, and answers with \
                 a signed receipt.</p><p>",
                &button("confirm", "", "Ask for deletion…"),
                "</p>",
            ],
        ),
        DeletionState::Confirming => push(
            html,
            &[
                "<div class=\"notice\" role=\"group\" aria-label=\"Confirm the deletion\"><p>This cannot be undone. The \
                 collector learns the UUID and the deletion secret of this installation, nothing else, and deletes what \
                 it has of it.</p><p>Then this server deletes what it counted, its copies of reports and their numbers \
                 over time, and goes on as a new installation with another UUID. Usage statistics stay on or off as \
                 they are.</p><p>Numbers that the collector published before stay: their change would tell of this \
                 installation.</p></div><p class=\"buttons\">",
                &button("delete", "", "Delete what was sent"),
                &button("cancel", "quiet", "Cancel"),
                "</p>",
            ],
        ),
        DeletionState::Asking => html.push_str(
            "<p class=\"waiting\" role=\"status\">The collector is asked to delete. This can take a minute.</p>",
        ),
        DeletionState::Failed(why) => push(
            html,
            &[
                "<p class=\"failure\" role=\"alert\">",
                &escaped(why),
                " Nothing has changed here.</p><p>",
                &button("confirm", "", "Ask again…"),
                "</p>",
            ],
        ),
        DeletionState::NothingSent => html.push_str(
            "<p role=\"status\">Nothing was sent by this installation yet, so nobody was asked.</p>",
        ),
        DeletionState::Deleted(receipt) => push(
            html,
            &[
                "<p role=\"status\">The collector has deleted what this installation sent. This is its receipt.</p>\
                 <pre tabindex=\"0\" role=\"group\" aria-label=\"Receipt\">",
                &escaped(receipt),
                "</pre><p>",
                &button("save", "quiet", "Save the receipt"),
                "</p>",
            ],
        ),
    }
}

fn push_receipts(html: &mut String, receipts: &[KeptReceipt], now: u64) {
    if receipts.is_empty() {
        return;
    }
    html.push_str(
        "<table class=\"reports\"><caption class=\"visually-hidden\">Receipts for deletions, latest first</caption><thead>\
         <tr><th scope=\"col\">Deleted in the hour of</th><th scope=\"col\">By</th><th scope=\"col\">Receipt</th></tr>\
         </thead><tbody>",
    );
    for (place, KeptReceipt { hour, collector }) in receipts.iter().enumerate() {
        let (stamp, time) = (format::timestamp(*hour), format::time(*hour));
        push(
            html,
            &[
                "<tr><td>",
                &format::ago(*hour, now),
                "<time class=\"exact\" datetime=\"",
                &stamp,
                "\">",
                &time,
                "</time></td><td class=\"address\">",
                &escaped(collector),
                "</td><td><button type=\"button\" class=\"quiet\" data-act=\"stored\" data-of=\"",
                &place.to_string(),
                "\" aria-label=\"Save the receipt of ",
                &time,
                "\">Save</button></td></tr>",
            ],
        );
    }
    html.push_str("</tbody></table>");
}

/// An object as JSON, a line a member.
fn lines_of(object: &Value) -> String {
    let mut lines = String::from("{");
    for (name, value) in object.as_object().into_iter().flatten() {
        let comma = if lines.len() > 1 { "," } else { "" };
        push(&mut lines, &[comma, "\n  \"", name, "\": ", &value.to_string()]);
    }
    lines.push_str("\n}\n");
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_receipt_is_json_with_a_line_for_each_member() {
        let receipt = json!({"hour": 3600, "released": "released \"cells\""});
        let text = lines_of(&receipt);
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(receipt));
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn deletion_is_confirmed_before_it_is_asked_for() {
        let status = Status { collector_url: "https://<b>.example/".to_owned(), ..Status::default() };
        let acts = |state: DeletionState| {
            let html = recipient_html(&status, &state, "", 0);
            assert!(html.contains("https://&lt;b&gt;.example/"), "{html}");
            let acts = html.split("data-act=\"").skip(1).filter_map(|rest| rest.split('"').next());
            acts.map(str::to_owned).collect::<Vec<String>>()
        };
        assert_eq!(acts(DeletionState::Idle), ["confirm"]);
        assert_eq!(acts(DeletionState::Confirming), ["delete", "cancel"]);
        assert_eq!(acts(DeletionState::Asking), [""; 0]);
        assert_eq!(acts(DeletionState::Failed("No.".to_owned())), ["confirm"]);
        assert_eq!(acts(DeletionState::NothingSent), [""; 0]);
        assert_eq!(acts(DeletionState::Deleted("{}".to_owned())), ["save"]);
    }

    #[test]
    fn receipts_are_listed_and_their_privacy_text_is_linked_where_it_is_named() {
        let receipts = vec![KeptReceipt { hour: 3600, collector: "https://fleet.example".to_owned() }];
        let status = Status {
            receipts,
            privacy_url: Some("https://fleet.example/privacy".to_owned()),
            disabled_by: Some("DO_NOT_TRACK".to_owned()),
            ..Status::default()
        };
        let html = recipient_html(&status, &DeletionState::Idle, "", 7200);
        for text in
            ["1 h 00 min ago", "href=\"https://fleet.example/privacy\"", "headcount forget", "data-of=\"0\""]
        {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert!(!html.contains("data-act=\"confirm\""), "{html}");
    }
}
