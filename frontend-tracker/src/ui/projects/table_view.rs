//! Shows a table whose rows can be searched, filtered and sorted.

use headcount_charts::number_format::grouped;
use headcount_shared::api::Severity;
use leptos::prelude::*;

use super::{
    super::link::Link,
    table_rows::{
        ColumnKind, PAGE_ROWS, RowNews, ShownRow, StatusFilter, TableCell, TableColumn, TableRows,
        status_word,
    },
};

/// A table.
#[component]
pub(super) fn RowTable(
    /// What the rows are, in the plural: `applications`.
    what: &'static str,
    columns: &'static [TableColumn],
    rows: RwSignal<TableRows>,
    /// Whether there are so many rows that they are searched.
    #[prop(optional)]
    is_long: bool,
) -> impl IntoView {
    let shown = Memo::new(move |_| rows.with(TableRows::shown));
    let counts = Memo::new(move |_| rows.with(TableRows::counts));
    let is_empty = Memo::new(move |_| counts.get().1 == 0);
    view! {
        {move || is_empty.get().then(|| view! { <p class="note">{format!("There are no {what}.")}</p> })}
        <div class="table-part" hidden=move || is_empty.get()>
            {is_long.then(|| tools(what, columns, rows, counts))}
            <div class="scroll" role="region" tabindex="0" aria-label=format!("Table of {what}")>
                <table>
                    <caption class="visually-hidden">{format!("All {what}")}</caption>
                    <thead>
                        <tr>{(0..columns.len()).map(|place| heading(columns, place, rows)).collect_view()}</tr>
                    </thead>
                    <tbody>
                        <For each=move || shown.get() key=|row| *row let:row>
                            {row_view(columns, rows, row)}
                        </For>
                    </tbody>
                </table>
            </div>
            {move || {
                let left = counts.get().0.saturating_sub(shown.with(Vec::len));
                (left > 0)
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="quiet more"
                                on:click=move |_| rows.update(TableRows::show_more)
                            >
                                {format!("Show {} more of {}", left.min(PAGE_ROWS), grouped(left as u64))}
                            </button>
                        }
                    })
            }}
        </div>
    }
}

/// The search, the filter, and how many rows there are.
fn tools(
    what: &'static str,
    columns: &'static [TableColumn],
    rows: RwSignal<TableRows>,
    counts: Memo<(usize, usize)>,
) -> AnyView {
    let has_status = columns.iter().any(|column| column.kind == ColumnKind::Statuses);
    let count = move || {
        let (matching, all) = counts.get();
        let [matching, all] = [matching, all].map(|count| grouped(count as u64));
        if matching == all { format!("{all} {what}.") } else { format!("{matching} of {all} {what}.") }
    };
    let news = Memo::new(move |_| rows.with(TableRows::news));
    let options = StatusFilter::ALL.map(|(_, value, words)| view! { <option value=value>{words}</option> });
    let filter = has_status.then(|| {
        view! {
            <label>
                <span>"Status"</span>
                <select on:change=move |event| {
                    let filter = StatusFilter::of_value(&event_target_value(&event));
                    rows.update(|rows| rows.filter_by(filter));
                }>{options.collect_view()}</select>
            </label>
        }
    });
    view! {
        <div class="filters">
            <label>
                <span>{format!("Search {what}")}</span>
                <input
                    type="search"
                    autocomplete="off"
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        rows.update(|rows| rows.search_for(&text));
                    }
                />
            </label>
            {filter}
            <p class="count">
                <span role="status">{count}</span>
                {move || {
                    let text = news_text(news.get())?;
                    let update = move |_| rows.update(TableRows::arrange);
                    Some(view! { <button type="button" class="quiet" on:click=update>{text}</button> })
                }}
            </p>
        </div>
    }
    .into_any()
}

/// What a button says that takes new rows into the table; `None` without news.
fn news_text(RowNews { added, gone }: RowNews) -> Option<String> {
    match (added, gone) {
        (0, 0) => None,
        (added, 0) => Some(format!("Show {added} new")),
        (0, gone) => Some(format!("Remove {gone} that are gone")),
        (added, gone) => Some(format!("Show {added} new, remove {gone} that are gone")),
    }
}

fn heading(columns: &'static [TableColumn], place: usize, rows: RwSignal<TableRows>) -> AnyView {
    let Some(TableColumn { title, kind }) = columns.get(place).copied() else { return ().into_any() };
    let sorted = Memo::new(move |_| {
        let (column, is_descending) = rows.with(TableRows::sort);
        (column == place).then_some(is_descending)
    });
    let order = move || match sorted.get() {
        Some(true) => Some("descending"),
        Some(false) => Some("ascending"),
        None => None,
    };
    let sign = move || match sorted.get() {
        Some(true) => " ▼",
        Some(false) => " ▲",
        None => "",
    };
    view! {
        <th scope="col" class=cell_class(kind) aria-sort=order>
            <button type="button" class="sort" on:click=move |_| rows.update(|rows| rows.sort_by(place, kind))>
                {title}
                <span aria-hidden="true">{sign}</span>
            </button>
        </th>
    }
    .into_any()
}

fn row_view(columns: &'static [TableColumn], rows: RwSignal<TableRows>, shown: ShownRow) -> AnyView {
    let row = Memo::new(move |_| rows.with(|rows| rows.row(shown).cloned()));
    // A row keeps its name for as long as it is in the page.
    let (name, link) = row.with_untracked(|row| match row {
        Some(row) => (row.cells.first().map(TableCell::text).unwrap_or_default(), row.link.clone()),
        None => (String::new(), None),
    });
    let name = match link {
        Some(link) => view! { <Link to=link>{name}</Link> }.into_any(),
        None => name.into_any(),
    };
    let gone = move || {
        row.with(|row| row.as_ref().is_some_and(|row| row.is_gone)).then(|| view! { <small>"gone"</small> })
    };
    let cell = move |(column, TableColumn { kind, .. }): (usize, &TableColumn)| {
        let content = move || {
            row.with(|row| match row.as_ref().and_then(|row| row.cells.get(column)) {
                Some(TableCell::Status(severity)) => status_badge(*severity),
                Some(cell) => cell.text().into_any(),
                None => ().into_any(),
            })
        };
        view! { <td class=cell_class(*kind)>{content}</td> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{name} {gone}</th>
            {columns.iter().enumerate().skip(1).map(cell).collect_view()}
        </tr>
    }
    .into_any()
}

const fn cell_class(kind: ColumnKind) -> Option<&'static str> {
    match kind {
        ColumnKind::Numbers => Some("n"),
        ColumnKind::Sentences => Some("sentence"),
        ColumnKind::Texts | ColumnKind::Statuses => None,
    }
}

/// A status as a word with a sign and a colour.
pub(super) fn status_badge(severity: Severity) -> AnyView {
    let (class, sign) = match severity {
        Severity::Ok | Severity::Info => ("badge good", "✓"),
        Severity::Warning => ("badge warn", "!"),
        Severity::Critical => ("badge bad", "✕"),
        Severity::Unknown => ("badge", "?"),
    };
    view! {
        <span class=class>
            <span aria-hidden="true">{sign}" "</span>
            {status_word(severity)}
        </span>
    }
    .into_any()
}
