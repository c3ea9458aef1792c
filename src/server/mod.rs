//! Serves metrics, health, the evaluation and the status page over HTTP. It reads the latest view and never touches the monitor.

mod access;
mod answer;
mod connections;
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
    let house = House { router: site::router(shared), access: Arc::clone(&access), health: Arc::clone(&health) };
    tokio::select! {
        () = connections::accept(listener, Arc::new(house), shutdown) => {}
        () = access.follow(health) => {}
    }
    Ok(())
}
