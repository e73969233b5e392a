//! Says what a page has no numbers of, and what its numbers cannot tell.

use headcount_fleet::calendar_day::CalendarDay;
use maud::{Markup, html};

use crate::{
    answer_basis::{chart_day, installations, version_text},
    installations_page::shown_host,
    page_filter::PageFilter,
    page_list::FleetPage,
    shown_names::shown_name,
};

/// The days of a link to numbers elsewhere.
const LINKED_DAYS: u32 = 30;

/// In a fleet that is smaller, a share says little.
const SMALL_FLEET: u64 = 20;

/// The days of which there are numbers of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDays {
    /// The first one.
    pub first: CalendarDay,
    /// The last one.
    pub last: CalendarDay,
}

/// What is known about the numbers of a page.
#[derive(Debug, Clone, Copy)]
pub struct PageNotes<'a> {
    /// The days of the product; `None` if it has no numbers at all.
    pub known: Option<KnownDays>,
    /// The host that a browser requested; ignored if it is not a valid one.
    pub host: Option<&'a str>,
    /// How many installations of the filter reported on a day, on average; `None` if the page does not depend
    /// on it.
    pub installations: Option<u64>,
}

/// What is to be read before a page, and whether there is anything to show after it.
#[must_use]
pub fn page_notes(page: FleetPage, filter: &PageFilter, notes: PageNotes<'_>) -> (Markup, bool) {
    let Some(known) = notes.known else { return (no_numbers(filter, notes.host), false) };
    if known.last < filter.first || filter.last < known.first {
        return (other_days(page, filter, known), false);
    }
    let found = notes.installations;
    let is_filtered = (page.is_by_version() && filter.version.is_some())
        || (page.is_by_size() && (filter.database.is_some() || filter.size.is_some()));
    if is_filtered && found == Some(0) {
        return (no_such_installations(page, filter), false);
    }
    let notes = html! {
        (running_day(page, filter, known))
        @if let Some(few) = found.filter(|found| (1..SMALL_FLEET).contains(found)) {
            p.note {
                "Shares say little: on average, " (installations(few)) " reported a day"
                @if few > 1 { ", and one of them is " (100 / few) "\u{a0}%" }
                "."
            }
        }
    };
    (notes, true)
}

/// How an installation reports here.
fn no_numbers(filter: &PageFilter, host: Option<&str>) -> Markup {
    let address = shown_host(host);
    html! {
        section.empty {
            p { strong { "No installation of " (shown_name(&filter.product)) " is in the numbers yet." } }
            p { "An installation reports here, minutes after its start and then once an hour, when it is told to:" }
            pre { code { "headcount serve --collector-url http://" (address) "/ce/usage-statistics" } }
            p { "Its reports are in the numbers about a minute after they arrive. What became of each is on the page "
                a href=(filter.address(FleetPage::Trust)) { (FleetPage::Trust.title()) } "." }
        }
    }
}

fn other_days(page: FleetPage, filter: &PageFilter, known: KnownDays) -> Markup {
    let KnownDays { first, last } = known;
    let newest = filter.with_days(first.max(last.minus_days(LINKED_DAYS - 1)), last);
    html! {
        section.empty {
            p { strong { "No installation of " (shown_name(&filter.product)) " reported in this time." } }
            p {
                "There are numbers from " (chart_day(first).to_string()) " to " (chart_day(last).to_string()) ": "
                a href=(newest.address(page)) { "show the newest" } "."
            }
        }
    }
}

fn no_such_installations(page: FleetPage, filter: &PageFilter) -> Markup {
    let parts = [
        filter.version.as_deref().map(version_text),
        filter.database.as_ref().map(|database| format!("on {database}")),
        filter.size.as_ref().map(|size| format!("with {size} nodes")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    html! {
        section.empty {
            p { strong { "In this time, no installation reported with what was chosen: " (parts.join(", ")) "." } }
            p { a href=(filter.without_filters().address(page)) { "Show all installations" } "." }
        }
    }
}

/// The numbers of a day that is not over are too small, and so is every mean of them.
fn running_day(page: FleetPage, filter: &PageFilter, known: KnownDays) -> Markup {
    let Some(today) = filter.running_day else { return html! {} };
    let until_yesterday = filter.with_days(filter.first, today.minus_days(1));
    html! {
        p.note {
            (chart_day(today).to_string()) " is not over: its numbers, and the means of all days, are of the reports until now."
            @if filter.first < today && known.first < today {
                " " a href=(until_yesterday.address(page)) { "Only days that are over" } "."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_filter::tests::{ten_days, unfiltered};

    fn known(first: &str, last: &str) -> Option<KnownDays> {
        Some(KnownDays { first: first.parse().unwrap(), last: last.parse().unwrap() })
    }

    fn notes(filter: &PageFilter, known: Option<KnownDays>, installations: Option<u64>) -> (String, bool) {
        let notes = PageNotes { known, host: Some("stats.example.org"), installations };
        let (text, has_content) = page_notes(FleetPage::Features, filter, notes);
        (text.into_string(), has_content)
    }

    #[test]
    fn without_numbers_a_page_says_how_an_installation_reports() {
        let (text, has_content) = notes(&unfiltered(), None, None);
        assert!(!has_content && text.contains("No installation of my shop is in the numbers yet."), "{text}");
        assert!(text.contains("--collector-url http://stats.example.org/ce/usage-statistics"), "{text}");
    }

    #[test]
    fn without_numbers_of_its_days_a_page_links_to_those_that_have_some() {
        let (text, has_content) = notes(&ten_days(), known("2026-01-01", "2026-10-31"), None);
        assert!(!has_content && text.contains("reported in this time"), "{text}");
        assert!(
            text.contains("features?product=my+shop&amp;from=2026-10-02&amp;to=2026-10-31&amp;version"),
            "{text}"
        );
        let (text, _) = notes(&ten_days(), known("2026-12-30", "2026-12-31"), None);
        assert!(text.contains("from=2026-12-30&amp;to=2026-12-31"), "{text}");
    }

    #[test]
    fn without_installations_of_its_filter_a_page_links_to_all() {
        let some = known("2026-01-01", "2026-12-31");
        let (text, has_content) = notes(&ten_days(), some, Some(0));
        assert!(!has_content && text.contains("1.0+&lt;b&gt;&amp;, on sqlite"), "{text}");
        assert!(text.contains("to=2026-11-10\">Show all installations"), "{text}");
        assert!(notes(&unfiltered(), some, Some(0)).1);
    }

    #[test]
    fn of_a_small_fleet_and_of_a_day_that_is_not_over_numbers_say_less() {
        let some = known("2026-01-01", "2026-12-31");
        assert_eq!(notes(&unfiltered(), some, Some(20)), (String::new(), true));
        let (text, _) = notes(&unfiltered(), some, Some(5));
        assert!(text.contains("5 installations reported a day, and one of them is 20\u{a0}%."), "{text}");
        let (text, _) = notes(&unfiltered(), some, Some(1));
        assert!(text.contains("on average, 1 installation reported a day."), "{text}");
        let today = unfiltered().on("2026-11-10".parse().unwrap());
        let (text, has_content) = notes(&today, some, None);
        assert!(has_content && text.contains("10\u{a0}Nov\u{a0}2026 is not over"), "{text}");
        assert!(text.contains("to=2026-11-09"), "{text}");
        let first_day = known("2026-11-10", "2026-11-10");
        assert!(!notes(&today, first_day, None).0.contains("to=2026-11-09"));
    }
}
