//! Prometheus' web-config format: TLS, client certificates, users, headers.

mod certificate;
mod client;
mod file;
mod loaded;
mod problem;
mod tls;
mod users;

pub(super) use certificate::{Left, left};
pub(super) use loaded::{Loaded, load};
pub use problem::WebConfigError;
pub(super) use users::Login;
