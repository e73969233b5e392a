//! Draws the profile of one report.

use std::collections::BTreeMap;

use headcount_charts::{
    ChartCaption, ValueUnit,
    flame_graph::{
        FlameDirection, FlameNode, FlameStyle, FlameTree, FlameView, FoundFunctions, found_functions,
    },
    number_format::percent,
};
use headcount_fleet::profiles::{DEFAULT_MIN_SHARE, DecodedProfile, ProfiledResource};
use maud::{Markup, PreEscaped, html};

use crate::{shown_names::shown_name, time_text::counted};

/// The name of the root.
const ALL: &str = "(all)";

/// The most functions that a search lists.
const SHOWN_FUNCTIONS: usize = 20;

/// What of a profile is shown.
#[derive(Clone, Copy)]
pub(crate) struct ReportProfileView<'a> {
    /// The number of the call that has the whole width.
    pub(crate) focus: Option<u64>,
    /// The text that names of functions are searched for.
    pub(crate) search: Option<&'a str>,
    /// Makes the address of the page with another focus.
    pub(crate) link: &'a dyn Fn(u64) -> String,
}

/// The flame graph of a profile, with the functions that are found, or a sentence if there is nothing in it.
pub(crate) fn report_profile(
    caption: &ChartCaption<'_>,
    resource: ProfiledResource,
    profile: &DecodedProfile,
    view: ReportProfileView<'_>,
) -> Markup {
    let ReportProfileView { focus, search, link } = view;
    if profile.total == 0 {
        return html! {
            section.numbers {
                h3 { (caption.title) }
                p.note { "The report has no such profile." }
            }
        };
    }
    // Processor time is in nanoseconds.
    let (unit, divisor) = match resource {
        ProfiledResource::Cpu => (ValueUnit::Microseconds, 1000),
        ProfiledResource::Heap => (ValueUnit::Bytes, 1),
    };
    let tree = tree_of(profile, divisor);
    let focus = focus.and_then(|key| tree.find_key(key));
    let view = FlameView { focus, min_width: DEFAULT_MIN_SHARE, is_difference: false };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit };
    html! {
        @if let Some(search) = search { (found(caption.title, &tree, search, link)) }
        @if focus.is_some() { p.choices { a href=(link(0)) { "Whole graph of “" (caption.title) "”" } } }
        (PreEscaped(headcount_charts::flame_graph(caption, &tree, style, Some(link))))
    }
}

/// The functions whose names contain a text, with links to where each takes most.
fn found(title: &str, tree: &FlameTree<'_>, search: &str, link: &dyn Fn(u64) -> String) -> Markup {
    let wanted = search.trim().to_lowercase();
    let is_found = |name: &str| name.to_lowercase().contains(&wanted);
    let FoundFunctions { functions, share } = found_functions(tree, &is_found);
    let mut places = BTreeMap::<&str, &FlameNode<'_>>::new();
    let nodes = tree.ids().skip(1).filter_map(|id| tree.node(id));
    for node in nodes.filter(|node| is_found(node.name)) {
        let place = places.entry(node.name).or_insert(node);
        if node.value > place.value {
            *place = node;
        }
    }
    let mut places: Vec<_> = places.into_values().collect();
    places.sort_by(|one, other| other.value.cmp(&one.value).then_with(|| one.name.cmp(other.name)));
    html! {
        p.note {
            "“" (title) "”: "
            @if functions == 0 {
                "no function has “" (shown_name(search.trim())) "” in its name."
            } @else {
                (counted(functions as u64, "function")) " with “" (shown_name(search.trim())) "” in the name, "
                (percent(share)) " of the whole."
                @if places.len() > SHOWN_FUNCTIONS { " The first " (SHOWN_FUNCTIONS) " are:" }
            }
        }
        @if functions > 0 {
            ul {
                @for place in places.iter().take(SHOWN_FUNCTIONS) {
                    li { a href=(link(place.key)) { code { (shown_name(place.name)) } } }
                }
            }
        }
    }
}

/// The calls of all stacks as one tree. Numbers of calls are those of their order, the same for the same profile.
fn tree_of(profile: &DecodedProfile, divisor: u64) -> FlameTree<'_> {
    let calls = profile.calls();
    let root = FlameNode { name: ALL, key: 0, value: profile.total / divisor, value_before: 0 };
    let mut tree = FlameTree::new(root);
    let mut ids = vec![tree.root()];
    for (call, key) in calls.iter().zip(1..) {
        let name = profile.functions.get(call.function as usize).map_or("", |function| &function.name);
        let node = FlameNode { name, key, value: call.value / divisor, value_before: 0 };
        let caller = ids.get(call.caller).copied().unwrap_or_else(|| tree.root());
        ids.push(tree.add_child(caller, node));
    }
    tree
}

#[cfg(test)]
pub(crate) mod tests {
    use headcount_fleet::profiles::{DecodedStack, FunctionId, NamedFunction, StackId};

    use super::*;

    /// `main` calls `work` and `wait`, in nanoseconds.
    pub(crate) fn profile() -> DecodedProfile {
        let function = |id: u64, name: &str| NamedFunction { id: FunctionId(id), name: name.to_owned() };
        let stack =
            |id: u64, frames: &[u32], value| DecodedStack { id: StackId(id), frames: frames.to_vec(), value };
        DecodedProfile {
            functions: vec![function(1, "main"), function(2, "<work>"), function(3, "wait")],
            stacks: vec![stack(1, &[0, 1], 3_000_000), stack(2, &[0, 2], 1_000_000)],
            total: 4_000_000,
        }
    }

    fn drawn(profile: &DecodedProfile, focus: Option<u64>, search: Option<&str>) -> String {
        let caption = ChartCaption {
            id: "cpu",
            title: "Processor time",
            description: "",
            denominator: "of one report",
            period: "",
            freshness: "",
        };
        let link = |key| format!("?focus={key}");
        let view = ReportProfileView { focus, search, link: &link };
        report_profile(&caption, ProfiledResource::Cpu, profile, view).into_string()
    }

    #[test]
    fn stacks_with_the_same_callers_become_one_tree() {
        let profile = profile();
        let tree = tree_of(&profile, 1000);
        let nodes: Vec<_> = tree.ids().filter_map(|id| tree.node(id)).collect();
        let nodes: Vec<_> = nodes.iter().map(|node| (node.name, node.key, node.value)).collect();
        assert_eq!(nodes, [("(all)", 0, 4000), ("main", 1, 4000), ("<work>", 2, 3000), ("wait", 3, 1000)]);
    }

    #[test]
    fn a_profile_is_drawn_with_links_to_each_call() {
        let text = drawn(&profile(), None, None);
        assert!(text.contains("&lt;work&gt;") && text.contains("?focus=2") && text.contains("75"), "{text}");
        assert!(!text.contains("Whole graph"), "{text}");
        let focused = drawn(&profile(), Some(2), None);
        assert!(focused.contains("&lt;work&gt;") && focused.contains("?focus=0\">Whole graph"), "{focused}");
        let empty = drawn(&DecodedProfile::default(), None, Some("work"));
        assert!(empty.contains("The report has no such profile."), "{empty}");
    }

    #[test]
    fn functions_are_found_by_a_part_of_their_names_and_open_their_largest_place() {
        let text = drawn(&profile(), None, Some(" W"));
        assert!(text.contains("2 functions with “W” in the name, 100\u{202f}% of the whole."), "{text}");
        assert!(text.contains("<li><a href=\"?focus=2\"><code>&lt;work&gt;</code></a></li>"), "{text}");
        let none = drawn(&profile(), None, Some("<none>"));
        assert!(none.contains("no function has “&lt;none&gt;” in its name."), "{none}");
    }
}
