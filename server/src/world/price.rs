//! What nodes cost.

/// Where prices are looked up. Texts are in lower case; prices are in dollars an hour.
pub trait Prices {
    /// The price of a machine; `None` when it is not known.
    fn node(&self, provider: &str, region: &str, instance_type: &str, life_cycle: LifeCycle) -> Option<f64>;

    /// The price of a managed database with one or several zones; `None` when it is not known.
    fn managed_database(
        &self,
        region: &str,
        engine: &str,
        instance_type: &str,
        multi_zone: bool,
    ) -> Option<f64>;

    /// The price of a managed cache; `None` when it is not known.
    fn managed_cache(&self, region: &str, engine: &str, instance_type: &str) -> Option<f64>;
}

/// For how long a machine is rented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeCycle {
    /// As long as it is wanted.
    OnDemand,
    /// Until somebody pays more.
    Spot,
}

impl LifeCycle {
    /// What an agent says, in lower case.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "spot" | "preemptible" => Self::Spot,
            _ => Self::OnDemand,
        }
    }
}

/// No price is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPrices;

impl Prices for NoPrices {
    fn node(&self, _: &str, _: &str, _: &str, _: LifeCycle) -> Option<f64> {
        None
    }

    fn managed_database(&self, _: &str, _: &str, _: &str, _: bool) -> Option<f64> {
        None
    }

    fn managed_cache(&self, _: &str, _: &str, _: &str) -> Option<f64> {
        None
    }
}

/// What a node costs, in dollars a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// The whole node. Above 0.
    pub node: f64,
    /// One core; 0 where the sizes of the node are not known.
    pub core: f64,
    /// One byte of memory; 0 where the sizes of the node are not known.
    pub byte: f64,
}

impl Price {
    /// The price of a node of that size. Every core costs as much as 1,000,000,000 bytes. `None` for a price that is not
    /// above 0.
    #[must_use]
    pub fn of_node(dollars_an_hour: f64, cores: f32, memory_bytes: f32) -> Option<Self> {
        const GIGABYTE: f64 = 1e9;
        let node = dollars_an_hour / 3600.0;
        if !(node.is_finite() && node > 0.0) {
            return None;
        }
        let units = f64::from(cores) + f64::from(memory_bytes) / GIGABYTE;
        let core = if units.is_finite() && units > 0.0 { node / units } else { 0.0 };
        Some(Self { node, core, byte: core / GIGABYTE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_costs_as_much_as_a_gigabyte() {
        let price = Price::of_node(3600.0, 4.0, 16e9).unwrap();
        assert!((price.node - 1.0).abs() < 1e-9 && (price.core - 0.05).abs() < 1e-9);
        assert!((price.byte - 0.05e-9).abs() < 1e-15);
    }

    #[test]
    fn a_price_is_above_nothing() {
        for dollars in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Price::of_node(dollars, 4.0, 16e9), None);
        }
        let price = Price::of_node(3600.0, f32::NAN, 16e9).unwrap();
        assert_eq!((price.core, price.byte), (0.0, 0.0));
    }

    #[test]
    fn spot_has_two_names() {
        assert_eq!(
            ["spot", "preemptible", "on-demand", ""].map(LifeCycle::of).map(|cycle| cycle == LifeCycle::Spot),
            [true, true, false, false]
        );
    }
}
