//! Defines the pages of the shop and their routes.

use leptos::prelude::*;
use leptos_router::{
    MatchNestedRoutes, NestedRoute,
    components::{Outlet, Redirect},
    hooks::use_params_map,
    path,
};

/// The routes of all pages. Those of customers are nested in a common frame.
pub(crate) fn pages() -> impl MatchNestedRoutes + Clone + Send + 'static {
    (
        NestedRoute::new(path!("/"), Overview),
        NestedRoute::new(path!("/customers/new"), NewCustomer),
        NestedRoute::new(path!("/customers/:id"), Customer)
            .child((NestedRoute::new(path!("orders/:order"), Order), NestedRoute::new(path!(":tab?"), Tab))),
        NestedRoute::new(path!("/clients/:id"), Moved),
        NestedRoute::new(path!("/files/*path"), File),
        NestedRoute::new(path!("/:language?/about"), About),
    )
}

#[component]
fn Overview() -> impl IntoView {
    view! { <h2>"All customers"</h2> }
}

#[component]
fn NewCustomer() -> impl IntoView {
    view! { <h2>"A new customer"</h2> }
}

#[component]
fn Customer() -> impl IntoView {
    view! {
        <h2>"Customer " {move || named("id")}</h2>
        <Outlet />
    }
}

#[component]
fn Order() -> impl IntoView {
    view! { <p>"Order " {move || named("order")}</p> }
}

#[component]
fn Tab() -> impl IntoView {
    view! { <p>{move || named("tab")}</p> }
}

/// Customers were called clients once.
#[component]
fn Moved() -> impl IntoView {
    view! { <Redirect path=format!("/customers/{}", named("id")) /> }
}

#[component]
fn File() -> impl IntoView {
    view! { <h2>"File " {move || named("path")}</h2> }
}

#[component]
fn About() -> impl IntoView {
    view! { <h2>"About " {move || named("language")}</h2> }
}

/// The text of a parameter; empty when it is absent.
fn named(parameter: &str) -> String {
    use_params_map().read().get(parameter).unwrap_or_default()
}
