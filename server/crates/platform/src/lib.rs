//! Provides what the other crates share: the clock, the data directory, locks, random ids, how tasks are
//! waited for, and states whose changes are logged once.

pub mod address_hash;
pub mod clock;
pub mod disk;
pub mod file_descriptors;
pub mod hex;
pub mod joined;
pub mod lock;
pub mod on_change;
pub mod random_id;
