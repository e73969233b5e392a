//! Finds the file that is mapped at an address, and the place in that file.

use std::ops::Range;

use super::MappedObject;

/// An address of the process, and where it is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct MappedAddress {
    pub(super) address: u64,
    pub(super) offset: u64,
}

#[derive(Debug)]
struct MappedRegion {
    range: Range<u64>,
    offset: u64,
    /// Its index among the objects.
    object: usize,
}

/// The files that are mapped into a process.
#[derive(Debug, Default)]
pub(super) struct MappedFiles {
    objects: Vec<MappedObject>,
    regions: Vec<MappedRegion>,
}

impl MappedFiles {
    /// Regions in the order of their addresses, each with its offset in its file.
    pub(super) fn new(regions: impl Iterator<Item = (Range<u64>, u64, MappedObject)>) -> Self {
        let mut maps = Self::default();
        for (range, offset, object) in regions {
            let object = maps.object_index(object);
            maps.regions.push(MappedRegion { range, offset, object });
        }
        maps
    }

    /// The files, each once.
    pub(super) fn objects(&self) -> impl Iterator<Item = &MappedObject> {
        self.objects.iter()
    }

    /// The address ranges of the chosen files.
    pub(super) fn ranges(&self, chosen: impl Fn(&MappedObject) -> bool) -> Vec<Range<u64>> {
        let of_chosen = |region: &&MappedRegion| self.objects.get(region.object).is_some_and(&chosen);
        self.regions.iter().filter(of_chosen).map(|region| region.range.clone()).collect()
    }

    /// The addresses by the file they are in; those in none of the files come last.
    pub(super) fn group(&self, addresses: &[u64]) -> Vec<(Option<&MappedObject>, Vec<MappedAddress>)> {
        let mut groups: Vec<_> = self.objects.iter().map(|object| (Some(object), Vec::new())).collect();
        let mut strays = Vec::new();
        for &address in addresses {
            let place = |offset| MappedAddress { address, offset };
            let group =
                self.region_at(address).and_then(|region| Some((region, groups.get_mut(region.object)?)));
            match group {
                Some((region, (_, places))) => {
                    places.push(place(address - region.range.start + region.offset))
                }
                None => strays.push(place(0)),
            }
        }
        groups.push((None, strays));
        groups.retain(|(_, places)| !places.is_empty());
        groups
    }

    fn region_at(&self, address: u64) -> Option<&MappedRegion> {
        let after = self.regions.partition_point(|region| region.range.start <= address);
        self.regions.get(after.checked_sub(1)?).filter(|region| region.range.contains(&address))
    }

    fn object_index(&mut self, object: MappedObject) -> usize {
        if let Some(known) = self.objects.iter().position(|known| *known == object) {
            return known;
        }
        self.objects.push(object);
        self.objects.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> MappedObject {
        MappedObject::Library("library".into())
    }

    #[test]
    fn addresses_are_grouped_by_file_and_turned_into_offsets() {
        let maps = MappedFiles::new(
            [
                (0x1000..0x2000, 0, MappedObject::Program),
                (0x2000..0x3000, 0x800, MappedObject::Program),
                (0x5000..0x6000, 0x100, library()),
            ]
            .into_iter(),
        );
        let groups = maps.group(&[0x10, 0x1004, 0x2008, 0x4000, 0x5000, 0x6000]);

        let groups: Vec<_> = groups
            .iter()
            .map(|(object, places)| {
                let places: Vec<_> = places.iter().map(|place| (place.address, place.offset)).collect();
                (object.cloned(), places)
            })
            .collect();
        assert_eq!(
            groups,
            [
                (Some(MappedObject::Program), vec![(0x1004, 0x4), (0x2008, 0x808)]),
                (Some(library()), vec![(0x5000, 0x100)]),
                (None, vec![(0x10, 0), (0x4000, 0), (0x6000, 0)]),
            ]
        );
        assert_eq!(maps.ranges(|object| *object == MappedObject::Program), [0x1000..0x2000, 0x2000..0x3000]);
    }
}
