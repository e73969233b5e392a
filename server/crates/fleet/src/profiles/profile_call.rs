//! Puts the stacks of a decoded profile together to one tree of calls.

use std::collections::HashMap;

use super::DecodedProfile;

/// A call in a decoded profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileCall {
    /// The position of its function in [`DecodedProfile::functions`].
    pub function: u32,
    /// The position of its caller, which counts from 1; 0 if none of the profile calls it.
    pub caller: usize,
    /// What it takes, with all that it calls.
    pub value: u64,
}

impl DecodedProfile {
    /// The calls, callers before what they call. The first one has the position 1: 0 is the whole profile.
    #[must_use]
    pub fn calls(&self) -> Vec<ProfileCall> {
        let mut calls: Vec<ProfileCall> = Vec::new();
        let mut positions = HashMap::new();
        for stack in &self.stacks {
            let mut caller = 0;
            for &function in &stack.frames {
                let position = *positions.entry((caller, function)).or_insert_with(|| {
                    calls.push(ProfileCall { function, caller, value: 0 });
                    calls.len()
                });
                if let Some(call) = calls.get_mut(position - 1) {
                    call.value = call.value.saturating_add(stack.value);
                }
                caller = position;
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::{DecodedStack, StackId};

    #[test]
    fn stacks_with_the_same_callers_are_one_call() {
        let stack =
            |id, frames: &[u32], value| DecodedStack { id: StackId(id), frames: frames.to_vec(), value };
        let stacks = vec![stack(1, &[0, 1], 3), stack(2, &[0, 2], 1), stack(3, &[1, 0], 5)];
        let profile = DecodedProfile { functions: Vec::new(), stacks, total: 9 };
        let calls = profile.calls().into_iter().map(|call| (call.function, call.caller, call.value));
        assert_eq!(calls.collect::<Vec<_>>(), [(0, 0, 4), (1, 1, 3), (2, 1, 1), (1, 0, 5), (0, 4, 5)]);
    }
}
