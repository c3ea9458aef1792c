//! The limits of the HTTP server: what one client can take, and what is left for others and for the state.

use std::time::Duration;

use rustix::process::{Resource, getrlimit};

/// Longest time for a TLS handshake.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Longest time for the head of a request: from the connection's begin, or from the head's first byte, to its end.
pub const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Longest time from the head of a request to the last byte of its answer, its body included.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Longest time between two requests of a connection. Scrapes come more often, and keep theirs.
pub const IDLE_LIMIT: Duration = Duration::from_secs(75);
/// Longest time for a client to close a connection that the server has ended.
pub const LINGER_LIMIT: Duration = Duration::from_secs(2);
/// Most bytes that are read, and thrown away, from a connection that the server has ended.
pub const LINGER_BYTES: usize = 256 << 10;
/// Largest head of a request, in bytes. It is also all that is read ahead of requests sent without waiting for answers.
pub const HEAD_BYTES: usize = 16 << 10;
/// Most headers of a request.
pub const HEADERS: usize = 64;
/// Largest body of a request that brings events, in bytes. Each connection may hold one.
pub const BODY_BYTES: usize = 1 << 20;
/// Most events of a request.
pub const EVENTS: usize = 10_000;
/// Longest path and query of a request, in bytes.
pub const TARGET_BYTES: usize = 4 << 10;
/// How often the files of the web configuration are looked at.
pub const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// Pause after a connection could not be accepted, such as for want of descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait at the end for open answers.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Descriptors that connections leave to the state, to Kafka (three clients, and a few descriptors for each broker) and to receivers.
const RESERVED_DESCRIPTORS: u64 = 192;
/// Connections that are served however few descriptors there are.
const FEWEST_CONNECTIONS: u64 = 8;

/// Returns the most connections at a time: as configured, but never those descriptors that the rest of the daemon needs.
#[must_use]
pub fn connections(configured: usize) -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    within(configured, descriptors)
}

fn within(configured: usize, descriptors: u64) -> usize {
    let free = descriptors.saturating_sub(RESERVED_DESCRIPTORS).max(FEWEST_CONNECTIONS);
    usize::try_from(free).map_or(configured, |free| configured.min(free))
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn connections_leave_descriptors_to_the_rest_of_the_daemon() {
        assert_eq!(within(256, 16_384), 256);
        assert_eq!(within(256, u64::MAX), 256);
        assert_eq!(within(256, 256), 64);
        assert_eq!(within(256, 100), 8);
        assert_eq!(within(2, 100), 2);
    }
}
