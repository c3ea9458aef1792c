//! The status page: one moment of the daemon for people, in Dutch or English, without script.
//!
//! All numbers of findings, alerts and the funnel come from [`crate::disclosure::Published`]. The templates escape every text of the
//! configuration. Each list has a limit; the page says how much a list leaves out.

mod alerts;
mod duties;
mod findings;
mod format;
mod funnel;
mod health;
mod layout;
mod mark;
mod overview;
mod plot;
mod reasons;
mod request;
mod text;
mod unlisted;

pub use layout::render;
pub use request::Request;

/// The style sheet, served beside the page.
pub const STYLE: &str = include_str!("style.css");
/// The icon, an SVG image.
pub const ICON: &str = include_str!("icon.svg");
