//! Why input cannot be read.

use std::io;
use std::path::Path;

use rdkafka::error::KafkaError;
use thiserror::Error;

use super::format::RegistryError;
use super::refusal::refusal;
use crate::settings::{SecretProblem, shown_path};

/// What went wrong, and where.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file failed.
    #[error("{file}: {doing}: {source}")]
    File {
        /// The file.
        file: String,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file with a secret is of no use.
    #[error(transparent)]
    Secret(#[from] SecretProblem),
    /// A line of a file could not be read.
    #[error("{file}:{line}: read: {source}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// More files than there are partition indices.
    #[error("too many files")]
    TooManyFiles,
    /// More partitions than there are indices.
    #[error("too many partitions")]
    TooManyPartitions,
    /// librdkafka refused the configuration, or could not start. The text repeats no value.
    #[error("kafka: {0}")]
    Client(String),
    /// A topic could not be looked up.
    #[error("topic {topic}: {problem}")]
    Topic {
        /// The topic.
        topic: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// A partition could not be looked up or read.
    #[error("topic {topic} partition {partition}: {problem}")]
    Partition {
        /// The topic.
        topic: String,
        /// The partition's number.
        partition: i32,
        /// What was expected and what was found.
        problem: String,
    },
    /// Partitions that were found could not be assigned.
    #[error("assign: {0}")]
    Assign(KafkaError),
    /// The schema registry cannot be asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The embedded broker of the demo could not start.
    #[error("embedded broker: {0}")]
    Embedded(String),
    /// A thread could not be started.
    #[error("start the {thread} thread: {source}")]
    Thread {
        /// Which.
        thread: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl SourceError {
    /// librdkafka refused the configuration, or could not start.
    pub(super) fn client(error: &KafkaError) -> Self {
        Self::Client(refusal(error))
    }

    /// A file failed.
    pub(super) fn file(path: &Path, doing: &'static str, source: io::Error) -> Self {
        Self::File { file: shown_path(path), doing, source }
    }

    /// A topic could not be looked up.
    pub(super) fn topic(topic: &str, problem: impl ToString) -> Self {
        Self::Topic { topic: topic.to_owned(), problem: problem.to_string() }
    }

    /// A partition could not be looked up or read.
    pub(super) fn partition(topic: &str, partition: i32, problem: impl ToString) -> Self {
        Self::Partition { topic: topic.to_owned(), partition, problem: problem.to_string() }
    }
}
