//! Maintains the collector's time when the clock of the machine jumps.
//!
//! The age of a report decides when it is dropped, so a clock that is years ahead for a minute must not
//! matter. The trusted time is that of the newest stored report plus the time since then on a clock that
//! never jumps. While the clock of the machine is within a day of the trusted time, it is followed, but never
//! backwards. If it is farther away, it is doubted until it has had the same offset for a week of running, or
//! the operator confirms it, or it is right again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_platform::{
    clock::{self, Clock},
    lock::lock,
};
use headcount_shared::api::ClockDoubt;

const DAY: u64 = 24 * 60 * 60;

/// The maximum distance of the machine's clock from the trusted time.
const TOLERANCE: Duration = Duration::from_secs(DAY);

/// The running time after which a clock with a constant offset is trusted.
const CONFIRMED_AFTER: Duration = Duration::from_secs(7 * DAY);

/// A clock before 2020 was never set.
const NEVER_SET_BEFORE: Duration = Duration::from_secs(1_577_836_800);

/// A moment of the collector's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrustedMoment {
    /// Seconds since the Unix epoch.
    pub at: u64,
    /// Whether the clock of the machine is doubted.
    pub doubted: bool,
}

/// A correction of the dates from the time when the clock was doubted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockCorrection {
    /// The time from now on, in Unix seconds.
    pub now: u64,
    /// What is added to the times of reports that arrived meanwhile, in seconds.
    pub shift: i64,
}

/// The collector's time.
#[derive(Debug)]
pub(super) struct TrustedTime {
    clock: Arc<dyn Clock>,
    state: Mutex<TimeState>,
}

/// The trusted time, and the doubt if there is one.
#[derive(Debug, Clone, Copy)]
struct TimeState {
    /// The time since the Unix epoch at `read_at`.
    believed: Duration,
    /// A monotonic time.
    read_at: Duration,
    doubt: Option<ClockDeviation>,
}

/// The clock of the machine is far from the trusted time.
#[derive(Debug, Clone, Copy)]
struct ClockDeviation {
    /// Since when, as a monotonic time.
    since: Duration,
    /// By how many seconds the clock was ahead then.
    ahead: i64,
}

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
struct ClockReading {
    wall: Duration,
    monotonic: Duration,
}

impl TimeState {
    const fn new(believed: Duration, reading: ClockReading) -> Self {
        Self { believed, read_at: reading.monotonic, doubt: None }
    }

    /// The trusted time at a reading.
    const fn believed_at(&self, reading: ClockReading) -> Duration {
        self.believed.saturating_add(reading.monotonic.saturating_sub(self.read_at))
    }

    /// Takes a reading into account.
    fn read(&mut self, reading: ClockReading) {
        let believed = self.believed_at(reading);
        let is_near = reading.wall.abs_diff(believed) <= TOLERANCE;
        self.doubt = match self.doubt {
            _ if is_near => None,
            Some(doubt) if doubt.is_still(ahead(reading.wall, believed)) => Some(doubt),
            _ => Some(ClockDeviation { since: reading.monotonic, ahead: ahead(reading.wall, believed) }),
        };
        // If the clock is a little behind, the trusted time stands still.
        self.believed = if is_near { reading.wall.max(self.believed) } else { believed };
        self.read_at = reading.monotonic;
    }

    /// How long the clock must keep its offset until it is trusted; `None` if it is trusted now, or never
    /// will be.
    fn believed_in(&self, reading: ClockReading) -> Option<Duration> {
        let doubt = self.doubt?;
        if reading.wall < NEVER_SET_BEFORE {
            return None;
        }
        // The trusted time comes from a clock that was never set, so any other is better.
        let needed = if self.believed < NEVER_SET_BEFORE { Duration::ZERO } else { CONFIRMED_AFTER };
        Some(needed.saturating_sub(reading.monotonic.saturating_sub(doubt.since)))
    }
}

impl ClockDeviation {
    /// Whether a clock that is now `ahead` by this many seconds has the same offset as before.
    const fn is_still(&self, ahead: i64) -> bool {
        self.ahead.abs_diff(ahead) <= TOLERANCE.as_secs()
    }
}

/// By how many seconds `wall` is ahead of `believed`.
fn ahead(wall: Duration, believed: Duration) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    seconds(wall).saturating_sub(seconds(believed))
}

impl TrustedTime {
    /// The time of a collector whose newest report is of `stored`, in Unix seconds. Without one, the clock of
    /// the machine is trusted.
    pub(super) fn new(clock: Arc<dyn Clock>, stored: Option<u64>) -> Self {
        let reading = read(clock.as_ref());
        let state = TimeState::new(stored.map_or(reading.wall, Duration::from_secs), reading);
        let time = Self { clock, state: Mutex::new(state) };
        time.now();
        time
    }

    /// The time now.
    pub(super) fn now(&self) -> TrustedMoment {
        self.with_state(|state, _| TrustedMoment {
            at: state.believed.as_secs(),
            doubted: state.doubt.is_some(),
        })
    }

    /// The time by which the age of reports is measured: while the clock is doubted, the earlier of the two
    /// times, so that nothing is dropped that may be young.
    pub(super) fn for_ages(&self) -> Duration {
        self.with_state(|state, reading| match state.doubt {
            Some(_) => state.believed.min(reading.wall),
            None => state.believed,
        })
    }

    /// The doubt about the clock of the machine, if there is one.
    pub(super) fn doubt(&self) -> Option<ClockDoubt> {
        self.with_state(|state, reading| {
            state.doubt.map(|_| ClockDoubt {
                wall: reading.wall.as_secs(),
                believed: state.believed.as_secs(),
                believed_in: state.believed_in(reading).map(|left| left.as_secs()),
            })
        })
    }

    /// The correction, if the clock is doubted and has had the same offset for long enough.
    pub(super) fn due_correction(&self) -> Option<ClockCorrection> {
        self.with_state(|state, reading| {
            let is_due = state.believed_in(reading).is_some_and(|left| left.is_zero());
            is_due.then(|| correction(state, reading))
        })
    }

    /// The correction to apply when the clock of the machine is trusted from now on.
    pub(super) fn correction(&self) -> ClockCorrection {
        self.with_state(|state, reading| correction(state, reading))
    }

    /// Trusts the clock of the machine, after the stored times have been corrected.
    pub(super) fn believe(&self) {
        self.with_state(|state, reading| *state = TimeState::new(reading.wall, reading));
    }

    /// Runs `work` with the state at this moment, and logs when a doubt began or ended.
    fn with_state<T>(&self, work: impl FnOnce(&mut TimeState, ClockReading) -> T) -> T {
        // No holder of the lock can leave a partial change.
        let mut state = lock(&self.state);
        let reading = read(self.clock.as_ref());
        let was_doubted = state.doubt.is_some();
        state.read(reading);
        let result = work(&mut state, reading);
        if was_doubted != state.doubt.is_some() {
            say(state.doubt, reading.wall);
        }
        result
    }
}

fn read(clock: &dyn Clock) -> ClockReading {
    ClockReading { wall: clock.wall(), monotonic: clock.monotonic() }
}

fn correction(state: &TimeState, reading: ClockReading) -> ClockCorrection {
    ClockCorrection { now: reading.wall.as_secs(), shift: ahead(reading.wall, state.believed) }
}

/// Logs once that the clock is doubted, or is right again.
fn say(doubt: Option<ClockDeviation>, wall: Duration) {
    match doubt {
        Some(ClockDeviation { ahead, .. }) => tracing::warn!(
            "the clock of this machine says {}, {} days {} the newest report; until it has said so for a week of \
             running, or POST /api/clock confirms it, no report is dropped because of it",
            clock::rfc3339(wall),
            ahead.unsigned_abs() / DAY,
            if ahead < 0 { "behind" } else { "ahead of" },
        ),
        None => tracing::info!("the clock of this machine agrees with the stored reports"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1_700_000_000;
    const YEAR: u64 = 365 * DAY;

    #[derive(Debug, Default)]
    struct TwoClocks(Mutex<(u64, u64)>);

    impl Clock for TwoClocks {
        fn wall(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().0)
        }
        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.lock().unwrap().1)
        }
    }

    impl TwoClocks {
        fn set(&self, wall: u64) {
            self.0.lock().unwrap().0 = wall;
        }

        /// Time passes, on both clocks.
        fn pass(&self, seconds: u64) {
            let mut clocks = self.0.lock().unwrap();
            *clocks = (clocks.0 + seconds, clocks.1 + seconds);
        }
    }

    fn started(wall: u64, stored: Option<u64>) -> (Arc<TwoClocks>, TrustedTime) {
        let clock = Arc::new(TwoClocks::default());
        clock.set(wall);
        (Arc::clone(&clock), TrustedTime::new(clock, stored))
    }

    const fn trusted(at: u64) -> TrustedMoment {
        TrustedMoment { at, doubted: false }
    }

    const fn doubted(at: u64) -> TrustedMoment {
        TrustedMoment { at, doubted: true }
    }

    #[test]
    fn a_clock_that_does_not_jump_is_followed() {
        let (clock, time) = started(START, None);
        clock.pass(40);
        assert_eq!(time.now(), trusted(START + 40));
        clock.set(START + 100);
        assert_eq!(time.now(), trusted(START + 100));
        assert_eq!((time.doubt(), time.due_correction()), (None, None));
    }

    #[test]
    fn a_clock_that_is_a_little_behind_is_waited_for() {
        let (clock, time) = started(START, Some(START + 3600));
        assert_eq!(time.now(), trusted(START + 3600));
        clock.pass(1800);
        assert_eq!(time.now(), trusted(START + 3600));
        clock.pass(3600);
        assert_eq!(time.now(), trusted(START + 5400));
    }

    #[test]
    fn a_start_years_ahead_changes_nothing() {
        let (clock, time) = started(START + 3 * YEAR, Some(START));
        assert_eq!(time.now(), doubted(START));
        clock.pass(3600);
        assert_eq!(time.now(), doubted(START + 3600));
        assert_eq!(time.for_ages(), Duration::from_secs(START + 3600));
        let said = time.doubt().unwrap();
        assert_eq!((said.wall, said.believed), (START + 3 * YEAR + 3600, START + 3600));
        assert_eq!(said.believed_in, Some(7 * DAY - 3600));
        clock.set(START + 3700);
        assert_eq!(time.now(), trusted(START + 3700));
        assert_eq!(time.doubt(), None);
    }

    #[test]
    fn of_a_clock_that_is_behind_the_earlier_time_makes_ages() {
        let (clock, time) = started(START - 3 * YEAR, Some(START));
        assert_eq!(time.now(), doubted(START));
        assert_eq!(time.for_ages(), Duration::from_secs(START - 3 * YEAR));
        clock.pass(60);
        assert_eq!(time.now(), doubted(START + 60));
    }

    #[test]
    fn a_jump_while_running_is_doubted_too() {
        let (clock, time) = started(START, None);
        clock.pass(60);
        clock.set(START + 60 + 2 * DAY);
        assert_eq!(time.now(), doubted(START + 60));
    }

    #[test]
    fn a_week_of_running_confirms_a_clock() {
        let (clock, time) = started(START + 90 * DAY, Some(START));
        clock.pass(7 * DAY - 1);
        assert_eq!(time.due_correction(), None);
        clock.pass(1);
        let correction = time.due_correction().unwrap();
        assert_eq!(
            correction,
            ClockCorrection { now: START + 97 * DAY, shift: i64::try_from(90 * DAY).unwrap() }
        );
        time.believe();
        assert_eq!(time.now(), trusted(START + 97 * DAY));
    }

    #[test]
    fn a_clock_that_says_another_thing_begins_its_week_again() {
        let (clock, time) = started(START + 90 * DAY, Some(START));
        clock.pass(6 * DAY);
        time.now();
        clock.set(START + 900 * DAY);
        assert_eq!(time.doubt().unwrap().believed_in, Some(7 * DAY));
        clock.pass(6 * DAY);
        assert_eq!(time.due_correction(), None);
    }

    #[test]
    fn a_clock_that_was_never_set_is_corrected_at_once_and_confirms_nothing() {
        let (clock, time) = started(100, None);
        clock.pass(100);
        clock.set(START);
        assert_eq!(time.now(), doubted(200));
        let shift = i64::try_from(START - 200).unwrap();
        assert_eq!(time.due_correction(), Some(ClockCorrection { now: START, shift }));

        let (clock, time) = started(100, Some(START));
        clock.pass(30 * DAY);
        assert_eq!(time.doubt().unwrap().believed_in, None);
        assert_eq!(time.due_correction(), None);
    }

    #[test]
    fn the_operator_confirms_a_clock() {
        let (_, time) = started(START - YEAR, Some(START));
        let shift = -i64::try_from(YEAR).unwrap();
        assert_eq!(time.correction(), ClockCorrection { now: START - YEAR, shift });
        time.believe();
        assert_eq!(time.now(), trusted(START - YEAR));
    }

    proptest! {
        /// Whatever the clock of the machine does, a jump makes reports older by at most a day.
        #[test]
        fn no_jump_makes_reports_old(jumps in prop::collection::vec((0..4_000_000_000_u64, 0..3600_u64), 1..20)) {
            let (clock, time) = started(START, None);
            let mut passed = 0;
            for (wall, seconds) in jumps {
                clock.set(wall);
                clock.pass(seconds);
                passed += seconds;
                let before = time.now().at;
                prop_assert!(time.for_ages().as_secs() <= before);
                prop_assert!(before >= START);
            }
            clock.set(START + passed);
            let now = time.now();
            prop_assert!(now.at <= START + passed + 20 * DAY);
        }
    }
}
