//! Renders where the program spends its time and its memory, and what a release changed about it.

use headcount_charts::{
    ValueUnit,
    flame_graph::{FlameDirection, FlameNode, FlameNodeId, FlameStyle, FlameTree, FlameView},
    number_format::{percent, points},
};
use headcount_fleet::profiles::{
    DEFAULT_MIN_SHARE, FlameDifference, FlameGraph, FlameMeasure, FunctionChange, FunctionRanking,
    ProfiledResource,
};
use headcount_shared::api::FleetScope;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use crate::{
    answer_basis::{AnswerBasis, installations},
    page_filter::PageFilter,
    page_list::FleetPage,
};

/// The rows of the ranking.
const SHOWN_FUNCTIONS: usize = 40;

/// Nanoseconds of a second: the unit of CPU time in profiles.
const NANOSECONDS: u64 = 1_000_000_000;

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
    /// The node that has the whole width, by its place in the graph.
    pub focus: Option<u64>,
    /// The function whose largest node has the whole width.
    pub function: Option<String>,
}

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProfileAnswers<'a> {
    /// What it is about.
    pub scope: &'a FleetScope,
    /// The graph; of all versions or of one.
    pub graph: &'a FlameGraph,
    /// The fewest different installations in the graph.
    pub installations: u32,
    /// The difference of two versions, and which functions became more expensive.
    pub comparison: Option<(&'a FlameDifference, &'a FunctionRanking)>,
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
    focus: Option<u64>,
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
    fn address(&self, filter: &PageFilter) -> String {
        let parameters = ChoiceParameters {
            resource: self.resource_name(),
            measure: self.measure_name(),
            before: self.before.as_deref(),
            after: self.after.as_deref(),
            focus: self.focus,
            function: self.function.as_deref(),
        };
        // Texts and numbers can always be written.
        let of_choice = serde_urlencoded::to_string(parameters).unwrap_or_default();
        let page = FleetPage::Profiles;
        format!("{}?{}&{of_choice}", page.path(), filter.query(page))
    }

    fn focused(&self, focus: u64) -> Self {
        Self { focus: Some(focus).filter(|focus| *focus > 0), function: None, ..self.clone() }
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
    let basis = AnswerBasis::new(
        answers.scope,
        format!("of at least {}", installations(answers.installations.into())),
    );
    html! {
        (choices(filter, choice, versions))
        @match answers.comparison {
            Some((difference, ranking)) => {
                (difference_graph(filter, choice, &basis, difference))
                (ranking_table(filter, choice, ranking))
            }
            None => { (whole_graph(filter, choice, &basis, answers.graph)) }
        }
    }
}

fn choices(filter: &PageFilter, choice: &ProfileChoice, versions: &[String]) -> Markup {
    let unfocused = choice.focused(0);
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
            @for (name, value) in [("product", filter.product.clone()), ("from", filter.first.to_string()), ("to", filter.last.to_string()), ("resource", choice.resource_name().to_owned())] {
                input type="hidden" name=(name) value=(value);
            }
            (version_choice("before", "Compare", versions, choice.before.as_deref()))
            (version_choice("after", "with", versions, choice.after.as_deref()))
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

fn version_choice(name: &str, title: &str, versions: &[String], chosen: Option<&str>) -> Markup {
    html! {
        label {
            span { (title) }
            select name=(name) {
                option value="" selected[chosen.is_none()] { "–" }
                @for version in versions {
                    option value=(version) selected[chosen == Some(version)] { (version) }
                }
            }
        }
    }
}

/// Builds the tree of flat lists, with the place of a node as its key.
fn tree_of<'a>(
    names: &'a [String],
    name: &[u32],
    parent: &[u32],
    values: impl Fn(usize) -> (u64, u64),
) -> Option<(FlameTree<'a>, Vec<FlameNodeId>)> {
    let node = |at: usize| {
        let name = names.get(*name.get(at)? as usize)?;
        let (value, value_before) = values(at);
        Some(FlameNode { name, key: at as u64, value, value_before })
    };
    let mut tree = FlameTree::new(node(0)?);
    let mut ids = vec![tree.root()];
    for (at, parent) in parent.iter().enumerate().skip(1) {
        let parent = *ids.get(*parent as usize)?;
        ids.push(tree.add_child(parent, node(at)?));
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
) -> PreEscaped<String> {
    let title = match choice.resource {
        ProfiledResource::Cpu => "Where CPU time goes",
        ProfiledResource::Heap => "What memory is used for",
    };
    let description = match choice.measure {
        FlameMeasure::Share => "Each installation counts by its own fractions, whatever its size.",
        FlameMeasure::Absolute(_) => "All installations added up: large ones count more.",
    };
    let caption = basis.caption("flame", title, description);
    let (unit, divisor) = match choice.measure {
        FlameMeasure::Share => (ValueUnit::Share, 1),
        FlameMeasure::Absolute(ProfiledResource::Cpu) => (ValueUnit::Seconds, NANOSECONDS),
        FlameMeasure::Absolute(ProfiledResource::Heap) => (ValueUnit::Bytes, 1),
    };
    let value = |at: usize| (graph.value.get(at).copied().unwrap_or_default() / divisor, 0);
    let Some((tree, ids)) = tree_of(&graph.names, &graph.name, &graph.parent, value) else {
        return PreEscaped(String::new());
    };
    let focus = focus_of(choice, &tree, &graph.names, &graph.name, &ids);
    let view = FlameView { focus, min_width: DEFAULT_MIN_SHARE, is_difference: false };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit };
    let link = |key| choice.focused(key).address(filter);
    PreEscaped(headcount_charts::flame_graph(&caption, &tree, style, Some(&link)))
}

fn difference_graph(
    filter: &PageFilter,
    choice: &ProfileChoice,
    basis: &AnswerBasis,
    difference: &FlameDifference,
) -> PreEscaped<String> {
    let (before, after) =
        (choice.before.as_deref().unwrap_or_default(), choice.after.as_deref().unwrap_or_default());
    let title = format!("From {before} to {after}");
    let caption =
        basis.caption("difference", &title, "Shares of each version; each installation counts the same.");
    let value = |at: usize| {
        let of = |values: &[u64]| values.get(at).copied().unwrap_or_default();
        (of(&difference.after), of(&difference.before))
    };
    let Some((tree, ids)) = tree_of(&difference.names, &difference.name, &difference.parent, value) else {
        return PreEscaped(String::new());
    };
    let focus = focus_of(choice, &tree, &difference.names, &difference.name, &ids);
    let view = FlameView { focus, min_width: DEFAULT_MIN_SHARE, is_difference: true };
    let style = FlameStyle { view, direction: FlameDirection::RootAtTop, unit: ValueUnit::Share };
    let link = |key| choice.focused(key).address(filter);
    PreEscaped(headcount_charts::flame_graph(&caption, &tree, style, Some(&link)))
}

fn ranking_table(filter: &PageFilter, choice: &ProfileChoice, ranking: &FunctionRanking) -> Markup {
    let opened = |name: &str| {
        ProfileChoice { function: Some(name.to_owned()), focus: None, ..choice.clone() }.address(filter)
    };
    let certain = ranking.changes.iter().filter(|change| change.is_significant).count();
    html! {
        section.numbers aria-labelledby="ranking" {
            h2 #ranking { "Functions that changed" }
            p.note {
                (certain) " changes are more than chance: at most one in twenty of them is expected to be wrong. A function opens its place in the graph."
            }
            div.scroll tabindex="0" role="group" aria-labelledby="ranking" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Function" }
                            th.n scope="col" { "Before" }
                            th.n scope="col" { "After" }
                            th.n scope="col" { "Change" }
                            th scope="col" { "Certainty" }
                        }
                    }
                    tbody {
                        @for change in ranking.changes.iter().take(SHOWN_FUNCTIONS) {
                            tr {
                                th scope="row" { a href=(opened(&change.name)) { code { (change.name) } } }
                                td.n { (percent(change.before)) }
                                td.n { (percent(change.after)) }
                                td.n { (points(change.difference)) }
                                td { (certainty(change)) }
                            }
                        }
                        @for new in ranking.appeared.iter().take(SHOWN_FUNCTIONS) {
                            tr {
                                th scope="row" { a href=(opened(&new.name)) { code { (new.name) } } }
                                td.n { "–" }
                                td.n { (percent(new.after)) }
                                td.n { (points(new.after)) }
                                td { "new" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn certainty(change: &FunctionChange) -> String {
    let chance = change.adjusted_p_value.clamp(0.0, 1.0);
    if change.is_significant && chance < 0.0001 {
        "more than chance (p < 0.0001)".to_owned()
    } else if change.is_significant {
        format!("more than chance (p = {chance:.4})")
    } else {
        "may be chance".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer_basis::tests::scope, page_filter::tests::ten_days};

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

    fn page(choice: &ProfileChoice, comparison: Option<(&FlameDifference, &FunctionRanking)>) -> String {
        let (scope, graph) = (scope(), graph());
        let answers = ProfileAnswers { scope: &scope, graph: &graph, installations: 4, comparison };
        profiles_page(&ten_days(), choice, &["1.0".to_owned()], answers).into_string()
    }

    #[test]
    fn functions_of_a_graph_are_links_that_keep_the_filter() {
        let text = page(&choice(), None);
        assert!(text.contains("&lt;parse&gt;") && text.contains("of at least 4 installations"), "{text}");
        assert!(
            text.contains("product=my+shop") && text.contains("resource=cpu&amp;measure=share&amp;focus=1"),
            "{text}"
        );
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
        let ranking = FunctionRanking { changes: vec![change], appeared: Vec::new() };
        let compared =
            ProfileChoice { before: Some("1.0".to_owned()), after: Some("1.1".to_owned()), ..choice() };
        let text = page(&compared, Some((&difference, &ranking)));
        for said in ["From 1.0 to 1.1", "p = 0.0020", "function=%3Cparse%3E"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
