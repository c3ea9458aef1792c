//! Any payload is decoded or refused, by both readers of JSON alike: as an event, and as the data of an event of each type.
#![no_main]

#[path = "support/seeds.rs"]
mod seeds;

use libfuzzer_sys::fuzz_target;
use paritywatch::event::{RawRecord, decode, decode_generally};
use paritywatch::plan::{EventTime, Limits, Span};

const TYPES: [&str; 7] = ["selection", "control", "outcome", "complaint", "tally", "attributes", "population"];

fuzz_target!(init: seeds::decoder(), |payload: &[u8]| {
    compare(payload, &[]);
    for name in TYPES {
        let event_type = format!("paritywatch.{name}.v1");
        let headers: &[(&str, &[u8])] = &[
            ("ce_specversion", b"1.0"),
            ("ce_id", b"e-1"),
            ("ce_source", b"/s"),
            ("ce_type", event_type.as_bytes()),
            ("ce_time", b"2026-03-01T08:15:30Z"),
        ];
        compare(payload, headers);
    }
});

fn compare(payload: &[u8], headers: &[(&str, &[u8])]) {
    let limits = Limits { string_bytes: 256, message_bytes: 65_536 };
    let record = RawRecord { payload, headers, timestamp: Some(EventTime(1_772_000_000_000)) };
    assert_eq!(decode(&record, &limits, Some(Span::DAY)), decode_generally(&record, &limits, Some(Span::DAY)));
}
