//! What each installation measured on a day: how long its stages and queries took, and the shares of
//! functions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    changed_field::{ChangedField, FieldKind},
    day_facts::{FEWEST_WITH_NAME, MOST_READINGS},
};
use crate::{
    block_codec::{BlockError, decode_block, encode_block, pack_sorted, unpack_sorted},
    installation_day::InstallationHash,
    log_bucket::LogBucket,
    profiles::{FunctionId, ProfiledResource},
    typed_report::TypedReport,
};

/// The version of encoded readings.
const VERSION: u8 = 1;

/// The most installations of which readings are kept: those with the smallest hashes, the same ones every day.
/// With so many, a change of a tenth is clear when a few in a hundred have upgraded.
const MOST_READ: usize = 5_000;

/// The steps of a stored logarithm: what rounding adds is far below the noise of any reading.
const STEPS: f32 = 512.0;

/// Stored for a reading that an installation does not have.
const MISSING: i16 = i16::MIN;

/// What is added to the share of a function before its logarithm is taken: on some days a profile has no
/// sample of it. So the size that is found for a function of a share of 5 % is too small by a tenth of it, of
/// a larger one by less.
const ADDED_SHARE: f64 = 0.005;

/// The most names of a day that are counted before the frequent ones are known.
const MOST_NAMES: usize = 20_000;

/// A function with a smaller mean share says too little.
const SMALLEST_MEAN_SHARE: f64 = 0.005;

/// A smaller share of one installation counts as none.
const SMALLEST_SHARE: f64 = 0.0005;

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

/// Sums of logarithms, and their counts.
type LogSums = BTreeMap<u32, (f32, f32)>;

/// The own shares of functions in a profile, 0 to 1.
type FunctionReadings = Vec<(FunctionId, f32)>;

/// The readings of a day while it is rolled up, in any order.
#[derive(Debug, Clone, Default)]
pub struct ReadingsRollup {
    numbers: BTreeMap<ChangedField, u32>,
    sums: BTreeMap<InstallationHash, LogSums>,
    /// By resource and installation, a profile for each version that it had.
    profiles: BTreeMap<ProfiledResource, BTreeMap<InstallationHash, Vec<FunctionReadings>>>,
}

impl ReadingsRollup {
    /// Adds a report, unless enough installations with smaller hashes were added. Times of 0 say that nothing was
    /// measured.
    pub fn add(&mut self, installation: InstallationHash, report: &TypedReport<'_>) {
        if !self.makes_room(installation) {
            return;
        }
        let stages = report.stages.iter().map(|(name, time)| (FieldKind::Stage, *name, *time));
        let queries = report.queries.iter().map(|query| (FieldKind::Query, query.name, query.time));
        let world = [("world_load", report.world_load_time), ("audit", report.audit_time)];
        let world = world.into_iter().map(|(name, time)| (FieldKind::WorldTime, name, time));
        for (kind, name, time) in stages.chain(queries).chain(world) {
            if time == LogBucket::ZERO {
                continue;
            }
            self.add_logarithm(installation, ChangedField::new(kind, name), time.estimate().ln());
        }
    }

    /// Adds the shares, 0 to 1, that functions take themselves in a profile of an installation. Functions
    /// that are not there have a share of 0.
    pub fn add_profile(
        &mut self,
        installation: InstallationHash,
        resource: ProfiledResource,
        shares: impl Iterator<Item = (FunctionId, f64)>,
    ) {
        if self.makes_room(installation) {
            let shares = shares.filter(|(_, share)| *share >= SMALLEST_SHARE);
            let shares = shares.map(|(function, share)| (function, share as f32)).collect();
            self.profiles.entry(resource).or_default().entry(installation).or_default().push(shares);
        }
    }

    /// Whether the readings of an installation are kept. The last one goes for an earlier one.
    fn makes_room(&mut self, installation: InstallationHash) -> bool {
        if self.sums.contains_key(&installation) {
            return true;
        }
        if self.sums.len() >= MOST_READ {
            let Some(last) = self.sums.last_entry().filter(|last| *last.key() > installation) else {
                return false;
            };
            let gone = last.remove_entry().0;
            self.profiles.values_mut().for_each(|profiles| drop(profiles.remove(&gone)));
        }
        self.sums.insert(installation, LogSums::new());
        true
    }

    fn add_logarithm(&mut self, installation: InstallationHash, field: ChangedField, logarithm: f64) {
        if self.numbers.len() >= MOST_NAMES && !self.numbers.contains_key(&field) {
            return;
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(field).or_insert(next);
        let (sum, count) = self.sums.entry(installation).or_default().entry(number).or_default();
        *sum += logarithm as f32;
        *count += 1.0;
    }

    /// Makes readings of the functions that are worth it.
    fn add_functions<'a>(&mut self, name_of: impl Fn(FunctionId) -> Option<&'a str>) {
        for (resource, profiles) in std::mem::take(&mut self.profiles) {
            let kind = match resource {
                ProfiledResource::Cpu => FieldKind::CpuFunction,
                ProfiledResource::Heap => FieldKind::HeapFunction,
            };
            let all: f64 = profiles.values().map(|of_one| of_one.len() as f64).sum();
            let mut sums = BTreeMap::<FunctionId, f64>::new();
            for (function, share) in profiles.values().flatten().flatten() {
                *sums.entry(*function).or_default() += f64::from(*share);
            }
            let functions = sums.into_iter().filter(|(_, sum)| *sum >= all * SMALLEST_MEAN_SHARE);
            let functions: Vec<_> =
                functions.filter_map(|(id, _)| Some((id, ChangedField::new(kind, name_of(id)?)))).collect();
            for (installation, of_one) in profiles {
                for (id, field) in &functions {
                    let shares = of_one.iter().flatten().filter(|(function, _)| function == id);
                    let sum: f64 = shares.map(|(_, share)| f64::from(*share)).sum();
                    let share = sum / of_one.len().max(1) as f64;
                    self.add_logarithm(installation, field.clone(), function_logarithm(share));
                }
            }
        }
    }

    /// The readings of the day. Functions are named by `name_of`; those without a name are left out.
    #[must_use]
    pub fn finish<'a>(mut self, name_of: impl Fn(FunctionId) -> Option<&'a str>) -> InstallationReadings {
        self.add_functions(name_of);
        let kept = self.frequent_numbers();
        let places: BTreeMap<u32, u32> = kept.iter().copied().zip(0..).collect();
        let means = |sums: LogSums| {
            let mut means: Vec<_> = sums
                .into_iter()
                .filter_map(|(number, (sum, count))| Some((*places.get(&number)?, sum / count)))
                .collect();
            means.sort_unstable_by_key(|(place, _)| *place);
            means
        };
        let mut fields: BTreeMap<u32, ChangedField> =
            self.numbers.into_iter().map(|(field, number)| (number, field)).collect();
        InstallationReadings {
            fields: kept.iter().filter_map(|number| fields.remove(number)).collect(),
            rows: self.sums.into_iter().map(|(installation, sums)| (installation, means(sums))).collect(),
        }
    }

    /// The numbers of the fields that enough installations have, those of the most installations first. A few
    /// senders cannot crowd out the others with names that they invent.
    fn frequent_numbers(&self) -> Vec<u32> {
        let mut counts = BTreeMap::<u32, u32>::new();
        for number in self.sums.values().flat_map(BTreeMap::keys) {
            *counts.entry(*number).or_default() += 1;
        }
        let mut frequent: Vec<_> =
            counts.into_iter().filter(|(_, count)| *count >= FEWEST_WITH_NAME).collect();
        frequent.sort_unstable_by_key(|(number, count)| (std::cmp::Reverse(*count), *number));
        frequent.truncate(MOST_READINGS);
        frequent.into_iter().map(|(number, _)| number).collect()
    }
}

/// The logarithm by which shares of functions are compared.
pub(super) fn function_logarithm(share: f64) -> f64 {
    (share.max(0.0) + ADDED_SHARE).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::typed_report::QueryReading;

    #[test]
    fn a_time_is_the_mean_of_an_installations_reports() {
        let time = LogBucket::containing;
        let report = |stage: f64, query: f64| TypedReport {
            stages: vec![("load", time(stage)), ("nothing", LogBucket::ZERO)],
            queries: vec![QueryReading { name: "up", time: time(query), series: 1, has_failed: false }],
            ..TypedReport::default()
        };
        let mut rollup = ReadingsRollup::default();
        rollup.add(InstallationHash(2), &report(0.1, 4.0));
        rollup.add(InstallationHash(1), &report(0.2, 1.0));
        rollup.add(InstallationHash(2), &report(0.1, 1.0));
        for hash in 3..30 {
            rollup.add(InstallationHash(hash), &report(0.1, 1.0));
        }
        // What few installations name is left out.
        let invented = TypedReport { stages: vec![("invented", time(0.1))], ..TypedReport::default() };
        rollup.add(InstallationHash(1), &invented);
        let times = rollup.finish(|_| None);
        let names: Vec<_> = times.fields.iter().map(|field| (field.kind, field.name.as_str())).collect();
        assert_eq!(names, [(FieldKind::Stage, "load"), (FieldKind::Query, "up")]);
        assert_eq!(times.rows[0].0, InstallationHash(1));
        let (_, of_second) = &times.rows[1];
        assert_eq!(of_second[1].0, 1);
        assert!((f64::from(of_second[1].1).exp() - 2.0).abs() < 0.1, "{of_second:?}");
    }

    #[test]
    fn functions_have_the_mean_share_of_all_profiles_of_an_installation() {
        let [hot, rare, unknown] = [1, 2, 3].map(FunctionId);
        let mut rollup = ReadingsRollup::default();
        let mut add = |hash, shares: &[(FunctionId, f64)]| {
            let (hash, shares) = (InstallationHash(hash), shares.iter().copied());
            rollup.add_profile(hash, ProfiledResource::Cpu, shares);
        };
        add(1, &[(hot, 0.2), (unknown, 0.5)]);
        add(1, &[(hot, 0.1), (rare, 0.006)]);
        for hash in 2..30 {
            add(hash, &[(hot, 0.05)]);
        }
        let names = |id| (id != unknown).then_some(if id == hot { "hot" } else { "rare" });
        let readings = rollup.finish(names);
        let hot = ChangedField::new(FieldKind::CpuFunction, "hot");
        assert_eq!(readings.fields, [hot], "rare is below half a percent");
        let shares: Vec<_> = readings.rows.iter().map(|(_, row)| f64::from(row[0].1).exp() - 0.005).collect();
        assert!((shares[0] - 0.15).abs() < 1e-6 && (shares[1] - 0.05).abs() < 1e-6, "{shares:?}");
    }

    #[test]
    fn the_installations_with_the_smallest_hashes_are_kept_in_any_order_of_arrival() {
        let report =
            TypedReport { stages: vec![("load", LogBucket::containing(0.1))], ..TypedReport::default() };
        let many = MOST_READ as u64 + 500;
        let mut rollup = ReadingsRollup::default();
        for hash in (0..many).map(|at| at * 7919 % many) {
            rollup.add(InstallationHash(hash), &report);
        }
        let kept: Vec<_> =
            rollup.finish(|_| None).rows.iter().map(|(installation, _)| installation.0).collect();
        assert_eq!(kept, (0..MOST_READ as u64).collect::<Vec<_>>());
    }

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
