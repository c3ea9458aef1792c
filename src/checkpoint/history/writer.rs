//! Writes the history: appends what is new, thins and removes what is old.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::folder::{narrow, remove_unfinished, size};
use super::format_1::{Numbers, encode};
use super::known::Known;
use super::once::Once;
use super::reader::HistoryReader;
use super::segment::{
    ENTRY, HISTORY_FOLDER, Segment, TITLE, UNFINISHED, day_of, day_of_file, day_text, list, name, split,
};
use super::thinning::thinned;
use super::waiting::Waiting;
use crate::checkpoint::error::{CheckpointError, failed};
use crate::checkpoint::frames::write_frame;
use crate::checkpoint::owner::Owner;
use crate::checkpoint::replace::{remove, replace, sync_folder};
use crate::disclosure::{Kept, KeptEntry, KeptTransition};
use crate::plan::{EventTime, Span};
use crate::settings::HistoryLimits;

/// Days that are thinned at a time, at most: the next ones follow with the next entry.
const MAX_THINNED: usize = 100;
/// Longest that what is counted may be earlier than the history without an alarm: a daemon counts again from its checkpoint.
const AHEAD_LIMIT: Span = Span::HOUR;

/// How the history fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryHealth {
    /// Bytes on disk.
    pub bytes: u64,
    /// Days that are kept.
    pub days: u64,
    /// Releases that are kept.
    pub releases: u64,
    /// Where the oldest day begins.
    pub oldest: Option<EventTime>,
    /// The end of the windows of the last entry.
    pub newest: Option<EventTime>,
    /// Entries that were written since the start.
    pub written: u64,
    /// Attempts that failed since the start.
    pub failed: u64,
    /// Evaluations since the start that it did not take because the queue was full.
    pub dropped: u64,
    /// Evaluations since the start whose time it had passed before.
    pub earlier: u64,
    /// Days removed since the start because of `max_bytes`.
    pub removed: u64,
    /// Days removed since the start because of `keep`.
    pub expired: u64,
    /// Time between two releases.
    pub release_every: Option<Span>,
    /// Files that are damaged.
    pub damaged: u64,
    /// What is wrong now.
    pub trouble: Option<String>,
}

/// The history, as its one writer uses it.
#[derive(Debug)]
pub struct History {
    owner: Owner,
    folder: PathBuf,
    limits: HistoryLimits,
    known: Known,
    /// The segment that is being written.
    open: Option<Open>,
    /// The day for which what is old was last looked at.
    tidied: Option<i64>,
    /// Days that were looked at since, to be thinned.
    tried: BTreeSet<i64>,
    /// Releases by day.
    releases: BTreeMap<i64, u64>,
    damaged: BTreeMap<PathBuf, String>,
    /// Transitions of entries that failed.
    waiting: Waiting,
    /// Why what is old was not removed or thinned.
    untidy: Option<String>,
    /// Since when what is counted is earlier than the history, by the wall clock, and what is said of it after a while.
    ahead: Option<(EventTime, Option<String>)>,
    health: HistoryHealth,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    day: i64,
    bytes: u64,
    numbers: Numbers,
}

impl History {
    /// Reads what the history of a state folder says last. A file that is damaged is left as it is, told, and passed over.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] if the folder cannot be made or read, or is another's: a link, or no folder; [`CheckpointError::Lost`].
    pub fn open(owner: &Owner, limits: HistoryLimits) -> Result<Self, CheckpointError> {
        owner.check()?;
        let folder = owner.folder().join(HISTORY_FOLDER);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => sync_folder(owner.folder())?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => narrow(&folder)?,
            Err(error) => return Err(failed(&folder, "make", error)),
        }
        remove_unfinished(&folder)?;
        let mut history = Self {
            owner: owner.clone(),
            folder,
            limits,
            known: Known::default(),
            open: None,
            tidied: None,
            tried: BTreeSet::new(),
            releases: BTreeMap::new(),
            damaged: BTreeMap::new(),
            waiting: Waiting::default(),
            untidy: None,
            ahead: None,
            health: HistoryHealth::default(),
        };
        history.recall()?;
        history.measure()?;
        Ok(history)
    }

    /// Changes how much is kept.
    pub fn set_limits(&mut self, limits: HistoryLimits) {
        if self.limits != limits {
            self.limits = limits;
            self.tidied = None;
        }
    }

    /// Takes changes of alerts that evaluations had which were not passed on, each with the hash of its configuration: the next entry has them.
    pub fn remember(&mut self, changes: &[(String, KeptTransition)]) {
        changes.iter().for_each(|(config_hash, row)| self.waiting.add(config_hash.clone(), vec![row.clone()]));
    }

    /// Adds what is new in an evaluation. When this returns it is on disk. `told_at` is the time by the wall clock; numbers are taken on ticks of
    /// `release_every`.
    ///
    /// # Errors
    /// [`CheckpointError`]: the next call takes what this one did not.
    pub fn add(&mut self, kept: &Kept, told_at: EventTime, release_every: Span) -> Result<(), CheckpointError> {
        if kept.as_of == EventTime::MIN {
            return Ok(());
        }
        if self.known.is_ahead_of(kept) {
            self.health.earlier += 1;
            self.note_ahead(kept.as_of, told_at);
            return Ok(());
        }
        self.ahead = None;
        let kept = &*self.waiting.with(kept);
        let Some(entry) = self.known.entry(kept, told_at, release_every) else {
            self.waiting.told();
            self.known.took(kept);
            return Ok(());
        };
        let (config_hash, transitions) = (entry.config_hash.clone(), entry.transitions.clone());
        let added = self.append(kept, entry);
        if added.is_ok() {
            self.health.written += 1;
            self.known.took(kept);
            self.waiting.told();
        } else {
            self.health.failed += 1;
            self.waiting.add(config_hash, transitions);
        }
        let tidied = self.tidy(day_of(kept.as_of.min(told_at)));
        self.health.failed += u64::from(tidied.is_err());
        self.untidy = tidied.as_ref().err().map(|error| format!("what is old was not removed or thinned: {error}"));
        added.and(tidied)
    }

    fn note_ahead(&mut self, as_of: EventTime, now: EventTime) {
        let since = self.ahead.as_ref().map_or(now, |(since, _)| *since);
        let problem = (now.since(since) > AHEAD_LIMIT).then(|| {
            let day = |time: Option<EventTime>| time.map(|time| day_text(day_of(time))).unwrap_or_default();
            let (newest, counted) = (day(self.known.as_of), day(Some(as_of)));
            format!("the history goes to {newest}, and what is counted to {counted}: nothing is written until that is as far")
        });
        self.ahead = Some((since, problem));
    }

    /// What is wrong now, the worst first.
    fn trouble(&self) -> Option<String> {
        let ahead = self.ahead.as_ref().and_then(|(_, problem)| problem.clone());
        self.untidy.clone().or(ahead).or_else(|| self.waiting.trouble())
    }

    /// Returns how the history fares.
    #[must_use]
    pub fn health(&self) -> HistoryHealth {
        let damaged = self.damaged.iter().filter(|(path, _)| path.exists()).map(|(_, problem)| problem);
        let oldest = self.releases.keys().next().map(|day| EventTime(day.saturating_mul(Span::DAY.0)));
        HistoryHealth {
            days: self.releases.len() as u64,
            releases: self.releases.values().sum(),
            oldest,
            newest: self.known.as_of,
            damaged: damaged.clone().count() as u64,
            trouble: self.trouble().or_else(|| damaged.clone().next().cloned()),
            ..self.health.clone()
        }
    }

    fn append(&mut self, kept: &Kept, entry: KeptEntry) -> Result<(), CheckpointError> {
        self.owner.check()?;
        let day = day_of(entry.as_of);
        if self.open.as_ref().is_some_and(|open| open.day != day) {
            self.open = None;
        }
        match self.open.take() {
            Some(open) => self.go_on(open, &entry)?,
            None => self.begin(day, kept, &entry)?,
        }
        *self.releases.entry(day).or_default() += u64::from(entry.is_release);
        Ok(())
    }

    /// Writes an entry behind the others of the open segment. If that fails the segment is as it was, or is not written on.
    fn go_on(&mut self, mut open: Open, entry: &KeptEntry) -> Result<(), CheckpointError> {
        let mut numbers = open.numbers.clone();
        let frame = framed(&open.path, entry, &[], &mut numbers)?;
        self.make_room(frame.len() as u64, open.day)?;
        let written = open.file.write_all(&frame).and_then(|()| open.file.sync_data());
        if let Err(error) = written {
            // What was written of it is ours alone. Where it cannot be taken back, the next entry begins a segment.
            if open.file.set_len(open.bytes).and_then(|()| open.file.sync_data()).is_ok() {
                let path = open.path.clone();
                self.open = Some(open);
                return Err(failed(&path, "write", error));
            }
            return Err(failed(&open.path, "write", error));
        }
        open.bytes += frame.len() as u64;
        open.numbers = numbers;
        self.health.bytes += frame.len() as u64;
        self.open = Some(open);
        self.known.apply(entry, &[]);
        Ok(())
    }

    /// Begins a segment with an entry that has every row.
    fn begin(&mut self, day: i64, kept: &Kept, entry: &KeptEntry) -> Result<(), CheckpointError> {
        let full = self.known.full(entry.clone());
        let told = self.known.told_of(&kept.transitions);
        let mut numbers = Numbers::default();
        let of_day = |segment: &Segment| segment.day == day;
        let last = list(&self.folder)?.into_iter().filter(of_day).filter_map(|segment| segment.number).max();
        let path = self.folder.join(name(day, Some(last.map_or(0, |last| last.saturating_add(1)))));
        let content = [TITLE.as_bytes().to_vec(), framed(&path, &full, &told, &mut numbers)?].concat();
        self.make_room(content.len() as u64, day)?;
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
        let mut file = file.map_err(|error| failed(&path, "make", error))?;
        let written = file.write_all(&content).and_then(|()| file.sync_data());
        let written = written.map_err(|error| failed(&path, "write", error)).and_then(|()| sync_folder(&self.folder));
        if let Err(error) = written {
            // Nobody has read it.
            let _ = remove(&path);
            return Err(error);
        }
        let bytes = content.len() as u64;
        self.health.bytes += bytes;
        self.known.apply(&full, &told);
        self.open = Some(Open { file, path, day, bytes, numbers });
        Ok(())
    }

    /// Removes the oldest days until there is room for so many bytes.
    fn make_room(&mut self, bytes: u64, day: i64) -> Result<(), CheckpointError> {
        while self.health.bytes.saturating_add(bytes) > self.limits.max_bytes {
            let (segments, _) = split(list(&self.folder)?);
            // What is no file has no size, and is left.
            let sized = segments.iter().filter(|segment| size(&segment.path) > 0);
            let Some(oldest) = sized.map(|segment| segment.day).find(|oldest| *oldest < day) else {
                let problem = format!("history.max_bytes ({}) does not hold a single day", self.limits.max_bytes);
                return Err(failed(&self.folder, "write in", io::Error::other(problem)));
            };
            tracing::warn!(day = day_text(oldest), "a day was removed from the history because of history.max_bytes");
            self.health.removed += 1;
            self.forget(oldest)?;
        }
        Ok(())
    }

    /// Once a day: removes what is too old, and thins what is not new any more.
    fn tidy(&mut self, today: i64) -> Result<(), CheckpointError> {
        if self.tidied == Some(today) {
            return Ok(());
        }
        self.owner.check()?;
        let (segments, needless) = split(list(&self.folder)?);
        let mut tidied = self.remove_all(&needless);
        let days = |span: Span| span.0 / Span::DAY.0;
        let mut to_thin = Vec::new();
        for segment in segments {
            if segment.day < today.saturating_sub(days(self.limits.keep)) {
                // Its other files are gone with the first.
                if segment.path.exists() {
                    tidied = tidied.and(self.expire(segment.day));
                }
            } else if segment.number.is_some()
                && segment.day < today.saturating_sub(days(self.limits.full_resolution))
                && to_thin.last() != Some(&segment.day)
            {
                to_thin.push(segment.day);
            }
        }
        // Those that cannot be thinned must not keep others from it.
        to_thin.retain(|day| !self.tried.contains(day));
        let is_all = to_thin.len() <= MAX_THINNED;
        for day in to_thin.into_iter().take(MAX_THINNED) {
            tidied = tidied.and(self.thin(day));
            self.tried.insert(day);
        }
        if is_all {
            self.tried.clear();
        }
        self.measure()?;
        tidied?;
        self.tidied = is_all.then_some(today);
        Ok(())
    }

    /// Removes a day that is older than `keep`.
    fn expire(&mut self, day: i64) -> Result<(), CheckpointError> {
        let is_known = self.releases.contains_key(&day);
        self.forget(day)?;
        if is_known {
            tracing::info!(day = day_text(day), "a day was removed from the history because of history.keep");
            self.health.expired += 1;
        }
        Ok(())
    }

    /// Removes these files. What is no file is damage.
    fn remove_all(&mut self, segments: &[Segment]) -> Result<(), CheckpointError> {
        for segment in segments {
            if segment.path.is_dir() {
                self.pass_over(CheckpointError::DamagedHistory {
                    path: segment.path.display().to_string(),
                    problem: "expected a file, found a folder".to_owned(),
                })?;
                continue;
            }
            let bytes = size(&segment.path);
            remove(&segment.path)?;
            self.health.bytes = self.health.bytes.saturating_sub(bytes);
        }
        Ok(())
    }

    /// Replaces the segments of a day with one. After a crash at any moment the day is as it was, or thinned.
    fn thin(&mut self, day: i64) -> Result<(), CheckpointError> {
        if self.open.as_ref().is_some_and(|open| open.day == day) {
            return Ok(());
        }
        let reader = HistoryReader::new(self.owner.folder());
        let entries = match reader.whole_day(day) {
            Ok(Some(entries)) => entries,
            // Its files stay: they show what is missing.
            Ok(None) => return Ok(()),
            Err(error) => return self.pass_over(error),
        };
        // A damaged day before it says nothing of this one.
        let mut once = Once::default();
        let before = reader.known_before(day, &mut once).unwrap_or_default();
        let Some(entries) = thinned((before, once), entries) else { return Ok(()) };
        let path = self.folder.join(name(day, None));
        let unfinished = self.folder.join(format!("{}{UNFINISHED}", name(day, None)));
        let mut numbers = Numbers::default();
        let mut content = TITLE.as_bytes().to_vec();
        for (entry, told) in &entries {
            content.extend(framed(&path, entry, told, &mut numbers)?);
        }
        replace(&path, &unfinished, || self.owner.check(), |file| file.write_all(&content))?;
        let (_, needless) = split(list(&self.folder)?);
        let of_day = |segment: &Segment| segment.day == day;
        self.remove_all(&needless.into_iter().filter(of_day).collect::<Vec<_>>())
    }

    /// Removes a day.
    fn forget(&mut self, day: i64) -> Result<(), CheckpointError> {
        self.owner.check()?;
        let of_day = |segment: &Segment| segment.day == day;
        let segments: Vec<Segment> = list(&self.folder)?.into_iter().filter(of_day).collect();
        self.remove_all(&segments)?;
        self.releases.remove(&day);
        Ok(())
    }

    /// Reads what the newest file says that can be read.
    fn recall(&mut self) -> Result<(), CheckpointError> {
        let reader = HistoryReader::new(self.owner.folder());
        for segment in split(list(&self.folder)?).0.into_iter().rev() {
            match reader.known_after(&segment) {
                Ok(known) if known.as_of.is_some() => {
                    self.known = known;
                    break;
                }
                Ok(_) => {}
                Err(error) => self.pass_over(error)?,
            }
        }
        Ok(())
    }

    /// Counts bytes, days and releases. A thinned day has one release; the others are read.
    fn measure(&mut self) -> Result<(), CheckpointError> {
        let reader = HistoryReader::new(self.owner.folder());
        let mut known = std::mem::take(&mut self.releases);
        // A file that could not be read may be whole again.
        let damaged = std::mem::take(&mut self.damaged);
        self.damaged =
            damaged.iter().filter(|(path, _)| path.is_dir()).map(|(path, of)| (path.clone(), of.clone())).collect();
        known.retain(|day, _| !damaged.keys().any(|path| day_of_file(path) == Some(*day)));
        self.health.bytes = 0;
        for segment in split(list(&self.folder)?).0 {
            self.health.bytes += size(&segment.path);
            let count = self.releases.entry(segment.day).or_default();
            match (segment.number, known.get(&segment.day)) {
                (None, _) => *count = 1,
                (Some(_), Some(releases)) => *count = *releases,
                (Some(_), None) => match reader.releases(&segment) {
                    Ok(releases) => *count += releases,
                    Err(error) => self.pass_over(error)?,
                },
            }
        }
        Ok(())
    }

    /// Takes note of a file that is damaged. Other errors stay errors.
    fn pass_over(&mut self, error: CheckpointError) -> Result<(), CheckpointError> {
        let CheckpointError::DamagedHistory { path, .. } = &error else { return Err(error) };
        let path = Path::new(path).to_owned();
        if let Entry::Vacant(place) = self.damaged.entry(path) {
            tracing::error!(%error, "a file of the history is damaged; the history goes on in another one");
            place.insert(error.to_string());
        }
        Ok(())
    }
}

/// Encodes an entry as a frame.
fn framed(path: &Path, entry: &KeptEntry, told: &[u64], numbers: &mut Numbers) -> Result<Vec<u8>, CheckpointError> {
    let mut frame = Vec::new();
    let encoded = encode(entry, told, numbers).and_then(|bytes| write_frame(&bytes, ENTRY, &mut frame));
    encoded.map_err(|error| failed(path, "encode for", error))?;
    Ok(frame)
}
