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

/// A property is a secret by its name or by its content: a private key, or a URL with a login.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_lowercase();
    let has_login = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    SECRET_NAMES.iter().any(|part| name.contains(part)) || value.contains("PRIVATE KEY") || has_login
}
