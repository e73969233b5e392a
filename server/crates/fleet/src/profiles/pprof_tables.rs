//! Reads the tables of a profile in the pprof format, `profile.proto`, and checks what they say about each other.
//!
//! Only what a stack of function names needs is read: lines, addresses, mappings, labels and times are stepped
//! over.

use super::{
    ProfiledResource,
    decoded_profile::ProfileError,
    stack_identity::{TOO_LONG_NAME, UNNAMED_FUNCTION, UNREADABLE_NAME},
    wire_fields::{WireDamage, WireFields, WireValue},
};

/// Most samples of a profile. The heap of a large server in Go has some ten thousand.
pub(super) const MAX_SAMPLES: usize = 65_536;
/// Most locations, functions and texts of a profile, of each.
const MAX_TABLE_ROWS: usize = 262_144;
/// Most kinds of values of a sample. Go's heap profile has four.
const MAX_VALUE_TYPES: usize = 16;
/// Longest name of a function in bytes.
const MAX_NAME_BYTES: usize = 256;

/// The tables of a profile whose numbers all refer to something.
#[derive(Debug)]
pub(super) struct PprofTables<'a> {
    samples: Vec<&'a [u8]>,
    value_types: usize,
    /// Which value of a sample counts.
    value_column: usize,
    /// Numbers of locations, ascending, each with its lines: a range of `lines`.
    locations: Vec<(u64, std::ops::Range<u32>)>,
    /// Positions in `functions`, the innermost first.
    lines: Vec<u32>,
    functions: Vec<&'a str>,
}

/// One sample: positions of locations in [`PprofTables`], the innermost first, and the value.
#[derive(Debug)]
pub(super) struct PprofSampleValue {
    pub(super) locations: Vec<u32>,
    pub(super) value: u64,
}

impl<'a> PprofTables<'a> {
    /// Reads the tables of `message`.
    ///
    /// # Errors
    /// When the message is damaged, too large, or refers to what it does not have.
    pub(super) fn read_tables(message: &'a [u8], resource: ProfiledResource) -> Result<Self, ProfileError> {
        let rows = MessageRows::split(message)?;
        let (function_ids, functions) = rows.functions()?;
        let (locations, lines) = rows.locations(&function_ids)?;
        Ok(Self {
            value_types: rows.value_types.len(),
            value_column: rows.value_column(resource)?,
            samples: rows.samples,
            locations,
            lines,
            functions,
        })
    }

    /// The names of all functions, as they may be stored.
    pub(super) fn function_names(&self) -> &[&'a str] {
        &self.functions
    }

    /// The functions of a location, as positions in [`Self::function_names`], the innermost first. A location
    /// without a function has none.
    pub(super) fn location_functions(&self, location: u32) -> &[u32] {
        let lines = self.locations.get(location as usize).map_or(0..0, |(_, lines)| lines.clone());
        self.lines.get(lines.start as usize..lines.end as usize).unwrap_or_default()
    }

    /// The samples in their order.
    pub(super) fn samples(&self) -> impl Iterator<Item = Result<PprofSampleValue, ProfileError>> {
        self.samples.iter().map(|sample| self.sample(sample))
    }

    fn sample(&self, message: &[u8]) -> Result<PprofSampleValue, ProfileError> {
        let (mut ids, mut values) = (Vec::new(), Vec::new());
        for field in WireFields::new(message) {
            match field? {
                (1, value) => value.add_numbers(&mut ids)?,
                (2, value) => value.add_numbers(&mut values)?,
                _ => {}
            }
        }
        if values.len() != self.value_types {
            return Err(ProfileError::WrongNumberOfValues {
                found: values.len(),
                expected: self.value_types,
            });
        }
        let value = values.get(self.value_column).map_or(0, |value| value.cast_signed());
        let value = u64::try_from(value).map_err(|_| ProfileError::NegativeValue(value))?;
        let position = |id: u64| position_of(&self.locations, id, |(id, _)| *id);
        let locations = ids.into_iter().map(|id| position(id).ok_or(ProfileError::MissingLocation(id)));
        Ok(PprofSampleValue { locations: locations.collect::<Result<_, _>>()?, value })
    }
}

/// The repeated fields of the profile as they are in the message.
#[derive(Debug, Default)]
struct MessageRows<'a> {
    value_types: Vec<&'a [u8]>,
    samples: Vec<&'a [u8]>,
    locations: Vec<&'a [u8]>,
    functions: Vec<&'a [u8]>,
    texts: Vec<&'a [u8]>,
    default_value_type: u64,
}

impl<'a> MessageRows<'a> {
    fn split(message: &'a [u8]) -> Result<Self, ProfileError> {
        let mut rows = Self::default();
        for field in WireFields::new(message) {
            match field? {
                (1, value) => add_row(&mut rows.value_types, value, "sample types", MAX_VALUE_TYPES)?,
                (2, value) => add_row(&mut rows.samples, value, "samples", MAX_SAMPLES)?,
                (4, value) => add_row(&mut rows.locations, value, "locations", MAX_TABLE_ROWS)?,
                (5, value) => add_row(&mut rows.functions, value, "functions", MAX_TABLE_ROWS)?,
                (6, value) => add_row(&mut rows.texts, value, "texts", MAX_TABLE_ROWS)?,
                (14, value) => rows.default_value_type = value.number()?,
                _ => {}
            }
        }
        Ok(rows)
    }

    fn text(&self, index: u64) -> Result<&'a [u8], ProfileError> {
        let text = usize::try_from(index).ok().and_then(|index| self.texts.get(index));
        text.copied().ok_or(ProfileError::MissingText(index))
    }

    /// The column of the resource; else the default one that the profile names; else the last, as Go does.
    fn value_column(&self, resource: ProfiledResource) -> Result<usize, ProfileError> {
        let mut names = Vec::new();
        for message in &self.value_types {
            let [name, unit] = numbers_of_fields(message, [1, 2])?;
            names.push((self.text(name)?, self.text(unit)?));
        }
        let default = self.text(self.default_value_type).unwrap_or_default();
        let (name, unit) = resource.sample_type();
        names
            .iter()
            .position(|&found| found == (name.as_bytes(), unit.as_bytes()))
            .or_else(|| names.iter().position(|&(name, _)| name == default))
            .or_else(|| names.len().checked_sub(1))
            .ok_or(ProfileError::NoValues)
    }

    /// The numbers of the functions, ascending, each with its position in the names.
    fn functions(&self) -> Result<(Vec<u64>, Vec<&'a str>), ProfileError> {
        let mut functions = Vec::with_capacity(self.functions.len());
        for message in &self.functions {
            let [id, name] = numbers_of_fields(message, [1, 2])?;
            functions.push((id, storable_name(self.text(name)?)));
        }
        sort_by_id(&mut functions, |(id, _)| *id)?;
        Ok(functions.into_iter().unzip())
    }

    #[expect(clippy::type_complexity, reason = "the two are fields of the tables")]
    fn locations(
        &self,
        function_ids: &[u64],
    ) -> Result<(Vec<(u64, std::ops::Range<u32>)>, Vec<u32>), ProfileError> {
        let mut locations = Vec::with_capacity(self.locations.len());
        let mut lines = Vec::new();
        for message in &self.locations {
            let first = lines.len() as u32;
            let mut id = 0;
            for field in WireFields::new(message) {
                match field? {
                    (1, value) => id = value.number()?,
                    (4, value) => {
                        let [function] = numbers_of_fields(value.bytes()?, [1])?;
                        let position = position_of(function_ids, function, |id| *id);
                        lines.push(position.ok_or(ProfileError::MissingFunction(function))?);
                    }
                    _ => {}
                }
            }
            locations.push((id, first..lines.len() as u32));
        }
        sort_by_id(&mut locations, |(id, _)| *id)?;
        Ok((locations, lines))
    }
}

fn add_row<'a>(
    rows: &mut Vec<&'a [u8]>,
    value: WireValue<'a>,
    what: &'static str,
    most: usize,
) -> Result<(), ProfileError> {
    if rows.len() == most {
        return Err(ProfileError::TooMany { what, most });
    }
    rows.push(value.bytes()?);
    Ok(())
}

/// The last value of each of these fields; 0 where there is none, as Protocol Buffers say.
fn numbers_of_fields<const N: usize>(message: &[u8], fields: [u32; N]) -> Result<[u64; N], WireDamage> {
    let mut numbers = [0; N];
    for field in WireFields::new(message) {
        let (found, value) = field?;
        if let Some(place) = fields.iter().position(|&field| field == found) {
            numbers[place] = value.number()?;
        }
    }
    Ok(numbers)
}

/// Sorts rows by their number, which must be in use once and not be zero.
fn sort_by_id<T>(rows: &mut [T], id: impl Fn(&T) -> u64) -> Result<(), ProfileError> {
    rows.sort_unstable_by_key(&id);
    if rows.first().is_some_and(|first| id(first) == 0) {
        return Err(ProfileError::UnusableId(0));
    }
    match rows.windows(2).find(|pair| id(&pair[0]) == id(&pair[1])) {
        Some(pair) => Err(ProfileError::UnusableId(id(&pair[0]))),
        None => Ok(()),
    }
}

/// Where the row with this number is among sorted rows. Most programs number from 1 without a gap.
fn position_of<T>(rows: &[T], wanted: u64, id: impl Fn(&T) -> u64) -> Option<u32> {
    let guess = usize::try_from(wanted.checked_sub(1)?).ok();
    let guess = guess.filter(|&guess| rows.get(guess).is_some_and(|row| id(row) == wanted));
    let found = guess.or_else(|| rows.binary_search_by_key(&wanted, &id).ok())?;
    u32::try_from(found).ok()
}

/// The name, or what stands for one that is not to be stored.
fn storable_name(name: &[u8]) -> &str {
    if name.len() > MAX_NAME_BYTES {
        return TOO_LONG_NAME;
    }
    match std::str::from_utf8(name) {
        Ok("") => UNNAMED_FUNCTION,
        Ok(name) if !name.chars().any(char::is_control) => name,
        _ => UNREADABLE_NAME,
    }
}
