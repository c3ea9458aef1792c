//! Lines of files that a mapping reads: their events take their place.

use std::collections::BTreeMap;
use std::path::Path;

use super::mappings::Mappings;
use crate::event::{RawRecord, Reason, Rejection};
use crate::mapping::{Bounds, Mapped, MappedRecord, Mapper, Mapping, Place};
use crate::monitor::{Handled, Monitor};
use crate::plan::{Limits, PartitionIndex};
use crate::source::files::Lines;

/// The mappings of the files that are read.
pub struct MappedFiles {
    files: Vec<Option<File>>,
    mapped: Mapped,
    unmapped: u64,
    /// One rejection of each reason, and how many events were refused for it.
    reasons: BTreeMap<Reason, (Rejection, u64)>,
}

/// A file with its mappings, and what the ids of its events begin with.
struct File {
    mapper: Mapper,
    prefix: Vec<u8>,
}

impl MappedFiles {
    /// The files, by their names.
    pub fn new<'n>(names: impl Iterator<Item = &'n str>, mappings: &[Mapping]) -> Self {
        let mappings = Mappings::new(mappings);
        let files = names.map(|path| {
            let name = Path::new(path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let mapper = mappings.of_file(&name)?;
            Some(File { mapper, prefix: Place::prefix(&format!("{name}:")) })
        });
        let files = files.collect();
        Self { files, mapped: Mapped::default(), unmapped: 0, reasons: BTreeMap::new() }
    }

    /// Whether any file has a mapping.
    pub fn is_needed(&self) -> bool {
        self.files.iter().any(Option::is_some)
    }

    /// Names the mappings of a file in a rejection.
    pub fn told(&self, file: PartitionIndex, rejection: &Rejection) -> String {
        match self.files.get(file.0 as usize) {
            Some(Some(file)) => rejection.clone().of_mapping(&file.mapper.names()).to_string(),
            _ => rejection.to_string(),
        }
    }

    /// Puts the events of the lines that were read into `into`, in their order. `refused` hears of each line that is refused.
    pub fn replace(
        &mut self,
        (lines, into): (&mut Lines, &mut Lines),
        limits: &Limits,
        mut refused: impl FnMut(PartitionIndex, u64, &Rejection),
    ) {
        into.clear();
        if !self.is_needed() {
            std::mem::swap(lines, into);
            return;
        }
        for (file, number, line) in lines.iter() {
            let Some(Some(of_file)) = self.files.get(file.0 as usize) else {
                into.push(file, number, line);
                continue;
            };
            self.mapped.clear();
            let record = RawRecord { payload: line, headers: &[], timestamp: None };
            let place = Place { prefix: &of_file.prefix, number };
            of_file.mapper.map(&record, place, Bounds { limits, max_ahead: None }, &mut self.mapped);
            match self.mapped.records().next() {
                Some(MappedRecord::Events(_)) => {
                    self.mapped.events().for_each(|(_, event)| into.push(file, number, event));
                }
                Some(MappedRecord::Refused(rejection, events)) => {
                    self.reasons.entry(rejection.reason).or_insert_with(|| (rejection.clone(), 0)).1 += events;
                    refused(file, number, rejection);
                }
                Some(MappedRecord::Left(_)) | None => self.unmapped += 1,
            }
        }
    }

    /// Has the monitor count the lines that gave no event since the last call.
    pub fn count(&mut self, monitor: &mut Monitor) {
        for _ in 0..std::mem::take(&mut self.unmapped) {
            monitor.handle_no_event(&Handled::Unmapped);
        }
        for (rejection, count) in std::mem::take(&mut self.reasons).into_values() {
            let handled = Handled::Rejected(rejection);
            (0..count).for_each(|_| monitor.handle_no_event(&handled));
        }
    }
}
