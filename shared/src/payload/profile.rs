//! `profile`: where the program spends its time and memory.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// The profiles of this process. They name functions of the program and its libraries; paths of the build and
/// the host are removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct ProfileSection {
    /// When the CPU profile began: the time of the last report or, in the first one, of the start, in Unix
    /// seconds. 0 when there is no profile.
    pub from: u64,
    /// When the CPU profile ended, in Unix seconds. 0 when there is no profile.
    pub to: u64,
    /// Where CPU time was spent between `from` and `to`, in the pprof format, gzipped, in standard base64.
    /// Empty when CPU profiling is not available.
    pub cpu: String,
    /// Which functions hold memory at `to`, in the pprof format, gzipped, in standard base64. Empty when heap
    /// profiling is not available.
    pub memory: String,
}
