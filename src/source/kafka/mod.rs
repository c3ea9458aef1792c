//! Kafka: a consumer on a thread of its own that assigns itself every partition of its topics.
//!
//! librdkafka's `BaseConsumer` is polled by that thread alone; records come in batches through a queue of their own, by the package `kafka-batch`
//! (docs/decisions/0092-records-are-read-in-place.md). There is no group membership: the daemon reads from the offsets of its
//! checkpoint, or from the beginning if there is no checkpoint. It commits offsets for lag displays only.

mod access;
mod assignment;
mod batch;
mod batching;
mod brokers;
mod certificate;
mod client;
mod config;
mod consumer;
mod documents;
mod feed;
mod formats;
mod gap;
mod identity;
mod login;
mod message;
mod poison;
mod reader;
mod sample;
mod schemas;
mod state;
mod topics;
mod trial;
mod trouble;

pub use batch::{Batch, BatchRecord};
pub use brokers::{Brokers, Session};
pub use consumer::KafkaSource;
pub use documents::{Document, Documents};
pub use feed::Feed;
pub use gap::{log_range, next_readable};
pub use sample::{Wanted, sample_topic};
pub use state::SourceState;
pub use topics::TopicWatch;
pub use trial::try_client;
