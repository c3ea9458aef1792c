//! Pushes alerts to an Alertmanager by its v2 API.
//!
//! An Alertmanager knows states, not transitions. An alert that fires is sent again and again, and ends by itself when it no longer is.

mod alerts;
mod annotations;
mod document;
mod push;

pub use alerts::{ApiAlert, MAX_ALERTS_PER_REQUEST};
pub use push::Alertmanager;
