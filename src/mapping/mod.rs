//! Mappings: events of the contract made from documents of another shape, by paths, without code.
//!
//! A mapping is compiled once. A document is read in one pass over its bytes, which notes where the values lie that
//! some mapping asks for; no tree is built, but for mappings by an expression of jq. The events are written as JSON of the contract, and go through its decoder
//! like those of any producer: every check of the contract holds for them.

mod build;
mod change;
mod condition;
mod expression;
mod field;
mod form;
mod jq;
mod known;
mod layout;
mod limits;
mod mapped;
mod mapper;
mod path;
mod pieces;
mod place;
mod read;
mod run;
mod scan;
mod shape;
mod spec;
mod target;
mod templates;
mod text;
mod time;
mod trace;
mod trie;
mod view;
mod weights;

pub use jq::{JQ_FILTERS, JqError, MAX_EXPRESSION, MAX_STEPS, check_jq};
pub use known::Left;
pub use limits::{MAX_EVENTS, MAX_FIELDS, MAX_LARGEST_EVENTS};
pub use mapped::{Mapped, MappedRecord, MappingCounts};
pub use mapper::{Bounds, Mapper};
pub use path::{Path, PathError, Scope, Step};
pub use place::Place;
pub use spec::{Condition, Constant, Deletes, Envelope, Field, Format, Kind, Mapping, Origin, TimeFormat, TimeRule};
pub use target::{Shape, Target, names, required, target};
