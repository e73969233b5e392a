//! Explains stacks: which functions a number stands for, and their names.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{
    decoded_profile::{DecodedProfile, MAX_FRAMES},
    stack_identity::{FunctionId, OTHER_FUNCTION, StackId},
};

/// A stack as it is stored: its number and the numbers of its functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEntry {
    /// The number of the stack.
    pub id: StackId,
    /// Its functions, root first.
    pub frames: Vec<FunctionId>,
}

impl StackEntry {
    /// The frames as bytes for storage: eight a frame, big-endian, root first.
    #[must_use]
    pub fn frame_bytes(&self) -> Vec<u8> {
        self.frames.iter().flat_map(|frame| frame.0.to_be_bytes()).collect()
    }

    /// The entry whose [`Self::frame_bytes`] these are. `None` if they are damaged: no whole frames, more than
    /// [`MAX_FRAMES`], or frames of another stack than `id`.
    #[must_use]
    pub fn from_frame_bytes(id: StackId, bytes: &[u8]) -> Option<Self> {
        let (frames, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() || frames.is_empty() || frames.len() > MAX_FRAMES {
            return None;
        }
        let frames: Vec<_> = frames.iter().map(|frame| FunctionId(u64::from_be_bytes(*frame))).collect();
        (StackId::from_frames(frames.iter().copied()) == id).then_some(Self { id, frames })
    }
}

/// Where the frames of a stack and its distinct functions are.
#[derive(Debug, Clone)]
struct KnownStack {
    id: StackId,
    frames: Range<u32>,
    distinct: Range<u32>,
}

/// Stacks and functions by number, in memory. It always knows the stack [`StackId::other`].
#[derive(Debug, Clone)]
pub struct StackDictionary {
    functions: Vec<(FunctionId, Box<str>)>,
    function_positions: FxHashMap<FunctionId, u32>,
    stacks: Vec<KnownStack>,
    stack_positions: FxHashMap<StackId, u32>,
    /// The frames of all stacks, and their distinct functions, as positions in `functions`.
    positions: Vec<u32>,
}

impl Default for StackDictionary {
    fn default() -> Self {
        let mut dictionary = Self {
            functions: Vec::new(),
            function_positions: FxHashMap::default(),
            stacks: Vec::new(),
            stack_positions: FxHashMap::default(),
            positions: Vec::new(),
        };
        let other = dictionary.add_function(OTHER_FUNCTION);
        dictionary.add_positions(StackId::other(), &[other]);
        dictionary
    }
}

impl StackDictionary {
    /// Adds a function and answers its number. A known one is not added again.
    pub fn add_function_name(&mut self, name: &str) -> FunctionId {
        let position = self.add_function(name);
        self.function(position).0
    }

    /// Adds a stored stack. A known one is not added again. Answers whether all its functions are known;
    /// otherwise it is not added.
    pub fn add_stack(&mut self, entry: &StackEntry) -> bool {
        let positions = entry.frames.iter().map(|frame| self.function_positions.get(frame).copied());
        let Some(positions) = positions.collect::<Option<Vec<u32>>>() else { return false };
        self.add_positions(entry.id, &positions);
        true
    }

    /// Adds a stack by the names of its frames, root first, and answers its number.
    pub fn add_stack_names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> StackId {
        let positions: Vec<u32> = names.into_iter().map(|name| self.add_function(name)).collect();
        let id = StackId::from_frames(positions.iter().map(|&position| self.function(position).0));
        self.add_positions(id, &positions);
        id
    }

    /// Adds all stacks of a profile.
    pub fn add_profile(&mut self, profile: &DecodedProfile) {
        for stack in &profile.stacks {
            if !self.stack_positions.contains_key(&stack.id) {
                self.add_stack_names(profile.names(stack));
            }
        }
    }

    /// Whether the stack is known.
    #[must_use]
    pub fn has_stack(&self, id: StackId) -> bool {
        self.stack_positions.contains_key(&id)
    }

    /// The names of the stack's frames, root first; `None` if the stack is not known.
    pub fn stack_names(&self, id: StackId) -> Option<impl Iterator<Item = &str>> {
        let stack = self.stack_position(id)?;
        Some(self.frames(stack).iter().map(|&position| self.function_name(position)))
    }

    /// The name of a function; `None` if it is not known.
    #[must_use]
    pub fn name_of_function(&self, id: FunctionId) -> Option<&str> {
        self.function_positions.get(&id).map(|&position| self.function_name(position))
    }

    /// All stacks, in the order in which they were added, to be stored.
    pub fn entries(&self) -> impl Iterator<Item = StackEntry> {
        (0..self.stacks.len() as u32).map(|stack| StackEntry {
            id: self.stack_id(stack),
            frames: self.frames(stack).iter().map(|&position| self.function(position).0).collect(),
        })
    }

    pub(super) fn function_count(&self) -> usize {
        self.functions.len()
    }

    pub(super) fn function_position(&self, id: FunctionId) -> Option<u32> {
        self.function_positions.get(&id).copied()
    }

    pub(super) fn function_id(&self, position: u32) -> FunctionId {
        self.function(position).0
    }

    pub(super) fn function_name(&self, position: u32) -> &str {
        &self.function(position).1
    }

    pub(super) fn stack_position(&self, id: StackId) -> Option<u32> {
        self.stack_positions.get(&id).copied()
    }

    pub(super) fn stack_id(&self, stack: u32) -> StackId {
        self.stacks[stack as usize].id
    }

    /// The frames of a stack, root first, as positions of functions.
    pub(super) fn frames(&self, stack: u32) -> &[u32] {
        self.slice(&self.stacks[stack as usize].frames)
    }

    /// The functions of a stack, each once, however often it calls itself.
    pub(super) fn distinct_functions(&self, stack: u32) -> &[u32] {
        self.slice(&self.stacks[stack as usize].distinct)
    }

    fn slice(&self, range: &Range<u32>) -> &[u32] {
        &self.positions[range.start as usize..range.end as usize]
    }

    fn function(&self, position: u32) -> &(FunctionId, Box<str>) {
        &self.functions[position as usize]
    }

    fn add_function(&mut self, name: &str) -> u32 {
        let id = FunctionId::from_name(name);
        let next = self.functions.len() as u32;
        let position = *self.function_positions.entry(id).or_insert(next);
        if position == next {
            self.functions.push((id, name.into()));
        }
        position
    }

    fn add_positions(&mut self, id: StackId, frames: &[u32]) {
        if self.has_stack(id) {
            return;
        }
        let start = self.positions.len() as u32;
        self.positions.extend_from_slice(frames);
        let middle = self.positions.len() as u32;
        let mut distinct = frames.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        self.positions.extend_from_slice(&distinct);
        let end = self.positions.len() as u32;
        self.stack_positions.insert(id, self.stacks.len() as u32);
        self.stacks.push(KnownStack { id, frames: start..middle, distinct: middle..end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_stack_is_the_stack_that_was_added() {
        let mut dictionary = StackDictionary::default();
        let id = dictionary.add_stack_names(["main", "run", "main"]);
        let entry = dictionary.entries().find(|entry| entry.id == id).expect("the stack");

        let mut loaded = StackDictionary::default();
        let read = StackEntry::from_frame_bytes(id, &entry.frame_bytes()).expect("the bytes of an entry");
        assert_eq!(read, entry);
        assert!(!loaded.add_stack(&read), "its functions are not known yet");
        loaded.add_function_name("main");
        loaded.add_function_name("run");
        assert!(loaded.add_stack(&read));

        let names: Vec<_> = loaded.stack_names(id).expect("a known stack").collect();
        assert_eq!(names, ["main", "run", "main"]);
        let stack = loaded.stack_position(id).expect("a known stack");
        assert_eq!(loaded.distinct_functions(stack).len(), 2);
    }

    #[test]
    fn damaged_frames_are_no_entry() {
        let mut dictionary = StackDictionary::default();
        let id = dictionary.add_stack_names(["main", "run"]);
        let bytes = dictionary.entries().find(|entry| entry.id == id).expect("the stack").frame_bytes();
        assert_eq!(StackEntry::from_frame_bytes(id, &bytes[..8]), None);
        assert_eq!(StackEntry::from_frame_bytes(id, &bytes[..15]), None);
        assert_eq!(StackEntry::from_frame_bytes(id, &[]), None);
        assert_eq!(StackEntry::from_frame_bytes(StackId(1), &bytes), None);
        assert_eq!(StackEntry::from_frame_bytes(id, &bytes.repeat(100)), None);
    }
}
