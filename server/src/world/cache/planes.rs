//! How are values over time written?
//!
//! Of each value the bits that differ from those of the moment before, and of all values in a group the lowest byte first,
//! then the second of all, and so on: what hardly changes becomes zeros, and the noise of the low bytes, which cannot be
//! compressed, does not spoil the rest. A group is written and read without the others.

/// Values in a group. What it is unpacked to and what is made of that stay in the cache of one core.
const GROUP: usize = 1 << 17;

/// How many moments a group has at most, with `rows` values each.
pub(super) fn moments_in_group(rows: usize) -> usize {
    (GROUP / rows.max(1)).max(1)
}

/// Puts the bytes of a group in the place of what `bytes` holds.
pub(super) fn write(values: &[f32], rows: usize, bytes: &mut Vec<u8>) {
    let count = values.len();
    bytes.clear();
    bytes.resize(4 * count, 0);
    let before = std::iter::repeat_n(0, rows).chain(values.iter().map(|value| value.to_bits()));
    for (at, (value, before)) in values.iter().zip(before).enumerate() {
        for (plane, byte) in (value.to_bits() ^ before).to_le_bytes().into_iter().enumerate() {
            bytes[plane * count + at] = byte;
        }
    }
}

/// Adds the values of a group to `values`. Bytes beyond a multiple of four are ignored.
pub(super) fn read(bytes: &[u8], rows: usize, values: &mut Vec<f32>) {
    let count = bytes.len() / 4;
    let start = values.len();
    let (low, high) = bytes.split_at(2 * count);
    let ((first, second), (third, fourth)) = (low.split_at(count), high.split_at(count));
    let planes = first.iter().zip(second).zip(third.iter().zip(fourth));
    values.extend(planes.map(|((a, b), (c, d))| f32::from_bits(u32::from_le_bytes([*a, *b, *c, *d]))));
    let group = &mut values[start..];
    for moment in (rows..count).step_by(rows.max(1)) {
        let (done, rest) = group.split_at_mut(moment);
        for (value, before) in rest.iter_mut().zip(&done[moment - rows..]) {
            *value = f32::from_bits(value.to_bits() ^ before.to_bits());
        }
    }
}
