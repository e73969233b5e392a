//! The health status of an application, a report or a check.

/// A health status. If several are combined, the greatest counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// Unknown.
    #[default]
    Unknown,
    /// Healthy.
    Ok,
    /// Healthy, with additional information.
    Info,
    /// Degraded.
    Warning,
    /// Users are affected.
    Critical,
}

impl HealthStatus {
    /// The number that stands for it in the settings database.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The status with that number; unknown for any other number.
    #[must_use]
    pub const fn of_number(number: i64) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Info,
            3 => Self::Warning,
            4 => Self::Critical,
            _ => Self::Unknown,
        }
    }
}
