//! Connections: how many there are, how long each may take, and their end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::gate::{Gate, House};
use super::limits::{ACCEPT_PAUSE, HANDSHAKE_LIMIT, HEAD_BYTES, HEADERS, SHUTDOWN_LIMIT};
use super::pace::Pace;
use super::web::Loaded;
use super::wire::Wire;
use crate::status::HttpHealth;

/// A connection that is counted until it is dropped.
struct Counted(Arc<HttpHealth>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// Accepts connections until it is told to stop, and waits a little for the open answers.
pub(super) async fn accept(listener: TcpListener, house: Arc<House>, mut stop: watch::Receiver<bool>) {
    let most = house.access.most_connections;
    house.health.set_limit(most);
    let places = Arc::new(Semaphore::new(most));
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the sender is gone, which ends the server as well.
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => {
                failing = false;
                stream
            }
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                // Once, and not ten times a second.
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "a connection could not be accepted");
                }
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // One too many is closed at once: kept waiting, it would keep whoever comes after it waiting too.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            house.health.turned_away();
            continue;
        };
        house.health.opened();
        let counted = Counted(Arc::clone(&house.health));
        let (house, stop) = (Arc::clone(&house), stop.clone());
        tokio::spawn(async move {
            let _held = (place, counted);
            serve(stream, house, stop).await;
        });
    }
    drop(listener);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    // Those that are still open then are cut off.
    let _ = timeout(SHUTDOWN_LIMIT, places.acquire_many(all)).await;
}

async fn serve(stream: TcpStream, house: Arc<House>, stop: watch::Receiver<bool>) {
    let Ok(local) = stream.local_addr() else { return };
    // Answers are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let loaded = house.access.current();
    let Some(tls) = loaded.tls.clone() else { return answer(stream, local, loaded, house, stop).await };
    match timeout(HANDSHAKE_LIMIT, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => answer(stream, local, loaded, house, stop).await,
        Ok(Err(_)) | Err(_) => house.health.handshake_failed(),
    }
}

/// Answers the requests of a connection, one after the other.
async fn answer<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    local: SocketAddr,
    loaded: Arc<Loaded>,
    house: Arc<House>,
    mut stop: watch::Receiver<bool>,
) {
    let pace = Arc::new(Pace::new());
    let health = Arc::clone(&house.health);
    let wire = Wire::new(stream, Arc::clone(&pace), Arc::clone(&loaded.headers), Arc::clone(&health));
    let gate = Gate { house, pace: Arc::clone(&pace), local, at_start: loaded };
    let mut http = http1::Builder::new();
    // Time is kept by the pace, which knows more of it: idle, head, answer, end.
    http.header_read_timeout(None).max_buf_size(HEAD_BYTES).max_headers(HEADERS).half_close(false);
    let mut connection = pin!(http.serve_connection(TokioIo::new(wire), gate));
    let mut stopping = false;
    loop {
        tokio::select! {
            // A connection that breaks is the client's affair.
            _ = connection.as_mut() => return,
            told = pace.expired() => {
                if told {
                    health.timed_out();
                }
                return;
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Returns whether an error is about the one connection that was to be accepted, and not about this server.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
