//! Records of Kafka in batches, read where librdkafka has put them.
//!
//! The `rdkafka` package gives one record per call, as an event of its own. This one takes many in one call, from a queue of
//! their own, and keeps them together as [`Records`], which may go to another thread. Nothing is copied.
//!
//! It also gives a running client another password or token, which `rdkafka` cannot.
//!
//! It is the only place of the project with `unsafe` code. What holds it up:
//!
//! - a record is destroyed once, by the one value that owns it;
//! - a client outlives its queue and its records, because both hold it;
//! - what a record points to does not change until it is destroyed, except for its headers, which librdkafka reads when it is
//!   first asked for them. That is why [`Records`] may move to another thread, but not be shared by two.

#![deny(unsafe_op_in_unsafe_fn)]

mod login;
mod queue;
mod record;
mod records;

pub use login::{set_password, set_token};
pub use queue::RecordQueue;
pub use record::{Headers, Record, TopicHandle};
pub use records::{Failure, Records};
