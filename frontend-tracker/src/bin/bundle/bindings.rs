//! Replaces how the bindings start their program with a way that works in every browser, and removes what the
//! tracker does not need.

/// The functions of the bindings that the replacement uses.
const USED: [&str; 2] = ["function __wbg_get_imports(", "function __wbg_finalize_init("];

/// Instantiates a program, and resolves when it can be called.
///
/// Chromium before 115 refuses to instantiate more than 4 KiB synchronously, as the `initSync` of the
/// bindings does. Their `default` tries several ways, which makes it larger.
const INSTANTIATE: &str = "
export const instantiate = async bytes => {
    const { instance, module } = await WebAssembly.instantiate(bytes, __wbg_get_imports());
    __wbg_finalize_init(instance, module);
};
";

/// Parts of the bindings that the tracker does not need, each by its first text and the text that follows it:
/// a polyfill for browsers that are too old for the program, a workaround for decoding gigabytes, and one for
/// programs without `realloc`.
const NEEDLESS: [(&str, &str); 3] = [
    ("if (!('encodeInto' in cachedTextEncoder)) {", "let WASM_VECTOR_LEN"),
    ("numBytesDecoded += bytes.length;", "return cachedTextDecoder.decode(bytes);"),
    ("if (realloc === undefined) {", "let len = arg.length;"),
];

/// Returns bindings that start their program with `instantiate(bytes)`; `None` if the input has an unknown
/// form.
pub(crate) fn lean(bindings: &str) -> Option<String> {
    let has_all = USED.iter().all(|used| bindings.contains(used));
    let lean =
        NEEDLESS.iter().try_fold(bindings.to_owned(), |bindings, (from, to)| without(&bindings, from, to));
    lean.filter(|_| has_all).map(|lean| lean + INSTANTIATE)
}

/// Removes the text from `from` up to `to`.
fn without(text: &str, from: &str, to: &str) -> Option<String> {
    let (before, rest) = text.split_once(from)?;
    let (_, after) = rest.split_once(to)?;
    Some([before, to, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bindings with everything that is looked for, and `kept` in between.
    fn bindings() -> String {
        let needless = NEEDLESS.map(|(from, to)| format!("{from} needless\n}}\n{to} kept\n"));
        let used = USED.map(|used| format!("{used}) {{}}\n"));
        [needless.concat(), used.concat()].concat()
    }

    #[test]
    fn a_program_starts_without_holding_its_page_up() {
        let lean = lean(&bindings()).unwrap();
        assert!(lean.contains("export const instantiate = async bytes"), "{lean}");
        assert!(lean.contains("await WebAssembly.instantiate(bytes, "), "{lean}");
    }

    #[test]
    fn what_is_needless_is_left_out_and_nothing_else() {
        let lean = lean(&bindings()).unwrap();
        assert!(!lean.contains("needless"), "{lean}");
        assert_eq!(lean.matches(" kept\n").count(), NEEDLESS.len());
        assert!(USED.iter().all(|used| lean.contains(used)), "{lean}");
    }

    #[test]
    fn bindings_of_another_kind_are_refused() {
        let known = NEEDLESS.iter().flat_map(|(from, to)| [*from, *to]).chain(USED);
        for part in known {
            assert_eq!(lean(&bindings().replace(part, "")), None, "{part}");
        }
    }
}
