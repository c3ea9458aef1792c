#![doc = include_str!("ARCHITECTURE.md")]

pub mod event;

pub mod ledger;

pub mod window;

pub mod statistics;

pub mod disparity;

pub mod alert;

pub mod disclosure;

pub mod monitor;

pub mod outbox;

// ---- below this line: I/O ----

pub mod scenario;

pub mod source;

pub mod sink;

pub mod checkpoint;

pub mod server;

pub mod settings;

pub mod app;

pub mod cli;

pub mod telemetry;
