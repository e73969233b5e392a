//! Computes the price of a node.

/// A price per hour, in dollars. Positive and finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HourlyPrice(f32);

/// The price of a node, in dollars per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodePrice {
    /// The whole node. More than 0.
    pub node: f64,
    /// One core; 0 if the size of the node is unknown.
    pub core: f64,
    /// One byte of memory; 0 if the size of the node is unknown.
    pub byte: f64,
}

/// How a machine is rented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeCycle {
    /// At a fixed price, without interruption.
    OnDemand,
    /// At a lower price, until the provider needs it.
    Spot,
}

impl HourlyPrice {
    /// A price per hour; `None` unless it is finite and positive.
    #[must_use]
    pub fn new(dollars: f64) -> Option<Self> {
        let dollars = dollars as f32;
        (dollars.is_finite() && dollars > 0.0).then_some(Self(dollars))
    }

    /// The price in dollars per hour.
    #[must_use]
    pub fn dollars(self) -> f64 {
        f64::from(self.0)
    }
}

impl NodePrice {
    /// The price of a node of this size. A core costs as much as 10⁹ bytes.
    #[must_use]
    pub fn new(price: HourlyPrice, cores: f32, memory_bytes: f32) -> Self {
        const BYTES: f64 = 1e9;
        let node = price.dollars() / 3600.0;
        let units = f64::from(cores) + f64::from(memory_bytes) / BYTES;
        let core = if units.is_finite() && units > 0.0 { node / units } else { 0.0 };
        Self { node, core, byte: core / BYTES }
    }
}

impl LifeCycle {
    /// Parses the text of an agent, in upper or lower case.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let is_spot = ["spot", "preemptible"].iter().any(|spot| text.eq_ignore_ascii_case(spot));
        if is_spot { Self::Spot } else { Self::OnDemand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_more_than_nothing_is_no_price() {
        for price in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e-300] {
            assert_eq!(HourlyPrice::new(price), None);
        }
    }

    #[test]
    fn a_core_costs_as_much_as_a_gigabyte() {
        let hourly = HourlyPrice::new(3600.0).unwrap();
        let price = NodePrice::new(hourly, 4.0, 16e9);
        assert_eq!((price.node, price.core, price.byte), (1.0, 0.05, 0.05 / 1e9));
        for (cores, bytes) in [(0.0, 0.0), (f32::NAN, 16e9), (4.0, f32::NAN), (4.0, f32::INFINITY)] {
            assert_eq!(NodePrice::new(hourly, cores, bytes), NodePrice { node: 1.0, core: 0.0, byte: 0.0 });
        }
    }

    #[test]
    fn spot_has_two_names() {
        assert_eq!(
            ["spot", "Preemptible", "on-demand", ""].map(LifeCycle::of).map(|cycle| cycle == LifeCycle::Spot),
            [true, true, false, false]
        );
    }
}
