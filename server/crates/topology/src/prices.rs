//! The prices of cloud providers: parses price lists, and finds the price of a node.

mod cloud_prices;
mod node_price;
mod price_parser;

pub use self::{
    cloud_prices::CloudPrices,
    node_price::{HourlyPrice, LifeCycle, NodePrice},
    price_parser::{InvalidPriceList, is_compressed},
};

/// The cloud providers in the list.
pub const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

#[cfg(test)]
mod tests;
