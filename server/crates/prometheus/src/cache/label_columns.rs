//! Caches decoded columns of labels.
//!
//! Many queries are about the same containers, so the column of a label has the same bytes in many files.

use std::collections::HashMap;

use super::{
    dictionary,
    frame::DamagedFrame,
    packed_section::{PackedSection, SectionUnpacker},
};
use crate::{
    query::Label,
    results::{InternedString, StringInterner},
};

/// The texts of each label in the latest file.
#[derive(Debug, Default)]
pub(super) struct LabelColumns {
    last: HashMap<Label, LabelColumn, foldhash::fast::FixedState>,
}

#[derive(Debug, Default)]
struct LabelColumn {
    len: usize,
    stored: Vec<u8>,
    texts: Vec<InternedString>,
}

impl LabelColumns {
    /// Appends the texts of a section to `texts`, and adds new ones to `symbols`, which must be the same for
    /// all calls.
    pub(super) fn read(
        &mut self,
        label: Label,
        section: PackedSection<'_>,
        unpacker: &mut SectionUnpacker,
        symbols: &mut StringInterner,
        texts: &mut Vec<InternedString>,
    ) -> Result<(), DamagedFrame> {
        if section.len() == 0 {
            return Ok(());
        }
        let last = self.last.entry(label).or_default();
        if last.len == section.len() && last.stored == section.stored() {
            texts.extend_from_slice(&last.texts);
            return Ok(());
        }
        last.len = 0;
        last.texts.clear();
        dictionary::read(unpacker.unpack(section)?, symbols, &mut last.texts)?;
        last.len = section.len();
        last.stored.clear();
        last.stored.extend_from_slice(section.stored());
        texts.extend_from_slice(&last.texts);
        Ok(())
    }
}
