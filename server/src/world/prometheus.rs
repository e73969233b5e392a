//! How Prometheus is asked, and how its answers are read.

/// Takes in an answer while it arrives, series by series.
pub trait Sink: Send + 'static {
    /// A series begins: the texts of its kept labels, in the order of the query's; empty for a label that it lacks.
    ///
    /// # Errors
    /// There is no room for more.
    fn series(&mut self, labels: &[&str]) -> Result<(), TooLarge>;

    /// A point of that series: its moment in Unix seconds, and its value, which is not NaN. Moments rise within a series.
    ///
    /// # Errors
    /// There is no room for more.
    fn point(&mut self, at: u32, value: f32) -> Result<(), TooLarge>;
}

/// An answer is larger than what is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is larger than what is taken")]
pub struct TooLarge;

/// What a range query asks for: the moments `from`, `from + step`, … up to `to`, in Unix seconds. One moment when they
/// are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: u32,
    /// The last moment, not before the first.
    pub to: u32,
    /// The distance between two moments, at least 1.
    pub step: u32,
}
