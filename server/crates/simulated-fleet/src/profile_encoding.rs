//! Encodes a simulated profile in the pprof format, as the profiler of the product does: one location per function, two
//! values per stack, and nothing about files, lines or threads.

use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compress, Compression, Crc, FlushCompress};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SimulatedPprof {
    #[prost(message, repeated, tag = "1")]
    pub(crate) sample_type: Vec<SimulatedPprofUnit>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) sample: Vec<SimulatedPprofSample>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) mapping: Vec<SimulatedPprofMapping>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) location: Vec<SimulatedPprofLocation>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) function: Vec<SimulatedPprofFunction>,
    #[prost(string, repeated, tag = "6")]
    pub(crate) string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    pub(crate) time_nanos: i64,
    #[prost(int64, tag = "10")]
    pub(crate) duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    pub(crate) period_type: Option<SimulatedPprofUnit>,
    #[prost(int64, tag = "12")]
    pub(crate) period: i64,
    #[prost(int64, tag = "14")]
    pub(crate) default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct SimulatedPprofUnit {
    #[prost(int64, tag = "1")]
    pub(crate) kind: i64,
    #[prost(int64, tag = "2")]
    pub(crate) unit: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SimulatedPprofSample {
    #[prost(uint64, repeated, tag = "1")]
    pub(crate) location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub(crate) value: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct SimulatedPprofMapping {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) memory_limit: u64,
    #[prost(int64, tag = "5")]
    pub(crate) filename: i64,
    #[prost(bool, tag = "7")]
    pub(crate) has_functions: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SimulatedPprofLocation {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) mapping_id: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) address: u64,
    #[prost(message, repeated, tag = "4")]
    pub(crate) line: Vec<SimulatedPprofLine>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct SimulatedPprofLine {
    #[prost(uint64, tag = "1")]
    pub(crate) function_id: u64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct SimulatedPprofFunction {
    #[prost(uint64, tag = "1")]
    pub(crate) id: u64,
    #[prost(int64, tag = "2")]
    pub(crate) name: i64,
}

/// What a profile is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProfileFrame {
    /// The two values of a stack, as types and units; viewers show the second.
    pub(crate) values: [(&'static str, &'static str); 2],
    pub(crate) period: i64,
    /// Unix seconds.
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// A stack with its values: positions of functions, the innermost first.
pub(crate) type ValuedStack<'a> = (&'a [u16], [i64; 2]);

/// The profile, gzipped, in standard base64.
pub(crate) fn encoded(frame: ProfileFrame, functions: &[&'static str], stacks: &[ValuedStack<'_>]) -> String {
    STANDARD.encode(gzip(&message(frame, functions, stacks).encode_to_vec()))
}

thread_local! {
    /// Its tables have 300 kB: to make them takes longer than to compress a profile.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// The header of a gzip file without a name, a time or a system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() + 256);
    packed.extend(GZIP_HEADER);
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        // There is room for all: what cannot be compressed becomes larger by some bytes only.
        compressor.compress_vec(bytes, &mut packed, FlushCompress::Finish).ok()
    });
    let mut checksum = Crc::new();
    checksum.update(bytes);
    packed.extend(checksum.sum().to_le_bytes());
    packed.extend(checksum.amount().to_le_bytes());
    packed
}

fn message(frame: ProfileFrame, functions: &[&'static str], stacks: &[ValuedStack<'_>]) -> SimulatedPprof {
    let mut texts: Vec<String> = vec![String::new(), "headcount".to_owned()];
    let mut number = |text: &str| {
        let known = texts.iter().position(|known| known == text);
        let number = known.unwrap_or(texts.len());
        if known.is_none() {
            texts.push(text.to_owned());
        }
        number as i64
    };
    let [count, amount] =
        frame.values.map(|(kind, unit)| SimulatedPprofUnit { kind: number(kind), unit: number(unit) });
    let mut used: Vec<u16> = stacks.iter().flat_map(|(functions, _)| functions.iter().copied()).collect();
    used.sort_unstable();
    used.dedup();
    // Locations and functions have equal ids: the position among those that are used, from 1.
    let id = |function: &u16| used.binary_search(function).map_or(0, |at| at as u64 + 1);
    let first_name = texts.len() as i64;
    texts.extend(
        used.iter().map(|at| functions.get(usize::from(*at)).copied().unwrap_or_default().to_owned()),
    );
    let sample = |(functions, values): &ValuedStack<'_>| SimulatedPprofSample {
        location_id: functions.iter().map(id).collect(),
        value: values.to_vec(),
    };
    let location = |(id, function): (u64, &u16)| SimulatedPprofLocation {
        id,
        mapping_id: 1,
        // Each function has an address of its own.
        address: (u64::from(*function) + 1) * 4096,
        line: vec![SimulatedPprofLine { function_id: id }],
    };
    SimulatedPprof {
        sample_type: vec![count, amount],
        sample: stacks.iter().map(sample).collect(),
        mapping: vec![SimulatedPprofMapping {
            id: 1,
            memory_limit: u64::MAX,
            filename: 1,
            has_functions: true,
        }],
        location: (1..).zip(&used).map(location).collect(),
        function: (1..)
            .zip(first_name..)
            .take(used.len())
            .map(|(id, name)| SimulatedPprofFunction { id, name })
            .collect(),
        time_nanos: nanos(frame.from),
        duration_nanos: nanos(frame.to.saturating_sub(frame.from)),
        period_type: Some(amount),
        period: frame.period,
        default_sample_type: amount.kind,
        string_table: texts,
    }
}

fn nanos(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Read;

    use super::*;

    /// What is in an encoded profile.
    pub(crate) fn decoded(text: &str) -> SimulatedPprof {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&*STANDARD.decode(text).unwrap()).read_to_end(&mut bytes).unwrap();
        SimulatedPprof::decode(&*bytes).unwrap()
    }

    /// The names of a stack, the innermost first.
    pub(crate) fn names<'a>(profile: &'a SimulatedPprof, sample: &SimulatedPprofSample) -> Vec<&'a str> {
        let name = |location: &u64| {
            let location = profile.location.iter().find(|known| known.id == *location).unwrap();
            let function = profile.function.iter().find(|known| known.id == location.line[0].function_id);
            &*profile.string_table[usize::try_from(function.unwrap().name).unwrap()]
        };
        sample.location_id.iter().map(name).collect()
    }

    #[test]
    fn an_encoded_profile_has_its_stacks_values_and_times() {
        let frame = ProfileFrame {
            values: [("samples", "count"), ("cpu", "nanoseconds")],
            period: 10_000_000,
            from: 100,
            to: 160,
        };
        let functions = ["a", "samples", "c"];
        let text = encoded(frame, &functions, &[(&[2, 0], [3, 30]), (&[1, 0], [1, 10])]);
        let profile = decoded(&text);
        let stacks: Vec<_> =
            profile.sample.iter().map(|sample| (names(&profile, sample), sample.value.clone())).collect();
        assert_eq!(stacks, [(vec!["c", "a"], vec![3, 30]), (vec!["samples", "a"], vec![1, 10])]);
        assert_eq!((profile.time_nanos, profile.duration_nanos), (100_000_000_000, 60_000_000_000));
        let text = |number: i64| &*profile.string_table[usize::try_from(number).unwrap()];
        let types: Vec<_> =
            profile.sample_type.iter().map(|unit| (text(unit.kind), text(unit.unit))).collect();
        assert_eq!(types, frame.values);
        assert_eq!((text(profile.default_sample_type), text(0)), ("cpu", ""));
    }
}
