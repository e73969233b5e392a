//! Lists the request headers that are sent with a report.

use headcount_shared::delivery::{DELIVERY_HEADERS, DeliveryHeader};
use leptos::prelude::*;

use crate::ui::texts::statistics;

#[component]
pub(super) fn Headers() -> impl IntoView {
    let rows = DELIVERY_HEADERS.into_iter().map(|DeliveryHeader { name, value, reason, .. }| {
        view! {
            <tr>
                <td><code>{name}</code></td>
                <td>{value.replace('`', "")}</td>
                <td>{reason.replace('`', "")}</td>
            </tr>
        }
    });
    view! {
        <section class="card" aria-labelledby="headers-title">
            <h2 id="headers-title">{statistics::HEADERS}</h2>
            <p>{statistics::ALL_HEADERS}</p>
            <div class="scroll texts" tabindex="0" role="group" aria-labelledby="headers-title">
                <table>
                    <thead>
                        <tr>
                            {statistics::HEADER_COLUMNS.map(|column| view! { <th scope="col">{column}</th> }).collect_view()}
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}
