//! Decodes the frames of a file into a table.

use super::{
    super::{
        answers::{Points, Symbol, Symbols, Table},
        catalogue::{Kind, Query},
    },
    columns::Columns,
    encode::{MAX_ROWS, MAX_VALUES, bytes_of_place},
    ends::{self, Ends},
    frame::{Damaged, Frame, Frames, Header},
    group::{Group, groups},
    planes,
    section::{Packed, Unpacker},
};

/// How much is decoded of a query that keeps values over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// When each row was seen, and its newest value.
    Ends,
    /// The same, and the sum of all values.
    Sums,
    /// All values.
    Points,
}

/// The rows of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The labels of each row, row by row.
    pub(super) labels: Vec<Symbol>,
    /// The texts of each column, by number.
    pub(super) texts: Vec<Vec<Symbol>>,
}

/// Decodes files with shared buffers. All use the same symbols.
#[derive(Debug)]
pub(super) struct Decoder {
    unpacker: Unpacker,
    columns: Columns,
    /// The values of a frame that lacks the last rows.
    narrow: Vec<f32>,
}

impl Decoder {
    /// Creates a decoder.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self { unpacker: Unpacker::new()?, columns: Columns::default(), narrow: Vec::new() })
    }

    /// The table in a file, with values over time from `since` on: all of them, or only when each row was
    /// seen and its newest value. Rows without a value are left out.
    pub(super) fn table(
        &mut self,
        query: &Query,
        frames: &Frames<'_>,
        (since, unpacked): (u32, Unpacked),
        symbols: &mut Symbols,
    ) -> Result<Table, Damaged> {
        let newest = *frames.newest().ok_or(Damaged)?;
        let mut table = Table { to: newest.to, width: query.labels.len(), ..Table::default() };
        let mut shape = Shape::new(table.width);
        let mut points = Vec::with_capacity(frames.list.len());
        for frame in &frames.list {
            let mut sections = frame.body;
            let seen = self.add_rows(query, frame, &mut sections, symbols, &mut shape)?;
            match query.kind {
                Kind::Now if frames.list.len() == 1 => read_now(seen, &frame.header, &mut table)?,
                Kind::Seen if frames.list.len() == 1 => read_seen(seen, &frame.header, &mut table)?,
                Kind::Range { .. } if seen.is_empty() => points.push((frame.header, sections)),
                _ => return Err(Damaged),
            }
        }
        table.labels = shape.labels;
        let rows = newest.rows as usize;
        match (query.kind, unpacked) {
            (Kind::Now | Kind::Seen, _) => {}
            (Kind::Range { .. }, Unpacked::Points) => {
                table.points = self.points(&points, since, rows)?;
                ends::find(&mut table, rows);
            }
            (Kind::Range { .. }, Unpacked::Sums | Unpacked::Ends) => {
                if unpacked == Unpacked::Sums {
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
        query: &Query,
        frames: &Frames<'_>,
        symbols: &mut Symbols,
    ) -> Result<Shape, Damaged> {
        let mut shape = Shape::new(query.labels.len());
        for frame in &frames.list {
            self.add_rows(query, frame, &mut &frame.body[..], symbols, &mut shape)?;
        }
        Ok(shape)
    }

    /// Decompresses all sections of a file without using them. Returns their size.
    pub(super) fn unpack(&mut self, frames: &Frames<'_>) -> Result<u64, Damaged> {
        let mut bytes = 0;
        for frame in &frames.list {
            let mut sections = frame.body;
            while !sections.is_empty() {
                bytes += self.unpacker.unpack(Packed::take(&mut sections)?)?.len() as u64;
            }
        }
        Ok(bytes)
    }

    /// Adds the rows of a frame to `shape`, consuming their sections. Returns what follows the labels in
    /// them.
    fn add_rows<'b, 'f: 'b>(
        &'b mut self,
        query: &Query,
        frame: &Frame<'_>,
        sections: &mut &'f [u8],
        symbols: &mut Symbols,
        shape: &mut Shape,
    ) -> Result<&'b [u8], Damaged> {
        let Header { rows, added, .. } = frame.header;
        let width = shape.texts.len();
        for (label, texts) in query.labels.iter().zip(&mut shape.texts) {
            self.columns.read(*label, Packed::take(sections)?, &mut self.unpacker, symbols, texts)?;
        }
        let (start, added) = (shape.labels.len(), added as usize);
        if rows as usize > MAX_ROWS || start + added * width != rows as usize * width {
            return Err(Damaged);
        }
        shape.labels.resize(start + added * width, Symbol::EMPTY);
        let mut bytes = self.unpacker.unpack(Packed::take(sections)?)?;
        for (column, texts) in shape.texts.iter().enumerate() {
            let len = added * bytes_of_place(texts.len());
            let (places, rest) = bytes.split_at_checked(len).ok_or(Damaged)?;
            let labels = shape.labels[start..].iter_mut().skip(column).step_by(width);
            read_places(places, texts, labels)?;
            bytes = rest;
        }
        Ok(bytes)
    }

    /// The values of all frames from `since` on, joined.
    fn points(&mut self, frames: &[(Header, &[u8])], since: u32, rows: usize) -> Result<Points, Damaged> {
        let groups = groups(frames, since, rows)?;
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return Ok(Points::default()) };
        let (from, step) = (first.from, first.step);
        let from = from + since.saturating_sub(from).div_ceil(step) * step;
        let moments = (last.last() - from) as usize / step as usize + 1;
        if moments.checked_mul(rows).is_none_or(|values| values > MAX_VALUES) {
            return Err(Damaged);
        }
        let mut points = Points { from, step, values: Vec::with_capacity(moments * rows) };
        for group in &groups {
            let bytes = self.unpacker.unpack(group.packed)?;
            add_group(bytes, group, rows, &mut points, &mut self.narrow);
        }
        Ok(points)
    }

    /// When each row was first and last seen in the frames from `since` on. Decompresses only the groups that
    /// contain such a time.
    fn ends(&mut self, frames: &[(Header, &[u8])], since: u32, rows: usize) -> Result<Ends, Damaged> {
        let groups = groups(frames, since, rows)?;
        let mut ends = Ends::of(rows);
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
    fn sums(&mut self, frames: &[(Header, &[u8])], since: u32, rows: usize) -> Result<Vec<f64>, Damaged> {
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
    fn values(&mut self, group: &Group<'_>) -> Result<&[f32], Damaged> {
        self.narrow.clear();
        planes::read(self.unpacker.unpack(group.packed)?, group.width, &mut self.narrow);
        Ok(&self.narrow)
    }
}

/// The distance between two times; 0 without points.
fn step(frames: &[(Header, &[u8])]) -> u32 {
    frames.iter().find(|(header, _)| header.moments > 0).map_or(0, |(header, _)| header.step)
}

impl Shape {
    fn new(width: usize) -> Self {
        Self { labels: Vec::new(), texts: vec![Vec::new(); width] }
    }
}

/// Adds a group whose times follow those of `points`.
fn add_group(bytes: &[u8], group: &Group<'_>, rows: usize, points: &mut Points, narrow: &mut Vec<f32>) {
    let (from, width) = (group.from, group.width);
    let skipped = points.from.saturating_sub(from) / points.step;
    let present = points.values.len().checked_div(rows).unwrap_or_default();
    let at = (from.max(points.from) - points.from) / points.step;
    let missing = (at as usize).saturating_sub(present);
    points.values.resize(points.values.len() + missing * rows, f32::NAN);
    if width == rows {
        let start = points.values.len();
        planes::read(bytes, width, &mut points.values);
        points.values.drain(start..start + skipped as usize * rows);
        return;
    }
    narrow.clear();
    planes::read(bytes, width, narrow);
    for moment in narrow.chunks_exact(width.max(1)).skip(skipped as usize) {
        points.values.extend_from_slice(moment);
        points.values.resize(points.values.len() + rows - width, f32::NAN);
    }
}

/// Writes the texts with the numbers `places` into `labels`.
fn read_places<'l>(
    places: &[u8],
    texts: &[Symbol],
    labels: impl Iterator<Item = &'l mut Symbol>,
) -> Result<(), Damaged> {
    match bytes_of_place(texts.len()) {
        0 => put(std::iter::repeat(0), texts, labels),
        1 => put(places.iter().map(|place| usize::from(*place)), texts, labels),
        2 => put(numbers(places).map(|place| usize::from(u16::from_le_bytes(place))), texts, labels),
        _ => put(numbers(places).map(|place| u32::from_le_bytes(place) as usize), texts, labels),
    }
}

fn put<'l>(
    places: impl Iterator<Item = usize>,
    texts: &[Symbol],
    labels: impl Iterator<Item = &'l mut Symbol>,
) -> Result<(), Damaged> {
    for (label, place) in labels.zip(places) {
        *label = *texts.get(place).ok_or(Damaged)?;
    }
    Ok(())
}

fn read_now(bytes: &[u8], header: &Header, table: &mut Table) -> Result<(), Damaged> {
    let rows = header.rows as usize;
    if bytes.len() != rows * 4 {
        return Err(Damaged);
    }
    table.first_seen = vec![header.to; rows];
    table.last_seen = vec![header.to; rows];
    table.values.reserve_exact(rows);
    planes::read(bytes, rows, &mut table.values);
    Ok(())
}

fn read_seen(bytes: &[u8], header: &Header, table: &mut Table) -> Result<(), Damaged> {
    let rows = header.rows as usize;
    if bytes.len() != rows * 8 {
        return Err(Damaged);
    }
    let (moments, values) = bytes.split_at(rows * 4);
    let (first, last) = moments.split_at(rows * 2);
    let moments = |bytes| {
        let ago = numbers(bytes).map(u16::from_le_bytes);
        ago.map(|ago| header.to.saturating_sub(u32::from(ago))).collect()
    };
    (table.first_seen, table.last_seen) = (moments(first), moments(last));
    table.values.reserve_exact(rows);
    planes::read(values, rows, &mut table.values);
    Ok(())
}

fn numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks().0.iter().copied()
}
