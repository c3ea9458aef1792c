//! What the consumer's thread sends to the monitor's.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::batch::Batch;
use super::formats::Formats;
use super::state::SourceState;
use crate::checkpoint::Input;
use crate::plan::PartitionIndex;

/// One message between the two threads.
#[derive(Debug)]
pub enum Feed {
    /// A partition was found and will be read from this position. Partitions come in the order of their indices, each before its first batch.
    Partition(PartitionIndex, Input),
    /// Records.
    Batch(Batch),
    /// Nothing is left to be read before this offset of a partition: what stood there are no records, such as the markers of transactions.
    Passed(PartitionIndex, i64),
}

/// The monitor's thread no longer receives.
pub(super) struct Gone;

/// Sends to the monitor's thread without waiting for it.
pub(super) struct Outgoing {
    sender: SyncSender<Feed>,
    /// What the monitor's thread has no room for yet, or a schema is missing for.
    waiting: VecDeque<Feed>,
    formats: Formats,
}

impl Outgoing {
    /// Sends through this channel.
    pub const fn new(sender: SyncSender<Feed>, formats: Formats) -> Self {
        Self { sender, waiting: VecDeque::new(), formats }
    }

    /// Adds a message to what is to be sent.
    pub fn push(&mut self, feed: Feed) {
        self.waiting.push_back(feed);
    }

    /// Sends what there is room for, up to the first batch whose schemas are not known yet. Returns whether that was everything.
    pub fn work(&mut self, state: &SourceState) -> Result<bool, Gone> {
        while let Some(mut feed) = self.waiting.pop_front() {
            if let Feed::Batch(batch) = &mut feed
                && !self.formats.settle(batch, state)
            {
                self.waiting.push_front(feed);
                return Ok(false);
            }
            match self.sender.try_send(feed) {
                Ok(()) => {}
                Err(TrySendError::Full(feed)) => {
                    self.waiting.push_front(feed);
                    return Ok(false);
                }
                Err(TrySendError::Disconnected(_)) => return Err(Gone),
            }
        }
        Ok(true)
    }

    /// Sends everything, and waits until there is room for it. A batch whose schemas are not known is left out, and so is all behind it: it is read again
    /// by the next start.
    pub fn finish(mut self, state: &SourceState) {
        for mut feed in self.waiting {
            if let Feed::Batch(batch) = &mut feed
                && !self.formats.settle(batch, state)
            {
                return;
            }
            // An error means that nobody receives any more.
            if self.sender.send(feed).is_err() {
                return;
            }
        }
    }
}
