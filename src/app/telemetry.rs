//! Structured logs: JSON lines on standard error. They never hold a case id, a person or a payload.

use tracing_subscriber::EnvFilter;

/// Starts logging at the level that `PARITYWATCH_LOG` names (default `info`). A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env("PARITYWATCH_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Fails only if logging has started already.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
