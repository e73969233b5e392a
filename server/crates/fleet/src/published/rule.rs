//! The numbers of the rule for what is published, all in one place.
//!
//! The figures that they come from are in `docs/decisions/0023-what-is-published.md`.

use serde::{Deserialize, Serialize};

/// The least that the size of the smallest group can be set to.
pub const LEAST_SMALLEST_GROUP: u32 = 5;

/// A day of the week that is published is a Sunday: day 3 after 1970-01-01, a Thursday.
const FIRST_SUNDAY: u32 = 3;

/// Why a rule was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublicationRuleError {
    /// Groups would be too small.
    #[error(
        "the smallest group that is published has {0} installations; it needs at least {LEAST_SMALLEST_GROUP}"
    )]
    SmallestGroup(u32),
}

/// Which of the two releases of a day.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseStage {
    /// The first, two days after the day.
    Provisional,
    /// The last, when installations have delivered what they spooled. Nothing is computed again after it.
    Final,
}

impl ReleaseStage {
    /// The name in the noise's input and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Final => "final",
        }
    }
}

/// One of the independent parts that the noise of a cell is the sum of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoisePart {
    /// Its share of the standard deviation; only the ratio to the other parts matters.
    pub weight: f64,
    /// For how many releases it stays the same; for ever without.
    pub releases: Option<u32>,
    /// Whether it differs between the provisional and the final release of a day.
    pub by_stage: bool,
}

/// What the first partition, inside which all tables are counted, groups by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BasePartition {
    /// The version; the type of the database is a table like others.
    Version,
    /// The version and, within it, the type of the database.
    VersionAndDatabase,
}

/// How it is decided whether a group is large enough to be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GroupTest {
    /// By its noisy number, so that one installation more or less does not decide.
    Noisy,
    /// By its exact number.
    #[cfg(any(test, feature = "test-support"))]
    Exact,
    /// Every group with a member is shown.
    #[cfg(any(test, feature = "test-support"))]
    Off,
}

/// When which installations are published, in days.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReleaseSchedule {
    /// From a day that is published to the next one.
    pub every: u32,
    /// From a day to its provisional release.
    pub provisional_after: u32,
    /// From a day to its final release.
    pub final_after: u32,
    /// From the first report of an installation to the day on which it counts.
    pub counted_after: u32,
}

/// What may be published, in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicationRule {
    /// How many installations a cell has at least.
    pub(crate) smallest_group: u32,
    pub(crate) group_test: GroupTest,
    pub(crate) base: BasePartition,
    /// Days between two days that are published.
    pub(crate) release_every_days: u32,
    /// Standard deviation of the noise, in installations.
    pub(crate) noise_sd: f64,
    /// The noise is never larger, in installations.
    pub(crate) noise_cut: i64,
    pub(crate) noise_parts: Vec<NoisePart>,
    /// An installation counts from this day after it was first seen.
    pub(crate) days_before_counted: u32,
    /// Days after a day until its provisional release.
    pub(crate) provisional_after_days: u32,
    /// Days after a day until its final release.
    pub(crate) final_after_days: u32,
    /// The number of folded names is rounded to a multiple of this.
    pub(crate) names_rounded_to: u32,
    /// Noise of the number of folded names, as a part of that of a number of installations.
    pub(crate) noise_of_names: f64,
    /// A list of names shows at least so many.
    pub(crate) fewest_names: usize,
    /// A sum is hidden if the largest installation has more of it than this share.
    pub(crate) largest_share: f64,
    /// A sum is hidden if the two largest installations together have more of it than this share.
    pub(crate) largest_two_share: f64,
    /// An installation adds to a sum at most this percentile of the release before.
    pub(crate) cap_percentile: f64,
    /// The percentiles that are published.
    pub(crate) percentiles: Vec<f64>,
}

impl Default for PublicationRule {
    fn default() -> Self {
        Self {
            smallest_group: 10,
            group_test: GroupTest::Noisy,
            base: BasePartition::Version,
            release_every_days: 7,
            noise_sd: 25.0,
            noise_cut: 75,
            noise_parts: vec![
                NoisePart { weight: 4.0, releases: Some(1), by_stage: true },
                NoisePart { weight: 2.0, releases: Some(1), by_stage: false },
                NoisePart { weight: 1.0, releases: Some(8), by_stage: false },
                NoisePart { weight: 3.0, releases: None, by_stage: false },
            ],
            days_before_counted: 3,
            provisional_after_days: 2,
            final_after_days: 15,
            names_rounded_to: 5,
            noise_of_names: 0.25,
            fewest_names: 2,
            largest_share: 0.5,
            largest_two_share: 0.8,
            cap_percentile: 0.99,
            percentiles: vec![0.5, 0.95, 0.99],
        }
    }
}

impl PublicationRule {
    /// The rule with another size of the smallest group that is shown.
    ///
    /// # Errors
    ///
    /// The size is below [`LEAST_SMALLEST_GROUP`].
    pub fn with_smallest_group(installations: u32) -> Result<Self, PublicationRuleError> {
        if installations < LEAST_SMALLEST_GROUP {
            return Err(PublicationRuleError::SmallestGroup(installations));
        }
        Ok(Self { smallest_group: installations, ..Self::default() })
    }

    /// How many installations every published cell has at least.
    pub fn smallest_group(&self) -> u32 {
        self.smallest_group
    }

    /// The standard deviation of the noise of a number of installations.
    pub fn noise_sd(&self) -> f64 {
        self.noise_sd
    }

    /// The largest noise of a number of installations.
    pub fn noise_cut(&self) -> i64 {
        self.noise_cut
    }

    /// A group is shown if its noisy number is at least this: then it has [`Self::smallest_group`] members,
    /// whatever its noise is.
    pub fn shown_from(&self) -> i64 {
        i64::from(self.smallest_group) + self.noise_cut
    }

    /// When which installations are published.
    pub fn schedule(&self) -> ReleaseSchedule {
        ReleaseSchedule {
            every: self.release_every_days,
            provisional_after: self.provisional_after_days,
            final_after: self.final_after_days,
            counted_after: self.days_before_counted,
        }
    }

    /// Whether numbers of a day are published at all; days count from 1970-01-01.
    pub fn is_published_day(&self, day: u32) -> bool {
        (day + self.release_every_days) % self.release_every_days == FIRST_SUNDAY % self.release_every_days
    }

    /// The release of a published day that is due on another day, the later one if both are. None before the
    /// first, and for days that are not published.
    pub fn stage_due(&self, day: u32, today: u32) -> Option<ReleaseStage> {
        if !self.is_published_day(day) {
            return None;
        }
        match today.checked_sub(day)? {
            age if age >= self.final_after_days => Some(ReleaseStage::Final),
            age if age >= self.provisional_after_days => Some(ReleaseStage::Provisional),
            _ => None,
        }
    }

    /// The position of a day in the series of published days.
    pub(crate) fn release_number(&self, day: u32) -> u32 {
        day / self.release_every_days
    }

    /// Whether a group is shown by its exact number and its noise.
    pub(crate) fn shows(&self, installs: u32, noise: i64) -> bool {
        match self.group_test {
            GroupTest::Noisy => i64::from(installs) + noise >= self.shown_from(),
            #[cfg(any(test, feature = "test-support"))]
            GroupTest::Exact => installs >= self.smallest_group,
            #[cfg(any(test, feature = "test-support"))]
            GroupTest::Off => installs > 0,
        }
    }

    /// Whether a group is shown if its noise is the least possible: then the noise need not be computed.
    pub(crate) fn surely_shows(&self, installs: u32) -> bool {
        self.shows(installs, -self.noise_cut)
    }

    /// Whether the rest of a shown group beside a shown part of it is large enough, from the noisy numbers of
    /// both. With two noises in the difference, it has to be larger than a group.
    pub(crate) fn shows_rest(&self, whole: NoisyCount, part: NoisyCount) -> bool {
        match self.group_test {
            GroupTest::Noisy => whole.noisy() - part.noisy() >= self.shown_from() + self.noise_cut,
            #[cfg(any(test, feature = "test-support"))]
            GroupTest::Exact => whole.installs - part.installs >= self.smallest_group,
            #[cfg(any(test, feature = "test-support"))]
            GroupTest::Off => true,
        }
    }

    /// Whether groups are folded at all.
    pub(crate) fn folds(&self) -> bool {
        match self.group_test {
            GroupTest::Noisy => true,
            #[cfg(any(test, feature = "test-support"))]
            GroupTest::Exact => true,
            #[cfg(any(test, feature = "test-support"))]
            GroupTest::Off => false,
        }
    }
}

/// What an attacker knows of the rule, and rules that are weaker than the one that publishes, for the tests of what
/// each protection is worth.
#[cfg(any(test, feature = "test-support"))]
impl PublicationRule {
    /// Days after a day until its release.
    pub(crate) fn days_until(&self, stage: ReleaseStage) -> u32 {
        match stage {
            ReleaseStage::Provisional => self.provisional_after_days,
            ReleaseStage::Final => self.final_after_days,
        }
    }

    /// From which day after it was first seen an installation counts.
    pub(crate) fn first_counted_day(&self) -> u32 {
        self.days_before_counted
    }

    /// Whether numbers are without folding, so that a cell shows by being there that it has a member.
    pub(crate) fn shows_every_group(&self) -> bool {
        self.group_test == GroupTest::Off
    }

    /// Whether a group is shown by its noisy number.
    pub(crate) fn tests_noisy_numbers(&self) -> bool {
        self.group_test == GroupTest::Noisy
    }

    /// The covariance of the noise of a cell in two releases, each a day and a stage.
    pub(crate) fn noise_covariance(&self, first: (u32, ReleaseStage), second: (u32, ReleaseStage)) -> f64 {
        let [one, other] = [first, second].map(|(day, _)| self.release_number(day));
        let square = |part: &NoisePart| part.weight * part.weight;
        let is_shared = |part: &&NoisePart| {
            part.releases.is_none_or(|releases| one / releases == other / releases)
                && (!part.by_stage || first.1 == second.1)
        };
        let shared: f64 = self.noise_parts.iter().filter(is_shared).map(square).sum();
        let all: f64 = self.noise_parts.iter().map(square).sum();
        self.noise_sd * self.noise_sd * shared / all
    }

    /// The rule with every group shown, however small.
    #[must_use]
    pub fn without_folding(self) -> Self {
        Self { group_test: GroupTest::Off, ..self }
    }

    /// The rule with exact numbers.
    #[must_use]
    pub fn without_noise(self) -> Self {
        Self { noise_sd: 0.0, noise_cut: 0, ..self }
    }

    /// The rule with another standard deviation, and the noise cut at three of them.
    #[must_use]
    pub fn with_noise_sd(self, noise_sd: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a few hundred at most")]
        let noise_cut = (3.0 * noise_sd).ceil() as i64;
        Self { noise_sd, noise_cut, ..self }
    }

    /// The rule with a release of every day.
    #[must_use]
    pub fn released_daily(self) -> Self {
        Self { release_every_days: 1, ..self }
    }

    /// The rule with fresh noise in every release.
    #[must_use]
    pub fn with_fresh_noise(self) -> Self {
        let part = NoisePart { weight: 1.0, releases: Some(1), by_stage: false };
        Self { noise_parts: vec![part], ..self }
    }

    /// The rule with all tables inside of version and database.
    #[must_use]
    pub fn inside_databases(self) -> Self {
        Self { base: BasePartition::VersionAndDatabase, ..self }
    }

    /// The rule as it was designed before an attacker tried it: daily releases inside of version and
    /// database, a threshold of exact numbers, noise of standard deviation 2 that is fresh every day.
    pub fn as_first_designed() -> Self {
        let rule = Self::default().released_daily().inside_databases().with_fresh_noise().with_noise_sd(2.0);
        Self { group_test: GroupTest::Exact, ..rule }
    }
}

/// A number of installations with its noise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NoisyCount {
    pub(crate) installs: u32,
    pub(crate) noise: i64,
}

impl NoisyCount {
    /// What is published.
    pub(crate) fn noisy(self) -> i64 {
        i64::from(self.installs) + self.noise
    }
}
