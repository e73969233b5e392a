//! Decodes the frames of a file into a table.

use super::{
    encode::{MAX_ROWS, MAX_VALUES, bytes_of_place},
    first_last_seen::{self, FirstLastSeen},
    frame::{CacheFrame, DamagedFrame, FrameHeader, FrameList},
    label_columns::LabelColumns,
    packed_section::{PackedSection, SectionUnpacker},
    value_groups::{PackedValues, groups},
    value_planes,
};
use crate::{
    query::{PrometheusQuery, QueryRetention},
    results::{InternedString, ResultPoints, ResultTable, StringInterner},
};

/// How much is decoded of a query that keeps values over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecodeDetail {
    /// When each row was seen, and its newest value.
    Ends,
    /// The same, and the sum of all values.
    Sums,
    /// All values.
    Points,
}

/// The rows of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct DecodedRows {
    /// The labels of each row, row by row.
    pub(super) labels: Vec<InternedString>,
    /// The texts of each column, by number.
    pub(super) texts: Vec<Vec<InternedString>>,
}

/// Decodes files with shared buffers. All use the same symbols.
#[derive(Debug)]
pub(super) struct CacheDecoder {
    unpacker: SectionUnpacker,
    columns: LabelColumns,
    /// The values of a frame that lacks the last rows.
    narrow: Vec<f32>,
}

impl CacheDecoder {
    /// Creates a decoder.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self { unpacker: SectionUnpacker::new()?, columns: LabelColumns::default(), narrow: Vec::new() })
    }

    /// The table in a file, with values over time from `since` on: all of them, or only when each row was
    /// seen and its newest value. Rows without a value are left out.
    pub(super) fn table(
        &mut self,
        query: &PrometheusQuery,
        frames: &FrameList<'_>,
        (since, unpacked): (u32, DecodeDetail),
        symbols: &mut StringInterner,
    ) -> Result<ResultTable, DamagedFrame> {
        let newest = *frames.newest().ok_or(DamagedFrame)?;
        let mut table = ResultTable { to: newest.to, width: query.labels.len(), ..ResultTable::default() };
        let mut shape = DecodedRows::new(table.width);
        let mut points = Vec::with_capacity(frames.list.len());
        for frame in &frames.list {
            let mut sections = frame.body;
            let seen = self.add_rows(query, frame, &mut sections, symbols, &mut shape)?;
            match query.kind {
                QueryRetention::Now if frames.list.len() == 1 => read_now(seen, &frame.header, &mut table)?,
                QueryRetention::Seen if frames.list.len() == 1 => read_seen(seen, &frame.header, &mut table)?,
                QueryRetention::Range { .. } if seen.is_empty() => points.push((frame.header, sections)),
                _ => return Err(DamagedFrame),
            }
        }
        table.labels = shape.labels;
        let rows = newest.rows as usize;
        match (query.kind, unpacked) {
            (QueryRetention::Now | QueryRetention::Seen, _) => {}
            (QueryRetention::Range { .. }, DecodeDetail::Points) => {
                table.points = self.points(&points, since, rows)?;
                first_last_seen::find(&mut table, rows);
            }
            (QueryRetention::Range { .. }, DecodeDetail::Sums | DecodeDetail::Ends) => {
                if unpacked == DecodeDetail::Sums {
                    table.sums = self.sums(&points, since, rows)?;
                }
                self.ends(&points, since, rows)?.put_into(&mut table);
                table.points.step = step(&points);
            }
        }
        Ok(table)
    }

    /// The rows of a file, including those without a value.
    pub(super) fn shape(
        &mut self,
        query: &PrometheusQuery,
        frames: &FrameList<'_>,
        symbols: &mut StringInterner,
    ) -> Result<DecodedRows, DamagedFrame> {
        let mut shape = DecodedRows::new(query.labels.len());
        for frame in &frames.list {
            self.add_rows(query, frame, &mut &frame.body[..], symbols, &mut shape)?;
        }
        Ok(shape)
    }

    /// Decompresses all sections of a file without using them. Returns their size.
    pub(super) fn unpack(&mut self, frames: &FrameList<'_>) -> Result<u64, DamagedFrame> {
        let mut bytes = 0;
        for frame in &frames.list {
            let mut sections = frame.body;
            while !sections.is_empty() {
                bytes += self.unpacker.unpack(PackedSection::take(&mut sections)?)?.len() as u64;
            }
        }
        Ok(bytes)
    }

    /// Adds the rows of a frame to `shape`, consuming their sections. Returns what follows the labels in
    /// them.
    fn add_rows<'b, 'f: 'b>(
        &'b mut self,
        query: &PrometheusQuery,
        frame: &CacheFrame<'_>,
        sections: &mut &'f [u8],
        symbols: &mut StringInterner,
        shape: &mut DecodedRows,
    ) -> Result<&'b [u8], DamagedFrame> {
        let FrameHeader { rows, added, .. } = frame.header;
        let width = shape.texts.len();
        for (label, texts) in query.labels.iter().zip(&mut shape.texts) {
            self.columns.read(*label, PackedSection::take(sections)?, &mut self.unpacker, symbols, texts)?;
        }
        let (start, added) = (shape.labels.len(), added as usize);
        if rows as usize > MAX_ROWS || start + added * width != rows as usize * width {
            return Err(DamagedFrame);
        }
        shape.labels.resize(start + added * width, InternedString::EMPTY);
        let mut bytes = self.unpacker.unpack(PackedSection::take(sections)?)?;
        for (column, texts) in shape.texts.iter().enumerate() {
            let len = added * bytes_of_place(texts.len());
            let (places, rest) = bytes.split_at_checked(len).ok_or(DamagedFrame)?;
            let labels = shape.labels[start..].iter_mut().skip(column).step_by(width);
            read_places(places, texts, labels)?;
            bytes = rest;
        }
        Ok(bytes)
    }

    /// The values of all frames from `since` on, joined.
    fn points(
        &mut self,
        frames: &[(FrameHeader, &[u8])],
        since: u32,
        rows: usize,
    ) -> Result<ResultPoints, DamagedFrame> {
        let groups = groups(frames, since, rows)?;
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
            return Ok(ResultPoints::default());
        };
        let (from, step) = (first.from, first.step);
        let from = from + since.saturating_sub(from).div_ceil(step) * step;
        let moments = (last.last() - from) as usize / step as usize + 1;
        if moments.checked_mul(rows).is_none_or(|values| values > MAX_VALUES) {
            return Err(DamagedFrame);
        }
        let mut points = ResultPoints { from, step, values: Vec::with_capacity(moments * rows) };
        for group in &groups {
            let bytes = self.unpacker.unpack(group.packed)?;
            add_group(bytes, group, rows, &mut points, &mut self.narrow);
        }
        Ok(points)
    }

    /// When each row was first and last seen in the frames from `since` on. Decompresses only the groups that
    /// contain such a time.
    fn ends(
        &mut self,
        frames: &[(FrameHeader, &[u8])],
        since: u32,
        rows: usize,
    ) -> Result<FirstLastSeen, DamagedFrame> {
        let groups = groups(frames, since, rows)?;
        let mut ends = FirstLastSeen::of(rows);
        for group in &groups {
            if ends.lack_first(group.width) {
                ends.firsts(group.moments_from(since, self.values(group)?));
            }
        }
        for group in groups.iter().rev() {
            if ends.lack_last(group.width) {
                ends.lasts(group.moments_from(since, self.values(group)?));
            }
        }
        Ok(ends)
    }

    /// The sum of the values of each row from `since` on. Decompresses the groups one after another into the
    /// same buffer.
    fn sums(
        &mut self,
        frames: &[(FrameHeader, &[u8])],
        since: u32,
        rows: usize,
    ) -> Result<Vec<f64>, DamagedFrame> {
        let mut sums = vec![0.0; rows];
        for group in groups(frames, since, rows)? {
            for (_, values) in group.moments_from(since, self.values(&group)?) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += if value.is_nan() { 0.0 } else { f64::from(*value) };
                }
            }
        }
        Ok(sums)
    }

    /// The values of a group, time by time.
    fn values(&mut self, group: &PackedValues<'_>) -> Result<&[f32], DamagedFrame> {
        self.narrow.clear();
        value_planes::read(self.unpacker.unpack(group.packed)?, group.width, &mut self.narrow);
        Ok(&self.narrow)
    }
}

/// The distance between two times; 0 without points.
fn step(frames: &[(FrameHeader, &[u8])]) -> u32 {
    frames.iter().find(|(header, _)| header.moments > 0).map_or(0, |(header, _)| header.step)
}

impl DecodedRows {
    fn new(width: usize) -> Self {
        Self { labels: Vec::new(), texts: vec![Vec::new(); width] }
    }
}

/// Adds a group whose times follow those of `points`.
fn add_group(
    bytes: &[u8],
    group: &PackedValues<'_>,
    rows: usize,
    points: &mut ResultPoints,
    narrow: &mut Vec<f32>,
) {
    let (from, width) = (group.from, group.width);
    let skipped = points.from.saturating_sub(from) / points.step;
    let present = points.values.len().checked_div(rows).unwrap_or_default();
    let at = (from.max(points.from) - points.from) / points.step;
    let missing = (at as usize).saturating_sub(present);
    points.values.resize(points.values.len() + missing * rows, f32::NAN);
    if width == rows {
        let start = points.values.len();
        value_planes::read(bytes, width, &mut points.values);
        points.values.drain(start..start + skipped as usize * rows);
        return;
    }
    narrow.clear();
    value_planes::read(bytes, width, narrow);
    for moment in narrow.chunks_exact(width.max(1)).skip(skipped as usize) {
        points.values.extend_from_slice(moment);
        points.values.resize(points.values.len() + rows - width, f32::NAN);
    }
}

/// Writes the texts with the numbers `places` into `labels`.
fn read_places<'l>(
    places: &[u8],
    texts: &[InternedString],
    labels: impl Iterator<Item = &'l mut InternedString>,
) -> Result<(), DamagedFrame> {
    match bytes_of_place(texts.len()) {
        0 => put(std::iter::repeat(0), texts, labels),
        1 => put(places.iter().map(|place| usize::from(*place)), texts, labels),
        2 => put(numbers(places).map(|place| usize::from(u16::from_le_bytes(place))), texts, labels),
        _ => put(numbers(places).map(|place| u32::from_le_bytes(place) as usize), texts, labels),
    }
}

fn put<'l>(
    places: impl Iterator<Item = usize>,
    texts: &[InternedString],
    labels: impl Iterator<Item = &'l mut InternedString>,
) -> Result<(), DamagedFrame> {
    for (label, place) in labels.zip(places) {
        *label = *texts.get(place).ok_or(DamagedFrame)?;
    }
    Ok(())
}

fn read_now(bytes: &[u8], header: &FrameHeader, table: &mut ResultTable) -> Result<(), DamagedFrame> {
    let rows = header.rows as usize;
    if bytes.len() != rows * 4 {
        return Err(DamagedFrame);
    }
    table.first_seen = vec![header.to; rows];
    table.last_seen = vec![header.to; rows];
    table.values.reserve_exact(rows);
    value_planes::read(bytes, rows, &mut table.values);
    Ok(())
}

fn read_seen(bytes: &[u8], header: &FrameHeader, table: &mut ResultTable) -> Result<(), DamagedFrame> {
    let rows = header.rows as usize;
    if bytes.len() != rows * 8 {
        return Err(DamagedFrame);
    }
    let (moments, values) = bytes.split_at(rows * 4);
    let (first, last) = moments.split_at(rows * 2);
    let moments = |bytes| {
        let ago = numbers(bytes).map(u16::from_le_bytes);
        ago.map(|ago| header.to.saturating_sub(u32::from(ago))).collect()
    };
    (table.first_seen, table.last_seen) = (moments(first), moments(last));
    table.values.reserve_exact(rows);
    value_planes::read(values, rows, &mut table.values);
    Ok(())
}

fn numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks().0.iter().copied()
}
