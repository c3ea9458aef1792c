//! One request: whether it is answered, and what every answer has.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode, Version, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::access::Access;
use super::answer::refuse;
use super::hosts::Stranger;
use super::limits::TARGET_BYTES;
use super::pace::Pace;
use super::web::{Loaded, Login};
use crate::status::{HttpHealth, Refused};

/// What a client that has not logged in is asked for.
const CHALLENGE: &str = "Basic realm=\"paritywatch\", charset=\"UTF-8\"";

/// What all connections share.
pub(super) struct House {
    pub router: Router,
    /// Whether what answers reads the bodies of requests. Elsewhere a request has none.
    pub takes_bodies: bool,
    pub access: Arc<Access>,
    pub health: Arc<HttpHealth>,
}

/// What answers the requests of one connection.
pub(super) struct Gate {
    pub house: Arc<House>,
    pub pace: Arc<Pace>,
    /// The address that the connection came to.
    pub local: SocketAddr,
    /// What was in force when it came.
    pub at_start: Arc<Loaded>,
}

/// The body of an answer, which tells when the connection has taken all of it.
pub(super) struct Told {
    body: Body,
    _end: End,
}

struct End(Arc<Pace>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.taken();
    }
}

impl Service<Request<Incoming>> for Gate {
    type Response = Response<Told>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.pace.begun();
        let end = End(Arc::clone(&self.pace));
        let (house, local, at_start) = (Arc::clone(&self.house), self.local, Arc::clone(&self.at_start));
        Box::pin(async move {
            let access = house.access.current();
            let has_body = !request.body().is_end_stream();
            let mut answer = if access.asked == at_start.asked {
                match house.admit(&access, &request, local, at_start.tls.is_some()).await {
                    Err(refusal) => refusal,
                    Ok(()) => house.route(request).await,
                }
            } else {
                // What was shown when the connection came may no longer be enough.
                house.health.refused(Refused::Login);
                refuse(StatusCode::MISDIRECTED_REQUEST, "what TLS asks for has changed: connect again")
            };
            access.headers.apply(&mut answer);
            let status = answer.status();
            let headers = answer.headers_mut();
            // A body that nobody has read is not waited for, and what has come to be forbidden lives on in no connection.
            let is_unread = has_body && !(house.takes_bodies && status.is_success());
            if is_unread || !Arc::ptr_eq(&access, &at_start) {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer.map(|body| Told { body, _end: end }))
        })
    }
}

impl House {
    async fn route(&self, request: Request<Incoming>) -> Response<Body> {
        let request = request.map(|body| if self.takes_bodies { Body::new(body) } else { Body::empty() });
        match TowerToHyperService::new(self.router.clone()).call(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// Returns whether a request is answered; if not, what is said instead. Whether there is such a page is told only to who may see it.
    async fn admit(
        &self,
        access: &Loaded,
        request: &Request<Incoming>,
        local: SocketAddr,
        tls: bool,
    ) -> Result<(), Response<Body>> {
        let refused = |why: Refused, status, text| {
            self.health.refused(why);
            refuse(status, text)
        };
        if request.version() < Version::HTTP_10 || request.version() > Version::HTTP_11 {
            let text = "HTTP/1.1 is served";
            return Err(refused(Refused::Malformed, StatusCode::HTTP_VERSION_NOT_SUPPORTED, text));
        }
        self.access.hosts.check(request.uri(), request.headers(), local, tls).map_err(|stranger| match stranger {
            Stranger::Malformed => refused(Refused::Malformed, StatusCode::BAD_REQUEST, "one Host is expected"),
            Stranger::Other => {
                let text = "this host is not served here (external_url and hosts of the listener's section)";
                refused(Refused::Host, StatusCode::MISDIRECTED_REQUEST, text)
            }
        })?;
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        if target > TARGET_BYTES {
            return Err(refused(Refused::Malformed, StatusCode::URI_TOO_LONG, "the path and query are too long"));
        }
        if let Some(users) = &access.users {
            let admitted = match login(request.headers().get(header::AUTHORIZATION)) {
                Some(login) => users.admit(login).await,
                None => false,
            };
            if !admitted {
                let mut answer = refused(Refused::Login, StatusCode::UNAUTHORIZED, "a user and a password are needed");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
                return Err(answer);
            }
        }
        if !self.takes_bodies && !request.body().is_end_stream() {
            return Err(refused(Refused::Malformed, StatusCode::PAYLOAD_TOO_LARGE, "a request has no body here"));
        }
        Ok(())
    }
}

/// Reads the name and password of a request; `None` where there are none that can be read.
fn login(given: Option<&HeaderValue>) -> Option<Login> {
    let (scheme, encoded) = given?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let mut parts = decoded.splitn(2, |byte| *byte == b':');
    let (user, password) = (parts.next()?, parts.next()?);
    Some(Login { user: String::from_utf8(user.to_vec()).ok()?, password: password.to_vec() })
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
