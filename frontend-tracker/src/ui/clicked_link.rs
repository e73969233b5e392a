//! Decides which clicked links are followed within the page. All others are the browser's.

use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, Url};

/// A link that was clicked.
#[derive(Debug, Clone, Copy)]
struct ClickedLink<'a> {
    /// Its whole address.
    address: &'a str,
    /// The whole address of the page that it is in.
    here: &'a str,
    /// The whole address of all pages, with a slash at its end.
    root: &'a str,
    /// Where it wants to be opened: its attribute `target`.
    target: &'a str,
    /// Whether it is a file to be saved.
    is_download: bool,
    /// Whether the main button was pressed and no key with it.
    is_plain: bool,
}

impl ClickedLink<'_> {
    /// Whether the program follows the link. `is_page` says whether a path below `root` is that of a page.
    fn is_followed(self, is_page: fn(&str) -> bool) -> bool {
        let (there, here) = (AddressParts::of(self.address), AddressParts::of(self.here));
        let is_place = there.fragment.is_some() && there.without_fragment == here.without_fragment;
        self.is_plain
            && matches!(self.target, "" | "_self")
            && !self.is_download
            && there.without_query.strip_prefix(self.root).is_some_and(is_page)
            && !is_place
    }
}

/// The parts of an address that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressParts<'a> {
    pub(super) without_fragment: &'a str,
    fragment: Option<&'a str>,
    pub(super) without_query: &'a str,
    pub(super) query: &'a str,
}

impl<'a> AddressParts<'a> {
    pub(super) fn of(address: &'a str) -> Self {
        let (without_fragment, fragment) = match address.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (address, None),
        };
        let (without_query, query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
        Self { without_fragment, fragment, without_query, query }
    }
}

/// A link that the program follows.
#[derive(Debug)]
pub(super) struct FollowedLink {
    pub(super) element: Element,
    /// Its whole address.
    pub(super) address: String,
}

/// The link that was clicked in the page at `here`, if the program follows it. `root` is the whole address of all
/// pages, with a slash at its end; `is_page` says whether a path below it is that of a page.
pub(super) fn followed_link(
    event: &MouseEvent,
    here: &str,
    root: &str,
    is_page: fn(&str) -> bool,
) -> Option<FollowedLink> {
    if event.default_prevented() {
        return None;
    }
    let element: Element = event.target()?.dyn_into().ok()?;
    let element = element.closest("a[href]").ok()??;
    let address = Url::new_with_base(&element.get_attribute("href")?, here).ok()?.href();
    let has_key = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    let clicked = ClickedLink {
        address: &address,
        here,
        root,
        target: &element.get_attribute("target").unwrap_or_default(),
        is_download: element.has_attribute("download"),
        is_plain: event.button() == 0 && !has_key,
    };
    clicked.is_followed(is_page).then_some(FollowedLink { element, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://stats.example/fleet/overview?product=shop";

    fn link(address: &str) -> ClickedLink<'_> {
        ClickedLink {
            address,
            here: HERE,
            root: "https://stats.example/fleet/",
            target: "",
            is_download: false,
            is_plain: true,
        }
    }

    fn is_followed(link: ClickedLink<'_>) -> bool {
        link.is_followed(|path| !path.starts_with("api/"))
    }

    #[test]
    fn links_between_pages_are_followed_and_all_others_are_left_to_the_browser() {
        for (address, is_one) in [
            ("https://stats.example/fleet/versions?product=shop", true),
            ("https://stats.example/fleet/overview", true),
            ("https://stats.example/fleet/", true),
            ("https://stats.example/fleet/installations/4423595b", true),
            ("https://stats.example/fleet/versions#content", true),
            ("https://stats.example/fleet/overview?product=shop#content", false),
            ("https://stats.example/fleet/api/reports", false),
            ("https://stats.example/overview", false),
            ("https://other.example/fleet/overview", false),
            ("http://stats.example/fleet/overview", false),
            ("mailto:somebody@stats.example", false),
        ] {
            assert_eq!(is_followed(link(address)), is_one, "{address}");
        }
    }

    #[test]
    fn what_the_reader_wants_elsewhere_goes_there() {
        let address = "https://stats.example/fleet/versions";
        assert!(is_followed(ClickedLink { target: "_self", ..link(address) }));
        assert!(!is_followed(ClickedLink { target: "_blank", ..link(address) }));
        assert!(!is_followed(ClickedLink { is_download: true, ..link(address) }));
        assert!(!is_followed(ClickedLink { is_plain: false, ..link(address) }));
    }
}
