//! Where output goes: metrics, alerts, dead letters, generated streams.

pub mod alert_topic;
pub mod alertmanager;
pub mod dead_letter;
mod error;
pub mod event_topic;
pub mod http;
pub mod metrics;
pub mod producer;
pub mod webhook;

pub use error::SinkError;
