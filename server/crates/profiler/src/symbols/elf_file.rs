//! Reads the symbol table of an ELF file.
//!
//! The table of a large program has megabytes, so it is read in pieces, and only the requested names are
//! read.

use std::{cmp::Reverse, fs::File};

use object::{
    NativeEndian, ReadCache, ReadRef as _, elf,
    read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _, Sym as _},
};

type ElfHeader = elf::FileHeader64<NativeEndian>;
type ElfSymbol = elf::Sym64<NativeEndian>;

/// Symbols read at a time: 96 KiB.
const SYMBOLS_PER_PIECE: u64 = 4096;

const SYMBOL_SIZE: u64 = size_of::<ElfSymbol>() as u64;

/// The file is not an ELF file of this machine, is damaged, or cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MalformedElf;

impl From<()> for MalformedElf {
    fn from((): ()) -> Self {
        Self
    }
}

impl From<object::Error> for MalformedElf {
    fn from(_: object::Error) -> Self {
        Self
    }
}

/// A function in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ElfFunction {
    /// The symbol as it is in the file.
    pub(super) name: Vec<u8>,
    /// Its address in the address space of the file.
    pub(super) start: u64,
}

/// Part of a file that is mapped into memory.
#[derive(Debug)]
struct ElfSegment {
    offset: u64,
    size: u64,
    address: u64,
}

/// A table of symbols and the position of their names, as offsets in the file.
#[derive(Debug, Clone, Copy)]
struct ElfSymbolTable {
    offset: u64,
    count: u64,
    names: u64,
    names_end: u64,
}

/// An ELF file of this machine.
#[derive(Debug)]
pub(super) struct ElfFile {
    file: File,
    segments: Vec<ElfSegment>,
    /// All symbols; `None` if they were stripped.
    full: Option<ElfSymbolTable>,
    /// The exported and imported symbols.
    dynamic: Option<ElfSymbolTable>,
}

impl ElfFile {
    /// Reads the headers.
    pub(super) fn open(file: File) -> Result<Self, MalformedElf> {
        let cache = ReadCache::new(&file);
        let header = ElfHeader::parse(&cache)?;
        let endian = header.endian()?;
        let segments = header
            .program_headers(endian, &cache)?
            .iter()
            .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
            .map(|segment| ElfSegment {
                offset: segment.p_offset(endian),
                size: segment.p_filesz(endian),
                address: segment.p_vaddr(endian),
            })
            .collect();
        let sections = header.section_headers(endian, &cache)?;
        let table = |kind| {
            let table = sections.iter().find(|section| section.sh_type(endian) == kind)?;
            let names = sections.get(table.link(endian).0)?;
            Some(ElfSymbolTable {
                offset: table.sh_offset(endian),
                count: table.sh_size(endian) / SYMBOL_SIZE,
                names: names.sh_offset(endian),
                names_end: names.sh_offset(endian).checked_add(names.sh_size(endian))?,
            })
        };
        let (full, dynamic) = (table(elf::SHT_SYMTAB), table(elf::SHT_DYNSYM));
        Ok(Self { file, segments, full, dynamic })
    }

    /// The functions that cover these offsets in the file; `None` where no symbol does.
    pub(super) fn functions_at(&self, offsets: &[u64]) -> Result<Vec<Option<ElfFunction>>, MalformedElf> {
        let Some(table) = self.full.or(self.dynamic) else { return Ok(vec![None; offsets.len()]) };
        let addresses: Vec<_> = offsets.iter().map(|&offset| self.address(offset)).collect();
        let mut search = SymbolSearch::new(addresses.iter().copied().flatten().collect());
        self.each_symbol(table, |symbol| search.consider(symbol))?;
        Ok(addresses.into_iter().map(|address| self.function(table, search.best(address?)?)).collect())
    }

    /// Whether the file uses a symbol of another one.
    pub(super) fn imports(&self, name: &[u8]) -> Result<bool, MalformedElf> {
        let Some(table) = self.dynamic else { return Ok(false) };
        let mut found = false;
        self.each_symbol(table, |symbol| {
            found |= symbol.is_undefined(NativeEndian)
                && self.name(table, symbol.st_name(NativeEndian)).is_ok_and(|symbol| symbol == name);
        })?;
        Ok(found)
    }

    fn address(&self, offset: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let inside = offset.checked_sub(segment.offset).filter(|inside| *inside < segment.size)?;
            segment.address.checked_add(inside)
        })
    }

    fn each_symbol(
        &self,
        table: ElfSymbolTable,
        mut see: impl FnMut(&ElfSymbol),
    ) -> Result<(), MalformedElf> {
        let mut seen = 0;
        while seen < table.count {
            let count = SYMBOLS_PER_PIECE.min(table.count - seen);
            let offset = table.offset.checked_add(seen * SYMBOL_SIZE).ok_or(MalformedElf)?;
            // Each piece has its own cache, which is dropped with it.
            let piece = ReadCache::new(&self.file);
            let count_of_piece = usize::try_from(count).map_err(|_| MalformedElf)?;
            (&piece).read_slice_at::<ElfSymbol>(offset, count_of_piece)?.iter().for_each(&mut see);
            seen += count;
        }
        Ok(())
    }

    fn function(&self, table: ElfSymbolTable, found: SymbolCandidate) -> Option<ElfFunction> {
        let name = self.name(table, found.name).ok().filter(|name| !name.is_empty())?;
        Some(ElfFunction { name, start: found.start })
    }

    fn name(&self, table: ElfSymbolTable, name: u32) -> Result<Vec<u8>, MalformedElf> {
        let start = table.names.checked_add(name.into()).ok_or(MalformedElf)?;
        let cache = ReadCache::new(&self.file);
        Ok((&cache).read_bytes_at_until(start..table.names_end, 0)?.to_vec())
    }
}

/// A symbol that covers an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SymbolCandidate {
    start: u64,
    size: u64,
    name: u32,
}

impl SymbolCandidate {
    /// The innermost function is the one that begins last and ends first. Of several names for one function,
    /// the first in the table stays.
    fn closeness(self) -> (u64, Reverse<u64>) {
        (self.start, Reverse(self.size))
    }
}

/// The best symbol for each of many addresses.
#[derive(Debug)]
struct SymbolSearch {
    addresses: Vec<u64>,
    best: Vec<Option<SymbolCandidate>>,
}

impl SymbolSearch {
    fn new(mut addresses: Vec<u64>) -> Self {
        addresses.sort_unstable();
        let best = vec![None; addresses.len()];
        Self { addresses, best }
    }

    fn consider(&mut self, symbol: &ElfSymbol) {
        let is_code = matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC | elf::STT_NOTYPE);
        if !is_code || symbol.is_undefined(NativeEndian) {
            return;
        }
        let (start, size) = (symbol.st_value(NativeEndian), symbol.st_size(NativeEndian));
        let candidate = SymbolCandidate { start, size, name: symbol.st_name(NativeEndian) };
        let first = self.addresses.partition_point(|&address| address < start);
        let covered = self.addresses.iter().zip(&mut self.best).skip(first);
        for (_, best) in covered.take_while(|(address, _)| **address - start < size) {
            if best.is_none_or(|best| best.closeness() < candidate.closeness()) {
                *best = Some(candidate);
            }
        }
    }

    fn best(&self, address: u64) -> Option<SymbolCandidate> {
        let index = self.addresses.binary_search(&address).ok()?;
        self.best.get(index).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(kind: elf::SymbolType, start: u64, size: u64, name: u32) -> ElfSymbol {
        ElfSymbol {
            st_name: object::U32::new(NativeEndian, name),
            st_info: elf::SymbolInfo::new(elf::STB_LOCAL, kind),
            st_other: Default::default(),
            st_shndx: object::U16::new(NativeEndian, elf::SymbolSection(1)),
            st_value: object::U64::new(NativeEndian, start),
            st_size: object::U64::new(NativeEndian, size),
        }
    }

    #[test]
    fn an_address_belongs_to_the_innermost_function_that_covers_it() {
        let mut search = SymbolSearch::new(vec![0x10, 0x18, 0x20, 0x2f, 0x30, 0x50]);
        for symbol in [
            symbol(elf::STT_FUNC, 0x10, 0x20, 1),
            symbol(elf::STT_FUNC, 0x18, 0x4, 2),
            symbol(elf::STT_FUNC, 0x10, 0x20, 3),
            symbol(elf::STT_OBJECT, 0x30, 0x10, 4),
            symbol(elf::STT_FUNC, 0x50, 0, 5),
        ] {
            search.consider(&symbol);
        }
        for (address, name) in [
            (0x10, Some(1)),
            (0x18, Some(2)),
            (0x20, Some(1)),
            (0x2f, Some(1)),
            (0x30, None),
            (0x50, None),
            (0x11, None),
        ] {
            assert_eq!(search.best(address).map(|found| found.name), name, "{address:#x}");
        }
    }

    #[test]
    fn a_file_that_is_no_program_is_malformed() {
        let text = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("the manifest");
        assert_eq!(ElfFile::open(text).err(), Some(MalformedElf));
    }

    #[test]
    fn this_program_uses_functions_of_the_c_library() {
        let program =
            ElfFile::open(File::open("/proc/self/exe").expect("this program")).expect("an ELF file");
        assert_eq!(program.imports(b"_Unwind_Backtrace"), Ok(true));
        assert_eq!(program.imports(b"no such function"), Ok(false));
    }
}
