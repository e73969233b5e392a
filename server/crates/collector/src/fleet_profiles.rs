//! Answers from merged profiles: flame graphs, their difference, and functions that became more expensive.

use headcount_fleet::{
    answers::answer_period::AnswerPeriod,
    profiles::{
        DEFAULT_MIN_SHARE, FlameDifference, FlameGraph, FlameMeasure, FlameSource, FunctionRanking,
        FunctionShare, MergedProfile, ProfiledResource, RankingRule, rank_functions,
    },
};
use headcount_shared::api::FleetScope;
use serde::Serialize;

use super::{
    fleet_reader::{FleetReadError, FleetReader, PeriodLayers, newest, on_other_thread},
    fleet_rollup::{merged_profile, profile_block_name, version_of_profile_block},
    report_store::{BlockLayer, StoredBlock},
};

/// The part of the significant changes that may be none.
const FALSE_DISCOVERY_RATE: f64 = 0.05;

/// The fewest installations of a version that a function must have to be compared.
const COMPARED_INSTALLATIONS: u32 = 10;

/// The profile of a version and period as it is stored.
struct PeriodProfile {
    blocks: Vec<StoredBlock>,
}

/// The profiles of two versions as they are stored.
struct StoredComparison {
    before: PeriodProfile,
    after: PeriodProfile,
}

/// The profiles of two versions.
struct ComparedProfiles {
    /// When the newest part was computed; `None` without profiles.
    computed_at: Option<u64>,
    before: MergedProfile,
    after: MergedProfile,
}

/// A flame graph.
#[derive(Debug, Serialize)]
pub(super) struct FlameGraphAnswer {
    #[serde(flatten)]
    scope: FleetScope,
    /// The days of which there is a profile.
    days: u32,
    /// The fewest different installations that the graph is made of.
    installations: u32,
    graph: FlameGraph,
}

impl FlameGraphAnswer {
    /// What the graph is about.
    pub(super) const fn scope(&self) -> &FleetScope {
        &self.scope
    }

    /// The fewest different installations that the graph is made of.
    pub(super) const fn installations(&self) -> u32 {
        self.installations
    }

    /// The graph.
    pub(super) const fn graph(&self) -> &FlameGraph {
        &self.graph
    }
}

/// What a comparison of two versions is about.
#[derive(Debug, Serialize)]
struct ComparisonScope {
    #[serde(flatten)]
    scope: FleetScope,
    before: String,
    after: String,
    /// The fewest different installations that the profile of the first version is made of.
    before_installations: u32,
    /// The same of the second version.
    after_installations: u32,
}

/// The difference of the flame graphs of two versions.
#[derive(Debug, Serialize)]
pub(super) struct FlameDifferenceAnswer {
    #[serde(flatten)]
    scope: ComparisonScope,
    difference: FlameDifference,
}

impl FlameDifferenceAnswer {
    /// What the difference is about.
    pub(super) const fn scope(&self) -> &FleetScope {
        &self.scope.scope
    }

    /// The fewest different installations that the profiles of both versions are made of.
    pub(super) const fn installations(&self) -> [u32; 2] {
        [self.scope.before_installations, self.scope.after_installations]
    }

    /// The difference.
    pub(super) const fn difference(&self) -> &FlameDifference {
        &self.difference
    }
}

/// Functions by how much more expensive they became.
#[derive(Debug, Serialize)]
pub(super) struct FunctionRankingAnswer {
    #[serde(flatten)]
    scope: ComparisonScope,
    #[serde(flatten)]
    ranking: FunctionRanking,
}

impl FunctionRankingAnswer {
    /// The rows of the ranking.
    pub(super) const fn ranking(&self) -> &FunctionRanking {
        &self.ranking
    }
}

/// The two versions that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ComparedVersions {
    /// The first one.
    pub(super) before: String,
    /// The second one.
    pub(super) after: String,
}

impl ComparedVersions {
    fn scope(self, scope: FleetScope, before: &MergedProfile, after: &MergedProfile) -> ComparisonScope {
        ComparisonScope {
            scope,
            before: self.before,
            after: self.after,
            before_installations: before.installations,
            after_installations: after.installations,
        }
    }
}

impl FleetReader {
    /// The flame graph of a version, or of all versions, over a period.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn flame_graph(
        &self,
        period: AnswerPeriod,
        resource: ProfiledResource,
        measure: FlameMeasure,
    ) -> Result<FlameGraphAnswer, FleetReadError> {
        let profile = self.period_profile(&period, resource, period.version.as_deref()).await?;
        let dictionary = self.dictionary().current().await?;
        on_other_thread(move || {
            let (computed_at, merged) = (newest(&profile.blocks), profile.merge()?);
            let source = FlameSource { profile: &merged, published: None };
            Ok(FlameGraphAnswer {
                scope: period.scope(computed_at),
                days: merged.days,
                installations: merged.installations,
                graph: FlameGraph::from_profile(&dictionary, source, measure, DEFAULT_MIN_SHARE),
            })
        })
        .await
    }

    /// The difference of the flame graphs of two versions over a period.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn flame_difference(
        &self,
        period: AnswerPeriod,
        resource: ProfiledResource,
        versions: ComparedVersions,
    ) -> Result<FlameDifferenceAnswer, FleetReadError> {
        let compared = self.compared_profiles(&period, resource, &versions).await?;
        let dictionary = self.dictionary().current().await?;
        on_other_thread(move || {
            let ComparedProfiles { computed_at, before, after } = compared.merge()?;
            let source = |profile| FlameSource { profile, published: None };
            Ok(FlameDifferenceAnswer {
                scope: versions.scope(period.scope(computed_at), &before, &after),
                difference: FlameDifference::between_profiles(
                    &dictionary,
                    source(&before),
                    source(&after),
                    DEFAULT_MIN_SHARE,
                ),
            })
        })
        .await
    }

    /// The functions of two versions over a period, those first that became more expensive.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn function_ranking(
        &self,
        period: AnswerPeriod,
        resource: ProfiledResource,
        versions: ComparedVersions,
        share: FunctionShare,
    ) -> Result<FunctionRankingAnswer, FleetReadError> {
        let compared = self.compared_profiles(&period, resource, &versions).await?;
        let dictionary = self.dictionary().current().await?;
        on_other_thread(move || {
            let ComparedProfiles { computed_at, before, after } = compared.merge()?;
            let rule = RankingRule {
                share,
                min_installations: COMPARED_INSTALLATIONS,
                false_discovery_rate: FALSE_DISCOVERY_RATE,
                symbols: None,
            };
            Ok(FunctionRankingAnswer {
                scope: versions.scope(period.scope(computed_at), &before, &after),
                ranking: rank_functions(&dictionary, &before, &after, rule),
            })
        })
        .await
    }

    async fn compared_profiles(
        &self,
        period: &AnswerPeriod,
        resource: ProfiledResource,
        versions: &ComparedVersions,
    ) -> Result<StoredComparison, FleetReadError> {
        let before = self.period_profile(period, resource, Some(&versions.before)).await?;
        let after = self.period_profile(period, resource, Some(&versions.after)).await?;
        Ok(StoredComparison { before, after })
    }

    /// The profiles of a period: of whole weeks where they are computed, and of days elsewhere.
    async fn period_profile(
        &self,
        period: &AnswerPeriod,
        resource: ProfiledResource,
        version: Option<&str>,
    ) -> Result<PeriodProfile, FleetReadError> {
        let AnswerPeriod { product, first, last, .. } = period;
        let names = match version {
            Some(version) => vec![profile_block_name(resource, version)],
            None => {
                let names = self.store().block_names(BlockLayer::Profiles, product, *first, *last).await?;
                names.into_iter().filter(|name| version_of_profile_block(resource, name).is_some()).collect()
            }
        };
        let mut blocks = Vec::new();
        for name in names {
            blocks.extend(self.blocks_of_period(PROFILE_LAYERS, product, &name, *first, *last).await?);
        }
        Ok(PeriodProfile { blocks })
    }
}

/// Where profiles are.
const PROFILE_LAYERS: PeriodLayers =
    PeriodLayers { days: BlockLayer::Profiles, weeks: BlockLayer::ProfileWeeks };

impl StoredComparison {
    fn merge(&self) -> Result<ComparedProfiles, FleetReadError> {
        let computed_at = newest(&self.before.blocks).max(newest(&self.after.blocks));
        Ok(ComparedProfiles { computed_at, before: self.before.merge()?, after: self.after.merge()? })
    }
}

impl PeriodProfile {
    fn merge(&self) -> Result<MergedProfile, FleetReadError> {
        Ok(merged_profile(&self.blocks)?)
    }
}
