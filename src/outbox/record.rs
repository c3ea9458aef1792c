//! What the outbox keeps on the disk.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::message::Message;

/// One record of the outbox's file. The order of the variants is a part of the stored format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// No later message has a smaller sequence number.
    Begin {
        /// The number.
        sequence: u64,
    },
    /// A receiver, and the sequence number of its next message when this was written.
    Receiver {
        /// Its id.
        id: String,
        /// The number.
        next: u64,
    },
    /// How many transitions of an alert were told.
    Told {
        /// Its id.
        alert: String,
        /// The number of the last.
        number: u32,
    },
    /// The last message about an alert that fires, which every receiver has.
    Standing {
        /// Its sequence number.
        sequence: u64,
        /// The message.
        message: Arc<Message>,
    },
    /// A message that is to be told.
    Waiting {
        /// Its sequence number.
        sequence: u64,
        /// The message.
        message: Arc<Message>,
    },
}
