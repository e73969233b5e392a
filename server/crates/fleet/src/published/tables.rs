//! The closed list of the tables that are published.

use serde::{Deserialize, Serialize};

/// A table that is published. Every one is counted inside of the cells of the base partition.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedTable {
    /// The type of the settings database.
    Databases,
    /// The number of nodes, in classes.
    Nodes,
    /// The number of applications, in classes.
    Applications,
    /// Which integrations are configured or seen.
    Integrations,
    /// Which types of destinations for alerts are configured.
    AlertingDestinations,
    /// Which inspections have thresholds of their own.
    InspectionsOverridden,
    /// Which clouds the nodes are in.
    Clouds,
    /// Which types of services run.
    Services,
    /// Which types of services are monitored by an exporter.
    InstrumentedServices,
    /// Which classes of screens the browsers have.
    ScreenSizes,
    /// Which pages were viewed.
    Pages,
    /// How often pages were viewed.
    PageViews,
    /// CPU used by the server, in cores.
    CpuUsage,
    /// Memory used by the server, in bytes.
    MemoryUsage,
}

/// What an installation has in a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableKind {
    /// Exactly one label. An installation without one has the label `unknown`.
    OneLabel,
    /// Any number of labels.
    LabelSet,
    /// An amount for each label that it has in another table, added up over installations.
    AmountPerLabel {
        /// The table of the labels.
        labels_of: PublishedTable,
    },
    /// One amount, added up over installations and shown in percentiles.
    Amount,
}

/// One row of the list.
#[derive(Clone, Copy, Debug)]
pub struct TableDefinition {
    /// The table.
    pub table: PublishedTable,
    /// Its name in the noise's input. It never changes.
    pub name: &'static str,
    /// What an installation has in it.
    pub kind: TableKind,
    /// Whether its labels are names that nobody listed before: such a name is shown only if it was large
    /// enough in the release before too, and never alone.
    pub open_names: bool,
}

const fn row(
    table: PublishedTable,
    name: &'static str,
    kind: TableKind,
    open_names: bool,
) -> TableDefinition {
    TableDefinition { table, name, kind, open_names }
}

/// The list. A table that is not here is not published.
pub const PUBLISHED_TABLES: [TableDefinition; 14] = [
    row(PublishedTable::Databases, "databases", TableKind::OneLabel, false),
    row(PublishedTable::Nodes, "nodes", TableKind::OneLabel, false),
    row(PublishedTable::Applications, "applications", TableKind::OneLabel, false),
    row(PublishedTable::Integrations, "integrations", TableKind::LabelSet, false),
    row(PublishedTable::AlertingDestinations, "alerting_destinations", TableKind::LabelSet, false),
    row(PublishedTable::InspectionsOverridden, "inspections_overridden", TableKind::LabelSet, true),
    row(PublishedTable::Clouds, "clouds", TableKind::LabelSet, true),
    row(PublishedTable::Services, "services", TableKind::LabelSet, true),
    row(PublishedTable::InstrumentedServices, "instrumented_services", TableKind::LabelSet, true),
    row(PublishedTable::ScreenSizes, "screen_sizes", TableKind::LabelSet, false),
    row(PublishedTable::Pages, "pages", TableKind::LabelSet, true),
    row(
        PublishedTable::PageViews,
        "page_views",
        TableKind::AmountPerLabel { labels_of: PublishedTable::Pages },
        true,
    ),
    row(PublishedTable::CpuUsage, "cpu_usage", TableKind::Amount, false),
    row(PublishedTable::MemoryUsage, "memory_usage", TableKind::Amount, false),
];

impl PublishedTable {
    /// The position in [`PUBLISHED_TABLES`], whose order is that of the variants.
    pub(crate) fn position(self) -> usize {
        self as usize
    }

    /// The row of the list.
    pub fn definition(self) -> &'static TableDefinition {
        &PUBLISHED_TABLES[self.position()]
    }
}

/// The classes that numbers of nodes and applications are published in: 0, 1, 2–3, 4–7, … up to 4096 and more.
pub(crate) const COUNT_CLASSES: [&str; 14] = [
    "0",
    "1",
    "2-3",
    "4-7",
    "8-15",
    "16-31",
    "32-63",
    "64-127",
    "128-255",
    "256-511",
    "512-1023",
    "1024-2047",
    "2048-4095",
    "4096+",
];

/// The class of a number.
pub fn count_class(number: u64) -> &'static str {
    COUNT_CLASSES[count_class_place(number)]
}

/// The place of a number's class in [`COUNT_CLASSES`].
pub(crate) fn count_class_place(number: u64) -> usize {
    let class = number.checked_ilog2().map_or(0, |power| power as usize + 1);
    class.min(COUNT_CLASSES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_listed_in_the_order_of_their_variants() {
        for (position, definition) in PUBLISHED_TABLES.iter().enumerate() {
            assert_eq!(definition.table.position(), position, "{}", definition.name);
            assert_eq!(serde_json::to_value(definition.table).unwrap(), definition.name);
        }
    }

    #[test]
    fn size_classes_double() {
        for (number, class) in [
            (0, "0"),
            (1, "1"),
            (2, "2-3"),
            (3, "2-3"),
            (4, "4-7"),
            (1023, "512-1023"),
            (4095, "2048-4095"),
            (4096, "4096+"),
            (u64::MAX, "4096+"),
        ] {
            assert_eq!(count_class(number), class, "{number}");
        }
    }
}
