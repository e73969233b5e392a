//! Shows the incidents of a project, and the notifications about them.

use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;

use super::{requests::send, settings_page::SettingsPage};
use crate::ui::{answer::FetchState, browser, format, link::Link};

#[component]
pub(super) fn IncidentTable(page: SettingsPage) -> impl IntoView {
    let row = move |incident: &Value, now: u64| {
        view! {
            <tr>
                <th scope="row">{application(page, incident)}</th>
                <td>{severity(&incident["severity"])}</td>
                <td>{moment(&incident["opened_at"], now, "")}</td>
                <td>{moment(&incident["resolved_at"], now, "not yet")}</td>
            </tr>
        }
        .into_any()
    };
    records(
        page,
        "incidents",
        "Incidents",
        &["Application", "Severity", "Began", "Ended"],
        "There was no incident yet.",
        row,
    )
}

#[component]
pub(super) fn NotificationTable(page: SettingsPage) -> impl IntoView {
    let row = move |notification: &Value, now: u64| {
        view! {
            <tr>
                <th scope="row">{application(page, notification)}</th>
                <td>{severity(&notification["status"])}</td>
                <td>{notification["destination"].as_str().unwrap_or_default().to_owned()}</td>
                <td>{moment(&notification["timestamp"], now, "")}</td>
                <td>{moment(&notification["sent_at"], now, "waits")}</td>
            </tr>
        }
        .into_any()
    };
    records(
        page,
        "notifications",
        "Notifications",
        &["Application", "State", "Destination", "Made", "Sent or dropped"],
        "No notification was made yet. Tests are not listed.",
        row,
    )
}

/// A table of the records at `path`, the newest first.
fn records(
    page: SettingsPage,
    path: &'static str,
    title: &'static str,
    columns: &'static [&'static str],
    empty: &'static str,
    row: impl Fn(&Value, u64) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView {
    let found = RwSignal::new(FetchState::Waiting);
    spawn_local(async move {
        let answer = send(page.api, "GET", page.address(path), None).await;
        let _closed = found.try_set(match answer {
            Ok(mut answer) => FetchState::Here(answer[path].take()),
            Err(failure) => FetchState::Failed(failure.why),
        });
    });
    let id = [path, "-title"].concat();
    let shown = {
        let id = id.clone();
        move || match found.get() {
            FetchState::Waiting => view! { <p class="waiting">"Loading…"</p> }.into_any(),
            FetchState::Failed(why) => view! { <p class="failure" role="alert">{why}</p> }.into_any(),
            FetchState::Here(found) => {
                let found = found.as_array().map(Vec::as_slice).unwrap_or_default();
                if found.is_empty() {
                    return view! { <p class="note">{empty}</p> }.into_any();
                }
                let now = browser::now_seconds();
                let heads = columns.iter().map(|name| view! { <th scope="col">{*name}</th> }).collect_view();
                let rows = found.iter().map(|record| row(record, now)).collect_view();
                view! {
                    <div class="scroll" role="region" tabindex="0" aria-labelledby=id.clone()>
                        <table>
                            <caption class="visually-hidden">{title} ", the newest first, at most 100"</caption>
                            <thead>
                                <tr>{heads}</tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }
                .into_any()
            }
        }
    };
    view! {
        <section class="card" aria-labelledby=id.clone()>
            <h2 id=id.clone()>{title}</h2>
            {shown}
        </section>
    }
    .into_any()
}

/// A link to the application of a record, with its name.
fn application(page: SettingsPage, record: &Value) -> AnyView {
    let id = record["application"].as_str().unwrap_or_default().to_owned();
    let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
    let to = format!("/p/{}/app/{}", encode(&page.id()), encode(&id));
    let (place, name) = id.rsplit_once(':').unwrap_or(("", &id));
    let (place, name) = (place.to_owned(), name.to_owned());
    view! {
        <Link to>{name}</Link>
        <small>{place}</small>
    }
    .into_any()
}

fn severity(of: &Value) -> AnyView {
    let (class, text) = match of.as_str() {
        Some("critical") => ("badge bad", "critical"),
        Some("warning") => ("badge warn", "warning"),
        Some("ok") => ("badge good", "over"),
        Some("info") => ("badge", "info"),
        _ => ("badge", "not known"),
    };
    view! { <span class=class>{text}</span> }.into_any()
}

/// A time, how long ago and exact; `none` if there is none.
fn moment(of: &Value, now: u64, none: &'static str) -> AnyView {
    let Some(at) = of.as_u64() else { return none.into_any() };
    view! {
        {format::ago(at, now)}
        <small>
            <time datetime=format::timestamp(at)>{format::time(at)}</time>
        </small>
    }
    .into_any()
}
