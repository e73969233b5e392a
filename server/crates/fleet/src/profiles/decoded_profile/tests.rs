//! Tests the decoder of profiles.

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::profiles::{
    stack_identity::{TOO_LONG_NAME, UNREADABLE_NAME},
    test_profiles::{TestLine, TestLocation, TestProfile, TestSample, TestValueType, in_report},
};

const CPU: [&str; 2] = ["cpu", "nanoseconds"];
const GO_CPU: &[u8] = include_bytes!("../../../tests/fixtures/go_cpu.pb.gz");
const GO_HEAP: &[u8] = include_bytes!("../../../tests/fixtures/go_heap.pb.gz");

fn decode_cpu(profile: &TestProfile) -> Result<DecodedProfile, ProfileError> {
    decode_profile(ProfiledResource::Cpu, &profile.in_report())
}

/// The stacks as text, root first, with their values.
fn as_text(profile: &DecodedProfile) -> Vec<(String, u64)> {
    let text = |stack| profile.names(stack).collect::<Vec<_>>().join(";");
    profile.stacks.iter().map(|stack| (text(stack), stack.value)).collect()
}

fn two_stacks() -> TestProfile {
    TestProfile::of_stacks(CPU, &[(&["main", "run"], 30), (&["main"], 10)])
}

#[test]
fn a_profile_of_ours_becomes_stacks_with_the_largest_first() {
    let profile = TestProfile::of_stacks(
        CPU,
        &[(&["main", "idle"], 5), (&["main", "run", "work"], 30), (&["main", "idle"], 7), (&["none"], 0)],
    );
    let decoded = decode_cpu(&profile).expect("a profile");
    assert_eq!(as_text(&decoded), [("main;run;work".to_owned(), 30), ("main;idle".to_owned(), 12)]);
    assert_eq!(decoded.total, 42);
    assert_eq!(decoded.functions.len(), 4, "functions without a stack are left out: {decoded:?}");
}

#[test]
fn an_empty_text_is_an_empty_profile() {
    assert_eq!(decode_profile(ProfiledResource::Heap, ""), Ok(DecodedProfile::default()));
}

#[test]
fn profiles_that_go_wrote_are_read() {
    let cpu = decode_profile(ProfiledResource::Cpu, &BASE64_STANDARD.encode(GO_CPU)).expect("a profile");
    // As `go tool pprof -top` says.
    assert_eq!(cpu.total, 570_000_000);
    let with = |name: &str| -> u64 {
        let has = |stack: &&DecodedStack| cpu.names(stack).any(|frame| frame == name);
        cpu.stacks.iter().filter(has).map(|stack| stack.value).sum()
    };
    assert_eq!(with("main.sortNumbers.func1"), 240_000_000);
    assert_eq!(with("sort.partition_func"), 460_000_000);

    let heap = decode_profile(ProfiledResource::Heap, &BASE64_STANDARD.encode(GO_HEAP)).expect("a profile");
    assert_eq!(heap.total / 1024, 8802);
    let names: Vec<_> = heap.names(&heap.stacks[0]).collect();
    assert_eq!(names, ["runtime.main", "main.main", "main.holdMemory"]);
}

#[test]
fn the_value_that_counts_is_found_by_its_name() {
    let mut profile = two_stacks();
    for (what, types, default, expected) in [
        ("by type and unit", [["cpu", "nanoseconds"], ["samples", "count"]], "samples", 2),
        ("the default one", [["wall", "nanoseconds"], ["samples", "count"]], "wall", 2),
        ("the last one", [["wall", "nanoseconds"], ["lock", "nanoseconds"]], "", 40),
        ("not by the type alone", [["cpu", "count"], ["samples", "count"]], "samples", 40),
    ] {
        profile.sample_type = types
            .map(|[kind, unit]| TestValueType { kind: profile.text(kind), unit: profile.text(unit) })
            .into();
        profile.default_sample_type = profile.text(default);
        assert_eq!(decode_cpu(&profile).expect(what).total, expected, "{what}");
    }
}

#[test]
fn inlined_functions_are_frames_and_addresses_without_a_name_too() {
    let mut profile = two_stacks();
    let inlined = |function_id| TestLine { function_id, line: 1 };
    profile.location.push(TestLocation { id: 900, address: 1, line: vec![inlined(2), inlined(1)] });
    profile.location.push(TestLocation { id: 800, address: 2, line: Vec::new() });
    profile.sample = vec![TestSample { location_id: vec![900, 800, 1], value: vec![1, 5] }];
    let decoded = decode_cpu(&profile).expect("a profile");
    assert_eq!(as_text(&decoded), [("run;(no name);run;main".to_owned(), 5)]);

    profile.sample = vec![TestSample { location_id: Vec::new(), value: vec![1, 5] }];
    assert_eq!(as_text(&decode_cpu(&profile).expect("a profile")), [("(no name)".to_owned(), 5)]);
}

#[test]
fn names_that_are_not_to_be_stored_are_replaced() {
    for (name, stored) in [
        (vec![b'x'; 256], "x".repeat(256)),
        (vec![b'x'; 257], TOO_LONG_NAME.to_owned()),
        (vec![b'x'; 1 << 20], TOO_LONG_NAME.to_owned()),
        (vec![0xff, 0xfe], UNREADABLE_NAME.to_owned()),
        (b"two\nlines".to_vec(), UNREADABLE_NAME.to_owned()),
        ("größe".as_bytes().to_vec(), "größe".to_owned()),
        (Vec::new(), UNNAMED_FUNCTION.to_owned()),
    ] {
        let mut profile = TestProfile::of_stacks(CPU, &[(&["main"], 1)]);
        profile.function[0].name = i64::try_from(profile.string_table.len()).expect("a small table");
        profile.string_table.push(name);
        assert_eq!(as_text(&decode_cpu(&profile).expect("a profile")), [(stored, 1)]);
    }
}

#[test]
fn functions_of_one_name_are_one_function() {
    let mut profile = TestProfile::of_stacks(CPU, &[(&["a"], 1), (&["b"], 2)]);
    profile.function[1].name = profile.function[0].name;
    let decoded = decode_cpu(&profile).expect("a profile");
    assert_eq!(as_text(&decoded), [("a".to_owned(), 3)]);
}

#[test]
fn the_middle_of_a_deep_stack_is_cut() {
    let names: Vec<String> = (0..1000).map(|depth| format!("f{depth}")).collect();
    for depth in [MAX_FRAMES - 1, MAX_FRAMES, MAX_FRAMES + 1, 1000] {
        let stack: Vec<&str> = names[..depth].iter().map(String::as_str).collect();
        let decoded = decode_cpu(&TestProfile::of_stacks(CPU, &[(&stack, 1)])).expect("a profile");
        let frames: Vec<&str> = decoded.names(&decoded.stacks[0]).collect();
        if depth <= MAX_FRAMES {
            assert_eq!(frames, stack);
            continue;
        }
        assert_eq!(frames.len(), MAX_FRAMES);
        assert_eq!(frames[..64], stack[..64]);
        assert_eq!(frames[64], CUT_FRAMES);
        assert_eq!(frames[65..], stack[depth - 63..]);
    }
}

#[test]
fn of_many_stacks_the_smallest_become_one() {
    let names: Vec<String> = (0..300).map(|number| format!("f{number}")).collect();
    let stacks: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
    let values = |count: usize| -> Vec<(&[&str], i64)> {
        stacks[..count].iter().zip(1..).map(|(stack, value)| (stack.as_slice(), value)).collect()
    };
    let all = decode_cpu(&TestProfile::of_stacks(CPU, &values(256))).expect("a profile");
    assert_eq!(all.stacks.len(), 256);
    assert!(all.stacks.iter().all(|stack| stack.id != StackId::other()));

    let most = decode_cpu(&TestProfile::of_stacks(CPU, &values(300))).expect("a profile");
    assert_eq!(most.stacks.len(), 256);
    assert_eq!(most.total, 300 * 301 / 2);
    assert_eq!(most.stacks.iter().map(|stack| stack.value).sum::<u64>(), most.total);
    let other = most.stacks.iter().find(|stack| stack.id == StackId::other()).expect("the others");
    assert_eq!(other.value, 45 * 46 / 2);
    assert_eq!(most.names(other).collect::<Vec<_>>(), [OTHER_FUNCTION]);

    let mut with_own = values(300);
    with_own.push((&[OTHER_FUNCTION], 1000));
    let most = decode_cpu(&TestProfile::of_stacks(CPU, &with_own)).expect("a profile");
    assert_eq!(most.stacks[0].id, StackId::other());
    assert_eq!(most.stacks.iter().map(|stack| stack.value).sum::<u64>(), most.total);
}

#[test]
fn a_profile_that_contradicts_itself_is_refused() {
    type Change = fn(&mut TestProfile);
    let changes: [(Change, ProfileError); 13] = [
        (|profile| profile.sample[0].location_id[0] = 77, ProfileError::MissingLocation(77)),
        (|profile| profile.sample[0].location_id[0] = 0, ProfileError::MissingLocation(0)),
        (|profile| profile.location[0].line[0].function_id = 78, ProfileError::MissingFunction(78)),
        (|profile| profile.function[0].name = 79, ProfileError::MissingText(79)),
        (|profile| profile.function[0].name = -1, ProfileError::MissingText(u64::MAX)),
        (|profile| profile.function[0].name = i64::MAX, ProfileError::MissingText(i64::MAX as u64)),
        (|profile| profile.sample_type[0].unit = 80, ProfileError::MissingText(80)),
        (|profile| profile.function[1].id = 1, ProfileError::UnusableId(1)),
        (|profile| profile.location[1].id = 1, ProfileError::UnusableId(1)),
        (|profile| profile.location[1].id = 0, ProfileError::UnusableId(0)),
        (|profile| profile.sample[1].value[1] = -5, ProfileError::NegativeValue(-5)),
        (
            |profile| profile.sample[1].value.truncate(1),
            ProfileError::WrongNumberOfValues { found: 1, expected: 2 },
        ),
        (|profile| profile.sample_type.clear(), ProfileError::NoValues),
    ];
    for (change, error) in changes {
        let mut profile = two_stacks();
        change(&mut profile);
        assert_eq!(decode_cpu(&profile), Err(error));
    }
}

#[test]
fn values_whose_sum_no_program_reaches_are_refused() {
    let most = i64::try_from(MAX_TOTAL).expect("a small number");
    let total = |values: [i64; 2]| {
        decode_cpu(&TestProfile::of_stacks(CPU, &[(&["a"], values[0]), (&["b"], values[1])]))
            .map(|profile| profile.total)
    };
    assert_eq!(total([most - 1, 1]), Ok(MAX_TOTAL));
    assert_eq!(total([most, 1]), Err(ProfileError::TotalTooLarge));
    assert_eq!(total([i64::MAX, i64::MAX]), Err(ProfileError::TotalTooLarge));
}

#[test]
fn what_is_no_profile_is_refused() {
    let valid = two_stacks().in_report();
    let gzipped = BASE64_STANDARD.decode(&valid).expect("base64");
    for (what, text, error) in [
        ("no base64", "***".to_owned(), ProfileError::NotBase64),
        ("no gzip", BASE64_STANDARD.encode("profile"), ProfileError::NotGzip),
        ("half of it", BASE64_STANDARD.encode(&gzipped[..gzipped.len() / 2]), ProfileError::NotGzip),
        ("bytes behind it", BASE64_STANDARD.encode([&gzipped[..], b"more"].concat()), ProfileError::NotGzip),
        ("no message", in_report(b"profile"), ProfileError::NotPprof),
        ("a text for a number", in_report(&[0x72, 1, b'1']), ProfileError::NotPprof),
        ("nothing in it", in_report(b""), ProfileError::NoValues),
    ] {
        assert_eq!(decode_profile(ProfiledResource::Cpu, &text), Err(error), "{what}");
    }
}

#[test]
fn a_profile_larger_than_any_honest_one_is_refused() {
    let text = "A".repeat(MAX_ENCODED_BYTES + 1);
    assert_eq!(decode_profile(ProfiledResource::Cpu, &text), Err(ProfileError::TooLong(text.len())));

    let bomb = in_report(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    assert_eq!(decode_profile(ProfiledResource::Cpu, &bomb), Err(ProfileError::TooLarge));

    // Two bytes each: an empty message.
    for (field, what) in
        [(1, "sample types"), (2, "samples"), (4, "locations"), (5, "functions"), (6, "texts")]
    {
        let empty_messages = [field << 3 | 2, 0].repeat(300_000);
        let refused = decode_profile(ProfiledResource::Cpu, &in_report(&empty_messages));
        assert!(
            matches!(&refused, Err(ProfileError::TooMany { what: found, .. }) if *found == what),
            "{what}: {refused:?}"
        );
    }
}

#[test]
fn a_location_of_many_functions_in_a_sample_of_many_locations_is_not_expanded() {
    let mut profile = two_stacks();
    profile.location[0].line = vec![TestLine { function_id: 1, line: 0 }; 200_000];
    profile.sample = vec![TestSample { location_id: vec![1; 200_000], value: vec![1, 5] }; 4];
    let decoded = decode_cpu(&profile).expect("a profile");
    assert_eq!(decoded.stacks.len(), 1);
    assert_eq!(decoded.stacks[0].frames.len(), MAX_FRAMES);
    assert_eq!(decoded.total, 20);
}

/// What every decoded profile promises.
fn check_promises(profile: &DecodedProfile) {
    assert!(profile.stacks.len() <= MAX_STACKS);
    assert!(profile.total <= MAX_TOTAL);
    assert_eq!(profile.stacks.iter().map(|stack| stack.value).sum::<u64>(), profile.total);
    assert!(profile.stacks.is_sorted_by(|left, right| left.value >= right.value));
    for function in &profile.functions {
        assert!((1..=256).contains(&function.name.len()), "{function:?}");
        assert_eq!(function.id, FunctionId::from_name(&function.name));
    }
    for stack in &profile.stacks {
        assert!(stack.value > 0 && (1..=MAX_FRAMES).contains(&stack.frames.len()));
        let frames = stack.frames.iter().map(|&frame| profile.functions[frame as usize].id);
        assert_eq!(stack.id, StackId::from_frames(frames));
    }
}

fn any_stacks() -> impl Strategy<Value = Vec<(Vec<String>, i64)>> {
    let name = prop_oneof![
        8 => (0..40).prop_map(|number| format!("module::function{number}")),
        1 => Just(OTHER_FUNCTION.to_owned()),
    ];
    let stack = proptest::collection::vec(name, 1..12);
    proptest::collection::vec((stack, 0_i64..1000), 0..40)
}

fn with_stacks(stacks: &[(Vec<String>, i64)]) -> TestProfile {
    let names: Vec<(Vec<&str>, i64)> =
        stacks.iter().map(|(stack, value)| (stack.iter().map(String::as_str).collect(), *value)).collect();
    let stacks: Vec<(&[&str], i64)> = names.iter().map(|(stack, value)| (stack.as_slice(), *value)).collect();
    TestProfile::of_stacks(CPU, &stacks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_stacks_are_read_as_they_were_written(stacks in any_stacks()) {
        let decoded = decode_cpu(&with_stacks(&stacks)).expect("a profile");
        check_promises(&decoded);
        let mut expected = std::collections::BTreeMap::<String, u64>::new();
        for (stack, value) in stacks.iter().filter(|(_, value)| *value > 0) {
            *expected.entry(stack.join(";")).or_default() += value.cast_unsigned();
        }
        prop_assert_eq!(as_text(&decoded).into_iter().collect::<std::collections::BTreeMap<_, _>>(), expected);
    }

    #[test]
    fn any_bytes_are_a_profile_or_an_error(bytes: Vec<u8>, resource in any_resource()) {
        for text in [in_report(&bytes), BASE64_STANDARD.encode(&bytes), String::from_utf8_lossy(&bytes).into()] {
            if let Ok(profile) = decode_profile(resource, &text) {
                check_promises(&profile);
            }
        }
    }

    #[test]
    fn a_damaged_profile_is_a_profile_or_an_error(
        stacks in any_stacks(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        is_packed: bool,
    ) {
        let mut bytes = with_stacks(&stacks).encode_to_vec();
        if is_packed {
            bytes = BASE64_STANDARD.decode(in_report(&bytes)).expect("base64");
        }
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let text = if is_packed { BASE64_STANDARD.encode(&bytes) } else { in_report(&bytes) };
        if let Ok(profile) = decode_profile(ProfiledResource::Cpu, &text) {
            check_promises(&profile);
        }
    }

    #[test]
    fn a_damaged_profile_of_go_is_a_profile_or_an_error(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = unpack(GO_CPU).expect("gzip");
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(profile) = decode_profile(ProfiledResource::Cpu, &in_report(&bytes)) {
            check_promises(&profile);
        }
    }
}

fn any_resource() -> impl Strategy<Value = ProfiledResource> {
    prop_oneof![Just(ProfiledResource::Cpu), Just(ProfiledResource::Heap)]
}
