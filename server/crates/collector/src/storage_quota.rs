//! Limits what one installation, and one part of the network, may store in an hour.
//!
//! Everything is in memory only, and a restart resets it. No address is stored: a sender is the [`SenderKey`]
//! of its address, a hash under a key of this process.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    time::Duration,
};

use headcount_shared::limits::{STORED_BYTES_PER_HOUR, STORED_REPORTS_PER_HOUR};

use uuid::Uuid;

use super::sender_key::SenderKey;

/// The time over which quotas are counted, from the first report on.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// New installations of one sender prefix in an hour. A large site that installs everywhere at once needs a
/// few hours.
const NEW_PER_PREFIX: u32 = 256;

/// New installations in an hour altogether.
const NEW_IN_ALL: u32 = 250_000;

/// The maximum of installations, and of prefixes, that are counted at once. More are refused until the hour
/// is over.
const COUNTED_AT_ONCE: usize = 1_000_000;

/// The quota that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuotaExceeded {
    /// The storage of one installation in an hour.
    OfInstallation,
    /// New installations in an hour.
    OfNewInstallations,
}

/// A report that is about to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuotaRequest {
    /// The UUID of its installation.
    pub instance: Uuid,
    /// Whether no report of the installation is stored.
    pub is_new: bool,
    /// The sender's part of the network; `None` if senders cannot be distinguished.
    pub prefix: Option<SenderKey>,
    /// Its size as it is stored, compressed: the disk is what a quota protects.
    pub bytes: u64,
}

/// The usage of a quota since `since`.
#[derive(Debug, Clone, Copy)]
struct UsedQuota {
    since: Duration,
    reports: u32,
    bytes: u64,
}

impl UsedQuota {
    const fn none_at(now: Duration) -> Self {
        Self { since: now, reports: 0, bytes: 0 }
    }

    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= WINDOW
    }
}

/// The usage of all quotas in the last hour.
#[derive(Debug)]
pub(super) struct StorageQuotas {
    installations: HashMap<Uuid, UsedQuota>,
    prefixes: HashMap<SenderKey, UsedQuota>,
    new_in_all: UsedQuota,
    swept_at: Duration,
}

impl StorageQuotas {
    /// Nothing is used at `now`, a monotonic time.
    pub(super) fn new(now: Duration) -> Self {
        Self {
            installations: HashMap::new(),
            prefixes: HashMap::new(),
            new_in_all: UsedQuota::none_at(now),
            swept_at: now,
        }
    }

    /// Takes from the quotas what a report needs, or nothing.
    ///
    /// # Errors
    /// The quota that is used up.
    pub(super) fn take(&mut self, request: QuotaRequest, now: Duration) -> Result<(), QuotaExceeded> {
        self.sweep(now);
        let is_counted = self.installations.contains_key(&request.instance);
        if !is_counted && self.installations.len() >= COUNTED_AT_ONCE {
            return Err(QuotaExceeded::OfNewInstallations);
        }
        if request.is_new {
            // This comes first, so that invented installations fill no memory.
            self.take_new(request.prefix, now)?;
        }
        let installation = current(&mut self.installations, request.instance, now);
        let installation = installation.ok_or(QuotaExceeded::OfNewInstallations)?;
        let bytes = installation.bytes.saturating_add(request.bytes);
        // A single report that is larger than the quota would never be stored.
        let has_room = installation.reports == 0
            || (installation.reports < STORED_REPORTS_PER_HOUR && bytes <= STORED_BYTES_PER_HOUR);
        if !has_room {
            return Err(QuotaExceeded::OfInstallation);
        }
        installation.reports += 1;
        installation.bytes = bytes;
        Ok(())
    }

    fn take_new(&mut self, prefix: Option<SenderKey>, now: Duration) -> Result<(), QuotaExceeded> {
        if self.new_in_all.is_over(now) {
            self.new_in_all = UsedQuota::none_at(now);
        }
        if self.new_in_all.reports >= NEW_IN_ALL {
            return Err(QuotaExceeded::OfNewInstallations);
        }
        if let Some(prefix) = prefix {
            let used = current(&mut self.prefixes, prefix, now).filter(|used| used.reports < NEW_PER_PREFIX);
            used.ok_or(QuotaExceeded::OfNewInstallations)?.reports += 1;
        }
        self.new_in_all.reports += 1;
        Ok(())
    }

    /// Gives back what a report took if it was not stored.
    pub(super) fn give_back(&mut self, request: QuotaRequest) {
        let QuotaRequest { instance, is_new, prefix, bytes } = request;
        if let Some(used) = self.installations.get_mut(&instance) {
            used.reports = used.reports.saturating_sub(1);
            used.bytes = used.bytes.saturating_sub(bytes);
        }
        if is_new {
            self.new_in_all.reports = self.new_in_all.reports.saturating_sub(1);
            if let Some(used) = prefix.and_then(|prefix| self.prefixes.get_mut(&prefix)) {
                used.reports = used.reports.saturating_sub(1);
            }
        }
    }

    /// Once an hour, drops usage from before the last hour.
    fn sweep(&mut self, now: Duration) {
        if now.saturating_sub(self.swept_at) < WINDOW {
            return;
        }
        self.swept_at = now;
        self.installations.retain(|_, used| !used.is_over(now));
        self.prefixes.retain(|_, used| !used.is_over(now));
        self.installations.shrink_to_fit();
        self.prefixes.shrink_to_fit();
    }
}

/// What a group of reports takes from the quotas. It is given back unless the group is stored.
#[derive(Debug)]
pub(super) struct QuotaBooking<'a> {
    /// The quotas, and the time; `None` if nothing is limited.
    quotas: Option<(&'a mut StorageQuotas, Duration)>,
    taken: Vec<QuotaRequest>,
}

impl<'a> QuotaBooking<'a> {
    /// Takes from `quotas` at `now`, a monotonic time.
    pub(super) const fn new(quotas: &'a mut StorageQuotas, now: Duration) -> Self {
        Self { quotas: Some((quotas, now)), taken: Vec::new() }
    }

    /// For a simulated fleet: nothing is limited.
    pub(super) const fn without_limits() -> Self {
        Self { quotas: None, taken: Vec::new() }
    }

    /// Takes what a report needs, or nothing.
    ///
    /// # Errors
    /// The quota that is used up.
    pub(super) fn take(&mut self, request: QuotaRequest) -> Result<(), QuotaExceeded> {
        let Some((quotas, now)) = &mut self.quotas else { return Ok(()) };
        quotas.take(request, *now)?;
        self.taken.push(request);
        Ok(())
    }

    /// Notes that the group is stored: what was taken stays so.
    pub(super) fn keep(&mut self) {
        self.taken.clear();
    }
}

impl Drop for QuotaBooking<'_> {
    fn drop(&mut self) {
        if let Some((quotas, _)) = &mut self.quotas {
            self.taken.drain(..).for_each(|request| quotas.give_back(request));
        }
    }
}

/// The usage of a quota in the current hour; `None` if too many are counted already.
fn current<K: Eq + Hash>(used: &mut HashMap<K, UsedQuota>, key: K, now: Duration) -> Option<&mut UsedQuota> {
    let is_full = used.len() >= COUNTED_AT_ONCE;
    match used.entry(key) {
        Entry::Vacant(_) if is_full => None,
        Entry::Vacant(entry) => Some(entry.insert(UsedQuota::none_at(now))),
        Entry::Occupied(entry) => {
            let used = entry.into_mut();
            if used.is_over(now) {
                *used = UsedQuota::none_at(now);
            }
            Some(used)
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::limits::QUEUED_REPORTS;

    use super::*;
    use crate::sender_key::SenderKeys;

    const KIB: u64 = 1024;

    /// The installation with a name.
    fn named(name: &str) -> Uuid {
        let bytes = name.bytes().fold(0, |number, byte| number << 8 | u128::from(byte));
        Uuid::from_u128(bytes)
    }

    fn known(instance: &str, bytes: u64) -> QuotaRequest {
        QuotaRequest { instance: named(instance), is_new: false, prefix: None, bytes }
    }

    fn new(instance: &str, prefix: Option<SenderKey>) -> QuotaRequest {
        QuotaRequest { instance: named(instance), is_new: true, prefix, bytes: KIB }
    }

    fn hours(hours: u64) -> Duration {
        WINDOW * u32::try_from(hours).unwrap()
    }

    /// How many of `many` reports of one installation are stored at `now`.
    fn stored(quotas: &mut StorageQuotas, many: u32, bytes: u64, now: Duration) -> u32 {
        (0..many).map(|_| u32::from(quotas.take(known("a", bytes), now).is_ok())).sum()
    }

    #[test]
    fn what_a_group_took_is_given_back_unless_it_is_stored() {
        let mut quotas = StorageQuotas::new(hours(0));
        let request = QuotaRequest { instance: Uuid::from_u128(1), is_new: true, prefix: None, bytes: 1 };
        let take_all = |quotas: &mut StorageQuotas, is_stored: bool| {
            let mut booking = QuotaBooking::new(quotas, hours(0));
            let taken = (0..STORED_REPORTS_PER_HOUR).filter(|_| booking.take(request).is_ok()).count();
            assert_eq!(booking.take(request), Err(QuotaExceeded::OfInstallation));
            if is_stored {
                booking.keep();
            }
            taken
        };
        assert_eq!(take_all(&mut quotas, false), STORED_REPORTS_PER_HOUR as usize);
        assert_eq!(take_all(&mut quotas, true), STORED_REPORTS_PER_HOUR as usize);
        assert_eq!(take_all(&mut quotas, false), 0);
    }

    #[test]
    fn an_installation_has_so_many_reports_an_hour() {
        let mut quotas = StorageQuotas::new(hours(0));
        assert_eq!(stored(&mut quotas, STORED_REPORTS_PER_HOUR + 100, 1, hours(0)), STORED_REPORTS_PER_HOUR);
        assert_eq!(
            quotas.take(known("a", 1), hours(1) - Duration::from_secs(1)),
            Err(QuotaExceeded::OfInstallation)
        );
        assert_eq!(quotas.take(known("b", 1), hours(0)), Ok(()));
        assert_eq!(stored(&mut quotas, STORED_REPORTS_PER_HOUR + 100, 1, hours(1)), STORED_REPORTS_PER_HOUR);
    }

    #[test]
    fn an_installation_has_so_many_bytes_an_hour() {
        let mut quotas = StorageQuotas::new(hours(0));
        assert_eq!(stored(&mut quotas, 100, 1024 * KIB, hours(0)), 64);
        let large = STORED_BYTES_PER_HOUR + 1;
        assert_eq!(stored(&mut quotas, 2, large, hours(1)), 1, "one larger than the quota is stored alone");
    }

    #[test]
    fn a_whole_spool_fits() {
        let mut quotas = StorageQuotas::new(hours(0));
        let spool = u32::try_from(QUEUED_REPORTS).unwrap();
        assert_eq!(stored(&mut quotas, spool, 190 * KIB, hours(0)), spool);
    }

    #[test]
    fn what_was_not_stored_is_given_back() {
        let mut quotas = StorageQuotas::new(hours(0));
        for _ in 0..3 * STORED_REPORTS_PER_HOUR {
            quotas.take(new("a", None), hours(0)).unwrap();
            quotas.give_back(new("a", None));
        }
        assert_eq!(quotas.new_in_all.reports, 0);
        assert_eq!(quotas.installations[&named("a")].bytes, 0);
    }

    #[test]
    fn a_prefix_has_so_many_new_installations_an_hour() {
        let keys = SenderKeys::new();
        let (here, there) =
            (keys.prefix("192.0.2.1".parse().unwrap()), keys.prefix("198.51.100.1".parse().unwrap()));
        assert!(here.is_some() && there.is_some());
        let mut quotas = StorageQuotas::new(hours(0));
        let mut installed = |from: &str, prefix, many: u32, now| {
            (0..many).filter(|at| quotas.take(new(&format!("{from}{at}"), prefix), now).is_ok()).count()
        };
        assert_eq!(installed("here", here, 2 * NEW_PER_PREFIX, hours(0)), NEW_PER_PREFIX as usize);
        assert_eq!(installed("there", there, 10, hours(0)), 10);
        assert_eq!(installed("nowhere", None, 2 * NEW_PER_PREFIX, hours(0)), 2 * NEW_PER_PREFIX as usize);
        assert_eq!(installed("later", here, 10, hours(1)), 10);
    }

    #[test]
    fn a_known_installation_needs_no_quota_of_new_ones() {
        let keys = SenderKeys::new();
        let prefix = keys.prefix("192.0.2.1".parse().unwrap());
        let mut quotas = StorageQuotas::new(hours(0));
        for at in 0..NEW_PER_PREFIX {
            quotas.take(new(&at.to_string(), prefix), hours(0)).unwrap();
        }
        assert_eq!(quotas.take(new("one more", prefix), hours(0)), Err(QuotaExceeded::OfNewInstallations));
        let request = QuotaRequest { prefix, ..known("known", KIB) };
        assert_eq!(quotas.take(request, hours(0)), Ok(()));
    }

    #[test]
    fn new_installations_have_a_bound_in_all() {
        let mut quotas = StorageQuotas::new(hours(0));
        for at in 0..NEW_IN_ALL {
            quotas.take(new(&at.to_string(), None), hours(0)).unwrap();
        }
        assert_eq!(quotas.take(new("one more", None), hours(0)), Err(QuotaExceeded::OfNewInstallations));
        assert_eq!(quotas.take(new("one more", None), hours(1)), Ok(()));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut quotas = StorageQuotas::new(hours(0));
        quotas.take(known("a", 1), hours(0)).unwrap();
        quotas.take(known("b", 1), hours(1)).unwrap();
        assert_eq!(quotas.installations.len(), 1);
    }
}
