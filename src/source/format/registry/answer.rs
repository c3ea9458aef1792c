//! What a registry answers, by the interface of Confluent's.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The codes of what does not exist: the subject, the version, the schema.
const NOT_FOUND: std::ops::RangeInclusive<u64> = 40_401..=40_403;

/// A schema as the registry has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Definition {
    /// The text.
    pub schema: String,
    /// `AVRO` where it is left out.
    #[serde(rename = "schemaType", default = "avro")]
    pub kind: String,
    /// What else it needs.
    #[serde(default, deserialize_with = "or_none")]
    pub references: Vec<Reference>,
}

/// Another schema that a schema uses.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Reference {
    /// The name by which it is used.
    pub name: String,
    /// The subject under which it is registered.
    pub subject: String,
    /// The version of the subject.
    pub version: i64,
}

/// Where a schema is registered.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Registered {
    /// The subject.
    pub subject: String,
    /// Its version, from 1.
    pub version: i64,
}

/// Why there is no definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It does not exist, as the registry says.
    Missing,
    /// It exists and is of no use; why.
    Unusable(String),
    /// The registry gives no answer that says either; why.
    Away(String),
}

#[derive(Deserialize)]
struct Refusal {
    error_code: u64,
}

fn avro() -> String {
    "AVRO".to_owned()
}

/// A list that is null is an empty one.
fn or_none<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Vec<Reference>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads an answer. Only the registry's own words say that something does not exist: an answer 404 may come from a wrong address, and what was read
/// then must not be taken for bad input.
pub(super) fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Problem> {
    match status {
        200 => serde_json::from_slice(body).map_err(|_| {
            Problem::Away("expected a schema, found another answer: is this a schema registry?".to_owned())
        }),
        404 => match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) if NOT_FOUND.contains(&refusal.error_code) => Err(Problem::Missing),
            _ => Err(Problem::Away("found 404, and no word of a schema: is its path right?".to_owned())),
        },
        401 => {
            Err(Problem::Away("found 401: it wants another login (registry.user, registry.password_file)".to_owned()))
        }
        403 => Err(Problem::Away("found 403: the user may not read schemas".to_owned())),
        _ => Err(Problem::Away(format!("expected an answer 200, found {status}"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_registrys_own_word_says_that_a_schema_does_not_exist() {
        let missing = |status, body: &str| read::<Definition>(status, body.as_bytes()).unwrap_err() == Problem::Missing;
        for code in 40_401..=40_403 {
            assert!(missing(404, &format!("{{\"error_code\":{code},\"message\":\"x\"}}")));
        }
        for (status, body) in [
            (404, "<html>not found</html>"),
            (404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}"),
            (404, ""),
            (403, "{\"error_code\":40403}"),
            (500, "{\"error_code\":50001}"),
            (302, ""),
            (200, "<html>"),
        ] {
            assert!(!missing(status, body), "{status} {body}");
        }
    }

    #[test]
    fn a_schema_is_avro_unless_it_says_otherwise() {
        let plain: Definition = read(200, br#"{"schema":"\"int\"","id":1}"#).unwrap();
        assert_eq!((plain.kind.as_str(), plain.schema.as_str(), plain.references.len()), ("AVRO", "\"int\"", 0));
        let other = br#"{"schemaType":"PROTOBUF","schema":"x","references":[{"name":"a","subject":"b","version":3}]}"#;
        assert_eq!(read::<Definition>(200, other).unwrap().references.first().unwrap().version, 3);
        assert_eq!(read::<Definition>(200, br#"{"schema":"x","references":null}"#).unwrap().references, []);
    }
}
