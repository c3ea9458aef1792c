//! The thread of the HTTP server, which also hears the signals.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::signals::{Signals, listen};
use crate::app::failure::Failure;
use crate::server::Access;
use crate::settings::Settings;
use crate::status::Shared;

/// The running server.
pub struct Web {
    shutdown: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Web {
    /// Starts to listen, and to hear signals.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if the web configuration cannot be used; [`Failure::Io`] if the configured address cannot be listened on.
    pub fn start(settings: &Settings, shared: &Arc<Shared>, signals: &Arc<Signals>) -> Result<Self, Failure> {
        let address = settings.server.listen;
        let failed = |error: std::io::Error| Failure::Io(format!("server.listen {address}: {error}"));
        let access = Access::open(&settings.server).map_err(Failure::configuration)?;
        access.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let (shutdown, told) = watch::channel(false);
        let (shared, signals) = (Arc::clone(shared), Arc::clone(signals));
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(listen(signals));
                if let Err(error) = crate::server::serve(listener, shared, access, told).await {
                    tracing::error!(%error, "the HTTP server has ended");
                }
            });
            // A password may still be checked: nobody waits for the answer.
            runtime.shutdown_background();
        });
        Ok(Self { shutdown, thread: thread.map_err(failed)? })
    }

    /// Answers the open requests and ends.
    pub fn stop(self) {
        // An error means that the server has ended already.
        let _ = self.shutdown.send(true);
        let _ = self.thread.join();
    }
}
