//! Reads the code of an error from the text that a server answers.
//!
//! Nothing else of the text is used: it may quote rows, and it names hosts.

/// The code in `Code: 60. DB::Exception: …` or `Code: 60, e.displayText() = …`, wherever the text begins.
pub(crate) fn exception_code(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii_start().strip_prefix(b"Code: ")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    str::from_utf8(digits.get(..end)?).ok()?.parse().ok()
}

/// What an operator is told about a code.
pub(crate) const fn reason_of_code(code: u32) -> &'static str {
    match code {
        3 | 242 => "the replica is read-only: it has no connection to ZooKeeper or Keeper",
        16 | 47 | 60 => "a table or a column is missing: was it made by another version?",
        32 | 33 | 95 | 96 | 100 | 102 | 1000 => {
            "data ended early, as when the connection to one of its nodes breaks"
        }
        62 => "a statement is not understood by this version",
        81 => "the database of the address does not exist",
        115 => "a setting is not known to this version",
        159 | 209 => "it took too long",
        164 | 452 | 497 => "this user may not do that, or may not change a setting",
        192 | 193 | 194 | 516 => "the user or the password is wrong",
        198 => "the name of one of its nodes is not resolved",
        202 | 203 | 749 | 762 => "too many statements or connections at once",
        225 | 999 => "it has no connection to ZooKeeper or Keeper",
        241 => "it has not enough memory for this",
        243 => "its disk is full",
        252 => "it has too many parts that are not yet merged",
        210 | 254 | 265 | 279 | 297 => "one of its nodes cannot be reached",
        285 => "too few replicas are alive for a durable insert",
        286 => "the insert before this one has not yet reached enough replicas",
        289 | 369 | 416 => "a replica is behind the others",
        319 => "the answer of a replica was lost",
        236 | 394 => "it stopped the statement",
        _ => "see the log of the server",
    }
}

/// The codes of what passes without anybody doing something to the statement.
const TEMPORARY_CODES: [u32; 34] = [
    3, 32, 33, 95, 96, 100, 102, 159, 198, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 254, 265, 279,
    285, 286, 289, 297, 319, 369, 394, 416, 749, 762, 999, 1000,
];

/// Whether the same statement may succeed later, without anybody doing something to the statement.
pub(crate) fn is_temporary_code(code: u32) -> bool {
    TEMPORARY_CODES.contains(&code)
}

/// Whether another node may do what this one cannot.
pub(crate) const fn is_of_one_node(code: u32) -> bool {
    matches!(code, 3 | 202 | 203 | 225 | 236 | 242 | 749 | 762 | 999)
}

/// The code of an insert that has to wait for another one: servers without parallel quorum inserts do one
/// after the other.
pub(crate) const QUORUM_BUSY: u32 = 286;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_from_what_servers_of_all_versions_answer() {
        for (text, code) in [
            ("Code: 62, e.displayText() = DB::Exception: Syntax error", Some(62)),
            ("Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)", Some(60)),
            ("\nCode: 7", Some(7)),
            ("Code: , e", None),
            ("Code: 99999999999.", None),
            ("<html>Code: 60.", None),
            ("", None),
        ] {
            assert_eq!(exception_code(text.as_bytes()), code, "{text}");
        }
    }

    #[test]
    fn what_another_node_or_a_later_time_may_do_is_not_refused_for_ever() {
        assert!((0..2000).filter(|&code| is_of_one_node(code)).all(is_temporary_code));
        assert!(is_temporary_code(QUORUM_BUSY));
        // A replica that is killed while another node waits for it.
        for broken in [32, 33, 95, 96, 100, 102, 210, 279, 1000] {
            assert!(is_temporary_code(broken), "{broken}");
            assert_ne!(reason_of_code(broken), reason_of_code(0), "{broken}");
        }
        for for_ever in [16, 47, 60, 62, 81, 115, 164, 192, 193, 194, 497, 516] {
            assert!(!is_temporary_code(for_ever), "{for_ever}");
        }
    }
}
