//! A release beside the exact numbers of its cells, as the attacker sees it who knows all other installations.

use std::collections::{BTreeMap, HashMap};

use crate::published::{
    BaseCellName, CellLabel, PublishedDay, PublishedTable, TableKind,
    structure::{CellOfTable, LeafCounts},
};

/// A published number and the number that it was made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellNumbers {
    pub(crate) noisy: i64,
    pub(crate) exact: u32,
}

/// A release.
#[derive(Debug)]
pub(crate) struct ReleaseView {
    numbers: HashMap<CellOfTable, CellNumbers>,
    /// How many installations of a cell of the base partition have a label, shown or not.
    exact: HashMap<BaseCellName, BTreeMap<(PublishedTable, String), u32>>,
    tables: Vec<PublishedTable>,
}

impl ReleaseView {
    pub(crate) fn new(leaves: &LeafCounts, published: &PublishedDay) -> Self {
        let mut numbers = HashMap::new();
        let mut exact: HashMap<BaseCellName, BTreeMap<_, u32>> = HashMap::new();
        for cell in &published.base {
            let name = CellOfTable { table: None, base: cell.base.clone(), label: None };
            numbers.insert(name, CellNumbers { noisy: cell.installs, exact: 0 });
            exact.insert(cell.base.clone(), BTreeMap::new());
        }
        for table in &published.tables {
            for cell in &table.cells {
                let (base, label) = (cell.base.clone(), cell.label.clone());
                let name = CellOfTable { table: Some(table.table), base, label };
                numbers.insert(name, CellNumbers { noisy: cell.installs, exact: 0 });
            }
        }
        let tables = published.tables.iter().map(|table| table.table).collect();
        let mut view = Self { numbers, exact, tables };
        for leaf in &leaves.leaves {
            let Some(base) = view.base(&leaf.version, &leaf.database) else { continue };
            let name = CellOfTable { table: None, base: base.clone(), label: None };
            view.add(&name, leaf.installs);
            for ((table, label), installs) in &leaf.labels {
                if let Some(counts) = view.exact.get_mut(&base) {
                    *counts.entry((*table, label.clone())).or_default() += installs;
                }
                if view.tables.contains(table)
                    && let Some(name) = view.cell(&base, *table, label)
                {
                    view.add(&name, *installs);
                }
            }
        }
        view
    }

    fn add(&mut self, cell: &CellOfTable, installs: u32) {
        if let Some(numbers) = self.numbers.get_mut(cell) {
            numbers.exact += installs;
        }
    }

    /// The cell of the base partition for a version and a database.
    fn base(&self, version: &str, database: &str) -> Option<BaseCellName> {
        BaseCellName::candidates(version, database).into_iter().find(|name| self.exact.contains_key(name))
    }

    /// The cell that a label counts in.
    fn cell(&self, base: &BaseCellName, table: PublishedTable, label: &str) -> Option<CellOfTable> {
        let cell = |label| CellOfTable { table: Some(table), base: base.clone(), label: Some(label) };
        let named = cell(CellLabel::Name(label.to_owned()));
        if self.numbers.contains_key(&named) {
            return Some(named);
        }
        let other = cell(CellLabel::Other);
        (table.definition().kind == TableKind::OneLabel && self.numbers.contains_key(&other)).then_some(other)
    }

    /// What an installation with a version and labels would be in.
    pub(crate) fn memberships(&self, version: &str, labels: &[(PublishedTable, &str)]) -> Memberships {
        let database = labels.iter().find(|(table, _)| *table == PublishedTable::Databases);
        let mut memberships = Memberships::default();
        let Some(base) = self.base(version, database.map_or("", |(_, label)| label)) else {
            return memberships;
        };
        memberships.cells.push(CellOfTable { table: None, base: base.clone(), label: None });
        for (table, label) in labels.iter().filter(|(table, _)| self.tables.contains(table)) {
            let cell = self.cell(&base, *table, label);
            if cell.as_ref().is_none_or(|cell| cell.label == Some(CellLabel::Other)) {
                let label = CellLabel::Name((*label).to_owned());
                memberships.hidden.push(CellOfTable {
                    table: Some(*table),
                    base: base.clone(),
                    label: Some(label),
                });
            }
            memberships.cells.extend(cell);
        }
        memberships
    }

    /// The numbers of a cell, if it is shown.
    pub(crate) fn numbers(&self, cell: &CellOfTable) -> Option<CellNumbers> {
        self.numbers.get(cell).copied()
    }

    /// How many installations a label has that is not shown.
    pub(crate) fn hidden_installs(&self, cell: &CellOfTable) -> u32 {
        let (Some(table), Some(CellLabel::Name(label))) = (cell.table, &cell.label) else { return 0 };
        let counts = self.exact.get(&cell.base);
        counts.and_then(|counts| counts.get(&(table, label.clone()))).copied().unwrap_or(0)
    }

    /// The cells with their numbers.
    #[cfg(test)]
    pub(crate) fn all_numbers(&self) -> impl Iterator<Item = (&CellOfTable, &CellNumbers)> {
        self.numbers.iter()
    }
}

/// The cells that an installation is in.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    pub(crate) cells: Vec<CellOfTable>,
    /// Labels of it that are not shown.
    pub(crate) hidden: Vec<CellOfTable>,
}
