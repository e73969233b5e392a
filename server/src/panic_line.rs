//! The line that is logged when a part of the program fails in a way that was not foreseen.

use std::{
    io::{self, Write},
    panic::{self, PanicHookInfo},
};

/// Replaces the standard line. That has the message of the failure, which may quote a name, an address or a query; the
/// place in the source is enough to find it.
pub(crate) fn install() {
    panic::set_hook(Box::new(|failure| {
        // Nobody is left to tell when that fails.
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

/// The end of a path, from the source directory on: what is before it tells of the machine that built this.
fn file_name(path: &str) -> &str {
    path.rsplit_once("/src/").map_or(path, |(_, file)| file)
}
