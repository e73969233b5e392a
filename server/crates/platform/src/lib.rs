//! Provides what the other crates need of the machine: the clock, the data directory, locks and random ids.

pub mod address_hash;
pub mod clock;
pub mod disk;
pub mod file_descriptors;
pub mod hex;
pub mod lock;
pub mod random_id;
