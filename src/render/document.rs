//! `paritywatch.evaluation.v1` and `paritywatch.alerts.v1`: the JSON documents of `replay` and `/api/v1`.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use siphasher::sip128::SipHasher24;

use super::time::rfc3339;
use crate::disclosure::{EventCounts, Published};

/// The document's schema.
pub const SCHEMA: &str = "paritywatch.evaluation.v1";

/// The document on one line.
pub(super) fn evaluation(published: &Published) -> String {
    json(&Evaluation(published))
}

/// The document, indented.
pub(super) fn evaluation_pretty(published: &Published) -> String {
    written(serde_json::to_string_pretty(&Evaluation(published)))
}

/// `paritywatch.alerts.v1`.
pub(super) fn alerts(published: &Published) -> String {
    json(&Alerts(published))
}

/// See [`super::Render::digest`].
pub(super) fn digest(published: &Published) -> String {
    let hash = SipHasher24::new().hash(json(&Judged(published)).as_bytes());
    format!("{:016x}{:016x}", hash.h1, hash.h2)
}

fn json(document: &impl Serialize) -> String {
    written(serde_json::to_string(document))
}

/// Writing to memory cannot fail: every key is a string, and an infinite number becomes null.
fn written(document: serde_json::Result<String>) -> String {
    document.unwrap_or_else(|error| {
        tracing::error!(%error, "a document could not be written");
        String::new()
    })
}

/// What the digest covers. The counts of events are not in it: a second delivery changes them, and nothing else.
struct Judged<'p>(&'p Published);

impl Judged<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("findings", self.0.findings())?;
        map.serialize_entry("alerts", self.0.alerts())?;
        if !self.0.measures().is_empty() {
            map.serialize_entry("measures", self.0.measures())?;
        }
        map.serialize_entry("late_evidence", self.0.late())?;
        let unlisted = self.0.unlisted();
        map.serialize_entry("unlisted", &unlisted.values)?;
        map.serialize_entry("unlisted_others", &unlisted.others)?;
        map.serialize_entry("unlisted_dimensions", &unlisted.spellings)?;
        map.serialize_entry("funnel", self.0.funnel())?;
        map.serialize_entry("funnel_left_out", &self.0.funnel_left_out())
    }
}

impl Serialize for Judged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("as_of", &rfc3339(self.0.as_of()))?;
        map.serialize_entry("config_hash", self.0.config_hash())?;
        self.entries(&mut map)?;
        map.end()
    }
}

struct Alerts<'p>(&'p Published);

impl Serialize for Alerts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(published) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", "paritywatch.alerts.v1")?;
        map.serialize_entry("as_of", &rfc3339(published.as_of()))?;
        map.serialize_entry("config_hash", published.config_hash())?;
        map.serialize_entry("alerts", published.alerts())?;
        map.end()
    }
}

struct Evaluation<'p>(&'p Published);

impl Serialize for Evaluation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(published) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("as_of", &rfc3339(published.as_of()))?;
        if let Some(released_at) = published.released_at() {
            map.serialize_entry("released_at", &rfc3339(released_at))?;
        }
        map.serialize_entry("config_hash", published.config_hash())?;
        map.serialize_entry("digest", &digest(published))?;
        map.serialize_entry("events", &Events(published.events()))?;
        Judged(published).entries(&mut map)?;
        map.end()
    }
}

struct Events<'p>(&'p EventCounts);

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, count) in self.0.named().into_iter().filter(|told| *told != ("unmapped", 0)) {
            map.serialize_entry(name, &count)?;
        }
        map.end()
    }
}
