//! The prices of machines and managed databases per hour.

use std::{
    fmt,
    hash::{BuildHasher, Hasher},
};

use foldhash::quality::FixedState;

use super::node_price::{HourlyPrice, LifeCycle};

/// Prices of cloud providers, in US dollars.
///
/// Only hashes of the names are stored: there are tens of thousands of them, and they are never listed.
#[derive(Default)]
pub struct CloudPrices(Box<[PriceEntry]>);

/// A table of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PriceTable {
    /// By region and instance type.
    Compute,
    /// By region, engine and instance type.
    ManagedDatabase,
    /// By region, engine and instance type.
    ManagedCache,
}

/// The prices of an instance type.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct HourlyRates {
    /// On demand, or in one availability zone.
    pub(super) usual: Option<HourlyPrice>,
    /// As a spot instance, or in several availability zones.
    pub(super) other: Option<HourlyPrice>,
}

/// The hash of a name, with its rates.
pub(super) type PriceEntry = (u64, HourlyRates);

impl CloudPrices {
    /// A list of these entries. Of several with the same name, any one counts.
    pub(super) fn of(mut entries: Vec<PriceEntry>) -> Self {
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries.dedup_by_key(|(key, _)| *key);
        Self(entries.into_boxed_slice())
    }

    /// The number of names with a price.
    #[must_use]
    pub const fn number_of_prices(&self) -> usize {
        self.0.len()
    }

    /// The price of a machine; `None` if it is not in the list. Names are case-insensitive, here and below.
    /// The providers are `aws`, `gcp` and `azure`.
    #[must_use]
    pub fn machine(
        &self,
        provider: &str,
        region: &str,
        instance_type: &str,
        life_cycle: LifeCycle,
    ) -> Option<HourlyPrice> {
        let rates = self.rates(provider, PriceTable::Compute, &[region, instance_type])?;
        match life_cycle {
            LifeCycle::OnDemand => rates.usual,
            LifeCycle::Spot => rates.other,
        }
    }

    /// The price of a managed database in one or several zones; `None` if it is not in the list.
    #[must_use]
    pub fn managed_database(
        &self,
        region: &str,
        engine: &str,
        instance_type: &str,
        multi_zone: bool,
    ) -> Option<HourlyPrice> {
        let rates = self.rates("aws", PriceTable::ManagedDatabase, &[region, engine, instance_type])?;
        if multi_zone { rates.other } else { rates.usual }
    }

    /// The price of a managed cache; `None` if it is not in the list.
    #[must_use]
    pub fn managed_cache(&self, region: &str, engine: &str, instance_type: &str) -> Option<HourlyPrice> {
        self.rates("aws", PriceTable::ManagedCache, &[region, engine, instance_type])?.usual
    }

    fn rates(&self, provider: &str, table: PriceTable, path: &[&str]) -> Option<HourlyRates> {
        let key = key_of(provider, table, path);
        let place = self.0.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.0.get(place).map(|(_, rates)| *rates)
    }
}

impl fmt::Debug for CloudPrices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} prices", self.number_of_prices())
    }
}

/// The hash of a name.
pub(super) fn key_of(provider: &str, table: PriceTable, path: &[&str]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write_u8(table as u8);
    for part in [provider].iter().chain(path) {
        hasher.write(part.to_ascii_lowercase().as_bytes());
        hasher.write_u8(u8::MAX);
    }
    hasher.finish()
}
