//! The lines of all files in order of event time, sorted in bounded memory.
//!
//! Lines are collected into runs. A run that is full is sorted and written to a temporary file, which has no name and is
//! gone when the program ends. At the end the runs are merged. Lines of equal time are in the order of their bytes. So
//! neither the order of the lines nor the files that they stand in decide anything.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::error::SourceError;
use super::files::Lines;
use super::run::{Entry, Place, Run, RunWriter, order, sort};
use crate::event::moment_of;
use crate::plan::{Limits, PartitionIndex};
use crate::window::Ends;

/// Bytes of lines, with what is known about them, that are kept in memory.
const RUN_BYTES: usize = 64 << 20;
/// Runs that are merged into a longer one. There are fewer of each length, so few files are open at a time.
const FAN_IN: usize = 32;

/// Collects lines.
pub struct Sorter {
    limits: Limits,
    run_bytes: usize,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// By length: each run of a place was merged from [`FAN_IN`] of the place before.
    runs: Vec<Vec<Run>>,
    ends: Ends,
    total_bytes: u64,
}

/// The lines of all files, in their order.
pub struct Sorted {
    heads: BinaryHeap<Head>,
    names: Vec<String>,
    total_bytes: u64,
    bytes_given: u64,
}

/// The next line of a run, and the run behind it. The greatest is the one that comes first.
struct Head {
    place: Place,
    line: Vec<u8>,
    run: Run,
}

impl Sorter {
    /// Returns a sorter without lines.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self::with_run_bytes(limits, RUN_BYTES)
    }

    /// Returns a sorter that keeps about so many bytes in memory.
    #[must_use]
    pub fn with_run_bytes(limits: &Limits, run_bytes: usize) -> Self {
        let (limits, ends) = (*limits, Ends::default());
        Self { limits, run_bytes, bytes: Vec::new(), entries: Vec::new(), runs: Vec::new(), ends, total_bytes: 0 }
    }

    /// Adds a line: its file, its number in it, and its bytes.
    ///
    /// # Errors
    /// [`SourceError`] of a temporary file.
    pub fn push(&mut self, (file, number, line): (PartitionIndex, u64, &[u8])) -> Result<(), SourceError> {
        let moment = moment_of(line, &self.limits);
        if moment.moves_time {
            self.ends.observe(moment.time);
        }
        let used = self.bytes.len() + self.entries.len() * size_of::<Entry>();
        if used + line.len() + size_of::<Entry>() > self.run_bytes && !self.entries.is_empty() {
            self.spill()?;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(line);
        let place = Place { time: moment.time, file, number };
        self.entries.push(Entry { place, start, end: self.bytes.len() });
        self.total_bytes = self.total_bytes.saturating_add(line.len() as u64);
        Ok(())
    }

    /// Returns the times of the lines that look like events and take part in time.
    #[must_use]
    pub const fn ends(&self) -> &Ends {
        &self.ends
    }

    /// Returns the lines in their order. `names` are the files'.
    ///
    /// # Errors
    /// [`SourceError`] of a temporary file.
    pub fn finish(self, names: Vec<String>) -> Result<Sorted, SourceError> {
        let last = Run::of(self.bytes, self.entries);
        let heads = heads(self.runs.into_iter().flatten().chain([last]))?;
        Ok(Sorted { heads, names, total_bytes: self.total_bytes, bytes_given: 0 })
    }

    /// Writes what is in memory to a file.
    fn spill(&mut self) -> Result<(), SourceError> {
        sort(&mut self.entries, &self.bytes);
        let mut writer = RunWriter::create()?;
        for entry in &self.entries {
            writer.write(&entry.place, entry.line(&self.bytes))?;
        }
        self.entries.clear();
        self.bytes.clear();
        self.add(0, writer.finish()?)
    }

    /// Adds a run. Where there are enough of its length they become one of the next.
    fn add(&mut self, length: usize, run: Run) -> Result<(), SourceError> {
        if length >= self.runs.len() {
            self.runs.resize_with(length + 1, Vec::new);
        }
        let Some(runs) = self.runs.get_mut(length) else { return Ok(()) };
        runs.push(run);
        if runs.len() < FAN_IN {
            return Ok(());
        }
        let mut heads = heads(std::mem::take(runs))?;
        let mut writer = RunWriter::create()?;
        while let Some(head) = heads.peek_mut() {
            writer.write(&head.place, &head.line)?;
            go_on(head)?;
        }
        let merged = writer.finish()?;
        self.add(length + 1, merged)
    }
}

impl Sorted {
    /// Replaces `lines` by the next ones; none at the end.
    ///
    /// # Errors
    /// [`SourceError`] of a temporary file.
    pub fn next_lines(&mut self, lines: &mut Lines) -> Result<(), SourceError> {
        lines.clear();
        while !lines.is_full()
            && let Some(head) = self.heads.peek_mut()
        {
            lines.push(head.place.file, head.place.number, &head.line);
            self.bytes_given = self.bytes_given.saturating_add(head.line.len() as u64);
            go_on(head)?;
        }
        Ok(())
    }

    /// The name of the file at this place.
    #[must_use]
    pub fn name(&self, file: PartitionIndex) -> &str {
        self.names.get(file.0 as usize).map_or("", String::as_str)
    }

    /// The bytes of all lines.
    #[must_use]
    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The bytes of the lines that were returned so far.
    #[must_use]
    pub const fn bytes_read(&self) -> u64 {
        self.bytes_given
    }
}

/// Returns the first lines of runs that have any.
fn heads(runs: impl IntoIterator<Item = Run>) -> Result<BinaryHeap<Head>, SourceError> {
    let mut heads = BinaryHeap::new();
    for mut run in runs {
        let mut line = Vec::new();
        if let Some(place) = run.next(&mut line)? {
            heads.push(Head { place, line, run });
        }
    }
    Ok(heads)
}

/// Goes on to the next line of a run; one that has ended is removed.
fn go_on(mut head: PeekMut<'_, Head>) -> Result<(), SourceError> {
    let Head { place, line, run } = &mut *head;
    match run.next(line)? {
        Some(next) => *place = next,
        None => {
            PeekMut::pop(head);
        }
    }
    Ok(())
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        order((&other.place, &other.line), (&self.place, &self.line))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };

    fn line(minute: usize, id: usize) -> String {
        format!(
            "{{\"type\":\"paritywatch.x\",\"time\":\"2026-03-01T{:02}:{:02}:00Z\",\"id\":{id}}}",
            minute / 60,
            minute % 60
        )
    }

    fn sorted<'l>(lines: impl IntoIterator<Item = &'l String>, run_bytes: usize) -> Vec<String> {
        let mut sorter = Sorter::with_run_bytes(&LIMITS, run_bytes);
        lines.into_iter().for_each(|line| sorter.push((PartitionIndex(0), 1, line.as_bytes())).unwrap());
        let (mut sorted, mut lines, mut all) = (sorter.finish(Vec::new()).unwrap(), Lines::default(), Vec::new());
        loop {
            sorted.next_lines(&mut lines).unwrap();
            if lines.is_empty() {
                assert_eq!(sorted.bytes_read(), sorted.total_bytes());
                return all;
            }
            all.extend(lines.iter().map(|(_, _, line)| String::from_utf8(line.to_vec()).unwrap()));
        }
    }

    #[test]
    fn whatever_the_order_and_the_room_the_lines_come_in_one_order() {
        let lines: Vec<String> = (0..3_000).map(|id| line(id / 7, id * 7_919 % 3_000)).collect();
        let mut expected: Vec<String> = lines.clone();
        expected.sort_by_key(|line| (line.split("time").nth(1).unwrap()[..20].to_owned(), line.clone()));
        // With little room there is a run for each line, and longer runs of two lengths.
        for run_bytes in [1, 1_000, 1 << 20] {
            assert_eq!(sorted(&lines, run_bytes), expected);
            assert_eq!(sorted(lines.iter().rev(), run_bytes), expected);
        }
    }

    #[test]
    fn a_line_without_a_time_comes_first_and_none_is_lost() {
        let lines = [line(5, 1), "no event".to_owned(), line(3, 2), String::new(), "no event".to_owned()];
        assert_eq!(sorted(&lines, 1), ["", "no event", "no event", &*line(3, 2), &*line(5, 1)]);
    }
}
