//! Lists the pages.

/// A page about the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FleetPage {
    /// How many installations there are, and how many stay.
    Overview,
    /// What releases changed.
    Changes,
    /// Which versions are in use.
    Versions,
    /// Which features are in use.
    Features,
    /// What surrounds installations, and how large they are.
    Environment,
    /// Which pages of the product are used.
    Usage,
    /// Processor, memory, stages and queries.
    Performance,
    /// Where the program spends its time.
    Profiles,
    /// What became of every report.
    Trust,
}

impl FleetPage {
    /// All pages, in the order of the navigation.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Changes,
        Self::Versions,
        Self::Features,
        Self::Environment,
        Self::Usage,
        Self::Performance,
        Self::Profiles,
        Self::Trust,
    ];

    /// Its address below that of the collector, without a slash.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Changes => "changes",
            Self::Versions => "versions",
            Self::Features => "features",
            Self::Environment => "environment",
            Self::Usage => "usage",
            Self::Performance => "performance",
            Self::Profiles => "profiles",
            Self::Trust => "trust",
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Changes => "Changes",
            Self::Versions => "Versions",
            Self::Features => "Features",
            Self::Environment => "Environment",
            Self::Usage => "Page views",
            Self::Performance => "Performance",
            Self::Profiles => "Profiles",
            Self::Trust => "Trust",
        }
    }

    /// Whether its numbers are known by version.
    #[must_use]
    pub const fn is_by_version(self) -> bool {
        !matches!(self, Self::Overview | Self::Changes | Self::Versions | Self::Trust)
    }

    /// Whether it has charts over time.
    #[must_use]
    pub const fn is_over_time(self) -> bool {
        matches!(self, Self::Overview | Self::Versions | Self::Trust)
    }

    /// Whether its numbers are known by kind of database and by size class.
    #[must_use]
    pub const fn is_by_size(self) -> bool {
        matches!(self, Self::Features | Self::Environment)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_page_has_an_address_and_a_title_of_its_own() {
        let paths: BTreeSet<_> = FleetPage::ALL.map(FleetPage::path).into();
        let titles: BTreeSet<_> = FleetPage::ALL.map(FleetPage::title).into();
        assert_eq!((paths.len(), titles.len()), (FleetPage::ALL.len(), FleetPage::ALL.len()));
    }
}
