//! Folding: groups that are too small become one group, `other`, that is not.

use super::{
    answer::{BaseCellName, CellLabel},
    counts::CountedDay,
    noise::{NoiseInput, ReleaseNoise},
    rule::{BasePartition, NoisyCount, PublicationRule},
    tables::PublishedTable,
};

/// What counts the cells of the base partition, in the noise's input.
const BASE: &str = "base";

/// A group before folding.
pub(crate) struct CountedGroup<'a, K> {
    pub(crate) key: K,
    /// Decides between equal numbers.
    pub(crate) name: &'a str,
    pub(crate) count: NoisyCount,
    /// Whether it may be shown if it is large enough.
    pub(crate) may_show: bool,
}

/// Groups after folding.
pub(crate) struct FoldedGroups<K> {
    /// The shown groups, the largest noisy number first.
    pub(crate) shown: Vec<(K, NoisyCount)>,
    /// The groups in `other`.
    pub(crate) folded: Vec<K>,
    /// How many installations `other` has, if it is shown. Groups may be folded without it only if none is shown.
    pub(crate) other: Option<NoisyCount>,
}

/// Folds the groups that are not shown. If they are too few together, the smallest shown group joins them: a
/// single hidden cell beside a known total would be no secret.
pub(crate) fn fold_groups<K: Copy>(
    rule: &PublicationRule,
    mut groups: Vec<CountedGroup<'_, K>>,
    noise_of_other: i64,
) -> FoldedGroups<K> {
    groups.sort_by(|a, b| b.count.noisy().cmp(&a.count.noisy()).then_with(|| a.name.cmp(b.name)));
    let is_shown =
        |group: &CountedGroup<'_, K>| group.may_show && rule.shows(group.count.installs, group.count.noise);
    let (mut shown, mut folded): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_shown);
    let mut installs: u32 = folded.iter().map(|group| group.count.installs).sum();
    let mut is_enough = rule.shows(installs, noise_of_other);
    if !folded.is_empty()
        && !is_enough
        && rule.folds()
        && let Some(smallest) = shown.pop()
    {
        installs += smallest.count.installs;
        folded.push(smallest);
        is_enough = true;
    }
    let other = NoisyCount { installs, noise: noise_of_other };
    FoldedGroups {
        other: (!folded.is_empty() && is_enough).then_some(other),
        shown: shown.into_iter().map(|group| (group.key, group.count)).collect(),
        folded: folded.into_iter().map(|group| group.key).collect(),
    }
}

/// A cell of the base partition.
pub(crate) struct BaseCell {
    pub(crate) name: BaseCellName,
    pub(crate) count: NoisyCount,
}

/// The base partition of a day.
pub(crate) struct FoldedBase {
    /// Ordered by name, `other` last.
    pub(crate) cells: Vec<BaseCell>,
    /// The cell of each leaf of [`CountedDay`].
    pub(crate) cell_of_leaf: Vec<usize>,
    /// How many versions have no cell of their own.
    pub(crate) folded_versions: usize,
}

/// Folds the rest of a version of which a database was folded. Whose cell is `other` is read from names: it would be
/// read as that rest.
fn with_rests_of_folded_versions(
    groups: FoldedGroups<usize>,
    names: &[(BaseCellName, NoisyCount)],
) -> FoldedGroups<usize> {
    let FoldedGroups { shown, mut folded, mut other } = groups;
    let name = |key: usize| names.get(key).map(|(name, _)| name);
    let is_rest = |(key, _): &(usize, NoisyCount)| {
        let rest = name(*key).filter(|name| name.database == Some(CellLabel::Other));
        rest.is_some_and(|rest| {
            folded.iter().any(|folded| name(*folded).is_some_and(|name| name.version == rest.version))
        })
    };
    let (rests, shown): (Vec<_>, Vec<_>) = shown.into_iter().partition(is_rest);
    for (key, count) in rests {
        folded.push(key);
        if let Some(other) = &mut other {
            other.installs += count.installs;
        }
    }
    FoldedGroups { shown, folded, other }
}

/// The base partition. None if all installations together are too few.
pub(crate) fn fold_base(
    rule: &PublicationRule,
    noise: &ReleaseNoise,
    counted: &CountedDay<'_>,
) -> Option<FoldedBase> {
    let mut groups = Vec::new();
    let mut name_of_leaf = Vec::with_capacity(counted.leaves.len());
    let count_of = |name: &BaseCellName, installs| NoisyCount {
        installs,
        noise: noise.whole(NoiseInput { counted: BASE, base: Some(name), labels: &[] }),
    };
    let top_other = BaseCellName {
        version: CellLabel::Other,
        database: (rule.base == BasePartition::VersionAndDatabase).then_some(CellLabel::Other),
    };
    // Leaves are ordered by version: each run of one version is folded by its databases first.
    for of_version in counted.leaves.chunk_by(|a, b| a.version == b.version) {
        let version = counted.day.versions.name(of_version[0].version);
        let named = |database| BaseCellName { version: CellLabel::Name(version.to_owned()), database };
        let mut rest = Vec::new();
        for leaf in of_version {
            let database = leaf.database.map(|database| {
                let names = &counted.day.names[PublishedTable::Databases.position()];
                CellLabel::Name(names.name(database).to_owned())
            });
            let name = named(database);
            let count = count_of(&name, leaf.installs);
            if rule.base == BasePartition::Version || rule.shows(leaf.installs, count.noise) {
                name_of_leaf.push(Some(name.clone()));
                groups.push((name, count));
            } else {
                rest.push(name_of_leaf.len());
                name_of_leaf.push(None);
            }
        }
        if !rest.is_empty() {
            let name = named(Some(CellLabel::Other));
            let first = name_of_leaf.len() - of_version.len();
            let installs = rest.iter().map(|leaf| of_version[leaf - first].installs).sum();
            let count = count_of(&name, installs);
            rest.iter().for_each(|leaf| name_of_leaf[*leaf] = Some(name.clone()));
            groups.push((name, count));
        }
    }
    let texts: Vec<String> = groups.iter().map(|(name, _)| format!("{name:?}")).collect();
    let candidates = groups.iter().zip(&texts).enumerate().map(|(key, ((_, count), text))| CountedGroup {
        key,
        name: text,
        count: *count,
        may_show: true,
    });
    let folded = fold_groups(rule, candidates.collect(), count_of(&top_other, 0).noise);
    let folded = with_rests_of_folded_versions(folded, &groups);
    let mut cells: Vec<BaseCell> = folded
        .shown
        .iter()
        .map(|(key, count)| BaseCell { name: groups[*key].0.clone(), count: *count })
        .collect();
    match folded.other {
        Some(count) => cells.push(BaseCell { name: top_other.clone(), count }),
        None if !folded.folded.is_empty() => return None,
        None => {}
    }
    if cells.is_empty() {
        return None;
    }
    cells.sort_by(|a, b| a.name.cmp(&b.name));
    let position = |name: &BaseCellName| cells.binary_search_by(|cell| cell.name.cmp(name));
    let other = position(&top_other).unwrap_or(0);
    let cell_of_leaf =
        name_of_leaf.iter().map(|name| name.as_ref().map_or(other, |name| position(name).unwrap_or(other)));
    let cell_of_leaf = cell_of_leaf.collect();
    let shown_versions = cells.chunk_by(|a, b| a.name.version == b.name.version);
    let shown_versions = shown_versions.filter(|run| run[0].name.version != CellLabel::Other).count();
    let versions = counted.leaves.chunk_by(|a, b| a.version == b.version).count();
    Some(FoldedBase { cell_of_leaf, folded_versions: versions - shown_versions, cells })
}
