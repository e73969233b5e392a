//! What each installation measured on a day: how long its stages and queries took, and the shares of
//! functions.

use serde::{Deserialize, Serialize};

use super::changed_field::ChangedField;
use crate::{
    block_codec::{BlockError, decode_block, encode_block, pack_sorted, unpack_sorted},
    installation_day::InstallationHash,
};

/// The version of encoded readings.
const VERSION: u8 = 1;

/// The steps of a stored logarithm: what rounding adds is far below the noise of any reading.
const STEPS: f32 = 512.0;

/// Stored for a reading that an installation does not have.
const MISSING: i16 = i16::MIN;

/// The readings of all installations on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstallationReadings {
    /// Times and functions by number.
    pub fields: Vec<ChangedField>,
    /// Of each installation the numbers of its fields, sorted, with a logarithm: for times the mean of that
    /// of the seconds in its reports. Sorted by hash.
    pub rows: Vec<(InstallationHash, Vec<(u32, f32)>)>,
}

/// How readings are stored: a column for each field.
#[derive(Serialize, Deserialize)]
struct StoredReadings {
    fields: Vec<ChangedField>,
    installations: Vec<u8>,
    columns: Vec<Vec<i16>>,
}

impl InstallationReadings {
    /// The readings as a block. Logarithms are rounded to 1/512.
    ///
    /// # Errors
    /// [`BlockError::Unencodable`].
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        let installations: Vec<_> = self.rows.iter().map(|(installation, _)| installation.0).collect();
        let column = |field: u32| {
            let of_row = |(_, readings): &(InstallationHash, Vec<(u32, f32)>)| {
                let place = readings.binary_search_by_key(&field, |(field, _)| *field).ok();
                place.and_then(|place| readings.get(place)).map_or(MISSING, |(_, reading)| stored(*reading))
            };
            self.rows.iter().map(of_row).collect()
        };
        let columns = (0..).take(self.fields.len()).map(column).collect();
        let installations = pack_sorted(&installations);
        encode_block(VERSION, &StoredReadings { fields: self.fields.clone(), installations, columns })
    }

    /// The readings of a block.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        let StoredReadings { fields, installations, columns } = decode_block(VERSION, block)?;
        let mut rows: Vec<_> = unpack_sorted(&installations)
            .into_iter()
            .map(|hash| (InstallationHash(hash), Vec::new()))
            .collect();
        if columns.len() != fields.len() || columns.iter().any(|column| column.len() != rows.len()) {
            return Err(BlockError::Damaged);
        }
        for (number, column) in (0..).zip(columns) {
            for ((_, readings), stored) in rows.iter_mut().zip(column) {
                if stored != MISSING {
                    readings.push((number, f32::from(stored) / STEPS));
                }
            }
        }
        Ok(Self { fields, rows })
    }

    /// Removes an installation. Returns whether it was there.
    pub fn remove(&mut self, installation: InstallationHash) -> bool {
        let before = self.rows.len();
        self.rows.retain(|(hash, _)| *hash != installation);
        self.rows.len() < before
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
fn stored(reading: f32) -> i16 {
    (reading * STEPS).round().clamp(f32::from(MISSING + 1), f32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::changes::FieldKind;

    proptest! {
        #[test]
        fn readings_are_decoded_as_they_were_encoded_but_for_rounding(
            rows in prop::collection::btree_map(
                any::<u64>(),
                prop::collection::btree_map(0_u32..5, -60.0_f32..60.0, 0..5),
                0..20,
            ),
        ) {
            let fields = (0..5).map(|at| ChangedField::new(FieldKind::Stage, &at.to_string())).collect();
            let rows = rows.into_iter().map(|(hash, row)| (InstallationHash(hash), row.into_iter().collect()));
            let readings = InstallationReadings { fields, rows: rows.collect() };
            let decoded = InstallationReadings::decode(&readings.encode().unwrap()).unwrap();
            prop_assert_eq!(&decoded.fields, &readings.fields);
            prop_assert_eq!(decoded.rows.len(), readings.rows.len());
            for ((hash, row), (expected_hash, expected)) in decoded.rows.iter().zip(&readings.rows) {
                prop_assert_eq!(hash, expected_hash);
                prop_assert_eq!(row.len(), expected.len());
                for ((field, value), (expected_field, expected)) in row.iter().zip(expected) {
                    prop_assert_eq!(field, expected_field);
                    prop_assert!((value - expected).abs() <= 0.5 / STEPS + 1e-4);
                }
            }
        }
    }

    #[test]
    fn a_removed_installation_is_in_no_block() {
        let rows = [1, 2].map(|hash| (InstallationHash(hash), vec![(0, 1.0)])).to_vec();
        let mut readings =
            InstallationReadings { fields: vec![ChangedField::new(FieldKind::Query, "up")], rows };
        assert!(readings.remove(InstallationHash(1)) && !readings.remove(InstallationHash(1)));
        let decoded = InstallationReadings::decode(&readings.encode().unwrap()).unwrap();
        assert_eq!(decoded.rows, [(InstallationHash(2), vec![(0, 1.0)])]);
        assert_eq!(InstallationReadings::decode(&[9, 9]), Err(BlockError::UnknownVersion(9)));
    }
}
