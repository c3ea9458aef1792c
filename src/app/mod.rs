//! The program: its command line, a file for each command, and the daemon.

mod accept_gap;
mod arguments;
mod certificates;
mod check_config;
pub mod cli;
mod daemon;
mod demo;
mod export;
mod failure;
mod files;
mod generate;
mod init;
mod inspect;
mod mapped_files;
mod mappings;
mod power;
mod print_config;
mod replay;
mod report;
mod report_files;
mod rotate_key;
mod run;
mod telemetry;
mod threads;
mod unfinished;
mod verify_audit;

pub use daemon::{Changes, Delivery, Keeper};
pub use failure::{Failure, Finished};
