//! `POST /v1/events`: CloudEvents over HTTP, in the structured, binary and batch mode of its binding, for producers without a Kafka client.
//!
//! An event is looked at as the daemon will look at it, without any memory, and written to the input topic. The answer comes when Kafka has
//! confirmed it. What counts is read from the topic, as of every other producer.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use serde_json::json;

use super::answer::{answer, refuse};
use super::binding::{Message, Refusal, Trouble, read};
use super::limits::BODY_BYTES;
use crate::event::{Data, Decoded, RawRecord, Reason, Rejection, decode};
use crate::plan::{EventTime, Limits, Span};
use crate::sink::event_topic::{Confirmed, EventTopic, Outgoing};
use crate::status::{HttpSourceHealth, Sent, wall_clock};

/// Most refused events that an answer names.
const NAMED_REFUSALS: usize = 100;
/// When a sender may come again, in seconds.
const RETRY_AFTER: &str = "1";
const JSON: &str = "application/json";

/// What takes events.
pub struct Intake {
    /// Where they go.
    pub topic: EventTopic,
    /// What is counted.
    pub health: Arc<HttpSourceHealth>,
    /// Limits on events.
    pub limits: Limits,
    /// How far an event may be ahead of the clock.
    pub max_ahead: Option<Span>,
    /// Whether measures are taken from the topic.
    pub takes_measures: bool,
}

/// Returns what answers requests.
pub(super) fn router(intake: Arc<Intake>) -> Router {
    let counting = Arc::clone(&intake.health);
    Router::new()
        .route("/v1/events", post(events))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "events are posted to /v1/events") })
        .method_not_allowed_fallback(|| async { refuse(StatusCode::METHOD_NOT_ALLOWED, "this path takes POST") })
        .with_state(intake)
        .layer(axum::middleware::map_response(move |answer: Response| {
            counting.answered(answer.status().as_u16());
            std::future::ready(answer)
        }))
}

async fn events(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = match whole(body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let messages = match read(&head.headers, &body) {
        Ok(messages) => messages,
        Err(Refusal::MediaType(why)) => return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, why),
        Err(Refusal::Events { all, troubles }) => return intake.refused(all, troubles),
    };
    let now = wall_clock();
    let (mut keys, mut troubles) = (Vec::with_capacity(messages.len()), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        match intake.key(message, now) {
            Ok(key) => keys.push(key),
            Err(rejection) => troubles.push(Trouble { index, rejection }),
        }
    }
    if !troubles.is_empty() {
        return intake.refused(messages.len(), troubles);
    }
    intake.store(&messages, &keys, now).await
}

/// Reads a body.
///
/// # Errors
/// Answers that it is too long, or broken off.
async fn whole(body: Body) -> Result<Bytes, Response> {
    let too_long = || refuse(StatusCode::PAYLOAD_TOO_LARGE, "a body has at most 1 MiB: send fewer events at a time");
    if body.size_hint().lower() > BODY_BYTES as u64 {
        return Err(too_long());
    }
    // What else goes wrong is a client that has gone, which hears no answer.
    to_bytes(body, BODY_BYTES).await.map_err(|_| too_long())
}

impl Intake {
    /// Looks at an event as the daemon will, and returns its key: the id of its case, where it has one.
    ///
    /// # Errors
    /// Says why it would be refused.
    fn key(&self, message: &Message<'_>, now: EventTime) -> Result<Option<String>, Rejection> {
        let headers = message.headers();
        let record = RawRecord { payload: message.payload, headers: &headers, timestamp: Some(now) };
        let event = match decode(&record, &self.limits, self.max_ahead)? {
            Decoded::Event(event) => event,
            Decoded::UnknownType => {
                let detail = "type: expected a type of the contract, found another one";
                return Err(Rejection::new(Reason::InvalidValue, detail));
            }
        };
        let case = match event.data {
            Data::Selection(selection) => Some(selection.case_id),
            Data::Control(control) => Some(control.case_id),
            Data::Outcome(outcome) => Some(outcome.case_id),
            Data::Attributes(attributes) => Some(attributes.case_id),
            Data::Complaint(complaint) => complaint.case_id,
            Data::Measure(_) if !self.takes_measures => return Err(Rejection::measure_topic()),
            Data::Tally(_) | Data::Population(_) | Data::Measure(_) => None,
        };
        Ok(case.map(std::borrow::Cow::into_owned))
    }

    /// Answers that nothing was written, and why.
    fn refused(&self, all: usize, troubles: Vec<Trouble>) -> Response {
        self.health.sent(Sent::Refused, all);
        let named: Vec<_> = troubles
            .iter()
            .take(NAMED_REFUSALS)
            .map(|trouble| json!({ "index": trouble.index, "reason": trouble.rejection.reason.name(), "detail": trouble.rejection.detail }))
            .collect();
        let document = json!({ "stored": 0, "refused": troubles.len(), "of": all, "reasons": named });
        answer(StatusCode::BAD_REQUEST, JSON, format!("{document}\n"))
    }

    /// Writes events, and answers when Kafka has told of each.
    async fn store(&self, messages: &[Message<'_>], keys: &[Option<String>], now: EventTime) -> Response {
        let began = Instant::now();
        let headers: Vec<_> = messages.iter().map(Message::headers).collect();
        let parts = messages.iter().zip(&headers).zip(keys);
        let outgoing: Vec<Outgoing<'_>> = parts
            .map(|((message, headers), key)| Outgoing { key: key.as_deref(), value: message.payload, headers })
            .collect();
        let Confirmed { stored, all } = self.topic.store(&outgoing, now).await;
        self.health.sent(Sent::Stored, stored);
        if stored == all {
            self.health.stored_after(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            return answer(StatusCode::OK, JSON, format!("{}\n", json!({ "stored": stored })));
        }
        self.health.sent(Sent::Unconfirmed, all.saturating_sub(stored));
        let what =
            "Kafka has not confirmed all events: send all of them again, with the same ids, and each counts once";
        let document = json!({ "stored": stored, "of": all, "error": what });
        let mut refusal = answer(StatusCode::SERVICE_UNAVAILABLE, JSON, format!("{document}\n"));
        refusal.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        refusal
    }
}
