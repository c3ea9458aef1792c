//! What is to be told to whom: messages about alerts, and how far each receiver has been told. Pure; files and sockets are elsewhere
//! (`checkpoint/outbox.rs`, `app/delivery.rs`).
//!
//! **Architecture Invariant:** a message is made of what disclosure control has passed, and of nothing else.
//!
//! **Architecture Invariant:** every transition of an alert is one message with one id, `ALERT-N`. A receiver gets every message at least
//! once, in order; what comes twice has the same id.

mod message;
mod queue;

pub use message::{Kind, Message, SCHEMA};
pub use queue::{
    BACKOFF_FIRST, BACKOFF_LONGEST, ENDED_RESENT_FOR, MAX_TOLD, Next, Outbox, Receiver, ReceiverHealth, Record, Refusal,
};
