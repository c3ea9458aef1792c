//! Two monitors that get the same: one record by record, the other in batches.

use crate::support::received::{By, hand_over};

use paritywatch::event::RawRecord;
use paritywatch::ledger::{Keys, PseudonymKey};
use paritywatch::monitor::{Clock, Handled, Health, Monitor, Output, Received, SECTIONS};
use paritywatch::plan::{EventTime, PartitionIndex, Plan};
use paritywatch::render::Render;

pub const KEY: PseudonymKey = PseudonymKey([7; 16]);
pub const PARTITIONS: u32 = 3;

/// A record that owns what it is made of.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub partition: u32,
    pub payload: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub timestamp: Option<EventTime>,
}

impl Given {
    /// A record of partition 0 with this payload alone.
    pub fn of(payload: impl Into<Vec<u8>>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }

    /// For a message: its bytes as text.
    pub fn shown(&self) -> String {
        let headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}={:?}", String::from_utf8_lossy(value))).collect();
        format!("{} {:?} {:?}", String::from_utf8_lossy(&self.payload), headers, self.timestamp)
    }
}

#[derive(Clone)]
pub struct Pair {
    pub single: Monitor,
    pub batched: Monitor,
    plan: Plan,
    clock: Clock,
    keys: Keys,
}

impl Pair {
    pub fn new(plan: &Plan, clock: Clock, now: EventTime) -> Self {
        let mut monitor = Monitor::new(plan.clone(), KEY, clock);
        (0..PARTITIONS).for_each(|index| monitor.add_partition(PartitionIndex(index), now));
        Self { single: monitor.clone(), batched: monitor, plan: plan.clone(), clock, keys: KEY.into() }
    }

    /// Feeds both, and compares what became of each record.
    pub fn feed(&mut self, records: &[Given], now: EventTime, size: &mut dyn FnMut() -> usize) -> Vec<Handled> {
        let headers: Vec<Vec<(&str, &[u8])>> = records
            .iter()
            .map(|given| given.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect())
            .collect();
        let received: Vec<Received<'_>> = records
            .iter()
            .zip(&headers)
            .map(|(given, headers)| Received {
                partition: PartitionIndex(given.partition),
                record: RawRecord { payload: &given.payload, headers, timestamp: given.timestamp },
            })
            .collect();
        let expected = hand_over(&mut self.single, &received, now, &mut By::Record);
        let found = hand_over(&mut self.batched, &received, now, &mut By::Batches(size));
        for ((given, expected), found) in records.iter().zip(&expected).zip(&found) {
            assert_eq!(found, expected, "{}", given.shown());
        }
        expected
    }

    /// Does the same to both, and compares what it gave.
    pub fn both<T: PartialEq + std::fmt::Debug>(&mut self, act: impl Fn(&mut Monitor) -> T) {
        assert_eq!(act(&mut self.batched), act(&mut self.single));
    }

    pub fn tick(&mut self, now: EventTime) {
        self.both(|monitor| {
            monitor.handle_tick(now);
            outputs(monitor)
        });
    }

    /// Each begins again from its own snapshot.
    pub fn restart(&mut self, now: EventTime) {
        let (plan, clock, keys) = (&self.plan, self.clock, &self.keys);
        for monitor in [&mut self.single, &mut self.batched] {
            let snapshot = monitor.snapshot();
            let restored = Monitor::restore(plan.clone(), keys.clone(), clock, |index| snapshot.section(index).ok());
            *monitor = restored.unwrap_or_else(|error| panic!("{error}"));
            monitor.resume(now);
        }
    }

    /// The key changes, unless the last change has not ended, and each begins again.
    pub fn rotate(&mut self, now: EventTime) {
        if !self.single.has_two_keys() {
            let PseudonymKey([first, ..]) = self.keys.present;
            let present = PseudonymKey([first + 1; 16]);
            self.keys = Keys { previous: Some(std::mem::replace(&mut self.keys.present, present.clone())), present };
        }
        self.restart(now);
    }

    pub fn change_plan(&mut self, plan: &Plan) {
        self.plan = plan.clone();
        self.both(|monitor| monitor.change_plan(plan.clone()));
    }

    /// Compares all that there is to see, and every byte of a checkpoint.
    pub fn compare(&self) {
        self.compare_core();
        let (single, batched) = (self.single.snapshot(), self.batched.snapshot());
        for index in 1..SECTIONS {
            assert!(batched.section(index).unwrap() == single.section(index).unwrap(), "section {index} differs");
        }
    }

    /// The same without the cases.
    pub fn compare_core(&self) {
        // Violations of invariants are those of the whole process; in a test each is a panic.
        let health = |monitor: &Monitor| Health { invariant_violations: Vec::new(), ..monitor.health() };
        assert_eq!(health(&self.batched), health(&self.single));
        let (single, batched) = (self.single.published(), self.batched.published());
        assert_eq!(batched.to_json(), single.to_json());
        assert_eq!(batched.digest(), single.digest());
        let core = |monitor: &Monitor| monitor.snapshot().section(0).unwrap();
        assert!(core(&self.batched) == core(&self.single), "section 0 differs");
    }
}

/// All that a monitor puts out now.
pub fn outputs(monitor: &mut Monitor) -> Vec<String> {
    let mut outputs = Vec::new();
    while let Some(output) = monitor.poll_output() {
        outputs.push(match output {
            Output::Alerts(changed) => format!("{:?} {:?}", changed.entries.to_bytes().unwrap(), changed.published),
            Output::Published(published) => published.to_json(),
        });
    }
    outputs
}

/// xorshift64*
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(crate::support::state::mixed(seed) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }

    pub fn of<'t, T: ?Sized>(&mut self, list: &[&'t T]) -> &'t T {
        list[self.below(list.len())]
    }

    /// Whether this one of so many chances came.
    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// The size of a batch: the edges of the parts that a batch is handled in, and others.
    pub fn batch_size(&mut self) -> usize {
        match self.below(10) {
            0 => 1,
            1 => 2,
            2 => 3,
            3 => 255,
            4 => 256,
            5 => 257,
            6 => 4_096,
            7 => 1 + self.below(600),
            _ => 1 + self.below(40),
        }
    }
}
