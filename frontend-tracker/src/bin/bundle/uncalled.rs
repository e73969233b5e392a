//! Removes the functions of a program that are never called.
//!
//! A program has a table of functions for indirect calls. All of them are kept by default, including those of
//! unused parts of libraries. A function in the table can only be called by an indirect call with its type:
//! if no reachable code has one, the function is removed, with everything that only it needs.

use std::collections::HashSet;

use walrus::{
    ElementItems, ExportItem, FunctionBuilder, FunctionId, FunctionKind, Module, TypeId,
    ir::{self, Visitor},
};

/// Removes unreachable functions. A program that exports its table stays as it is.
pub(crate) fn remove(module: &mut Module) {
    if module.exports.iter().any(|export| matches!(export.item, ExportItem::Table(_))) {
        return;
    }
    let called = ReachableCode::of(module);
    let mut trap = FunctionBuilder::new(&mut module.types, &[], &[]);
    trap.func_body().unreachable();
    let trap = trap.finish(vec![], &mut module.funcs);
    for element in module.elements.iter_mut() {
        if let ElementItems::Functions(functions) = &mut element.items {
            // The indices of the other functions stay the same.
            functions
                .iter_mut()
                .filter(|function| !called.functions.contains(function))
                .for_each(|function| *function = trap);
        }
    }
    walrus::passes::gc::run(module);
}

/// The reachable code.
#[derive(Default)]
struct ReachableCode {
    functions: HashSet<FunctionId>,
    /// The types of its indirect calls.
    by_place: HashSet<TypeId>,
    waiting: Vec<FunctionId>,
}

impl ReachableCode {
    fn of(module: &Module) -> Self {
        let mut called = Self::default();
        let exported = module.exports.iter().filter_map(|export| match export.item {
            ExportItem::Function(function) => Some(function),
            _ => None,
        });
        exported.chain(module.start).for_each(|function| called.call(function));
        loop {
            called.follow(module);
            let by_place: Vec<FunctionId> = in_table(module)
                .filter(|function| called.by_place.contains(&module.funcs.get(*function).ty()))
                .filter(|function| !called.functions.contains(function))
                .collect();
            if by_place.is_empty() {
                return called;
            }
            by_place.into_iter().for_each(|function| called.call(function));
        }
    }

    fn call(&mut self, function: FunctionId) {
        if self.functions.insert(function) {
            self.waiting.push(function);
        }
    }

    /// Visits the waiting functions, and those that they call.
    fn follow(&mut self, module: &Module) {
        while let Some(function) = self.waiting.pop() {
            if let FunctionKind::Local(function) = &module.funcs.get(function).kind {
                ir::dfs_in_order(self, function, function.entry_block());
            }
        }
    }
}

impl Visitor<'_> for ReachableCode {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.call(*function);
    }

    fn visit_call_indirect(&mut self, call: &ir::CallIndirect) {
        self.by_place.insert(call.ty);
    }

    fn visit_return_call_indirect(&mut self, call: &ir::ReturnCallIndirect) {
        self.by_place.insert(call.ty);
    }
}

fn in_table(module: &Module) -> impl Iterator<Item = FunctionId> {
    let items = module.elements.iter().map(|element| match &element.items {
        ElementItems::Functions(functions) => functions.as_slice(),
        ElementItems::Expressions(..) => &[],
    });
    items.flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program whose exported function makes an indirect call without arguments, and whose table has one
    /// such function and one with an argument.
    fn program() -> Module {
        let mut module = Module::default();
        let mut quiet = FunctionBuilder::new(&mut module.types, &[], &[]);
        quiet.name("quiet".to_owned());
        let quiet = quiet.finish(vec![], &mut module.funcs);
        let argument = module.locals.add(walrus::ValType::I32);
        let mut loud = FunctionBuilder::new(&mut module.types, &[walrus::ValType::I32], &[]);
        loud.name("loud".to_owned());
        let loud = loud.finish(vec![argument], &mut module.funcs);
        let table = module.tables.add_local(false, 2, None, walrus::RefType::FUNCREF);
        let offset = walrus::ConstExpr::Value(ir::Value::I32(0));
        let kind = walrus::ElementKind::Active { table, offset };
        let element = module.elements.add(kind, ElementItems::Functions(vec![loud, quiet]));
        module.tables.get_mut(table).elem_segments.insert(element);
        let silent = module.types.add(&[], &[]);
        let mut main = FunctionBuilder::new(&mut module.types, &[], &[]);
        main.func_body().i32_const(1).call_indirect(silent, table);
        let main = main.finish(vec![], &mut module.funcs);
        module.exports.add("main", main);
        module
    }

    #[test]
    fn a_function_that_no_type_of_call_fits_is_taken_out_and_the_places_stay() {
        let mut module = program();
        remove(&mut module);
        assert!(module.funcs.by_name("loud").is_none());
        let quiet = module.funcs.by_name("quiet");
        assert_eq!(in_table(&module).nth(1), quiet);
        assert!(quiet.is_some());
    }

    #[test]
    fn a_program_that_hands_its_table_out_keeps_all() {
        let mut module = program();
        let table = module.tables.iter().next().unwrap().id();
        module.exports.add("table", table);
        remove(&mut module);
        assert!(module.funcs.by_name("loud").is_some());
    }
}
