//! Gives a running client another password or token.

use std::ffi::{CStr, CString};
use std::ptr::{NonNull, null_mut};

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::IsError;
use rdkafka_sys::bindings as native;

/// Bytes for the text of an error.
const ERROR_BYTES: usize = 512;

/// Sets what the client logs in with by PLAIN or SCRAM. Connections that are open stay open; new ones use it.
///
/// # Errors
/// The client's words, if it does not take them.
pub fn set_password<C: ClientContext>(client: &Client<C>, user: &str, password: &str) -> Result<(), String> {
    let (user, password) = (text(user)?, text(password)?);
    // SAFETY: the client is alive, and both texts end with a zero. librdkafka copies them.
    let error = unsafe { native::rd_kafka_sasl_set_credentials(client.native_ptr(), user.as_ptr(), password.as_ptr()) };
    let Some(error) = NonNull::new(error) else { return Ok(()) };
    // SAFETY: the error is alive.
    let words = unsafe { native::rd_kafka_error_string(error.as_ptr()) };
    // SAFETY: the text ends with a zero and lives as long as the error.
    let words = unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned();
    // SAFETY: the error was given to us and is used no more.
    unsafe { native::rd_kafka_error_destroy(error.as_ptr()) };
    Err(words)
}

/// Sets the token that the client logs in with by OAUTHBEARER, which expires at `expires_ms` (milliseconds since 1970).
///
/// # Errors
/// The client's words, if it does not take it.
pub fn set_token<C: ClientContext>(
    client: &Client<C>,
    token: &str,
    principal: &str,
    expires_ms: i64,
) -> Result<(), String> {
    let (token, principal) = (text(token)?, text(principal)?);
    let mut words = [0; ERROR_BYTES];
    // SAFETY: the client is alive, and both texts end with a zero; librdkafka copies them. There are no extensions. The
    // buffer has the size that is given, and what is written to it ends with a zero.
    let code = unsafe {
        native::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            token.as_ptr(),
            expires_ms,
            principal.as_ptr(),
            null_mut(),
            0,
            words.as_mut_ptr(),
            words.len(),
        )
    };
    if !code.is_error() {
        return Ok(());
    }
    // SAFETY: the buffer is alive and ends with a zero: it was filled with zeros, and librdkafka ends what it writes.
    Err(unsafe { CStr::from_ptr(words.as_ptr()) }.to_string_lossy().into_owned())
}

fn text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| "expected a text without a zero byte, found one".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    fn client(mechanism: &str) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("security.protocol", "sasl_plaintext").set("sasl.mechanism", mechanism);
        if mechanism == "PLAIN" {
            config.set("sasl.username", "u").set("sasl.password", "p");
        }
        config.create().unwrap()
    }

    #[test]
    fn a_password_and_a_token_are_taken_where_they_fit() {
        let plain = client("PLAIN");
        assert_eq!(set_password(plain.client(), "user", "other"), Ok(()));
        assert!(set_password(plain.client(), "us\0er", "other").unwrap_err().contains("zero byte"));
        assert!(!set_token(plain.client(), "abc", "me", i64::MAX).unwrap_err().is_empty());
        let bearer = client("OAUTHBEARER");
        assert_eq!(set_token(bearer.client(), "abc", "me", 4_000_000_000_000), Ok(()));
        assert!(set_token(bearer.client(), "abc", "me", 1).unwrap_err().contains("expired"));
    }
}
