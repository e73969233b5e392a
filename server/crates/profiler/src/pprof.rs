//! Writes a profile in the pprof format.
//!
//! There is one location per function: the profile shows which function called which, and nothing about
//! lines, files, builds or threads. There are two mappings: the program, and everything else. Times are whole
//! seconds.

use std::{collections::BTreeMap, io::Write};

use flate2::{Compression, write::GzEncoder};
use prost::Message;

use self::{
    pprof_messages::{
        PprofFunction, PprofLine, PprofLocation, PprofMapping, PprofProfile, PprofSample, PprofValueType,
    },
    string_table::StringTable,
};
use super::{
    MeasurementUnavailable,
    name_scrubber::{EXECUTABLE, SYSTEM},
    symbols::{FunctionLocation, FunctionNames},
};

mod pprof_messages;
mod string_table;

/// What a profile measures. Every sample has two values: how often, and how much.
#[derive(Debug)]
pub(super) struct ProfileKind {
    /// The first value, as type and unit.
    pub(super) count: (&'static str, &'static str),
    /// The second value, as type and unit; viewers show it by default.
    pub(super) amount: (&'static str, &'static str),
    /// The period between two samples, as type and unit.
    pub(super) period_type: (&'static str, &'static str),
    /// The length of the period.
    pub(super) period: i64,
}

/// When a profile began and ended, in whole seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProfileSpan {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// Samples by stack; a stack is the numbers of functions in [`FunctionNames`], the innermost first.
pub(super) type StackSamples = BTreeMap<Vec<u32>, [i64; 2]>;

/// Adds the values of one stack.
pub(super) fn add_sample(samples: &mut StackSamples, stack: Vec<u32>, [count, amount]: [i64; 2]) {
    let values = samples.entry(stack).or_default();
    values[0] = values[0].saturating_add(count);
    values[1] = values[1].saturating_add(amount);
}

/// The profile in the pprof format, gzipped.
pub(super) fn encode(
    kind: &ProfileKind,
    span: ProfileSpan,
    names: &FunctionNames,
    samples: &StackSamples,
) -> Result<Vec<u8>, MeasurementUnavailable> {
    gzip(&profile(kind, span, names, samples).encode_to_vec()).map_err(|error| {
        MeasurementUnavailable::because(format!("the profile cannot be compressed: {error}"))
    })
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn profile(
    kind: &ProfileKind,
    span: ProfileSpan,
    names: &FunctionNames,
    samples: &StackSamples,
) -> PprofProfile {
    let mut strings = StringTable::default();
    // Addresses are those inside the file, and a reader has nothing left to symbolize.
    let mapping = |id, filename| PprofMapping { id, memory_limit: u64::MAX, filename, has_functions: true };
    let mappings = vec![
        mapping(mapping_id(FunctionLocation::Program), strings.id(EXECUTABLE)),
        mapping(mapping_id(FunctionLocation::System), strings.id(SYSTEM)),
    ];
    let mut functions = Vec::new();
    let mut locations = Vec::new();
    for (function, id) in names.functions().iter().zip(1..) {
        functions.push(PprofFunction { id, name: strings.id(&function.name) });
        let line = vec![PprofLine { function_id: id }];
        let mapping_id = mapping_id(function.home);
        locations.push(PprofLocation { id, mapping_id, address: function.address, line });
    }
    PprofProfile {
        sample_type: vec![strings.value_type(kind.count), strings.value_type(kind.amount)],
        sample: samples.iter().map(|(stack, values)| sample(stack, *values)).collect(),
        mapping: mappings,
        location: locations,
        function: functions,
        time_nanos: nanos(span.from),
        duration_nanos: nanos(span.to.saturating_sub(span.from)),
        period_type: Some(strings.value_type(kind.period_type)),
        period: kind.period,
        default_sample_type: strings.id(kind.amount.0),
        string_table: strings.into_table(),
    }
}

fn sample(stack: &[u32], values: [i64; 2]) -> PprofSample {
    PprofSample {
        location_id: stack.iter().map(|&function| u64::from(function) + 1).collect(),
        value: values.to_vec(),
    }
}

fn nanos(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000)
}

/// Viewers take the first mapping for the program.
const fn mapping_id(home: FunctionLocation) -> u64 {
    match home {
        FunctionLocation::Program => 1,
        FunctionLocation::System => 2,
    }
}

impl StringTable {
    fn value_type(&mut self, (kind, unit): (&str, &str)) -> PprofValueType {
        PprofValueType { kind: self.id(kind), unit: self.id(unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: ProfileKind = ProfileKind {
        count: ("samples", "count"),
        amount: ("cpu", "nanoseconds"),
        period_type: ("cpu", "nanoseconds"),
        period: 10,
    };
    const SPAN: ProfileSpan = ProfileSpan { from: 100, to: 160 };

    fn text(profile: &PprofProfile, id: i64) -> &str {
        &profile.string_table[usize::try_from(id).expect("an index")]
    }

    #[test]
    fn a_profile_says_what_it_measures_and_when() {
        let profile = profile(&KIND, SPAN, &FunctionNames::default(), &StackSamples::new());

        let types: Vec<_> = profile
            .sample_type
            .iter()
            .map(|kind| (text(&profile, kind.kind), text(&profile, kind.unit)))
            .collect();
        assert_eq!(types, [("samples", "count"), ("cpu", "nanoseconds")]);
        assert_eq!(text(&profile, profile.default_sample_type), "cpu");
        assert_eq!(
            (profile.time_nanos, profile.duration_nanos, profile.period),
            (100_000_000_000, 60_000_000_000, 10)
        );
        assert_eq!(profile.string_table[0], "");
    }

    #[test]
    fn samples_of_one_stack_become_one() {
        let mut names = FunctionNames::default();
        let (leaf, root) = (
            names.add_function(FunctionLocation::Program, "leaf", 5),
            names.add_function(FunctionLocation::System, "root", 9),
        );
        let mut samples = StackSamples::new();
        add_sample(&mut samples, vec![leaf, root], [1, 10]);
        add_sample(&mut samples, vec![leaf, root], [2, 20]);
        add_sample(&mut samples, vec![root], [1, 10]);

        let profile = profile(&KIND, SPAN, &names, &samples);

        assert_eq!(profile.sample.len(), 2);
        assert_eq!(
            (&profile.sample[0].location_id[..], &profile.sample[0].value[..]),
            (&[1, 2][..], &[3, 30][..])
        );
        assert_eq!(text(&profile, profile.function[0].name), "leaf");
        let places: Vec<_> =
            profile.location.iter().map(|location| (location.mapping_id, location.address)).collect();
        assert_eq!(places, [(1, 5), (2, 0)]);
        let mappings: Vec<_> =
            profile.mapping.iter().map(|mapping| (mapping.id, text(&profile, mapping.filename))).collect();
        assert_eq!(mappings, [(1, "headcount"), (2, "[system]")]);
        assert!(profile.mapping.iter().all(|mapping| mapping.has_functions));
    }
}
