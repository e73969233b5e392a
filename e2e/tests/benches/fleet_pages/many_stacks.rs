//! Makes the numbers of a large flame graph, as the API of a collector answers them.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

/// The different stacks.
pub(crate) const STACKS: usize = 6000;

/// The functions that they are made of.
const FUNCTIONS: u32 = 900;

/// The deepest stack.
const DEEPEST: usize = 40;

/// The graph of so many stacks. Each begins with some of the functions of the one before, and few of them
/// take most of the time.
pub(crate) fn graph() -> Value {
    let mut random = StdRng::seed_from_u64(6);
    let (mut name, mut parent, mut value) = (vec![0_u32], vec![0_usize], vec![0_u64]);
    let mut path = vec![0_usize];
    for _ in 0..STACKS {
        // All stacks are below one function that the root calls.
        path.truncate(random.random_range(path.len().min(2)..=path.len()));
        let new = random.random_range(1..=(DEEPEST - path.len()).clamp(1, 6));
        for _ in 0..new {
            parent.push(*path.last().unwrap_or(&0));
            path.push(name.len());
            name.push(random.random_range(1..=FUNCTIONS));
            value.push(0);
        }
        let weight = 1_000_000 / random.random_range(1..=STACKS as u64);
        for place in &path {
            if let Some(value) = value.get_mut(*place) {
                *value += weight;
            }
        }
    }
    let functions =
        (1..=FUNCTIONS).map(|at| format!("library_{}::module_{}::Type::function_{at}", at % 9, at % 70));
    let names: Vec<String> = ["(all)".to_owned()].into_iter().chain(functions).collect();
    let installations = vec![300; name.len()];
    let graph = json!({
        "names": names, "name": name, "parent": parent, "value": value, "installations": installations,
    });
    json!({ "graph": graph })
}
