//! Finds the partitions of the topics, and assigns them to the client.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::MetadataPartition;
use rdkafka::{Offset, TopicPartitionList};

use super::brokers::CONSUMER;
use super::client::Connection;
use super::feed::{Feed, Outgoing};
use super::state::{PartitionName, PartitionState, SourceState};
use crate::checkpoint::Input;
use crate::plan::PartitionIndex;
use crate::source::{error::SourceError, position::read_on};

/// Longest wait for an answer about topics or offsets.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A look for partitions.
pub(super) struct Assignment<'r> {
    /// The client.
    pub connection: &'r Connection,
    /// What is known of the partitions.
    pub state: &'r SourceState,
    /// Where new partitions are announced.
    pub outgoing: &'r mut Outgoing,
}

/// A partition, and where it is read from.
type Found = (PartitionName, i64);

impl Assignment<'_> {
    /// Assigns the partitions that are not assigned yet. If one topic cannot be looked at, the partitions of the others are assigned all the
    /// same.
    ///
    /// # Errors
    /// [`SourceError`] of the first topic that could not be looked at, or of the assignment.
    pub fn update(&mut self, topics: &[String]) -> Result<(), SourceError> {
        let mut found = Vec::new();
        let looked: Vec<Result<(), SourceError>> =
            topics.iter().map(|topic| self.look_into(topic, &mut found)).collect();
        self.assign(&found)?;
        looked.into_iter().collect::<Result<(), SourceError>>()?;
        self.state.set_assigned();
        Ok(())
    }

    fn look_into(&mut self, topic: &str, found: &mut Vec<Found>) -> Result<(), SourceError> {
        let metadata = self.connection.client.fetch_metadata(Some(topic), ANSWER_LIMIT);
        let metadata = metadata.map_err(|error| SourceError::topic(topic, error))?;
        let known = metadata.topics().iter().find(|known| known.name() == topic);
        if let Some(error) = known.and_then(|known| known.error()) {
            let code = RDKafkaErrorCode::from(error);
            if code == RDKafkaErrorCode::TopicAuthorizationFailed {
                self.connection.session().brokers().denied(CONSUMER, &format!("Read on topic {topic}"), &code);
            }
            return Err(SourceError::topic(topic, code));
        }
        let partitions = known.map_or(&[][..], |known| known.partitions());
        if partitions.is_empty() {
            return Err(SourceError::topic(topic, "expected partitions, found none"));
        }
        for number in partitions.iter().map(MetadataPartition::id) {
            let name = (topic.to_owned(), number);
            let known = self.state.partitions().get(&name).copied();
            if known.is_some_and(|state| state.assigned || state.stopped) {
                continue;
            }
            let range = self.connection.client.fetch_watermarks(topic, number, ANSWER_LIMIT);
            let range = range.map_err(|error| SourceError::partition(topic, number, error))?;
            let offset = match known {
                Some(known) => self.read_on(&name, known, range),
                None => Some(self.register(name.clone(), range)?),
            };
            found.extend(offset.map(|offset| (name, offset)));
        }
        Ok(())
    }

    /// Registers a partition that was never read; returns the offset to read from.
    fn register(&mut self, name: PartitionName, (begin, end): (i64, i64)) -> Result<i64, SourceError> {
        let mut partitions = self.state.partitions();
        let index = u32::try_from(partitions.len()).map_err(|_| SourceError::TooManyPartitions)?;
        let index = PartitionIndex(index);
        let (topic, partition) = name.clone();
        partitions.insert(name, PartitionState { catch_up: end, end_offset: end, ..PartitionState::new(index, begin) });
        drop(partitions);
        let input = Input { topic, partition, next_offset: begin, last: None };
        self.outgoing.push(Feed::Partition(index, input));
        Ok(begin)
    }

    /// The offset from which a partition of the checkpoint is read on; `None` if it cannot be.
    fn read_on(&self, name: &PartitionName, known: PartitionState, (begin, end): (i64, i64)) -> Option<i64> {
        let (topic, partition) = name.clone();
        let input = Input { topic, partition, next_offset: known.next_offset, last: known.expected };
        let position = read_on(&input, begin, end);
        self.state.change(name, |state| {
            (state.catch_up, state.end_offset) = (end, end);
            state.stopped = position.is_err();
            // Without the last record there is nothing to compare with.
            state.expected = state.expected.filter(|last| last.offset >= begin);
        });
        position.map_err(|gap| self.state.fail(gap.to_string())).ok()
    }

    fn assign(&self, found: &[Found]) -> Result<(), SourceError> {
        if found.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        for ((topic, partition), offset) in found {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .map_err(|error| SourceError::partition(topic, *partition, error))?;
        }
        self.connection.assign(&list)?;
        tracing::info!(partitions = list.count(), "partitions assigned");
        for (name, _) in found {
            self.state.change(name, |state| state.assigned = true);
        }
        Ok(())
    }
}
