//! Every stored format goes on being read: checkpoint, journal and outbox of each are in `tests/vectors/format-N`, all of the same moment of the
//! mixed stream.
//!
//! A new format needs a row in [`VERSIONS`] and a folder; `PARITYWATCH_WRITE_FORMAT=1 cargo test --test core -- formats` writes the folder of
//! the present format where there is none.

use std::path::{Path, PathBuf};

use crate::support::unchanged::{repository, stored};
use crate::unchanged::{
    Course, KEY, copy_of, header, health, messages, mixed_stream, recall, receivers, record_text, settings_of,
    told_text, write_outbox,
};

use paritywatch::checkpoint::{Header, Journal, OutboxFile, Owner, Store, read_cursors, read_journals};
use paritywatch::monitor::{
    AlertEntries, AlertTransitions, Clock, FORMAT, FORMATS_READ, Monitor, RestoreError, SECTIONS,
};
use paritywatch::outbox::{Message, Outbox};
use paritywatch::plan::{DisclosurePlan, Plan};
use paritywatch::render::Render;

/// A stored format.
struct Version {
    format: u32,
    journal: &'static str,
}

const VERSIONS: [Version; 6] = [
    Version { format: 3, journal: "alerts.journal.1.f3" },
    Version { format: 4, journal: "alerts.journal.1.f4" },
    Version { format: 5, journal: "alerts.journal.1.f5" },
    Version { format: 6, journal: "alerts.journal.1.f6" },
    Version { format: 7, journal: "alerts.journal.1.f7" },
    Version { format: 8, journal: "alerts.journal.1.f8" },
];

#[test]
fn every_format_that_is_read_has_a_row() {
    let rows: Vec<u32> = VERSIONS.iter().map(|version| version.format).collect();
    assert_eq!(rows, FORMATS_READ.collect::<Vec<_>>());
    assert_eq!(rows.last(), Some(&FORMAT), "the present format is the last one that is read");
}

#[test]
fn state_of_every_format_goes_on_as_if_nothing_had_happened() {
    let run = Uninterrupted::new();
    if std::env::var_os("PARITYWATCH_WRITE_FORMAT").is_some() && !folder_of(FORMAT).exists() {
        run.write(&folder_of(FORMAT));
    }
    for version in VERSIONS {
        version.check(&run);
    }
}

#[test]
fn other_formats_are_refused_with_what_was_expected_and_found() {
    let plan = settings_of("mixed").plan;
    for format in [0, 1, 2, FORMAT + 1] {
        let expected = format!("expected a format from 3 to {FORMAT}, found {format}");
        let refused = Monitor::restore_of(format, plan.clone(), KEY, Clock::Wall, |_| panic!("a section was read"));
        assert_eq!(refused.err(), Some(RestoreError::OtherFormat(expected.clone())));
        assert_eq!(AlertEntries::from_bytes_of(format, &[0; 100]).err(), Some(expected));
    }
}

fn folder_of(format: u32) -> PathBuf {
    repository().join(format!("tests/vectors/format-{format}"))
}

/// A monitor that was never stopped.
struct Uninterrupted {
    plan: Plan,
    lines: Vec<String>,
    /// In the middle of the stream, where the checkpoints were taken.
    middle: Monitor,
    end: Course,
    /// Of the changes of alerts those before the checkpoint.
    told_before: usize,
}

impl Uninterrupted {
    fn new() -> Self {
        let (mut plan, lines) = (settings_of("mixed").plan, mixed_stream());
        // What was published before is not in the older formats.
        plan.disclosure = DisclosurePlan::open();
        let mut end = Course::new(&plan);
        end.feed(&lines, 0..lines.len() / 2);
        let (middle, told_before) = (end.monitor.clone(), end.told.len());
        end.feed(&lines, lines.len() / 2..lines.len());
        Self { plan, lines, middle, end, told_before }
    }

    fn told_after(&self) -> &[AlertTransitions] {
        &self.end.told[self.told_before..]
    }

    /// Writes the state in the present format.
    fn write(&self, folder: &Path) {
        let scratch = tempfile::tempdir().unwrap();
        let owner = Owner::claim(scratch.path()).unwrap();
        Store::new(owner).write(&header(&self.plan), &self.middle.snapshot()).unwrap();
        let mut journal = Journal::new(scratch.path(), 1).unwrap();
        self.told_after().iter().for_each(|changed| journal.write(&changed.entries).unwrap());
        let messages = |told: &[AlertTransitions]| -> Vec<Message> { told.iter().flat_map(messages).collect() };
        write_outbox(scratch.path(), messages(&self.end.told[..self.told_before]), messages(self.told_after()));
        std::fs::create_dir(folder).unwrap();
        for entry in std::fs::read_dir(scratch.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name == "checkpoint" || name.starts_with("alerts.") || name.starts_with("outbox") {
                std::fs::copy(&path, folder.join(name)).unwrap();
            }
        }
    }
}

impl Version {
    /// The present format holds all: what goes on from it goes on as if nothing had happened. An older one lacks what was not known then, and
    /// goes on as `gone-on.json` beside it says.
    fn check(&self, run: &Uninterrupted) {
        let name = format!("format {}", self.format);
        let folder = copy_of(&folder_of(self.format));
        assert!(folder.path().join(self.journal).exists(), "{name} has no {}", self.journal);
        let owner = Owner::claim(folder.path()).unwrap();
        let store = Store::new(owner.clone());
        let restored = store.read(run.plan.clone(), KEY, Clock::Wall).unwrap().expect("no checkpoint");
        let header = header(&run.plan);
        let config_hash = restored.header.config_hash.clone();
        assert_eq!(restored.header, Header { format: self.format, config_hash, ..header.clone() }, "{name}");
        let is_present = self.format == FORMAT;
        if is_present {
            assert_eq!(restored.header, header);
            same_sections(&name, &restored.monitor, &run.middle);
        }
        // It is written in the present format, and is the same then.
        let before = restored.monitor.clone();
        store.write(&header, &before.snapshot()).unwrap();
        let again = store.read(run.plan.clone(), KEY, Clock::Wall).unwrap().unwrap();
        assert_eq!(again.header.format, FORMAT);
        same_sections(&name, &again.monitor, &before);

        let mut recalled = restored.monitor.clone();
        let told = recall(&mut recalled, read_journals(folder.path(), 1).unwrap());
        self.check_outbox(&owner);

        // The same stream from there on.
        let mut course = Course { monitor: restored.monitor, told: Vec::new(), one_by_one: false };
        course.feed(&run.lines, run.lines.len() / 2..run.lines.len());
        let gone_on = Seen {
            recalled: recalled.published().alerts_json(),
            told: told_text(&told),
            end: course.monitor.published().to_json(),
            end_told: told_text(&course.told),
        };
        if is_present {
            gone_on.is_that_of(run);
            assert_eq!(health(&course.monitor), health(&run.end.monitor), "{name}");
        } else {
            gone_on.is_stored_in(&folder_of(self.format));
        }
        let mut journal = Journal::new(folder.path(), 1).unwrap();
        course.told.iter().for_each(|changed| journal.write(&changed.entries).unwrap());
        assert!(folder.path().join(format!("alerts.journal.2.f{FORMAT}")).exists());
        let mut recalled = again.monitor;
        let told = recall(&mut recalled, read_journals(folder.path(), 2).unwrap());
        assert_eq!(told_text(&told), told_text(&course.told), "{name}");
    }

    /// It holds the same records, and replaced by the present format the same again.
    fn check_outbox(&self, owner: &Owner) {
        let cursors = read_cursors(owner.folder()).unwrap();
        let (mut file, records) = OutboxFile::open(owner).unwrap();
        let mut text: String = records.iter().map(record_text).collect();
        text.push_str(&format!("{cursors:?}\nand gone on with:\n"));
        text.extend(Outbox::new(records.clone(), cursors, receivers(), 1_000).records().iter().map(record_text));
        let path = folder_of(self.format).join("outbox.txt");
        if std::env::var_os("PARITYWATCH_UPDATE_UNCHANGED").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(text == std::fs::read_to_string(path).unwrap(), "the outbox of format {}", self.format);
        file.replace(&records).unwrap();
        let outbox = std::fs::read(owner.folder().join("outbox")).unwrap();
        assert!(outbox.starts_with(b"paritywatch outbox 4\n"));
        assert_eq!(OutboxFile::open(owner).unwrap().1, records);
    }
}

/// What a monitor says that goes on from a stored state.
struct Seen {
    /// The alerts with those of the journal, and what was told of them.
    recalled: String,
    told: String,
    /// The evaluation at the end of the stream, and what was told until then.
    end: String,
    end_told: String,
}

impl Seen {
    fn is_that_of(&self, run: &Uninterrupted) {
        let told = told_text(run.told_after());
        assert_eq!((&self.told, &self.end_told), (&told, &told));
        assert_eq!(self.recalled, std::fs::read_to_string(stored("state/recalled.json")).unwrap());
        assert_eq!(self.end, run.end.monitor.published().to_json());
    }

    fn is_stored_in(&self, folder: &Path) {
        let files = [
            ("recalled.json", &self.recalled),
            ("recalled.told.txt", &self.told),
            ("gone-on.json", &self.end),
            ("gone-on.told.txt", &self.end_told),
        ];
        for (name, found) in files {
            let path = folder.join(name);
            if std::env::var_os("PARITYWATCH_UPDATE_UNCHANGED").is_some() {
                std::fs::write(&path, found).unwrap();
            }
            assert_eq!(*found, std::fs::read_to_string(&path).unwrap(), "{}", path.display());
        }
    }
}

/// Byte for byte, in the present format.
fn same_sections(name: &str, found: &Monitor, expected: &Monitor) {
    let (found, expected) = (found.snapshot(), expected.snapshot());
    for index in 0..SECTIONS {
        assert!(found.section(index) == expected.section(index), "{name}: section {index}");
    }
}
