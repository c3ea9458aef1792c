//! The outbox against a naive oracle: transitions, deliveries, failures, a disk that fails, and crashes that tear what was being written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::attempts;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::OpenOptions;
use std::path::Path;

use paritywatch::checkpoint::{Cursor, OutboxFile, Owner, read_cursors};
use paritywatch::outbox::{
    BACKOFF_FIRST, BACKOFF_LONGEST, ENDED_RESENT_FOR, Kind, Message, Next, Outbox, Receiver, Refusal,
};
use paritywatch::plan::{EventTime, Span};
use proptest::prelude::*;

const RECEIVERS: usize = 3;
const ALERTS: usize = 4;
/// More than any run has.
const NO_LIMIT: u64 = 1_000_000;
const WALL: EventTime = EventTime(1_790_000_000_000);

#[derive(Clone, Debug)]
enum Step {
    /// An alert goes on: fires, changes its severity or ends. The disk may be torn in the middle of it, which is a crash.
    Transition { alert: usize, ends: bool, torn: Option<Torn> },
    /// A receiver takes so many of what it is sent, or none. `crash`: before its position is kept.
    Attempt { receiver: usize, taken: Option<usize>, crash: bool },
    /// Time passes, in milliseconds.
    Pass(i64),
    /// The disk fails, or works again.
    Disk(bool),
    /// The program ends at once and starts again.
    Crash,
    /// The file is replaced, as when it holds much that is out of date.
    Replace,
}

/// What is left of a write: this share of its bytes, in 256ths, and whether its last byte is another one.
#[derive(Clone, Copy, Debug)]
struct Torn(u8, bool);

/// A daemon with its disk, and what the world has seen of it.
struct World {
    folder: tempfile::TempDir,
    owner: Owner,
    outbox: Outbox,
    file: OutboxFile,
    disk_works: bool,
    /// Every transition so far, as the journal has it: durable.
    happened: Vec<Message>,
    got: [Vec<String>; RECEIVERS],
    episodes: [u64; ALERTS],
    now: Span,
    crashes: u32,
}

impl World {
    fn new() -> Self {
        // In memory where there is such a folder: what a crash leaves is torn by hand.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let owner = Owner::claim(folder.path()).unwrap();
        let (file, records) = OutboxFile::open(&owner).unwrap();
        let outbox = Outbox::new(records, BTreeMap::new(), receivers(), NO_LIMIT);
        let mut world = Self {
            folder,
            owner,
            outbox,
            file,
            disk_works: true,
            happened: Vec::new(),
            got: Default::default(),
            episodes: [0; ALERTS],
            now: Span(0),
            crashes: 0,
        };
        world.replace();
        world
    }

    fn wall(&self) -> EventTime {
        WALL.plus(self.now)
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Transition { alert, ends, torn } => self.transition(alert, ends, torn),
            Step::Attempt { receiver, taken, crash } => self.attempt(receiver, taken, crash),
            Step::Pass(milliseconds) => self.now.0 += milliseconds,
            Step::Disk(works) => {
                self.disk_works = works;
                self.replace();
            }
            Step::Crash => self.crash(),
            Step::Replace => self.replace(),
        }
    }

    fn transition(&mut self, alert: usize, ends: bool, torn: Option<Torn>) {
        let id = format!("{alert}.{}", self.episodes[alert]);
        let number = 1 + self.happened.iter().filter(|message| message.alert == id).count() as u32;
        let kind = match number {
            1 => Kind::Firing,
            _ if ends => Kind::Resolved,
            _ => Kind::SeverityChanged,
        };
        self.episodes[alert] += u64::from(kind == Kind::Resolved);
        let message = Message { alert: id.clone(), number, kind, at: self.wall(), document: format!("{id}-{number}") };
        self.happened.push(message.clone());
        let fresh = self.outbox.fresh([message]);
        assert_eq!(fresh.len(), 1);
        let path = self.folder.path().join("outbox");
        let before = std::fs::metadata(&path).map_or(0, |data| data.len());
        if self.disk_works && self.file.is_whole() {
            self.file.append(&fresh).unwrap();
            if let Some(torn) = torn {
                tear(&path, before, torn);
                return self.crash();
            }
        } else {
            // What the daemon does where it cannot write on: later it replaces the file.
            self.file = OutboxFile::open(&self.owner).unwrap().0;
        }
        self.outbox.append(fresh, self.wall());
    }

    fn attempt(&mut self, receiver: usize, taken: Option<usize>, crash: bool) {
        match self.outbox.next(receiver, self.now, self.wall(), 5) {
            Next::Wait(_) => {}
            Next::Resend(standing) => {
                let requests = u64::from(!standing.is_empty());
                for message in standing {
                    assert!(self.got[receiver].contains(&message.id()), "told again before it was told");
                }
                match taken {
                    Some(_) => self.outbox.resent(receiver, self.now, requests),
                    None => {
                        self.outbox.resend_failed(receiver, self.now, Refusal::Passing);
                    }
                }
            }
            Next::Send { messages, first } => {
                assert!(!messages.is_empty() && messages.len() <= 5);
                let Some(taken) = taken else {
                    let pause = self.outbox.send_failed(receiver, self.now, Refusal::Passing);
                    let until = self.outbox.next(receiver, Span(self.now.0 + pause.0 - 1), self.wall(), 5);
                    assert!(!matches!(until, Next::Send { .. }), "sent again before the pause was over");
                    return;
                };
                let taken = taken.min(messages.len());
                self.got[receiver].extend(messages[..taken].iter().map(|message| message.id()));
                if crash {
                    return self.crash();
                }
                self.outbox.delivered(receiver, first + taken as u64, self.wall());
                if self.disk_works && self.file.is_whole() {
                    let position = self.outbox.position(receiver).unwrap();
                    cursor(&self.owner, receiver).write(position).unwrap();
                }
            }
        }
    }

    fn replace(&mut self) {
        if self.disk_works {
            self.file.replace(&self.outbox.records()).unwrap();
        }
    }

    /// Everything in memory is gone. A position that was being written stands beside the one before.
    fn crash(&mut self) {
        self.crashes += 1;
        let folder = self.folder.path();
        let unfinished = |name: &str| folder.join(format!("{name}.0123456789abcdef.new"));
        std::fs::write(unfinished("outbox"), b"paritywatch out").unwrap();
        std::fs::write(unfinished("outbox.cursor.r0"), b"{\"recei").unwrap();
        let (file, records) = OutboxFile::open(&self.owner).unwrap();
        self.file = file;
        self.outbox = Outbox::new(records, read_cursors(folder).unwrap(), receivers(), NO_LIMIT);
        for message in self.happened.clone() {
            let fresh = self.outbox.fresh([message]);
            self.outbox.append(fresh, self.wall());
        }
        self.replace();
    }

    /// Every receiver takes all; then each has every transition, in order.
    fn check(mut self) {
        for receiver in 0..RECEIVERS {
            self.now.0 += 2 * BACKOFF_LONGEST.0;
            while matches!(self.outbox.next(receiver, self.now, self.wall(), 5), Next::Send { .. }) {
                self.attempt(receiver, Some(5), false);
            }
            let expected: Vec<String> = self.happened.iter().map(Message::id).collect();
            assert_eq!(first_of_each(&self.got[receiver]), expected, "receiver {receiver}");
            if self.crashes == 0 {
                assert_eq!(self.got[receiver], expected, "nothing comes twice without a crash");
            }
        }
        let mut last: BTreeMap<&str, &Message> = BTreeMap::new();
        last.extend(self.happened.iter().map(|message| (message.alert.as_str(), message)));
        let wall = self.wall();
        let again = |message: &&&Message| message.is_firing() || wall.since(message.at) <= ENDED_RESENT_FOR;
        let expected: BTreeSet<String> = last.values().filter(again).map(|message| message.id()).collect();
        let Next::Resend(standing) = self.outbox.next(0, self.now, wall, 5) else { panic!("nothing is told again") };
        assert_eq!(standing.iter().map(|message| message.id()).collect::<BTreeSet<_>>(), expected);
        let health = self.outbox.health(self.now, wall);
        assert!(health.iter().all(|health| health.pending == 0 && health.dropped == 0));
        // What nobody waits for is forgotten, but for what stands.
        assert!(self.outbox.records().len() <= 1 + RECEIVERS + 2 * last.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(400), max_shrink_iters: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn every_receiver_gets_every_transition_in_order_whatever_fails(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        world.disk_works = true;
        world.check();
    }

    #[test]
    fn of_too_many_messages_the_oldest_are_dropped_for_the_slow_receiver_alone(
        limit in 1_u64..6, taken in prop::collection::vec((0_usize..4, 0_usize..4), 1..60),
    ) {
        let mut outbox = Outbox::new([], BTreeMap::new(), receivers(), limit);
        let mut oracle: [(VecDeque<String>, u64); RECEIVERS] = Default::default();
        for (number, takes) in (1..).zip(taken) {
            let message = Message {
                alert: "a".to_owned(), number, kind: Kind::SeverityChanged, at: WALL, document: String::new(),
            };
            for (waiting, dropped) in &mut oracle {
                waiting.push_back(message.id());
                if waiting.len() as u64 > limit {
                    waiting.pop_front();
                    *dropped += 1;
                }
            }
            let fresh = outbox.fresh([message]);
            outbox.append(fresh, WALL);
            // The last receiver never takes anything.
            for (receiver, most) in [(0, takes.0), (1, takes.1)] {
                let sent = outbox.next(receiver, Span(0), WALL, most.max(1));
                if let (Next::Send { messages, first }, true) = (sent, most > 0) {
                    let expected: Vec<String> = oracle[receiver].0.drain(..messages.len()).collect();
                    prop_assert_eq!(messages.iter().map(|message| message.id()).collect::<Vec<_>>(), expected);
                    outbox.delivered(receiver, first + messages.len() as u64, WALL);
                }
            }
            for (health, (waiting, dropped)) in outbox.health(Span(0), WALL).iter().zip(&oracle) {
                prop_assert_eq!((health.pending, health.dropped), (waiting.len() as u64, *dropped));
            }
        }
    }
}

#[test]
fn pauses_double_up_to_the_longest_and_a_refusal_takes_the_longest_at_once() {
    let mut outbox = Outbox::new([], BTreeMap::new(), receivers(), NO_LIMIT);
    let message = Message { alert: "a".to_owned(), number: 1, kind: Kind::Firing, at: WALL, document: String::new() };
    let fresh = outbox.fresh([message]);
    outbox.append(fresh, WALL);
    let mut whole = BACKOFF_FIRST.0;
    for _ in 0..12 {
        let pause = outbox.send_failed(0, Span(0), Refusal::Passing);
        assert!((whole - whole / 5..=whole).contains(&pause.0), "{pause:?} of {whole}");
        whole = (2 * whole).min(BACKOFF_LONGEST.0);
    }
    let pause = outbox.send_failed(1, Span(0), Refusal::Lasting);
    assert!(pause.0 >= BACKOFF_LONGEST.0 * 4 / 5, "{pause:?}");
    // One receiver's failures are nothing to another.
    assert!(matches!(outbox.next(2, Span(0), WALL, 1), Next::Send { .. }));
}

#[test]
fn what_is_told_again_too_late_is_overdue_until_it_is_told_and_nothing_is_counted_as_told_that_was_not() {
    let mut outbox = Outbox::new([], BTreeMap::new(), receivers(), NO_LIMIT);
    let says = |outbox: &Outbox, at: i64| {
        let health = outbox.health(Span(at), WALL);
        assert!(health[1..].iter().all(|health| health.overdue.is_none()), "they are not told again");
        (health[0].overdue, health[0].delivered, health[0].failed)
    };
    // Nothing stands: there is nothing to be late with, and no request.
    assert_eq!(outbox.next(0, Span(700), WALL, 5), Next::Resend(Vec::new()));
    assert_eq!(says(&outbox, 700), (Some(Span(0)), 0, 0));
    outbox.resent(0, Span(700), 0);
    assert_eq!(says(&outbox, 5_000), (Some(Span(0)), 0, 0));
    let message = Message { alert: "a".to_owned(), number: 1, kind: Kind::Firing, at: WALL, document: String::new() };
    let fresh = outbox.fresh([message]);
    outbox.append(fresh, WALL);
    assert_eq!(says(&outbox, 5_000), (Some(Span(0)), 0, 0), "what was not told waits and is not told again");
    outbox.delivered(0, 1, WALL);
    outbox.resent(0, Span(5_000), 1);
    assert_eq!(says(&outbox, 6_000), (Some(Span(0)), 2, 0));
    // Due every second, and refused: each pause puts it off, and makes it no less late.
    for at in [6_000, 70_000, 140_000] {
        assert!(matches!(outbox.next(0, Span(at), WALL, 5), Next::Resend(standing) if standing.len() == 1));
        outbox.resend_failed(0, Span(at), Refusal::Lasting);
    }
    assert_eq!(says(&outbox, 186_000), (Some(Span(180_000)), 2, 3));
    // Nor does one that hangs without an end, which counts as nothing.
    assert_eq!(says(&outbox, 996_000), (Some(Span(990_000)), 2, 3));
    outbox.resent(0, Span(996_000), 1);
    assert_eq!(says(&outbox, 996_500), (Some(Span(0)), 3, 3));
}

#[test]
fn a_file_damaged_before_whole_records_is_refused_and_left_as_it_is_and_a_torn_end_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (path, owner) = (folder.path().join("outbox"), Owner::claim(folder.path()).unwrap());
    let mut outbox = Outbox::new([], BTreeMap::new(), receivers(), NO_LIMIT);
    let mut file = OutboxFile::open(&owner).unwrap().0;
    file.replace(&outbox.records()).unwrap();
    let length = || usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    let mut lengths = vec![length()];
    for number in 1..=3 {
        let document = "{\"id\":\"a\"}".to_owned();
        let fresh =
            outbox.fresh([Message { alert: "a".to_owned(), number, kind: Kind::SeverityChanged, at: WALL, document }]);
        file.append(&fresh).unwrap();
        outbox.append(fresh, WALL);
        lengths.push(length());
    }
    let whole = std::fs::read(&path).unwrap();
    let records = OutboxFile::open(&owner).unwrap().1;
    let title = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // Every byte: the title, and of every record the length, the checksum and the contents. In the last one it is no more than a torn end.
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, &changed).unwrap();
        let read = OutboxFile::open(&owner).map(|(_, records)| records);
        if at < lengths[2] {
            let problem = read.unwrap_err().to_string();
            assert!(problem.starts_with(&format!("{}: ", path.display())), "{problem}");
            assert!(problem.contains("move it away to go on without it"), "{problem}");
            assert_eq!(problem.contains("follows at byte"), at >= title, "{problem}");
            if let Some(record) = lengths.iter().rev().find(|start| **start <= at) {
                assert!(problem.contains(&format!("the frame at byte {record}:")), "changed at {at}: {problem}");
            }
        } else {
            assert_eq!(read.unwrap(), records[..records.len() - 1], "changed at {at}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), changed, "it is left as it is");
    }
    // Cut off anywhere behind the title it is a torn end.
    for cut in title..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (_, found) = OutboxFile::open(&owner).unwrap();
        assert_eq!(found, records[..found.len()], "cut at {cut}");
        assert!(lengths[..3].iter().filter(|length| **length <= cut).count() <= found.len(), "cut at {cut}");
    }
    // Nor a record that is whole and says nothing that this version knows.
    let mut changed = whole[..lengths[3]].to_vec();
    changed.extend(unknown_record());
    std::fs::write(&path, &changed).unwrap();
    let problem = OutboxFile::open(&owner).map(|_| ()).unwrap_err().to_string();
    assert!(problem.contains(&format!("the frame at byte {}:", lengths[3])), "{problem}");
}

/// No file system promises an order within one write.
#[test]
fn what_one_write_appended_is_whole_or_not_there_wherever_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (path, owner) = (folder.path().join("outbox"), Owner::claim(folder.path()).unwrap());
    let outbox = Outbox::new([], BTreeMap::new(), receivers(), NO_LIMIT);
    let mut file = OutboxFile::open(&owner).unwrap().0;
    file.replace(&outbox.records()).unwrap();
    let message = |number| Message {
        alert: "a".to_owned(),
        number,
        kind: Kind::SeverityChanged,
        at: WALL,
        document: String::new(),
    };
    let before = std::fs::read(&path).unwrap().len();
    let records = OutboxFile::open(&owner).unwrap().1;
    file.append(&outbox.fresh([message(1), message(2), message(3)])).unwrap();
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(OutboxFile::open(&owner).unwrap().1.len(), records.len() + 3);
    for at in before..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&path, &changed).unwrap();
        assert_eq!(OutboxFile::open(&owner).unwrap().1, records, "changed at {at}");
    }
}

/// A whole record of no kind that there is: length, checksum, contents.
fn unknown_record() -> Vec<u8> {
    let contents = [99_u8; 5];
    let checksum = xxhash_rust::xxh3::xxh3_64(&contents);
    [&5_u64.to_le_bytes()[..], &checksum.to_le_bytes(), &contents].concat()
}

#[test]
fn a_receiver_whose_address_was_mistyped_gets_what_waited_under_the_other() {
    let receiver = |id: &str| Receiver { id: id.to_owned(), name: id.to_owned(), resend_every: None };
    let message = |number| Message {
        alert: "a".to_owned(),
        number,
        kind: Kind::SeverityChanged,
        at: WALL,
        document: String::new(),
    };
    let mut outbox = Outbox::new([], BTreeMap::new(), vec![receiver("good"), receiver("tpyo")], NO_LIMIT);
    let fresh = outbox.fresh([message(1), message(2), message(3)]);
    outbox.append(fresh, WALL);
    outbox.delivered(0, 3, WALL);
    outbox.delivered(1, 1, WALL);
    let positions = BTreeMap::from([("good".to_owned(), 3)]);
    let outbox = Outbox::new(outbox.records(), positions, vec![receiver("good"), receiver("typo")], NO_LIMIT);
    let pending: Vec<u64> = outbox.health(Span(0), WALL).iter().map(|health| health.pending).collect();
    assert_eq!(pending, [0, 2]);
}

#[test]
fn where_the_file_has_lost_what_was_delivered_nothing_new_is_taken_for_it() {
    let message = |alert: &str| Message {
        alert: alert.to_owned(),
        number: 1,
        kind: Kind::Firing,
        at: WALL,
        document: String::new(),
    };
    let positions = BTreeMap::from([("r0".to_owned(), 7), ("r1".to_owned(), 0)]);
    let mut outbox = Outbox::new([], BTreeMap::new(), receivers(), NO_LIMIT);
    let fresh = outbox.fresh([message("a"), message("b")]);
    outbox.append(fresh, WALL);
    let mut outbox = Outbox::new(outbox.records(), positions.clone(), receivers(), NO_LIMIT);
    let fresh = outbox.fresh([message("c")]);
    outbox.append(fresh, WALL);
    // Once more, before a position is kept.
    let outbox = Outbox::new(outbox.records(), positions, receivers(), NO_LIMIT);
    let sent = |receiver| match outbox.next(receiver, Span(0), WALL, 9) {
        Next::Send { messages, .. } => messages.iter().map(|message| message.id()).collect(),
        _ => Vec::new(),
    };
    assert_eq!(sent(0), ["c-1"]);
    assert_eq!(sent(1), ["a-1", "b-1", "c-1"]);
}

fn receivers() -> Vec<Receiver> {
    let resend_every = |index| (index == 0).then_some(Span::SECOND);
    let receiver = |index| Receiver {
        id: format!("r{index}"),
        name: format!("receiver {index}"),
        resend_every: resend_every(index),
    };
    (0..RECEIVERS).map(receiver).collect()
}

fn cursor(owner: &Owner, receiver: usize) -> Cursor {
    Cursor::new(owner, format!("r{receiver}"), format!("receiver {receiver}"))
}

/// Leaves a part of what stands behind `before`, perhaps with another last byte.
fn tear(path: &Path, before: u64, Torn(share, changed): Torn) {
    let length = std::fs::metadata(path).unwrap().len();
    let kept = before + (length - before) * u64::from(share) / 256;
    OpenOptions::new().write(true).open(path).unwrap().set_len(kept).unwrap();
    if changed && kept > before {
        let mut bytes = std::fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
}

fn step() -> impl Strategy<Value = Step> {
    let torn =
        prop::option::weighted(0.15, (any::<u8>(), any::<bool>()).prop_map(|(share, changed)| Torn(share, changed)));
    prop_oneof![
        6 => (0..ALERTS, any::<bool>(), torn).prop_map(|(alert, ends, torn)| Step::Transition { alert, ends, torn }),
        8 => (0..RECEIVERS, prop::option::weighted(0.7, 1_usize..6), prop::bool::weighted(0.1))
            .prop_map(|(receiver, taken, crash)| Step::Attempt { receiver, taken, crash }),
        2 => (0_i64..2_000_000).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Disk),
        1 => Just(Step::Crash),
        1 => Just(Step::Replace),
    ]
}

fn first_of_each(ids: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| seen.insert((*id).clone())).cloned().collect()
}
