//! Puts around a page what every page has: the navigation and the filters.

use headcount_fleet::{size_class::SizeClass, typed_report::DatabaseKind};
use maud::{DOCTYPE, Markup, html};

use crate::{
    page_filter::PageFilter,
    page_list::FleetPage,
    shown_names::{shown_name, shown_version, version_of_value, version_value},
};

/// What a page is rendered in.
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
    /// Whether single installations may be seen.
    pub is_administrator: bool,
    /// What was chosen on the page itself: names and values that its filters keep.
    pub choices: &'a [(&'static str, String)],
}

/// A page.
#[must_use]
pub fn render_page(frame: PageFrame<'_>, content: &Markup) -> String {
    let title = frame.page.title();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Headcount: " (title) }
                link rel="stylesheet" href="style.css";
                link rel="stylesheet" href="pages.css";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (navigation(frame))
                main #content {
                    h1 { (title) }
                    (filters(frame))
                    (content)
                }
            }
        }
    };
    page.into_string()
}

fn navigation(frame: PageFrame<'_>) -> Markup {
    html! {
        header.bar {
            nav aria-label="Pages" {
                @for page in FleetPage::ALL {
                    a href=(frame.filter.address(page)) aria-current=[(page == frame.page).then_some("page")] {
                        (page.title())
                    }
                }
                a href="./" { (if frame.is_administrator { "Installations" } else { "Answers as files" }) }
            }
            form.sign-out method="post" action="sign-out" { button type="submit" { "Sign out" } }
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
        PageFrame { page, filter, products: &[], versions: &[], is_administrator: false, choices: &[] }
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
            assert!(!text.contains("style=") && !text.contains("<script"), "{text}");
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
        let of_administrator = PageFrame { is_administrator: true, ..of_analyst };
        assert!(render_page(of_administrator, &html! {}).contains("Installations"));
    }
}
