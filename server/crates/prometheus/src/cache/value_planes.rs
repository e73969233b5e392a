//! Encodes values over time.
//!
//! Each value becomes the bits that differ from the value of the time before (XOR). Of all results in a group
//! the lowest bytes are stored first, then the second ones, and so on: the bytes that hardly change become
//! zeros, and the noise in the low bytes, which does not compress, stays apart. Groups are independent.

/// The number of values in a group. Its decompressed bytes and its values fit into the cache of one core.
const GROUP: usize = 1 << 17;

/// The maximum number of times in a group, with `rows` values each.
pub(super) fn moments_in_group(rows: usize) -> usize {
    (GROUP / rows.max(1)).max(1)
}

/// Replaces the contents of `bytes` by the bytes of a group.
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

/// Appends the values of a group to `values`. Bytes beyond a multiple of four are ignored.
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
