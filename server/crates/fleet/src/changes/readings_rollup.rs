//! Adds up what each installation measured, while a day is rolled up.
//!
//! Names are numbers of the day's table of names, so that nothing is allocated for a value.

use std::{cmp::Reverse, collections::BTreeMap};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{
    changed_field::{ChangedField, FieldKind},
    day_facts::{FEWEST_WITH_NAME, MOST_READINGS},
    installation_readings::InstallationReadings,
};
use crate::{
    installation_day::InstallationHash,
    log_bucket::LogBucket,
    name_table::NameTable,
    profiles::{FunctionId, ProfiledResource},
};

/// The most installations of which readings are kept: those with the smallest hashes, the same ones every
/// day. With so many, a change of a tenth is clear when a few in a hundred have upgraded.
const MOST_READ: usize = 5_000;

/// What is added to the share of a function before its logarithm is taken: on some days a profile has no
/// sample of it. So the size that is found for a function of a share of 5 % is too small by a tenth of it, of
/// a larger one by less.
const ADDED_SHARE: f64 = 0.005;

/// A function with a smaller mean share says too little.
const SMALLEST_MEAN_SHARE: f64 = 0.005;

/// A smaller share of one installation counts as none.
const SMALLEST_SHARE: f64 = 0.0005;

/// The number of [`crate::name_table::OTHER`], which stands for different names.
const OTHER_NAME: u32 = 0;

/// The kinds of times that are read.
const TIME_KINDS: [FieldKind; 3] = [FieldKind::Stage, FieldKind::Query, FieldKind::WorldTime];

/// The resources whose functions are read.
const RESOURCES: [ProfiledResource; 2] = [ProfiledResource::Cpu, ProfiledResource::Heap];

/// The own shares of functions in a profile, 0 to 1.
type OwnShares = Vec<(FunctionId, f32)>;

/// The readings of a day while it is rolled up, of installations in any order. It is fast when the reports of
/// an installation follow each other.
#[derive(Debug, Default)]
pub struct ReadingsRollup {
    open: OpenReadings,
    /// Whose readings are open.
    installation: Option<InstallationHash>,
    kept: BTreeMap<InstallationHash, KeptReadings>,
}

/// The times of the installation whose reports are being added.
#[derive(Debug, Default)]
pub struct OpenReadings {
    /// The kind and the name of each field.
    fields: Vec<(FieldKind, u32)>,
    /// The numbers of the fields, by the position of their kind in [`TIME_KINDS`] and by name.
    numbers: [Vec<Option<u32>>; TIME_KINDS.len()],
    /// The sums by field. Without a count where the installation has none.
    sums: Vec<LogSum>,
    /// The fields that the installation has.
    touched: Vec<u32>,
}

/// A sum of logarithms.
#[derive(Debug, Clone, Copy, Default)]
struct LogSum {
    sum: f32,
    count: f32,
}

/// What is kept of an installation.
#[derive(Debug, Default)]
struct KeptReadings {
    times: Vec<(u32, LogSum)>,
    /// By the position in [`RESOURCES`], a profile for each version that the installation had.
    profiles: [Vec<OwnShares>; RESOURCES.len()],
}

impl OpenReadings {
    /// Adds a time of a report. 0 says that nothing was measured. A name without a place in the table of
    /// names is left out.
    pub fn add_time(&mut self, kind: FieldKind, name: u32, time: LogBucket) {
        if time == LogBucket::ZERO || name == OTHER_NAME {
            return;
        }
        let Some(number) = self.number(kind, name) else { return };
        if let Some(sum) = self.sums.get_mut(number as usize) {
            if sum.count == 0.0 {
                self.touched.push(number);
            }
            sum.sum += time.logarithm() as f32;
            sum.count += 1.0;
        }
    }

    fn number(&mut self, kind: FieldKind, name: u32) -> Option<u32> {
        let place = TIME_KINDS.iter().position(|known| *known == kind)?;
        let numbers = self.numbers.get_mut(place)?;
        if numbers.len() <= name as usize {
            numbers.resize(name as usize + 1, None);
        }
        let number = numbers.get_mut(name as usize)?;
        if number.is_none() {
            *number = u32::try_from(self.fields.len()).ok();
            self.fields.push((kind, name));
            self.sums.push(LogSum::default());
        }
        *number
    }

    /// Takes the times of the installation out.
    fn close(&mut self, times: &mut Vec<(u32, LogSum)>) {
        times.reserve_exact(self.touched.len());
        for number in self.touched.drain(..) {
            times.extend(self.sums.get_mut(number as usize).map(|sum| (number, std::mem::take(sum))));
        }
    }

    /// Goes on with the times of an installation.
    fn reopen(&mut self, times: &mut Vec<(u32, LogSum)>) {
        for (number, sum) in times.drain(..) {
            if let Some(open) = self.sums.get_mut(number as usize) {
                *open = sum;
                self.touched.push(number);
            }
        }
    }
}

impl ReadingsRollup {
    /// Where the times of an installation are added; `None` if enough installations with smaller hashes were
    /// there.
    pub fn open(&mut self, installation: InstallationHash) -> Option<&mut OpenReadings> {
        if self.installation != Some(installation) {
            self.close();
            let mut times = std::mem::take(&mut self.make_room(installation)?.times);
            self.open.reopen(&mut times);
            self.installation = Some(installation);
        }
        Some(&mut self.open)
    }

    /// Adds the shares, 0 to 1, that functions take themselves in a profile of an installation. Functions
    /// that are not there have a share of 0.
    pub fn add_profile(
        &mut self,
        installation: InstallationHash,
        resource: ProfiledResource,
        shares: impl Iterator<Item = (FunctionId, f64)>,
    ) {
        let Some(kept) = self.make_room(installation) else { return };
        let profiles = RESOURCES.iter().zip(&mut kept.profiles).find(|(of, _)| **of == resource);
        let shares = shares.filter(|(_, share)| *share >= SMALLEST_SHARE);
        let shares: OwnShares = shares.map(|(function, share)| (function, share as f32)).collect();
        if let Some((_, profiles)) = profiles {
            profiles.push(shares);
        }
    }

    /// The readings of the day. Its times are named by `names`, its functions by `name_of`; those without a
    /// name are left out.
    #[must_use]
    pub fn finish<'a>(
        mut self,
        names: &NameTable,
        name_of: impl Fn(FunctionId) -> Option<&'a str>,
    ) -> InstallationReadings {
        self.close();
        let named = |(kind, name): &(FieldKind, u32)| ChangedField::new(*kind, names.name(*name));
        let mut fields: Vec<_> = self.open.fields.iter().map(named).collect();
        let functions = RESOURCES.map(|resource| self.functions_of(resource, &mut fields, &name_of));
        let mut rows: Vec<_> = self
            .kept
            .into_iter()
            .map(|(installation, kept)| (installation, kept.means(&functions)))
            .collect();
        let fields = keep_frequent_fields(fields, &mut rows);
        InstallationReadings { fields, rows }
    }

    /// What is kept of an installation, if anything is. The last one goes for an earlier one.
    fn make_room(&mut self, installation: InstallationHash) -> Option<&mut KeptReadings> {
        let is_full = self.kept.len() >= MOST_READ;
        if is_full && !self.kept.contains_key(&installation) {
            self.kept.last_entry().filter(|last| *last.key() > installation)?.remove();
        }
        Some(self.kept.entry(installation).or_default())
    }

    /// Puts what is open to what is kept.
    fn close(&mut self) {
        let mut gone = KeptReadings::default();
        let of_open = self.installation.take().and_then(|installation| self.kept.get_mut(&installation));
        self.open.close(&mut of_open.unwrap_or(&mut gone).times);
    }

    /// The functions of a resource that are worth it. They become fields.
    fn functions_of<'a>(
        &self,
        resource: ProfiledResource,
        fields: &mut Vec<ChangedField>,
        name_of: impl Fn(FunctionId) -> Option<&'a str>,
    ) -> ReadFunctions {
        let kind = match resource {
            ProfiledResource::Cpu => FieldKind::CpuFunction,
            ProfiledResource::Heap => FieldKind::HeapFunction,
        };
        let profiles = || self.kept.values().flat_map(|kept| kept.profiles_of(resource));
        let all = profiles().count() as f64;
        let mut sums = HashMap::<FunctionId, f64, FixedState>::default();
        for (function, share) in profiles().flatten() {
            *sums.entry(*function).or_default() += f64::from(*share);
        }
        let read = sums.into_iter().filter(|(_, sum)| *sum >= all * SMALLEST_MEAN_SHARE);
        let mut read: Vec<_> = read.filter_map(|(id, _)| Some((id, name_of(id)?))).collect();
        read.sort_unstable();
        let first = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        fields.extend(read.iter().map(|(_, name)| ChangedField::new(kind, name)));
        ReadFunctions {
            resource,
            first_field: first,
            places: read.into_iter().zip(0..).map(|((id, _), place)| (id, place)).collect(),
        }
    }
}

/// The functions of a resource that are read.
struct ReadFunctions {
    resource: ProfiledResource,
    /// The number of the field of the first one.
    first_field: u32,
    places: HashMap<FunctionId, usize, FixedState>,
}

impl KeptReadings {
    fn profiles_of(&self, resource: ProfiledResource) -> &[OwnShares] {
        let of_resource = RESOURCES.iter().zip(&self.profiles).find(|(of, _)| **of == resource);
        of_resource.map(|(_, profiles)| profiles.as_slice()).unwrap_or_default()
    }

    /// The mean of each field.
    fn means(self, functions: &[ReadFunctions]) -> Vec<(u32, f32)> {
        let mut means: Vec<_> =
            self.times.iter().map(|(number, all)| (*number, all.sum / all.count)).collect();
        for of_resource in functions {
            let profiles = self.profiles_of(of_resource.resource);
            if profiles.is_empty() {
                continue;
            }
            let mut sums = vec![0.0; of_resource.places.len()];
            for (function, share) in profiles.iter().flatten() {
                let sum = of_resource.places.get(function).and_then(|place| sums.get_mut(*place));
                sum.into_iter().for_each(|sum| *sum += f64::from(*share));
            }
            let logarithms = sums.iter().map(|sum| function_logarithm(sum / profiles.len() as f64) as f32);
            means.extend((of_resource.first_field..).zip(logarithms));
        }
        means
    }
}

/// Numbers the fields again that enough installations have, those of the most installations first, and leaves
/// the others out. A few senders cannot crowd out the others with names that they invent.
fn keep_frequent_fields(
    fields: Vec<ChangedField>,
    rows: &mut [(InstallationHash, Vec<(u32, f32)>)],
) -> Vec<ChangedField> {
    let mut counts = vec![0_u32; fields.len()];
    for (number, _) in rows.iter().flat_map(|(_, row)| row) {
        counts.get_mut(*number as usize).into_iter().for_each(|count| *count += 1);
    }
    let mut frequent: Vec<_> = (0_u32..).zip(fields).zip(&counts).collect();
    frequent.retain(|(_, count)| **count >= FEWEST_WITH_NAME);
    frequent.sort_unstable_by(|((_, one), one_count), ((_, other), other_count)| {
        (Reverse(one_count), one).cmp(&(Reverse(other_count), other))
    });
    frequent.truncate(MOST_READINGS);
    let mut places = vec![None; counts.len()];
    for (((number, _), _), place) in frequent.iter().zip(0_u32..) {
        places.get_mut(*number as usize).into_iter().for_each(|known| *known = Some(place));
    }
    let place = |number: u32| places.get(number as usize).copied().flatten();
    for (_, row) in rows {
        *row = row.iter().filter_map(|(number, mean)| Some((place(*number)?, *mean))).collect();
        row.sort_unstable_by_key(|(place, _)| *place);
    }
    frequent.into_iter().map(|((_, field), _)| field).collect()
}

/// The logarithm by which shares of functions are compared.
pub(super) fn function_logarithm(share: f64) -> f64 {
    (share.max(0.0) + ADDED_SHARE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: f64) -> LogBucket {
        LogBucket::containing(seconds)
    }

    #[test]
    fn a_time_is_the_mean_of_an_installations_reports() {
        let mut names = NameTable::with_capacity_for(10);
        let [load, nothing, up, invented] =
            ["load", "nothing", "up", "invented"].map(|name| names.number(name));
        let mut rollup = ReadingsRollup::default();
        let mut add = |hash, stage: f64, query: f64| {
            let readings = rollup.open(InstallationHash(hash)).unwrap();
            readings.add_time(FieldKind::Stage, load, time(stage));
            readings.add_time(FieldKind::Stage, nothing, LogBucket::ZERO);
            readings.add_time(FieldKind::Query, up, time(query));
        };
        add(2, 0.1, 4.0);
        add(1, 0.2, 1.0);
        add(2, 0.1, 1.0);
        (3..30).for_each(|hash| add(hash, 0.1, 1.0));
        // What few installations name is left out.
        let first = rollup.open(InstallationHash(1)).unwrap();
        first.add_time(FieldKind::Stage, invented, time(0.1));
        let times = rollup.finish(&names, |_| None);
        let shown: Vec<_> = times.fields.iter().map(|field| (field.kind, field.name.as_str())).collect();
        assert_eq!(shown, [(FieldKind::Stage, "load"), (FieldKind::Query, "up")]);
        assert_eq!(times.rows[0].0, InstallationHash(1));
        let (_, of_second) = &times.rows[1];
        assert_eq!(of_second[1].0, 1);
        assert!((f64::from(of_second[1].1).exp() - 2.0).abs() < 0.1, "{of_second:?}");
    }

    #[test]
    fn names_that_have_no_place_are_left_out() {
        let mut names = NameTable::with_capacity_for(1);
        let numbers = ["load", "more", "others"].map(|name| names.number(name));
        let mut rollup = ReadingsRollup::default();
        for hash in 0..30 {
            let readings = rollup.open(InstallationHash(hash)).unwrap();
            numbers.iter().for_each(|name| readings.add_time(FieldKind::Stage, *name, time(0.1)));
        }
        let fields = rollup.finish(&names, |_| None).fields;
        assert_eq!(fields, [ChangedField::new(FieldKind::Stage, "load")]);
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
        let readings = rollup.finish(&NameTable::with_capacity_for(1), names);
        let hot = ChangedField::new(FieldKind::CpuFunction, "hot");
        assert_eq!(readings.fields, [hot], "rare is below half a percent");
        let shares: Vec<_> = readings.rows.iter().map(|(_, row)| f64::from(row[0].1).exp() - 0.005).collect();
        assert!((shares[0] - 0.15).abs() < 1e-6 && (shares[1] - 0.05).abs() < 1e-6, "{shares:?}");
    }

    #[test]
    fn the_installations_with_the_smallest_hashes_are_kept_in_any_order_of_arrival() {
        let mut names = NameTable::with_capacity_for(1);
        let load = names.number("load");
        let many = MOST_READ as u64 + 500;
        let mut rollup = ReadingsRollup::default();
        for hash in (0..many).map(|at| at * 7919 % many) {
            if let Some(readings) = rollup.open(InstallationHash(hash)) {
                readings.add_time(FieldKind::Stage, load, time(0.1));
            }
        }
        let readings = rollup.finish(&names, |_| None);
        let kept: Vec<_> = readings.rows.iter().map(|(installation, _)| installation.0).collect();
        assert_eq!(kept, (0..MOST_READ as u64).collect::<Vec<_>>());
        assert!(readings.rows.iter().all(|(_, row)| row.len() == 1), "each has its own time");
    }

    #[test]
    fn the_order_of_fields_does_not_depend_on_that_of_reports() {
        let mut names = NameTable::with_capacity_for(10);
        let numbers = ["b", "a", "c"].map(|name| names.number(name));
        let rolled_up = |order: [u32; 3]| {
            let mut rollup = ReadingsRollup::default();
            for hash in 0..30 {
                let readings = rollup.open(InstallationHash(hash)).unwrap();
                order
                    .iter()
                    .for_each(|name| readings.add_time(FieldKind::Query, *name, time(f64::from(*name))));
            }
            rollup.finish(&names, |_| None)
        };
        let [b, a, c] = numbers;
        assert_eq!(rolled_up([b, a, c]), rolled_up([c, b, a]));
    }
}
