//! Damages the tracker's program in the ways in which programs get damaged in transit.

use headcount_harness::test_site::built;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// `unreachable`, `nop` and `end` as WebAssembly writes them.
const UNREACHABLE: u8 = 0x00;
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// The program without its second half.
pub(super) fn truncated() -> Vec<u8> {
    let mut program = built("tracker_bg.wasm");
    program.truncate(program.len() / 2);
    program
}

/// The program with a function of this name that traps when it is called.
pub(super) fn trapping(function: &str) -> Vec<u8> {
    let mut program = built("tracker_bg.wasm");
    let (mut imported, mut wanted, mut bodies) = (0, None, Vec::new());
    for payload in Parser::new(0).parse_all(&program) {
        match payload.unwrap() {
            Payload::ImportSection(section) => {
                let imports = section.into_imports().map(Result::unwrap);
                imported = imports.filter(|import| matches!(import.ty, TypeRef::Func(_))).count();
            }
            Payload::ExportSection(section) => {
                let mut exports = section.into_iter().map(Result::unwrap);
                let export =
                    exports.find(|export| export.name == function && export.kind == ExternalKind::Func);
                wanted = Some(export.unwrap().index as usize);
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    // Of the same length, so that nothing else moves: no locals, and a trap before the end.
    let body = &mut program[bodies[wanted.unwrap() - imported].clone()];
    body.fill(NOP);
    body[..2].copy_from_slice(&[0, UNREACHABLE]);
    *body.last_mut().unwrap() = END;
    program
}
