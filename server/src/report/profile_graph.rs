//! Turns the profile of a report into the calls that a flame graph is drawn of.

use headcount_fleet::profiles::{ProfileError, ProfiledResource, decode_profile};
use headcount_shared::api::{ProfileGraph, ProfileKind};

/// The name of the root: the whole profile.
const ALL: &str = "(all)";

/// The calls in a profile as it is in a report. An empty text has none but the root.
///
/// # Errors
/// Every [`ProfileError`]: the text is no profile.
pub fn profile_graph(kind: ProfileKind, text: &str) -> Result<ProfileGraph, ProfileError> {
    // Processor time is in nanoseconds.
    let (resource, divisor) = match kind {
        ProfileKind::Cpu => (ProfiledResource::Cpu, 1000),
        ProfileKind::Heap => (ProfiledResource::Heap, 1),
    };
    let profile = decode_profile(resource, text)?;
    let calls = profile.calls();
    let functions = profile.functions.into_iter().map(|function| function.name);
    let position = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
    let mut graph = ProfileGraph {
        names: [ALL.to_owned()].into_iter().chain(functions).collect(),
        name: vec![0],
        parent: vec![0],
        value: vec![profile.total / divisor],
    };
    graph.name.extend(calls.iter().map(|call| call.function + 1));
    graph.parent.extend(calls.iter().map(|call| position(call.caller)));
    graph.value.extend(calls.iter().map(|call| call.value / divisor));
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use base64::{Engine, prelude::BASE64_STANDARD};
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// A message of Protocol Buffers: fields with their bytes.
    fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
        let field = |(number, bytes): &(u8, &[u8])| {
            let length = u8::try_from(bytes.len()).unwrap();
            [&[number << 3 | 2, length], *bytes].concat()
        };
        fields.iter().flat_map(field).collect()
    }

    /// Two stacks, `main` calling `work` for 3 ms and `main` alone for 1 ms, as pprof.
    fn cpu_profile() -> String {
        let millisecond = [0xc0, 0x84, 0x3d];
        let three = [0xc0, 0x8d, 0xb7, 0x01];
        let sample = |locations: &[u8], value: &[u8]| message(&[(1, locations), (2, value)]);
        let location = |id: u8| [&[1 << 3, id][..], &message(&[(4, &[1 << 3, id])])].concat();
        let function = |id: u8, name: u8| vec![1 << 3, id, 2 << 3, name];
        let pprof = message(&[
            (1, &[1 << 3, 3, 2 << 3, 4]),
            (2, &sample(&[2, 1], &three)),
            (2, &sample(&[1], &millisecond)),
            (4, &location(1)),
            (4, &location(2)),
            (5, &function(1, 1)),
            (5, &function(2, 2)),
            (6, b""),
            (6, b"main"),
            (6, b"work"),
            (6, b"cpu"),
            (6, b"nanoseconds"),
        ]);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&pprof).unwrap();
        BASE64_STANDARD.encode(gzip.finish().unwrap())
    }

    #[test]
    fn a_profile_of_a_report_becomes_its_calls_in_microseconds() {
        let graph = profile_graph(ProfileKind::Cpu, &cpu_profile()).unwrap();
        let named: Vec<(&str, u32, u64)> = (0..graph.name.len())
            .map(|at| (graph.names[graph.name[at] as usize].as_str(), graph.parent[at], graph.value[at]))
            .collect();
        assert_eq!(named, [("(all)", 0, 4000), ("main", 0, 4000), ("work", 1, 3000)]);
    }

    #[test]
    fn no_profile_has_the_root_alone_and_something_else_is_refused() {
        let graph = profile_graph(ProfileKind::Heap, "").unwrap();
        assert_eq!((graph.name.len(), graph.value), (1, vec![0]));
        assert_eq!(profile_graph(ProfileKind::Cpu, "…"), Err(ProfileError::NotBase64));
    }
}
