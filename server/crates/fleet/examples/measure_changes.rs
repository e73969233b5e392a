//! Prints how many seeded changes are named within two days of data, and how many false alarms unchanged fleets have.
//!
//! Arguments: the number of fleets with a change, the number of quarters of unchanged fleets, and the size of the change
//! (0.1 without). A tenth of a yes-or-no field is a tenth of all installations, or with a last argument `relative` a tenth of
//! those that have it.
#![expect(clippy::print_stdout, reason = "the table is its result")]

use anyhow::Context as _;
use headcount_fleet::changes::simulated_changes::{
    NamingScore, SeededField, ShareUnit, count_false_alarms, name_seeded_changes,
};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |what: &str| -> anyhow::Result<u32> {
        let argument = arguments.next().with_context(|| format!("an argument is missing: {what}"))?;
        argument.parse().with_context(|| format!("{argument:?} is not {what}"))
    };
    let fleets = number("the number of fleets")?;
    let quarters = number("the number of quarters")?;
    let size = match arguments.next() {
        Some(size) => size.parse().with_context(|| format!("{size:?} is not a size"))?,
        None => 0.1,
    };
    let unit = if arguments.next().is_some() { ShareUnit::OfThoseWithIt } else { ShareUnit::OfAll };
    println!("| field | seeded | within 2 days | within 2 weeks | others named | excess of the size | in the interval |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let mut all = NamingScore::default();
    for (field, score) in name_seeded_changes(&SeededField::all(), (size, unit), fleets, 1) {
        print_score(&field.to_string(), &score);
        all.merge(&score);
    }
    print_score("all", &all);
    let score = count_false_alarms(quarters, 1_000_000);
    println!();
    for (field, alarms) in &score.alarms {
        println!("{alarms} false alarms: {field}");
    }
    println!(
        "{} quarters of {:.1} fields: {} false alarms, {:.3} a year for 100 fields",
        score.quarters,
        score.fields / f64::from(score.quarters.max(1)),
        score.alarms(),
        score.alarms_per_year_of_100_fields()
    );
    Ok(())
}

fn print_score(name: &str, score: &NamingScore) {
    let percent = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole.max(1));
    println!(
        "| {name} | {} | {:.1} % | {:.1} % | {} | {:+.1} % | {:.0} % |",
        score.seeded,
        percent(score.within_two_days, score.seeded),
        percent(score.within_two_weeks, score.seeded),
        score.others_named,
        100.0 * score.excess / f64::from(score.within_two_weeks.max(1)),
        percent(score.covering, score.within_two_weeks)
    );
}
