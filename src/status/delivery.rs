//! How well alerts are delivered.

use crate::outbox::ReceiverHealth;

/// The receivers of alerts, and the outbox on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryHealth {
    /// One entry per receiver, in the order of the configuration.
    pub receivers: Vec<ReceiverHealth>,
    /// How often the disk refused a message or the position of a receiver.
    pub undurable: u64,
}
