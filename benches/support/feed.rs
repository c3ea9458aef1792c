//! A monitor without anything around it, fed with lines that are in memory.

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Received};
use paritywatch::plan::{EventTime, PartitionIndex, Plan};
use paritywatch::settings::Settings;

/// Partitions of every stream.
pub const PARTITIONS: u32 = 3;
/// Records in a batch.
pub const BATCH_RECORDS: usize = 4_096;
/// The wall clock, and the timestamp of every record: later than any event.
pub const NOW: EventTime = EventTime(2_000_000_000_000);

/// The plan of `two-profiles.toml`.
pub fn demo_plan() -> Plan {
    let text = include_str!("two-profiles.toml");
    Settings::parse(text, "two-profiles.toml", std::iter::empty()).unwrap().plan
}

/// A monitor that has so many partitions and has read nothing. A partition without events would hold the watermark back for ever.
pub fn new_monitor(plan: Plan, partitions: u32) -> Monitor {
    let mut monitor = Monitor::new(plan, PseudonymKey([1; 16]), Clock::Wall);
    (0..partitions).for_each(|partition| monitor.add_partition(PartitionIndex(partition), NOW));
    monitor
}

/// Divides lines into batches. Each is of one partition, in turn, as a client gives them.
pub fn batches<'a>(lines: impl Iterator<Item = &'a [u8]>, partitions: u32) -> Vec<Vec<Received<'a>>> {
    let records: Vec<RawRecord<'a>> =
        lines.map(|payload| RawRecord { payload, headers: &[], timestamp: Some(NOW) }).collect();
    let of_one_partition = |(records, partition): (&[RawRecord<'a>], u32)| {
        let partition = PartitionIndex(partition);
        records.iter().map(|record| Received { partition, record: *record }).collect()
    };
    records.chunks(BATCH_RECORDS).zip((0..partitions).cycle()).map(of_one_partition).collect()
}

/// Counts batches, every record of which must be accepted.
pub fn count(monitor: &mut Monitor, batches: &[Vec<Received<'_>>], handled: &mut Vec<Handled>) {
    for batch in batches {
        monitor.handle_batch(batch, NOW, handled);
        assert!(handled.iter().all(|handled| *handled == Handled::Accepted), "a record was not accepted");
    }
}
