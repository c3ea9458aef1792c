//! Recognises why a broker does not let a client in, by the words of librdkafka 2.12 and of Apache Kafka 4.3.

use crate::settings::SecurityProtocol;
use crate::status::AccessCause;

/// Longest time that a connection was usable before it was closed, in milliseconds, for the closing to be an answer to the client's first request.
const AT_ONCE_MS: u64 = 2_000;

/// Parts of a text, all of which it must have, and what they mean. The first match counts.
const TEXTS: [(&[&str], AccessCause); 18] = [
    (&["Invalid username or password"], AccessCause::Credentials),
    (&["due to invalid credentials with SASL mechanism"], AccessCause::Credentials),
    (&["\"status\":\"invalid_token\""], AccessCause::Token),
    (&["mechanism handshake failed", "Request not valid in current SASL state"], AccessCause::ExpectsNoSasl),
    (&["mechanism handshake failed"], AccessCause::Mechanism),
    (&["SASL authentication error"], AccessCause::Credentials),
    (&["certificate verify failed"], AccessCause::Certificate),
    (&["Failed to verify broker certificate"], AccessCause::Certificate),
    (&["alert bad certificate"], AccessCause::ClientCertificate),
    (&["alert certificate required"], AccessCause::ClientCertificate),
    (&["alert certificate expired"], AccessCause::ClientCertificate),
    (&["alert certificate unknown"], AccessCause::ClientCertificate),
    (&["alert unknown ca"], AccessCause::ClientCertificate),
    (&["connecting to a PLAINTEXT broker listener?"], AccessCause::ExpectsPlaintext),
    (&["Failed to resolve"], AccessCause::UnknownHost),
    (&["Connect to", "failed"], AccessCause::Unreachable),
    (&["Connection setup timed out"], AccessCause::Unreachable),
    (&["connecting to a SSL listener?"], AccessCause::ExpectsTls),
];

/// Signs that the broker has closed a connection.
const CLOSED: [&str; 3] = ["Disconnected", "Broken pipe", "Connection reset"];

/// Returns why a broker does not let a client in; `None` where the text does not say.
pub(super) fn recognise(text: &str, protocol: SecurityProtocol) -> Option<AccessCause> {
    let known = TEXTS.iter().find(|(parts, _)| parts.iter().all(|part| text.contains(part)));
    known.map(|(_, cause)| *cause).or_else(|| closed_at_once(text, protocol))
}

/// A broker that is spoken to in a wrong way says nothing and closes the connection.
fn closed_at_once(text: &str, protocol: SecurityProtocol) -> Option<AccessCause> {
    if !CLOSED.iter().any(|sign| text.contains(sign)) {
        return None;
    }
    let (_, rest) = text.split_once("(after ")?;
    let (millis, rest) = rest.split_once("ms in state ")?;
    let at_once = millis.parse::<u64>().is_ok_and(|millis| millis < AT_ONCE_MS);
    let plain = matches!(protocol, SecurityProtocol::Plaintext | SecurityProtocol::SaslPlaintext);
    if plain && at_once && rest.starts_with("APIVERSION_QUERY") {
        return Some(AccessCause::ExpectsTls);
    }
    (!protocol.is_sasl() && at_once && rest.starts_with("UP")).then_some(AccessCause::ExpectsSasl)
}

/// Returns host and port of the broker that a text is about.
pub(super) fn broker(text: &str) -> Option<(&str, u16)> {
    let (_, rest) = text.split_once("://")?;
    let (address, _) = rest.split_once('/')?;
    let (host, port) = address.rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use AccessCause as Cause;
    use SecurityProtocol::{Plaintext, SaslSsl, Ssl};

    const VERIFY: &str = "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, \
                      verify that ssl.ca.location is correctly configured or root CA certificates are installed (install ca-certificates \
                      package) (after 4ms in state SSL_HANDSHAKE)";

    /// Texts as they came from librdkafka 2.12.1 with Apache Kafka 4.3.0, without the address before them.
    const SEEN: [(SecurityProtocol, &str, Option<Cause>); 17] = [
        (Ssl, VERIFY, Some(Cause::Certificate)),
        (
            Ssl,
            "error:0A000086:SSL routines::certificate verify failed (after 3ms in state SSL_HANDSHAKE)",
            Some(Cause::Certificate),
        ),
        (
            Ssl,
            "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener? (after 5ms in \
                 state SSL_HANDSHAKE)",
            Some(Cause::ExpectsPlaintext),
        ),
        (Ssl, "Disconnected: SSL connection closed by peer (after 1ms in state SSL_HANDSHAKE)", None),
        (
            Ssl,
            "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (after 9ms in state \
                 APIVERSION_QUERY)",
            Some(Cause::ClientCertificate),
        ),
        (Ssl, "Send failed: SSL transport error: Broken pipe (after 1ms in state UP)", Some(Cause::ExpectsSasl)),
        (
            Ssl,
            "Disconnected: SSL connection closed by peer (after 0ms in state UP, 1 identical error(s) suppressed)",
            Some(Cause::ExpectsSasl),
        ),
        (Ssl, "Disconnected: SSL connection closed by peer (after 86000ms in state UP)", None),
        (
            SaslSsl,
            "SASL authentication error: Authentication failed: Invalid username or password (after 303ms in state AUTH_REQ)",
            Some(Cause::Credentials),
        ),
        (
            SaslSsl,
            "SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism \
                 SCRAM-SHA-512 (after 325ms in state AUTH_REQ)",
            Some(Cause::Credentials),
        ),
        (
            SaslSsl,
            "SASL authentication error: {\"status\":\"invalid_token\"} (after 302ms in state AUTH_REQ)",
            Some(Cause::Token),
        ),
        (
            SaslSsl,
            "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms:  \
                 (after 1ms in state AUTH_HANDSHAKE)",
            Some(Cause::ExpectsNoSasl),
        ),
        (
            SaslSsl,
            "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN (after \
                 308ms in state AUTH_HANDSHAKE)",
            Some(Cause::Mechanism),
        ),
        (
            Plaintext,
            "Disconnected: connection closed by peer: receive 0 after POLLIN (after 0ms in state APIVERSION_QUERY)",
            Some(Cause::ExpectsTls),
        ),
        (
            Ssl,
            "Connect to ipv4#127.0.0.1:19001 failed: Connection refused (after 0ms in state CONNECT)",
            Some(Cause::Unreachable),
        ),
        (
            Ssl,
            "Failed to resolve 'nowhere.invalid:9': Name or service not known (after 0ms in state CONNECT)",
            Some(Cause::UnknownHost),
        ),
        (Ssl, "1/1 brokers are down", None),
    ];

    #[test]
    fn texts_that_were_seen_are_recognised() {
        for (protocol, text, expected) in SEEN {
            let text = format!("ssl://127.0.0.1:19091/bootstrap: {text}");
            assert_eq!(recognise(&text, protocol), expected, "{text}");
        }
    }

    #[test]
    fn the_broker_is_found_in_a_text() {
        assert_eq!(broker("ssl://127.0.0.1:19091/bootstrap: SSL"), Some(("127.0.0.1", 19_091)));
        assert_eq!(broker("[thrd:x]: sasl_ssl://[::1]:9093/12: SSL"), Some(("::1", 9_093)));
        assert_eq!(broker("1/1 brokers are down"), None);
    }
}
