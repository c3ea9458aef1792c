//! Serves metrics, health, the evaluation and the status page over HTTP. It reads the latest view and never touches the monitor.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;

use crate::disclosure::Published;
use crate::plan::EventTime;
use crate::render::{Render, health_json, page};
use crate::sink::metrics;
use crate::status::{Shared, lock, wall_clock};

/// Longest wait at the end for open answers.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Browsers may run nothing, show the page in no frame, and send nothing anywhere. They load only the page's own style sheet and icon.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What requests share: the latest view, and the documents that were made of it.
struct Site {
    shared: Arc<Shared>,
    metrics: metrics::Pages,
    evaluation: Document,
    alerts: Document,
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

/// Serves until it is told to shut down.
///
/// # Errors
/// The error of the listener.
pub async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut told = shutdown.clone();
    let server = axum::serve(listener, router(shared)).with_graceful_shutdown(async move {
        // An error means that the sender is gone, which ends the server as well.
        let _ = told.wait_for(|stop| *stop).await;
    });
    tokio::select! {
        result = server => result,
        () = async {
            let _ = shutdown.wait_for(|stop| *stop).await;
            tokio::time::sleep(SHUTDOWN_LIMIT).await;
        } => Ok(()),
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let site = Site {
        shared,
        metrics: metrics::Pages::default(),
        evaluation: Document::new(Published::to_json),
        alerts: Document::new(Published::alerts_json),
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
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8",
            "nothing was evaluated yet\n".to_owned(),
        );
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
    answer(status, "text/plain; charset=utf-8", text)
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (status, headers, body.into()).into_response()
}
