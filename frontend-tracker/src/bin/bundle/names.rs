//! Shortens the names of imports in a program and its bindings, and blanks source paths in programs without
//! panic messages.
//!
//! The tracker may have 9,000 bytes in brotli. Long names would take about 220 of them, and paths about 100.

use std::collections::HashSet;

use regex::bytes::Regex;
use walrus::{DataId, Module};

/// The number of hexadecimal digits that the bindings append to a name.
const HASH_DIGITS: usize = 16;

/// Removes the hash from the names of imports, in the program and its bindings, if they stay distinct.
/// Returns the bindings.
pub(crate) fn shorten(module: &mut Module, mut bindings: String) -> String {
    let mut taken: HashSet<String> = module.imports.iter().map(|import| import.name.clone()).collect();
    for import in module.imports.iter_mut() {
        let Some(short) = without_hash(&import.name).map(ToOwned::to_owned) else { continue };
        if taken.insert(short.clone()) {
            bindings = bindings.replace(&import.name, &short);
            import.name = short;
        }
    }
    bindings
}

/// The path of a source: in the standard library, in this workspace, or in a crate from its version on.
const SOURCE: &str =
    r"(/rustc/[0-9a-f]+/library|shared/src|frontend-tracker/src|-[0-9.]+/src)[a-z0-9_/]*\.rs";

/// Blanks the paths of sources in a program whose panics do not report locations.
///
/// # Errors
/// The pattern is invalid, which does not happen.
pub(crate) fn silence(module: &mut Module) -> Result<(), regex::Error> {
    let source = Regex::new(SOURCE)?;
    let segments: Vec<DataId> = module.data.iter().map(|data| data.id()).collect();
    for segment in segments {
        let bytes = &mut module.data.get_mut(segment).value;
        let paths: Vec<_> = source.find_iter(bytes).map(|path| path.range()).collect();
        for path in paths {
            bytes.get_mut(path).into_iter().for_each(|path| path.fill(0));
        }
    }
    Ok(())
}

fn without_hash(name: &str) -> Option<&str> {
    let (short, hash) = name.rsplit_once('_')?;
    (hash.len() == HASH_DIGITS && hash.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(imports: &[&str]) -> Module {
        let mut module = Module::default();
        let ty = module.types.add(&[], &[]);
        for import in imports {
            module.add_import_func("./x.js", import, ty);
        }
        module
    }

    fn names(module: &Module) -> Vec<&str> {
        module.imports.iter().map(|import| import.name.as_str()).collect()
    }

    #[test]
    fn program_and_bindings_agree_on_the_short_name() {
        let mut module = module(&["__wbg_now_0123456789abcdef", "__wbindgen_throw"]);
        let bindings = "x.__wbg_now_0123456789abcdef = now; x.__wbindgen_throw = fail;".to_owned();
        assert_eq!(shorten(&mut module, bindings), "x.__wbg_now = now; x.__wbindgen_throw = fail;");
        assert_eq!(names(&module), ["__wbg_now", "__wbindgen_throw"]);
    }

    #[test]
    fn names_that_differ_in_their_hash_alone_stay_different() {
        let mut module = module(&["get_0123456789abcdef", "get_fedcba9876543210"]);
        let bindings = "{ get_0123456789abcdef: a, get_fedcba9876543210: b }".to_owned();
        assert_eq!(shorten(&mut module, bindings), "{ get: a, get_fedcba9876543210: b }");
        assert_eq!(names(&module), ["get", "get_fedcba9876543210"]);
    }

    #[test]
    fn paths_of_sources_are_blanked_and_all_else_stays() {
        let cases: [&[(&str, bool)]; 4] = [
            &[("overflow", true), ("shared/src/routes.rs", false), ("xs", true)],
            &[
                ("js-sys", true),
                ("-0.3.107/src/futures/jspi.rs", false),
                ("uuid", true),
                ("-1.29.3/src/rng.rs", false),
            ],
            &[("/rustc/598076/library/alloc/src/str.rs", false), (",", true)],
            &[(r#"{"path":"/p/src/main.rs"}"#, true)],
        ];
        for parts in cases {
            let text: String = parts.iter().map(|(part, _)| *part).collect();
            let left: Vec<u8> = parts
                .iter()
                .flat_map(|(part, stays)| part.bytes().map(move |byte| if *stays { byte } else { 0 }))
                .collect();
            let mut module = Module::default();
            module.data.add(walrus::DataKind::Passive, text.clone().into_bytes());
            silence(&mut module).unwrap();
            assert_eq!(module.data.iter().next().unwrap().value, left, "{text}");
        }
    }

    #[test]
    fn only_sixteen_hexadecimal_digits_are_a_hash() {
        for name in ["now", "get_now", "get_0123456789abcde", "get_0123456789abcdeg"] {
            assert_eq!(without_hash(name), None, "{name}");
        }
    }
}
