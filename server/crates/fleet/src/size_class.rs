//! Classes of installations by the number of nodes that they observe.

use serde::{Deserialize, Serialize};

/// A class of sizes. Orders from small to large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum SizeClass {
    /// No nodes: nothing is observed.
    None,
    /// 1 to 3 nodes.
    UpTo3,
    /// 4 to 10 nodes.
    UpTo10,
    /// 11 to 30 nodes.
    UpTo30,
    /// 31 to 100 nodes.
    UpTo100,
    /// 101 to 300 nodes.
    UpTo300,
    /// More than 300 nodes.
    Larger,
}

impl SizeClass {
    /// All classes, from small to large.
    pub const ALL: [Self; 7] =
        [Self::None, Self::UpTo3, Self::UpTo10, Self::UpTo30, Self::UpTo100, Self::UpTo300, Self::Larger];

    /// The class of an installation that observes so many nodes.
    #[must_use]
    pub const fn of_nodes(nodes: u64) -> Self {
        match nodes {
            0 => Self::None,
            1..=3 => Self::UpTo3,
            4..=10 => Self::UpTo10,
            11..=30 => Self::UpTo30,
            31..=100 => Self::UpTo100,
            101..=300 => Self::UpTo300,
            _ => Self::Larger,
        }
    }

    /// The range of nodes: `0`, `1-3`, … `301+`. Parameters and answers of the API have this text.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::UpTo3 => "1-3",
            Self::UpTo10 => "4-10",
            Self::UpTo30 => "11-30",
            Self::UpTo100 => "31-100",
            Self::UpTo300 => "101-300",
            Self::Larger => "301+",
        }
    }

    /// The class with this label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.label() == label)
    }

    /// The position among all classes.
    #[must_use]
    pub const fn position(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_the_nodes_of_its_class() {
        for (nodes, label) in [
            (0, "0"),
            (1, "1-3"),
            (3, "1-3"),
            (4, "4-10"),
            (30, "11-30"),
            (31, "31-100"),
            (300, "101-300"),
            (301, "301+"),
            (u64::MAX, "301+"),
        ] {
            assert_eq!(SizeClass::of_nodes(nodes).label(), label, "{nodes}");
            assert_eq!(SizeClass::from_label(label), Some(SizeClass::of_nodes(nodes)));
        }
        assert_eq!(SizeClass::from_label("2"), None);
    }

    #[test]
    fn positions_are_in_order() {
        for (position, class) in (0..).zip(SizeClass::ALL) {
            assert_eq!(class.position(), position);
        }
    }
}
