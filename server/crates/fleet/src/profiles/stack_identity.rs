//! Names functions and stacks by hashes, so that every process gives the same stack the same number without
//! asking another.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What stands for everything that is not shown by itself.
pub const OTHER_FUNCTION: &str = "(other)";
/// What stands in the middle of a stack for the frames that were cut out.
pub const CUT_FRAMES: &str = "(frames left out)";
/// What stands for a function without a name.
pub const UNNAMED_FUNCTION: &str = "(no name)";
/// What stands for a name of more than 256 bytes.
pub const TOO_LONG_NAME: &str = "(name too long)";
/// What stands for a name that is not UTF-8 or has control characters.
pub const UNREADABLE_NAME: &str = "(name not readable)";

/// The names that are not of functions: this module put them there, so they tell nothing of a program.
pub(super) const PLACEHOLDERS: [&str; 5] =
    [OTHER_FUNCTION, CUT_FRAMES, UNNAMED_FUNCTION, TOO_LONG_NAME, UNREADABLE_NAME];

const FUNCTION_DOMAIN: &[u8] = b"headcount-function-v1\0";
const STACK_DOMAIN: &[u8] = b"headcount-stack-v1\0";

/// The number of a function: the first eight bytes, big-endian, of SHA-256 over `headcount-function-v1`, a zero
/// byte, and its name. It is the same everywhere and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionId(pub u64);

impl FunctionId {
    /// The number of the function with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self(first_eight_bytes(Sha256::new().chain_update(FUNCTION_DOMAIN).chain_update(name)))
    }
}

/// The number of a stack: the first eight bytes, big-endian, of SHA-256 over `headcount-stack-v1`, a zero byte,
/// and the [`FunctionId`]s of its frames, root first, eight bytes big-endian each. It depends on names and
/// nothing else, is the same everywhere and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StackId(pub u64);

impl StackId {
    /// The number of the stack with these frames, root first.
    #[must_use]
    pub fn from_frames(frames: impl IntoIterator<Item = FunctionId>) -> Self {
        let mut hash = Sha256::new().chain_update(STACK_DOMAIN);
        for frame in frames {
            hash.update(frame.0.to_be_bytes());
        }
        Self(first_eight_bytes(hash))
    }

    /// The number of the stack that stands for all that are not kept: its one frame is [`OTHER_FUNCTION`].
    #[must_use]
    pub fn other() -> Self {
        Self::from_frames([FunctionId::from_name(OTHER_FUNCTION)])
    }
}

fn first_eight_bytes(hash: Sha256) -> u64 {
    hash.finalize().iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_stack_never_changes() {
        // printf 'headcount-function-v1\0main' | sha256sum
        assert_eq!(FunctionId::from_name("main"), FunctionId(0x66da_14af_d6bd_c173));
        let frames = ["main", "run"].map(FunctionId::from_name);
        assert_eq!(StackId::from_frames(frames), StackId(0xb06a_f8f5_004e_386c));
    }

    #[test]
    fn the_order_and_the_borders_of_frames_count() {
        let id = |names: &[&str]| StackId::from_frames(names.iter().map(|name| FunctionId::from_name(name)));
        assert_ne!(id(&["a", "b"]), id(&["b", "a"]));
        assert_ne!(id(&["ab"]), id(&["a", "b"]));
        assert_ne!(id(&["a"]), id(&["a", "a"]));
        assert_eq!(id(&[OTHER_FUNCTION]), StackId::other());
    }
}
