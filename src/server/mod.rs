//! Serves metrics, health, the evaluation and the status page over HTTP, and takes events for Kafka on a listener of its own. It reads the
//! latest view and never touches the monitor.

mod access;
mod answer;
mod binding;
mod connections;
mod events;
mod gate;
mod hosts;
mod limits;
mod pace;
mod reports;
mod site;
mod web;
mod wire;

use std::sync::Arc;

use tokio::sync::watch;

use crate::status::Shared;
use gate::House;

pub use access::{Access, AccessError};
pub use events::Intake;
pub use web::{Left, WebConfigError, certificate_ends, left};

/// Serves until it is told to shut down.
///
/// # Errors
/// The error of the listener.
pub async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    access: Access,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (access, health) = (Arc::new(access), shared.http());
    let router = site::router(shared);
    attend(listener, House { router, takes_bodies: false, access, health }, shutdown).await;
    Ok(())
}

/// Takes events until it is told to shut down.
///
/// # Errors
/// The error of the listener.
pub async fn take_events(
    listener: std::net::TcpListener,
    intake: Intake,
    access: Access,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (access, health) = (Arc::new(access), Arc::clone(&intake.health.connections));
    let router = events::router(Arc::new(intake));
    attend(listener, House { router, takes_bodies: true, access, health }, shutdown).await;
    Ok(())
}

async fn attend(listener: tokio::net::TcpListener, house: House, shutdown: watch::Receiver<bool>) {
    let (access, health) = (Arc::clone(&house.access), Arc::clone(&house.health));
    tokio::select! {
        () = connections::accept(listener, Arc::new(house), shutdown) => {}
        () = access.follow(health) => {}
    }
}
