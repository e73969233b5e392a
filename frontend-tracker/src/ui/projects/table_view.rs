//! Shows a table whose rows can be searched, filtered and sorted.

use headcount_charts::number_format::grouped;
use leptos::prelude::*;

use super::{
    html_box::{acting_box, text_memo},
    page_html::table_html,
    table_rows::{ColumnKind, RowNews, StatusFilter, TableColumn, TableRow, TableRows},
};
use crate::ui::link::InterfaceBase;

/// What is pressed to take new rows into a table.
const ARRANGE: &str = "arrange";

/// A table. `what` says what its rows are, in the plural: `applications`. Rows of a long one can be searched.
pub(super) fn row_table(
    what: &'static str,
    columns: &'static [TableColumn],
    rows: RwSignal<TableRows>,
    is_long: bool,
) -> AnyView {
    let InterfaceBase(base) = expect_context::<InterfaceBase>();
    let html = text_memo(move || rows.with(|rows| table_html(&base, what, columns, rows)));
    let arrangement = text_memo(move || rows.with(TableRows::arrangement).to_string());
    let act = move |name: &str| {
        rows.update(|rows| {
            match name.parse::<usize>().ok().and_then(|place| Some((place, columns.get(place)?))) {
                Some((place, column)) => rows.sort_by(place, column.kind),
                None => rows.show_more(),
            }
        });
    };
    let table = acting_box("table-box", html, arrangement, Box::new(act));
    if !is_long {
        return table;
    }
    view! {
        {tools(what, columns, rows)}
        {table}
    }
    .into_any()
}

/// The search, the filter, and how many rows there are.
fn tools(what: &'static str, columns: &'static [TableColumn], rows: RwSignal<TableRows>) -> AnyView {
    let count = text_memo(move || {
        let [matching, all] =
            <[usize; 2]>::from(rows.with(TableRows::counts)).map(|count| grouped(count as u64));
        let count = if matching == all { all } else { format!("{matching} of {all}") };
        format!("<span role=\"status\">{count} {what}.</span>{}", news_html(rows.with(TableRows::news)))
    });
    let arrange = move |_: &str| rows.update(TableRows::arrange);
    let filter = columns.iter().any(|column| column.kind == ColumnKind::Statuses).then(|| {
        let options =
            StatusFilter::ALL.map(|(_, value, words)| view! { <option value=value>{words}</option> });
        let change = move |event| {
            let filter = StatusFilter::of_value(&event_target_value(&event));
            rows.update(|rows| rows.filter_by(filter));
        };
        view! {
            <label>
                <span>"Status"</span>
                <select on:change=change>{options.into_iter().collect_view()}</select>
            </label>
        }
    });
    let search = move |event| {
        let text = event_target_value(&event);
        rows.update(|rows| rows.search_for(&text));
    };
    view! {
        <div class="filters">
            <label>
                <span>{format!("Search {what}")}</span>
                <input type="search" autocomplete="off" on:input=search />
            </label>
            {filter}
            {acting_box("count", count, count, Box::new(arrange))}
        </div>
    }
    .into_any()
}

/// A button that takes new rows into the table, if there is anything new.
fn news_html(RowNews { added, gone }: RowNews) -> String {
    let text = match (added, gone) {
        (0, 0) => return String::new(),
        (added, 0) => format!("Show {added} new"),
        (0, gone) => format!("Remove {gone} that are gone"),
        (added, gone) => format!("Show {added} new, remove {gone} that are gone"),
    };
    format!(" <button type=\"button\" class=\"quiet\" data-act=\"{ARRANGE}\">{text}</button>")
}

/// Takes the rows of a new answer, if the table is still there.
pub(super) fn take_rows(table: RwSignal<TableRows>, rows: Vec<TableRow>) {
    table.try_update(|table| table.update(rows));
}
