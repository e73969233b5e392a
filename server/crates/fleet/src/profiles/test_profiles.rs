//! Profiles for tests: of a report, written by a generated encoder, and of a random fleet.

use std::{io::Write, num::NonZeroU32};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use prost::Message;

use super::{
    InstallationStacks, MergedProfile, ProfileDay, ProfiledResource, StackDictionary, StackId, VersionProfile,
};

/// `Profile` of `profile.proto`, with the fields that matter here.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TestProfile {
    #[prost(message, repeated, tag = "1")]
    pub(super) sample_type: Vec<TestValueType>,
    #[prost(message, repeated, tag = "2")]
    pub(super) sample: Vec<TestSample>,
    #[prost(message, repeated, tag = "4")]
    pub(super) location: Vec<TestLocation>,
    #[prost(message, repeated, tag = "5")]
    pub(super) function: Vec<TestFunction>,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(super) string_table: Vec<Vec<u8>>,
    #[prost(int64, tag = "12")]
    pub(super) period: i64,
    #[prost(int64, tag = "14")]
    pub(super) default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct TestValueType {
    #[prost(int64, tag = "1")]
    pub(super) kind: i64,
    #[prost(int64, tag = "2")]
    pub(super) unit: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TestSample {
    #[prost(uint64, repeated, tag = "1")]
    pub(super) location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub(super) value: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TestLocation {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(uint64, tag = "3")]
    pub(super) address: u64,
    #[prost(message, repeated, tag = "4")]
    pub(super) line: Vec<TestLine>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct TestLine {
    #[prost(uint64, tag = "1")]
    pub(super) function_id: u64,
    #[prost(int64, tag = "2")]
    pub(super) line: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct TestFunction {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(int64, tag = "2")]
    pub(super) name: i64,
}

impl TestProfile {
    /// A profile as our own profiler writes it: one location a function, a count and an amount a sample.
    pub(super) fn of_stacks(amount: [&str; 2], stacks: &[(&[&str], i64)]) -> Self {
        let mut profile = Self { string_table: vec![Vec::new()], period: 10, ..Self::default() };
        for [kind, unit] in [["samples", "count"], amount] {
            let (kind, unit) = (profile.text(kind), profile.text(unit));
            profile.sample_type.push(TestValueType { kind, unit });
        }
        profile.default_sample_type = profile.text(amount[0]);
        for (stack, value) in stacks {
            let location_id = stack.iter().rev().map(|name| profile.location(name)).collect();
            profile.sample.push(TestSample { location_id, value: vec![1, *value] });
        }
        profile
    }

    pub(super) fn text(&mut self, text: &str) -> i64 {
        let known = self.string_table.iter().position(|known| known == text.as_bytes());
        let position = known.unwrap_or_else(|| {
            self.string_table.push(text.as_bytes().to_vec());
            self.string_table.len() - 1
        });
        i64::try_from(position).expect("a small table")
    }

    fn location(&mut self, name: &str) -> u64 {
        let name = self.text(name);
        if let Some(function) = self.function.iter().find(|function| function.name == name) {
            return function.id;
        }
        let id = self.function.len() as u64 + 1;
        self.function.push(TestFunction { id, name });
        let line = vec![TestLine { function_id: id, line: 7 }];
        self.location.push(TestLocation { id, address: 4096 + id, line });
        id
    }

    /// As a report has it.
    pub(super) fn in_report(&self) -> String {
        in_report(&self.encode_to_vec())
    }
}

/// Bytes as a report has them: gzipped, in base64.
pub(super) fn in_report(bytes: &[u8]) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    BASE64_STANDARD.encode(encoder.finish().expect("memory"))
}

/// A random installation: version, resource, reports, and stacks of numbered functions with values.
#[derive(Debug, Clone)]
pub(super) struct RandomInstallation {
    pub(super) version: u8,
    pub(super) resource: ProfiledResource,
    pub(super) reports: u32,
    pub(super) stacks: Vec<(Vec<u8>, u64)>,
}

pub(super) fn any_installation() -> impl Strategy<Value = RandomInstallation> {
    let stack = (proptest::collection::vec(0_u8..6, 1..6), 0_u64..1000);
    let resource = prop_oneof![Just(ProfiledResource::Cpu), Just(ProfiledResource::Heap)];
    (0_u8..2, resource, 1_u32..4, proptest::collection::vec(stack, 0..6)).prop_map(
        |(version, resource, reports, stacks)| RandomInstallation { version, resource, reports, stacks },
    )
}

/// A version, an installation of it, and its stacks.
type PreparedInstallation<'a> = (String, &'a RandomInstallation, Vec<(StackId, u64)>);

/// A dictionary that knows all stacks of random installations.
#[derive(Debug, Default)]
pub(super) struct RandomFleet {
    pub(super) dictionary: StackDictionary,
}

impl RandomFleet {
    /// The number of the stack of these functions, root first.
    pub(super) fn stack(&mut self, functions: &[u8]) -> StackId {
        let names: Vec<String> = functions.iter().map(|function| format!("f{function}")).collect();
        self.dictionary.add_stack_names(names.iter().map(String::as_str))
    }

    /// The day of these installations.
    pub(super) fn day(&mut self, installations: &[RandomInstallation]) -> Vec<VersionProfile> {
        let prepared: Vec<PreparedInstallation<'_>> = installations
            .iter()
            .map(|installation| {
                let stacks = installation.stacks.iter().map(|(stack, value)| (self.stack(stack), *value));
                let stacks = stacks.collect();
                (format!("1.{}", installation.version), installation, stacks)
            })
            .collect();
        let mut day = ProfileDay::new(&self.dictionary);
        for (version, installation, stacks) in &prepared {
            day.add_installation(&InstallationStacks {
                version,
                resource: installation.resource,
                reports: NonZeroU32::new(installation.reports).expect("at least one"),
                stacks,
            });
        }
        assert_eq!(day.unknown_stacks(), 0);
        day.into_profiles()
    }

    /// The profile of version 1.0 for CPU time.
    pub(super) fn profile(&mut self, installations: &[RandomInstallation]) -> MergedProfile {
        let of_one_kind: Vec<_> = installations
            .iter()
            .cloned()
            .map(|installation| RandomInstallation {
                version: 0,
                resource: ProfiledResource::Cpu,
                ..installation
            })
            .collect();
        self.day(&of_one_kind).into_iter().next().map(|version| version.profile).unwrap_or_default()
    }
}
