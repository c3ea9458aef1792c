//! Mappings: documents of other shapes give the events that the contract would have carried.

mod changes;
mod equal;
mod expressions;
mod limits;
mod nothing;
mod problems;
mod repeated;
mod replayed;

use paritywatch::event::{Decoded, Event, RawRecord, decode};
use paritywatch::mapping::{Bounds, Left, Mapped, MappedRecord, Mapper, Mapping, MappingCounts, Place};
use paritywatch::plan::Limits;
use paritywatch::settings::Settings;

const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };

/// What every configuration of these tests has.
const BASE: &str = r#"
[kafka]
brokers = "localhost:9092"
topics = ["cases"]
[profiles.cub]
owner = "owner@example.org"
[dimensions.origin]
ground = "race"
groups = ["dutch", "european", "non_european"]
"#;

/// What became of one document.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Its events, as JSON.
    Events(Vec<String>),
    Left(Left),
    Refused(String),
}

fn mappings(text: &str) -> Vec<Mapping> {
    let settings = Settings::parse(&format!("{BASE}{text}"), "c.toml", std::iter::empty());
    settings.unwrap_or_else(|error| panic!("{error}")).mappings
}

fn mapper(mappings: &[Mapping]) -> Mapper {
    Mapper::new(mappings.iter().enumerate()).unwrap()
}

/// Maps one document, the one at offset 7 of partition 0, and counts it.
fn map_counted(mapper: &Mapper, document: &str) -> (Outcome, Vec<MappingCounts>) {
    let mut mapped = Mapped::default();
    let record = RawRecord { payload: document.as_bytes(), headers: &[], timestamp: None };
    let prefix = Place::prefix("cases/0/");
    let place = Place { prefix: &prefix, number: 7 };
    mapper.map(&record, place, Bounds { limits: &LIMITS, max_ahead: None }, &mut mapped);
    let texts = mapped.events().map(|(_, event)| String::from_utf8(event.to_vec()).unwrap()).collect::<Vec<_>>();
    let outcome = match mapped.records().next().unwrap() {
        MappedRecord::Events(count) => {
            assert_eq!(count, texts.len());
            Outcome::Events(texts)
        }
        MappedRecord::Left(left) => Outcome::Left(left),
        MappedRecord::Refused(rejection, _) => Outcome::Refused(rejection.to_string()),
    };
    assert_eq!(mapped.records().count(), 1);
    (outcome, mapped.counts().to_vec())
}

fn map(mapper: &Mapper, document: &str) -> Outcome {
    map_counted(mapper, document).0
}

/// The only event of a document.
fn event_text(mapper: &Mapper, document: &str) -> String {
    match map(mapper, document) {
        Outcome::Events(events) if events.len() == 1 => events.into_iter().next().unwrap(),
        other => panic!("{other:?} of {document}"),
    }
}

fn event_in(text: &str) -> Event<'_> {
    match decode(&RawRecord { payload: text.as_bytes(), headers: &[], timestamp: None }, &LIMITS, None) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{other:?} of {text}"),
    }
}
