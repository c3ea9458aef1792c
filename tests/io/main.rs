//! Tests with processes, sockets and other people's programs, but without a Kafka broker.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "../support/mod.rs"]
mod support;

mod browser;
mod delivery;
mod demo;
mod deploy;
mod deploy_notifications;
mod deploy_rules;
mod fence;
mod page;
mod service;
