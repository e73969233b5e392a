//! What does Prometheus say runs here?

pub mod answers;
pub mod catalogue;
pub mod categories;
pub mod constructor;
pub mod container_id;
pub mod external;
pub mod facts;
pub mod glob;
pub mod model;
pub mod owner;
pub mod price;
pub mod project;
pub mod prometheus;
pub mod standalone;

#[cfg(test)]
mod scene;
