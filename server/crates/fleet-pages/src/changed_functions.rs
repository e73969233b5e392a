//! Renders which functions take more or less in one version than in another.

use std::collections::HashSet;

use headcount_charts::number_format::{grouped, percent, points};
use headcount_fleet::profiles::{FlameDifference, FunctionChange, FunctionRanking};
use maud::{Markup, html};

use crate::{
    answer_basis::AnswerBasis, page_filter::PageFilter, profiles_page::ProfileChoice,
    shown_names::shown_name, time_text::counted,
};

/// How the shares of the table differ from those of the table of the flame graph.
const SHARE_MEANING: &str = "This table adds up all calls of a function; the table “Numbers” of the graph \
                             adds up only those that take at least 0.1\u{a0}%, so its shares can be smaller.";

/// The most compared functions, and the most new ones, of the table.
const SHOWN_FUNCTIONS: usize = 40;

/// The table, with what it compares.
pub(crate) fn changed_functions(
    filter: &PageFilter,
    choice: &ProfileChoice,
    basis: &AnswerBasis,
    difference: &FlameDifference,
    ranking: &FunctionRanking,
) -> Markup {
    // A function below 0.1 % wherever it is called is in the ranking and not in the graph.
    let in_graph: HashSet<_> =
        difference.name.iter().filter_map(|name| difference.names.get(*name as usize)).collect();
    let opened = |name: &String| {
        let of_function = ProfileChoice { function: Some(name.clone()), focus: None, ..choice.clone() };
        html! {
            @if in_graph.contains(name) {
                a href=(of_function.address(filter)) { code { (shown_name(name)) } }
            } @else {
                code { (shown_name(name)) } " " small { "below 0.1 %" }
            }
        }
    };
    html! {
        section.numbers aria-labelledby="ranking" {
            h2 #ranking { "Functions that changed" }
            p.note { (basis.text()) ". " (compared_sentences(ranking)) }
            @if !ranking.changes.is_empty() || !ranking.appeared.is_empty() {
                p.note { (shown_sentence(ranking)) " A function without a link is below 0.1 % wherever it is called." }
                p.note { (SHARE_MEANING) }
                (function_rows(ranking, &opened))
            }
        }
    }
}

/// How many functions are compared, and how many of them changed.
fn compared_sentences(ranking: &FunctionRanking) -> String {
    let compared = "A function is compared if at least 10 installations of each version have it.";
    let certain = ranking.changes.iter().filter(|change| change.is_significant).count() as u64;
    match (ranking.changes.len(), certain) {
        (0, _) => format!("{compared} There is no such function."),
        (_, 0) => format!("{compared} No change is more than chance."),
        (_, 1) => format!("{compared} 1 change is more than chance."),
        (_, certain) => format!(
            "{compared} {} changes are more than chance. At most 5\u{a0}% of them are expected to be chance after all.",
            grouped(certain)
        ),
    }
}

/// Which functions the table has.
fn shown_sentence(ranking: &FunctionRanking) -> String {
    let (changes, new) = (ranking.changes.len(), ranking.appeared.len());
    if changes.max(new) <= SHOWN_FUNCTIONS {
        return "A link opens the place of its function in the graph.".to_owned();
    }
    let (changes, new) =
        (counted(changes as u64, "compared function"), counted(new as u64, "other function"));
    format!(
        "Of {changes} and {new}, the first {SHOWN_FUNCTIONS} each are shown. Changes that are more than \
         chance come first, and larger ones, up or down, before smaller ones. A link opens the place of its \
         function in the graph."
    )
}

/// The compared functions of the table: the significant ones first, and of each kind those with the largest
/// change, up or down.
fn shown_changes(ranking: &FunctionRanking) -> Vec<&FunctionChange> {
    let mut changes: Vec<_> = ranking.changes.iter().collect();
    changes.sort_by(|one, other| {
        let significant_first = other.is_significant.cmp(&one.is_significant);
        significant_first.then_with(|| other.difference.abs().total_cmp(&one.difference.abs()))
    });
    changes.truncate(SHOWN_FUNCTIONS);
    changes
}

fn function_rows(ranking: &FunctionRanking, opened: &dyn Fn(&String) -> Markup) -> Markup {
    html! {
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
                    @for change in shown_changes(ranking) {
                        tr {
                            th scope="row" { (opened(&change.name)) }
                            td.n { (percent(change.before)) }
                            td.n { (percent(change.after)) }
                            td.n { (points(change.difference)) }
                            td { (certainty(change)) }
                        }
                    }
                    @for new in ranking.appeared.iter().take(SHOWN_FUNCTIONS) {
                        tr {
                            th scope="row" { (opened(&new.name)) }
                            td.n { "–" }
                            td.n { (percent(new.after)) }
                            td.n { "–" }
                            td { "too few had it before" }
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

    fn ranking(significant: usize, others: usize) -> FunctionRanking {
        let change = |is_significant| FunctionChange {
            name: "parse".to_owned(),
            before: 0.1,
            after: 0.4,
            difference: 0.3,
            effect_size: None,
            p_value: 0.001,
            adjusted_p_value: 0.002,
            is_significant,
            before_installations: 10,
            after_installations: 10,
        };
        let changes = [vec![change(true); significant], vec![change(false); others]].concat();
        FunctionRanking { changes, appeared: Vec::new() }
    }

    #[test]
    fn how_many_changes_are_more_than_chance_is_a_plain_sentence() {
        for (significant, others, sentence) in [
            (0, 0, "have it. There is no such function."),
            (0, 3, "have it. No change is more than chance."),
            (1, 3, "have it. 1 change is more than chance."),
            (20, 3, "have it. 20 changes are more than chance. At most 5\u{a0}% of them are expected"),
        ] {
            let said = compared_sentences(&ranking(significant, others));
            assert!(said.contains(sentence), "{said}");
        }
    }

    #[test]
    fn the_largest_decreases_are_among_the_shown_functions() {
        let mut ranking = ranking(3, 2 * SHOWN_FUNCTIONS);
        let differences = (0..).map(|step| 0.2 - 0.005 * f64::from(step));
        for (change, difference) in ranking.changes.iter_mut().skip(3).zip(differences) {
            change.difference = difference;
        }
        ranking.changes[2].difference = -0.35;
        let shown = shown_changes(&ranking);
        assert_eq!(shown.len(), SHOWN_FUNCTIONS);
        assert!(shown[..3].iter().all(|change| change.is_significant));
        assert!((shown[0].difference + 0.35).abs() < 1e-9, "the largest change is first");
        let least = shown.iter().map(|change| change.difference.abs()).fold(f64::INFINITY, f64::min);
        let left_out =
            ranking.changes.iter().filter(|change| !shown.iter().any(|one| std::ptr::eq(*one, *change)));
        assert!(left_out.into_iter().all(|change| change.difference.abs() <= least));
        assert!(shown[3..].iter().any(|change| change.difference < -0.15));
    }

    #[test]
    fn a_long_table_says_what_it_leaves_out() {
        let said = shown_sentence(&ranking(0, SHOWN_FUNCTIONS + 1));
        assert!(
            said.starts_with("Of 41 compared functions and 0 other functions, the first 40 each"),
            "{said}"
        );
        assert!(!shown_sentence(&ranking(0, SHOWN_FUNCTIONS)).contains("first"));
    }
}
