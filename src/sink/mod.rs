//! Where things go: metrics, dead letters, generated streams.

pub mod dead_letter;
pub mod metrics;
pub mod producer;
