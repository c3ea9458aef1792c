//! Prometheus metrics. Each metric is a row of a table: its descriptor, and how its samples are taken from a view of the daemon.
//!
//! A value that is unknown or withheld has no sample.

mod alerts;
mod audit;
mod consumer;
mod delivery;
mod duties;
mod evidence;
mod family;
mod findings;
mod funnel;
mod handled;
mod history;
mod http;
mod http_source;
mod labels;
mod lateness;
mod live;
mod mapping;
mod metric;
mod monitor;
mod operation;
mod page;
mod probabilistic;
mod scrape;

pub use page::{Pages, render};
