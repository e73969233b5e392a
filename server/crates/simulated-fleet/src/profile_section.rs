//! Makes up the profiles of a report.

use headcount_shared::payload::ProfileSection;

use crate::{
    day_schedule::ScheduledReport,
    profile_encoding::{ProfileFrame, ValuedStack, encoded},
    profile_stacks::{SimulatedProfileKind, StackCatalogue},
    release_history::ReleaseNumber,
    seeded_chance::{ChancePurpose, SeededChance},
};

/// The nanoseconds of CPU time from one sample to the next.
const SAMPLE_NANOS: i64 = 10_000_000;

/// The share of reports of installations whose kernel allows no profile.
const WITHOUT_PROFILE: f64 = 0.03;

impl StackCatalogue {
    /// The profiles of a report.
    pub(crate) fn section(
        &self,
        seed: u64,
        installation: u32,
        report: &ScheduledReport,
        release: ReleaseNumber,
    ) -> ProfileSection {
        let numbers = report.numbers(installation);
        let mut cpu = SeededChance::new(seed, ChancePurpose::CpuProfile, &numbers);
        let mut memory = SeededChance::new(seed, ChancePurpose::MemoryProfile, &numbers);
        if SeededChance::new(seed, ChancePurpose::CpuProfile, &[installation.into()]).happens(WITHOUT_PROFILE)
        {
            return ProfileSection::default();
        }
        let (from, to) = (report.from, report.made_at);
        let cpu_frame = ProfileFrame {
            values: [("samples", "count"), ("cpu", "nanoseconds")],
            period: SAMPLE_NANOS,
            from,
            to,
        };
        let memory_frame = ProfileFrame {
            values: [("inuse_objects", "count"), ("inuse_space", "bytes")],
            period: 512 * 1024,
            from,
            to,
        };
        let samples = 8 + cpu.below(18);
        let cpu = self.stacks(SimulatedProfileKind::Cpu, release, samples, &mut cpu);
        let memory_samples = 3 + memory.below(8);
        let memory = self.stacks(SimulatedProfileKind::Memory, release, memory_samples, &mut memory);
        ProfileSection {
            from,
            to,
            cpu: encoded(cpu_frame, self.functions(), &cpu),
            memory: encoded(memory_frame, self.functions(), &memory),
        }
    }

    /// As many samples as given, those of equal stacks together.
    fn stacks(
        &self,
        kind: SimulatedProfileKind,
        release: ReleaseNumber,
        samples: u32,
        chance: &mut SeededChance,
    ) -> Vec<ValuedStack<'_>> {
        let mut chosen: Vec<(usize, ValuedStack<'_>)> = Vec::new();
        for _ in 0..samples {
            let (number, functions) = self.choose(kind, release, chance);
            let values = match kind {
                SimulatedProfileKind::Cpu => [1, SAMPLE_NANOS],
                SimulatedProfileKind::Memory => {
                    let objects = 1 + i64::from(chance.below(200));
                    [objects, objects * chance.log_normal(900.0, 1.0).round() as i64]
                }
            };
            match chosen.iter_mut().find(|(known, _)| *known == number) {
                Some((_, (_, sums))) => sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
                None => chosen.push((number, (functions, values))),
            }
        }
        chosen.sort_unstable_by_key(|(number, _)| *number);
        chosen.into_iter().map(|(_, stack)| stack).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        day_schedule::ReportingServer,
        profile_encoding::tests::{decoded, names},
        release_history::{DEARER_FUNCTION, DEARER_RELEASE, tests::history},
    };

    const SCHEDULED: ScheduledReport = ScheduledReport {
        server: ReportingServer::Leader,
        made_at: 1_000_000,
        time: 1.0,
        from: 996_400,
        seconds: 3600,
    };

    fn sections(release: ReleaseNumber, count: u32) -> Vec<ProfileSection> {
        let catalogue = StackCatalogue::new(12);
        (0..count).map(|installation| catalogue.section(3, installation, &SCHEDULED, release)).collect()
    }

    #[test]
    fn a_profile_covers_the_time_since_the_last_report_and_has_some_stacks() {
        let mut without = 0;
        for section in sections(ReleaseNumber(0), 200) {
            if section.cpu.is_empty() {
                assert_eq!(section, ProfileSection::default());
                without += 1;
                continue;
            }
            assert_eq!((section.from, section.to), (996_400, 1_000_000));
            let (cpu, memory) = (decoded(&section.cpu), decoded(&section.memory));
            assert!((5..=25).contains(&cpu.sample.len()), "{}", cpu.sample.len());
            assert!((2..=10).contains(&memory.sample.len()), "{}", memory.sample.len());
            assert!(cpu.sample.iter().all(|sample| sample.value[1] == sample.value[0] * SAMPLE_NANOS));
            assert!(memory.sample.iter().all(|sample| sample.value[1] > sample.value[0]));
            assert!(cpu.sample.iter().all(|sample| names(&cpu, sample).last().unwrap().starts_with("tokio")));
        }
        assert!((1..20).contains(&without), "{without}");
    }

    /// The share that each function takes itself in many profiles of a release.
    fn counted_shares(
        catalogue: &StackCatalogue,
        kind: SimulatedProfileKind,
        release: ReleaseNumber,
    ) -> BTreeMap<&'static str, f64> {
        let mut chance = SeededChance::new(7, ChancePurpose::CpuProfile, &[release.0 as u64]);
        let (mut all, mut by_function) = (0.0, BTreeMap::new());
        for _ in 0..5000 {
            for (functions, [_, value]) in catalogue.stacks(kind, release, 25, &mut chance) {
                all += value as f64;
                let innermost = catalogue.functions()[usize::from(functions[0])];
                *by_function.entry(innermost).or_default() += value as f64;
            }
        }
        by_function.into_iter().map(|(name, sum): (_, f64)| (name, sum / all)).collect()
    }

    #[test]
    fn the_functions_said_to_change_are_those_whose_shares_in_profiles_differ() {
        let history = history(90);
        let catalogue = StackCatalogue::new(history.releases().count());
        let truth = catalogue.changed_functions(&history);
        let newest: Vec<_> = history.releases().skip(DEARER_RELEASE.0).collect();
        let of_kind = |(kind, resource)| newest.iter().map(move |after| (kind, resource, *after));
        let kinds = [(SimulatedProfileKind::Cpu, "cpu"), (SimulatedProfileKind::Memory, "memory")];
        for (kind, resource, after) in kinds.into_iter().flat_map(of_kind) {
            let releases = [ReleaseNumber(after.0 - 1), after];
            let counted = releases.map(|release| counted_shares(&catalogue, kind, release));
            let (version, mut named) = (history.version(after), 0);
            for name in catalogue.functions() {
                let [before, since] =
                    counted.each_ref().map(|shares| shares.get(name).copied().unwrap_or_default());
                let larger = before.max(since);
                // More than four standard deviations of the share of so many samples.
                let tolerance = 0.025 * larger.max(1e-4).sqrt();
                let said = truth
                    .iter()
                    .find(|one| (&*one.version, &*one.resource, &*one.name) == (version, resource, *name));
                let agrees = match said {
                    Some(said) => {
                        (said.share_before - before).abs() < tolerance
                            && (said.share_after - since).abs() < tolerance
                    }
                    None => (before - since).abs() < tolerance + (larger * 0.1).max(0.001),
                };
                assert!(agrees, "{name} {version} {resource}: {before} {since}, but {said:?}");
                named += u32::from(said.is_some());
            }
            assert!(named > 0, "{version} {resource}");
        }
    }

    #[test]
    fn a_function_that_became_more_expensive_has_a_larger_share() {
        let share = |release: ReleaseNumber| {
            let (mut all, mut of_function) = (0, 0);
            for section in sections(release, 3000) {
                if section.cpu.is_empty() {
                    continue;
                }
                let profile = decoded(&section.cpu);
                for sample in &profile.sample {
                    all += sample.value[0];
                    if names(&profile, sample).first() == Some(&DEARER_FUNCTION) {
                        of_function += sample.value[0];
                    }
                }
            }
            of_function as f64 / all as f64
        };
        let (before, since) = (share(ReleaseNumber(DEARER_RELEASE.0 - 1)), share(DEARER_RELEASE));
        assert!((1.03..1.17).contains(&(since / before)), "{before} {since}");
    }
}
