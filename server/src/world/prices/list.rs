//! What does an hour of it cost?

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;

use crate::world::price::{self, LifeCycle};

/// Prices of cloud providers, in US dollars.
///
/// Only hashes of the names are kept: there are tens of thousands of them, and they are never listed.
#[derive(Debug, Default)]
pub struct Prices(Box<[Entry]>);

/// What an hour costs. More than 0, and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Price(f32);

/// The share of a node's price that one unit of it has, for a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitPrice {
    /// Of a CPU core.
    pub core: f64,
    /// Of a byte of memory.
    pub byte: f64,
}

/// A table of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// By region and instance type.
    Compute,
    /// By region, engine and instance type.
    ManagedDatabase,
    /// By region, engine and instance type.
    ManagedCache,
}

/// The prices of one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rates {
    /// On demand, or in a single availability zone.
    pub(super) usual: Option<Price>,
    /// A spot instance's, or in several availability zones.
    pub(super) other: Option<Price>,
}

/// The rates of what has a name with that hash.
pub(super) type Entry = (u64, Rates);

impl Prices {
    /// A list of those entries; of several with the same name, any.
    pub(super) fn of(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries.dedup_by_key(|(key, _)| *key);
        Self(entries.into_boxed_slice())
    }

    /// How many things have a price.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has a price.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The price of a node; the spot price for the life cycles `spot` and `preemptible`. Upper and lower case are the
    /// same, here and below. `None` when the list does not have it: of providers, it has `aws`, `gcp` and `azure`.
    #[must_use]
    pub fn node_price(
        &self,
        provider: &str,
        region: &str,
        instance_type: &str,
        life_cycle: Option<&str>,
    ) -> Option<Price> {
        let rates = self.rates(provider, Table::Compute, &[region, instance_type])?;
        let is_spot = life_cycle.is_some_and(|life_cycle| {
            ["spot", "preemptible"].iter().any(|spot| life_cycle.eq_ignore_ascii_case(spot))
        });
        if is_spot { rates.other } else { rates.usual }
    }

    /// The price of an RDS instance; `None` when the list does not have it.
    #[must_use]
    pub fn managed_db_price(
        &self,
        region: &str,
        engine: &str,
        instance_type: &str,
        multi_az: bool,
    ) -> Option<Price> {
        let rates = self.rates("aws", Table::ManagedDatabase, &[region, engine, instance_type])?;
        if multi_az { rates.other } else { rates.usual }
    }

    /// The price of an ElastiCache node; `None` when the list does not have it.
    #[must_use]
    pub fn managed_cache_price(&self, region: &str, engine: &str, instance_type: &str) -> Option<Price> {
        self.rates("aws", Table::ManagedCache, &[region, engine, instance_type])?.usual
    }

    fn rates(&self, provider: &str, table: Table, path: &[&str]) -> Option<Rates> {
        let key = key_of(provider, table, path);
        let place = self.0.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.0.get(place).map(|(_, rates)| *rates)
    }
}

impl price::Prices for Prices {
    fn node(&self, provider: &str, region: &str, instance_type: &str, life_cycle: LifeCycle) -> Option<f64> {
        let life_cycle = (life_cycle == LifeCycle::Spot).then_some("spot");
        self.node_price(provider, region, instance_type, life_cycle).map(Price::per_hour)
    }

    fn managed_database(
        &self,
        region: &str,
        engine: &str,
        instance_type: &str,
        multi_zone: bool,
    ) -> Option<f64> {
        self.managed_db_price(region, engine, instance_type, multi_zone).map(Price::per_hour)
    }

    fn managed_cache(&self, region: &str, engine: &str, instance_type: &str) -> Option<f64> {
        self.managed_cache_price(region, engine, instance_type).map(Price::per_hour)
    }
}

/// The hash of a name.
pub(super) fn key_of(provider: &str, table: Table, path: &[&str]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write_u8(table as u8);
    for part in [provider].iter().chain(path) {
        hasher.write(part.to_ascii_lowercase().as_bytes());
        hasher.write_u8(u8::MAX);
    }
    hasher.finish()
}

impl Price {
    /// A price for an hour; `None` for what is none: not finite, or not more than 0.
    #[must_use]
    pub fn new(per_hour: f64) -> Option<Self> {
        let per_hour = per_hour as f32;
        (per_hour.is_finite() && per_hour > 0.0).then_some(Self(per_hour))
    }

    /// For an hour.
    #[must_use]
    pub fn per_hour(self) -> f64 {
        f64::from(self.0)
    }

    /// For a second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.per_hour() / 3600.0
    }

    /// What a core and a byte of a node cost, when a core costs as much as 10⁹ bytes; `None` unless the node has some of
    /// both.
    #[must_use]
    pub fn per_unit(self, cores: f64, memory_bytes: f64) -> Option<UnitPrice> {
        const BYTES: f64 = 1e9;
        let units = cores + memory_bytes / BYTES;
        let known = cores > 0.0 && memory_bytes > 0.0 && units.is_finite();
        let core = self.per_second() / units;
        known.then_some(UnitPrice { core, byte: core / BYTES })
    }
}
