//! Any payload is decoded or refused, by both readers of JSON alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paritywatch::event::{Limits, RawRecord, decode, decode_generally};

fuzz_target!(|payload: &[u8]| {
    let limits = Limits { string_bytes: 256, message_bytes: 65_536 };
    let record = RawRecord { payload, headers: &[], timestamp: None };
    assert_eq!(decode(&record, &limits, None), decode_generally(&record, &limits, None));
});
