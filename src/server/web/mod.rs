//! Prometheus' web-config format: TLS, client certificates, users, headers.

mod certificate;
mod client;
mod file;
mod loaded;
mod problem;
mod tls;
mod users;

pub use certificate::{Left, ends as certificate_ends, left};
pub(super) use loaded::{Loaded, load};
pub use problem::WebConfigError;
pub(super) use users::Login;
