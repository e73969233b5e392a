//! Lists the request headers that are sent with a report.

use headcount_shared::delivery::{DELIVERY_HEADERS, DeliveryHeader};
use leptos::prelude::*;

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
            <h2 id="headers-title">"Sent beside a report"</h2>
            <p>"Each report is one HTTP request. These are all headers that it can have."</p>
            <div class="scroll texts" tabindex="0" role="group" aria-labelledby="headers-title">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Header"</th>
                            <th scope="col">"Value"</th>
                            <th scope="col">"Why"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}
