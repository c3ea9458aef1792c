//! An OAuth token, and how long it holds.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::status::wall_clock;

/// How long a token of a file holds that does not say itself, in milliseconds. The file is read again long before.
const OPAQUE_MS: i64 = 300_000;
/// Shortest time to the next request to an issuer.
const RENEW_AFTER_LEAST: Duration = Duration::from_secs(1);

/// A token. It has no `Debug`: it is a secret.
#[derive(Clone)]
pub(in crate::source::kafka) struct Token {
    /// What is sent to the broker.
    pub text: String,
    /// For whom it is, which only the client library wants to know.
    pub principal: String,
    /// When it expires, in milliseconds since 1970.
    pub expires_ms: i64,
}

/// The part of a JSON web token (RFC 7519) that says how long it holds. Nothing here checks its signature, which is the broker's work.
#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    sub: Option<String>,
}

impl Token {
    /// Reads a token that says itself when it expires, if it is a JSON web token.
    ///
    /// # Errors
    /// Says what is wrong with it, and never repeats it.
    pub fn read(text: &str) -> Result<Self, String> {
        let now = wall_clock().0;
        let token = Self::holding_until(text, None)?;
        if token.expires_ms <= now {
            return Err(format!(
                "expected a token that holds, found one that expired {} s ago",
                (now - token.expires_ms) / 1_000
            ));
        }
        Ok(token)
    }

    /// Reads a token of which the issuer has said for how many seconds it holds.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn issued(text: &str, seconds: Option<f64>) -> Result<Self, String> {
        let until = seconds.map(|seconds| wall_clock().0.saturating_add(millis(seconds)));
        Self::holding_until(text, until)
    }

    /// Returns the time to the request for the next token: this one then has a fifth of its time left.
    pub fn renew_after(&self) -> Duration {
        let left = u64::try_from(self.expires_ms - wall_clock().0).unwrap_or_default();
        (Duration::from_millis(left) * 4 / 5).max(RENEW_AFTER_LEAST)
    }

    fn holding_until(text: &str, until: Option<i64>) -> Result<Self, String> {
        // The alphabet of bearer tokens (RFC 6750).
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err("expected a bearer token in one line, found other characters".to_owned());
        }
        let claims = claims(text);
        let says = claims.as_ref().and_then(|claims| claims.exp).map(millis);
        let expires_ms = until.or(says).unwrap_or_else(|| wall_clock().0.saturating_add(OPAQUE_MS));
        let principal = claims.and_then(|claims| claims.sub).filter(|sub| !sub.contains('\0'));
        Ok(Self { text: text.to_owned(), principal: principal.unwrap_or_else(|| "paritywatch".to_owned()), expires_ms })
    }
}

fn claims(text: &str) -> Option<Claims> {
    let payload = text.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Whole milliseconds; what is no number of seconds is none.
#[allow(clippy::cast_possible_truncation, reason = "a float is cut to the bounds of the integer")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("{}.{}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_says_when_it_expires_and_one_that_has_is_refused() {
        let soon = wall_clock().0 / 1_000 + 100;
        let token = Token::read(&jwt(&format!("{{\"sub\":\"me\",\"exp\":{soon}}}"))).unwrap();
        assert_eq!((token.principal.as_str(), token.expires_ms), ("me", soon * 1_000));
        let wait = token.renew_after();
        assert!(wait > Duration::from_secs(75) && wait <= Duration::from_secs(80), "{wait:?}");
        let problem = Token::read(&jwt("{\"exp\":1.5}")).err().unwrap();
        assert!(problem.contains("expired"), "{problem}");
    }

    #[test]
    fn a_token_that_says_nothing_holds_as_long_as_the_issuer_says() {
        let token = Token::issued("opaque", Some(10.0)).unwrap();
        let left = token.expires_ms - wall_clock().0;
        assert!((5_000..=10_000).contains(&left), "{left}");
        assert!(Token::issued("opaque", Some(f64::NAN)).is_ok() && Token::read("opaque").is_ok());
        let problem = Token::read("hunter 2").err().unwrap();
        assert!(!problem.contains("hunter"), "{problem}");
    }
}
