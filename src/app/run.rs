//! `run`: the daemon.

use std::sync::Arc;

use super::arguments::{ConfigArgument, check_files, load};
use super::certificates;
use super::daemon::{Daemon, Reload, Signals, StateLock, Supervisor, Web};
use super::failure::{Failure, Finished};
use super::telemetry;
use crate::server::Access;

/// Runs until SIGTERM or SIGINT. SIGHUP reads the configuration again.
///
/// # Errors
/// [`Failure::Configuration`] if the configuration is wrong or has no `[kafka]`, or others may read a secret; [`Failure::Io`] if the state folder,
/// a file or the address cannot be used.
pub fn run(arguments: &ConfigArgument) -> Result<Finished, Failure> {
    telemetry::start();
    let file = &arguments.config;
    let settings = load(file)?;
    let Some(kafka) = &settings.kafka else {
        return Err(Failure::Configuration(
            "expected a section [kafka] with brokers and topics, found none".to_owned(),
        ));
    };
    check_files(&settings)?;
    certificates::remarks(&settings).iter().for_each(|remark| tracing::warn!("{remark}"));
    // A wrong one is told before anything is claimed. It is read again when HTTP is served.
    for server in settings.listeners() {
        Access::open(server).map_err(Failure::configuration)?;
    }
    let mut supervisor = Supervisor::start();
    let lock = StateLock::wait(&settings, &mut supervisor)?;
    let signals = Arc::new(Signals::default());
    let mut daemon = Daemon::start(&settings, kafka, &lock.owner, Arc::clone(&signals))?;
    daemon.supervise(supervisor, Reload { file: file.clone(), at_start: settings.clone() });
    let shared = Arc::clone(&daemon.shared);
    let web = Web::start(&settings, &shared, &signals)?;
    let intake = daemon.take_events(&settings)?;
    let ended = daemon.run();
    // What is stored now is counted at the next start.
    if let Some(intake) = intake {
        intake.stop();
    }
    web.stop();
    tracing::info!("stopped");
    ended.map(|()| Finished::Ok)
}
