//! Decides which links and forms are followed within the page, and compares addresses.

use headcount_charts::ValueUnit;

/// Parameters that decide which part of a graph is shown, not which graph.
const FOCUS_PARAMETERS: [&str; 2] = ["focus", "function"];

/// Filters that pages keep for each other and graphs do not have.
const OTHER_FILTERS: [&str; 2] = ["database", "size"];

/// What begins the paths that are no pages.
const OTHER_PATHS: [&str; 3] = ["api/", "static/", "ce/"];

/// A link that was clicked.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClickedLink<'a> {
    /// Its whole address.
    pub(super) address: &'a str,
    /// The whole address of the page that it is in.
    pub(super) here: &'a str,
    /// The whole address of the collector, with a slash at its end.
    pub(super) root: &'a str,
    /// Where it wants to be opened: its attribute `target`.
    pub(super) target: &'a str,
    /// Whether it is a file to be saved.
    pub(super) is_download: bool,
    /// Whether the main button was pressed and no key with it.
    pub(super) is_plain: bool,
}

impl ClickedLink<'_> {
    /// Whether the program follows the link. All others are the browser's: other windows and sites, files,
    /// answers of the API, and places in the same page.
    pub(super) fn is_followed(self) -> bool {
        let (there, here) = (AddressParts::of(self.address), AddressParts::of(self.here));
        let is_place = there.fragment.is_some() && there.without_fragment == here.without_fragment;
        self.is_plain
            && matches!(self.target, "" | "_self")
            && !self.is_download
            && there.without_query.strip_prefix(self.root).is_some_and(is_page)
            && !is_place
    }
}

/// Whether a path below the address of the collector is that of a page.
fn is_page(path: &str) -> bool {
    !OTHER_PATHS.iter().any(|other| path.starts_with(other)) && !path.contains('.')
}

/// The parts of an address that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AddressParts<'a> {
    without_fragment: &'a str,
    fragment: Option<&'a str>,
    without_query: &'a str,
    query: &'a str,
}

impl<'a> AddressParts<'a> {
    fn of(address: &'a str) -> Self {
        let (without_fragment, fragment) = match address.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (address, None),
        };
        let (without_query, query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
        Self { without_fragment, fragment, without_query, query }
    }
}

/// Whether both addresses are of the same page, whatever its filters.
pub(super) fn is_same_page(one: &str, other: &str) -> bool {
    AddressParts::of(one).without_query == AddressParts::of(other).without_query
}

/// Whether both addresses are of the same page with the same filters, whatever place in it.
pub(super) fn is_same_view(one: &str, other: &str) -> bool {
    AddressParts::of(one).without_fragment == AddressParts::of(other).without_fragment
}

/// The unit of the values of a graph whose numbers are at an address of the API.
pub(super) fn unit_of_graph(numbers: &str) -> ValueUnit {
    match (parameter(numbers, "measure"), parameter(numbers, "resource")) {
        (Some("absolute"), Some("heap")) => ValueUnit::Bytes,
        (Some("absolute"), _) => ValueUnit::Microseconds,
        _ => ValueUnit::Share,
    }
}

/// Whether a page shows a graph whose numbers are at an address of the API, whatever its focus.
pub(super) fn is_page_of_graph(page: &str, numbers: &str) -> bool {
    let parameters = |address| {
        let is_of_graph =
            |pair: &&str| !OTHER_FILTERS.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name));
        let mut pairs: Vec<&str> = without_focus(address).into_iter().filter(is_of_graph).collect();
        pairs.sort_unstable();
        pairs
    };
    parameters(page) == parameters(numbers)
}

/// The query of an address without the focus and without what is empty.
fn without_focus(address: &str) -> Vec<&str> {
    let is_focus = |pair: &&str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        FOCUS_PARAMETERS.contains(&name) || value.is_empty()
    };
    AddressParts::of(address).query.split('&').filter(|pair| !is_focus(pair)).collect()
}

/// The address of the same graph with the focus on a node; on the whole with 0.
pub(super) fn with_focus(address: &str, key: u64) -> String {
    let parts = AddressParts::of(address);
    let mut pairs: Vec<String> = without_focus(address).into_iter().map(ToOwned::to_owned).collect();
    if key > 0 {
        pairs.push(format!("focus={key:x}"));
    }
    format!("{}?{}", parts.without_query, pairs.join("&"))
}

/// The key that an address names, as the collector writes it: in hexadecimal.
pub(super) fn key_of_text(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

/// The value of a parameter as it is written, if it has one.
pub(super) fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let pairs = AddressParts::of(address).query.split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(its, _)| *its == name);
    value.map(|(_, value)| value).filter(|value| !value.is_empty())
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

    #[test]
    fn absolute_values_have_the_unit_of_their_resource() {
        for (address, unit) in [
            ("api?resource=cpu&measure=absolute", ValueUnit::Microseconds),
            ("api?resource=heap&measure=absolute", ValueUnit::Bytes),
            ("api?resource=heap&measure=share", ValueUnit::Share),
            ("api", ValueUnit::Share),
        ] {
            assert_eq!(unit_of_graph(address), unit, "{address}");
        }
    }

    #[test]
    fn links_between_pages_are_followed_and_all_others_are_left_to_the_browser() {
        for (address, is_followed) in [
            ("https://stats.example/fleet/versions?product=shop", true),
            ("https://stats.example/fleet/overview", true),
            ("https://stats.example/fleet/", true),
            ("https://stats.example/fleet/installations/4423595b", true),
            ("https://stats.example/fleet/versions#content", true),
            ("https://stats.example/fleet/overview?product=shop#content", false),
            ("https://stats.example/fleet/api/reports", false),
            ("https://stats.example/fleet/export.zip", false),
            ("https://stats.example/overview", false),
            ("https://other.example/fleet/overview", false),
            ("http://stats.example/fleet/overview", false),
            ("mailto:somebody@stats.example", false),
        ] {
            assert_eq!(link(address).is_followed(), is_followed, "{address}");
        }
    }

    #[test]
    fn what_the_reader_wants_elsewhere_goes_there() {
        let address = "https://stats.example/fleet/versions";
        assert!(ClickedLink { target: "_self", ..link(address) }.is_followed());
        assert!(!ClickedLink { target: "_blank", ..link(address) }.is_followed());
        assert!(!ClickedLink { is_download: true, ..link(address) }.is_followed());
        assert!(!ClickedLink { is_plain: false, ..link(address) }.is_followed());
    }

    #[test]
    fn a_graph_is_the_same_with_any_focus() {
        let numbers = "api/fleet/profiles/graph?product=shop&from=2026-11-01&resource=cpu";
        for (query, is_of_graph) in [
            ("product=shop&from=2026-11-01&resource=cpu", true),
            ("resource=cpu&product=shop&from=2026-11-01&version=&focus=12", true),
            ("product=shop&from=2026-11-01&database=sqlite&resource=cpu&function=main#top", true),
            ("product=shop&from=2026-11-01&resource=heap", false),
            ("product=shop&from=2026-11-01&resource=cpu&version=1.0", false),
            ("", false),
        ] {
            assert_eq!(
                is_page_of_graph(&format!("https://a/profiles?{query}"), numbers),
                is_of_graph,
                "{query}"
            );
        }
    }

    #[test]
    fn the_focus_is_part_of_the_address() {
        let address = "https://a/profiles?product=shop&focus=3&version=&function=x#y";
        assert_eq!(with_focus(address, 7), "https://a/profiles?product=shop&focus=7");
        assert_eq!(with_focus(address, 0), "https://a/profiles?product=shop");
        let opened = with_focus(address, 0xab_cdef);
        assert_eq!(parameter(&opened, "focus"), Some("abcdef"));
        assert_eq!(parameter(&opened, "focus").and_then(key_of_text), Some(0xab_cdef));
        assert_eq!((parameter(address, "version"), parameter(address, "none")), (None, None));
    }

    #[test]
    fn a_place_in_a_page_is_the_same_view() {
        assert!(is_same_view("https://a/b?c=d#e", "https://a/b?c=d"));
        assert!(!is_same_view("https://a/b?c=d", "https://a/b?c=e"));
        assert!(is_same_page("https://a/b?c=d", "https://a/b?c=e"));
        assert!(!is_same_page("https://a/b", "https://a/c"));
    }
}
