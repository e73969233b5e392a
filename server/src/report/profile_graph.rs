//! Turns the profile of a report into the calls that a flame graph is drawn of.

use headcount_charts::{
    ChartCaption, ValueUnit, flame_graph,
    flame_graph::{FlameDirection, FlameNode, FlameStyle, FlameTree, FlameView, ROOT_KEY, key_of_child},
};
use headcount_fleet::profiles::{DEFAULT_MIN_SHARE, ProfileError, ProfiledResource, decode_profile};
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

/// The calls as a flame graph with its table, in HTML. `id` begins the ids of its elements.
#[must_use]
pub fn profile_picture(kind: ProfileKind, graph: &ProfileGraph, id: &str) -> String {
    let (title, unit) = match kind {
        ProfileKind::Cpu => ("Processor time", ValueUnit::Microseconds),
        ProfileKind::Heap => ("Memory", ValueUnit::Bytes),
    };
    let caption = ChartCaption { id, title, description: "", denominator: "", period: "", freshness: "" };
    let view = FlameView { focus: None, min_width: DEFAULT_MIN_SHARE, is_difference: false };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit };
    flame_graph(&caption, &tree_of(graph), style, Some(&|key| format!("#call-{key:x}")))
}

/// The calls with the keys by which the interface finds them again.
fn tree_of(graph: &ProfileGraph) -> FlameTree<'_> {
    let calls = graph.name.iter().zip(&graph.parent).zip(&graph.value);
    let node = |name: u32, key, value| {
        let name = graph.names.get(name as usize).map_or("", String::as_str);
        FlameNode { name, key, value, value_before: 0 }
    };
    let total = graph.value.first().copied().unwrap_or_default();
    let mut tree = FlameTree::new(node(0, ROOT_KEY, total));
    let mut added = vec![(tree.root(), ROOT_KEY)];
    for ((name, parent), value) in calls.skip(1) {
        let (parent, parent_key) =
            added.get(*parent as usize).copied().unwrap_or_else(|| (tree.root(), ROOT_KEY));
        let key = key_of_child(parent_key, graph.names.get(*name as usize).map_or("", String::as_str));
        added.push((tree.add_child(parent, node(*name, key, *value)), key));
    }
    tree
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
    fn the_picture_has_every_call_with_an_address_by_its_key() {
        let graph = profile_graph(ProfileKind::Cpu, &cpu_profile()).unwrap();
        let picture = profile_picture(ProfileKind::Cpu, &graph, "next");
        let main = key_of_child(ROOT_KEY, "main");
        let work = key_of_child(main, "work");
        for text in
            [format!("href=\"#call-{work:x}\""), "id=\"next-title\"".to_owned(), "3\u{202f}ms".to_owned()]
        {
            assert!(picture.contains(&text), "{text}: {picture}");
        }
    }

    #[test]
    fn no_profile_has_the_root_alone_and_something_else_is_refused() {
        let graph = profile_graph(ProfileKind::Heap, "").unwrap();
        assert_eq!((graph.name.len(), graph.value), (1, vec![0]));
        assert_eq!(profile_graph(ProfileKind::Cpu, "…"), Err(ProfileError::NotBase64));
    }
}
