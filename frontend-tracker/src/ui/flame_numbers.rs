//! Reads the numbers of a flame graph, as the API answers them, and draws it with a focus and a search.

use std::collections::BTreeSet;

use headcount_charts::{
    ChartCaption, ValueUnit,
    flame_graph::{
        FlameDirection, FlameNode, FlameNodeId, FlameStyle, FlameTree, FlameView, FoundFunctions, ROOT_KEY,
        flame_picture, found_functions, key_of_child,
    },
    number_format::percent,
};
use serde::Deserialize;

use super::texts::report_content::functions_found;

/// The narrowest rectangle, as a share of the width.
const MIN_WIDTH: f64 = 0.001;

/// An answer of the API: a graph, or the difference of two.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FlameAnswer {
    graph: Option<FlameLists>,
    difference: Option<FlameLists>,
    /// The graph as HTML, where the server draws it too.
    pub(super) html: Option<String>,
}

/// Flat lists of nodes, parents before their children.
#[derive(Debug, Clone, Deserialize)]
struct FlameLists {
    names: Vec<String>,
    name: Vec<u32>,
    parent: Vec<u32>,
    #[serde(default)]
    value: Vec<u64>,
    #[serde(default)]
    before: Vec<u64>,
    #[serde(default)]
    after: Vec<u64>,
}

/// The numbers of a graph.
#[derive(Debug, Clone)]
pub(super) struct FlameNumbers {
    lists: FlameLists,
    is_difference: bool,
    unit: ValueUnit,
    /// The keys of the nodes, by place.
    keys: Vec<u64>,
}

/// What of a graph is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ShownPart {
    /// The key of the node that has the whole width.
    pub(super) focus: Option<u64>,
    /// The text that names of functions are searched for; nothing is found if it is empty.
    pub(super) search: String,
}

impl FlameNumbers {
    /// The numbers of an answer, whose values have a unit. `None` if it has none, or if they are no tree.
    pub(super) fn of(answer: FlameAnswer, unit: ValueUnit) -> Option<Self> {
        let (lists, is_difference) = match answer {
            FlameAnswer { graph: Some(lists), .. } => (lists, false),
            FlameAnswer { difference: Some(lists), .. } => (lists, true),
            FlameAnswer { graph: None, difference: None, .. } => return None,
        };
        let keys = keys_of(&lists)?;
        let numbers = Self { lists, is_difference, unit, keys };
        numbers.tree().map(|_| ())?;
        Some(numbers)
    }

    /// The picture of a part, as HTML. `id` begins the ids of the chart, and `address` makes the link of a node.
    pub(super) fn picture(
        &self,
        id: &str,
        shown: &ShownPart,
        address: &dyn Fn(u64) -> String,
    ) -> Option<String> {
        let tree = self.tree()?;
        let focus = shown.focus.and_then(|key| tree.find_key(key));
        let view = FlameView { focus, min_width: MIN_WIDTH, is_difference: self.is_difference };
        let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit: self.unit };
        let caption =
            ChartCaption { id, title: "", description: "", denominator: "", period: "", freshness: "" };
        let search = FunctionSearch::new(&shown.search);
        Some(flame_picture(&caption, &tree, style, address, &|name| search.finds(name)))
    }

    /// The keys of all functions that a search finds.
    pub(super) fn found_keys(&self, search: &str) -> BTreeSet<u64> {
        let search = FunctionSearch::new(search);
        let is_found: Vec<bool> = self.lists.names.iter().map(|name| search.finds(name)).collect();
        let nodes = self.lists.name.iter().zip(&self.keys).skip(1);
        let found = nodes.filter(|(name, _)| is_found.get(**name as usize).copied().unwrap_or(false));
        found.map(|(_, key)| *key).collect()
    }

    /// What a search finds, in words; empty without a search.
    pub(super) fn found_text(&self, search: &str) -> String {
        let search = FunctionSearch::new(search);
        let Some(tree) = self.tree().filter(|_| !search.is_empty()) else { return String::new() };
        let FoundFunctions { functions, share } = found_functions(&tree, &|name| search.finds(name));
        let share = percent(share);
        functions_found(functions, &share)
    }

    /// The key of the place where a function takes most.
    pub(super) fn key_of_function(&self, function: &str) -> Option<u64> {
        let lists = &self.lists;
        let is_it = |name: &u32| lists.names.get(*name as usize).is_some_and(|name| name == function);
        let places = lists.name.iter().enumerate().filter(|(_, name)| is_it(name)).map(|(place, _)| place);
        self.keys.get(places.max_by_key(|place| self.values(*place))?).copied()
    }

    fn values(&self, place: usize) -> (u64, u64) {
        let of = |values: &[u64]| values.get(place).copied().unwrap_or_default();
        if self.is_difference {
            (of(&self.lists.after), of(&self.lists.before))
        } else {
            (of(&self.lists.value), 0)
        }
    }

    fn tree(&self) -> Option<FlameTree<'_>> {
        let node = |place: usize| {
            let name = self.lists.names.get(*self.lists.name.get(place)? as usize)?;
            let (value, value_before) = self.values(place);
            Some(FlameNode { name, key: *self.keys.get(place)?, value, value_before })
        };
        let mut tree = FlameTree::new(node(0)?);
        let mut ids: Vec<FlameNodeId> = vec![tree.root()];
        for (place, parent) in self.lists.parent.iter().enumerate().skip(1) {
            let parent = *ids.get(*parent as usize)?;
            ids.push(tree.add_child(parent, node(place)?));
        }
        Some(tree)
    }
}

/// The keys of the nodes, by place. `None` if the lists are no tree.
fn keys_of(lists: &FlameLists) -> Option<Vec<u64>> {
    let mut keys = vec![ROOT_KEY];
    for (name, parent) in lists.name.iter().zip(&lists.parent).skip(1) {
        let parent = *keys.get(*parent as usize)?;
        keys.push(key_of_child(parent, lists.names.get(*name as usize)?));
    }
    Some(keys)
}

/// A text that names are searched for, whatever the case of its letters.
struct FunctionSearch(String);

impl FunctionSearch {
    fn new(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn finds(&self, name: &str) -> bool {
        !self.is_empty() && name.to_lowercase().contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAPH: &str = r#"{"product":"shop","graph":{"names":["(all)","main","<Parse>"],"name":[0,1,2,2],
        "parent":[0,0,1,0],"value":[1000,600,500,300],"installations":[4,4,4,4]}}"#;

    fn numbers(text: &str) -> Option<FlameNumbers> {
        FlameNumbers::of(serde_json::from_str(text).unwrap(), ValueUnit::Share)
    }

    #[test]
    fn a_graph_is_drawn_with_its_focus_and_what_is_found() {
        let numbers = numbers(GRAPH).unwrap();
        let main = key_of_child(ROOT_KEY, "main");
        let (inner, outer) = (key_of_child(main, "<Parse>"), key_of_child(ROOT_KEY, "<Parse>"));
        let shown = ShownPart { focus: Some(main), search: " parse".to_owned() };
        let picture = numbers.picture("flame", &shown, &|key| format!("profiles?focus={key}")).unwrap();
        assert!(picture.contains(&format!("href=\"profiles?focus={main}\"")), "{picture}");
        assert!(picture.contains("aria-labelledby=\"flame-title\""), "{picture}");
        assert_eq!(picture.matches("frame found").count(), 1, "{picture}");
        assert!(picture.contains("&lt;Parse&gt;") && !picture.contains("<Parse>"), "{picture}");
        assert_eq!(numbers.key_of_function("<Parse>"), Some(inner));
        assert_eq!(numbers.key_of_function("none"), None);
        assert_eq!(numbers.found_keys("parse"), BTreeSet::from([inner, outer]));
        assert!(numbers.found_keys("").is_empty() && numbers.found_keys("all").is_empty());
    }

    #[test]
    fn values_have_their_unit() {
        for (unit, text) in [
            (ValueUnit::Microseconds, "600\u{202f}µs"),
            (ValueUnit::Bytes, "600\u{202f}B"),
            (ValueUnit::Share, "60"),
        ] {
            let numbers = FlameNumbers::of(serde_json::from_str(GRAPH).unwrap(), unit).unwrap();
            let picture = numbers.picture("f", &ShownPart::default(), &|_| String::new()).unwrap();
            assert!(picture.contains(text), "{unit:?}: {picture}");
        }
    }

    #[test]
    fn what_a_search_finds_is_told_in_words() {
        let numbers = numbers(GRAPH).unwrap();
        let cases = [("", ""), ("  ", ""), ("parse", "1 function: 80 %"), ("none", "no function")];
        for (search, text) in cases {
            assert_eq!(numbers.found_text(search).replace(['\u{a0}', '\u{202f}'], " "), text);
        }
    }

    #[test]
    fn a_difference_has_both_values() {
        let text = r#"{"difference":{"names":["(all)","f"],"name":[0,1],"parent":[0,0],"before":[10,1],"after":[10,4],
            "before_installations":[4,4],"after_installations":[4,4]}}"#;
        let picture = numbers(text).unwrap().picture("d", &ShownPart::default(), &|_| String::new()).unwrap();
        assert!(picture.contains("grew much"), "{picture}");
    }

    #[test]
    fn an_answer_that_is_no_tree_is_not_drawn() {
        for text in [
            "{}",
            r#"{"graph":{"names":[],"name":[],"parent":[]}}"#,
            r#"{"graph":{"names":["a"],"name":[0,7],"parent":[0,0],"value":[1,1]}}"#,
            r#"{"graph":{"names":["a"],"name":[0,0],"parent":[0,5],"value":[1,1]}}"#,
        ] {
            assert!(numbers(text).is_none(), "{text}");
        }
    }

    #[test]
    fn six_thousand_stacks_are_drawn() {
        let (names, parents): (Vec<u32>, Vec<u32>) = (0..6000_u32).map(|at| (at % 900, at / 3)).unzip();
        let texts: Vec<String> = (0..900).map(|at| format!("krate::module_{at}::function")).collect();
        let values: Vec<u64> = (0..6000_u64).map(|at| 7000 - at).collect();
        let graph = serde_json::json!({"names": texts, "name": names, "parent": parents, "value": values});
        let numbers = numbers(&serde_json::json!({ "graph": graph }).to_string()).unwrap();
        let shown = ShownPart { focus: None, search: "module_1".to_owned() };
        let picture = numbers.picture("flame", &shown, &|key| format!("?focus={key}")).unwrap();
        assert!(picture.matches("<rect").count() > 100);
    }
}
