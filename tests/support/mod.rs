//! What the integration tests share: processes, waiting, HTTP, and real servers: Kafka, Prometheus, Alertmanager.
//!
//! Each test file compiles this module for itself with `mod support;` and uses a part of it. A failure in here is a
//! failed test, so the helpers panic with what went wrong instead of returning errors.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

pub mod batch;
pub mod kafka;
pub mod monitoring;
pub mod process;
pub mod receiver;
pub mod setup;
