//! Renders links between the pages, under any base path.

use leptos::prelude::*;

use super::location::OpenLocation;

/// The path that the interface is served under, without a slash at its end.
#[derive(Debug, Clone)]
pub(super) struct InterfaceBase(pub(super) String);

/// A link to a page of the interface. It is marked if that page is open.
#[component]
pub(super) fn Link(
    /// The page's path in the route table.
    #[prop(into)]
    to: String,
    #[prop(optional)] class: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let address = [base, to].concat();
    let pathname = expect_context::<OpenLocation>().pathname;
    let current = {
        let address = address.clone();
        move || leads_to(&address, &pathname.read()).then_some("page")
    };
    view! {
        <a href=address class=class aria-current=current>
            {children()}
        </a>
    }
}

/// Whether a link to `address` leads to the page at `pathname`.
fn leads_to(address: &str, pathname: &str) -> bool {
    address.trim_end_matches('/') == pathname.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_knows_its_page() {
        let cases = [
            ("/", "/", true),
            ("/", "/welcome", false),
            ("/tools/", "/tools", true),
            ("/tools/", "/tools/", true),
            ("/tools/", "/tools/welcome", false),
            ("/p/default", "/p/default/settings", false),
            ("/p/def", "/p/default", false),
        ];
        for (address, pathname, leads) in cases {
            assert_eq!(leads_to(address, pathname), leads, "{address} at {pathname}");
        }
    }
}
