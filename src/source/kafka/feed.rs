//! What the consumer's thread sends to the monitor's.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::batch::Batch;
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
    /// What the monitor's thread has no room for yet.
    waiting: VecDeque<Feed>,
}

impl Outgoing {
    /// Sends through this channel.
    pub const fn new(sender: SyncSender<Feed>) -> Self {
        Self { sender, waiting: VecDeque::new() }
    }

    /// Adds a message to what is to be sent.
    pub fn push(&mut self, feed: Feed) {
        self.waiting.push_back(feed);
    }

    /// Sends what there is room for. Returns whether that was everything.
    pub fn work(&mut self) -> Result<bool, Gone> {
        while let Some(feed) = self.waiting.pop_front() {
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

    /// Sends everything, and waits until there is room for it.
    pub fn finish(self) {
        for feed in self.waiting {
            // An error means that nobody receives any more.
            if self.sender.send(feed).is_err() {
                return;
            }
        }
    }
}
