//! Tests of building worlds.
