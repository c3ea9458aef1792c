//! The status page: one moment of the daemon for people, in Dutch or English, without script.
//!
//! All numbers of findings, alerts and the funnel come from [`crate::disclosure::Published`]. The templates escape every text of the
//! configuration. Each list has a limit; the page says how much a list leaves out.

mod alerts;
pub(super) mod chart;
mod duties;
mod duty_text;
pub(super) mod findings;
mod format;
mod funnel;
mod handled;
mod health;
mod layout;
pub(crate) mod mark;
mod measure_text;
mod measures;
pub(super) mod moment;
mod overview;
pub(super) mod past;
mod past_text;
pub(super) mod plot;
mod reasons;
mod reports;
mod request;
pub(super) mod text;
mod unlisted;

pub use layout::render;
pub use past::render_past;
pub use reports::render_reports;
pub use request::{Past, Request};

/// The style sheet, served beside the page.
pub const STYLE: &str = include_str!("style.css");
/// The icon, an SVG image.
pub const ICON: &str = include_str!("icon.svg");
