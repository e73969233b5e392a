//! Which installations are in which published cell, found from the published labels alone, and whether a
//! difference of cells tells of a small group. For tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answer::{BaseCellName, CellLabel, PublishedDay},
    fleet_day::{FleetDay, InstallationRow},
    rule::PublicationRule,
    tables::{PublishedTable, TableKind},
};

/// A cell of a table, or of the base partition without table and label.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CellOfTable {
    /// The table.
    pub table: Option<PublishedTable>,
    /// The cell of the base partition.
    pub base: BaseCellName,
    /// The label.
    pub label: Option<CellLabel>,
}

/// Which cells of a release an installation is in.
#[derive(Debug)]
pub struct CellFinder<'a> {
    day: &'a FleetDay,
    bases: BTreeSet<&'a BaseCellName>,
    /// By table and cell of the base partition: the labels that are shown.
    labels: BTreeMap<(PublishedTable, &'a BaseCellName), BTreeSet<&'a CellLabel>>,
    tables: Vec<PublishedTable>,
}

impl<'a> CellFinder<'a> {
    /// Reads a release that was made of a day.
    pub fn new(day: &'a FleetDay, published: &'a PublishedDay) -> Self {
        let mut labels: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for table in published.tables.iter().filter(|table| has_labels(table.table.definition().kind)) {
            for cell in &table.cells {
                labels.entry((table.table, &cell.base)).or_default().extend(&cell.label);
            }
        }
        let bases = published.base.iter().map(|cell| &cell.base).collect();
        let tables = published.tables.iter().map(|table| table.table).collect();
        Self { day, bases, labels, tables }
    }

    /// The cell of the base partition that an installation is in. None if nothing is published.
    fn base_of(&self, row: &InstallationRow) -> Option<&'a BaseCellName> {
        let (version, database) = leaf_names(self.day, row);
        BaseCellName::candidates(version, database)
            .iter()
            .find_map(|candidate| self.bases.get(candidate).copied())
    }

    fn label(&self, table: PublishedTable, label: u32) -> CellLabel {
        CellLabel::Name(self.day.names[table.position()].name(label).to_owned())
    }

    /// All cells that an installation is in.
    pub(crate) fn cells_of(&self, row: &InstallationRow) -> Vec<CellOfTable> {
        let Some(base) = self.base_of(row) else { return Vec::new() };
        let mut cells = vec![CellOfTable { table: None, base: base.clone(), label: None }];
        for table in &self.tables {
            let Some(shown) = self.labels.get(&(*table, base)) else { continue };
            let mut add = |label| {
                cells.push(CellOfTable { table: Some(*table), base: base.clone(), label: Some(label) })
            };
            for label in row.labels_in(*table).map(|label| self.label(*table, label)) {
                if shown.contains(&label) {
                    add(label);
                } else if table.definition().kind == TableKind::OneLabel && shown.contains(&CellLabel::Other)
                {
                    add(CellLabel::Other);
                }
            }
        }
        cells
    }
}

impl BaseCellName {
    /// The cells of a base partition that a version and a database may be in; the first that is published has
    /// them.
    pub(crate) fn candidates(version: &str, database: &str) -> [Self; 5] {
        let version = CellLabel::Name(version.to_owned());
        let database = CellLabel::Name(database.to_owned());
        [
            Self { version: version.clone(), database: None },
            Self { version: version.clone(), database: Some(database) },
            Self { version, database: Some(CellLabel::Other) },
            Self { version: CellLabel::Other, database: None },
            Self { version: CellLabel::Other, database: Some(CellLabel::Other) },
        ]
    }
}

fn leaf_names<'a>(day: &'a FleetDay, row: &InstallationRow) -> (&'a str, &'a str) {
    let database = row.labels_in(PublishedTable::Databases).next().unwrap_or(0);
    let databases = &day.names[PublishedTable::Databases.position()];
    (day.versions.name(row.version), databases.name(database))
}

/// The counted installations of one version with one database.
#[derive(Clone, Debug)]
pub(crate) struct CountedLeaf {
    pub(crate) version: String,
    pub(crate) database: String,
    pub(crate) installs: u32,
    /// How many of them have a label of a table.
    pub(crate) labels: Vec<((PublishedTable, String), u32)>,
}

/// The exact numbers of a day, however it is released.
#[derive(Clone, Debug)]
pub struct LeafCounts {
    pub(crate) leaves: Vec<CountedLeaf>,
}

impl LeafCounts {
    pub(crate) fn new(rule: &PublicationRule, day: &FleetDay) -> Self {
        let mut leaves: BTreeMap<_, (u32, BTreeMap<_, u32>)> = BTreeMap::new();
        for row in
            day.installations.iter().filter(|row| row.days_since_first_seen >= rule.days_before_counted)
        {
            let (installs, labels) = leaves.entry(leaf_names(day, row)).or_default();
            *installs += 1;
            row.labels.iter().for_each(|label| *labels.entry(*label).or_default() += 1);
        }
        let named = |((table, label), installs): ((PublishedTable, u32), u32)| {
            ((table, day.names[table.position()].name(label).to_owned()), installs)
        };
        let leaves = leaves.into_iter().map(|((version, database), (installs, labels))| CountedLeaf {
            version: version.to_owned(),
            database: database.to_owned(),
            installs,
            labels: labels.into_iter().map(named).collect(),
        });
        Self { leaves: leaves.collect() }
    }
}

/// The installations in each published cell, by position in the day.
fn members_by_cell(
    rule: &PublicationRule,
    day: &FleetDay,
    published: &PublishedDay,
) -> BTreeMap<CellOfTable, BTreeSet<usize>> {
    let finder = CellFinder::new(day, published);
    let mut members: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for cell in &published.base {
        members.insert(CellOfTable { table: None, base: cell.base.clone(), label: None }, BTreeSet::new());
    }
    for table in published.tables.iter().filter(|table| has_labels(table.table.definition().kind)) {
        for cell in &table.cells {
            let (base, label) = (cell.base.clone(), cell.label.clone());
            members.insert(CellOfTable { table: Some(table.table), base, label }, BTreeSet::new());
        }
    }
    for (position, row) in day.installations.iter().enumerate() {
        if row.days_since_first_seen >= rule.days_before_counted {
            for cell in finder.cells_of(row) {
                members.entry(cell).or_default().insert(position);
            }
        }
    }
    members
}

/// What is wrong with a release as far as groups that are too small go. Empty if nothing is.
///
/// Every cell has the smallest group. In a table with one label an installation is in exactly one cell. In a table
/// of sets the rest of each cell, and every difference that two cells of it or their rests make, is empty or has
/// the smallest group.
pub fn structural_faults(rule: &PublicationRule, day: &FleetDay, published: &PublishedDay) -> Vec<String> {
    let members = members_by_cell(rule, day, published);
    let mut faults = Vec::new();
    let is_small = |installs: usize| (1..rule.smallest_group as usize).contains(&installs);
    for (cell, its) in &members {
        if its.len() < rule.smallest_group as usize {
            faults.push(format!("{cell:?} has {} installations", its.len()));
        }
    }
    let counts = |row: &&InstallationRow| row.days_since_first_seen >= rule.days_before_counted;
    let counted = day.installations.iter().filter(counts).count();
    let mut partitions: Vec<_> = published
        .tables
        .iter()
        .filter(|table| table.table.definition().kind == TableKind::OneLabel)
        .map(|table| Some(table.table))
        .collect();
    partitions.push(None);
    for table in partitions.into_iter().filter(|_| !published.base.is_empty()) {
        let sizes = members.iter().filter(|(cell, _)| cell.table == table).map(|(_, its)| its.len());
        let sum: usize = sizes.sum();
        if sum != counted {
            faults.push(format!("the cells of {table:?} have {sum} of {counted} installations"));
        }
    }
    let sets = published.tables.iter().filter(|table| table.table.definition().kind == TableKind::LabelSet);
    for (table, base) in sets.flat_map(|table| published.base.iter().map(|base| (table.table, base))) {
        let whole = &members[&CellOfTable { table: None, base: base.base.clone(), label: None }];
        let labels = members.iter().filter(|(cell, _)| cell.table == Some(table) && cell.base == base.base);
        let labels: Vec<_> = labels.map(|(_, its)| its).collect();
        for (position, first) in labels.iter().enumerate() {
            if is_small(whole.difference(first).count()) {
                faults.push(format!("the rest of a label of {table:?} in {base:?} is small"));
            }
            for second in &labels[position + 1..] {
                let both = first.intersection(second).count();
                let parts = [
                    both,
                    first.len() - both,
                    second.len() - both,
                    whole.len() + both - first.len() - second.len(),
                ];
                // With all four parts occupied, no number of one follows from the published ones.
                if parts.contains(&0) && parts.iter().any(|part| is_small(*part)) {
                    faults.push(format!("two labels of {table:?} in {base:?} part it in {parts:?}"));
                }
            }
        }
    }
    faults
}

/// Whether a table counts labels.
fn has_labels(kind: TableKind) -> bool {
    matches!(kind, TableKind::OneLabel | TableKind::LabelSet)
}
