//! Answers: the headers that all of them have, and the texts of those that refuse.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Browsers may run nothing, show the page in no frame, and send nothing anywhere. They load only the page's own style sheet and icon.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What an answer in words is.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// What a document may do that brings its own style with it: it goes with the answer, and takes the place of the policy of all others.
#[derive(Clone, Debug)]
pub(super) struct Policy(pub HeaderValue);

/// The headers of every answer.
#[derive(Clone, Debug)]
pub(super) struct SecurityHeaders {
    headers: HeaderMap,
    /// Whether the operator has chosen the policy, for every answer.
    has_chosen_policy: bool,
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        let headers = [
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        Self { headers, has_chosen_policy: false }
    }
}

impl SecurityHeaders {
    /// Sets a header that the operator has chosen.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.has_chosen_policy |= name == header::CONTENT_SECURITY_POLICY;
        self.headers.insert(name, value);
    }

    /// Sets them on an answer. One of its own policy keeps that, unless the operator has chosen another one.
    pub fn apply(&self, answer: &mut Response) {
        let policy = answer.extensions_mut().remove::<Policy>();
        let headers = answer.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(Policy(policy)) = policy.filter(|_| !self.has_chosen_policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }

    /// Returns a whole answer in HTTP/1.1, after which the connection ends.
    pub fn refusal(&self, status: StatusCode) -> Vec<u8> {
        let body = format!("{status}\n");
        let mut answer = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in &self.headers {
            answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        let rest = format!("content-type: {TEXT}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        answer.extend(rest.into_bytes());
        answer
    }
}

/// Answers with a document.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body.into()).into_response()
}

/// Answers with a line that says what is wrong. It repeats nothing of the request.
pub(super) fn refuse(status: StatusCode, why: &str) -> Response {
    answer(status, TEXT, format!("{status}: {why}\n"))
}
