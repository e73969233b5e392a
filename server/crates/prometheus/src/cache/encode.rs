//! Encodes a table as a frame.
//!
//! The body of a frame has, for each column, a section with the texts that are new in the file. Then follows
//! a section with a number for each new row and column, the index of its text in the column, in as few bytes
//! as fit them all; for a query without points the same section has the times when each row was seen, and its
//! newest value. Then follow the points, one section per group.

use std::io;

use super::{
    dictionary,
    frame::{self, FrameHeader},
    packed_section::SectionPacker,
    value_planes,
};
use crate::{
    query::{PrometheusQuery, QueryRetention},
    results::{InternedString, ResultTable, StringInterner},
};

/// The maximum number of rows of a table.
pub(super) const MAX_ROWS: usize = 1 << 24;

/// The maximum number of values over time of a table: 256 MiB.
pub(super) const MAX_VALUES: usize = 64 << 20;

/// The existing contents of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct ExistingRows {
    /// The number of rows.
    pub(super) rows: usize,
    /// The texts of each column, by number.
    pub(super) texts: Vec<Vec<InternedString>>,
}

/// The frame that adds to a file what `table` has in addition to the existing contents: its last rows, and
/// all its points.
pub(super) fn frame(
    query: &PrometheusQuery,
    table: &ResultTable,
    symbols: &StringInterner,
    known: &ExistingRows,
    packer: &mut SectionPacker,
) -> io::Result<Vec<u8>> {
    let header = header(table, known)?;
    frame::frame(query, &header, |file| {
        let mut rows = Vec::new();
        let mut texts = Vec::new();
        let mut places = vec![u32::MAX; symbols.number_of_texts()];
        for column in 0..table.width {
            let labels = table.labels.iter().skip(known.rows * table.width + column).step_by(table.width);
            let old = known.texts.get(column).map_or(&[][..], Vec::as_slice);
            let new = new_texts(labels.clone(), old, symbols, &mut places);
            texts.clear();
            if !new.is_empty() {
                dictionary::write(symbols, &new, &mut texts);
            }
            packer.put(&texts, file)?;
            let bytes = bytes_of_place(old.len() + new.len());
            for label in labels {
                rows.extend(&places[label.number()].to_le_bytes()[..bytes]);
            }
            for text in old.iter().chain(&new) {
                places[text.number()] = u32::MAX;
            }
        }
        write_seen(query, table, &mut rows);
        packer.put(&rows, file)?;
        write_points(table, packer, file)
    })
}

/// The number of bytes for the number of one text among `count`.
pub(super) const fn bytes_of_place(count: usize) -> usize {
    match count {
        0..=1 => 0,
        2..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// The number of rows. An addition to a file has only labels and points.
fn rows(table: &ResultTable) -> usize {
    table.labels.len() / table.width.max(1)
}

fn header(table: &ResultTable, known: &ExistingRows) -> io::Result<FrameHeader> {
    let number = |count: usize| u32::try_from(count).map_err(|_| io::ErrorKind::FileTooLarge);
    let points = &table.points;
    let rows = rows(table);
    if rows > MAX_ROWS {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(FrameHeader {
        to: table.to,
        from: points.from,
        step: points.step,
        moments: number(points.values.len().checked_div(rows).unwrap_or_default())?,
        rows: number(rows)?,
        added: number(rows - known.rows)?,
    })
}

/// The texts that are not in `old`, sorted. Afterwards `places` has the number of each text.
fn new_texts<'t>(
    labels: impl Iterator<Item = &'t InternedString>,
    old: &[InternedString],
    symbols: &StringInterner,
    places: &mut [u32],
) -> Vec<InternedString> {
    for (place, text) in (0..).zip(old) {
        places[text.number()] = place;
    }
    let mut new = Vec::new();
    for label in labels {
        let place = &mut places[label.number()];
        if *place == u32::MAX {
            *place = 0;
            new.push(*label);
        }
    }
    new.sort_by_key(|text| symbols.text(*text));
    for (place, text) in (old.len()..).zip(&new) {
        places[text.number()] = u32::try_from(place).unwrap_or(u32::MAX);
    }
    new
}

fn write_seen(query: &PrometheusQuery, table: &ResultTable, bytes: &mut Vec<u8>) {
    if matches!(query.kind, QueryRetention::Range { .. }) {
        return;
    }
    if query.kind == QueryRetention::Seen {
        for moment in table.first_seen.iter().chain(&table.last_seen) {
            let ago = u16::try_from(table.to.saturating_sub(*moment)).unwrap_or(u16::MAX);
            bytes.extend(ago.to_le_bytes());
        }
    }
    let mut values = Vec::new();
    value_planes::write(&table.values, rows(table), &mut values);
    bytes.extend(values);
}

fn write_points(table: &ResultTable, packer: &mut SectionPacker, file: &mut Vec<u8>) -> io::Result<()> {
    let mut group = Vec::new();
    let rows = rows(table);
    for values in table.points.values.chunks(value_planes::moments_in_group(rows) * rows.max(1)) {
        value_planes::write(values, rows, &mut group);
        packer.put(&group, file)?;
    }
    Ok(())
}
