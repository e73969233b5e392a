//! Decides which addresses are those of pages of a collector, and compares them.

use headcount_charts::ValueUnit;

use crate::ui::clicked_link::AddressParts;

/// Parameters that decide which part of a graph is shown, not which graph.
const FOCUS_PARAMETERS: [&str; 2] = ["focus", "function"];

/// Filters that pages keep for each other and graphs do not have.
const OTHER_FILTERS: [&str; 2] = ["database", "size"];

/// What begins the paths that are no pages.
const OTHER_PATHS: [&str; 3] = ["api/", "static/", "ce/"];

/// Whether a path below the address of the collector is that of a page.
pub(super) fn is_page(path: &str) -> bool {
    !OTHER_PATHS.iter().any(|other| path.starts_with(other)) && !path.contains('.')
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
    fn answers_and_files_are_no_pages() {
        for (path, is_one) in [
            ("", true),
            ("versions", true),
            ("installations/4423595b", true),
            ("api/reports", false),
            ("static/pages.js", false),
            ("export.zip", false),
        ] {
            assert_eq!(is_page(path), is_one, "{path}");
        }
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
