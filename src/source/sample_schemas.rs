//! Reads the framed records of a sample by their schemas, as the daemon would.

use std::collections::BTreeMap;
use std::time::Instant;

use super::format::{Found, SchemaLook, unframe};
use super::sample::{CutShort, SAMPLE_BYTES, SAMPLE_TIME, Sample, SampleDocument, SampledSchema, Unread};

/// Schemas that are asked for, at most: where bytes are no frame, each record names another one.
const MOST_SCHEMAS: usize = 50;

/// Asks for the schemas that the records name, and turns the records into JSON. Without an answer they stay as they are, and [`Sample::unread`] says why.
///
/// `limit` is the largest size of an event, in bytes. Records are left out at the end of the sample where it would become too large.
pub fn read_by_schemas(sample: &mut Sample, registry: Option<&SchemaLook>, limit: usize) {
    let mut asking = Asking { registry, began: Instant::now(), known: BTreeMap::new(), unread: None };
    let (is_framed, mut bytes) = (sample.is_framed(), 0);
    let mut kept = sample.records.len();
    for (place, record) in sample.records.iter_mut().enumerate() {
        if record.payload.len() > limit || !(is_framed || record.is_framed()) {
            continue;
        }
        let Ok(framed) = unframe(&record.payload) else { continue };
        let Some((schema, found)) = asking.schema(framed.schema) else { continue };
        let mut text = Vec::new();
        let converted = found.convert(&record.payload, limit, &mut text);
        schema.records += 1;
        schema.types.extend(found.type_name(&record.payload));
        bytes += text.len();
        record.document = Some(SampleDocument { format: schema.format, text: converted.map(|()| text) });
        if bytes > SAMPLE_BYTES {
            kept = place + 1;
            break;
        }
    }
    if kept < sample.records.len() {
        sample.records.truncate(kept);
        sample.cut_short = Some(CutShort::Bytes);
    }
    sample.schemas = asking.known.into_values().map(|(schema, _)| schema).collect();
    sample.unread = asking.unread;
}

struct Asking<'r> {
    registry: Option<&'r SchemaLook>,
    began: Instant,
    known: BTreeMap<u32, (SampledSchema, Found)>,
    unread: Option<Unread>,
}

impl Asking<'_> {
    /// Returns what is known of an id; `None` where nothing is. What is not known is asked for, until the registry gives no answer.
    fn schema(&mut self, id: u32) -> Option<(&mut SampledSchema, &Found)> {
        if !self.known.contains_key(&id) {
            let known = self.ask(id)?;
            self.known.insert(id, known);
        }
        self.known.get_mut(&id).map(|(schema, found)| (schema, &*found))
    }

    fn ask(&mut self, id: u32) -> Option<(SampledSchema, Found)> {
        if self.unread.is_some() {
            return None;
        }
        let told = match self.registry {
            None => Err(Unread::NoRegistry),
            Some(_) if self.known.len() >= MOST_SCHEMAS => Err(Unread::TooMany),
            Some(_) if self.began.elapsed() > SAMPLE_TIME => {
                Err(Unread::Away(format!("expected its answers within {} s, found more to ask", SAMPLE_TIME.as_secs())))
            }
            Some(registry) => registry.ask(id).map_err(Unread::Away),
        };
        match told {
            Ok(told) => {
                let problem = if let Found::Nothing(why) = &told.found { Some(why.to_string()) } else { None };
                let schema = SampledSchema {
                    id,
                    format: told.found.format(),
                    registered: told.registered,
                    problem,
                    ..SampledSchema::default()
                };
                Some((schema, told.found))
            }
            Err(unread) => {
                self.unread = Some(unread);
                None
            }
        }
    }
}
