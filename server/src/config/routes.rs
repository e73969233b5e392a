//! Reads the value of `--routes`: the pages of the product.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use headcount_shared::routes::{BadRoute, RouteTable};
use thiserror::Error;

/// The largest file that is read, in bytes: many times what 512 routes take.
const LARGEST: u64 = 1024 * 1024;

/// Why a file is not a route table.
#[derive(Debug, Error)]
pub(super) enum BadRoutes {
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("the file is larger than 1 MiB")]
    TooLarge,
    #[error("line {line} {bad}")]
    Line { line: usize, bad: BadRoute },
}

/// The word for the pages of Coroot. A file of that name is `./coroot`.
const COROOT: &str = "coroot";

/// Reads the routes of a product from a file, a template a line: empty lines and those that begin with `#`
/// are ignored. The word `coroot` stands for the pages of Coroot.
pub(super) fn read(file: PathBuf) -> Result<RouteTable, BadRoutes> {
    if file.as_os_str() == COROOT {
        return Ok(RouteTable::of_coroot());
    }
    let mut text = String::new();
    if File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)? as u64 > LARGEST {
        return Err(BadRoutes::TooLarge);
    }
    parse(&text)
}

fn parse(text: &str) -> Result<RouteTable, BadRoutes> {
    let mut table = RouteTable::default();
    for (line, template) in (1..).zip(text.lines().map(str::trim)) {
        if !template.is_empty() && !template.starts_with('#') {
            table.add(template).map_err(|bad| BadRoutes::Line { line, bad })?;
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_is_a_route_unless_it_is_empty_or_a_comment() {
        let text =
            "# pages of the shop\r\n/\r\n\n  /customers/:id/:tab(orders|invoices)?  \n\t# more\n/files/*";
        let table = parse(text).unwrap();
        let templates: Vec<&str> = table.templates().collect();
        assert_eq!(templates, ["/", "/customers/:id/:tab(orders|invoices)?", "/files/*"]);
        assert_eq!(parse("").unwrap(), RouteTable::default());
    }

    #[test]
    fn a_line_that_is_no_route_is_named_by_its_number_and_not_repeated() {
        let many: String = (0..600).map(|page| format!("/page{page}\n")).collect();
        let cases = [
            ("/\n\n# x\n/p/:\n", "line 4 has a segment"),
            ("/a b", "line 1 has white space"),
            ("/\n/:r(x ?/:a(A|B|C)?/:a(A|B|C)?\n", "line 2 has white space"),
            ("/\n\n/:r(x?/:a(A|B|C)?\n", "line 3 has a parenthesis"),
            ("/x\n/*/y", "line 2 goes on after"),
            (many.as_str(), "line 513 makes more than 512 keys"),
        ];
        for (text, reason) in cases {
            let refusal = parse(text).unwrap_err().to_string();
            assert!(refusal.starts_with(reason) && !refusal.contains('/'), "{refusal}");
        }
    }

    #[test]
    fn coroot_is_a_word_and_no_file() {
        assert_eq!(read("coroot".into()).unwrap(), RouteTable::of_coroot());
        assert!(matches!(read("./coroot".into()), Err(BadRoutes::Unreadable(_))));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_no_table() {
        let dir = tempfile::tempdir().unwrap();
        let not_text = dir.path().join("binary");
        fs::write(&not_text, [b'/', 0xff, 0xfe]).unwrap();
        for file in [dir.path().join("missing"), dir.path().to_owned(), not_text] {
            assert!(matches!(read(file), Err(BadRoutes::Unreadable(_))));
        }
        assert!(matches!(read("/dev/zero".into()), Err(BadRoutes::TooLarge)));
    }
}
