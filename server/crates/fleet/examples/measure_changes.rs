//! Prints how many seeded changes are named within two days of data, and how many false alarms unchanged
//! fleets have.
//!
//! Arguments: the number of fleets with a change, the number of quarters of unchanged fleets, and the first
//! seed. A change is a tenth; of a yes-or-no field it is a tenth of all installations, or with `relative` a
//! tenth of those that have it. With `by-version`, times and functions are known by version only. With
//! `noon`, releases come out at noon instead of at midnight, so that two days are 36 hours. With `visible`,
//! only fields that show within two days change; with `pages`, only pages, and with `half` and `double` they
//! change by that much.
#![expect(clippy::print_stdout, reason = "the table is its result")]

use anyhow::Context as _;
use headcount_fleet::changes::{
    FieldKind,
    simulated_changes::{
        MeasurePlan, NamingScore, SeededField, ShareUnit, count_false_alarms, name_seeded_changes,
    },
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (numbers, words): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.starts_with(|first: char| first.is_ascii_digit()));
    let [fleets, quarters, first_seed] = numbers[..] else {
        anyhow::bail!("three numbers are needed: of fleets, of quarters, and the first seed");
    };
    let number = |text: &str| text.parse::<u32>().with_context(|| format!("{text:?} is too large"));
    let has = |word: &str| words.iter().any(|known| *known == word);
    let unit = if has("relative") { ShareUnit::OfThoseWithIt } else { ShareUnit::OfAll };
    let first_seed = u64::from(number(first_seed)?);
    let plan = MeasurePlan {
        first_seed,
        fleets: number(fleets)?,
        has_own_readings: !has("by-version"),
        release_hour: if has("noon") { 12 } else { 0 },
    };
    let size = match () {
        () if has("half") => 0.5,
        () if has("double") => 1.0,
        () => 0.1,
    };
    let mut fields = SeededField::all();
    fields.retain(|field| !has("visible") || field.shows_within_two_days());
    fields.retain(|field| !has("pages") || field.field().kind == FieldKind::Page);
    let heads =
        "| field | seeded | within 2 days | within 2 weeks | others named | excess | in the interval |";
    println!("{heads}\n|---|--:|--:|--:|--:|--:|--:|");
    let mut all = NamingScore::default();
    for (field, score) in name_seeded_changes(&plan, &fields, (size, unit)) {
        print_score(&field.to_string(), &score);
        all.merge(&score);
    }
    print_score("all", &all);
    let plan = MeasurePlan { first_seed: 1_000_000 + first_seed, fleets: number(quarters)?, ..plan };
    let score = count_false_alarms(&plan);
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
        100.0 * score.excess / f64::from(score.relative.max(1)),
        percent(score.covering, score.relative)
    );
}
