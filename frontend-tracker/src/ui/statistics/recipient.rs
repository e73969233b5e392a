//! Says who receives the reports, asks them to delete what they received, and lists their receipts.

use headcount_shared::api::{KeptReceipt, Problem, Status};
use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{
    WithStatus,
    html_part::{HtmlPart, PressedButton},
    page_state::StatisticsState,
    requests::{PREVIEW, told},
};
use crate::ui::{
    answer::{ApiFailure, accepted, read},
    browser,
    html::{escaped, push, table_head},
    html_box::{acting_box, text_memo},
    texts::{deletion, format, frame},
};

/// The id of the heading above the part that changes while a deletion is asked for.
const DELETION: &str = "deletion";

const RECEIPTS: &str = "api/usage-statistics/receipts";

/// What became of the request for deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DeletionState {
    Idle,
    Confirming,
    Asking,
    /// It was refused, and nothing has changed at this installation.
    Refused(String),
    /// Something else went wrong: whether anything was or will be deleted is not known.
    Unclear(String),
    /// Nothing was sent that could be deleted.
    NothingSent,
    /// The receipt, as JSON.
    Deleted(String),
}

#[component]
pub(super) fn Recipient(desk: StatisticsState) -> impl IntoView {
    let here = move || view! { <Known desk /> }.into_any();
    view! {
        <section class="card" aria-labelledby="recipient-title">
            <h2 id="recipient-title">{deletion::RECIPIENT}</h2>
            <WithStatus desk here=Box::new(here) />
        </section>
    }
}

/// Who receives the reports, the deletion there, and the receipts: each is replaced only when it changes, and
/// the heading with the focus never.
#[component]
fn Known(desk: StatisticsState) -> impl IntoView {
    let state = RwSignal::new(DeletionState::Idle);
    let recipient =
        text_memo(move || desk.status.state.with(|it| it.here().map(recipient_html).unwrap_or_default()));
    let html = text_memo(move || {
        let is_off = desk.status.state.with(|it| it.here().is_some_and(|it| it.disabled_by.is_some()));
        if is_off { by_command_html() } else { state.with(deletion_html) }
    });
    let press = move |(act, _): PressedButton<'_>| {
        match act {
            "confirm" => state.set(DeletionState::Confirming),
            "cancel" => state.set(DeletionState::Idle),
            "delete" => ask(desk, state),
            _ => {
                if let DeletionState::Deleted(receipt) = state.get_untracked() {
                    save_receipt(&receipt);
                }
                return;
            }
        }
        // The button that has the focus goes away.
        browser::focus(DELETION);
    };
    view! {
        <div>
            <div inner_html=recipient></div>
            <h3 id=DELETION tabindex="-1">{deletion::DELETION}</h3>
            <HtmlPart html press=Box::new(press) />
            <Receipts desk />
        </div>
    }
}

/// The receipts of deletions.
#[component]
fn Receipts(desk: StatisticsState) -> impl IntoView {
    let failure = RwSignal::new(None);
    let html = text_memo(move || {
        desk.status.state.with(|it| it.here().map(|it| receipts_html(&it.receipts)).unwrap_or_default())
    });
    let save = move |key: &str| save_stored(desk, failure, key.to_owned());
    view! {
        {move || failure.get().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
        {acting_box("plain", html, text_memo(String::new), Box::new(save))}
    }
}

fn ask(desk: StatisticsState, state: RwSignal<DeletionState>) {
    state.set(DeletionState::Asking);
    spawn_local(async move {
        let next = outcome(desk.api.exchange("POST", "api/usage-statistics/deletion", None).await);
        // The page may be gone by now.
        if state.try_set(next.clone()).is_some() {
            return;
        }
        desk.may_be_deleting.set(matches!(next, DeletionState::Unclear(_)));
        match next {
            DeletionState::Deleted(_) => {
                desk.said.set(deletion::DELETED.to_owned());
                desk.opened.clear();
                desk.preview.load(desk, PREVIEW.to_owned(), |_| ());
                desk.refresh();
            }
            DeletionState::NothingSent => desk.said.set(deletion::NOTHING_SENT.to_owned()),
            _ => desk.refresh(),
        }
    });
}

/// What the answer to a request for deletion means; `None` if there is none.
///
/// The server goes on with a deletion whose client is gone, and so does the collector. So only a refusal of the
/// server itself, with one of the statuses that it documents for that, says that nothing has changed.
fn outcome(answer: Option<(u16, Vec<u8>)>) -> DeletionState {
    let Some((status, body)) = answer else { return DeletionState::Unclear(frame::NO_ANSWER.to_owned()) };
    let is_refusal =
        matches!(status, 409 | 502) && read::<Problem>(&body).is_ok_and(|problem| problem.status == status);
    match accepted(status, body).and_then(|body| read::<Value>(&body)) {
        Ok(forgotten) if forgotten["receipt"].is_null() => DeletionState::NothingSent,
        Ok(forgotten) => DeletionState::Deleted(lines_of(&forgotten["receipt"])),
        // Nothing was asked for.
        Err(ApiFailure::SignedOut) => DeletionState::Confirming,
        Err(ApiFailure::Told(why)) if is_refusal => DeletionState::Refused(why),
        Err(ApiFailure::Told(why)) => DeletionState::Unclear(why),
    }
}

/// Saves an earlier receipt, whose text is fetched now.
fn save_stored(desk: StatisticsState, failure: RwSignal<Option<String>>, key: String) {
    spawn_local(async move {
        let answer = desk.api.request("GET", RECEIPTS, None).await;
        let answer = answer.and_then(|answer| read::<Value>(&answer.value));
        let text = answer.map_err(told).and_then(|stored| {
            stored_receipt(&stored["receipts"], &key).ok_or_else(|| Some(deletion::RECEIPT_GONE.to_owned()))
        });
        if let Ok(text) = &text {
            save_receipt(text);
        }
        failure.try_set(text.err().flatten());
    });
}

fn save_receipt(text: &str) {
    browser::save("headcount-receipt.json", "application/json", text.as_bytes());
}

/// The text of the receipt with a key among all that are stored.
fn stored_receipt(receipts: &Value, key: &str) -> Option<String> {
    let receipts = receipts.as_array()?;
    let named: Vec<(u64, &str)> = receipts
        .iter()
        .map(|it| {
            let hour = it["receipt"]["hour"].as_u64().unwrap_or_default();
            (hour, it["collector"].as_str().unwrap_or_default())
        })
        .collect();
    let place = receipt_keys(&named).iter().position(|own| own == key)?;
    Some(lines_of(&receipts.get(place)?["receipt"]))
}

/// Keys of receipts, by their hours and collectors, latest first. Receipts that are alike differ in how many
/// of them are older, which does not change when there are new ones.
fn receipt_keys(receipts: &[(u64, &str)]) -> Vec<String> {
    let key = |(place, receipt): (usize, &(u64, &str))| {
        let older = receipts.iter().skip(place + 1).filter(|other| *other == receipt).count();
        let (hour, collector) = receipt;
        [&hour.to_string(), " ", &older.to_string(), " ", collector].concat()
    };
    receipts.iter().enumerate().map(key).collect()
}

/// Who receives the reports, as HTML.
fn recipient_html(status: &Status) -> String {
    let mut html = String::new();
    let collector = escaped(&status.collector_url);
    let collector = ["<code class=\"address\">", &collector, "</code>"].concat();
    push(&mut html, &["<p>", &deletion::goes_to_html(&collector), "</p>"]);
    match &status.privacy_url {
        Some(url) => {
            let url = escaped(url);
            let link =
                ["<a class=\"address\" rel=\"noreferrer\" href=\"", &url, "\">", &url, "</a>"].concat();
            push(&mut html, &["<p>", &deletion::privacy_text_html(&link), "</p>"]);
        }
        None => push(&mut html, &["<p class=\"note\">", deletion::NO_PRIVACY_TEXT_HTML, "</p>"]),
    }
    html
}

/// How to ask for deletion while statistics are off for the whole run, as HTML.
fn by_command_html() -> String {
    ["<p class=\"note\">", deletion::BY_COMMAND_HTML, "</p>"].concat()
}

/// The state of the deletion with its buttons, as HTML.
fn deletion_html(state: &DeletionState) -> String {
    let mut html = String::new();
    let button = |act: &str, class: &str, label: &str| {
        ["<button type=\"button\" class=\"", class, "\" data-act=\"", act, "\">", label, "</button>"].concat()
    };
    let failed = |why: &str, known: &str| {
        let again = button("confirm", "", deletion::ASK_AGAIN);
        let why = escaped(why);
        ["<p class=\"failure\" role=\"alert\">", &why, known, "</p><p>", &again, "</p>"].concat()
    };
    match state {
        DeletionState::Idle => push(
            &mut html,
            &[
                "<p class=\"note\">",
                deletion::WHAT_IS_ASKED,
                "</p><p>",
                &button("confirm", "", deletion::ASK),
                "</p>",
            ],
        ),
        DeletionState::Confirming => {
            push(
                &mut html,
                &["<div class=\"notice\" role=\"group\" aria-label=\"", deletion::CONFIRM, "\">"],
            );
            for paragraph in deletion::CONFIRMATION {
                push(&mut html, &["<p>", paragraph, "</p>"]);
            }
            let (delete, cancel) =
                (button("delete", "danger", deletion::DELETE), button("cancel", "quiet", deletion::CANCEL));
            push(&mut html, &["</div><p class=\"buttons\">", &delete, &cancel, "</p>"]);
        }
        DeletionState::Asking => {
            push(&mut html, &["<p class=\"waiting\" role=\"status\">", deletion::IS_ASKED, "</p>"]);
        }
        DeletionState::Refused(why) => html = failed(why, deletion::NOTHING_CHANGED),
        DeletionState::Unclear(why) => html = failed(why, deletion::NOT_KNOWN),
        DeletionState::NothingSent => push(&mut html, &["<p>", deletion::NOTHING_SENT, "</p>"]),
        DeletionState::Deleted(receipt) => push(
            &mut html,
            &[
                "<p>",
                deletion::DELETED,
                "</p><pre tabindex=\"0\" role=\"group\" aria-label=\"",
                deletion::RECEIPT,
                "\">",
                &escaped(receipt),
                "</pre><p>",
                &button("save", "quiet", deletion::SAVE_RECEIPT),
                "</p>",
            ],
        ),
    }
    html
}

/// The table of receipts, as HTML. The button of each has its key in `data-act`.
fn receipts_html(receipts: &[KeptReceipt]) -> String {
    let mut html = String::new();
    if receipts.is_empty() {
        return html;
    }
    let head = table_head(deletion::RECEIPTS, &deletion::RECEIPT_COLUMNS);
    push(&mut html, &["<table class=\"reports\">", &head, "<tbody>"]);
    let named: Vec<(u64, &str)> = receipts.iter().map(|it| (it.hour, it.collector.as_str())).collect();
    for ((hour, collector), key) in named.iter().zip(receipt_keys(&named)) {
        push(
            &mut html,
            &[
                "<tr><td>",
                // Without an age: the hour is all that is known.
                &format::time(*hour),
                "</td><td class=\"address\">",
                &escaped(collector),
                "</td><td><button type=\"button\" class=\"quiet\" data-act=\"",
                &escaped(&key),
                "\" aria-label=\"",
                &deletion::save_receipt_of(&format::time(*hour)),
                "\">",
                deletion::SAVE,
                "</button></td></tr>",
            ],
        );
    }
    html.push_str("</tbody></table>");
    html
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
        let acts = |state: DeletionState| {
            let html = deletion_html(&state);
            let acts = html.split("data-act=\"").skip(1).filter_map(|rest| rest.split('"').next());
            acts.map(str::to_owned).collect::<Vec<String>>()
        };
        assert_eq!(acts(DeletionState::Idle), ["confirm"]);
        assert_eq!(acts(DeletionState::Confirming), ["delete", "cancel"]);
        assert_eq!(acts(DeletionState::Asking), [""; 0]);
        assert_eq!(acts(DeletionState::Refused("No.".to_owned())), ["confirm"]);
        assert_eq!(acts(DeletionState::Unclear("No.".to_owned())), ["confirm"]);
        assert_eq!(acts(DeletionState::NothingSent), [""; 0]);
        assert_eq!(acts(DeletionState::Deleted("{}".to_owned())), ["save"]);
    }

    #[test]
    fn only_a_refusal_of_the_server_itself_says_that_nothing_has_changed() {
        let problem = |status: u16| {
            json!({"title": "T", "status": status, "detail": "the collector cannot be reached"}).to_string()
        };
        let page = || "<html>".to_owned();
        let why = "The collector cannot be reached.".to_owned();
        let refused = |status: u16| format!("The server refused with status {status} and gave no reason.");
        let cases = [
            (Some((409, problem(409))), DeletionState::Refused(why.clone())),
            (Some((502, problem(502))), DeletionState::Refused(why.clone())),
            // The collector has deleted, and what follows has failed here.
            (Some((500, problem(500))), DeletionState::Unclear(why)),
            // Proxies.
            (Some((502, page())), DeletionState::Unclear(refused(502))),
            (Some((504, page())), DeletionState::Unclear(refused(504))),
            (None, DeletionState::Unclear(frame::NO_ANSWER.to_owned())),
            (Some((401, page())), DeletionState::Confirming),
            (Some((200, "{\"receipt\":null}".to_owned())), DeletionState::NothingSent),
            (
                Some((200, "{\"receipt\":{\"hour\":1}}".to_owned())),
                DeletionState::Deleted("{\n  \"hour\": 1\n}\n".to_owned()),
            ),
        ];
        for (answer, state) in cases {
            let told = format!("{answer:?}");
            assert_eq!(outcome(answer.map(|(status, body)| (status, body.into_bytes()))), state, "{told}");
        }
        for (state, text) in [
            (DeletionState::Refused("No.".to_owned()), deletion::NOTHING_CHANGED),
            (DeletionState::Unclear("No.".to_owned()), deletion::NOT_KNOWN),
        ] {
            assert!(deletion_html(&state).contains(&["No.", text].concat()));
        }
    }

    #[test]
    fn the_receipt_that_is_saved_is_the_one_that_was_shown() {
        let receipt = |hour: u64, reports: u64| {
            let receipt = json!({"hour": hour, "reports": reports});
            json!({"collector": "https://a.example", "receipt": receipt})
        };
        let shown = [(7200, "https://a.example"), (7200, "https://a.example"), (3600, "https://a.example")];
        let keys = receipt_keys(&shown);
        // Another deletion meanwhile, in the same hour.
        let stored = json!([receipt(7200, 4), receipt(7200, 3), receipt(7200, 2), receipt(3600, 1)]);
        for (key, reports) in keys.iter().zip([3, 2, 1]) {
            let text = stored_receipt(&stored, key).unwrap();
            assert!(text.contains(&format!("\"reports\": {reports}\n")), "{key}: {text}");
        }
        assert_eq!(stored_receipt(&json!([receipt(7200, 4)]), &keys[2]), None);
        assert_eq!(stored_receipt(&json!(null), &keys[2]), None);
    }

    #[test]
    fn receipts_are_listed_with_their_hour_and_what_saves_them() {
        let receipts = [KeptReceipt { hour: 3600, collector: "https://<b>.example".to_owned() }];
        let html = receipts_html(&receipts);
        for text in ["<td>1 Jan 1970, 01:00:00 UTC</td>", "data-act=\"3600 0 https://&lt;b&gt;.example\""] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert_eq!(receipts_html(&[]), "");
    }

    #[test]
    fn a_privacy_text_is_linked_where_it_is_named() {
        let status = Status {
            collector_url: "https://<b>.example/".to_owned(),
            privacy_url: Some("https://fleet.example/privacy".to_owned()),
            ..Status::default()
        };
        let html = recipient_html(&status);
        assert!(html.contains("https://&lt;b&gt;.example/"), "{html}");
        assert!(html.contains("href=\"https://fleet.example/privacy\""), "{html}");
    }
}
