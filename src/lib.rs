#![doc = include_str!("ARCHITECTURE.md")]

pub mod statistics;

pub mod plan;

pub mod event;
pub mod mapping;

pub mod ledger;

pub mod window;

pub mod evidence;

pub mod judge;

pub mod alert;

pub mod disclosure;

pub mod outbox;

pub mod monitor;

pub mod scenario;

// ---- below this line: I/O ----

pub mod settings;

pub mod render;

pub mod checkpoint;

pub mod status;

pub mod source;

pub mod sink;

pub mod server;

pub mod report;

pub mod inspect;

pub mod app;
