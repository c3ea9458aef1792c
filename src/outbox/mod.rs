//! Messages about alerts, and how far each receiver has them. Pure: the file is in `checkpoint/outbox.rs`, the sockets in `app/daemon`.
//!
//! **Architecture Invariant:** a message is made of what passed disclosure control, and of nothing else.
//!
//! **Architecture Invariant:** every transition of an alert is one message with one id, `ALERT-N`. A receiver gets every message at least
//! once, in order. A message that comes twice has the same id.

mod message;
mod queue;
mod receiver;
mod record;

pub use message::{Kind, Message, SCHEMA};
pub use queue::{ENDED_RESENT_FOR, MAX_TOLD, Next, Outbox};
pub use receiver::{BACKOFF_FIRST, BACKOFF_LONGEST, Receiver, ReceiverHealth, Refusal};
pub use record::Record;
