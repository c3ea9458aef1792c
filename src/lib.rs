#![doc = include_str!("ARCHITECTURE.md")]

pub mod plan;

pub mod event;

pub mod ledger;

pub mod window;

pub mod statistics;

pub mod evidence;

pub mod judge;

/// Until the rooms below have moved.
pub mod disparity {
    pub use crate::evidence::*;
    pub use crate::judge::*;
    pub use crate::plan::*;
}

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
