//! Reads the history, also beside a daemon that writes it: files only grow, or are replaced whole.

use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::early::EndedEarly;
use super::format_1::{Entry, Numbers};
use super::known::Known;
use super::once::Once;
use super::segment::{HISTORY_FOLDER, Segment, list, name, read, split};
use crate::checkpoint::error::CheckpointError;
use crate::disclosure::{KeptEntry, KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey};

/// How often a day is read anew because its files were replaced meanwhile.
const MAX_ATTEMPTS: usize = 5;
/// How long the end of the newest file is waited for: the daemon may be writing it. An entry is written at once.
const WRITTEN_WITHIN: Duration = Duration::from_millis(200);

/// The entries of a day, each with the hashes that it stores.
pub type DayHistory = Vec<(KeptEntry, Vec<u64>)>;

/// The history in a state folder.
#[derive(Clone, Debug)]
pub struct HistoryReader {
    folder: PathBuf,
}

/// What was not passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Entries that were told already, before a damaged file was put back.
    pub entries: u64,
    /// Transitions that were told already.
    pub transitions: u64,
    /// Files before the period that cannot be read, and why.
    pub unreadable: Vec<String>,
    /// Files of the days that were read which end early, or are missing beside others. What is whole of them was passed on.
    pub early: Vec<EndedEarly>,
}

/// An entry, and what the history says with it.
#[derive(Debug)]
pub struct Step<'h> {
    /// The day, counted from 1970.
    pub day: i64,
    /// The entry.
    pub entry: &'h KeptEntry,
    /// Whether it is the last release of its day. Where the day was thinned no other one is left.
    pub is_last: bool,
    /// Of a release every finding, else those whose verdict has changed.
    pub findings: Vec<(&'h KeptKey, &'h KeptFinding)>,
    /// Those whose verdict has changed, of a release, too: what is left of it where the day was thinned.
    pub judged: Vec<(&'h KeptKey, &'h KeptFinding)>,
    /// Of a release every row of the funnel.
    pub funnel: Vec<(&'h KeptFunnelKey, &'h KeptFunnel)>,
}

/// What the files of a day say.
pub(super) struct DayRead<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// Files that end early, or are missing beside others.
    pub early: Vec<EndedEarly>,
}

impl HistoryReader {
    /// The history in this state folder.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join(HISTORY_FOLDER) }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the days that it has, oldest first.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be read.
    pub fn days(&self) -> Result<Vec<i64>, CheckpointError> {
        let mut days: Vec<i64> = list(&self.folder)?.into_iter().map(|segment| segment.day).collect();
        days.dedup();
        Ok(days)
    }

    /// Passes every entry of these days to `take`, oldest first, and what was told already only once. Returns what was not passed on.
    ///
    /// # Errors
    /// [`CheckpointError`], and what `take` returns.
    pub fn walk<E: From<CheckpointError>>(
        &self,
        days: RangeInclusive<i64>,
        take: impl FnMut(&Step<'_>) -> Result<(), E>,
    ) -> Result<PassedOver, E> {
        self.walk_over(days, take, |error| Err(error.into()))
    }

    /// As [`Self::walk`], with an answer to a day that cannot be read: an error ends the walk, else it goes on with the next day.
    ///
    /// # Errors
    /// [`CheckpointError::Io`], and what `take` and `damaged` return.
    pub fn walk_over<E: From<CheckpointError>>(
        &self,
        days: RangeInclusive<i64>,
        mut take: impl FnMut(&Step<'_>) -> Result<(), E>,
        damaged: impl FnMut(CheckpointError) -> Result<(), E>,
    ) -> Result<PassedOver, E> {
        self.walk_until(days, |step| take(step).map(ControlFlow::Continue), damaged)
    }

    /// As [`Self::walk_over`], up to where `take` breaks off: what comes later is not read.
    ///
    /// # Errors
    /// As [`Self::walk_over`].
    pub fn walk_until<E: From<CheckpointError>>(
        &self,
        days: RangeInclusive<i64>,
        mut take: impl FnMut(&Step<'_>) -> Result<ControlFlow<()>, E>,
        mut damaged: impl FnMut(CheckpointError) -> Result<(), E>,
    ) -> Result<PassedOver, E> {
        let (mut once, mut passed_over) = (Once::default(), PassedOver::default());
        let mut known = match self.known_before(*days.start(), &mut once) {
            Err(error @ CheckpointError::DamagedHistory { .. }) => {
                // It is beyond what was asked for.
                passed_over.unreadable.push(error.to_string());
                Known::default()
            }
            known => known?,
        };
        (once.entries, once.transitions) = (0, 0);
        'days: for (day, segments) in self.segments()?.into_iter().filter(|(day, _)| days.contains(day)) {
            let mut entries = match self.entries_in(day, &segments, whole) {
                Err(error @ CheckpointError::DamagedHistory { .. }) => {
                    damaged(error)?;
                    continue;
                }
                read => {
                    let DayRead { entries, early } = read?;
                    passed_over.early.extend(early);
                    entries
                }
            };
            let are_new: Vec<bool> = entries.iter_mut().map(|(entry, told)| once.take(entry, told)).collect();
            let last = entries.iter().rposition(|(entry, _)| entry.is_release);
            for (index, ((entry, told), is_new)) in entries.into_iter().zip(are_new).enumerate() {
                let is_judged_otherwise = |(key, row): &&(KeptKey, KeptFinding)| {
                    known.findings.get(key).is_none_or(|before| before.is_judged_otherwise(row))
                };
                let judged = entry.findings.iter().filter(is_judged_otherwise).map(|(key, row)| (key, row));
                let mut judged: Vec<(&KeptKey, &KeptFinding)> = judged.filter(|_| is_new).collect();
                judged.sort_by_key(|(key, _)| *key);
                known.apply(&entry, &told);
                let findings = if entry.is_release { known.findings.iter().collect() } else { judged.clone() };
                let funnel = known.funnel.iter().filter(|_| entry.is_release).collect();
                if entry.is_release || !findings.is_empty() || !entry.transitions.is_empty() {
                    let step = Step { day, entry: &entry, is_last: last == Some(index), findings, judged, funnel };
                    if take(&step)?.is_break() {
                        break 'days;
                    }
                }
            }
        }
        Ok(PassedOver { entries: once.entries, transitions: once.transitions, ..passed_over })
    }

    /// Returns the entries of a day.
    ///
    /// # Errors
    /// [`CheckpointError::DamagedHistory`] with file and place, or [`CheckpointError::Io`].
    pub fn day(&self, day: i64) -> Result<DayHistory, CheckpointError> {
        Ok(self.entries_of(day, whole)?.entries)
    }

    /// Returns the entries of a day whose files are whole; `None` where one ends early, or is missing beside others.
    pub(super) fn whole_day(&self, day: i64) -> Result<Option<DayHistory>, CheckpointError> {
        let DayRead { entries, early } = self.entries_of(day, whole)?;
        Ok(early.is_empty().then_some(entries))
    }

    /// Returns the files that count, by day.
    pub(super) fn segments(&self) -> Result<BTreeMap<i64, Vec<Segment>>, CheckpointError> {
        let mut days: BTreeMap<i64, Vec<Segment>> = BTreeMap::new();
        for segment in split(list(&self.folder)?).0 {
            days.entry(segment.day).or_default().push(segment);
        }
        Ok(days)
    }

    /// Reads the entries of these files of a day with `decode`. Where they were replaced meanwhile, those that are there now.
    pub(super) fn entries_in<T>(
        &self,
        day: i64,
        segments: &[Segment],
        decode: impl Fn(&Entry<'_>, &Numbers) -> Result<T, String>,
    ) -> Result<DayRead<T>, CheckpointError> {
        match read_all(segments, &decode) {
            Err(CheckpointError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.entries_of(day, decode)
            }
            Ok(read) if !read.early.is_empty() && self.is_newest(day)? => {
                std::thread::sleep(WRITTEN_WITHIN);
                self.entries_of(day, decode)
            }
            read => read,
        }
    }

    /// Whether no later day has files.
    fn is_newest(&self, day: i64) -> Result<bool, CheckpointError> {
        Ok(self.days()?.last() == Some(&day))
    }

    /// Reads the entries of a day with `decode`. Files that are replaced meanwhile are read anew.
    pub(super) fn entries_of<T>(
        &self,
        day: i64,
        decode: impl Fn(&Entry<'_>, &Numbers) -> Result<T, String>,
    ) -> Result<DayRead<T>, CheckpointError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.try_entries_of(day, &decode) {
                Err(CheckpointError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && attempts < MAX_ATTEMPTS => {}
                read => return read,
            }
        }
    }

    fn try_entries_of<T>(
        &self,
        day: i64,
        decode: &impl Fn(&Entry<'_>, &Numbers) -> Result<T, String>,
    ) -> Result<DayRead<T>, CheckpointError> {
        let segments = split(list(&self.folder)?).0.into_iter().filter(|segment| segment.day == day);
        read_all(&segments.collect::<Vec<_>>(), decode)
    }

    /// Returns what the history said before a day: what the last day before it ends with.
    pub(super) fn known_before(&self, day: i64, once: &mut Once) -> Result<Known, CheckpointError> {
        let before = self.days()?.into_iter().rfind(|before| *before < day);
        let mut known = Known::default();
        for (mut entry, told) in before.map_or(Ok(Vec::new()), |before| self.day(before))? {
            once.take(&mut entry, &told);
            known.apply(&entry, &told);
        }
        Ok(known)
    }

    /// Returns what the history says with the last entry of a segment.
    pub(super) fn known_after(&self, segment: &Segment) -> Result<Known, CheckpointError> {
        let mut known = Known::default();
        read(segment, |entry, numbers| {
            known.apply(&entry.whole(numbers)?, &entry.told);
            Ok(())
        })?;
        Ok(known)
    }

    /// Counts the releases of a segment.
    pub(super) fn releases(&self, segment: &Segment) -> Result<u64, CheckpointError> {
        let mut count = 0;
        read(segment, |entry, _| {
            count += u64::from(entry.is_release);
            Ok(())
        })?;
        Ok(count)
    }
}

fn whole(entry: &Entry<'_>, numbers: &Numbers) -> Result<(KeptEntry, Vec<u64>), String> {
    Ok((entry.whole(numbers)?, entry.told.clone()))
}

fn read_all<T>(
    segments: &[Segment],
    decode: &impl Fn(&Entry<'_>, &Numbers) -> Result<T, String>,
) -> Result<DayRead<T>, CheckpointError> {
    let (mut entries, mut early) = (Vec::new(), missing(segments));
    for segment in segments {
        early.extend(read(segment, |entry, numbers| decode(entry, numbers).map(|entry| entries.push(entry)))?);
    }
    Ok(DayRead { entries, early })
}

/// Returns the files that are not there although later ones of their day are. A day's files are numbered from 0.
fn missing(segments: &[Segment]) -> Vec<EndedEarly> {
    let mut expected = 0;
    let mut missing = Vec::new();
    for segment in segments {
        let (Some(number), Some(folder)) = (segment.number, segment.path.parent()) else { continue };
        // Of many in a row the first and the last are told.
        let mut told = |number: u32| {
            missing.push(EndedEarly {
                path: folder.join(name(segment.day, Some(number))).display().to_string(),
                problem: "expected this file, as a later one of its day is there, found none".to_owned(),
                after: None,
            });
        };
        match number.saturating_sub(expected) {
            0 => {}
            1 => told(expected),
            _ => [expected, number - 1].into_iter().for_each(&mut told),
        }
        expected = number.saturating_add(1);
    }
    missing
}
