//! Serves the page of what is published: as viewers see it, and beside it the exact numbers for those who may see
//! them.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use headcount_fleet::{
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    published::exact::{exact_source, exact_table, exact_versions},
};
use headcount_fleet_pages::{
    ExactTable, NavigationEntry, PageFilter, PageReader, PageShell, PublishedAnswers, ShownRelease,
    published_page, render_shell,
};
use headcount_web::{access::AccessRole, problem::ProblemResponse};

use super::{
    Collector,
    fleet_page_routes::reader_of,
    fleet_reader::{FleetReadError, FleetReader, on_other_thread},
    fleet_routes::bad_request,
    page_parameters::{PageQuery, chosen, page_parameters},
    published_reader::{PublishedPeriod, PublishedTableName},
    report_store::{BlockLayer, StoredBlock},
    routes::page_headers,
};

/// What is published.
pub(super) async fn published(
    State(collector): State<Collector>,
    role: Option<Extension<AccessRole>>,
    query: PageQuery,
) -> Result<Response, ProblemResponse> {
    let reader = reader_of(role.map(|Extension(role)| role));
    let parameters = page_parameters(query)?;
    let today = CalendarDay::from_unix_seconds(collector.now().as_secs());
    let products = collector.fleet_reader().product_days().await?;
    let period = parameters.period_of_releases(today, &products)?;
    let day = chosen(parameters.day).map(|day| {
        let malformed = || bad_request(format!("day must be a day such as 2026-11-28, not \"{day}\""));
        day.parse::<CalendarDay>().map_err(|_| malformed())
    });
    let filter = PageFilter::of_period(&period);
    let published_period = PublishedPeriod {
        product: period.product.clone(),
        first: period.first,
        last: period.last,
        version: None,
    };
    let fleet = collector.fleet_reader();
    let tables = fleet.published_tables(published_period.clone()).await?;
    let day = match day.transpose()? {
        Some(day) if tables.releases.iter().all(|release| release.day != day.to_string()) => {
            return Err(bad_request(format!("there is no release of {day} in this time")));
        }
        Some(day) => Some(day),
        None => tables.releases.last().and_then(|release| release.day.parse().ok()),
    };
    let shown = match day {
        Some(day) => {
            let of_day = PublishedPeriod { first: day, last: day, ..published_period };
            Some(release(fleet, of_day, reader >= PageReader::Analyst).await?)
        }
        None => None,
    };
    // A viewer is not told of products of which nothing is published.
    let products = match reader {
        PageReader::Viewer => fleet.published_products().await?,
        PageReader::Analyst | PageReader::Administrator => fleet.products().await?,
    };
    let entry = NavigationEntry::Published;
    let shell =
        PageShell { title: entry.title(), root: "", reader, entry: Some(entry), filter: Some(&filter) };
    let answers = PublishedAnswers { tables: &tables, shown: shown.as_ref(), products: &products.products };
    Ok((page_headers(), render_shell(shell, &published_page(&filter, answers))).into_response())
}

/// The release of a day, with all tables, and with exact numbers if they may be seen.
async fn release(
    fleet: &FleetReader,
    day: PublishedPeriod,
    with_exact: bool,
) -> Result<ShownRelease, FleetReadError> {
    let mut tables = Vec::new();
    for name in PublishedTableName::all() {
        let answer = fleet.published_table(day.clone(), name).await?;
        tables.extend(answer.releases.into_iter().next().map(|table| (name, table)));
    }
    let names: Vec<_> = tables.iter().map(|(name, _)| *name).collect();
    let exact = if with_exact { fleet.exact_tables(&day, names).await? } else { Vec::new() };
    let tables = tables.into_iter().map(|(name, table)| (name.described(), table));
    Ok(ShownRelease { tables: tables.collect(), exact })
}

impl FleetReader {
    /// The exact numbers of tables on the first day of a period, in the cells that are published; `None` where
    /// they are not stored.
    async fn exact_tables(
        &self,
        period: &PublishedPeriod,
        names: Vec<PublishedTableName>,
    ) -> Result<Vec<Option<ExactTable>>, FleetReadError> {
        let (product, day) = (&period.product, period.first);
        let mut stored = Vec::new();
        for name in names {
            let source = match name {
                PublishedTableName::Versions => CellTable::Installations,
                PublishedTableName::Listed(definition) => exact_source(definition.table),
            };
            let block = self.store().blocks(BlockLayer::Cells, product, source.name(), day, day).await?.pop();
            stored.push((name, block));
        }
        let exact = |(name, block): (_, Option<StoredBlock>)| {
            let Some(block) = block else { return Ok(None) };
            let block = CellBlock::decode(&block.block)?;
            Ok(Some(match name {
                PublishedTableName::Versions => exact_versions(&block),
                PublishedTableName::Listed(definition) => exact_table(definition.table, &block),
            }))
        };
        on_other_thread(move || stored.into_iter().map(exact).collect()).await
    }
}
