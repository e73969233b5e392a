//! Divides the values over time of a file into groups.

use super::{
    frame::{DamagedFrame, FrameHeader},
    packed_section::PackedSection,
    value_planes,
};

/// The compressed values of some rows at consecutive times.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedValues<'f> {
    /// The first time.
    pub(super) from: u32,
    /// The distance between two times, in seconds.
    pub(super) step: u32,
    /// The number of times, at least one.
    moments: u32,
    /// The number of rows: the first ones of the table.
    pub(super) width: usize,
    /// The values.
    pub(super) packed: PackedSection<'f>,
}

/// The groups in some frames that have a time from `since` on, in order. `rows` is the number of rows of the
/// table.
pub(super) fn groups<'f>(
    frames: &[(FrameHeader, &'f [u8])],
    since: u32,
    rows: usize,
) -> Result<Vec<PackedValues<'f>>, DamagedFrame> {
    let mut groups: Vec<PackedValues<'f>> = Vec::new();
    let step = frames.iter().find(|(header, _)| header.moments > 0).map_or(0, |(header, _)| header.step);
    for (header, sections) in frames.iter().filter(|(header, _)| header.moments > 0) {
        let (mut sections, width) = (*sections, header.rows as usize);
        if header.end().is_none() || header.step != step || step == 0 || width > rows {
            return Err(DamagedFrame);
        }
        for (from, moments) in pieces(header, value_planes::moments_in_group(width)) {
            let packed = PackedSection::take(&mut sections)?;
            let group = PackedValues { from, step, moments, width, packed };
            let follows = groups.last().is_none_or(|before| before.last() < from);
            if packed.len() != moments as usize * width * 4 || !follows {
                return Err(DamagedFrame);
            }
            if group.last() >= since {
                groups.push(group);
            }
        }
        if !sections.is_empty() {
            return Err(DamagedFrame);
        }
    }
    Ok(groups)
}

/// Splits the times of a frame into pieces of at most `most`. Returns the first time and the length of each.
fn pieces(header: &FrameHeader, most: usize) -> impl Iterator<Item = (u32, u32)> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let (from, step, moments) = (header.from, header.step, header.moments);
    (0..moments).step_by(most as usize).map(move |start| (from + start * step, most.min(moments - start)))
}

impl PackedValues<'_> {
    /// The last time.
    pub(super) const fn last(&self) -> u32 {
        self.from + (self.moments - 1) * self.step
    }

    /// The times from `since` on, each with its part of the decompressed `values`.
    pub(super) fn moments_from<'v>(
        &self,
        since: u32,
        values: &'v [f32],
    ) -> impl DoubleEndedIterator<Item = (u32, &'v [f32])> {
        let (from, step) = (self.from, self.step);
        let skipped = since.saturating_sub(from).div_ceil(step).min(self.moments);
        let moments = (skipped..self.moments).map(move |number| from + number * step);
        moments.zip(values.chunks_exact(self.width.max(1)).skip(skipped as usize))
    }
}
