//! Parses price lists.
//!
//! The format, plain or compressed, is
//!
//! ```text
//! {
//!     "aws": {
//!         "compute": {region: {type: PRICE}},
//!         "managed_db": {region: {engine: {type: {"single_az": PRICE, "multi_az": PRICE}}}},
//!         "managed_cache": {region: {engine: {type: PRICE}}}
//!     },
//!     "gcp": …,
//!     "azure": …
//! }
//! ```
//!
//! A PRICE is `{"on_demand":1,"spot":1}`, or a number for on demand.

use std::{
    fmt,
    io::{BufReader, Read},
};

use flate2::read::MultiGzDecoder;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use thiserror::Error;

use super::{
    cloud_prices::{CloudPrices, HourlyRates, PriceEntry, PriceTable, key_of},
    node_price::HourlyPrice,
};

/// The largest decompressed list.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The bytes are not a price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is not a price list")]
pub struct InvalidPriceList;

impl CloudPrices {
    /// Parses a list of JSON or compressed JSON. Tables may be missing. Unknown members are skipped, an
    /// invalid part affects only itself, and invalid prices are left out.
    ///
    /// # Errors
    /// It is not JSON, it is too large, or it contains no price.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidPriceList> {
        let entries = if is_compressed(bytes) {
            read_json(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(bytes)))
        } else {
            read_json(bytes)
        }
        .map_err(|_| InvalidPriceList)?;
        if entries.is_empty() { Err(InvalidPriceList) } else { Ok(Self::of(entries)) }
    }
}

/// Whether the bytes are gzip.
pub fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

fn read_json(bytes: impl Read) -> serde_json::Result<Vec<PriceEntry>> {
    let mut entries = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_reader(bytes.take(LARGEST));
    PriceTreeSeed { below: PriceTreeLevel::Providers, path: &mut Vec::new(), entries: &mut entries }
        .deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(entries)
}

/// The meaning of the keys of an object.
#[derive(Debug, Clone, Copy)]
enum PriceTreeLevel {
    Providers,
    Tables,
    /// Parts of a name, with the number of parts before the rates.
    Names(PriceTable, usize),
}

/// An object above the rates. Anything else there has no prices.
struct PriceTreeSeed<'r> {
    below: PriceTreeLevel,
    /// The keys on the way to this object, without that of the table.
    path: &'r mut Vec<String>,
    entries: &'r mut Vec<PriceEntry>,
}

impl<'de> DeserializeSeed<'de> for PriceTreeSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PriceTreeSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        pass_over(elements)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            match (self.below, table(&key)) {
                (PriceTreeLevel::Providers, _) => {
                    self.descend(Some(key), PriceTreeLevel::Tables, &mut members)?
                }
                (PriceTreeLevel::Tables, Some((table, parts))) => {
                    self.descend(None, PriceTreeLevel::Names(table, parts), &mut members)?;
                }
                (PriceTreeLevel::Tables, None) => {
                    members.next_value::<IgnoredAny>()?;
                }
                (PriceTreeLevel::Names(table, 1), _) => {
                    let rates = members.next_value_seed(RatesSeed)?;
                    self.enter(table, key, rates);
                }
                (PriceTreeLevel::Names(table, parts), _) => {
                    self.descend(Some(key), PriceTreeLevel::Names(table, parts - 1), &mut members)?;
                }
            }
        }
        Ok(())
    }
}

impl PriceTreeSeed<'_> {
    fn descend<'de, A: MapAccess<'de>>(
        &mut self,
        key: Option<String>,
        below: PriceTreeLevel,
        members: &mut A,
    ) -> Result<(), A::Error> {
        let length = self.path.len();
        self.path.extend(key);
        members.next_value_seed(PriceTreeSeed {
            below,
            path: &mut *self.path,
            entries: &mut *self.entries,
        })?;
        self.path.truncate(length);
        Ok(())
    }

    fn enter(&mut self, table: PriceTable, key: String, rates: HourlyRates) {
        if rates == HourlyRates::default() {
            return;
        }
        self.path.push(key);
        if let [provider, names @ ..] = &**self.path {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.entries.push((key_of(provider, table, &names), rates));
        }
        self.path.pop();
    }
}

/// A table by its name, with the number of parts of its names.
fn table(key: &str) -> Option<(PriceTable, usize)> {
    match key {
        "compute" => Some((PriceTable::Compute, 2)),
        "managed_db" => Some((PriceTable::ManagedDatabase, 3)),
        "managed_cache" => Some((PriceTable::ManagedCache, 3)),
        _ => None,
    }
}

/// A PRICE, or `{"single_az":PRICE,"multi_az":PRICE}`. Anything else has no rates.
struct RatesSeed;

impl<'de> DeserializeSeed<'de> for RatesSeed {
    type Value = HourlyRates;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<HourlyRates, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RatesSeed {
    type Value = HourlyRates;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("prices")
    }

    fn visit_unit<E>(self) -> Result<HourlyRates, E> {
        Ok(HourlyRates::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<HourlyRates, E> {
        Ok(HourlyRates::default())
    }

    fn visit_f64<E>(self, price: f64) -> Result<HourlyRates, E> {
        Ok(HourlyRates { usual: HourlyPrice::new(price), other: None })
    }

    fn visit_u64<E>(self, price: u64) -> Result<HourlyRates, E> {
        Ok(HourlyRates { usual: HourlyPrice::new(price as f64), other: None })
    }

    fn visit_i64<E>(self, _: i64) -> Result<HourlyRates, E> {
        Ok(HourlyRates::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<HourlyRates, E> {
        Ok(HourlyRates::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<HourlyRates, A::Error> {
        pass_over(elements)?;
        Ok(HourlyRates::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<HourlyRates, A::Error> {
        let mut rates = HourlyRates::default();
        while let Some(key) = members.next_key::<String>()? {
            let rate = match &*key {
                "on_demand" | "single_az" => &mut rates.usual,
                "spot" | "multi_az" => &mut rates.other,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            // Managed databases are rented on demand.
            *rate = members.next_value_seed(RatesSeed)?.usual;
        }
        Ok(rates)
    }
}

fn pass_over<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<(), A::Error> {
    while elements.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}
