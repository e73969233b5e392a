//! Makes the archive of everything that is published of a product: a CSV file per table, and a text that explains
//! them.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use headcount_platform::joined::joined;
use headcount_shared::api::{PublishedRule, PublishedTableAnswer};
use headcount_web::problem::ProblemResponse;
use tokio::task;
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{
    Collector,
    fleet_csv::csv_text,
    published_reader::{PublishedPeriod, PublishedTableName, answered_rule},
};

/// The archive of a period.
///
/// # Errors
/// A problem document: the database cannot be read, or a stored release is damaged.
pub(super) async fn published_archive(
    collector: &Collector,
    period: PublishedPeriod,
) -> Result<Vec<u8>, ProblemResponse> {
    let mut tables = Vec::new();
    for table in PublishedTableName::all() {
        tables.push(collector.fleet_reader().published_table(period.clone(), table).await?);
    }
    let archive = move || archive_of_tables(&explanation(&period), &tables);
    let archive = joined(task::spawn_blocking(archive)).await;
    let archive = archive.map_err(|error| ProblemResponse::internal(&error))?;
    archive.map_err(|error| ProblemResponse::internal(&error))
}

fn archive_of_tables(explanation: &str, tables: &[PublishedTableAnswer]) -> Result<Vec<u8>, ZipError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a time, so that the same numbers are the same bytes.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("README.txt", options)?;
    archive.write_all(explanation.as_bytes())?;
    for table in tables {
        archive.start_file(format!("{}.csv", table.table), options)?;
        archive.write_all(&csv_text(table).map_err(std::io::Error::other)?)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// What a reader of the files has to know.
fn explanation(period: &PublishedPeriod) -> String {
    let PublishedRule {
        smallest_group,
        noise_sd,
        noise_cut,
        shown_from,
        release_every_days,
        provisional_after_days,
        final_after_days,
        counted_from_day,
    } = answered_rule();
    let PublishedPeriod { product, first, last, .. } = period;
    let mut text = format!(
        "Published numbers of the installations of {product}, from {first} to {last}

Each file is a table. Each line is a cell of a release: the installations of a version that have a label.
There is a release every {release_every_days} days: provisional after {provisional_after_days} days, final after {final_after_days}. The final one replaces the
provisional one and never changes. Days are in UTC.

What protects installations
* Every number of installations has noise: standard deviation {noise_sd}, at most {noise_cut} up or down. Totals are
  sums of noisy numbers, so sums of a table do not agree with each other to the last installation.
* A cell is shown if its noisy number is at least {shown_from}. So it has at least {smallest_group} installations.
* What is not shown is folded: small versions into `other`, and inside of each version small labels into
  `other`, or, where an installation may have several labels, they are left out. `folded_names` is about how
  many names of the table are not shown; it is rounded to 5 and has noise, too.
* `without_number` is a label that is named without a number: that of the installations of the version without
  it would be too small.
* Names that nobody listed before are shown from their second release on, and at least two of a list.
* Sums have the noise of as many installations, each with a large amount. They are hidden where few
  installations have most of it. Percentiles are upper edges of buckets of 10 %.
* An installation counts from day {counted_from_day} after its first report.

Columns
day, stage                 the release
version                    the version; empty for all versions that are not shown by name
label                      the label; empty for `other`, `all` and in tables without labels
cell                       `name`, `other`, `all` (a table without labels) or `without_number`
installations              installations of the cell, with noise
of_installations           installations of the version, with noise
of_all                     all installations of the release, with noise
sum, p50, p95, p99         of amounts; empty where there is none
folded_names               about how many names of the table are not shown in this release

Files
"
    );
    for table in PublishedTableName::all() {
        // Writing to a text does not fail.
        writeln!(text, "{}.csv", table.name()).ok();
    }
    text
}
