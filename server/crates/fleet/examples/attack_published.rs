//! Prints how often an attacker guesses a hidden field from what is published, under the rule and under weaker ones.
//!
//! Arguments: how many installations are attacked for each row, and the rules to attack; all without names.
#![expect(clippy::print_stdout, reason = "the table is its result")]

use anyhow::Context as _;
use headcount_fleet::{
    attacker::{AttackPlan, HIDDEN_FIELDS, TargetHistory, attack_publications},
    published::PublicationRule,
};

/// The rules with the names that choose them.
fn attacked_rules() -> Vec<(&'static str, PublicationRule)> {
    let rule = PublicationRule::default();
    vec![
        ("rule", rule.clone()),
        ("no-folding", rule.clone().without_folding()),
        ("no-noise", rule.clone().without_noise()),
        ("fresh-noise", rule.clone().with_fresh_noise()),
        ("daily", rule.clone().released_daily()),
        ("inside-databases", rule.clone().inside_databases()),
        ("sd-10", rule.clone().with_noise_sd(10.0)),
        ("sd-2", rule.with_noise_sd(2.0)),
        ("first-design", PublicationRule::as_first_designed()),
    ]
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let targets = arguments.next().context("the first argument is the number of targets")?;
    let targets = targets.parse().with_context(|| format!("{targets:?} is not a number of targets"))?;
    let chosen: Vec<String> = arguments.collect();
    let rules = attacked_rules();
    let unknown = chosen.iter().find(|name| rules.iter().all(|(its, _)| its != name));
    anyhow::ensure!(unknown.is_none(), "{unknown:?} is not a rule");
    println!("| rule | days | target | hidden field | best constant guess | attacker | points |");
    println!("|---|---|---|---|---|---|---|");
    for (name, rule) in rules {
        if !chosen.is_empty() && !chosen.iter().any(|its| its == name) {
            continue;
        }
        for (days, history, target) in [
            (1, TargetHistory::Stays, "stays"),
            (30, TargetHistory::Stays, "stays"),
            (30, TargetHistory::JoinsAndIsDeleted, "joins, is deleted"),
        ] {
            let rule = rule.clone();
            let plan =
                AttackPlan { rule, fleet: 3_000, days, history, targets, targets_of_one_key: 20, seed: 1 };
            for (field, score) in HIDDEN_FIELDS.iter().zip(attack_publications(&plan)?) {
                println!(
                    "| {name} | {days} | {target} | {field:?} | {:.1} % | {:.1} % | {:+.1} |",
                    score.constant_in_percent(),
                    score.attacker_in_percent(),
                    score.gain_in_points()
                );
            }
        }
    }
    Ok(())
}
