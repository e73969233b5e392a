//! Inserts the route table of a product into the tracker's script.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use headcount_shared::routes::RouteTable;

/// The line that the script begins with: the place of the table.
const PLACE: &str = "const headcountRoutes=\"\";";

/// The script with `routes` in place of the first line. `None` when it has no such line.
pub(super) fn with_routes(script: &[u8], routes: &RouteTable) -> Option<Vec<u8>> {
    let rest = script.strip_prefix(PLACE.as_bytes())?;
    let templates: Vec<&str> = routes.templates().collect();
    // A JSON string is a JavaScript string.
    let table = serde_json::Value::from(templates.join(" "));
    Some([format!("const headcountRoutes={table};").as_bytes(), rest].concat())
}

/// Compresses `bytes` at the best level: once, for many responses.
///
/// # Errors
/// None in practice: no file is read or written.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(templates: &[&str]) -> RouteTable {
        let mut table = RouteTable::default();
        templates.iter().for_each(|template| table.add(template).unwrap());
        table
    }

    #[test]
    fn the_table_takes_the_place_of_the_first_line() {
        let script = b"const headcountRoutes=\"\";\nstart(headcountRoutes);\n";
        let table = table(&["/", "/p/:id/:tab(a|b)?", "/it's/`${x}`"]);
        assert_eq!(
            String::from_utf8(with_routes(script, &table).unwrap()).unwrap(),
            "const headcountRoutes=\"/ /p/:id/:tab(a|b)? /it's/`${x}`\";\nstart(headcountRoutes);\n"
        );
    }

    #[test]
    fn a_script_without_a_place_gets_no_table() {
        for script in ["", "start();", " const headcountRoutes=\"\";"] {
            assert_eq!(with_routes(script.as_bytes(), &table(&["/"])), None, "{script}");
        }
    }
}
