//! Decodes the profile of a report into stacks of function names.
//!
//! Reports come from anybody. Whatever a profile says about itself, decoding it takes bounded memory and time,
//! and what comes out is at most [`MAX_STACKS`] stacks of at most [`MAX_FRAMES`] names of at most 256 bytes.

use std::io::Read;

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::MultiGzDecoder;
use rustc_hash::FxHashMap;

use super::{
    ProfiledResource,
    pprof_tables::PprofTables,
    stack_identity::{CUT_FRAMES, FunctionId, OTHER_FUNCTION, StackId, UNNAMED_FUNCTION},
    wire_fields::WireDamage,
};

/// Most bytes of a profile in base64.
pub const MAX_ENCODED_BYTES: usize = 4 << 20;
/// Most bytes of a profile that is unpacked.
pub const MAX_UNPACKED_BYTES: usize = 8 << 20;
/// Most stacks of a decoded profile. Of more, the largest are kept, and one stack [`OTHER_FUNCTION`] has the sum
/// of the others.
pub const MAX_STACKS: usize = 256;
/// Most frames of a stack. Of a deeper one the middle is replaced by one frame [`CUT_FRAMES`].
pub const MAX_FRAMES: usize = 128;
/// Largest sum of a profile: 104 days of CPU time, 9 PB of memory. Larger ones are not exact in JSON.
pub const MAX_TOTAL: u64 = 1 << 53;

/// How many frames at the root of a stack that is cut are kept.
const ROOT_FRAMES: usize = MAX_FRAMES / 2;

/// Why a profile is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The text is longer than [`MAX_ENCODED_BYTES`].
    #[error("the profile has {0} bytes in base64; at most {MAX_ENCODED_BYTES} are read")]
    TooLong(usize),
    /// The text is not standard base64.
    #[error("the profile is not base64")]
    NotBase64,
    /// The bytes are not a gzip file, or a damaged one.
    #[error("the profile is not gzip, or it is damaged")]
    NotGzip,
    /// There is more than [`MAX_UNPACKED_BYTES`].
    #[error("the profile has more than {MAX_UNPACKED_BYTES} bytes when unpacked")]
    TooLarge,
    /// The unpacked bytes are not a message of Protocol Buffers.
    #[error("the profile is not a message in the pprof format")]
    NotPprof,
    /// A table has too many rows.
    #[error("the profile has more than {most} {what}")]
    TooMany {
        /// Which table.
        what: &'static str,
        /// How many rows it may have.
        most: usize,
    },
    /// Samples have no values.
    #[error("the profile does not say what its samples measure")]
    NoValues,
    /// A sample does not have one value for each type.
    #[error("a sample has {found} values, and the profile has {expected} types of values")]
    WrongNumberOfValues {
        /// How many values the sample has.
        found: usize,
        /// How many types of values there are.
        expected: usize,
    },
    /// A value is negative, as in the difference of two profiles.
    #[error("a sample has the negative value {0}")]
    NegativeValue(i64),
    /// All values together are more than [`MAX_TOTAL`].
    #[error("the values of the profile sum up to more than {MAX_TOTAL}")]
    TotalTooLarge,
    /// A number that refers to a text does not.
    #[error("the profile refers to text {0}, which it does not have")]
    MissingText(u64),
    /// A number that refers to a function does not.
    #[error("the profile refers to function {0}, which it does not have")]
    MissingFunction(u64),
    /// A number that refers to a location does not.
    #[error("the profile refers to location {0}, which it does not have")]
    MissingLocation(u64),
    /// Two functions or locations have the same number, or one has the number 0.
    #[error("the number {0} does not name one function or location of the profile")]
    UnusableId(u64),
}

impl From<WireDamage> for ProfileError {
    fn from(_: WireDamage) -> Self {
        Self::NotPprof
    }
}

/// A function of a decoded profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFunction {
    /// Its number everywhere.
    pub id: FunctionId,
    /// Its name, 1 to 256 bytes without control characters.
    pub name: String,
}

/// A stack of a decoded profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedStack {
    /// Its number everywhere.
    pub id: StackId,
    /// Its frames, 1 to [`MAX_FRAMES`] positions in [`DecodedProfile::functions`], root first.
    pub frames: Vec<u32>,
    /// Nanoseconds of CPU time or bytes of memory, never 0.
    pub value: u64,
}

/// What a profile says: how much of the resource each stack takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecodedProfile {
    /// The functions of the stacks, each once.
    pub functions: Vec<NamedFunction>,
    /// At most [`MAX_STACKS`] stacks, each once, the largest first.
    pub stacks: Vec<DecodedStack>,
    /// The sum of the values, at most [`MAX_TOTAL`]. 0 when there are no stacks.
    pub total: u64,
}

impl DecodedProfile {
    /// The names of a stack's frames, root first.
    pub fn names<'a>(&'a self, stack: &'a DecodedStack) -> impl Iterator<Item = &'a str> {
        let function = |&position: &u32| self.functions.get(position as usize);
        stack.frames.iter().filter_map(function).map(|function| function.name.as_str())
    }
}

/// Decodes a profile as a report has it: pprof, gzipped, in standard base64. An empty text is an empty profile.
///
/// The values are `cpu/nanoseconds` or `inuse_space/bytes`; of a profile without those, what it shows by default.
/// Samples of one stack become one, samples without a value are dropped.
///
/// # Errors
/// When the text is not such a profile, contradicts itself, or is larger than any honest one.
pub fn decode_profile(resource: ProfiledResource, text: &str) -> Result<DecodedProfile, ProfileError> {
    if text.is_empty() {
        return Ok(DecodedProfile::default());
    }
    if text.len() > MAX_ENCODED_BYTES {
        return Err(ProfileError::TooLong(text.len()));
    }
    let gzipped = BASE64_STANDARD.decode(text).map_err(|_| ProfileError::NotBase64)?;
    let message = unpack(&gzipped)?;
    StackCollector::collect_stacks(&PprofTables::read_tables(&message, resource)?)
}

fn unpack(gzipped: &[u8]) -> Result<Vec<u8>, ProfileError> {
    let mut message = Vec::new();
    let limit = MAX_UNPACKED_BYTES as u64 + 1;
    MultiGzDecoder::new(gzipped).take(limit).read_to_end(&mut message).map_err(|_| ProfileError::NotGzip)?;
    if message.len() > MAX_UNPACKED_BYTES {
        return Err(ProfileError::TooLarge);
    }
    Ok(message)
}

/// Adds samples of the same stack and names the stacks by their numbers.
struct StackCollector<'a> {
    tables: &'a PprofTables<'a>,
    /// The functions of the profile by name; equal names are one function.
    functions: Vec<(FunctionId, &'a str)>,
    /// Where the function of each row of the profile is in `functions`.
    function_of_row: Vec<u32>,
    unnamed: u32,
    cut: u32,
    other: u32,
}

impl<'a> StackCollector<'a> {
    fn collect_stacks(tables: &'a PprofTables<'a>) -> Result<DecodedProfile, ProfileError> {
        let collector = Self::new(tables);
        let mut stacks: FxHashMap<StackId, (Vec<u32>, u64)> = FxHashMap::default();
        let mut total = 0_u64;
        for sample in tables.samples() {
            let sample = sample?;
            if sample.value == 0 {
                continue;
            }
            total = total
                .checked_add(sample.value)
                .filter(|&total| total <= MAX_TOTAL)
                .ok_or(ProfileError::TotalTooLarge)?;
            let frames = collector.frames(&sample.locations);
            let id = collector.stack_id(&frames);
            stacks.entry(id).or_insert_with(|| (frames, 0)).1 += sample.value;
        }
        let stacks =
            stacks.into_iter().map(|(id, (frames, value))| DecodedStack { id, frames, value }).collect();
        let stacks = collector.largest_stacks(stacks);
        Ok(collector.with_used_functions(stacks, total))
    }

    fn new(tables: &'a PprofTables<'a>) -> Self {
        let mut functions = Vec::new();
        let mut positions: FxHashMap<FunctionId, u32> = FxHashMap::default();
        let mut position = |name: &'a str| {
            let id = FunctionId::from_name(name);
            *positions.entry(id).or_insert_with(|| {
                functions.push((id, name));
                functions.len() as u32 - 1
            })
        };
        let [unnamed, cut, other] = [UNNAMED_FUNCTION, CUT_FRAMES, OTHER_FUNCTION].map(&mut position);
        let function_of_row = tables.function_names().iter().map(|name| position(name)).collect();
        Self { tables, functions, function_of_row, unnamed, cut, other }
    }

    /// The frames of a sample, root first, at most [`MAX_FRAMES`].
    fn frames(&self, locations: &[u32]) -> Vec<u32> {
        // Only what is kept is expanded: a location may stand for thousands of inlined functions.
        let depth: usize = locations.iter().map(|&location| self.location_depth(location)).sum();
        if depth <= MAX_FRAMES {
            let mut frames: Vec<u32> = self.innermost_first(locations).collect();
            frames.reverse();
            return if frames.is_empty() { vec![self.unnamed] } else { frames };
        }
        let mut frames: Vec<u32> = self.root_first(locations).take(ROOT_FRAMES).collect();
        frames.push(self.cut);
        let leaf = frames.len();
        frames.extend(self.innermost_first(locations).take(MAX_FRAMES - leaf));
        frames[leaf..].reverse();
        frames
    }

    fn location_depth(&self, location: u32) -> usize {
        self.tables.location_functions(location).len().max(1)
    }

    fn innermost_first<'b>(&'b self, locations: &'b [u32]) -> impl Iterator<Item = u32> + 'b {
        locations.iter().flat_map(|&location| {
            let functions = self.tables.location_functions(location);
            functions.iter().map(|&row| self.function(row)).chain(self.unknown_frame(functions))
        })
    }

    fn root_first<'b>(&'b self, locations: &'b [u32]) -> impl Iterator<Item = u32> + 'b {
        locations.iter().rev().flat_map(|&location| {
            let functions = self.tables.location_functions(location);
            functions.iter().rev().map(|&row| self.function(row)).chain(self.unknown_frame(functions))
        })
    }

    /// An address that nobody could name is still a frame.
    fn unknown_frame(&self, functions: &[u32]) -> Option<u32> {
        functions.is_empty().then_some(self.unnamed)
    }

    fn function(&self, row: u32) -> u32 {
        self.function_of_row.get(row as usize).copied().unwrap_or(self.unnamed)
    }

    fn stack_id(&self, frames: &[u32]) -> StackId {
        StackId::from_frames(frames.iter().map(|&frame| self.functions[frame as usize].0))
    }

    /// The largest stacks first; if there are more than [`MAX_STACKS`], the smallest become one.
    fn largest_stacks(&self, mut stacks: Vec<DecodedStack>) -> Vec<DecodedStack> {
        let largest_first = |stack: &DecodedStack| (std::cmp::Reverse(stack.value), stack.id);
        stacks.sort_unstable_by_key(largest_first);
        if stacks.len() <= MAX_STACKS {
            return stacks;
        }
        let mut rest: u64 = stacks.drain(MAX_STACKS - 1..).map(|stack| stack.value).sum();
        let other = StackId::other();
        // The program may have reported such a stack itself.
        if let Some(own) = stacks.iter().position(|stack| stack.id == other) {
            rest += stacks.remove(own).value;
        }
        stacks.push(DecodedStack { id: other, frames: vec![self.other], value: rest });
        stacks.sort_unstable_by_key(largest_first);
        stacks
    }

    fn with_used_functions(self, mut stacks: Vec<DecodedStack>, total: u64) -> DecodedProfile {
        let mut new_position = vec![None; self.functions.len()];
        let mut functions = Vec::new();
        for frame in stacks.iter_mut().flat_map(|stack| &mut stack.frames) {
            let (id, name) = self.functions[*frame as usize];
            *frame = *new_position[*frame as usize].get_or_insert_with(|| {
                functions.push(NamedFunction { id, name: name.to_owned() });
                functions.len() as u32 - 1
            });
        }
        DecodedProfile { functions, stacks, total }
    }
}

#[cfg(test)]
mod tests;
