//! Decides when the disk is too full for raw copies of reports.

use headcount_platform::disk::free_space::DiskSpace;

/// Raw copies are paused below this part of the disk, in percent.
const PAUSED_BELOW: u64 = 10;

/// They are stored again from this part on, so that a disk at the limit makes no stream of log lines.
const ENDED_FROM: u64 = 11;

/// Whether raw copies are paused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RawCopyPause {
    is_paused: bool,
}

/// What a measurement of the disk changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PauseChange {
    /// The pause begins.
    Begins,
    /// The pause ends.
    Ends,
}

impl RawCopyPause {
    /// Whether raw copies are paused.
    pub(super) const fn is_paused(self) -> bool {
        self.is_paused
    }

    /// Decides by the space on the disk.
    pub(super) fn update(&mut self, space: DiskSpace) -> Option<PauseChange> {
        let has_percent =
            |percent: u64| u128::from(space.free) * 100 >= u128::from(space.whole) * u128::from(percent);
        let is_paused = if self.is_paused { !has_percent(ENDED_FROM) } else { !has_percent(PAUSED_BELOW) };
        if std::mem::replace(&mut self.is_paused, is_paused) == is_paused {
            return None;
        }
        Some(if is_paused { PauseChange::Begins } else { PauseChange::Ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_begins_below_ten_percent_and_ends_at_eleven() {
        let mut pause = RawCopyPause::default();
        let steps = [
            (1000, None, false),
            (100, None, false),
            (99, Some(PauseChange::Begins), true),
            (105, None, true),
            (109, None, true),
            (0, None, true),
            (110, Some(PauseChange::Ends), false),
            (105, None, false),
            (50, Some(PauseChange::Begins), true),
        ];
        for (free, change, is_paused) in steps {
            assert_eq!(pause.update(DiskSpace { free, whole: 1000 }), change, "{free}");
            assert_eq!(pause.is_paused(), is_paused, "{free}");
        }
    }

    #[test]
    fn the_largest_disk_is_measured_too() {
        let mut pause = RawCopyPause::default();
        assert_eq!(pause.update(DiskSpace { free: u64::MAX, whole: u64::MAX }), None);
        assert_eq!(pause.update(DiskSpace { free: 0, whole: 0 }), None);
    }
}
