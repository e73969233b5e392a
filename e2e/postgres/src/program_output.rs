//! Runs a program to its end, within a limit, and returns its output.

use std::{
    io::{Read, Seek},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// The pause between two looks at a program.
const LOOK: Duration = Duration::from_millis(2);

/// How often a program is looked at before it is ended: for about two minutes.
const LOOKS: usize = 60_000;

/// Returns what a program has written to both outputs: as the error, if it failed or did not end in time.
pub(crate) fn output_of(command: &mut Command) -> Result<String, String> {
    // A server that the program starts holds its outputs open, so they are a file and not a pipe.
    let mut printed = tempfile::tempfile().unwrap();
    let outputs = [printed.try_clone().unwrap(), printed.try_clone().unwrap()];
    let [stdout, stderr] = outputs.map(Stdio::from);
    let mut child = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn().unwrap();
    let status = (0..LOOKS).find_map(|_| {
        let ended = child.try_wait().unwrap();
        if ended.is_none() {
            // The standard library can wait for the end of a process only without a limit.
            thread::sleep(LOOK);
        }
        ended
    });
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut text = String::new();
    printed.rewind().unwrap();
    printed.read_to_string(&mut text).unwrap();
    match status {
        Some(status) if status.success() => Ok(text),
        Some(status) => Err(format!("{:?} fails ({status}): {}", command.get_program(), text.trim())),
        None => Err(format!("{:?} does not end: {}", command.get_program(), text.trim())),
    }
}
