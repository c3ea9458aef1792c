//! A connection as the HTTP library sees it. It tells the pace, reads nothing while the client takes no answer, dresses the library's own
//! refusals in our headers, and lets the client read the last answer before the connection is gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::answer::SecurityHeaders;
use super::limits::LINGER_BYTES;
use super::pace::Pace;
use crate::status::{HttpHealth, Refused};

/// How much is read and thrown away at a time, in bytes.
const LINGER_CHUNK_BYTES: usize = 8 << 10;

/// A connection, plain or by TLS.
pub(super) struct Wire<S> {
    stream: S,
    pace: Arc<Pace>,
    headers: Arc<SecurityHeaders>,
    health: Arc<HttpHealth>,
    /// The client takes no more at the moment.
    blocked: bool,
    /// A read waits for that to end.
    held: bool,
    refusal: Option<Rest>,
    closing: Closing,
}

/// What is left to write of an answer.
struct Rest {
    bytes: Vec<u8>,
    written: usize,
}

/// How far the end of the connection is.
enum Closing {
    No,
    /// Our side has ended; so many more bytes of the client's are thrown away.
    Lingers(usize),
}

impl<S> Wire<S> {
    /// Wraps a connection.
    pub fn new(stream: S, pace: Arc<Pace>, headers: Arc<SecurityHeaders>, health: Arc<HttpHealth>) -> Self {
        Self { stream, pace, headers, health, blocked: false, held: false, refusal: None, closing: Closing::No }
    }

    /// Notes whether the client takes what is written, and lets a read that has waited for it go on.
    fn took<T>(&mut self, context: &Context<'_>, written: Poll<T>) -> Poll<T> {
        self.blocked = written.is_pending();
        if !self.blocked && std::mem::take(&mut self.held) {
            context.waker().wake_by_ref();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.blocked {
            // The write that is blocked wakes this task, and then this read.
            self.held = true;
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.pace.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + AsyncRead + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if wire.refusal.is_none() && !wire.pace.is_answering() {
            // The library has read something that is no request, or beyond a limit.
            wire.health.refused(Refused::Malformed);
            wire.refusal = Some(Rest { bytes: wire.headers.refusal(status(bytes)), written: 0 });
        }
        let Some(rest) = &mut wire.refusal else {
            let written = Pin::new(&mut wire.stream).poll_write(context, bytes);
            return wire.took(context, written);
        };
        while let Some(left) = rest.bytes.get(rest.written..).filter(|left| !left.is_empty()) {
            match ready!(Pin::new(&mut wire.stream).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => rest.written += written,
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let flushed = Pin::new(&mut wire.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            wire.pace.flushed();
        }
        wire.took(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if matches!(wire.closing, Closing::No) {
            wire.pace.closing();
            ready!(Pin::new(&mut wire.stream).poll_shutdown(context))?;
            wire.closing = Closing::Lingers(LINGER_BYTES);
        }
        // Closed with bytes unread, the connection would be reset, and the client would lose the answer.
        let mut chunk = [0; LINGER_CHUNK_BYTES];
        while let Closing::Lingers(left) = &mut wire.closing {
            let mut buffer = ReadBuf::new(&mut chunk);
            let read = ready!(Pin::new(&mut wire.stream).poll_read(context, &mut buffer));
            let length = buffer.filled().len();
            if read.is_err() || length == 0 || length >= *left {
                break;
            }
            *left -= length;
        }
        Poll::Ready(Ok(()))
    }
}

/// Returns the status of an answer that the library has made.
fn status(answer: &[u8]) -> StatusCode {
    // "HTTP/1.1 431 ..."
    answer.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok()).unwrap_or(StatusCode::BAD_REQUEST)
}
