//! Tables where an installation has any number of labels.
//!
//! Each label parts a cell of the base partition in two: those that have it and the rest. Both have to be large
//! enough. Two labels part it in four. If one of the four is empty, the others follow from published numbers, so
//! two of them that are small are never published together.

use super::{
    counts::{CountedDay, LabelCounts},
    fold::FoldedBase,
    noise::{NoiseInput, ReleaseNoise},
    rule::{NoisyCount, PublicationRule},
    tables::TableDefinition,
};

/// The labels of one cell of the base partition.
#[derive(Default)]
pub(crate) struct ShownLabels {
    /// Those with a number, the largest noisy number first.
    pub(crate) shown: Vec<(u32, NoisyCount)>,
    /// Those that all others but few have.
    pub(crate) without_number: Vec<u32>,
}

impl ShownLabels {
    /// All of them.
    pub(crate) fn labels(&self) -> impl Iterator<Item = u32> + '_ {
        self.shown.iter().map(|(label, _)| *label).chain(self.without_number.iter().copied())
    }

    /// Takes out those that do not fulfil a condition.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(u32) -> bool) {
        self.shown.retain(|(label, _)| is_kept(*label));
        self.without_number.retain(|label| is_kept(*label));
    }
}

/// The labels that are large enough by themselves in each cell.
pub(crate) fn large_labels(
    rule: &PublicationRule,
    noise: &ReleaseNoise,
    definition: &TableDefinition,
    counted: &CountedDay<'_>,
    base: &FoldedBase,
    counts: &LabelCounts,
) -> Vec<ShownLabels> {
    let names = &counted.day.names[definition.table.position()];
    let of_cell = |(position, cell): (usize, &super::fold::BaseCell)| {
        let mut labels = ShownLabels::default();
        for (label, installs) in counts.of_cell(position) {
            if !rule.shows(installs, rule.noise_cut) {
                continue;
            }
            let input =
                NoiseInput { counted: definition.name, base: Some(&cell.name), labels: &[names.name(label)] };
            let count = NoisyCount { installs, noise: noise.whole(input) };
            if !rule.shows(installs, count.noise) {
                continue;
            }
            if rule.shows_rest(cell.count, count) {
                labels.shown.push((label, count));
            } else {
                labels.without_number.push(label);
            }
        }
        labels.shown.sort_by(|(a, a_count), (b, b_count)| {
            b_count.noisy().cmp(&a_count.noisy()).then_with(|| names.name(*a).cmp(names.name(*b)))
        });
        labels.without_number.sort_by_key(|label| names.name(*label));
        labels
    };
    base.cells.iter().enumerate().map(of_cell).collect()
}

/// Takes out labels until no two of a cell part it so that two of the four parts are small. The label with the
/// smaller number goes.
pub(crate) fn drop_telling_pairs(
    rule: &PublicationRule,
    noise: &ReleaseNoise,
    definition: &TableDefinition,
    counted: &CountedDay<'_>,
    base: &FoldedBase,
    labels: &mut [ShownLabels],
) {
    if !rule.folds() {
        return;
    }
    let both = PairCounts::new(definition, counted, base, labels);
    let names = &counted.day.names[definition.table.position()];
    for (position, (cell, labels)) in base.cells.iter().zip(labels).enumerate() {
        let candidates = std::mem::take(&mut labels.shown);
        let mut kept: Vec<usize> = Vec::new();
        for (later, (label, count)) in candidates.iter().enumerate() {
            let is_telling = kept.iter().any(|earlier| {
                let (before, its_count) = candidates[*earlier];
                let both = both.installs(position, *earlier, later);
                let parts = [
                    both,
                    its_count.installs - both,
                    count.installs - both,
                    cell.count.installs + both - its_count.installs - count.installs,
                ];
                let is_small = |(part, installs): (&str, u32)| {
                    let pair = [part, names.name(before), names.name(*label)];
                    let input =
                        NoiseInput { counted: definition.name, base: Some(&cell.name), labels: &pair };
                    !rule.surely_shows(installs) && !rule.shows(installs, noise.whole(input))
                };
                ["both", "first", "second", "none"]
                    .into_iter()
                    .zip(parts)
                    .filter(|part| is_small(*part))
                    .count()
                    > 1
            });
            if !is_telling {
                kept.push(later);
            }
        }
        labels.shown = kept.into_iter().map(|place| candidates[place]).collect();
    }
}

/// How many installations of each cell have both of two candidates.
struct PairCounts {
    /// Per cell: the number of candidates and a square of counts.
    cells: Vec<(usize, Vec<u32>)>,
}

impl PairCounts {
    fn new(
        definition: &TableDefinition,
        counted: &CountedDay<'_>,
        base: &FoldedBase,
        labels: &[ShownLabels],
    ) -> Self {
        const NO_CANDIDATE: usize = usize::MAX;
        let width = counted.day.names[definition.table.position()].len();
        let mut place_of = vec![NO_CANDIDATE; width * labels.len()];
        for (cell, labels) in labels.iter().enumerate() {
            for (place, (label, _)) in labels.shown.iter().enumerate() {
                place_of[cell * width + *label as usize] = place;
            }
        }
        let mut cells: Vec<_> = labels
            .iter()
            .map(|labels| (labels.shown.len(), vec![0; labels.shown.len() * labels.shown.len()]))
            .collect();
        let mut places = Vec::new();
        for (row, cell) in counted.rows(&base.cell_of_leaf) {
            places.clear();
            let candidates =
                row.labels_in(definition.table).map(|label| place_of[cell * width + label as usize]);
            places.extend(candidates.filter(|place| *place != NO_CANDIDATE));
            let (candidates, counts) = &mut cells[cell];
            for (position, one) in places.iter().enumerate() {
                for other in &places[position + 1..] {
                    counts[one.min(other) * *candidates + one.max(other)] += 1;
                }
            }
        }
        Self { cells }
    }

    fn installs(&self, cell: usize, earlier: usize, later: usize) -> u32 {
        let (candidates, counts) = &self.cells[cell];
        counts[earlier * candidates + later]
    }
}
