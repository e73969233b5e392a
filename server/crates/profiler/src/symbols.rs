//! Finds the functions that addresses of this process belong to.
//!
//! The symbol tables of the mapped files are read once, in pieces, for all addresses together: no debug
//! information, no cache, no memory afterwards. An inlined function counts as the one that contains it.

use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
};

use procfs::process::{MMapPath, MemoryMap, Process};

pub(super) use self::function_names::{FunctionLocation, FunctionNames};
use self::{elf_file::ElfFile, mapped_files::MappedFiles};
use super::{MeasurementUnavailable, name_scrubber};

mod elf_file;
mod function_names;
mod mapped_files;

/// The executable of this process, even when another file has taken its place since.
const OWN_EXECUTABLE: &str = "/proc/self/exe";

/// The name of a function of the program without a symbol.
const UNNAMED: &str = "[headcount]";

/// Beginning of the name of the library that unwinds the stack for a panic.
const UNWINDER: &str = "libgcc_s.so";

/// Code that is mapped into this process.
#[derive(Debug, Clone, PartialEq, Eq)]
enum MappedObject {
    /// This program.
    Program,
    /// A file of the host.
    Library(PathBuf),
    /// The code that the kernel maps into every process.
    Kernel,
}

impl MappedObject {
    /// The file with its symbols.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Program => Some(Path::new(OWN_EXECUTABLE)),
            Self::Library(path) => Some(path),
            Self::Kernel => None,
        }
    }

    fn is_unwinder(&self) -> bool {
        let name = self.file().and_then(Path::file_name).and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(UNWINDER))
    }
}

/// The names of the functions that `addresses` belong to.
///
/// # Errors
/// When the system does not provide the mappings of this process.
pub(super) fn names_of(mut addresses: Vec<u64>) -> Result<FunctionNames, MeasurementUnavailable> {
    addresses.sort_unstable();
    addresses.dedup();
    let maps = mapped()?;
    let mut names = FunctionNames::default();
    for (object, places) in maps.group(&addresses) {
        match object {
            Some(object) => name_object(&mut names, object, &places),
            None => names.name_all(&places, FunctionLocation::System, name_scrubber::SYSTEM),
        }
    }
    Ok(names)
}

/// The code beyond which no stack may be walked by a signal handler, as ranges of addresses.
///
/// * The kernel's own code page: on some systems it is described wrongly.
/// * The library that unwinds the stack for a panic: it overwrites its own frames with those that it jumps
///   to.
/// * Where that library is from before 2022, every other library too: it takes a lock of the dynamic linker,
///   which the interrupted code may hold.
/// * Everything, if that library is not a separate file, so that its part of the program is unknown.
///
/// # Errors
/// When the system does not provide the mappings of this process.
pub(super) fn ranges_not_to_walk() -> Result<Vec<Range<u64>>, MeasurementUnavailable> {
    let maps = mapped()?;
    let Some(unwinder) = maps.objects().find(|object| object.is_unwinder()) else {
        return Ok(std::iter::once(0..u64::MAX).collect());
    };
    let takes_locks = !imports(unwinder, b"_dl_find_object");
    Ok(maps.ranges(|object| {
        let is_library = *object != MappedObject::Program;
        *object == MappedObject::Kernel || object.is_unwinder() || takes_locks && is_library
    }))
}

fn imports(object: &MappedObject, symbol: &[u8]) -> bool {
    let open = || ElfFile::open(File::open(object.file()?).ok()?).ok();
    open().and_then(|elf| elf.imports(symbol).ok()).unwrap_or(false)
}

/// `places` are pairs of an address of the process and the offset in the file.
fn name_object(names: &mut FunctionNames, object: &MappedObject, places: &[mapped_files::MappedAddress]) {
    let (home, unnamed) = match object {
        MappedObject::Program => (FunctionLocation::Program, UNNAMED),
        MappedObject::Library(_) | MappedObject::Kernel => (FunctionLocation::System, name_scrubber::SYSTEM),
    };
    let Some(functions) = object.file().and_then(|file| functions_in(file, places)) else {
        return names.name_all(places, home, unnamed);
    };
    for (place, function) in places.iter().zip(functions) {
        let (name, start) = match &function {
            Some(function) if home == FunctionLocation::Program => {
                (name_scrubber::function_name(&demangled(&function.name)), function.start)
            }
            Some(function) => (name_scrubber::system_function_name(&demangled(&function.name)).to_owned(), 0),
            None => (unnamed.to_owned(), 0),
        };
        let id = names.add_function(home, &name, start);
        names.set(place.address, id);
    }
}

/// The function at each of the places, in their order.
fn functions_in(
    file: &Path,
    places: &[mapped_files::MappedAddress],
) -> Option<Vec<Option<elf_file::ElfFunction>>> {
    let elf = ElfFile::open(File::open(file).ok()?).ok()?;
    let offsets: Vec<_> = places.iter().map(|place| place.offset).collect();
    elf.functions_at(&offsets).ok()
}

fn demangled(symbol: &[u8]) -> String {
    let symbol = String::from_utf8_lossy(symbol);
    // `#`: without the hash of the build.
    format!("{:#}", rustc_demangle::demangle(&symbol))
}

fn mapped() -> Result<MappedFiles, MeasurementUnavailable> {
    let unreadable = |_| {
        MeasurementUnavailable::because("the system does not tell in /proc what is mapped into this process")
    };
    let executable = std::fs::read_link(OWN_EXECUTABLE).ok();
    let regions = Process::myself().and_then(|process| process.maps()).map_err(unreadable)?;
    Ok(MappedFiles::new(regions.into_iter().filter_map(|region| {
        let object = object(&region, executable.as_deref())?;
        Some((region.address.0..region.address.1, region.offset, object))
    })))
}

fn object(region: &MemoryMap, executable: Option<&Path>) -> Option<MappedObject> {
    match &region.pathname {
        MMapPath::Path(path) if Some(path.as_path()) == executable => Some(MappedObject::Program),
        MMapPath::Path(path) => Some(MappedObject::Library(path.clone())),
        MMapPath::Vdso => Some(MappedObject::Kernel),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn a_function_with_a_name() -> u64 {
        std::hint::black_box(1)
    }

    #[test]
    fn an_address_of_this_program_gets_the_name_of_its_function() {
        assert_eq!(a_function_with_a_name(), 1);
        let address = a_function_with_a_name as fn() -> u64 as usize as u64;

        let names = names_of(vec![address, 16]).expect("/proc is readable");

        let function = &names.functions()[names.at(address) as usize];
        assert!(function.name.ends_with("symbols::tests::a_function_with_a_name"), "{function:?}");
        assert_eq!(function.home, FunctionLocation::Program);
        assert_ne!(function.address, 0);
        let unknown = &names.functions()[names.at(16) as usize];
        assert_eq!(
            (&*unknown.name, unknown.home, unknown.address),
            ("[system]", FunctionLocation::System, 0)
        );
    }

    #[test]
    fn a_function_of_the_c_library_tells_neither_the_library_nor_its_place() {
        let maps = mapped().expect("/proc is readable");
        let is_c_library = |object: &MappedObject| matches!(object, MappedObject::Library(path) if path.to_string_lossy().contains("libc.so"));
        let addresses: Vec<u64> =
            maps.ranges(is_c_library).into_iter().flat_map(|range| range.step_by(64)).collect();
        let names = names_of(addresses.clone()).expect("/proc is readable");

        let functions: Vec<_> =
            addresses.iter().map(|&at| &names.functions()[names.at(at) as usize]).collect();
        assert!(functions.iter().any(|function| function.name == "read"));
        for function in functions {
            assert_eq!((function.home, function.address), (FunctionLocation::System, 0), "{function:?}");
            assert_eq!(function.name, name_scrubber::system_function_name(&function.name), "{function:?}");
        }
    }

    #[test]
    fn a_rust_name_has_no_hash() {
        assert_eq!(demangled(b"_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(demangled(b"memcpy"), "memcpy");
    }

    #[test]
    fn neither_the_page_of_the_kernel_nor_the_unwinder_is_walked() {
        let avoided = ranges_not_to_walk().expect("/proc is readable");
        let maps = mapped().expect("/proc is readable");
        for range in maps.ranges(|object| *object == MappedObject::Kernel || object.is_unwinder()) {
            assert!(avoided.contains(&range), "{range:?} is not in {avoided:?}");
        }
    }
}
