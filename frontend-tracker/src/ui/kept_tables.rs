//! Keeps how the tables of a page are arranged in one text: a line for each table, after its name.

/// What is kept of the table that is named `what`.
pub(super) fn kept_of<'t>(tables: &'t str, what: &str) -> Option<&'t str> {
    tables.split('\n').find_map(|line| line.strip_prefix(what)?.strip_prefix(' '))
}

/// Keeps an arrangement of the table that is named `what`, in place of the one before. Both are on one line,
/// and the name is a word.
pub(super) fn keep_of(tables: &mut String, what: &str, arrangement: &str) {
    let mut kept = [what, " ", arrangement].concat();
    for line in tables.split('\n').filter(|line| kept_of(line, what).is_none()) {
        kept.push('\n');
        kept.push_str(line);
    }
    *tables = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_of_a_page_has_what_was_kept_last() {
        let mut tables = String::new();
        assert_eq!(kept_of(&tables, "nodes"), None);
        keep_of(&mut tables, "nodes", "50 0");
        keep_of(&mut tables, "applications", "50 1 nodes 7");
        keep_of(&mut tables, "nodes", "100 0 ");
        assert_eq!(kept_of(&tables, "nodes"), Some("100 0 "));
        assert_eq!(kept_of(&tables, "node"), None);
        assert_eq!(kept_of(&tables, "applications"), Some("50 1 nodes 7"));
    }
}
