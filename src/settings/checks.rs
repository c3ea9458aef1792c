//! Which Kafka properties switch a check of the brokers' certificates off.

use std::collections::BTreeMap;

/// The properties, each with the values that leave the check on.
const CHECKS: [(&str, &[&str]); 2] = [
    ("enable.ssl.certificate.verification", &["true", "t", "1"]),
    ("ssl.endpoint.identification.algorithm", &["https"]),
];

/// Returns the properties that switch a check off. A value that is not known to leave it on counts as off.
pub(super) fn unchecked(properties: &BTreeMap<String, String>) -> Vec<&'static str> {
    let off = |(name, on): &(&'static str, &[&str])| {
        let value = properties.get(*name)?.to_lowercase();
        (!on.contains(&value.as_str())).then_some(*name)
    };
    CHECKS.iter().filter_map(off).collect()
}
