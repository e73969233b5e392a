//! Renders what is published of the fleet, and for those who may see them the exact numbers beside it.

use std::collections::BTreeSet;

use headcount_charts::{
    ValueUnit, name_text,
    number_format::{decimal, grouped, percent},
};
use headcount_shared::api::{PublishedRule, PublishedTableKind, PublishedTableRelease, PublishedTables};
use maud::{Markup, html};

use crate::{
    answer_basis::day_text,
    page_filter::PageFilter,
    page_frame::choice as list_to_choose,
    published_comparison::{
        ComparedTable, ExactNumbers, ExactTable, HiddenCell, HiddenIn, ShownCell, compare_table, reason,
    },
    time_text::{counted, short_utc},
};

/// The most characters of a label.
const LABEL_CHARACTERS: usize = 80;

/// A fleet of fewer installations is mostly published without names: see decision 23.
const MOSTLY_TOGETHER: i64 = 1000;

/// The rows of what is not shown.
const SHOWN_HIDDEN: usize = 200;

/// A release, with all tables.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRelease {
    /// The tables with their contents, in the order of their list.
    pub tables: Vec<(PublishedTableKind, PublishedTableRelease)>,
    /// The exact numbers of each table on the same day, in the same order; `None` where they are not stored. Empty for
    /// those who may not see them.
    pub exact: Vec<Option<ExactTable>>,
}

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct PublishedAnswers<'a> {
    /// The tables, the rule and the releases of the time.
    pub tables: &'a PublishedTables,
    /// The release that is shown; `None` if there is none.
    pub shown: Option<&'a ShownRelease>,
    /// The products that can be chosen.
    pub products: &'a [String],
}

/// The page.
#[must_use]
pub fn published_page(filter: &PageFilter, answers: PublishedAnswers<'_>) -> Markup {
    let PublishedAnswers { tables, shown, products } = answers;
    let first = shown.and_then(|shown| shown.tables.first());
    html! {
        (period_form(filter, products))
        @match (shown, first) {
            (Some(shown), Some((_, versions))) => {
                (release_sentences(tables, versions))
                (rule_sentences(&tables.rule, shown.exact.iter().any(Option::is_some)))
                (releases(filter, tables, versions))
                (files(filter))
                @for (at, (kind, table)) in shown.tables.iter().enumerate() {
                    @let exact = shown.exact.get(at).and_then(Option::as_ref);
                    (table_section(filter, &tables.rule, kind, table, versions, exact))
                }
            }
            _ => (nothing_sentences(&tables.rule)),
        }
    }
}

fn period_form(filter: &PageFilter, products: &[String]) -> Markup {
    html! {
        form.filters method="get" action="published" {
            (list_to_choose("product", "Product", products, Some(&filter.product), None))
            label { span { "From" } input type="date" name="from" value=(filter.first); }
            label { span { "To" } input type="date" name="to" value=(filter.last); }
            button type="submit" { "Show" }
        }
    }
}

fn nothing_sentences(rule: &PublishedRule) -> Markup {
    html! {
        p.lead { "Nothing is published of this product in this time." }
        p {
            "A day is published every " (counted(rule.release_every_days.into(), "day")) ", first "
            (counted(rule.provisional_after_days.into(), "day")) " after it. A fleet of fewer than about "
            (rule.shown_from) " installations publishes nothing."
        }
    }
}

fn release_sentences(tables: &PublishedTables, versions: &PublishedTableRelease) -> Markup {
    let release = &versions.release;
    html! {
        p.lead {
            "The release of " strong { (day_text(&release.day)) } " tells of about " strong { (number(release.installations)) " installations" } "."
        }
        p {
            @if release.stage == "final" {
                "It is final: it never changes any more. "
            } @else {
                "It is provisional: the final one replaces it " (counted(tables.rule.final_after_days.into(), "day")) " after the day. "
            }
            "It was made on " (short_utc(release.released_at)) "."
            @if release.folded_versions > 0 {
                " About " (release.folded_versions) " versions, a rounded number with noise, are not shown by name."
            }
        }
        p.note {
            "Each number is at most " (tables.rule.noise_cut) " too high or too low. Shares of a small fleet may be far off, and \
             need not add up to 100\u{a0}%."
        }
    }
}

fn rule_sentences(rule: &PublishedRule, has_exact: bool) -> Markup {
    html! {
        details {
            summary { "What protects installations" }
            ul {
                li {
                    "Every number of installations has noise: a standard deviation of " (decimal(rule.noise_sd, 1)) ", at most "
                    (rule.noise_cut) " up or down. Asking again gives the same answer."
                }
                li {
                    "A cell is shown if its number is at least " (rule.shown_from) " with its noise, so that it has at least "
                    (rule.smallest_group) " installations. Others are folded into " em { "other" }
                    ", or left out where an installation may have several labels."
                }
                li {
                    "A label is named without a number where the number of the installations of the version without it \
                     would be too small."
                }
                li { "A name that nobody listed before is shown from its second release on, and never alone." }
                li { "An installation counts from day " (rule.counted_from_day) " after its first report." }
            }
        }
        @if has_exact {
            p.note {
                "Exact numbers are of all installations of the same day, those included that are too new to be published, and late \
                 ones. Viewers and the public do not see them. Whoever has both knows the noise, so do not pass them on."
            }
        }
    }
}

fn releases(filter: &PageFilter, tables: &PublishedTables, shown: &PublishedTableRelease) -> Markup {
    html! {
        p.choices {
            "Releases: "
            @for release in tables.releases.iter().rev() {
                a href={ "published?" (filter.query()) "&day=" (release.day) }
                    aria-current=[(release.day == shown.release.day).then_some("true")] {
                    (day_text(&release.day)) " (" (release.stage) ")"
                }
                " "
            }
        }
    }
}

fn files(filter: &PageFilter) -> Markup {
    html! {
        p {
            "All tables of this time as files: "
            a href={ "api/fleet/published/export.zip?" (file_query(filter)) } { "CSV in a ZIP archive" } ". "
            "Its flame graphs: "
            @for (resource, title) in [("cpu", "CPU"), ("heap", "memory")] {
                a href={ "api/fleet/published/profiles/graph?" (file_query(filter)) "&resource=" (resource) } { (title) " as JSON" } " "
            }
        }
    }
}

/// The parameters of files: those of the page without what published numbers are not known by.
fn file_query(filter: &PageFilter) -> String {
    PageFilter { version: None, database: None, size: None, ..filter.clone() }.query()
}

fn table_section(
    filter: &PageFilter,
    rule: &PublishedRule,
    kind: &PublishedTableKind,
    table: &PublishedTableRelease,
    versions: &PublishedTableRelease,
    exact: Option<&ExactTable>,
) -> Markup {
    let shown_versions: BTreeSet<&str> =
        versions.cells.iter().filter_map(|cell| cell.version.as_deref()).collect();
    let columns = TableColumns::new(kind, table, exact.is_some());
    let ComparedTable { shown, hidden } = compare_table(table, exact, &shown_versions, columns.has_labels);
    let id = kind.table.as_str();
    html! {
        section.numbers aria-labelledby=(id) {
            h2 id=(id) { (title_of(id)) }
            p.note {
                @if table.folded_names > 0 { "About " (table.folded_names) " names are not shown. " }
                a href={ "api/fleet/published/tables/" (id) "?format=csv&" (file_query(filter)) } { "CSV" } " "
                a href={ "api/fleet/published/tables/" (id) "?" (file_query(filter)) } { "JSON" }
            }
            @if shown.is_empty() {
                p.note { "Nothing of this table is shown. A row is shown if at least " (rule.shown_from) " installations are counted in it and at least " (rule.shown_from) " in all others together, noise included." }
            } @else if columns.tells_nothing_apart(&shown) {
                (nothing_apart(rule, columns, table))
            } @else {
                div.scroll tabindex="0" role="group" aria-labelledby=(id) {
                    table {
                        (columns.head())
                        tbody { @for cell in &shown { (columns.row(cell)) } }
                    }
                }
            }
            @for named in &table.without_number {
                p.note { (label_text(&named.label)) " of " (version_title(named.version.as_deref())) " is named without a number: that of the installations without it would be too small." }
            }
            @if exact.is_some() { (hidden_cells(rule, kind, &hidden, columns.has_labels)) }
        }
    }
}

/// Why a table has no row but that of all others, and how many installations a row of its own needs.
fn nothing_apart(rule: &PublishedRule, columns: TableColumns, table: &PublishedTableRelease) -> Markup {
    let (own, all) =
        if columns.has_labels { ("label of a version", "labels") } else { ("version", "versions") };
    let installations: i64 = table.cells.iter().map(|cell| cell.installations).sum();
    html! {
        p.note {
            "All " (all) " are counted together: about " (number(installations)) " installations. A " (own)
            " has a row of its own only if at least " (rule.shown_from) " installations are counted for it, and at least "
            (rule.shown_from) " for all others together, noise included."
            @if table.release.installations < MOSTLY_TOGETHER {
                " In a fleet of fewer than about " (number(MOSTLY_TOGETHER)) " installations that is rare."
            }
        }
    }
}

/// Which columns a table has.
#[derive(Debug, Clone, Copy)]
struct TableColumns {
    has_labels: bool,
    has_sums: bool,
    /// The unit of amounts, in a table of them.
    amounts: Option<ValueUnit>,
    has_exact: bool,
    /// All installations of the release, in the table of versions, whose cells are parts of them.
    all_installations: Option<i64>,
}

/// The percentiles that tables of amounts have.
const PERCENTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];

impl TableColumns {
    fn new(kind: &PublishedTableKind, table: &PublishedTableRelease, has_exact: bool) -> Self {
        let is_amount = kind.kind == "amount";
        let is_versions = kind.table == "versions";
        let unit = if kind.table.contains("memory") { ValueUnit::Bytes } else { ValueUnit::Cores };
        Self {
            has_labels: !is_amount && !is_versions,
            has_sums: is_amount || kind.kind == "amount_per_label",
            amounts: is_amount.then_some(unit),
            has_exact,
            all_installations: is_versions.then_some(table.release.installations),
        }
    }

    /// Whether no cell names a version or a label. The percentiles of amounts say something about all, too.
    fn tells_nothing_apart(self, shown: &[ShownCell<'_>]) -> bool {
        let is_named = |shown: &ShownCell<'_>| shown.cell.version.is_some() || shown.cell.label.is_some();
        self.amounts.is_none() && !shown.iter().any(is_named)
    }

    /// The columns of amounts: their titles.
    fn amount_titles(self) -> Vec<&'static str> {
        let percentiles = PERCENTILES.iter().filter(|_| self.amounts.is_some()).map(|(_, title)| *title);
        self.has_sums.then_some("Sum").into_iter().chain(percentiles).collect()
    }

    fn head(self) -> Markup {
        html! {
            thead {
                tr {
                    th scope="col" { "Version" }
                    @if self.has_labels { th scope="col" { "Label" } }
                    th.n scope="col" { "Published" }
                    @if self.has_exact { th.n scope="col" { "Exact" } }
                    th.n scope="col" { (if self.all_installations.is_some() { "Of all" } else { "Of the version" }) }
                    @for title in self.amount_titles() {
                        th.n scope="col" { (title) }
                        @if self.has_exact { th.n scope="col" { (title) ", exact" } }
                    }
                }
            }
        }
    }

    fn row(self, shown: &ShownCell<'_>) -> Markup {
        let cell = shown.cell;
        let whole = self.all_installations.unwrap_or(cell.of_installations);
        let of = if whole > 0 { percent(real(cell.installations) / real(whole)) } else { String::new() };
        let exact = shown.exact.as_ref();
        html! {
            tr {
                th scope="row" { (version_title(cell.version.as_deref())) }
                @if self.has_labels {
                    td { @match &cell.label { Some(label) => (label_text(label)), None => em { "other" } } }
                }
                td.n { (number(cell.installations)) }
                @if let Some(exact) = exact { td.n { (grouped(exact.installations)) } }
                td.n { (of) }
                @if self.has_sums {
                    td.n { (cell.sum.map(|sum| self.amount_text(sum)).unwrap_or_default()) }
                    @if let Some(exact) = exact { td.n { (self.amount_text(exact.sum)) } }
                }
                @if self.amounts.is_some() {
                    @for (percentile, _) in PERCENTILES {
                        @let published = cell.percentiles.iter().find(|of| (of.percentile - percentile).abs() < 1e-9);
                        td.n { @if let Some(published) = published { "≤ " (self.amount_text(published.at_most)) } @else { "not shown" } }
                        @if let Some(exact) = exact { td.n { (self.exact_percentile(exact, percentile)) } }
                    }
                }
            }
        }
    }

    fn exact_percentile(self, exact: &ExactNumbers, percentile: f64) -> String {
        exact.amounts.percentile(percentile).map(|amount| self.amount_text(amount)).unwrap_or_default()
    }

    fn amount_text(self, amount: f64) -> String {
        self.amounts.unwrap_or(ValueUnit::Count).value_text(amount)
    }
}

fn hidden_cells(
    rule: &PublishedRule,
    kind: &PublishedTableKind,
    hidden: &[HiddenCell<'_>],
    has_labels: bool,
) -> Markup {
    if hidden.is_empty() {
        return html! { p.note { "Every exact number of the day is in a cell of its own." } };
    }
    html! {
        details {
            summary { (counted(hidden.len() as u64, "exact number")) " without a cell of its own" }
            @if hidden.len() > SHOWN_HIDDEN { p.note { "The " (SHOWN_HIDDEN) " largest of them." } }
            div.scroll tabindex="0" role="group" aria-label={ "Not shown of " (title_of(&kind.table)) } {
                table {
                    thead {
                        tr {
                            th scope="col" { "Version" }
                            @if has_labels { th scope="col" { "Label" } }
                            th.n scope="col" { "Exact" }
                            th scope="col" { "What viewers see" }
                            th scope="col" { "Why" }
                        }
                    }
                    tbody {
                        @for cell in hidden.iter().take(SHOWN_HIDDEN) {
                            tr {
                                th scope="row" { (label_text(cell.version)) }
                                @if has_labels { td { (label_text(cell.label)) } }
                                td.n { (grouped(cell.installations)) }
                                td { (hidden_text(cell.hidden_in)) }
                                td { (reason(rule, cell, kind.has_open_names)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn hidden_text(hidden_in: HiddenIn) -> &'static str {
    match hidden_in {
        HiddenIn::OtherVersions => "counted in other versions",
        HiddenIn::OtherLabels => "counted in other",
        HiddenIn::WithoutNumber => "named, without a number",
        HiddenIn::Nowhere => "nothing",
    }
}

fn version_title(version: Option<&str>) -> Markup {
    match version {
        Some(version) => html! { (label_text(version)) },
        None => html! { em { "other versions" } },
    }
}

fn label_text(label: &str) -> String {
    name_text(label, LABEL_CHARACTERS)
}

/// The title of a table: `cpu_usage` is `CPU usage`.
fn title_of(table: &str) -> String {
    let words = table.replace('_', " ").replace("cpu", "CPU");
    let mut characters = words.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// A number with noise, which may make it negative.
fn number(noisy: i64) -> String {
    let size = grouped(noisy.unsigned_abs());
    if noisy < 0 { format!("−{size}") } else { size }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn real(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page_filter::tests::ten_days,
        published_comparison::tests::{RULE, exact, published, release},
    };

    fn kind(table: &str, kind: &str) -> PublishedTableKind {
        PublishedTableKind { table: table.to_owned(), kind: kind.to_owned(), has_open_names: false }
    }

    fn page(exact_tables: Vec<Option<ExactTable>>) -> String {
        let versions = release(vec![published(Some("1.0"), None, 1990)], &[]);
        let clouds = release(vec![published(Some("1.0"), Some("<aws>\u{202e}"), 510)], &[("1.0", "linux")]);
        page_of(versions, clouds, exact_tables)
    }

    fn page_of(
        versions: PublishedTableRelease,
        clouds: PublishedTableRelease,
        exact_tables: Vec<Option<ExactTable>>,
    ) -> String {
        let tables = PublishedTables {
            product: "coroot".to_owned(),
            from: "2026-11-01".to_owned(),
            to: "2026-11-10".to_owned(),
            rule: RULE,
            tables: vec![kind("versions", "one_label"), kind("clouds", "label_set")],
            releases: vec![versions.release.clone()],
        };
        let kinds = tables.tables.iter().cloned();
        let shown = ShownRelease { tables: kinds.zip([versions, clouds]).collect(), exact: exact_tables };
        let answers = PublishedAnswers { tables: &tables, shown: Some(&shown), products: &[] };
        published_page(&ten_days(), answers).into_string()
    }

    #[test]
    fn a_release_is_shown_with_its_rule_its_tables_and_its_files() {
        let text = page(Vec::new());
        for said in [
            "about <strong>1\u{202f}990 installations</strong>"
                .replace("1\u{202f}990", "1\u{202f}000")
                .as_str(),
            "The release of <strong>1\u{a0}Nov\u{a0}2026</strong> tells",
            "It is provisional: the final one replaces it 15 days after the day.",
            "a standard deviation of 25, at most 75 up or down",
            "at least 85 with its noise, so that it has at least 10 installations",
            "<td>&lt;aws&gt;\u{fffd}</td><td class=\"n\">510</td>",
            "linux of 1.0 is named without a number: that of the installations without it would be too small.",
            "api/fleet/published/export.zip?product=my+shop",
            "api/fleet/published/tables/clouds?format=csv",
            "&amp;day=2026-11-01",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        for exact in ["Exact", "exact number", "without a cell"] {
            assert!(!text.contains(exact), "a viewer sees no exact number: {exact}: {text}");
        }
    }

    #[test]
    fn exact_numbers_are_beside_the_published_ones_with_what_is_hidden() {
        let versions = vec![exact("1.0", "", 1234), exact("0.9", "", 5)];
        let clouds = vec![exact("1.0", "<aws>\u{202e}", 498), exact("1.0", "ovh", 4)];
        let text = page(vec![Some(versions), Some(clouds)]);
        for said in [
            "<td class=\"n\">1\u{202f}990</td><td class=\"n\">1\u{202f}234</td><td class=\"n\">199\u{202f}%</td>",
            "<td class=\"n\">510</td><td class=\"n\">498</td>",
            "1 exact number without a cell of its own",
            "<td>ovh</td><td class=\"n\">4</td><td>nothing</td><td>too few for any noise",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn a_table_that_tells_nothing_apart_says_which_rule_hides_it_and_how_many_installations_it_needs() {
        let table = |cell, installations| {
            let mut table = release(vec![cell], &[]);
            table.release.installations = installations;
            table
        };
        let of_fleet = |fleet| {
            let versions = table(published(None, None, 190), fleet);
            page_of(versions, table(published(None, None, 120), fleet), Vec::new())
        };
        let (small, large) = (of_fleet(190), of_fleet(50_000));
        for said in [
            "All versions are counted together: about 190 installations. A version has a row of its own only if at least \
             85 installations are counted for it, and at least 85 for all others together, noise included.",
            "All labels are counted together: about 120 installations. A label of a version has a row of its own",
        ] {
            assert!(small.contains(said) && large.contains(said), "{said}: {small} {large}");
        }
        let rare = "In a fleet of fewer than about 1\u{202f}000 installations that is rare.";
        assert!(small.contains(rare) && !large.contains(rare), "{large}");
        assert!(!small.contains("<em>other versions") && !small.contains("<tbody>"), "{small}");
    }

    #[test]
    fn versions_are_told_apart_even_if_no_label_is() {
        let versions = release(vec![published(Some("1.0"), None, 900)], &[]);
        let clouds = release(vec![published(Some("1.0"), None, 500), published(Some("1.1"), None, 400)], &[]);
        let text = page_of(versions, clouds, Vec::new());
        assert!(text.contains("<td class=\"n\">500</td>") && text.contains("<td class=\"n\">400</td>"));
        assert!(!text.contains("are counted together"), "{text}");
    }

    #[test]
    fn a_fleet_without_a_release_says_so() {
        let tables = PublishedTables {
            product: "coroot".to_owned(),
            from: "2026-11-01".to_owned(),
            to: "2026-11-10".to_owned(),
            rule: RULE,
            tables: Vec::new(),
            releases: Vec::new(),
        };
        let answers = PublishedAnswers { tables: &tables, shown: None, products: &[] };
        let text = published_page(&ten_days(), answers).into_string();
        assert!(text.contains("Nothing is published of this product in this time."), "{text}");
        assert!(text.contains("fewer than about 85 installations publishes nothing"), "{text}");
    }
}
