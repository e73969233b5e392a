//! Renders where the program spends its time and its memory, and what a release changed about it.

use headcount_charts::{
    ValueUnit,
    flame_graph::{
        FlameDirection, FlameNode, FlameNodeId, FlameStyle, FlameTree, FlameView, ROOT_KEY, key_of_child,
    },
};
use headcount_fleet::profiles::{
    DEFAULT_MIN_SHARE, FlameDifference, FlameGraph, FlameMeasure, FunctionRanking, ProfiledResource,
};
use headcount_shared::api::FleetScope;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use crate::{
    answer_basis::{AnswerBasis, installations},
    answer_files::AnswerFile,
    changed_functions::changed_functions,
    compared_releases::NoComparison,
    page_filter::PageFilter,
    page_frame::{all_filters, version_choice},
    page_list::FleetPage,
    shown_names::{shown_name, shown_version, version_value},
};

/// What was chosen on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChoice {
    /// CPU time or memory.
    pub resource: ProfiledResource,
    /// Shares or absolute values.
    pub measure: FlameMeasure,
    /// The version that another one is compared with.
    pub before: Option<String>,
    /// The version that is compared.
    pub after: Option<String>,
    /// The node that has the whole width, by a hash of the names from the root to it.
    pub focus: Option<u64>,
    /// The function whose largest node has the whole width.
    pub function: Option<String>,
}

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProfileAnswers<'a> {
    /// What it is about.
    pub scope: &'a FleetScope,
    /// Why the versions that were chosen are not compared; `None` if they are, or if none were chosen.
    pub no_comparison: Option<&'a NoComparison>,
    /// What is shown.
    pub shown: ShownProfiles<'a>,
}

/// The profiles of a page.
#[derive(Debug, Clone, Copy)]
pub enum ShownProfiles<'a> {
    /// Those of all versions, or of one.
    Whole {
        /// The graph.
        graph: &'a FlameGraph,
        /// The fewest different installations in it.
        installations: u32,
    },
    /// The difference of two versions.
    Compared {
        /// Their graphs as one.
        difference: &'a FlameDifference,
        /// Which functions became more expensive.
        ranking: &'a FunctionRanking,
        /// The fewest different installations of each.
        installations: [u32; 2],
    },
}

/// The parameters of an address beside those of the filter.
#[derive(Serialize)]
struct ChoiceParameters<'a> {
    resource: &'a str,
    measure: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    focus: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
}

impl ProfileChoice {
    const fn resource_name(&self) -> &'static str {
        match self.resource {
            ProfiledResource::Cpu => "cpu",
            ProfiledResource::Heap => "heap",
        }
    }

    const fn measure_name(&self) -> &'static str {
        match self.measure {
            FlameMeasure::Share => "share",
            FlameMeasure::Absolute(_) => "absolute",
        }
    }

    /// The address of the page with this choice.
    pub(crate) fn address(&self, filter: &PageFilter) -> String {
        let parameters = ChoiceParameters {
            resource: self.resource_name(),
            measure: self.measure_name(),
            before: self.before.as_deref().map(version_value),
            after: self.after.as_deref().map(version_value),
            focus: self.focus.map(|focus| format!("{focus:x}")),
            function: self.function.as_deref(),
        };
        // Texts and numbers can always be written.
        let of_choice = serde_urlencoded::to_string(parameters).unwrap_or_default();
        let page = FleetPage::Profiles;
        format!("{}?{}&{of_choice}", page.path(), filter.query())
    }

    /// Names and values for forms of the page, without the focus.
    #[must_use]
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let versions = [("before", &self.before), ("after", &self.after)];
        [("resource", self.resource_name().to_owned()), ("measure", self.measure_name().to_owned())]
            .into_iter()
            .chain(
                versions.into_iter().filter_map(|(name, version)| {
                    Some((name, version_value(version.as_deref()?).to_owned()))
                }),
            )
            .collect()
    }

    fn focused(&self, focus: u64) -> Self {
        Self { focus: Some(focus).filter(|focus| *focus != ROOT_KEY), function: None, ..self.clone() }
    }
}

/// The page. `versions` can be chosen for a comparison.
#[must_use]
pub fn profiles_page(
    filter: &PageFilter,
    choice: &ProfileChoice,
    versions: &[String],
    answers: ProfileAnswers<'_>,
) -> Markup {
    html! {
        (choices(filter, choice, versions))
        @match answers.shown {
            ShownProfiles::Whole { graph, installations: of } => {
                @if let Some(why) = answers.no_comparison { (nothing_compared(filter, choice, why)) }
                @let choice = &ProfileChoice { before: None, after: None, ..choice.clone() };
                @let basis = AnswerBasis::new(filter, answers.scope, format!("of at least {}", installations(of.into())));
                (flames("graph", filter, choice, &whole_graph(filter, choice, &basis, graph)))
                (graph_files(choice, answers.scope))
            }
            ShownProfiles::Compared { difference, ranking, installations: [before, after] } => {
                @let of = format!("at least {} before and {after} after", installations(before.into()));
                @let basis = AnswerBasis::of_comparison(filter, answers.scope, of);
                (flames("difference", filter, choice, &html! { (difference_graph(filter, choice, &basis, difference)) }))
                (comparison_files(choice, answers.scope, "Difference", "profiles/difference", false))
                (changed_functions(filter, choice, &basis, difference, ranking))
                (comparison_files(choice, answers.scope, "Functions that changed", "profiles/functions", true))
            }
        }
    }
}

/// Why the versions that were chosen are not compared, and what can be.
fn nothing_compared(filter: &PageFilter, choice: &ProfileChoice, why: &NoComparison) -> Markup {
    let suggested = match why {
        NoComparison::OneVersion { suggested, .. } => suggested.as_ref(),
        _ => None,
    };
    let of_version = filter.version.as_deref();
    html! {
        p.notice {
            (why.sentence())
            @if let Some([before, after]) = suggested {
                @let both = ProfileChoice { before: Some(before.clone()), after: Some(after.clone()), ..choice.focused(ROOT_KEY) };
                " For example, " a href=(both.address(filter)) { "compare " (shown_version(before)) " with " (shown_version(after)) } "."
            }
            " The graph below is that of "
            (of_version.map_or_else(|| "all versions".to_owned(), shown_version)) "."
        }
    }
}

/// A graph, with the address of its numbers for the program that redraws it in the browser.
fn flames(numbers: &str, filter: &PageFilter, choice: &ProfileChoice, graph: &Markup) -> Markup {
    let parameters = serde_urlencoded::to_string(choice.kept()).unwrap_or_default();
    let query = PageFilter { database: None, size: None, ..filter.clone() }.query();
    html! {
        div.flames data-numbers=(format!("api/fleet/profiles/{numbers}?{query}&{parameters}")) { (graph) }
    }
}

fn choices(filter: &PageFilter, choice: &ProfileChoice, versions: &[String]) -> Markup {
    let unfocused = choice.focused(ROOT_KEY);
    let cpu =
        ProfileChoice { resource: ProfiledResource::Cpu, measure: FlameMeasure::Share, ..unfocused.clone() };
    let heap =
        ProfileChoice { resource: ProfiledResource::Heap, measure: FlameMeasure::Share, ..unfocused.clone() };
    let share = ProfileChoice { measure: FlameMeasure::Share, ..unfocused.clone() };
    let absolute = ProfileChoice { measure: FlameMeasure::Absolute(choice.resource), ..unfocused.clone() };
    let link = |to: &ProfileChoice, text: &str| {
        let is_chosen = to.resource == choice.resource && to.measure_name() == choice.measure_name();
        html! { a href=(to.address(filter)) aria-current=[is_chosen.then_some("true")] { (text) } }
    };
    html! {
        p.choices {
            (link(&ProfileChoice { measure: choice.measure_of(ProfiledResource::Cpu), ..cpu }, "CPU")) " "
            (link(&ProfileChoice { measure: choice.measure_of(ProfiledResource::Heap), ..heap }, "Memory"))
            @if choice.before.is_none() {
                " · " (link(&share, "each installation counts the same")) " " (link(&absolute, "absolute"))
            }
            @if choice.focus.is_some() || choice.function.is_some() {
                " · " a href=(unfocused.address(filter)) { "Whole graph" }
            }
        }
        form.filters method="get" action=(FleetPage::Profiles.path()) {
            @for (name, value) in hidden_values(filter, choice) {
                input type="hidden" name=(name) value=(value);
            }
            (version_choice("before", "Compare", versions, choice.before.as_deref(), "none"))
            (version_choice("after", "with", versions, choice.after.as_deref(), "none"))
            button type="submit" { "Compare" }
        }
    }
}

impl ProfileChoice {
    const fn measure_of(&self, resource: ProfiledResource) -> FlameMeasure {
        match self.measure {
            FlameMeasure::Share => FlameMeasure::Share,
            FlameMeasure::Absolute(_) => FlameMeasure::Absolute(resource),
        }
    }
}

/// What the form that compares versions does not choose.
fn hidden_values(filter: &PageFilter, choice: &ProfileChoice) -> Vec<(&'static str, String)> {
    let days = [("from", filter.first.to_string()), ("to", filter.last.to_string())];
    let of_choice = choice.kept().into_iter().filter(|(name, _)| !["before", "after"].contains(name));
    let product = ("product", filter.product.clone());
    [product].into_iter().chain(days).chain(all_filters(filter)).chain(of_choice).collect()
}

/// The files of the graph of one version or of all.
fn graph_files(choice: &ProfileChoice, scope: &FleetScope) -> Markup {
    let more = [("resource", choice.resource_name()), ("measure", choice.measure_name())];
    AnswerFile { path: "profiles/graph", more: &more, has_csv: false }.links("Graph", scope)
}

/// The files of a comparison.
fn comparison_files(
    choice: &ProfileChoice,
    scope: &FleetScope,
    title: &str,
    path: &str,
    has_csv: bool,
) -> Markup {
    let version = |version: &'_ Option<String>| version.clone().unwrap_or_default();
    let (before, after) = (version(&choice.before), version(&choice.after));
    let more = [("resource", choice.resource_name()), ("before", &before), ("after", &after)];
    AnswerFile { path, more: &more, has_csv }.links(title, scope)
}

/// What is said of a node or function that an address names and the graph does not have.
fn missing_focus(choice: &ProfileChoice, focus: Option<FlameNodeId>) -> Markup {
    let is_missing = focus.is_none() && (choice.focus.is_some() || choice.function.is_some());
    html! {
        @if is_missing {
            p.note {
                @match &choice.function {
                    Some(function) => { code { (shown_name(function)) } " has no place in this graph: it takes less than 0.1 % wherever it is called, or nothing in this time." }
                    None => { "What this address opens has no place in this graph: it takes less than 0.1 %, or nothing in this time." }
                }
                " This is the whole graph."
            }
        }
    }
}

/// Builds the tree of flat lists.
fn tree_of<'a>(
    names: &'a [String],
    name: &[u32],
    parent: &[u32],
    values: impl Fn(usize) -> (u64, u64),
) -> Option<(FlameTree<'a>, Vec<FlameNodeId>)> {
    let node = |at: usize, parent: Option<u64>| {
        let name = names.get(*name.get(at)? as usize)?;
        let (value, value_before) = values(at);
        let key = parent.map_or(ROOT_KEY, |parent| key_of_child(parent, name));
        Some(FlameNode { name, key, value, value_before })
    };
    let mut tree = FlameTree::new(node(0, None)?);
    let mut ids = vec![tree.root()];
    for (at, parent) in parent.iter().enumerate().skip(1) {
        let parent = *ids.get(*parent as usize)?;
        let child = node(at, Some(tree.node(parent)?.key))?;
        ids.push(tree.add_child(parent, child));
    }
    Some((tree, ids))
}

/// The node that has the whole width.
fn focus_of(
    choice: &ProfileChoice,
    tree: &FlameTree<'_>,
    names: &[String],
    name: &[u32],
    ids: &[FlameNodeId],
) -> Option<FlameNodeId> {
    if let Some(function) = &choice.function {
        let of_function = ids
            .iter()
            .zip(name)
            .filter(|(_, name)| names.get(**name as usize).is_some_and(|name| name == function))
            .map(|(id, _)| *id);
        return of_function
            .max_by_key(|id| tree.node(*id).map_or(0, |node| node.value.max(node.value_before)));
    }
    choice.focus.and_then(|key| tree.find_key(key))
}

fn whole_graph(
    filter: &PageFilter,
    choice: &ProfileChoice,
    basis: &AnswerBasis,
    graph: &FlameGraph,
) -> Markup {
    let title = match choice.resource {
        ProfiledResource::Cpu => "Where CPU time goes",
        ProfiledResource::Heap => "What memory is used for",
    };
    let description = match choice.measure {
        FlameMeasure::Share => "Each installation counts by its own fractions, whatever its size.",
        FlameMeasure::Absolute(_) => "All installations added up: large ones count more.",
    };
    let caption = basis.caption("flame", title, description);
    let unit = match choice.measure {
        FlameMeasure::Share => ValueUnit::Share,
        FlameMeasure::Absolute(ProfiledResource::Cpu) => ValueUnit::Microseconds,
        FlameMeasure::Absolute(ProfiledResource::Heap) => ValueUnit::Bytes,
    };
    if graph.value.first().is_none_or(|whole| *whole == 0) {
        return html! { p.lead { "No installation sent a profile in this time." } };
    }
    let value = |at: usize| (graph.value.get(at).copied().unwrap_or_default(), 0);
    let Some((tree, ids)) = tree_of(&graph.names, &graph.name, &graph.parent, value) else {
        return html! {};
    };
    let focus = focus_of(choice, &tree, &graph.names, &graph.name, &ids);
    let view = FlameView { focus, min_width: DEFAULT_MIN_SHARE, is_difference: false };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit };
    let link = |key| choice.focused(key).address(filter);
    let graph = headcount_charts::flame_graph(&caption, &tree, style, Some(&link));
    html! { (missing_focus(choice, focus)) (PreEscaped(graph)) }
}

fn difference_graph(
    filter: &PageFilter,
    choice: &ProfileChoice,
    basis: &AnswerBasis,
    difference: &FlameDifference,
) -> Markup {
    let (before, after) =
        (choice.before.as_deref().unwrap_or_default(), choice.after.as_deref().unwrap_or_default());
    let title = format!("From {} to {}", shown_version(before), shown_version(after));
    let caption =
        basis.caption("difference", &title, "Shares of each version; each installation counts the same.");
    let value = |at: usize| {
        let of = |values: &[u64]| values.get(at).copied().unwrap_or_default();
        (of(&difference.after), of(&difference.before))
    };
    let Some((tree, ids)) = tree_of(&difference.names, &difference.name, &difference.parent, value) else {
        return html! {};
    };
    let focus = focus_of(choice, &tree, &difference.names, &difference.name, &ids);
    let view = FlameView { focus, min_width: DEFAULT_MIN_SHARE, is_difference: true };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit: ValueUnit::Share };
    let link = |key| choice.focused(key).address(filter);
    let graph = headcount_charts::flame_graph(&caption, &tree, style, Some(&link));
    html! { (missing_focus(choice, focus)) (PreEscaped(graph)) }
}

#[cfg(test)]
mod tests {
    use headcount_fleet::profiles::FunctionChange;

    use super::*;
    use crate::{
        answer_basis::tests::scope,
        page_filter::tests::{ten_days, unfiltered},
    };

    fn choice() -> ProfileChoice {
        ProfileChoice {
            resource: ProfiledResource::Cpu,
            measure: FlameMeasure::Share,
            before: None,
            after: None,
            focus: None,
            function: None,
        }
    }

    fn graph() -> FlameGraph {
        FlameGraph {
            names: ["(all)", "main", "<parse>"].map(str::to_owned).to_vec(),
            name: vec![0, 1, 2, 2],
            parent: vec![0, 0, 1, 0],
            value: vec![1000, 600, 500, 300],
            installations: vec![4, 4, 4, 4],
        }
    }

    fn page(choice: &ProfileChoice, shown: ShownProfiles<'_>) -> String {
        let scope = scope();
        let answers = ProfileAnswers { scope: &scope, no_comparison: None, shown };
        profiles_page(&ten_days(), choice, &["1.0".to_owned()], answers).into_string()
    }

    fn whole(choice: &ProfileChoice, graph: &FlameGraph) -> String {
        page(choice, ShownProfiles::Whole { graph, installations: 4 })
    }

    #[test]
    fn absolute_times_keep_their_fractions() {
        let absolute = ProfileChoice { measure: FlameMeasure::Absolute(ProfiledResource::Cpu), ..choice() };
        let text = whole(&absolute, &graph());
        assert!(text.contains("600\u{202f}µs"), "{text}");
    }

    #[test]
    fn without_a_profile_the_page_says_so() {
        let empty = FlameGraph { value: vec![0; 4], ..graph() };
        assert!(whole(&choice(), &empty).contains("No installation sent a profile in this time."));
    }

    #[test]
    fn functions_of_a_graph_are_links_that_keep_the_filter() {
        let text = whole(&choice(), &graph());
        assert!(text.contains("&lt;parse&gt;") && text.contains("of at least 4 installations"), "{text}");
        assert!(
            text.contains("product=my+shop")
                && text.contains(&format!(
                    "resource=cpu&amp;measure=share&amp;focus={:x}",
                    key_of_child(ROOT_KEY, "main")
                )),
            "{text}"
        );
    }

    #[test]
    fn a_version_that_is_compared_with_none_is_told_beside_the_graph_of_all() {
        let choice = ProfileChoice { before: Some("1.0".to_owned()), ..choice() };
        let why = NoComparison::OneVersion {
            version: "1.0".to_owned(),
            suggested: Some(["0.9".to_owned(), "1.0".to_owned()]),
        };
        let (scope, graph, filter) = (scope(), graph(), unfiltered());
        let shown = ShownProfiles::Whole { graph: &graph, installations: 4 };
        let answers = ProfileAnswers { scope: &scope, no_comparison: Some(&why), shown };
        let text = profiles_page(&filter, &choice, &["1.0".to_owned()], answers).into_string();
        for said in [
            "Choose a second version to compare 1.0 with.",
            "before=0.9&amp;after=1.0\">compare 0.9 with 1.0</a>. The graph below is that of all versions.",
            "<option value=\"1.0\" selected>1.0</option>",
            "&amp;resource=cpu&amp;measure=share\"",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let same = NoComparison::SameVersion("1.0".to_owned());
        let answers = ProfileAnswers { no_comparison: Some(&same), ..answers };
        let text = profiles_page(&ten_days(), &choice, &[], answers).into_string();
        assert!(text.contains("1.0 cannot be compared with itself. Choose two versions. The graph below is that of 1.0+&lt;b"), "{text}");
    }

    #[test]
    fn a_graph_names_the_address_of_its_numbers() {
        let text = whole(&choice(), &graph());
        assert!(text.contains("data-numbers=\"api/fleet/profiles/graph?product=my+shop"), "{text}");
        assert!(text.contains("&amp;resource=cpu&amp;measure=share\""), "{text}");
    }

    #[test]
    fn a_function_is_opened_where_it_takes_most() {
        let graph = graph();
        let value = |at: usize| (graph.value[at], 0);
        let (tree, ids) = tree_of(&graph.names, &graph.name, &graph.parent, value).unwrap();
        let of_function = ProfileChoice { function: Some("<parse>".to_owned()), ..choice() };
        let focus = focus_of(&of_function, &tree, &graph.names, &graph.name, &ids);
        assert_eq!(tree.node(focus.unwrap()).unwrap().value, 500);
        assert_eq!(focus_of(&choice(), &tree, &graph.names, &graph.name, &ids), None);
    }

    #[test]
    fn an_address_opens_the_same_function_after_the_graph_was_computed_again() {
        let before = graph();
        let after = FlameGraph {
            names: ["(all)", "<parse>", "init", "main"].map(str::to_owned).to_vec(),
            name: vec![0, 2, 3, 1, 1],
            parent: vec![0, 0, 0, 2, 0],
            value: vec![2000, 700, 600, 512, 30],
            installations: vec![4; 5],
        };
        let key = key_of_child(key_of_child(ROOT_KEY, "main"), "<parse>");
        let opened = ProfileChoice { focus: Some(key), ..choice() };
        let value = |graph: &FlameGraph| {
            let value = |at: usize| (graph.value[at], 0);
            let (tree, ids) = tree_of(&graph.names, &graph.name, &graph.parent, value).unwrap();
            let focus = focus_of(&opened, &tree, &graph.names, &graph.name, &ids);
            focus.and_then(|focus| tree.node(focus)).map(|node| node.value)
        };
        assert_eq!((value(&before), value(&after)), (Some(500), Some(512)));
        assert!(opened.address(&ten_days()).ends_with(&format!("focus={key:x}")));
    }

    #[test]
    fn what_an_address_opens_in_vain_is_said_with_the_whole_graph() {
        for choice in [
            ProfileChoice { focus: Some(123), ..choice() },
            ProfileChoice { function: Some("gone\u{202e}".to_owned()), ..choice() },
        ] {
            let text = whole(&choice, &graph());
            assert!(text.contains("has no place in this graph") && text.contains("main"), "{text}");
            assert!(!text.contains("<code>gone\u{202e}"), "{text}");
        }
        assert!(!whole(&choice(), &graph()).contains("has no place in this graph"));
    }

    #[test]
    fn a_comparison_ranks_functions_with_their_certainty() {
        let difference = FlameDifference {
            names: graph().names,
            name: vec![0, 2],
            parent: vec![0, 0],
            before: vec![1000, 100],
            after: vec![1000, 400],
            before_installations: vec![4, 4],
            after_installations: vec![4, 4],
        };
        let change = FunctionChange {
            name: "<parse>".to_owned(),
            before: 0.1,
            after: 0.4,
            difference: 0.3,
            effect_size: None,
            p_value: 0.001,
            adjusted_p_value: 0.002,
            is_significant: true,
            before_installations: 4,
            after_installations: 4,
        };
        let small = FunctionChange { name: "tiny".to_owned(), ..change.clone() };
        let ranking = FunctionRanking { changes: vec![change, small], appeared: Vec::new() };
        let compared =
            ProfileChoice { before: Some("1.0".to_owned()), after: Some("1.1".to_owned()), ..choice() };
        let shown =
            ShownProfiles::Compared { difference: &difference, ranking: &ranking, installations: [12, 34] };
        let text = page(&compared, shown);
        for said in [
            "at least 12 installations before and 34 after, not filtered by version",
            "From 1.0 to 1.1",
            "p = 0.0020",
            "the table “Numbers” of the graph adds up only",
            "function=%3Cparse%3E",
            "<code>tiny</code> <small>below 0.1 %</small>",
            "api/fleet/profiles/functions?product=coroot",
            "before=1.0&amp;after=1.1&amp;format=csv",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("function=tiny"), "{text}");
    }
}
