//! Which functions are in a profile?

use std::collections::HashMap;

use super::maps::Place;

/// A function as a profile shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Function {
    /// Its name, already fit to leave.
    pub(in super::super) name: String,
    /// The file it is in, if it is known.
    pub(in super::super) object: Option<String>,
    /// Where it begins in its file; 0 when that is not known.
    pub(in super::super) address: u64,
}

/// Functions, each once, and which of them an address belongs to.
#[derive(Debug, Default)]
pub(in super::super) struct Names {
    functions: Vec<Function>,
    ids: HashMap<(Option<String>, String), u32>,
    by_address: HashMap<u64, u32>,
}

impl Names {
    /// All functions, each at its number.
    pub(in super::super) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The number of the function with this file and name, a new one if it is new.
    pub(in super::super) fn add_function(&mut self, object: Option<&str>, name: &str, address: u64) -> u32 {
        let key = (object.map(str::to_owned), name.to_owned());
        let next = u32::try_from(self.functions.len()).unwrap_or(u32::MAX);
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            let object = object.map(str::to_owned);
            self.functions.push(Function { name: name.to_owned(), object, address });
        }
        id
    }

    /// Says that `address` belongs to a function.
    pub(super) fn set(&mut self, address: u64, function: u32) {
        self.by_address.insert(address, function);
    }

    /// Gives all places one name.
    pub(super) fn name_all(&mut self, places: &[Place], object: Option<&str>, name: &str) {
        let id = self.add_function(object, name, 0);
        for place in places {
            self.set(place.address, id);
        }
    }

    /// The number of the function that `address` belongs to. An address that was not asked for belongs to the first.
    pub(in super::super) fn at(&self, address: u64) -> u32 {
        self.by_address.get(&address).copied().unwrap_or(0)
    }

    /// The name of a function; empty for a number that is none.
    pub(in super::super) fn name(&self, function: u32) -> &str {
        self.functions.get(function as usize).map_or("", |function| &function.name)
    }

    /// The functions of a stack of addresses.
    pub(in super::super) fn stack(&self, addresses: &[u64]) -> Vec<u32> {
        addresses.iter().map(|&address| self.at(address)).collect()
    }
}
