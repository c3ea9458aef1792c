//! Tests on real Apache Kafka. Those that need it are run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "../support/mod.rs"]
mod support;

mod canaries;
mod dashboards;
mod dashboards_support;
mod end_to_end;
mod formats;
mod kafka_acls;
mod kafka_audit;
mod kafka_delivery;
mod kafka_first_look;
mod kafka_harness;
mod kafka_http_source;
mod kafka_in_place;
mod kafka_inspect;
mod kafka_kept;
mod kafka_machine;
mod kafka_mapping;
mod kafka_renewed;
mod kafka_rotation;
mod kafka_run;
mod kafka_schemas;
mod kafka_security;
mod kafka_security_support;
mod kafka_state;
mod kafka_surprises;
mod kafka_transactions;
