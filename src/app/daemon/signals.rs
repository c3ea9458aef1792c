//! What the signals of the system have asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// Flags that the signals set and the daemon reads.
#[derive(Debug, Default)]
pub struct Signals {
    stop: AtomicBool,
    reload: AtomicBool,
}

impl Signals {
    /// Asks the daemon to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the daemon is to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether the configuration is to be read again. True once for each request.
    #[must_use]
    pub fn take_reload(&self) -> bool {
        self.reload.swap(false, Ordering::Relaxed)
    }
}

/// Listens until SIGTERM or SIGINT asks the daemon to stop; SIGHUP asks for a reload.
pub(super) async fn listen(signals: Arc<Signals>) {
    let kinds = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = kinds else {
        tracing::error!("signals cannot be received");
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => signals.reload.store(true, Ordering::Relaxed),
        }
    }
    tracing::info!("stopping");
    signals.stop();
}
