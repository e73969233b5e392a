//! Maps addresses to the functions in a profile.

use std::collections::HashMap;

use super::mapped_files::MappedAddress;
use crate::name_scrubber::SYSTEM;

/// A function in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct NamedFunction {
    /// Its name, already scrubbed.
    pub(in super::super) name: String,
    /// Where it is.
    pub(in super::super) home: FunctionLocation,
    /// Its offset in the program's file; 0 if unknown or outside of the program.
    pub(in super::super) address: u64,
}

/// Where a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum FunctionLocation {
    /// In this program.
    Program,
    /// In a library of the host or in the kernel.
    System,
}

/// Functions, each once, and which of them an address belongs to.
#[derive(Debug, Default)]
pub(in super::super) struct FunctionNames {
    functions: Vec<NamedFunction>,
    ids: HashMap<(FunctionLocation, String), u32>,
    by_address: HashMap<u64, u32>,
}

impl FunctionNames {
    /// All functions, each at its number.
    pub(in super::super) fn functions(&self) -> &[NamedFunction] {
        &self.functions
    }

    /// The number of the function with this name; adds it if it is new. Only functions of the program have an
    /// address.
    pub(in super::super) fn add_function(&mut self, home: FunctionLocation, name: &str, address: u64) -> u32 {
        let next = u32::try_from(self.functions.len()).unwrap_or(u32::MAX);
        let id = *self.ids.entry((home, name.to_owned())).or_insert(next);
        if id == next {
            let address = if home == FunctionLocation::Program { address } else { 0 };
            self.functions.push(NamedFunction { name: name.to_owned(), home, address });
        }
        id
    }

    /// Notes that `address` belongs to a function.
    pub(super) fn set(&mut self, address: u64, function: u32) {
        self.by_address.insert(address, function);
    }

    /// Gives all places one name.
    pub(super) fn name_all(&mut self, places: &[MappedAddress], home: FunctionLocation, name: &str) {
        let id = self.add_function(home, name, 0);
        for place in places {
            self.set(place.address, id);
        }
    }

    /// The number of the function that `address` belongs to. An unknown address belongs to the first.
    pub(in super::super) fn at(&self, address: u64) -> u32 {
        self.by_address.get(&address).copied().unwrap_or(0)
    }

    /// The name of a function; empty for an invalid number.
    pub(in super::super) fn name(&self, function: u32) -> &str {
        self.functions.get(function as usize).map_or("", |function| &function.name)
    }

    /// The functions of a stack of addresses. Consecutive functions outside of the program without a name
    /// become one, because their number would reveal the release of a library.
    pub(in super::super) fn stack(&self, addresses: &[u64]) -> Vec<u32> {
        let mut stack: Vec<u32> = addresses.iter().map(|&address| self.at(address)).collect();
        let is_folded = |id: u32| {
            self.functions
                .get(id as usize)
                .is_some_and(|function| function.home == FunctionLocation::System && function.name == SYSTEM)
        };
        stack.dedup_by(|one, other| one == other && is_folded(*one));
        stack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_outside_of_the_program_have_no_address_and_those_without_a_name_are_one() {
        let mut names = FunctionNames::default();
        let main = names.add_function(FunctionLocation::Program, "main", 0x40);
        let read = names.add_function(FunctionLocation::System, "read", 0x50);
        let system = names.add_function(FunctionLocation::System, SYSTEM, 0x60);
        for (address, function) in [(1, system), (2, system), (3, read), (4, main), (5, main)] {
            names.set(address, function);
        }
        assert_eq!(
            names.functions().iter().map(|function| function.address).collect::<Vec<_>>(),
            [0x40, 0, 0]
        );
        assert_eq!(names.stack(&[1, 2, 3, 3, 4, 5, 2, 1]), [system, read, read, main, main, system]);
    }
}
