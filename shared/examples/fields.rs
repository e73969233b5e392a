//! Prints the table of all payload fields for the README: `make readme` puts it there.

use std::io::{self, Write};

use headcount_shared::payload::markdown_table;

fn main() -> io::Result<()> {
    io::stdout().write_all(markdown_table().as_bytes())
}
