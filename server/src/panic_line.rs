//! Logs a panic with its place in the source, without its message.

use std::{
    io::{self, Write},
    panic::{self, PanicHookInfo},
};

/// Replaces the standard panic hook. That prints the message, which may quote a name, an address or a query;
/// the place in the source is enough to find the cause.
pub(crate) fn install() {
    panic::set_hook(Box::new(|failure| {
        // A failure here cannot be reported.
        writeln!(io::stderr(), "{}", line(failure)).ok();
    }));
}

fn line(failure: &PanicHookInfo<'_>) -> String {
    let place = failure.location().map_or_else(
        || "an unknown place".to_owned(),
        |location| format!("{}:{}", file_name(location.file()), location.line()),
    );
    format!("headcount: a part of the program failed at {place}; please report it with the version")
}

/// The end of a path, from the source directory on: the part before it describes the machine that built this.
fn file_name(path: &str) -> &str {
    path.rsplit_once("/src/").map_or(path, |(_, file)| file)
}
