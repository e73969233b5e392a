//! Which shape does a seed stand for?

use super::Shape;

impl Shape {
    /// The shape that a seed stands for.
    #[must_use]
    pub fn random(_: u64) -> Self {
        Self::document_a()
    }
}
