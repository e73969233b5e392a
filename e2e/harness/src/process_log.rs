//! Follows the standard error of a process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use anyhow::Context;

use crate::wait::{SOON, eventually};

/// The lines that a process has written so far. Clones see the same lines.
#[derive(Debug, Clone, Default)]
pub struct ProcessLog {
    lines: Arc<Mutex<Vec<String>>>,
}

impl ProcessLog {
    /// Reads `from` to its end in a thread of its own. With a `label`, lines also go to standard error with
    /// that prefix.
    pub(crate) fn follow(from: impl Read + Send + 'static, label: Option<String>) -> (Self, JoinHandle<()>) {
        let log = Self::default();
        let reader = log.clone();
        let thread = thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if let Some(label) = &label {
                    // There is no other place to report this.
                    writeln!(std::io::stderr(), "{label} {line}").ok();
                }
                reader.lock().push(line);
            }
        });
        (log, thread)
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// The number of lines that contain `text`.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.lock().iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until there is a line that contains `text`. Lines come through a pipe, so other effects may be
    /// visible before them.
    ///
    /// # Errors
    /// There is none within the limit. The error has all lines.
    pub async fn until(&self, text: &str) -> anyhow::Result<()> {
        let said = eventually(text, SOON, async || (self.count(text) > 0).then_some(()));
        said.await.with_context(|| format!("it said: {:?}", self.lines()))
    }

    /// What follows `text`, up to the next white space, in the first line that contains it.
    pub(crate) fn word_after(&self, text: &str) -> Option<String> {
        let lines = self.lock();
        let (_, rest) = lines.iter().find_map(|line| line.split_once(text))?;
        rest.split_whitespace().next().map(str::to_owned)
    }

    /// The number that follows `text` in the first line that contains it.
    #[cfg(feature = "browsers")]
    pub(crate) fn number_after(&self, text: &str) -> Option<u16> {
        let lines = self.lock();
        let (_, rest) = lines.iter().find_map(|line| line.split_once(text))?;
        rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
