//! The installations of one product on one day, as the rule for what is published takes them.

use std::collections::{HashMap, HashSet};

use super::tables::{PUBLISHED_TABLES, PublishedTable, TableKind};

/// The label of an installation that has none in a table where each has one.
pub(crate) const UNKNOWN: &str = "unknown";

/// Why an installation was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FleetDayError {
    /// It was there before.
    #[error("an installation was added to day {day} twice")]
    InstallationTwice {
        /// Days since 1970-01-01.
        day: u32,
    },
    /// A table where each installation has one label.
    #[error("an installation has the labels {first:?} and {second:?} in {table:?}, where each has one")]
    SecondLabel {
        /// The table.
        table: PublishedTable,
        /// The label that came first.
        first: String,
        /// The label that came after it.
        second: String,
    },
    /// Labels for a table of amounts, or the other way round.
    #[error("{table:?} does not take {given}")]
    WrongKind {
        /// The table.
        table: PublishedTable,
        /// What was given: `labels` or `amounts`.
        given: &'static str,
    },
    /// Amounts are finite and not negative.
    #[error("an installation has the amount {amount} in {table:?}")]
    WrongAmount {
        /// The table.
        table: PublishedTable,
        /// The amount.
        amount: f64,
    },
}

/// What is known of one installation on one day.
#[derive(Clone, Copy, Debug)]
pub struct InstallationFacts<'a> {
    /// The keyed hash of its UUID.
    pub installation: u64,
    /// The version, as it came last.
    pub version: &'a str,
    /// Whole days since the day it was first seen.
    pub days_since_first_seen: u32,
    /// Its labels. A label that is given twice counts once.
    pub labels: &'a [(PublishedTable, &'a str)],
    /// Its amounts, with the label in tables that have an amount for each label, and an empty text in others.
    /// Those of the same table and label are added up.
    pub amounts: &'a [(PublishedTable, &'a str, f64)],
}

/// The installations of one product on one day.
#[derive(Clone, Debug)]
pub struct FleetDay {
    pub(crate) day: u32,
    pub(crate) versions: FleetDayNames,
    /// The names of each table, by its position in the list. Amounts use the names of the table of labels.
    pub(crate) names: Vec<FleetDayNames>,
    pub(crate) installations: Vec<InstallationRow>,
    known: HashSet<u64>,
}

/// One installation with numbers for names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InstallationRow {
    pub(crate) installation: u64,
    pub(crate) days_since_first_seen: u32,
    pub(crate) version: u32,
    /// Sorted by table and label.
    pub(crate) labels: Vec<(PublishedTable, u32)>,
    /// Sorted by table and label.
    pub(crate) amounts: Vec<(PublishedTable, u32, f64)>,
}

impl InstallationRow {
    /// The labels in one table.
    pub(crate) fn labels_in(&self, table: PublishedTable) -> impl Iterator<Item = u32> + '_ {
        let first = self.labels.partition_point(|(its, _)| *its < table);
        self.labels[first..].iter().take_while(move |(its, _)| *its == table).map(|(_, label)| *label)
    }

    /// The amounts in one table.
    pub(crate) fn amounts_in(&self, table: PublishedTable) -> impl Iterator<Item = (u32, f64)> + '_ {
        let first = self.amounts.partition_point(|(its, _, _)| *its < table);
        let rest = self.amounts[first..].iter().take_while(move |(its, _, _)| *its == table);
        rest.map(|(_, label, amount)| (*label, *amount))
    }
}

impl FleetDay {
    /// A day without installations; days count from 1970-01-01.
    pub fn new(day: u32) -> Self {
        let names = PUBLISHED_TABLES.iter().map(|_| FleetDayNames::default()).collect();
        Self {
            day,
            versions: FleetDayNames::default(),
            names,
            installations: Vec::new(),
            known: HashSet::new(),
        }
    }

    /// Days since 1970-01-01.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// How many installations were added.
    pub fn installations(&self) -> usize {
        self.installations.len()
    }

    /// Adds an installation.
    ///
    /// # Errors
    ///
    /// It was added before, or its labels or amounts are not what their tables take. Nothing is added then.
    pub fn add_installation(&mut self, facts: InstallationFacts<'_>) -> Result<(), FleetDayError> {
        check_labels(facts.labels)?;
        check_amounts(facts.amounts)?;
        if !self.known.insert(facts.installation) {
            return Err(FleetDayError::InstallationTwice { day: self.day });
        }
        let labels = self.numbered_labels(facts.labels);
        let amounts = self.numbered_amounts(facts.amounts);
        let version = self.versions.number(facts.version);
        self.installations.push(InstallationRow {
            installation: facts.installation,
            days_since_first_seen: facts.days_since_first_seen,
            version,
            labels,
            amounts,
        });
        Ok(())
    }

    fn numbered_labels(&mut self, labels: &[(PublishedTable, &str)]) -> Vec<(PublishedTable, u32)> {
        let mut numbered: Vec<_> = labels
            .iter()
            .map(|(table, label)| (*table, self.names[table.position()].number(label)))
            .collect();
        for definition in PUBLISHED_TABLES.iter().filter(|definition| definition.kind == TableKind::OneLabel)
        {
            if !labels.iter().any(|(table, _)| *table == definition.table) {
                numbered.push((definition.table, self.names[definition.table.position()].number(UNKNOWN)));
            }
        }
        numbered.sort_unstable();
        numbered.dedup();
        numbered
    }

    fn numbered_amounts(
        &mut self,
        amounts: &[(PublishedTable, &str, f64)],
    ) -> Vec<(PublishedTable, u32, f64)> {
        let mut numbered: Vec<_> = amounts
            .iter()
            .map(|(table, label, amount)| {
                let names = match table.definition().kind {
                    TableKind::AmountPerLabel { labels_of } => labels_of,
                    _ => *table,
                };
                (*table, self.names[names.position()].number(label), *amount)
            })
            .collect();
        numbered.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        numbered.dedup_by(|later, earlier| {
            let is_same = (later.0, later.1) == (earlier.0, earlier.1);
            if is_same {
                earlier.2 += later.2;
            }
            is_same
        });
        numbered
    }
}

fn check_labels(labels: &[(PublishedTable, &str)]) -> Result<(), FleetDayError> {
    for (position, (table, label)) in labels.iter().enumerate() {
        match table.definition().kind {
            TableKind::LabelSet => {}
            TableKind::OneLabel => {
                let first = labels[..position].iter().find(|(its, before)| its == table && before != label);
                if let Some((_, first)) = first {
                    let (first, second) = ((*first).to_owned(), (*label).to_owned());
                    return Err(FleetDayError::SecondLabel { table: *table, first, second });
                }
            }
            TableKind::Amount | TableKind::AmountPerLabel { .. } => {
                return Err(FleetDayError::WrongKind { table: *table, given: "labels" });
            }
        }
    }
    Ok(())
}

fn check_amounts(amounts: &[(PublishedTable, &str, f64)]) -> Result<(), FleetDayError> {
    for (table, _, amount) in amounts {
        if matches!(table.definition().kind, TableKind::OneLabel | TableKind::LabelSet) {
            return Err(FleetDayError::WrongKind { table: *table, given: "amounts" });
        }
        if !amount.is_finite() || *amount < 0.0 {
            return Err(FleetDayError::WrongAmount { table: *table, amount: *amount });
        }
    }
    Ok(())
}

/// Names and the numbers that stand for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct FleetDayNames {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl FleetDayNames {
    /// The number of a name, a new one if it has none.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name that a number stands for.
    pub(crate) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(
        labels: &'a [(PublishedTable, &'a str)],
        amounts: &'a [(PublishedTable, &'a str, f64)],
    ) -> InstallationFacts<'a> {
        InstallationFacts { installation: 7, version: "1.0", days_since_first_seen: 9, labels, amounts }
    }

    #[test]
    fn an_installation_that_does_not_fit_the_tables_is_refused_with_the_reason() {
        use PublishedTable::{Clouds, CpuUsage, Databases};
        let cases = [
            (
                facts(&[(Databases, "sqlite"), (Databases, "mysql")], &[]),
                "an installation has the labels \"sqlite\" and \"mysql\" in Databases, where each has one",
            ),
            (facts(&[(CpuUsage, "x")], &[]), "CpuUsage does not take labels"),
            (facts(&[], &[(Clouds, "aws", 1.0)]), "Clouds does not take amounts"),
            (facts(&[], &[(CpuUsage, "", -1.0)]), "an installation has the amount -1 in CpuUsage"),
            (facts(&[], &[(CpuUsage, "", f64::NAN)]), "an installation has the amount NaN in CpuUsage"),
        ];
        for (facts, reason) in cases {
            let mut day = FleetDay::new(3);
            assert_eq!(day.add_installation(facts).unwrap_err().to_string(), reason);
            assert_eq!(day.installations(), 0);
        }
    }

    #[test]
    fn an_installation_is_added_once() {
        let mut day = FleetDay::new(3);
        day.add_installation(facts(&[], &[])).unwrap();
        let refused = day.add_installation(facts(&[], &[]));
        assert_eq!(refused, Err(FleetDayError::InstallationTwice { day: 3 }));
        assert_eq!(day.installations(), 1);
    }
}
