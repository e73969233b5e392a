//! Stores the names in profiles, each once.
//!
//! How many new stacks a day may bring is bounded, so that invented ones do not fill the disk. A stack without
//! a name counts as `(other)`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard},
};

use headcount_fleet::{
    calendar_day::CalendarDay,
    profiles::{DecodedProfile, NamedFunction, StackDictionary, StackEntry, StackId},
};
use headcount_platform::lock::lock;
use sqlx::{SqliteConnection, SqlitePool};

use super::{
    ReportStore,
    report_rows::{RowBinder, insert_rows},
};

/// The most stacks that are stored for the first time on a day. A release of this program brings some thousands.
const NEW_STACKS_A_DAY: usize = 100_000;

/// The days of which new stacks are counted.
const DAYS_COUNTED: usize = 32;

/// The age in days of the note when a stack was last seen, after which it is renewed.
const NOTED_AGAIN_AFTER: u32 = 30;

/// The stacks that are known to be stored, with the day on which they were noted.
#[derive(Debug, Default)]
pub(crate) struct KnownStacks {
    state: Mutex<KnownState>,
}

#[derive(Debug, Default)]
struct KnownState {
    noted: HashMap<StackId, CalendarDay>,
    /// The numbers of new stacks of the last days.
    new_on: BTreeMap<CalendarDay, usize>,
}

/// What to do with a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StackAction {
    /// It is stored already.
    Nothing,
    /// It has to be stored, or its note renewed.
    Store,
    /// There is no place for it.
    Refuse,
}

impl KnownStacks {
    fn state(&self) -> MutexGuard<'_, KnownState> {
        // After a panic, a stack that is missing here is stored again.
        lock(&self.state)
    }

    /// What to do with a stack of a report that counts in this day.
    pub(crate) fn action(&self, stack: StackId, day: CalendarDay) -> StackAction {
        let mut state = self.state();
        if let Some(noted) = state.noted.get(&stack) {
            let is_old = day.days_since(*noted) >= NOTED_AGAIN_AFTER;
            return if is_old { StackAction::Store } else { StackAction::Nothing };
        }
        let new = state.new_on.entry(day).or_default();
        if *new >= NEW_STACKS_A_DAY {
            return StackAction::Refuse;
        }
        *new += 1;
        // A report counts on a day of the last three weeks.
        while state.new_on.len() > DAYS_COUNTED {
            state.new_on.pop_first();
        }
        StackAction::Store
    }

    /// Notes that a stack is stored.
    pub(crate) fn note(&self, stack: StackId, day: CalendarDay) {
        self.state().noted.insert(stack, day);
    }

    /// Forgets what is known, because stacks were dropped or a transaction may have failed.
    pub(crate) fn forget(&self) {
        self.state().noted.clear();
    }
}

const INSERT_STACKS: &str = "INSERT INTO profile_stack (id, frames, seen)";

const NOTE_STACKS: &str = "ON CONFLICT (id) DO UPDATE SET seen = max(seen, excluded.seen)";

const INSERT_FUNCTIONS: &str = "INSERT INTO profile_function (id, name)";

/// Stores the names of profiles, each with the day that it counts in.
pub(super) async fn insert_profile_names<'a>(
    connection: &mut SqliteConnection,
    known: &KnownStacks,
    profiles: impl Iterator<Item = (&'a DecodedProfile, CalendarDay)>,
) -> sqlx::Result<()> {
    let (mut stacks, mut functions, mut named) = (Vec::new(), Vec::new(), HashSet::new());
    for (profile, day) in profiles {
        for stack in &profile.stacks {
            if known.action(stack.id, day) != StackAction::Store {
                continue;
            }
            let of_stack = stack.frames.iter().filter_map(|frame| profile.functions.get(*frame as usize));
            let of_stack: Vec<_> = of_stack.collect();
            functions.extend(of_stack.iter().copied().filter(|function| named.insert(function.id)));
            let frames = of_stack.iter().map(|function| function.id).collect();
            stacks.push((StackEntry { id: stack.id, frames }, day));
            // If the transaction fails, all of it is forgotten.
            known.note(stack.id, day);
        }
    }
    let bind = |row: &mut RowBinder<'_>, function: &&NamedFunction| {
        row.push_bind(function.id.0.cast_signed()).push_bind(function.name.as_str());
    };
    insert_rows(connection, INSERT_FUNCTIONS, &functions, bind, "ON CONFLICT DO NOTHING").await?;
    let bind = |row: &mut RowBinder<'_>, (entry, day): &(StackEntry, CalendarDay)| {
        row.push_bind(entry.id.0.cast_signed())
            .push_bind(entry.frame_bytes())
            .push_bind(day.days_since_epoch());
    };
    insert_rows(connection, INSERT_STACKS, &stacks, bind, NOTE_STACKS).await
}

/// The place up to which names were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct NamesRead {
    pub(crate) functions: i64,
    pub(crate) stacks: i64,
}

impl ReportStore {
    /// Adds the names that were stored since to a dictionary. Returns the place up to which it has them now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn read_profile_names(
        &self,
        dictionary: &mut StackDictionary,
        read: NamesRead,
    ) -> sqlx::Result<NamesRead> {
        // Stacks first: whoever stores a stack stores its functions with it.
        let stacks = new_stacks(&self.readers, read.stacks).await?;
        let functions: Vec<(i64, String)> =
            sqlx::query_as("SELECT place, name FROM profile_function WHERE place > ? ORDER BY place")
                .bind(read.functions)
                .fetch_all(&self.readers)
                .await?;
        let mut read = read;
        for (place, name) in &functions {
            dictionary.add_function_name(name);
            read.functions = *place;
        }
        for (place, id, frames) in &stacks {
            if let Some(entry) = StackEntry::from_frame_bytes(StackId(id.cast_unsigned()), frames) {
                dictionary.add_stack(&entry);
            }
            read.stacks = *place;
        }
        Ok(read)
    }
}

async fn new_stacks(readers: &SqlitePool, after: i64) -> sqlx::Result<Vec<(i64, i64, Vec<u8>)>> {
    let query = sqlx::query_as("SELECT place, id, frames FROM profile_stack WHERE place > ? ORDER BY place");
    query.bind(after).fetch_all(readers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: u32) -> CalendarDay {
        CalendarDay::try_from(days).unwrap()
    }

    #[test]
    fn a_stack_is_stored_once_and_noted_again_after_a_month() {
        let known = KnownStacks::default();
        assert_eq!(known.action(StackId(1), day(1)), StackAction::Store);
        known.note(StackId(1), day(1));
        assert_eq!(known.action(StackId(1), day(30)), StackAction::Nothing);
        assert_eq!(known.action(StackId(1), day(31)), StackAction::Store);
        known.forget();
        assert_eq!(known.action(StackId(1), day(2)), StackAction::Store);
    }

    #[test]
    fn a_day_brings_so_many_new_stacks() {
        let known = KnownStacks::default();
        let stored = |first: u64, on: u32| {
            (first..)
                .take(2 * NEW_STACKS_A_DAY)
                .filter(|id| known.action(StackId(*id), day(on)) == StackAction::Store)
                .count()
        };
        assert_eq!(stored(0, 1), NEW_STACKS_A_DAY);
        assert_eq!(stored(0, 2), NEW_STACKS_A_DAY);
        assert_eq!(stored(0, 1), 0, "days take turns");
    }
}
