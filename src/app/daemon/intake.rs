//! The thread of the HTTP source: it takes events and hands them to Kafka, whatever the daemon does meanwhile.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::app::failure::Failure;
use crate::server::{Access, Intake};
use crate::settings::{HttpSource, Settings};
use crate::sink::event_topic::EventTopic;
use crate::source::kafka::Brokers;
use crate::status::HttpSourceHealth;

/// The running source.
pub struct IntakeThread {
    shutdown: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl IntakeThread {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if the web configuration, or what is set for Kafka, cannot be used; [`Failure::Io`] if the configured address
    /// cannot be listened on.
    pub fn start(
        settings: &Settings,
        source: &HttpSource,
        brokers: &Brokers,
        health: Arc<HttpSourceHealth>,
    ) -> Result<Self, Failure> {
        let address = source.server.listen;
        let failed = |error: std::io::Error| Failure::Io(format!("http_source.listen {address}: {error}"));
        let access = Access::open(&source.server).map_err(Failure::configuration)?;
        access.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        let topic = EventTopic::connect(brokers, &source.topic).map_err(Failure::configuration)?;
        let measures = settings.kafka.as_ref().and_then(|kafka| kafka.measure_topics.as_ref());
        let intake = Intake {
            topic,
            health,
            limits: settings.plan.event,
            max_ahead: settings.plan.window.max_ahead,
            takes_measures: measures.is_none_or(|topics| topics.contains(&source.topic)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        tracing::info!(address = %listener.local_addr().map_err(failed)?, topic = source.topic, "events are taken by HTTP");
        let (shutdown, told) = watch::channel(false);
        let thread = std::thread::Builder::new().name("http-source".to_owned()).spawn(move || {
            runtime.block_on(async {
                if let Err(error) = crate::server::take_events(listener, intake, access, told).await {
                    tracing::error!(%error, "the HTTP source has ended");
                }
            });
            // A password may still be checked: nobody waits for the answer.
            runtime.shutdown_background();
        });
        Ok(Self { shutdown, thread: thread.map_err(failed)? })
    }

    /// Answers the open requests and ends.
    pub fn stop(self) {
        // An error means that the source has ended already.
        let _ = self.shutdown.send(true);
        let _ = self.thread.join();
    }
}
