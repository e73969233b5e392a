//! Stores the names in profiles, and reads those that are new.

use std::collections::HashMap;

use headcount_clickhouse::RowBatch;
use headcount_fleet::{
    calendar_day::CalendarDay,
    profiles::{StackDictionary, StackEntry, StackId},
};

use super::{ClickHouseStorage, table_definitions::PROFILE_NAMES};
use crate::{
    fleet_storage::StorageResult,
    report_profiles::ReportProfiles,
    report_store::{KnownStacks, NamesRead, StackAction},
};

const FUNCTION: u8 = 0;
const STACK: u8 = 1;

/// By so many seconds the clocks of the nodes of ClickHouse may differ.
const CLOCKS_DIFFER: i64 = 600;

/// The names that have to be stored with a group of reports.
#[derive(Debug, Default)]
pub(super) struct NewProfileNames {
    pub(super) rows: RowBatch,
    /// The stacks among them, with the day on which they were seen.
    pub(super) stacks: HashMap<StackId, CalendarDay>,
}

impl NewProfileNames {
    /// Adds those of a report.
    pub(super) fn push(&mut self, known: &KnownStacks, profiles: &ReportProfiles, day: CalendarDay) {
        let new = profiles
            .both()
            .into_iter()
            .flat_map(|profile| profile.stacks.iter().map(move |stack| (profile, stack)));
        for (profile, stack) in new {
            if self.stacks.contains_key(&stack.id) || known.action(stack.id, day) != StackAction::Store {
                continue;
            }
            let functions = stack.frames.iter().filter_map(|frame| profile.functions.get(*frame as usize));
            let mut frames = Vec::with_capacity(stack.frames.len());
            for function in functions {
                frames.push(function.id);
                self.rows.push(&(day.days_since_epoch(), FUNCTION, function.id.0, function.name.as_str()));
            }
            let entry = StackEntry { id: stack.id, frames };
            self.rows.push(&(
                day.days_since_epoch(),
                STACK,
                entry.id.0,
                bytes::Bytes::from(entry.frame_bytes()),
            ));
            self.stacks.insert(stack.id, day);
        }
    }
}

impl ClickHouseStorage {
    /// Adds the names that were stored since to a dictionary. Returns the place up to which it has them now.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn read_profile_names(
        &self,
        dictionary: &mut StackDictionary,
        read: NamesRead,
    ) -> StorageResult<NamesRead> {
        let since = (read.functions - CLOCKS_DIFFER).max(0);
        let names = |kind: u8| {
            format!(
                "SELECT id, body, toUInt32(noted_at) FROM {} \
                 WHERE kind = {kind} AND id != 0 AND noted_at >= toDateTime({since})",
                PROFILE_NAMES.name
            )
        };
        let mut read = read;
        // Stacks first: what stores a stack stores its functions in the same insert.
        let stacks = self.client.query::<(u64, bytes::Bytes, u32)>(&names(STACK)).await?;
        let mut functions = self.client.query_stream::<(u64, String, u32)>(&names(FUNCTION)).await?;
        while let Some((_, name, noted_at)) = functions.next_row().await? {
            dictionary.add_function_name(&name);
            read.functions = read.functions.max(noted_at.into());
        }
        for (id, frames, _) in &stacks {
            let stack = StackId(*id);
            if dictionary.has_stack(stack) {
                continue;
            }
            let entry = StackEntry::from_frame_bytes(stack, frames);
            if entry.is_some_and(|entry| dictionary.add_stack(&entry)) {
                read.stacks += 1;
            }
        }
        Ok(read)
    }
}
