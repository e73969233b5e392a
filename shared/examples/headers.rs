//! Prints the table of all headers of a delivery. `make payload` writes it into `docs/payload.md`.

use std::io::{self, Write};

use headcount_shared::delivery::markdown_table;

fn main() -> io::Result<()> {
    io::stdout().write_all(markdown_table().as_bytes())
}
