//! Tests the blocks of profiles.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::profiles::test_profiles::{RandomFleet, any_installation};

fn any_number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift)
}

fn any_moments() -> impl Strategy<Value = ShareMoments> {
    (any_number(), any::<u128>(), 0_u32..128)
        .prop_map(|(sum, squares, shift)| ShareMoments { sum, squares: squares >> shift })
}

fn any_profile() -> impl Strategy<Value = MergedProfile> {
    let stack = (any_number(), any::<u128>(), 0_u32..128, any_number(), any::<u32>());
    let function = (any_number(), any::<u32>(), any_moments(), any_moments());
    let stacks = proptest::collection::btree_map(any_number(), stack, 0..30);
    let functions = proptest::collection::btree_map(any_number(), function, 0..30);
    (any::<u32>(), any::<u32>(), any_number(), stacks, functions).prop_map(
        |(days, installations, observations, stacks, functions)| MergedProfile {
            days,
            installations,
            observations,
            stacks: stacks
                .into_iter()
                .map(|(id, (_, value, shift, share, installations))| StackTotals {
                    id: StackId(id),
                    value: value >> shift,
                    share,
                    installations,
                })
                .collect(),
            functions: functions
                .into_iter()
                .map(|(id, (_, installations, own, total))| FunctionTotals {
                    id: FunctionId(id),
                    installations,
                    own,
                    total,
                })
                .collect(),
        },
    )
}

fn block_of(columns: &[u8]) -> Vec<u8> {
    let mut block = vec![FORMAT_VERSION];
    block.extend(zstd::bulk::compress(columns, COMPRESSION_LEVEL).expect("memory"));
    block
}

#[test]
fn what_is_no_block_is_refused() {
    let block = MergedProfile::default().encode_block().expect("memory");
    let mut newer = block.clone();
    newer[0] = 9;
    for (what, block, error) in [
        ("nothing", Vec::new(), ProfileBlockError::Empty),
        ("a newer format", newer, ProfileBlockError::UnknownFormat(9)),
        ("no frame", vec![FORMAT_VERSION], ProfileBlockError::Damaged),
        ("half a frame", block[..block.len() - 3].to_vec(), ProfileBlockError::Damaged),
        ("bytes behind the frame", [&block[..], &[0]].concat(), ProfileBlockError::Damaged),
        ("columns that are cut", block_of(&[1, 1, 1, 1, 0]), ProfileBlockError::Damaged),
        ("bytes behind the columns", block_of(&[1, 1, 1, 0, 0, 0]), ProfileBlockError::Damaged),
        ("a row twice", block_of(&[1, 1, 1, 2, 0, 5, 0, 1, 1, 1, 1, 1, 1]), ProfileBlockError::Damaged),
        (
            "more rows than bytes",
            block_of(&[1, 1, 1, 0xff, 0xff, 0xff, 0x7f, 0, 5, 1, 1, 1]),
            ProfileBlockError::Damaged,
        ),
        ("a bomb", block_of(&vec![0; MAX_COLUMN_BYTES + 1]), ProfileBlockError::TooLarge),
    ] {
        assert_eq!(MergedProfile::decode_block(&block), Err(error), "{what}");
    }
}

/// A day of a version as a large fleet has it: few stacks in most installations, many in few.
fn large_day(stacks: usize, functions: usize) -> MergedProfile {
    let mut random = StdRng::seed_from_u64(7);
    let mut ids = |count: usize| {
        let mut ids: Vec<u64> = (0..count).map(|_| random.random()).collect();
        ids.sort_unstable();
        ids
    };
    let (stack_ids, function_ids) = (ids(stacks), ids(functions));
    let mut installations = || (20_000.0 * random.random::<f64>().powi(6)) as u32 + 1;
    MergedProfile {
        days: 1,
        installations: 20_000,
        observations: 20_000,
        stacks: stack_ids
            .into_iter()
            .map(|id| {
                let installations = installations();
                StackTotals {
                    id: StackId(id),
                    value: u128::from(installations) * 10_101_010 * u128::from(id % 97 + 1),
                    share: u64::from(installations) * (id % 40_000_000),
                    installations,
                }
            })
            .collect(),
        functions: function_ids
            .into_iter()
            .map(|id| {
                let installations = installations();
                let share = id % 40_000_000;
                let total = ShareMoments {
                    sum: u64::from(installations) * share,
                    squares: u128::from(installations) * u128::from(share).pow(2),
                };
                let own = if id % 3 == 0 { total } else { ShareMoments::default() };
                FunctionTotals { id: FunctionId(id), installations, own, total }
            })
            .collect(),
    }
}

#[test]
fn a_day_of_nine_thousand_stacks_takes_less_than_thirty_bytes_a_stack() {
    let block = large_day(9_000, 3_000).encode_block().expect("memory");
    let stacks_only = MergedProfile { functions: Vec::new(), ..large_day(9_000, 0) };
    let stacks_only = stacks_only.encode_block().expect("memory");
    println!(
        "9,000 stacks and 3,000 functions: {} bytes, of which the stacks {} ({:.1} each)",
        block.len(),
        stacks_only.len(),
        stacks_only.len() as f64 / 9_000.0
    );
    assert!(block.len() < 9_000 * 30, "{} bytes", block.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_block_is_read_as_it_was_written(profile in any_profile()) {
        let block = profile.encode_block().expect("memory");
        prop_assert_eq!(MergedProfile::decode_block(&block), Ok(profile));
    }

    #[test]
    fn a_damaged_block_is_noticed(
        installations in proptest::collection::vec(any_installation(), 0..12),
        place: prop::sample::Index,
        change in 1_u8..,
    ) {
        let profile = RandomFleet::default().profile(&installations);
        let mut block = profile.encode_block().expect("memory");
        let place = place.index(block.len());
        block[place] ^= change;
        if let Ok(read) = MergedProfile::decode_block(&block) {
            prop_assert_eq!(read, profile, "what differs in nothing but a hint of zstd");
        }
    }

    #[test]
    fn any_columns_are_a_profile_or_damage(columns: Vec<u8>) {
        if let Some(profile) = read_columns(&columns) {
            let block = profile.encode_block().expect("memory");
            prop_assert_eq!(MergedProfile::decode_block(&block), Ok(profile));
        }
        MergedProfile::decode_block(&columns).ok();
    }
}
