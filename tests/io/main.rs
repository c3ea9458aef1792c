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
mod http_history;
mod http_limits;
mod http_login;
mod http_reports;
mod http_scrape;
mod http_tls;
mod page;
mod secrets;
mod service;
