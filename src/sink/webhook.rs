//! Posts messages about alerts to a webhook, in order, and signs them if there is a secret.

use ring::hmac;

use super::http::{Client, Trouble};
use crate::outbox::Message;
use crate::plan::EventTime;
use crate::settings::Address;

/// One webhook.
pub struct Webhook {
    client: Client,
    url: String,
    secret: Option<hmac::Key>,
}

impl Webhook {
    /// A webhook with this address; `secret` is the key of the signature.
    #[must_use]
    pub fn new(client: Client, address: &Address, secret: Option<&[u8]>) -> Self {
        let secret = secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret));
        Self { client, url: address.url().to_owned(), secret }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`Trouble`]; the receiver may have taken the message all the same.
    pub fn send(&self, message: &Message, now: EventTime) -> Result<(), Trouble> {
        let (id, timestamp) = (message.id(), (now.0 / 1_000).to_string());
        let body = message.document.as_bytes();
        let signature = self.secret.as_ref().map(|secret| signature(secret, &timestamp, body));
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("X-Paritywatch-Id", id.as_str()),
            ("X-Paritywatch-Timestamp", timestamp.as_str()),
        ];
        headers.extend(signature.as_deref().map(|signature| ("X-Paritywatch-Signature", signature)));
        self.client.post(&self.url, &headers, body)
    }
}

/// `sha256=` and the HMAC-SHA-256 in hex, over the timestamp, a dot and the body. With the timestamp in it, nobody can send an old body as if it
/// were new.
fn signature(secret: &hmac::Key, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(secret);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let digits: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_recipe() {
        // printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        assert_eq!(
            signature(&key, "1790000000", br#"{"a":1}"#),
            "sha256=da8fe498621aaab99d5b11c51346b13d1a2bf2914b865b8d3edd3531cab25a3e"
        );
    }
}
