//! Which Kafka properties are secrets.

use std::collections::BTreeMap;

/// What is shown in place of a secret.
pub const REDACTED: &str = "<redacted>";

/// Parts of the names of Kafka properties that hold secrets.
const SECRET_NAMES: [&str; 8] =
    ["password", "passphrase", "secret", "token", "credential", "jaas", "key.pem", "oauthbearer.config"];

/// Returns the properties with every secret replaced by [`REDACTED`].
pub(super) fn redacted_properties(properties: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    let shown = |name: &str, value| if is_secret(name, value) { REDACTED } else { value };
    properties.iter().map(|(name, value)| (name.as_str(), shown(name, value.as_str()))).collect()
}

/// A property is a secret by its name or by its content.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part)) || reads_as_secret(value)
}

/// Returns a document in TOML with [`REDACTED`] in the place of each text that reads as a secret: it was pasted into the wrong key.
pub(super) fn without_secrets(toml: &str) -> String {
    let mut shown = String::with_capacity(toml.len());
    let mut rest = toml;
    while let Some((before, after)) = rest.split_once('"') {
        let end = end_of_text(after).unwrap_or(after.len());
        let (text, next) = after.split_at(end);
        shown.push_str(before);
        shown.push('"');
        shown.push_str(if reads_as_secret(text) { REDACTED } else { text });
        rest = next.strip_prefix('"').map_or("", |next| {
            shown.push('"');
            next
        });
    }
    shown + rest
}

/// Returns where the text ends that begins here: at the first quotation mark that is not escaped.
fn end_of_text(toml: &str) -> Option<usize> {
    let mut is_escaped = false;
    let ends = |letter: char| {
        let is_end = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_end
    };
    toml.find(ends)
}

/// Whether a text is a private key, a URL with a login or with a word for a secret in its query, or what a header `Authorization` says.
fn reads_as_secret(text: &str) -> bool {
    let lower = text.to_lowercase();
    let after_scheme = || lower.split_once("://").map(|(_, rest)| rest);
    // A login stands before the path.
    let has_login =
        after_scheme().is_some_and(|rest| rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@')));
    let query = after_scheme().and_then(|rest| rest.split_once('?')).map_or("", |(_, query)| query);
    let names_secret = query.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, value)| {
        !value.is_empty()
            && (name == "key" || name.contains("apikey") || SECRET_NAMES.iter().any(|part| name.contains(part)))
    });
    let is_header = ["bearer ", "basic "].iter().any(|scheme| {
        lower.strip_prefix(scheme).is_some_and(|rest| rest.len() >= LEAST_OF_HEADER && !rest.contains(' '))
    });
    text.contains("PRIVATE KEY") || has_login || names_secret || is_header
}

/// A word of so many letters after `Bearer` or `Basic` is no word of a sentence.
const LEAST_OF_HEADER: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_as_a_secret_is_not_shown() {
        for secret in [
            "-----BEGIN PRIVATE KEY-----",
            "https://user:hunter2@example.org/runbook",
            "kafka://user:hunter2@broker:9092",
            "https://example.org/hook?access_token=hunter2",
            "https://example.org/hook?a=b&key=hunter2",
            "Bearer aGVsbG8gd29ybGQgMTIz",
        ] {
            let shown = without_secrets(&format!("a = \"\"\nb = [\"c\", \"{secret}\"]\nd = 1\n"));
            assert_eq!(shown, "a = \"\"\nb = [\"c\", \"<redacted>\"]\nd = 1\n");
        }
        for text in [
            "https://example.org/runbook@2?page=3",
            "Read the complaints of this group",
            "owner@example.org",
            "broker:9092,other:9092",
            "Basic checks first",
        ] {
            let toml = format!("a = \"\\\"{text}\\\\\"\nb = \"{text}\"");
            assert_eq!(without_secrets(&toml), toml);
        }
    }
}
