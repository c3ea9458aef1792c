//! HTTP: metrics, health, the evaluation. It reads snapshots and never touches the monitor.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;

use crate::app::Shared;
use crate::event::EventTime;
use crate::sink::metrics;

/// Longest wait for open answers at the end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Serves until told to shut down.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut told = shutdown.clone();
    let server = axum::serve(listener, router(shared)).with_graceful_shutdown(async move {
        // An error says that the sender is gone: an end as well.
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
    Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics_page))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/api/v1/evaluation", get(evaluation))
        .with_state(shared)
}

async fn metrics_page(State(shared): State<Arc<Shared>>) -> Response {
    let text = metrics::render(&shared.snapshot(), shared.series_limit());
    answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}

async fn healthy(State(shared): State<Arc<Shared>>) -> Response {
    condition(shared.snapshot().healthy(), "healthy", &[])
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let snapshot = shared.snapshot();
    condition(snapshot.ready(), "ready", &snapshot.warnings())
}

async fn evaluation(State(shared): State<Arc<Shared>>) -> Response {
    let published = Arc::clone(&shared.snapshot().published);
    if published.as_of() == EventTime::MIN {
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8",
            "nothing was evaluated yet\n".to_owned(),
        );
    }
    answer(StatusCode::OK, "application/json", published.to_json())
}

async fn index() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>paritywatch</title><h1>paritywatch</h1><ul>\
                <li><a href=\"/api/v1/evaluation\">evaluation</a><li><a href=\"/metrics\">metrics</a>\
                <li><a href=\"/-/healthy\">healthy</a><li><a href=\"/-/ready\">ready</a></ul></html>\n";
    answer(StatusCode::OK, "text/html; charset=utf-8", page.to_owned())
}

fn condition(condition: Result<(), String>, word: &str, warnings: &[String]) -> Response {
    let (status, mut text) = match condition {
        Ok(()) => (StatusCode::OK, format!("{word}\n")),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not {word}: {why}\n")),
    };
    text.extend(warnings.iter().map(|warning| format!("warning: {warning}\n")));
    answer(status, "text/plain; charset=utf-8", text)
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body).into_response()
}
