//! Searches, filters and sorts the rows of a table, and keeps their order while their values change.

use std::{cmp::Ordering, collections::HashMap};

use headcount_charts::number_format;
use headcount_shared::api::Severity;

use crate::ui::texts::projects;

/// How many more rows are shown at a time. A browser needs most of the time of a change for what it shows: a hundred rows
/// take it 20 milliseconds and more.
pub(super) const PAGE_ROWS: usize = 50;

/// The directions of a sort, in an arrangement that is kept.
const ASCENDING: &str = "up";
const DESCENDING: &str = "down";

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableColumn {
    /// Its title.
    pub(super) title: &'static str,
    /// What its cells are, for alignment and the first direction of sorting.
    pub(super) kind: ColumnKind,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// Texts; sorted from A to Z first.
    Texts,
    /// Sentences, which may be missing; those that are there first.
    Sentences,
    /// Numbers; the largest first.
    Numbers,
    /// Statuses; the worst first.
    Statuses,
}

/// The unit of a number in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellUnit {
    /// How many.
    Count,
    /// Percent.
    Percent,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

/// A value in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TableCell {
    /// A text, which may be empty.
    Text(String),
    /// A text, and the page that it leads to.
    Link(String, String),
    /// A number, if it is known.
    Number(Option<f32>, CellUnit),
    /// A status.
    Status(Severity),
}

/// A row. Its first cell names it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableRow {
    /// Identifies the row.
    pub(super) key: String,
    /// The page that its name leads to.
    pub(super) link: Option<String>,
    pub(super) cells: Vec<TableCell>,
    /// Whether it was not in the last answer.
    pub(super) is_gone: bool,
}

/// Which rows are shown, by their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatusFilter {
    /// All rows.
    All,
    /// Those with a warning or worse.
    Failing,
    /// Those with this status.
    Only(Severity),
}

/// What has changed since the rows were arranged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RowNews {
    pub(super) added: usize,
    pub(super) gone: usize,
}

/// The rows of a table, and which of them are shown in which order.
///
/// New answers change values and not the order, so that nothing moves under the cursor. Rows that are new or
/// gone take their place when the user sorts, searches or asks for it.
#[derive(Debug, Clone)]
pub(super) struct TableRows {
    rows: Vec<TableRow>,
    /// How often the user has changed what is shown.
    arrangement: usize,
    /// Indices of rows, in order.
    shown: Vec<usize>,
    /// How many of them are shown at most.
    limit: usize,
    /// What is searched for, as it was typed.
    search: String,
    filter: StatusFilter,
    /// The column, and whether its greatest values come first.
    sort: (usize, bool),
    news: RowNews,
}

impl TableCell {
    /// The text of the cell.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Link(text, _) => text.clone(),
            Self::Number(None, _) => "–".to_owned(),
            Self::Number(Some(value), unit) => number_text(f64::from(*value), *unit),
            Self::Status(severity) => projects::status_word(*severity).to_owned(),
        }
    }

    /// What can be searched in the cell.
    fn words(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Link(text, _) => Some(text),
            Self::Number(..) | Self::Status(_) => None,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        if let (Some(one), Some(other)) = (self.words(), other.words()) {
            return compare_naturally(one, other);
        }
        match (self, other) {
            // What is unknown is less than everything.
            (Self::Number(one, _), Self::Number(other, _)) => {
                let [one, other] = [one, other].map(|number| number.unwrap_or(f32::NEG_INFINITY));
                one.total_cmp(&other)
            }
            (Self::Status(one), Self::Status(other)) => rank(*one).cmp(&rank(*other)),
            _ => Ordering::Equal,
        }
    }
}

/// Compares texts by their characters, but digits in a row as a number: `app-9` is before `app-10`.
fn compare_naturally(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        let (Some((first, after)), Some((second, behind))) = (left.split_first(), right.split_first()) else {
            // Texts that differ in zeros before a number are in order, too.
            return left.len().cmp(&right.len()).then_with(|| one.cmp(other));
        };
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (number, after) = split_number(left);
            let (limit, behind) = split_number(right);
            (left, right) = (after, behind);
            number.len().cmp(&limit.len()).then_with(|| number.cmp(limit))
        } else {
            (left, right) = (after, behind);
            first.cmp(second)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The digits that a text begins with, without zeros before them, and the rest of the text.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let count =
        |text: &[u8], is_counted: fn(&u8) -> bool| text.iter().take_while(|it| is_counted(it)).count();
    let (digits, rest) = text.split_at(count(text, u8::is_ascii_digit));
    (digits.split_at(count(digits, |digit| *digit == b'0')).1, rest)
}

fn number_text(value: f64, unit: CellUnit) -> String {
    match unit {
        CellUnit::Count => number_format::decimal(value, 1),
        CellUnit::Percent => number_format::percent(value / 100.0),
        CellUnit::Bytes => number_format::bytes(value),
        CellUnit::Seconds => number_format::duration(value),
    }
}

/// How bad a status is.
const fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Ok | Severity::Info => 0,
        Severity::Unknown => 1,
        Severity::Warning => 2,
        Severity::Critical => 3,
    }
}

impl StatusFilter {
    /// The filters, with their values in a form and their words.
    pub(super) const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::All, "", projects::ANY_STATUS),
        (Self::Failing, "failing", projects::FAILING),
        (Self::Only(Severity::Critical), "critical", projects::status_word(Severity::Critical)),
        (Self::Only(Severity::Warning), "warning", projects::status_word(Severity::Warning)),
        (Self::Only(Severity::Ok), "healthy", projects::status_word(Severity::Ok)),
        (Self::Only(Severity::Unknown), "unknown", projects::status_word(Severity::Unknown)),
    ];

    /// The filter with a value in a form.
    pub(super) fn of_value(value: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(_, other, _)| *other == value);
        found.map_or(Self::All, |(filter, ..)| filter)
    }

    /// Its value in a form.
    fn value(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(other, ..)| *other == self);
        found.map_or("", |(_, value, _)| value)
    }

    fn accepts(self, severity: Severity) -> bool {
        match self {
            Self::All => true,
            Self::Failing => rank(severity) >= rank(Severity::Warning),
            Self::Only(wanted) => rank(severity) == rank(wanted),
        }
    }
}

impl TableRow {
    pub(super) fn new(key: String, link: Option<String>, cells: Vec<TableCell>) -> Self {
        Self { key, link, cells, is_gone: false }
    }

    fn is_wanted(&self, search: &str, filter: StatusFilter) -> bool {
        let has_status = self.cells.iter().all(|cell| match cell {
            TableCell::Status(severity) => filter.accepts(*severity),
            TableCell::Text(_) | TableCell::Link(..) | TableCell::Number(..) => true,
        });
        has_status && (search.is_empty() || self.has_text(search))
    }

    /// Whether a text is in any cell, in capitals or not. `search` has no capitals.
    fn has_text(&self, search: &str) -> bool {
        self.cells.iter().filter_map(TableCell::words).any(|text| contains(text, search))
    }
}

/// Whether a text contains another one, which has no ASCII capitals.
fn contains(text: &str, search: &str) -> bool {
    let (text, search) = (text.as_bytes(), search.as_bytes());
    text.windows(search.len().max(1)).any(|part| part.eq_ignore_ascii_case(search))
}

impl TableRows {
    /// No rows yet, to be sorted by a column, by its greatest values first if `is_descending`.
    pub(super) const fn sorted_by(column: usize, is_descending: bool) -> Self {
        Self {
            rows: Vec::new(),
            arrangement: 0,
            shown: Vec::new(),
            limit: PAGE_ROWS,
            search: String::new(),
            filter: StatusFilter::All,
            sort: (column, is_descending),
            news: RowNews { added: 0, gone: 0 },
        }
    }

    /// Takes the rows of a new answer. Those that are shown stay where they are.
    pub(super) fn update(&mut self, rows: Vec<TableRow>) {
        if self.rows.is_empty() {
            self.rows = rows;
            return self.order();
        }
        let is_same = |(old, new): (&TableRow, &TableRow)| old.key == new.key;
        if self.rows.len() == rows.len() && self.rows.iter().zip(&rows).all(is_same) {
            self.rows = rows;
            self.news.gone = 0;
            return;
        }
        let places: HashMap<String, usize> =
            self.rows.iter().enumerate().map(|(place, row)| (row.key.clone(), place)).collect();
        self.rows.iter_mut().for_each(|row| row.is_gone = true);
        for row in rows {
            match places.get(&row.key).and_then(|place| self.rows.get_mut(*place)) {
                Some(old) => *old = row,
                None => {
                    self.rows.push(row);
                    self.news.added += 1;
                }
            }
        }
        self.news.gone = self.rows.iter().filter(|row| row.is_gone).count();
    }

    /// Filters and sorts all rows anew, forgets those that are gone, and shows the first ones.
    pub(super) fn arrange(&mut self) {
        self.limit = PAGE_ROWS;
        self.order();
    }

    fn order(&mut self) {
        self.rows.retain(|row| !row.is_gone);
        self.arrangement += 1;
        self.news = RowNews::default();
        let Self { rows, search, filter, sort: (column, is_descending), .. } = self;
        let search = search.trim().to_ascii_lowercase();
        let is_wanted = |(_, row): &(usize, &TableRow)| row.is_wanted(&search, *filter);
        let mut shown: Vec<(usize, Option<&TableCell>)> = rows
            .iter()
            .enumerate()
            .filter(is_wanted)
            .map(|(place, row)| (place, row.cells.get(*column)))
            .collect();
        // Stable: equal rows stay in the order of the answer.
        shown.sort_by(|(_, one), (_, other)| {
            let order = match (one, other) {
                (Some(one), Some(other)) => one.compare(other),
                _ => Ordering::Equal,
            };
            if *is_descending { order.reverse() } else { order }
        });
        self.shown = shown.into_iter().map(|(place, _)| place).collect();
    }

    /// Shows the rows that contain a text.
    pub(super) fn search_for(&mut self, text: &str) {
        text.clone_into(&mut self.search);
        self.arrange();
    }

    /// Shows the rows of some statuses.
    pub(super) fn filter_by(&mut self, filter: StatusFilter) {
        self.filter = filter;
        self.arrange();
    }

    /// Sorts by a column; by the same one in the other direction.
    pub(super) fn sort_by(&mut self, column: usize, kind: ColumnKind) {
        let is_descending = match self.sort {
            (sorted, is_descending) if sorted == column => !is_descending,
            _ => kind != ColumnKind::Texts,
        };
        self.sort = (column, is_descending);
        self.arrange();
    }

    /// Shows more rows.
    pub(super) const fn show_more(&mut self) {
        self.limit += PAGE_ROWS;
        self.arrangement += 1;
    }

    /// What the user has changed, in a line that [`Self::arrange_as`] takes.
    pub(super) fn kept(&self) -> String {
        let (column, is_descending) = self.sort;
        let direction = if is_descending { DESCENDING } else { ASCENDING };
        let [limit, column] = [self.limit, column].map(|number| number.to_string());
        [&limit, &column, direction, self.filter.value(), &self.search].join(" ")
    }

    /// Arranges the rows as they were, also those that arrive later. Ignores a line of another form.
    pub(super) fn arrange_as(&mut self, kept: &str) {
        let mut rest = kept;
        let mut part = || {
            let (part, after) = rest.split_once(' ')?;
            rest = after;
            Some(part)
        };
        let parts = [part(), part(), part(), part()];
        let [Some(limit), Some(column), Some(direction), Some(filter)] = parts else { return };
        let (Ok(limit), Ok(column)) = (limit.parse(), column.parse()) else { return };
        (self.limit, self.sort) = (limit, (column, direction == DESCENDING));
        self.filter = StatusFilter::of_value(filter);
        rest.clone_into(&mut self.search);
        self.order();
    }

    /// What is searched for, as it was typed, and the filter.
    pub(super) fn wanted(&self) -> (String, StatusFilter) {
        (self.search.clone(), self.filter)
    }

    /// Changes whenever the user has changed what is shown.
    pub(super) const fn arrangement(&self) -> usize {
        self.arrangement
    }

    /// The column that rows are sorted by, and whether its greatest values come first.
    pub(super) const fn sort(&self) -> (usize, bool) {
        self.sort
    }

    /// What has changed since the rows were arranged.
    pub(super) const fn news(&self) -> RowNews {
        self.news
    }

    /// The rows that are shown.
    pub(super) fn shown(&self) -> Vec<&TableRow> {
        self.shown.iter().take(self.limit).filter_map(|place| self.rows.get(*place)).collect()
    }

    /// The number of rows that match, and of all rows.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.shown.len(), self.rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, severity: Severity, instances: Option<f32>) -> TableRow {
        let cells = vec![
            TableCell::Text(name.to_owned()),
            TableCell::Status(severity),
            TableCell::Number(instances, CellUnit::Count),
        ];
        TableRow::new(name.to_owned(), None, cells)
    }

    fn rows() -> Vec<TableRow> {
        vec![
            row("cart", Severity::Ok, Some(2.0)),
            row("Checkout", Severity::Critical, None),
            row("mail", Severity::Warning, Some(10.0)),
            row("web", Severity::Unknown, Some(3.0)),
        ]
    }

    fn table() -> TableRows {
        let mut table = TableRows::sorted_by(1, true);
        table.update(rows());
        table
    }

    fn names(table: &TableRows) -> Vec<&str> {
        table.shown().iter().map(|row| row.key.as_str()).collect()
    }

    fn named<'t>(table: &'t TableRows, name: &str) -> &'t TableRow {
        table.shown().into_iter().find(|row| row.key == name).unwrap()
    }

    #[test]
    fn the_worst_comes_first_and_each_column_sorts_in_both_directions() {
        let mut table = table();
        assert_eq!(names(&table), ["Checkout", "mail", "web", "cart"]);
        table.sort_by(0, ColumnKind::Texts);
        assert_eq!((names(&table), table.sort()), (vec!["Checkout", "cart", "mail", "web"], (0, false)));
        table.sort_by(0, ColumnKind::Texts);
        assert_eq!(names(&table), ["web", "mail", "cart", "Checkout"]);
        table.sort_by(2, ColumnKind::Numbers);
        assert_eq!(names(&table), ["mail", "web", "cart", "Checkout"]);
    }

    #[test]
    fn a_search_and_a_filter_narrow_each_other() {
        let mut table = table();
        table.search_for(" C");
        assert_eq!(names(&table), ["Checkout", "cart"]);
        table.filter_by(StatusFilter::of_value("failing"));
        assert_eq!((names(&table), table.counts()), (vec!["Checkout"], (1, 4)));
        table.search_for("");
        assert_eq!(names(&table), ["Checkout", "mail"]);
        table.filter_by(StatusFilter::of_value("healthy"));
        assert_eq!(names(&table), ["cart"]);
        table.search_for("nothing");
        assert_eq!(table.counts(), (0, 4));
    }

    #[test]
    fn digits_in_a_row_are_compared_as_numbers() {
        let ordered = [
            "",
            "0",
            "01",
            "1",
            "9",
            "10",
            "10a",
            "Zoo",
            "app",
            "app-2",
            "app-02b",
            "app-10",
            "app-10.9",
            "app-10.10",
            "apps",
            "errors in the logs: 72",
            "errors in the logs: 161096",
            "errors in the logs: 18446744073709551617",
            "é1",
        ];
        for (place, one) in ordered.iter().enumerate() {
            for (other_place, other) in ordered.iter().enumerate() {
                assert_eq!(compare_naturally(one, other), place.cmp(&other_place), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn rows_are_arranged_as_they_were_before_and_after_they_arrive() {
        let many: Vec<TableRow> =
            (0..200).map(|number| row(&format!("app {number}"), Severity::Warning, None)).collect();
        let mut left = TableRows::sorted_by(1, true);
        left.update(many.clone());
        left.filter_by(StatusFilter::Failing);
        left.search_for(" App  1");
        left.sort_by(0, ColumnKind::Texts);
        left.sort_by(0, ColumnKind::Texts);
        left.show_more();
        let kept = left.kept();
        let mut early = TableRows::sorted_by(1, true);
        early.arrange_as(&kept);
        early.update(many.clone());
        let mut late = TableRows::sorted_by(1, true);
        late.update(many);
        late.arrange_as(&kept);
        for again in [early, late] {
            assert_eq!((names(&again), again.sort()), (names(&left), (0, true)));
            assert_eq!(again.wanted(), (" App  1".to_owned(), StatusFilter::Failing));
            assert_eq!(again.kept(), kept);
        }
        left.search_for("app 1");
        assert_eq!((names(&left).len(), names(&left)[0]), (50, "app 199"));
        for other in ["", "50", "50 x up failing a", "50 0 up failing"] {
            let before = left.kept();
            left.arrange_as(other);
            assert_eq!(left.kept(), before, "{other}");
        }
    }

    #[test]
    fn a_text_that_leads_elsewhere_is_sorted_and_searched_like_others() {
        let cell = |text: &str| match text {
            "" => TableCell::Text(String::new()),
            text => TableCell::Link(text.to_owned(), "/page".to_owned()),
        };
        let mut table = TableRows::sorted_by(0, false);
        let rows =
            ["node-10", "", "node-9"].map(|name| TableRow::new(name.to_owned(), None, vec![cell(name)]));
        table.update(rows.into());
        assert_eq!(names(&table), ["", "node-9", "node-10"]);
        table.search_for("E-9");
        assert_eq!(names(&table), ["node-9"]);
        table.search_for("page");
        assert_eq!(table.counts(), (0, 3));
    }

    #[test]
    fn new_values_do_not_move_rows_until_they_are_arranged() {
        let mut table = table();
        let mut changed = rows();
        changed[0] = row("cart", Severity::Critical, Some(9.0));
        table.update(changed.clone());
        assert_eq!(names(&table), ["Checkout", "mail", "web", "cart"]);
        assert_eq!(table.news(), RowNews::default());
        assert_eq!(named(&table, "cart").cells[1], TableCell::Status(Severity::Critical));

        changed.remove(1);
        changed.insert(0, row("api", Severity::Warning, None));
        table.update(changed.clone());
        assert_eq!(names(&table), ["Checkout", "mail", "web", "cart"]);
        assert!(named(&table, "Checkout").is_gone);
        let before = table.arrangement();
        assert_eq!(table.news(), RowNews { added: 1, gone: 1 });
        table.update(changed);
        assert_eq!(table.news(), RowNews { added: 1, gone: 1 });
        table.arrange();
        assert_eq!(names(&table), ["cart", "mail", "api", "web"]);
        assert_eq!((table.news(), table.arrangement()), (RowNews::default(), before + 1));
    }

    #[test]
    fn ten_thousand_rows_are_shown_fifty_at_a_time() {
        let mut table = TableRows::sorted_by(0, false);
        let many = (0..10_000).rev().map(|number| row(&format!("app-{number:05}"), Severity::Ok, None));
        table.update(many.collect());
        assert_eq!((table.shown().len(), table.counts()), (50, (10_000, 10_000)));
        assert_eq!(names(&table).first(), Some(&"app-00000"));
        table.show_more();
        assert_eq!(table.shown().len(), 100);
        table.search_for("app-0999");
        assert_eq!(table.shown().len(), 10);
    }

    #[test]
    fn a_cell_is_written_for_people() {
        let number = |value, unit| TableCell::Number(value, unit).text();
        assert_eq!(number(None, CellUnit::Count), "–");
        assert_eq!(number(Some(81.0), CellUnit::Percent), "81\u{202f}%");
        assert_eq!(number(Some(1024.0), CellUnit::Bytes), "1\u{202f}KiB");
        assert_eq!(TableCell::Status(Severity::Info).text(), "healthy");
    }
}
