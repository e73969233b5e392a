//! Prints the table of all headers of a delivery for the README: `make readme` puts it there.

use std::io::{self, Write};

use headcount_shared::delivery::markdown_table;

fn main() -> io::Result<()> {
    io::stdout().write_all(markdown_table().as_bytes())
}
