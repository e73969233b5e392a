//! How well is something?

/// How well something is. The order is that in which several are put together: the greatest counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing says so.
    #[default]
    Unknown,
    /// Well.
    Ok,
    /// Well, and there is something to say.
    Info,
    /// Not well.
    Warning,
    /// Users notice.
    Critical,
}

impl Status {
    /// The number that the settings database has for it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The status of that number; unknown for one that is none.
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
