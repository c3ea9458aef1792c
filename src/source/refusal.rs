//! What librdkafka says of a configuration that it does not take, without the values in it: each may be a secret.

use rdkafka::error::KafkaError;

/// Returns why librdkafka makes no client. No value of a property is repeated, and nothing that looks like a key.
#[must_use]
pub fn refusal(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, description, name, value) => {
            format!("property \"{name}\": {}", without_value(description, name, value))
        }
        // librdkafka quotes the path of a file that OpenSSL could not read.
        other => {
            let text = other.to_string();
            match text.split_once("-----") {
                Some((begin, _)) => format!("{begin}<not a path>"),
                None => text,
            }
        }
    }
}

/// librdkafka repeats a value, or the part of it that it does not know, in quotes; a number also without them.
fn without_value(description: &str, name: &str, value: &str) -> String {
    let known = description.replace(&format!("\"{name}\""), "this");
    let known = known.split('"').next().unwrap_or_default();
    let known = match known.split_once(" is outside ") {
        Some((_, range)) => format!("expected a value within {range}"),
        None if known.starts_with("Invalid value for") => "Invalid value".to_owned(),
        None => known.trim_end_matches([' ', ':', '\n']).to_owned(),
    };
    let repeats = known.is_empty() || (!value.is_empty() && known.contains(value));
    if repeats { "librdkafka does not take its value".to_owned() } else { known.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rdkafka::config::ClientConfig;
    use rdkafka::consumer::BaseConsumer;

    use super::*;

    #[test]
    fn no_value_is_repeated_whatever_the_property() {
        for name in [
            "sasl.jaas.config",
            "sasl.pasword",
            "no.such.property",
            "ssl.keystore.key",
            "ssl.key.pem",
            "ssl.certificate.pem",
            "sasl.mechanism",
            "security.protocol",
            "socket.timeout.ms",
            "enable.idempotence",
            "enable.ssl.certificate.verification",
            "compression.type",
            "debug",
            "broker.address.family",
        ] {
            for value in ["hunter2", "generic,hunter2", "a\"hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2"] {
                let made = ClientConfig::new().set(name, value).create::<BaseConsumer>();
                // What is taken tells nothing.
                let Some(error) = made.err() else { continue };
                let told = refusal(&error);
                assert!(!told.contains("hunter2") && !told.contains("BEGIN"), "{name}: {told}");
            }
        }
    }

    #[test]
    fn the_property_is_named_with_what_is_wrong() {
        let told = |name: &str, value: &str| {
            refusal(&ClientConfig::new().set(name, value).create::<BaseConsumer>().err().unwrap())
        };
        assert_eq!(told("sasl.pasword", "hunter2"), "property \"sasl.pasword\": No such configuration property: this");
        assert!(told("enable.auto.commit", "hunter2").ends_with("Expected bool value for this: true or false"));
        assert!(!told("socket.timeout.ms", "99999999").contains("99999999"));
    }
}
