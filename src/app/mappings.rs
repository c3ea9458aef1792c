//! The mappings of the configuration, and what became of the records that they have read.

use crate::mapping::{Mapper, Mapping, MappingCounts};

/// The mappings, each with its counts.
#[derive(Debug, Default)]
pub struct Mappings {
    list: Vec<Mapping>,
    counts: Vec<MappingCounts>,
}

impl Mappings {
    /// Mappings that have read nothing.
    pub fn new(list: &[Mapping]) -> Self {
        Self { list: list.to_vec(), counts: vec![MappingCounts::default(); list.len()] }
    }

    /// Replaces the mappings. Those of the same name count on.
    pub fn replace(&mut self, list: &[Mapping]) {
        let before: Vec<(String, MappingCounts)> =
            self.counts().map(|(name, counts)| (name.to_owned(), counts)).collect();
        let counted =
            |mapping: &Mapping| before.iter().find(|(name, _)| *name == mapping.name).map(|(_, counts)| *counts);
        self.counts = list.iter().map(|mapping| counted(mapping).unwrap_or_default()).collect();
        self.list = list.to_vec();
    }

    /// Compiles those of a topic; `None` where there are none.
    pub fn of_topic(&self, topic: &str) -> Option<Mapper> {
        Mapper::new(self.list.iter().enumerate().filter(|(_, mapping)| mapping.topics.iter().any(|read| read == topic)))
    }

    /// Compiles those of a file, by its name without the folder; `None` where there are none.
    pub fn of_file(&self, name: &str) -> Option<Mapper> {
        Mapper::new(self.list.iter().enumerate().filter(|(_, mapping)| mapping.reads_file(name)))
    }

    /// The name of a mapping.
    pub fn name(&self, number: usize) -> &str {
        self.list.get(number).map_or("", |mapping| &mapping.name)
    }

    /// Adds what became of records.
    pub fn add(&mut self, counts: &[MappingCounts]) {
        self.counts.iter_mut().zip(counts).for_each(|(all, counts)| all.add(counts));
    }

    /// Counts a record whose event was refused by the contract.
    pub fn refuse(&mut self, number: usize) {
        if let Some(counts) = self.counts.get_mut(number) {
            counts.refused = counts.refused.saturating_add(1);
        }
    }

    /// The names of all, with their counts, in the order of the configuration.
    pub fn counts(&self) -> impl Iterator<Item = (&str, MappingCounts)> {
        self.list.iter().zip(&self.counts).map(|(mapping, counts)| (mapping.name.as_str(), *counts))
    }
}
