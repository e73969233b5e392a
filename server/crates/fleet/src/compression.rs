//! Compresses with zstd, with compressors that are kept: to set one up takes longer than to compress a report.

use std::{cell::RefCell, io};

use zstd::bulk::Compressor;

thread_local! {
    /// The compressors of this thread, by level.
    static COMPRESSORS: RefCell<Vec<(i32, Compressor<'static>)>> = const { RefCell::new(Vec::new()) };
}

/// The compressed form of bytes, one frame that states their number.
///
/// # Errors
/// When there is no memory for a compressor.
pub fn compress(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    COMPRESSORS.with_borrow_mut(|compressors| {
        if let Some((_, compressor)) = compressors.iter_mut().find(|(of, _)| *of == level) {
            return compressor.compress(bytes);
        }
        let mut compressor = Compressor::new(level)?;
        let compressed = compressor.compress(bytes);
        compressors.push((level, compressor));
        compressed
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_kept_compressor_gives_what_a_new_one_gives(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 1..8)) {
            for (text, level) in texts.iter().zip([3, 9].into_iter().cycle()) {
                let compressed = compress(text, level).unwrap();
                prop_assert_eq!(&compressed, &zstd::bulk::compress(text, level).unwrap());
                prop_assert_eq!(&zstd::bulk::decompress(&compressed, text.len()).unwrap(), text);
            }
        }
    }
}
