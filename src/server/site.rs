//! What is served: metrics, health, the evaluation and the status page, all from the latest view.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;

use super::answer::{TEXT, answer, refuse};
use super::reports;
use crate::disclosure::Published;
use crate::plan::{EventTime, Span};
use crate::render::{Render, Series, health_json, page};
use crate::sink::metrics;
use crate::status::{Shared, lock, wall_clock};

/// Points of a finding's past, at most.
const MAX_POINTS: usize = 400;

/// What requests share: the latest view, and the documents that were made of it.
struct Site {
    shared: Arc<Shared>,
    metrics: metrics::Pages,
    evaluation: Document,
    alerts: Document,
    /// One reading of the history, or of reports, at a time: it may take many files.
    reading: Arc<Semaphore>,
}

/// A document about an evaluation. It is written at the first request after the evaluation, and kept until the next one.
struct Document {
    write: fn(&Published) -> String,
    /// The evaluation is held, so that no other one can be at the same place in memory.
    last: Mutex<Option<(Arc<Published>, Bytes)>>,
}

impl Document {
    const fn new(write: fn(&Published) -> String) -> Self {
        Self { write, last: Mutex::new(None) }
    }

    /// Returns the document about this evaluation. Only other requests for it wait meanwhile.
    fn of(&self, published: &Arc<Published>) -> Bytes {
        let mut last = lock(&self.last);
        if let Some((known, document)) = last.as_ref()
            && Arc::ptr_eq(known, published)
        {
            return document.clone();
        }
        let document = Bytes::from((self.write)(published));
        *last = Some((Arc::clone(published), document.clone()));
        document
    }
}

/// Returns what answers requests.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let reading = Arc::new(Semaphore::new(1));
    let reports = reports::router(Arc::clone(&shared), Arc::clone(&reading));
    let site = Site {
        shared,
        metrics: metrics::Pages::default(),
        evaluation: Document::new(Published::to_json),
        alerts: Document::new(Published::alerts_json),
        reading,
    };
    Router::new()
        .route("/", get(status_page))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .route("/metrics", get(metrics_page))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/api/v1/evaluation", get(evaluation))
        .route("/api/v1/alerts", get(alerts))
        .route("/api/v1/health", get(health_document))
        .route("/api/v1/history", get(past_document))
        .route("/history", get(past_page))
        .merge(reports)
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "nothing is served at this path") })
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this path answers GET and HEAD")
        })
        .with_state(Arc::new(site))
}

async fn metrics_page(State(site): State<Arc<Site>>) -> Response {
    let text = site.metrics.render(&site.shared.latest(), site.shared.series_limit());
    answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}

async fn healthy(State(site): State<Arc<Site>>) -> Response {
    condition(site.shared.latest().healthy(), "healthy", &[])
}

async fn ready(State(site): State<Arc<Site>>) -> Response {
    let view = site.shared.latest();
    condition(view.ready(), "ready", &view.warnings())
}

async fn evaluation(State(site): State<Arc<Site>>) -> Response {
    evaluated(&site.shared, &site.evaluation)
}

async fn alerts(State(site): State<Arc<Site>>) -> Response {
    evaluated(&site.shared, &site.alerts)
}

/// Answers with a document; before the first evaluation there is none.
fn evaluated(shared: &Shared, document: &Document) -> Response {
    let published = Arc::clone(&shared.latest().published);
    if published.as_of() == EventTime::MIN {
        return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "nothing was evaluated yet\n".to_owned());
    }
    answer(StatusCode::OK, "application/json", document.of(&published))
}

async fn health_document(State(site): State<Arc<Site>>) -> Response {
    let view = site.shared.latest();
    answer(StatusCode::OK, "application/json", health_json(&view.vitals(), view.published.config_hash()))
}

async fn status_page(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let request = page::Request::of(uri.query(), accepted);
    let view = site.shared.latest();
    let body = page::render(&view.published, &view.vitals(), &request, wall_clock());
    let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(request.language()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    if let Some(seconds) = request.refresh() {
        headers.insert(header::REFRESH, HeaderValue::from(seconds));
    }
    response
}

async fn past_document(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let asked = page::Past::of(uri.query());
    match past(&site, asked).await {
        Ok((series, _)) => answer(StatusCode::OK, "application/json", series.to_json()),
        Err((status, why)) => refuse(status, why),
    }
}

async fn past_page(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let request = page::Request::of(uri.query(), accepted);
    let (series, asked) = match past(&site, page::Past::of(uri.query())).await {
        Ok(found) => found,
        Err((status, why)) => return refuse(status, why),
    };
    let body = page::render_past(&series, &asked, &request);
    let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(request.language()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Reads the past of the finding that is asked for, on a thread that may wait for the disk.
///
/// # Errors
/// The status and the words of a refusal.
async fn past(site: &Site, asked: Option<page::Past>) -> Result<(Series, page::Past), (StatusCode, &'static str)> {
    let Some(asked) = asked else {
        let expected = "expected finding=, with its place on the status page, and days= from 1 to 10000";
        return Err((StatusCode::BAD_REQUEST, expected));
    };
    let Some(reader) = site.shared.history().cloned() else {
        return Err((StatusCode::NOT_FOUND, "no history is written here"));
    };
    let busy = (StatusCode::SERVICE_UNAVAILABLE, "the history cannot be read now");
    let release_every = site.shared.latest().history.release_every.unwrap_or(Span::HOUR);
    let permit = Arc::clone(&site.reading).acquire_owned().await.map_err(|_| busy)?;
    let read = tokio::task::spawn_blocking(move || {
        let series = reader.series(&asked.anchor, asked.days, MAX_POINTS, release_every);
        drop(permit);
        (series, asked)
    });
    match read.await {
        Ok((Ok(series), asked)) => Ok((series, asked)),
        Ok((Err(error), _)) => {
            tracing::error!(%error, "the history could not be read");
            Err(busy)
        }
        Err(_) => Err(busy),
    }
}

async fn style() -> Response {
    answer(StatusCode::OK, "text/css; charset=utf-8", page::STYLE.to_owned())
}

async fn icon() -> Response {
    answer(StatusCode::OK, "image/svg+xml", page::ICON.to_owned())
}

fn condition(condition: Result<(), String>, word: &str, warnings: &[String]) -> Response {
    let (status, mut text) = match condition {
        Ok(()) => (StatusCode::OK, format!("{word}\n")),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not {word}: {why}\n")),
    };
    text.extend(warnings.iter().map(|warning| format!("warning: {warning}\n")));
    answer(status, TEXT, text)
}
