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
    use super::*;
    use crate::{
        day_schedule::ReportingServer,
        profile_encoding::tests::{decoded, names},
        release_history::{DEARER_FUNCTION, DEARER_RELEASE},
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
