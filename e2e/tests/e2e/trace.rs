//! What does a process ask of the system? `strace` is the witness.

use std::{fs, path::PathBuf};

use headcount_e2e::{program::Program, wait::eventually};

use crate::scene::{SOON, Scene};

/// The record of a traced process.
pub(crate) struct Trace {
    file: PathBuf,
}

impl Trace {
    /// Traces the system calls `calls` of `program`.
    pub(crate) fn of(scene: &Scene, name: &str, calls: &str, program: Program) -> (Self, Program) {
        let file = scene.path(name);
        // `-D`: the tracer stands aside, so that signals go to the program.
        let words = ["strace", "-D", "-f", "-q", "-s", "256", "-e", calls, "-o"].map(str::to_owned);
        let words = words.into_iter().chain([file.to_string_lossy().into_owned()]);
        (Self { file }, program.under(words.collect::<Vec<_>>()))
    }

    /// The lines that contain `text`, so far.
    pub(crate) fn lines(&self, text: &str) -> Vec<String> {
        let record = fs::read(&self.file).unwrap_or_default();
        let record = String::from_utf8_lossy(&record);
        record.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// Waits until it holds a line with `text`.
    pub(crate) async fn until(&self, text: &str) {
        eventually(text, SOON, async || (!self.lines(text).is_empty()).then_some(())).await.unwrap();
    }
}
