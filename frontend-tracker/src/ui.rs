//! The web interface.
pub fn start() {}
