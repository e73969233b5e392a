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

/// Which pages a link is marked as current for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkScope {
    /// The page itself.
    Page,
    /// The page and those below it.
    Below,
}

/// A link to a page of the interface. It is marked if that page is open.
#[component]
pub(super) fn Link(
    /// The page's path in the route table.
    #[prop(into)]
    to: String,
    #[prop(default = LinkScope::Page)] covers: LinkScope,
    #[prop(optional)] class: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let address = [base, to].concat();
    let pathname = use_location().pathname;
    let current = {
        let address = address.clone();
        move || leads_to(&address, &pathname.read(), covers).then_some("page")
    };
    view! {
        <a href=address class=class aria-current=current>
            {children()}
        </a>
    }
}

/// Whether a link to `address` leads to the page at `pathname`.
fn leads_to(address: &str, pathname: &str, covers: LinkScope) -> bool {
    let (address, pathname) = (address.trim_end_matches('/'), pathname.trim_end_matches('/'));
    match pathname.strip_prefix(address) {
        Some("") => true,
        Some(below) => covers == LinkScope::Below && below.starts_with('/'),
        None => false,
    }
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
            ("/", "/", LinkScope::Page, true),
            ("/", "/welcome", LinkScope::Page, false),
            ("/tools/", "/tools", LinkScope::Page, true),
            ("/tools/", "/tools/", LinkScope::Page, true),
            ("/tools/", "/tools/welcome", LinkScope::Page, false),
            ("/p/default", "/p/default/settings", LinkScope::Page, false),
            ("/p/default/settings", "/p/default/settings/aws", LinkScope::Below, true),
            ("/p/default/settings", "/p/default/settings", LinkScope::Below, true),
            ("/p/def", "/p/default", LinkScope::Below, false),
        ];
        for (address, pathname, covers, leads) in cases {
            assert_eq!(leads_to(address, pathname, covers), leads, "{address} at {pathname}");
        }
    }
}
