//! The event contract (v1): its events, how a record is decoded, and why one is rejected.

mod collection;
mod context;
mod criterion;
mod data;
mod decode;
mod decoded;
mod depth;
mod envelope;
mod event_type;
mod field;
mod form;
mod measure;
mod model;
mod moment;
mod near_miss;
mod object;
mod plain;
mod rejection;
mod skim;
mod templates;
mod time;
mod value;
mod wrapping;

pub use collection::{MAX_ENTRIES, MAX_POPULATION_GROUPS};
pub use decode::{RawRecord, decode, decode_generally, is_ahead, without_mark};
pub use decoded::Decoded;
pub use depth::MAX_DEPTH;
pub use measure::{MAX_ACCEPTED_RATIO, MAX_REASON_BYTES};
pub use model::*;
pub use moment::{Moment, moment_of};
pub use rejection::{Reason, Rejection};
pub use skim::{ReadNames, Skimmed};
pub use templates::{Recogniser, TEMPLATE_BYTES, TemplateId, TemplateSecret, Templates, Usefulness};
pub use time::{EARLIEST_TIME, LATEST_TIME};
