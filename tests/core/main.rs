//! Tests without a server: the core, settings, documents, files of the state, the program run on files, and the laws of the house.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "../support/mod.rs"]
mod support;

mod alert_book;
mod any_order;
mod architecture;
mod batches;
mod bounds;
mod cases;
mod checkpoint;
mod clocks;
mod contract;
mod contract_support;
mod coverage;
mod derived;
mod duty_scenarios;
mod evaluation;
mod everyone;
mod evidence;
mod formats;
mod funnel;
mod fuzz;
mod golden;
mod inputs;
mod interleaving;
mod late_by_feed;
mod ledger_oracle;
mod letting_go;
mod losses;
mod membership_wait;
mod mismatched;
mod outbox;
mod plain_path;
mod probabilistic;
mod proxy;
mod published;
mod rule_forms;
mod rule_numbers;
mod rule_properties;
mod rule_stages;
mod sealing;
mod sequence;
mod settings;
mod settings_keys;
mod settings_kinds;
mod settings_layers;
mod simulation;
mod statistics;
mod unchanged;
mod unlisted;
mod versions;
