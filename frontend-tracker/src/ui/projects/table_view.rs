//! Shows a table whose rows can be searched, filtered and sorted.

use leptos::prelude::*;

use super::{
    page_html::{region_id, table_html},
    table_rows::{ColumnKind, RowNews, StatusFilter, TableColumn, TableRow, TableRows},
};
use crate::ui::{
    browser,
    html_box::{acting_box, text_memo},
    link::InterfaceBase,
    location::OpenLocation,
    texts::projects,
};

/// The beginning of the button that takes new rows into a table.
const NEWS_BUTTON: &str = "<button type=\"button\" class=\"quiet\" data-act=\"arrange\">";
/// The same button while there are none, with a text as it has one then.
const HIDDEN_BUTTON: &str = "<button type=\"button\" class=\"quiet\" data-act=\"arrange\" hidden>-</button>";

/// A table. `what` says what its rows are, in the plural: `applications`. Rows of a long one can be searched.
/// The entry of the history keeps how it is arranged.
pub(super) fn row_table(
    what: &'static str,
    columns: &'static [TableColumn],
    rows: RwSignal<TableRows>,
    is_long: bool,
) -> AnyView {
    let table = ArrangedTable::new(what, rows);
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let html = text_memo(move || rows.with(|rows| table_html(&base, what, columns, rows)));
    let arrangement = text_memo(move || rows.with(TableRows::arrangement).to_string());
    let act = move |name: &str| {
        table.change(&|rows| match name
            .parse::<usize>()
            .ok()
            .and_then(|place| Some((place, columns.get(place)?)))
        {
            Some((place, column)) => rows.sort_by(place, column.kind),
            None => rows.show_more(),
        });
    };
    view! {
        {if is_long { tools(table, columns) } else { news_box("plain", table, news_html) }}
        {acting_box("table-box", html, arrangement, Box::new(act))}
    }
    .into_any()
}

/// A table whose arrangement the entry of the history keeps.
#[derive(Debug, Clone, Copy)]
struct ArrangedTable {
    /// What its rows are.
    what: &'static str,
    rows: RwSignal<TableRows>,
    location: OpenLocation,
}

impl ArrangedTable {
    /// Arranges the rows as they were when the entry was left.
    fn new(what: &'static str, rows: RwSignal<TableRows>) -> Self {
        let table = Self { what, rows, location: expect_context::<OpenLocation>() };
        if let Some(kept) = table.location.kept(what) {
            table.change(&|rows| rows.arrange_as(&kept));
        }
        table
    }

    /// Changes how the rows are arranged.
    fn change(self, change: &dyn Fn(&mut TableRows)) {
        let kept = self.rows.try_update(|rows| {
            change(rows);
            rows.kept()
        });
        self.location.keep(self.what, &kept.unwrap_or_default());
    }
}

/// The search, the filter, and how many rows there are.
fn tools(table: ArrangedTable, columns: &'static [TableColumn]) -> AnyView {
    let ArrangedTable { what, rows, .. } = table;
    let (typed, chosen) = rows.with_untracked(TableRows::wanted);
    let filter = columns.iter().any(|column| column.kind == ColumnKind::Statuses).then(|| {
        let change = move |event| {
            let filter = StatusFilter::of_value(&event_target_value(&event));
            table.change(&|rows| rows.filter_by(filter));
        };
        view! {
            <label>
                <span>{projects::STATUS}</span>
                <select on:change=change inner_html=options_html(chosen)></select>
            </label>
        }
    });
    let search = move |event| {
        let text = event_target_value(&event);
        table.change(&|rows| rows.search_for(&text));
    };
    view! {
        <div class="filters">
            <label>
                <span>{projects::search(what)}</span>
                <input type="search" autocomplete="off" value=typed on:input=search />
            </label>
            {filter}
            {news_box("count", table, count_html)}
        </div>
    }
    .into_any()
}

/// What is new in a table, as HTML, and what takes it in.
fn news_box(class: &'static str, table: ArrangedTable, html: fn(&str, &TableRows) -> String) -> AnyView {
    let ArrangedTable { what, rows, .. } = table;
    let html = text_memo(move || rows.with(|rows| html(what, rows)));
    let arrange = move |_: &str| {
        table.change(&TableRows::arrange);
        // The button goes away.
        browser::focus_soon(region_id(what));
    };
    acting_box(class, html, html, Box::new(arrange))
}

/// How many rows there are, and the button for what is new. The elements are always the same, so that a screen
/// reader tells how the count changes.
fn count_html(what: &str, rows: &TableRows) -> String {
    let (matching, all) = rows.counts();
    let count = projects::rows_shown(matching, all, what);
    let news = news_html(what, rows);
    let news = if news.is_empty() { HIDDEN_BUTTON } else { &news };
    ["<span role=\"status\">", &count, "</span> ", news].concat()
}

/// The filters, of which one is chosen.
fn options_html(chosen: StatusFilter) -> String {
    let option = |(filter, value, words): (StatusFilter, &str, &str)| {
        let selected = if filter == chosen { "\" selected>" } else { "\">" };
        ["<option value=\"", value, selected, words, "</option>"].concat()
    };
    StatusFilter::ALL.map(option).concat()
}

/// A button that takes new rows into the table, if there is anything new.
fn news_html(_: &str, rows: &TableRows) -> String {
    let RowNews { added, gone } = rows.news();
    let text = projects::take_news(added, gone);
    if text.is_empty() {
        return text;
    }
    [NEWS_BUTTON, &text, "</button>"].concat()
}

/// Takes the rows of a new answer, if the table is still there.
pub(super) fn take_rows(table: RwSignal<TableRows>, rows: Vec<TableRow>) {
    table.try_update(|table| table.update(rows));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_rows_are_offered_beside_a_count_whose_elements_stay() {
        let row = |key: &str| TableRow::new(key.to_owned(), None, Vec::new());
        let mut rows = TableRows::sorted_by(0, false);
        rows.update(vec![row("a")]);
        assert_eq!(news_html("nodes", &rows), "", "a table without a search has nothing else to say");
        let elements =
            |html: &str| [html.matches("<span role=\"status\">").count(), html.matches("<button").count()];
        let before = count_html("nodes", &rows);
        assert!(before.contains("1 nodes.") && before.contains(" hidden>"), "{before}");

        rows.update(vec![row("a"), row("b")]);
        let news = news_html("nodes", &rows);
        assert!(news.contains("data-act=\"arrange\">Show 1 new<"), "{news}");
        let after = count_html("nodes", &rows);
        assert!(after.contains(&news) && !after.contains(" hidden>"), "{after}");
        assert_eq!((elements(&before), elements(&after)), ([1, 1], [1, 1]));
    }
}
