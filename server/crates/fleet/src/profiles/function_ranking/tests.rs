//! Tests the ranking of functions.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::profiles::stack_identity::FunctionId;

const RULE: RankingRule<'static> = RankingRule {
    share: FunctionShare::Total,
    min_installations: 10,
    false_discovery_rate: 0.05,
    symbols: None,
};

fn function_name(number: usize) -> String {
    format!("module::function{number}")
}

fn dictionary_of(functions: usize) -> StackDictionary {
    let mut dictionary = StackDictionary::default();
    (0..functions).for_each(|number| {
        dictionary.add_function_name(&function_name(number));
    });
    dictionary
}

/// The profile of installations that say which share each function has, the same for all days.
fn profile_of(shares: &[Vec<f64>], days: u32) -> MergedProfile {
    let functions = shares.first().map_or(0, Vec::len);
    let mut totals: Vec<FunctionTotals> = (0..functions)
        .map(|number| {
            let mut moments = ShareMoments::default();
            for _ in 0..days {
                shares.iter().for_each(|own| moments.add_share((own[number] * WHOLE_SHARE as f64) as u64));
            }
            FunctionTotals {
                id: FunctionId::from_name(&function_name(number)),
                installations: shares.iter().filter(|own| own[number] > 0.0).count() as u32,
                own: moments,
                total: moments,
            }
        })
        .collect();
    totals.sort_unstable_by_key(|function| function.id);
    MergedProfile {
        days,
        installations: shares.len() as u32,
        observations: shares.len() as u64 * u64::from(days),
        stacks: Vec::new(),
        functions: totals,
    }
}

/// Installations of a simulated fleet: each has its own workload, and its profile has few samples. `cost` says
/// how much work a function is.
fn simulated_fleet(
    seed: u64,
    installations: usize,
    cost: impl Fn(usize) -> f64,
    functions: usize,
) -> Vec<Vec<f64>> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..installations)
        .map(|_| {
            let work: Vec<f64> = (0..functions)
                .map(|function| {
                    let popularity = 1.0 / (1.0 + function as f64 / 5.0);
                    // Sum of uniform numbers: nearly normal. Some installations do not use the function.
                    let noise: f64 = (0..4).map(|_| random.random::<f64>()).sum::<f64>() / 2.0;
                    let is_used = random.random::<f64>() < 0.9;
                    if is_used { cost(function) * popularity * noise } else { 0.0 }
                })
                .collect();
            let total: f64 = work.iter().sum();
            work.into_iter().map(|work| work / total).collect()
        })
        .collect()
}

fn significant(ranking: &FunctionRanking) -> Vec<&FunctionChange> {
    ranking.changes.iter().filter(|change| change.is_significant).collect()
}

#[test]
fn a_function_that_became_a_tenth_more_expensive_is_found() {
    const FUNCTIONS: usize = 200;
    let dictionary = dictionary_of(FUNCTIONS);
    let seeded = [0, 3, 8];
    for seed in 0..5 {
        let before = simulated_fleet(seed, 4_000, |_| 1.0, FUNCTIONS);
        let cost = |function| if seeded.contains(&function) { 1.1 } else { 1.0 };
        let after = simulated_fleet(seed + 100, 4_000, cost, FUNCTIONS);

        let ranking = rank_functions(&dictionary, &profile_of(&before, 1), &profile_of(&after, 1), RULE);

        assert_eq!(ranking.changes.len(), FUNCTIONS);
        let mut found: Vec<_> = significant(&ranking)
            .into_iter()
            .filter(|change| change.difference > 0.0)
            .map(|change| change.name.as_str())
            .collect();
        let wrong = found.iter().filter(|name| !seeded.iter().any(|&seeded| function_name(seeded) == **name));
        assert!(wrong.count() <= 1, "{seed}: {found:?}");
        found.truncate(3);
        assert_eq!(found, seeded.map(function_name), "the largest differences come first");
    }
}

#[test]
fn fleets_that_did_not_change_give_no_more_discoveries_than_the_rate() {
    const FUNCTIONS: usize = 60;
    let dictionary = dictionary_of(FUNCTIONS);
    let mut with_discovery = 0;
    let mut below_five_percent = 0;
    for seed in 0..200 {
        let before = profile_of(&simulated_fleet(2 * seed, 60, |_| 1.0, FUNCTIONS), 1);
        let after = profile_of(&simulated_fleet(2 * seed + 1, 80, |_| 1.0, FUNCTIONS), 1);
        let ranking = rank_functions(&dictionary, &before, &after, RULE);
        with_discovery += u32::from(!significant(&ranking).is_empty());
        below_five_percent += ranking.changes.iter().filter(|change| change.p_value < 0.05).count();
    }
    let nominal = 200 * FUNCTIONS / 20;
    println!("{with_discovery} of 200 fleets; {below_five_percent} p-values below 5 %, {nominal} by chance");
    // 5 % of 200, and three standard deviations more.
    assert!(with_discovery <= 10 + 9, "{with_discovery} of 200");
    assert!(below_five_percent.abs_diff(nominal) < nominal / 5, "{below_five_percent}, not {nominal}");
}

#[test]
fn seven_days_of_the_same_installations_are_no_more_evidence_than_one() {
    let dictionary = dictionary_of(20);
    let (before, after) = (simulated_fleet(1, 50, |_| 1.0, 20), simulated_fleet(2, 50, |_| 1.0, 20));
    let p_values = |days| {
        let ranking =
            rank_functions(&dictionary, &profile_of(&before, days), &profile_of(&after, days), RULE);
        let mut p_values: Vec<_> =
            ranking.changes.into_iter().map(|change| (change.name, change.p_value)).collect();
        p_values.sort_by(|left, right| left.0.cmp(&right.0));
        p_values
    };
    for ((name, day), (_, week)) in p_values(1).into_iter().zip(p_values(7)) {
        assert!((day - week).abs() < 0.02, "{name}: {day} of a day, {week} of a week");
    }
}

#[test]
fn p_values_are_those_of_the_tables() {
    // Two-sided quantiles of Student's distribution.
    for (t, degrees, p_value) in [
        (0.0, 5.0, 1.0),
        (1.0, 1.0, 0.5),
        (12.706_204_736, 1.0, 0.05),
        (2.570_581_836, 5.0, 0.05),
        (2.228_138_852, 10.0, 0.05),
        (3.169_272_673, 10.0, 0.01),
        (1.983_971_519, 100.0, 0.05),
        (0.677, 100.0, 0.5),
        (1.959_966, 1e6, 0.05),
        (0.674_49, 1e6, 0.5),
        (5.326_724, 1e8, 1e-7),
    ] {
        for t in [t, -t] {
            let found = two_sided_p_value(t, degrees);
            assert!((found / p_value - 1.0).abs() < 1e-3, "t {t}, {degrees} degrees: {found}, not {p_value}");
        }
    }
    assert_eq!(two_sided_p_value(f64::INFINITY, 10.0), 0.0);
}

#[test]
fn welch_compares_means_by_their_errors() {
    // Welch's example by hand: (20 - 25) / sqrt(4 / 10 + 25 / 15), 19.7 degrees of freedom.
    let before = ShareSample { size: 10.0, mean: 0.20, variance: 0.0004 };
    let after = ShareSample { size: 15.0, mean: 0.25, variance: 0.0025 };
    let p_value = welch_p_value([before, after]).expect("enough");
    assert!((p_value - two_sided_p_value(3.478_5, 19.67)).abs() < 1e-4, "{p_value}");
    assert!(p_value < 0.0025 && p_value > 0.0022, "{p_value}");

    let equal = ShareSample { size: 10.0, mean: 1.0, variance: 0.0 };
    assert_eq!(welch_p_value([equal, equal]), Some(1.0));
    assert_eq!(welch_p_value([equal, ShareSample { mean: 0.5, ..equal }]), Some(0.0));
    assert_eq!(welch_p_value([equal, ShareSample { size: 1.0, ..equal }]), None);
}

#[test]
fn the_correction_is_that_of_benjamini_and_hochberg() {
    let change = |p_value| FunctionChange {
        name: String::new(),
        before: 0.0,
        after: 0.0,
        difference: 0.0,
        effect_size: None,
        p_value,
        adjusted_p_value: p_value,
        is_significant: false,
        before_installations: 0,
        after_installations: 0,
    };
    let mut changes: Vec<_> = [0.04, 0.001, 0.03, 0.5].into_iter().map(change).collect();
    adjust_p_values(&mut changes, 0.05);
    let found: Vec<_> =
        changes.iter().map(|change| (change.adjusted_p_value, change.is_significant)).collect();
    let expected = [(0.004, true), (0.04 * 4.0 / 3.0, false), (0.04 * 4.0 / 3.0, false), (0.5, false)];
    for ((found, is_significant), (expected, expected_significant)) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        assert_eq!(is_significant, expected_significant);
    }
}

#[test]
fn functions_of_few_installations_are_not_ranked_and_new_ones_are_listed() {
    let dictionary = dictionary_of(4);
    let shares = |with: [usize; 4]| -> Vec<Vec<f64>> {
        (0..20).map(|own| with.map(|with| if own < with { 0.1 } else { 0.0 }).to_vec()).collect()
    };
    let (before, after) = (profile_of(&shares([20, 9, 0, 20]), 1), profile_of(&shares([20, 20, 10, 9]), 1));
    let ranking = rank_functions(&dictionary, &before, &after, RULE);
    let ranked: Vec<_> = ranking.changes.iter().map(|change| change.name.clone()).collect();
    assert_eq!(ranked, [function_name(0)]);
    let appeared: Vec<_> = ranking.appeared.iter().map(|function| function.name.clone()).collect();
    assert_eq!(appeared, [function_name(1), function_name(2)]);
    assert!((ranking.appeared[1].after - 0.05).abs() < 1e-6);
}

#[test]
fn only_names_of_the_release_are_ranked_where_there_is_a_list() {
    let dictionary = dictionary_of(2);
    let profile = profile_of(&vec![vec![0.5, 0.5]; 20], 1);
    let symbols = ReleaseSymbols::from_iter([function_name(1)]);
    let ranking =
        rank_functions(&dictionary, &profile, &profile, RankingRule { symbols: Some(&symbols), ..RULE });
    let ranked: Vec<_> = ranking.changes.iter().map(|change| change.name.clone()).collect();
    assert_eq!(ranked, [function_name(1)]);
    let change = &ranking.changes[0];
    assert_eq!((change.p_value, change.effect_size, change.is_significant), (1.0, None, false));
}
