//! Prints the table of all payload fields. `make payload` writes it into `docs/payload.md`.

use std::io::{self, Write};

use headcount_shared::payload::markdown_table;

fn main() -> io::Result<()> {
    io::stdout().write_all(markdown_table().as_bytes())
}
