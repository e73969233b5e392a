//! Manages the identity of a browser: a random UUID, one per browser profile, origin and installation.
//!
//! Two tabs that are opened at once both find no UUID and both write one: what one process writes into
//! `localStorage` reaches another some milliseconds later, and a lock does not change that. So a new UUID is
//! stored as unsettled, with a mark at its end. The tab that made or found it waits for [`SETTLE_MS`], takes
//! the UUID that is stored then, which is the same in all tabs, and stores that without the mark.
//!
//! A very late tab may still find no UUID, and overwrite one that others know. These restore theirs, and the
//! late tab finds it after its wait.

use alloc::string::String;

use uuid::Uuid;

/// The mark at the end of an unsettled UUID.
const UNSETTLED: char = '?';

/// How long a new UUID takes to settle, in milliseconds: ten times what six tabs opened in the same
/// millisecond needed.
pub const SETTLE_MS: u32 = 100;

/// The browser stores nothing for this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageDenied;

/// The storage of the UUID.
pub trait UuidStorage {
    /// The stored text. `None` also if the browser denies access.
    fn read(&self) -> Option<String>;

    /// Stores `text` in place of what was there.
    ///
    /// # Errors
    /// [`StorageDenied`] if the browser does not store it.
    fn write(&self, text: &str) -> Result<(), StorageDenied>;
}

/// The identity of the browser in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowserIdentity {
    /// The browser's UUID.
    pub id: Uuid,
    /// Whether it lasts for this page only.
    pub ephemeral: bool,
}

/// The browser's UUID, and whether it has settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UuidState {
    /// Just made and stored, by this tab or another. Other tabs may have made others.
    Settling(Uuid),
    /// Stored, the same in all tabs.
    Known(Uuid),
    /// The browser stores nothing: a UUID for this page.
    Ephemeral(Uuid),
}

impl UuidState {
    /// The UUID in `storage`; else one from `make`, which replaces any other text there.
    pub fn open(storage: &impl UuidStorage, make: impl FnOnce() -> Uuid) -> Self {
        match stored(storage) {
            Some(StoredUuid { id, is_settled: true }) => Self::Known(id),
            Some(StoredUuid { id, .. }) => Self::Settling(id),
            None => {
                let new = StoredUuid { id: make(), is_settled: false };
                if new.write(storage).is_ok() { Self::Settling(new.id) } else { Self::Ephemeral(new.id) }
            }
        }
    }

    /// Takes the UUID in `storage` after the wait. One that was not stored is valid for this page only.
    #[must_use]
    pub fn settled(self, storage: &impl UuidStorage) -> Self {
        let Self::Settling(own) = self else { return self };
        let Some(found) = stored(storage) else { return Self::Ephemeral(own) };
        // If that fails, the next tab waits as this one did.
        let _kept = StoredUuid { is_settled: true, ..found }.write(storage);
        Self::Known(found.id)
    }

    /// Replaces an unsettled UUID in `storage` with the one that is known here.
    pub fn defend(self, storage: &impl UuidStorage) {
        if let (Self::Known(id), Some(StoredUuid { is_settled: false, .. })) = (self, stored(storage)) {
            // If that fails, the other tab keeps a UUID of its own.
            let _kept = StoredUuid { id, is_settled: true }.write(storage);
        }
    }

    /// Whether events have to wait for [`Self::settled`].
    #[must_use]
    pub const fn is_settling(self) -> bool {
        matches!(self, Self::Settling(_))
    }

    /// The identity for an event that is sent now. A stored UUID is read anew, so that a tab that was late,
    /// or whose storage was cleared, agrees with the others from here on.
    pub fn identity(self, storage: &impl UuidStorage) -> BrowserIdentity {
        match self {
            Self::Ephemeral(id) => BrowserIdentity { id, ephemeral: true },
            Self::Settling(own) | Self::Known(own) => {
                let found = stored(storage).filter(|found| found.is_settled || self.is_settling());
                BrowserIdentity { id: found.map_or(own, |found| found.id), ephemeral: false }
            }
        }
    }
}

/// A stored UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StoredUuid {
    id: Uuid,
    is_settled: bool,
}

impl StoredUuid {
    fn write(self, storage: &impl UuidStorage) -> Result<(), StorageDenied> {
        let mut buffer = Uuid::encode_buffer();
        let mut text = String::from(&*self.id.hyphenated().encode_lower(&mut buffer));
        if !self.is_settled {
            text.push(UNSETTLED);
        }
        storage.write(&text)
    }
}

/// Whether a UUID has version 4 and the variant of RFC 9562.
const fn is_random(id: &Uuid) -> bool {
    let [.., version, _, variant, _, _, _, _, _, _, _] = id.as_bytes();
    *version >> 4 == 4 && *variant >> 6 == 2
}

/// The valid UUID in `storage`. The server counts only browsers with version 4.
fn stored(storage: &impl UuidStorage) -> Option<StoredUuid> {
    let text = storage.read()?;
    let unmarked = text.strip_suffix(UNSETTLED);
    let id = Uuid::try_parse(unmarked.unwrap_or(&text)).ok().filter(is_random)?;
    Some(StoredUuid { id, is_settled: unmarked.is_none() })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const FIRST: Uuid = Uuid::from_u128(0x2017_4a56_4a1e_41ca_a90d_b657_d1fa_873e);
    const SECOND: Uuid = Uuid::from_u128(0x4423_595b_9d97_4e01_a19f_8e3d_60c8_3b2a);

    /// The storage of one browser. The fields `refuses_…` make calls fail.
    #[derive(Default)]
    struct MemoryStorage {
        text: RefCell<Option<String>>,
        refuses_read: bool,
        refuses_write: bool,
    }

    impl MemoryStorage {
        fn holding(text: &str) -> Self {
            Self { text: RefCell::new(Some(text.to_owned())), ..Self::default() }
        }
    }

    impl UuidStorage for MemoryStorage {
        fn read(&self) -> Option<String> {
            if self.refuses_read { None } else { self.text.borrow().clone() }
        }

        fn write(&self, text: &str) -> Result<(), StorageDenied> {
            if self.refuses_write {
                return Err(StorageDenied);
            }
            *self.text.borrow_mut() = Some(text.to_owned());
            Ok(())
        }
    }

    fn kept(id: Uuid) -> BrowserIdentity {
        BrowserIdentity { id, ephemeral: false }
    }

    #[test]
    fn a_stored_uuid_is_used_at_once() {
        let storage = MemoryStorage::holding(&FIRST.to_string());
        let device = UuidState::open(&storage, || panic!("no new UUID is needed"));
        assert!(!device.is_settling());
        assert_eq!(device.identity(&storage), kept(FIRST));
    }

    #[test]
    fn a_new_uuid_is_stored_and_settles() {
        let storage = MemoryStorage::default();
        let device = UuidState::open(&storage, || FIRST);
        assert!(device.is_settling());
        assert_eq!(storage.text.borrow().as_deref(), Some(format!("{FIRST}?").as_str()));
        assert_eq!(device.settled(&storage), UuidState::Known(FIRST));
        assert_eq!(storage.text.borrow().as_deref(), Some(FIRST.to_string().as_str()));
    }

    #[test]
    fn a_uuid_that_another_tab_has_just_made_settles_here_too() {
        let storage = MemoryStorage::holding(&format!("{FIRST}?"));
        let device = UuidState::open(&storage, || panic!("no new UUID is needed"));
        assert!(device.is_settling());
        // A third tab, in another process, found nothing and wrote last.
        storage.write(&format!("{SECOND}?")).unwrap();
        let device = device.settled(&storage);
        assert_eq!((device, device.identity(&storage)), (UuidState::Known(SECOND), kept(SECOND)));
    }

    #[test]
    fn two_tabs_opened_at_once_end_with_one_uuid() {
        // Each process sees its own storage until the writes have reached the other: the last one stays in
        // both.
        let (one, other) = (MemoryStorage::default(), MemoryStorage::default());
        let (in_one, in_other) = (UuidState::open(&one, || FIRST), UuidState::open(&other, || SECOND));
        one.write(&SECOND.to_string()).unwrap();
        assert_eq!(in_one.settled(&one).identity(&one), kept(SECOND));
        assert_eq!(in_other.settled(&other).identity(&other), kept(SECOND));
    }

    #[test]
    fn a_tab_that_settled_too_early_agrees_later() {
        let storage = MemoryStorage::default();
        let device = UuidState::open(&storage, || FIRST).settled(&storage);
        storage.write(&SECOND.to_string()).unwrap();
        assert_eq!(device.identity(&storage), kept(SECOND));
    }

    #[test]
    fn a_tab_that_was_late_takes_what_the_others_know() {
        let storage = MemoryStorage::holding(&FIRST.to_string());
        let known = UuidState::open(&storage, || panic!("no new UUID is needed"));
        // It had found nothing in an outdated copy of the storage.
        let late = UuidState::Settling(SECOND);
        storage.write(&format!("{SECOND}?")).unwrap();
        assert_eq!(known.identity(&storage), kept(FIRST));
        known.defend(&storage);
        assert_eq!(late.settled(&storage), UuidState::Known(FIRST));
        // A settled UUID counts for all, even if this tab knew another one.
        storage.write(&SECOND.to_string()).unwrap();
        known.defend(&storage);
        assert_eq!(known.identity(&storage), kept(SECOND));
    }

    #[test]
    fn a_known_uuid_survives_a_cleaning_for_this_page() {
        let storage = MemoryStorage::holding(&FIRST.to_string());
        let device = UuidState::open(&storage, || SECOND);
        storage.text.borrow_mut().take();
        assert_eq!(device.identity(&storage), kept(FIRST));
    }

    #[test]
    fn a_corrupt_value_is_replaced() {
        for text in [
            "",
            "x",
            "?",
            "{\"id\":1}",
            &Uuid::nil().to_string(),
            &Uuid::max().to_string(),
            "20174a56-4a1e-11ca-a90d-b657d1fa873e",
            "20174a56-4a1e-71ca-a90d-b657d1fa873e",
            "20174a56-4a1e-81ca-a90d-b657d1fa873e",
            "20174a56-4a1e-41ca-c90d-b657d1fa873e",
            &format!("{FIRST}??"),
        ] {
            let storage = MemoryStorage::holding(text);
            assert_eq!(UuidState::open(&storage, || FIRST), UuidState::Settling(FIRST), "{text}");
            assert_eq!(stored(&storage), Some(StoredUuid { id: FIRST, is_settled: false }));
        }
    }

    #[test]
    fn denied_storage_gives_a_uuid_for_this_page() {
        let closed = MemoryStorage { refuses_read: true, refuses_write: true, ..MemoryStorage::default() };
        let unwritable = MemoryStorage { refuses_write: true, ..MemoryStorage::default() };
        for storage in [closed, unwritable] {
            let device = UuidState::open(&storage, || FIRST);
            assert_eq!(device.identity(&storage), BrowserIdentity { id: FIRST, ephemeral: true });
            assert_eq!(device.settled(&storage), device);
        }
        let unreadable = MemoryStorage { refuses_read: true, ..MemoryStorage::default() };
        assert_eq!(UuidState::open(&unreadable, || FIRST).settled(&unreadable), UuidState::Ephemeral(FIRST));
    }

    #[test]
    fn storage_that_forgets_gives_a_uuid_for_this_page() {
        let storage = MemoryStorage::default();
        let device = UuidState::open(&storage, || FIRST);
        storage.text.borrow_mut().take();
        assert_eq!(device.settled(&storage), UuidState::Ephemeral(FIRST));
    }
}
