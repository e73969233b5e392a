//! Decodes the profiles of a report, and notes their stacks in its typed form.

use headcount_fleet::{
    profiles::{DecodedProfile, ProfiledResource, decode_profile},
    typed_report::StackValue,
};
use headcount_shared::payload::ProfileSection;

/// The profiles of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReportProfiles {
    /// Where CPU time is spent.
    pub cpu: DecodedProfile,
    /// Which functions hold memory.
    pub heap: DecodedProfile,
    /// The number of profiles that cannot be read.
    pub unreadable: u64,
}

impl ReportProfiles {
    /// Decodes the profiles of a section. One that cannot be read is empty, and counted.
    pub(super) fn decode(section: &ProfileSection) -> Self {
        let mut unreadable = 0;
        let mut decoded = |resource, text: &str| {
            decode_profile(resource, text).unwrap_or_else(|_| {
                unreadable += 1;
                DecodedProfile::default()
            })
        };
        let (cpu, heap) =
            (decoded(ProfiledResource::Cpu, &section.cpu), decoded(ProfiledResource::Heap, &section.memory));
        Self { cpu, heap, unreadable }
    }

    /// Both profiles.
    pub(super) fn both(&self) -> [&DecodedProfile; 2] {
        [&self.cpu, &self.heap]
    }

    /// The memory that their names take, roughly.
    pub(super) fn held_bytes(&self) -> usize {
        let of_profile = |profile: &DecodedProfile| {
            let names: usize = profile.functions.iter().map(|function| function.name.len() + 48).sum();
            names + profile.stacks.iter().map(|stack| stack.frames.len() * 4 + 48).sum::<usize>()
        };
        self.both().into_iter().map(of_profile).sum()
    }
}

/// The stacks of a profile with their values.
pub(super) fn stack_values(profile: &DecodedProfile) -> Vec<StackValue> {
    profile.stacks.iter().map(|stack| StackValue { stack: stack.id.0, value: stack.value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_cannot_be_read_is_empty_and_counted() {
        let section =
            ProfileSection { cpu: "...".to_owned(), memory: String::new(), ..ProfileSection::default() };
        let profiles = ReportProfiles::decode(&section);
        assert_eq!((profiles.unreadable, profiles.cpu.stacks.len(), profiles.heap.stacks.len()), (1, 0, 0));
        assert_eq!(stack_values(&profiles.cpu), []);
    }
}
