//! Looks every day for what releases changed, and reads what was found.
//!
//! A day is looked at once, at least two hours after its end, and not in the first hour of a collector: until
//! then, installations deliver what they could not send. What was found is a block of that day, so that it
//! goes when the day goes. Reports that arrive later, and deletions, change the counts of a day when its
//! numbers are computed again, never what was found on it.

use std::collections::BTreeMap;

use headcount_fleet::{
    answers::{answer_period::AnswerPeriod, changes_answer::changes_answer},
    block_codec::{BlockError, decode_block, encode_block},
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    changes::{
        ChangeDay, ChangeFinder, ChangeHistory, DayInput, FunctionShares, InstallationReadings,
        weekly_summary::{MOST_WEEKS, WeekInput, WeeklySummary, summarize_week},
    },
    installation_day::InstallationDays,
    profiles::{MergedProfile, ProfiledResource, StackDictionary, VersionProfile},
};

use headcount_shared::api::FleetChangesAnswer;

use super::{
    fleet_reader::{FleetReadError, FleetReader, decoded_activity, on_other_thread},
    fleet_rollup::{self, FleetRollup, RollupError, version_of_profile_block},
    report_store::{BlockLayer, NewBlock, ONLY_BLOCK, StoredBlock},
};

/// How long after its end a day is looked at, in seconds.
const SETTLING_SECONDS: u64 = 2 * 60 * 60;

/// The days before a day that its look needs: eight weeks of a series, and the two weeks of a release.
const WINDOW_DAYS: u32 = 70;

/// The days that are looked at when none was before.
const FIRST_LOOKS: u32 = 400;

/// The days that are looked at in one round, so that new reports do not wait for long.
const LOOKS_AT_ONCE: u32 = 30;

/// The version of encoded notes.
const NOTES_VERSION: u8 = 1;

/// The numbers of a day as they are stored.
#[derive(Debug, Default)]
struct StoredDay {
    installations: Option<StoredBlock>,
    readings: Option<StoredBlock>,
    tables: Vec<(CellTable, StoredBlock)>,
    profiles: Vec<(ProfiledResource, String, StoredBlock)>,
}

/// The numbers of a day.
struct ReadDay {
    installations: InstallationDays,
    readings: Option<InstallationReadings>,
    tables: Vec<(CellTable, CellBlock)>,
    functions: Vec<FunctionShares>,
}

/// What looking at one day gave.
struct LookedDay {
    finder: ChangeFinder,
    known: ChangeDay,
}

impl FleetRollup {
    /// Looks at days that are over, have numbers and were not looked at: the oldest ones of one product. The
    /// next round goes on.
    ///
    /// # Errors
    /// Every [`RollupError`]; days that were looked at until then are stored.
    pub(super) async fn look_for_changes(&self) -> Result<(), RollupError> {
        let over = CalendarDay::from_unix_seconds(self.time().now().at.saturating_sub(SETTLING_SECONDS));
        let mut products = BTreeMap::<String, (CalendarDay, CalendarDay)>::new();
        for (product, day) in self.store().days_of_installations().await? {
            if day < over {
                products.entry(product).and_modify(|(_, last)| *last = day).or_insert((day, day));
            }
        }
        products.retain(|product, (_, last)| !self.is_looked_at(product, *last));
        let Some((product, (first, last))) = products.pop_first() else { return Ok(()) };
        if self.look_at_product(&product, first, last).await? {
            self.note_looked_at(product, last);
        }
        Ok(())
    }

    /// Looks at days of a product until `last`. Returns whether this was the last one.
    async fn look_at_product(
        &self,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> Result<bool, RollupError> {
        let oldest = first.max(last.minus_days(FIRST_LOOKS));
        let stored = self.change_days(product, oldest, last).await?;
        let next = stored.last().map_or(oldest, |(day, _)| day.plus_days(1));
        if next > last {
            return Ok(true);
        }
        let until = last.min(next.plus_days(LOOKS_AT_ONCE - 1));
        let window = first.max(next.minus_days(WINDOW_DAYS));
        let mut finder = ChangeFinder::new();
        let history = stored.iter().filter(|(day, _)| *day < window);
        finder.add_history(history.map(|(day, known)| (*day, known.versions.as_slice())));
        let (stored, mut blocks): (BTreeMap<_, _>, _) = (stored.into_iter().collect(), Vec::new());
        for day in window.days_until(until) {
            let before = if day < next { Some(stored.get(&day).cloned().unwrap_or_default()) } else { None };
            let looked = self.look_at_day(product, day, finder, before).await?;
            finder = looked.finder;
            if stored.get(&day) != Some(&looked.known) {
                let (layer, name) = (BlockLayer::Changes, ONLY_BLOCK.to_owned());
                blocks.push(NewBlock { layer, day, name, block: looked.known.encode()? });
            }
        }
        self.store().replace_blocks(product, &blocks, None, self.time().now().at).await?;
        Ok(until == last)
    }

    /// Adds a day to a finder. A day without numbers has no reports. A day that was looked at before keeps what
    /// was found: late reports change its counts only.
    async fn look_at_day(
        &self,
        product: &str,
        day: CalendarDay,
        mut finder: ChangeFinder,
        before: Option<ChangeDay>,
    ) -> Result<LookedDay, RollupError> {
        let stored = self.stored_day(product, day).await?;
        let dictionary = self.dictionary().current().await?;
        fleet_rollup::on_other_thread(move || {
            let found = before.map(|before| before.changes);
            let Some(read) = stored.read(&dictionary)? else {
                let known = ChangeDay { changes: found.unwrap_or_default(), ..ChangeDay::default() };
                return Ok(LookedDay { known, finder });
            };
            let ReadDay { installations, readings, tables, functions } = &read;
            let input = DayInput { day, installations, tables, functions, readings: readings.as_ref() };
            let changes = match found {
                Some(found) => {
                    finder.add_past_day(&input, &found);
                    found
                }
                None => {
                    finder.add_day(&input);
                    finder.watched_changes()
                }
            };
            let known = ChangeDay { changes, ..ChangeDay::of_numbers(installations, tables) };
            Ok(LookedDay { known, finder })
        })
        .await?
    }

    async fn stored_day(&self, product: &str, day: CalendarDay) -> Result<StoredDay, RollupError> {
        let only = async |layer, name: &str| -> Result<Option<StoredBlock>, RollupError> {
            Ok(self.store().blocks(layer, product, name, day, day).await?.pop())
        };
        let installations = only(BlockLayer::Installations, ONLY_BLOCK).await?;
        if installations.is_none() {
            return Ok(StoredDay::default());
        }
        let mut tables = Vec::new();
        for table in CellTable::ALL {
            tables.extend(only(BlockLayer::Cells, table.name()).await?.map(|block| (table, block)));
        }
        let mut profiles = Vec::new();
        for name in self.store().block_names(BlockLayer::Profiles, product, day, day).await? {
            for resource in [ProfiledResource::Cpu, ProfiledResource::Heap] {
                if let Some(version) = version_of_profile_block(resource, &name) {
                    let block = only(BlockLayer::Profiles, &name).await?;
                    profiles.extend(block.map(|block| (resource, version.to_owned(), block)));
                }
            }
        }
        let readings = only(BlockLayer::InstallationReadings, ONLY_BLOCK).await?;
        Ok(StoredDay { installations, readings, tables, profiles })
    }

    async fn change_days(
        &self,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> Result<Vec<(CalendarDay, ChangeDay)>, RollupError> {
        let stored = self.store().blocks(BlockLayer::Changes, product, ONLY_BLOCK, first, last).await?;
        Ok(decoded_days(&stored)?)
    }
}

impl StoredDay {
    fn read(&self, dictionary: &StackDictionary) -> Result<Option<ReadDay>, RollupError> {
        let Some(installations) = &self.installations else { return Ok(None) };
        let readings = self.readings.as_ref().map(|stored| InstallationReadings::decode(&stored.block));
        let tables =
            self.tables.iter().map(|(table, stored)| Ok((*table, CellBlock::decode(&stored.block)?)));
        let functions = self.profiles.iter().map(|(resource, version, stored)| {
            let profile = MergedProfile::decode_block(&stored.block)?;
            let profile = VersionProfile { version: version.clone(), resource: *resource, profile };
            Ok::<_, RollupError>(FunctionShares::of_profile(&profile, dictionary))
        });
        Ok(Some(ReadDay {
            installations: InstallationDays::decode(&installations.block)?,
            readings: readings.transpose()?,
            tables: tables.collect::<Result<_, BlockError>>()?,
            functions: functions.collect::<Result<_, _>>()?,
        }))
    }
}

fn decoded_days(stored: &[StoredBlock]) -> Result<Vec<(CalendarDay, ChangeDay)>, BlockError> {
    stored.iter().map(|stored| Ok((stored.day, ChangeDay::decode(&stored.block)?))).collect()
}

impl FleetReader {
    /// What happened to the fleet in a period.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn changes(&self, period: AnswerPeriod) -> Result<FleetChangesAnswer, FleetReadError> {
        let AnswerPeriod { product, first, last, .. } = &period;
        let stored = self.change_blocks(product, *last).await?;
        let notes = self.store().blocks(BlockLayer::Notes, product, ONLY_BLOCK, *first, *last).await?;
        on_other_thread(move || {
            let history = ChangeHistory::of_days(&decoded_days(&stored)?);
            let notes =
                notes.iter().map(|stored| Ok((stored.day, decode_block(NOTES_VERSION, &stored.block)?)));
            Ok(changes_answer(&period, &history, notes.collect::<Result<_, BlockError>>()?))
        })
        .await
    }

    /// The weeks of a product that were looked at until a day, the newest first; at most [`MOST_WEEKS`]. The
    /// newest one may not be over. A week that goes on after the day is not among them.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn weekly_summaries(
        &self,
        product: &str,
        last: CalendarDay,
    ) -> Result<Vec<WeeklySummary>, FleetReadError> {
        let product = product.to_owned();
        let stored = self.change_blocks(&product, last).await?;
        let activity = self.activity_block(&product).await?;
        on_other_thread(move || {
            let history = ChangeHistory::of_days(&decoded_days(&stored)?);
            let (activity, _) = decoded_activity(activity)?;
            let (Some(looked_at), Some(first)) = (history.last_day, activity.days.first()) else {
                return Ok(Vec::new());
            };
            let newest = looked_at.min(last).week_start();
            let is_told = |week: &CalendarDay| looked_at <= last || week.plus_days(6) <= last;
            let weeks = (0..=MOST_WEEKS).map(|at| newest.minus_days(7 * at)).filter(is_told);
            let summary = |week| {
                summarize_week(&WeekInput {
                    product: &product,
                    week,
                    last_day: looked_at.min(week.plus_days(6)),
                    activity: &activity.days,
                    releases: &history.releases,
                    changes: &history.changes,
                    gaps: &history.gaps,
                })
            };
            let since_first = weeks.take_while(|week| week.plus_days(6) >= first.day);
            Ok(since_first.take(MOST_WEEKS as usize).map(summary).collect())
        })
        .await
    }

    async fn change_blocks(
        &self,
        product: &str,
        last: CalendarDay,
    ) -> Result<Vec<StoredBlock>, FleetReadError> {
        let first = last.minus_days(FIRST_LOOKS);
        Ok(self.store().blocks(BlockLayer::Changes, product, ONLY_BLOCK, first, last).await?)
    }

    /// The notes of a day.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn notes(&self, product: &str, day: CalendarDay) -> Result<Vec<String>, FleetReadError> {
        let stored = self.store().blocks(BlockLayer::Notes, product, ONLY_BLOCK, day, day).await?;
        Ok(stored
            .last()
            .map_or_else(|| Ok(Vec::new()), |stored| decode_block(NOTES_VERSION, &stored.block))?)
    }

    /// Sets the notes of a day, in place of those before, at a time in Unix seconds.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn set_notes(
        &self,
        product: &str,
        day: CalendarDay,
        notes: &[String],
        now: u64,
    ) -> Result<(), FleetReadError> {
        let (layer, name) = (BlockLayer::Notes, ONLY_BLOCK.to_owned());
        let block = NewBlock { layer, day, name, block: encode_block(NOTES_VERSION, &notes)? };
        Ok(self.store().replace_blocks(product, &[block], None, now).await?)
    }
}
