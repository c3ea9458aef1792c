//! What the test programs share: states and plans of the core, processes, waiting, HTTP, and real servers: Kafka, Prometheus,
//! Alertmanager.
//!
//! Each test program compiles this module for itself and uses a part of it. A failure in here is a failed test, so the
//! helpers panic with what went wrong instead of returning errors.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

pub mod batch;
pub mod canaries;
pub mod certificates;
pub mod effort;
pub mod handled_page;
pub mod kafka;
pub mod monitoring;
pub mod page;
pub mod plan;
pub mod process;
pub mod received;
pub mod receiver;
pub mod registry;
pub mod sample_report;
pub mod setup;
pub mod state;
pub mod unchanged;
pub mod web;
