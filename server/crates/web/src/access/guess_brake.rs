//! Slows down guessing of tokens.
//!
//! A token is compared first, so a right one is never delayed by other clients that guess: behind a proxy all
//! seem to come from one address. Wrong ones are answered after a delay that grows while they keep coming. A
//! bounded number of them waits; further ones are refused at once.

use std::{sync::Mutex, time::Duration};

use headcount_platform::lock::lock;
use tokio::sync::Semaphore;

/// When to retry after too many wrong tokens.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The maximum of answers that wait at once. With the longest delay, this is the number of wrong tokens that
/// are checked in a second.
const WAITING: usize = 32;

/// For every such time without a wrong token, the count falls by one.
const FORGET: Duration = Duration::from_secs(2);

/// The maximum count of wrong tokens: a pause of some minutes clears any number.
const COUNTED: u32 = 100;

/// The count from which the log warns of guessing.
const SUSPICIOUS: u32 = 30;

/// The delays after the first wrong tokens, in milliseconds; the last one applies to all further ones.
const DELAYS_MS: [u64; 6] = [50, 50, 100, 200, 500, 1000];

/// Counts wrong tokens and delays their answers.
#[derive(Debug)]
pub(crate) struct GuessBrake {
    recent: Mutex<RecentGuesses>,
    places: Semaphore,
}

/// Too many wrong tokens wait for their answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyGuesses;

impl GuessBrake {
    pub(crate) fn new() -> Self {
        Self { recent: Mutex::default(), places: Semaphore::new(WAITING) }
    }

    /// Counts a wrong token at `now`, on the clock that never jumps, and waits until it may be answered.
    pub(crate) async fn delay(&self, now: Duration) -> Result<(), TooManyGuesses> {
        let (delay, is_news) = lock(&self.recent).add(now);
        if is_news {
            tracing::warn!("many wrong tokens were shown to the interface; answers to them are delayed");
        }
        let _place = self.places.try_acquire().map_err(|_| TooManyGuesses)?;
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

/// The number of recent wrong tokens.
#[derive(Debug, Default)]
struct RecentGuesses {
    count: u32,
    at: Duration,
    is_said: bool,
}

impl RecentGuesses {
    /// Counts one more. Returns the delay of its answer, and whether to log that tokens are guessed.
    fn add(&mut self, now: Duration) -> (Duration, bool) {
        let forgotten = now.saturating_sub(self.at).as_millis() / FORGET.as_millis();
        self.count = self.count.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX));
        if self.count == 0 {
            self.is_said = false;
        }
        let place = usize::try_from(self.count).unwrap_or(usize::MAX).min(DELAYS_MS.len() - 1);
        self.count = (self.count + 1).min(COUNTED);
        self.at = now;
        let is_news = !self.is_said && self.count >= SUSPICIOUS;
        self.is_said |= is_news;
        (Duration::from_millis(DELAYS_MS[place]), is_news)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_delay_grows_to_a_second_and_is_forgotten_after_a_pause() {
        let mut recent = RecentGuesses::default();
        let delays: Vec<_> = (0..8).map(|_| recent.add(seconds(1)).0.as_millis()).collect();
        assert_eq!(delays, [50, 50, 100, 200, 500, 1000, 1000, 1000]);
        assert_eq!(recent.add(seconds(1 + 8)).0.as_millis(), 500, "four of eight are forgotten");
        for _ in 0..1000 {
            recent.add(seconds(20));
        }
        assert_eq!(recent.add(seconds(20 + 200)).0.as_millis(), 50, "any number is forgotten after minutes");
    }

    #[test]
    fn guessing_is_said_once_until_it_ends() {
        let mut recent = RecentGuesses::default();
        let mut said = |at: u64| (0..50).filter(|_| recent.add(seconds(at)).1).count();
        assert_eq!(said(1), 1);
        assert_eq!(said(2), 0);
        assert_eq!(said(1000), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bounded_number_waits_and_the_others_are_refused_at_once() {
        let brake = Arc::new(GuessBrake::new());
        let all: Vec<_> = (0..WAITING + 10)
            .map(|_| {
                let brake = Arc::clone(&brake);
                tokio::spawn(async move { brake.delay(seconds(1)).await })
            })
            .collect();
        let mut refused = 0;
        for one in all {
            refused += usize::from(one.await.unwrap() == Err(TooManyGuesses));
        }
        assert_eq!(refused, 10);
        assert_eq!(brake.delay(seconds(2)).await, Ok(()), "the places are free again");
    }
}
