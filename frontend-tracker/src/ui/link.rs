//! Renders links between the pages, under any base path.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The path that the interface is served under, without a slash at its end.
#[derive(Debug, Clone)]
pub(super) struct InterfaceBase(pub(super) String);

impl InterfaceBase {
    /// The path of the page at `pathname` without its base, cut after `segments` segments.
    pub(super) fn page(&self, pathname: &str, segments: usize) -> String {
        let path = pathname.strip_prefix(&self.0).unwrap_or(pathname);
        path.split('/').filter(|part| !part.is_empty()).take(segments).flat_map(|part| ["/", part]).collect()
    }
}

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
    let pathname = use_location().pathname;
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
    fn the_page_is_the_beginning_of_the_path_as_it_was_written() {
        let base = InterfaceBase("/tools".to_owned());
        assert_eq!(base.page("/tools/p/a%20b/app/x:y/SLO", 4), "/p/a%20b/app/x:y");
        assert_eq!(base.page("/tools/p/new", 2), "/p/new");
        assert_eq!(InterfaceBase(String::new()).page("/p/new/aws/", 2), "/p/new");
    }

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
