//! The reports that were made: a list, and their files.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{Policy, TEXT, answer, refuse};
use crate::checkpoint::CheckpointError;
use crate::checkpoint::reports::ReportShelf;
use crate::render::{ReportList, page};
use crate::status::Shared;

/// What a report in HTML may do: it has its style and its drawings in itself, and loads and runs nothing.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Types by the end of a name.
const TYPES: [(&str, &str); 4] = [
    (".html", "text/html; charset=utf-8"),
    (".json", "application/json"),
    (".csv", "text/csv; charset=utf-8"),
    (".md", "text/markdown; charset=utf-8"),
];

/// What requests share.
struct Desk {
    shared: Arc<Shared>,
    /// One reading of the disk at a time.
    reading: Arc<Semaphore>,
    /// Files that are on their way, in memory until they are sent.
    sending: Arc<Semaphore>,
}

/// Files that are sent at the same time, at most: each is in memory, and a reader may be slow.
const MAX_SENT: usize = 4;

/// A file in memory, and the right to have it there.
struct Held {
    bytes: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Most that is handed to a connection at once, in bytes: what it has taken it may copy.
const CHUNK_BYTES: usize = 64 << 10;

/// What is left to be sent of a file.
struct Rest(Bytes);

impl HttpBody for Rest {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(CHUNK_BYTES);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(self.0.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// Returns what answers requests about reports.
pub(super) fn router<S: Clone + Send + Sync + 'static>(shared: Arc<Shared>, reading: Arc<Semaphore>) -> Router<S> {
    Router::new()
        .route("/api/v1/reports", get(document))
        .route("/reports/", get(listing))
        .route("/reports/{name}", get(file))
        .with_state(Arc::new(Desk { shared, reading, sending: Arc::new(Semaphore::new(MAX_SENT)) }))
}

async fn document(State(desk): State<Arc<Desk>>) -> Response {
    match list(&desk).await {
        Ok(list) => answer(StatusCode::OK, "application/json", list.to_json()),
        Err(refusal) => refusal,
    }
}

async fn listing(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let request = page::Request::of(uri.query(), accepted);
    let list = match list(&desk).await {
        Ok(list) => list,
        Err(refusal) => return refusal,
    };
    let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", page::render_reports(&list, &request));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(request.language()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// A file of a report, if it is the one whose hash its note has.
async fn file(State(desk): State<Arc<Desk>>, Path(name): Path<String>) -> Response {
    let Ok(permit) = Arc::clone(&desk.sending).try_acquire_owned() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "other files of reports are being sent; try again");
    };
    let end = name.clone();
    let found = read(&desk, move |shelf| shelf.file(&name)).await;
    let bytes = match found {
        Ok(Some(Some(bytes))) => bytes,
        Ok(_) => return refuse(StatusCode::NOT_FOUND, "no report has this file, or it is not what its note says"),
        Err(refusal) => return refusal,
    };
    let body = Body::new(Rest(Bytes::from_owner(Held { bytes, _permit: permit })));
    let known = TYPES.iter().find(|(known, _)| end.ends_with(known));
    let mut response = answer(StatusCode::OK, known.map_or(TEXT, |(_, content_type)| content_type), body);
    response.extensions_mut().insert(Policy(HeaderValue::from_static(REPORT_POLICY)));
    response
}

/// The list; empty where no reports are kept.
async fn list(desk: &Desk) -> Result<ReportList, Response> {
    Ok(read(desk, ReportShelf::list).await?.unwrap_or_default())
}

/// Reads on a thread that may wait for the disk, one request at a time. `None` where no reports are kept.
async fn read<T: Send + 'static>(
    desk: &Desk,
    read: impl FnOnce(&ReportShelf) -> Result<T, CheckpointError> + Send + 'static,
) -> Result<Option<T>, Response> {
    let busy = || refuse(StatusCode::SERVICE_UNAVAILABLE, "the reports cannot be read now");
    let Some(shelf) = desk.shared.reports().cloned() else { return Ok(None) };
    let permit = Arc::clone(&desk.reading).acquire_owned().await.map_err(|_| busy())?;
    let found = tokio::task::spawn_blocking(move || {
        let found = read(&shelf);
        drop(permit);
        found
    });
    match found.await {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(error)) => {
            tracing::error!(%error, "the reports could not be read");
            Err(busy())
        }
        Err(_) => Err(busy()),
    }
}
