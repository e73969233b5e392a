//! The exact numbers of a day that the rule begins with.

use std::collections::HashMap;

use super::{
    fleet_day::{FleetDay, InstallationRow},
    rule::{BasePartition, PublicationRule},
    tables::PublishedTable,
};

/// The installations of one version, or of one version with one database.
pub(crate) struct BaseLeaf {
    pub(crate) version: u32,
    pub(crate) database: Option<u32>,
    pub(crate) installs: u32,
}

/// The installations of a day that count, and the leaf of each.
pub(crate) struct CountedDay<'a> {
    pub(crate) day: &'a FleetDay,
    /// Ordered by the names of version and database.
    pub(crate) leaves: Vec<BaseLeaf>,
    rows: Vec<(&'a InstallationRow, usize)>,
}

impl<'a> CountedDay<'a> {
    pub(crate) fn new(rule: &PublicationRule, day: &'a FleetDay) -> Self {
        let counts = |row: &&InstallationRow| row.days_since_first_seen >= rule.days_before_counted;
        let keyed: Vec<_> =
            day.installations.iter().filter(counts).map(|row| (row, leaf_key(rule, row))).collect();
        let mut installs = HashMap::new();
        keyed.iter().for_each(|(_, key)| *installs.entry(*key).or_insert(0_u32) += 1);
        let mut leaves: Vec<_> = installs
            .into_iter()
            .map(|((version, database), installs)| BaseLeaf { version, database, installs })
            .collect();
        let databases = &day.names[PublishedTable::Databases.position()];
        leaves.sort_by_key(|leaf| {
            (day.versions.name(leaf.version), leaf.database.map(|database| databases.name(database)))
        });
        let positions: HashMap<_, _> = leaves
            .iter()
            .enumerate()
            .map(|(position, leaf)| ((leaf.version, leaf.database), position))
            .collect();
        let rows = keyed.into_iter().map(|(row, key)| (row, positions[&key])).collect();
        Self { day, leaves, rows }
    }

    /// Every installation that counts, with the cell of the base partition that its leaf is in.
    pub(crate) fn rows<'b>(
        &'b self,
        cell_of_leaf: &'b [usize],
    ) -> impl Iterator<Item = (&'a InstallationRow, usize)> + 'b {
        self.rows.iter().map(|(row, leaf)| (*row, cell_of_leaf[*leaf]))
    }
}

fn leaf_key(rule: &PublicationRule, row: &InstallationRow) -> (u32, Option<u32>) {
    let database = match rule.base {
        BasePartition::Version => None,
        BasePartition::VersionAndDatabase => row.labels_in(PublishedTable::Databases).next(),
    };
    (row.version, database)
}

/// How many installations of each cell of the base partition have each label of a table.
pub(crate) struct LabelCounts {
    labels: usize,
    counts: Vec<u32>,
}

impl LabelCounts {
    pub(crate) fn new(cells: usize, labels: usize) -> Self {
        Self { labels, counts: vec![0; cells * labels] }
    }

    pub(crate) fn add(&mut self, cell: usize, label: u32) {
        self.counts[cell * self.labels + label as usize] += 1;
    }

    /// The labels of a cell that somebody has, and their numbers.
    pub(crate) fn of_cell(&self, cell: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let row = &self.counts[cell * self.labels..][..self.labels];
        (0..).zip(row.iter().copied()).filter(|(_, installs)| *installs > 0)
    }
}

/// The label counts of every table that has labels, by its position in the list.
pub(crate) fn count_labels(
    counted: &CountedDay<'_>,
    cells: usize,
    cell_of_leaf: &[usize],
) -> Vec<LabelCounts> {
    let mut counts: Vec<LabelCounts> =
        counted.day.names.iter().map(|names| LabelCounts::new(cells, names.len())).collect();
    for (row, cell) in counted.rows(cell_of_leaf) {
        for (table, label) in &row.labels {
            counts[table.position()].add(cell, *label);
        }
    }
    counts
}
