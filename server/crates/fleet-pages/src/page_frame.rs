//! Puts around a page what every page has: the navigation, and around those about the fleet the filters.

use headcount_fleet::{size_class::SizeClass, typed_report::DatabaseKind};
use maud::{DOCTYPE, Markup, html};

use crate::{
    page_filter::PageFilter,
    page_list::FleetPage,
    shown_names::{shown_name, shown_version, version_of_value, version_value},
};

/// Who looks at a page. A role may open all that a smaller one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageReader {
    /// What is published.
    Viewer,
    /// Exact numbers too.
    Analyst,
    /// Single installations too.
    Administrator,
}

/// What the navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NavigationEntry {
    /// A page about the fleet.
    Fleet(FleetPage),
    /// What is published.
    Published,
    /// The list of installations.
    Installations,
}

impl NavigationEntry {
    /// What a reader may open, in the order of the navigation.
    pub fn of_reader(reader: PageReader) -> impl Iterator<Item = Self> {
        let all = FleetPage::ALL.into_iter().map(Self::Fleet).chain([Self::Published, Self::Installations]);
        all.filter(move |entry| entry.least_reader() <= reader)
    }

    /// The smallest role that may open it.
    #[must_use]
    pub const fn least_reader(self) -> PageReader {
        match self {
            Self::Fleet(_) => PageReader::Analyst,
            Self::Published => PageReader::Viewer,
            Self::Installations => PageReader::Administrator,
        }
    }

    /// Its address below that of the collector, without a slash.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Fleet(page) => page.path(),
            Self::Published => "published",
            Self::Installations => "installations",
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fleet(page) => page.title(),
            Self::Published => "Published",
            Self::Installations => "Installations",
        }
    }
}

/// What is around the content of every page.
#[derive(Debug, Clone, Copy)]
pub struct PageShell<'a> {
    /// The title.
    pub title: &'a str,
    /// The way from the page to the address of the collector: empty, or `../` for every directory.
    pub root: &'a str,
    /// Who looks at it.
    pub reader: PageReader,
    /// Where it is in the navigation.
    pub entry: Option<NavigationEntry>,
    /// What other pages are to be about.
    pub filter: Option<&'a PageFilter>,
}

/// What a page about the fleet is rendered in.
#[derive(Debug, Clone, Copy)]
pub struct PageFrame<'a> {
    /// The page.
    pub page: FleetPage,
    /// What it is about.
    pub filter: &'a PageFilter,
    /// The products that can be chosen.
    pub products: &'a [String],
    /// The versions that can be chosen.
    pub versions: &'a [String],
    /// Who looks at it.
    pub reader: PageReader,
    /// What was chosen on the page itself: names and values that its filters keep.
    pub choices: &'a [(&'static str, String)],
}

/// A page about the fleet.
#[must_use]
pub fn render_page(frame: PageFrame<'_>, content: &Markup) -> String {
    let shell = PageShell {
        title: frame.page.title(),
        root: "",
        reader: frame.reader,
        entry: Some(NavigationEntry::Fleet(frame.page)),
        filter: Some(frame.filter),
    };
    render_shell(
        shell,
        &html! {
            (filters(frame))
            (content)
        },
    )
}

/// Any page.
#[must_use]
pub fn render_shell(shell: PageShell<'_>, content: &Markup) -> String {
    let PageShell { title, root, .. } = shell;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Headcount: " (title) }
                link rel="icon" type="image/svg+xml" href={ (root) "static/mark.svg" };
                link rel="stylesheet" href={ (root) "static/visual-style.css" };
                link rel="stylesheet" href={ (root) "pages.css" };
                // Takes over in the browser. Pages do without.
                script type="module" src={ (root) "static/pages.js" } {}
            }
            body data-headcount-pages=(root) {
                a.skip href="#content" { "Skip to content" }
                (navigation(shell))
                main #content tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    page.into_string()
}

fn navigation(shell: PageShell<'_>) -> Markup {
    let PageShell { root, entry, filter, .. } = shell;
    let query = filter.map(|filter| format!("?{}", filter.query())).unwrap_or_default();
    html! {
        header.header {
            a.brand href={ (root) "./" } {
                img.mark src={ (root) "static/mark.svg" } alt="" width="24" height="24";
                "Headcount"
            }
            nav.nav aria-label="Pages" {
                @for linked in NavigationEntry::of_reader(shell.reader) {
                    a href={ (root) (linked.path()) (query) } aria-current=[(Some(linked) == entry).then_some("page")] {
                        (linked.title())
                    }
                }
            }
            form.session.sign-out method="post" action={ (root) "sign-out" } {
                button type="submit" { "Sign out" }
            }
        }
    }
}

fn filters(frame: PageFrame<'_>) -> Markup {
    let PageFilter { product, first, last, version, database, size, .. } = frame.filter;
    let databases = DatabaseKind::ALL.map(|kind| kind.label().to_owned());
    let sizes = SizeClass::ALL.map(|size| size.label().to_owned());
    html! {
        form.filters method="get" action=(frame.page.path()) {
            (choice("product", "Product", frame.products, Some(product), None))
            label { span { "From" } input type="date" name="from" value=(first); }
            label { span { "To" } input type="date" name="to" value=(last); }
            @if frame.page.is_by_version() {
                (version_choice("version", "Version", frame.versions, version.as_deref(), "all"))
            }
            @if frame.page.is_by_size() {
                (choice("database", "Database", &databases, database.as_deref(), Some("all")))
                (choice("size", "Nodes", &sizes, size.as_deref(), Some("all")))
            }
            @for (name, value) in hidden_filters(frame.page, frame.filter).chain(frame.choices.iter().cloned()) {
                input type="hidden" name=(name) value=(value);
            }
            button type="submit" { "Show" }
        }
        (unknown_filters(frame.page, frame.filter))
    }
}

/// Which parts of the filter the page does not know, so that nobody takes its numbers for filtered ones.
fn unknown_filters(page: FleetPage, filter: &PageFilter) -> Markup {
    let unknown: Vec<_> = hidden_filters(page, filter).map(|(name, _)| name).collect();
    html! {
        @if !unknown.is_empty() {
            p.note {
                "The numbers of this page are not known by " (unknown.join(" and ")) ": it shows all. What was chosen is kept for the other pages."
            }
        }
    }
}

/// The parts of the filter that a page cannot choose.
fn hidden_filters(page: FleetPage, filter: &PageFilter) -> impl Iterator<Item = (&'static str, String)> {
    all_filters(filter).filter(move |(name, _)| match *name {
        "version" => !page.is_by_version(),
        _ => !page.is_by_size(),
    })
}

/// The parts of the filter that are chosen, without product and days.
pub(crate) fn all_filters(filter: &PageFilter) -> impl Iterator<Item = (&'static str, String)> {
    let version = filter.version.as_deref().map(version_value);
    [("version", version), ("database", filter.database.as_deref()), ("size", filter.size.as_deref())]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.to_owned())))
        .collect::<Vec<_>>()
        .into_iter()
}

/// A list of versions to choose from. `all` is the text of the entry for no choice.
pub(crate) fn version_choice(
    name: &str,
    title: &str,
    versions: &[String],
    chosen: Option<&str>,
    all: &str,
) -> Markup {
    let values: Vec<_> = versions.iter().map(|version| version_value(version).to_owned()).collect();
    options(name, title, &values, chosen.map(version_value), Some(all), |value| {
        shown_version(&version_of_value(value.to_owned()).unwrap_or_default())
    })
}

/// A list to choose from. `all` is the text of the entry for no choice.
pub(crate) fn choice(
    name: &str,
    title: &str,
    values: &[String],
    chosen: Option<&str>,
    all: Option<&str>,
) -> Markup {
    options(name, title, values, chosen, all, shown_name)
}

fn options(
    name: &str,
    title: &str,
    values: &[String],
    chosen: Option<&str>,
    all: Option<&str>,
    shown: impl Fn(&str) -> String,
) -> Markup {
    // What an address names can be chosen, even if no report has it.
    let missing = chosen.filter(|chosen| !values.iter().any(|value| value == chosen));
    html! {
        label {
            span { (title) }
            select name=(name) {
                @if let Some(all) = all {
                    option value="" selected[chosen.is_none()] { (all) }
                }
                @for value in missing.into_iter().chain(values.iter().map(String::as_str)) {
                    option value=(value) selected[chosen == Some(value)] { (shown(value)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_filter::tests::ten_days;

    fn frame(page: FleetPage, filter: &PageFilter) -> PageFrame<'_> {
        PageFrame { page, filter, products: &[], versions: &[], reader: PageReader::Analyst, choices: &[] }
    }

    #[test]
    fn every_page_links_to_every_other_and_names_itself() {
        let filter = ten_days();
        for page in FleetPage::ALL {
            let text = render_page(frame(page, &filter), &html! {});
            assert_eq!(text.matches("aria-current=\"page\"").count(), 1, "{text}");
            for other in FleetPage::ALL {
                assert!(text.contains(&format!("href=\"{}?", other.path())), "{text}");
            }
            assert!(!text.contains("style=") && text.matches("<script").count() == 1, "{text}");
        }
    }

    #[test]
    fn every_page_names_the_program_and_the_way_to_the_first_page() {
        let shell = PageShell {
            title: "Installation",
            root: "../",
            reader: PageReader::Administrator,
            entry: None,
            filter: None,
        };
        let text = render_shell(shell, &html! {});
        for named in [
            "<script type=\"module\" src=\"../static/pages.js\"></script>",
            "<body data-headcount-pages=\"../\">",
            "href=\"../static/mark.svg\"",
            "<a class=\"brand\" href=\".././\">",
        ] {
            assert!(text.contains(named), "{named} in {text}");
        }
    }

    #[test]
    fn a_page_keeps_what_it_cannot_filter_by() {
        let filter = ten_days();
        let text = render_page(frame(FleetPage::Overview, &filter), &html! {});
        assert!(text.contains("<input type=\"hidden\" name=\"database\" value=\"sqlite\">"), "{text}");
        let choices = [("resource", "heap".to_owned())];
        let of_profiles = PageFrame { choices: &choices, ..frame(FleetPage::Profiles, &filter) };
        let text = render_page(of_profiles, &html! {});
        assert!(text.contains("name=\"resource\" value=\"heap\""), "{text}");
    }

    #[test]
    fn a_page_says_what_it_cannot_filter_by() {
        let said = |page| {
            let text = render_page(frame(page, &ten_days()), &html! {});
            let (_, said) = text.split_once("not known by ")?;
            Some(said.split_once(':')?.0.to_owned())
        };
        assert_eq!(said(FleetPage::Overview).as_deref(), Some("version and database"));
        assert_eq!(said(FleetPage::Usage).as_deref(), Some("database"));
        assert_eq!(said(FleetPage::Features), None);
    }

    #[test]
    fn reports_without_a_version_can_be_chosen() {
        let filter = PageFilter { version: Some(String::new()), ..ten_days() };
        let versions = ["1.0".to_owned(), String::new()];
        let text =
            render_page(PageFrame { versions: &versions, ..frame(FleetPage::Usage, &filter) }, &html! {});
        assert!(text.contains("<option value=\"(unknown)\" selected>unknown version</option>"), "{text}");
    }

    #[test]
    fn names_that_somebody_chose_are_escaped() {
        let filter = ten_days();
        let text = render_page(frame(FleetPage::Features, &filter), &html! {});
        assert!(text.contains("1.0+&lt;b&gt;&amp;") && !text.contains("<b>"), "{text}");
    }

    #[test]
    fn only_an_administrator_sees_the_way_to_single_installations() {
        let filter = ten_days();
        let of_analyst = frame(FleetPage::Trust, &filter);
        assert!(!render_page(of_analyst, &html! {}).contains("Installations"));
        let of_administrator = PageFrame { reader: PageReader::Administrator, ..of_analyst };
        assert!(render_page(of_administrator, &html! {}).contains("Installations"));
    }

    #[test]
    fn the_navigation_shows_only_what_the_role_may_open() {
        for (reader, shown) in [
            (PageReader::Viewer, vec!["Published"]),
            (PageReader::Administrator, vec!["Overview", "Trust", "Published", "Installations"]),
        ] {
            let shell = PageShell { title: "A page", root: "../", reader, entry: None, filter: None };
            let text = render_shell(shell, &html! {});
            for entry in NavigationEntry::of_reader(PageReader::Administrator) {
                let link = format!("href=\"../{}\">{}</a>", entry.path(), entry.title());
                assert_eq!(text.contains(&link), entry.least_reader() <= reader, "{reader:?}: {text}");
            }
            assert!(shown.iter().all(|title| text.contains(&format!(">{title}</a>"))), "{text}");
            assert!(!text.contains("aria-current") && text.contains("href=\"../pages.css\""), "{text}");
        }
    }
}
