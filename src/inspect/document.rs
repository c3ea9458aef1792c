//! What `inspect` says, as data: `paritywatch.inspect.v1`. What is withheld, unknown or does not apply is `None`.
//!
//! No id, no payload and no value of a field that nobody configured is in it. Names that events write (groups, profiles, types, fields) are in it
//! from `min_cell` cases on.

use serde::Serialize;

/// The whole document.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `paritywatch.inspect.v1`
    pub schema: &'static str,
    /// Names are told from so many cases on, and counts of cases.
    pub min_cell: u64,
    /// What was looked at, in the order in which it was asked for.
    pub inputs: Vec<InputFound>,
    /// What each rule needs, in the order of the configuration.
    pub rules: Vec<RuleFound>,
    /// Keys of the configuration that somebody still has to decide on. Rules with open thresholds are not among the rules.
    pub open: Vec<String>,
}

/// One topic or file.
#[derive(Clone, Debug, Serialize)]
pub struct InputFound {
    /// The topic, or the file as it was given.
    pub name: String,
    /// `topic` or `file`.
    pub kind: &'static str,
    /// How the sample was taken.
    pub sample: SampleFound,
    /// How the topic is configured; of a file `None`.
    pub topic: Option<TopicFound>,
    /// Records by framing, envelope and content type, most first.
    pub formats: Vec<FormatFound>,
    /// Schemas that records name, by their ids, as far as a registry was asked.
    pub schemas: Vec<SchemaFound>,
    /// What became of the records.
    pub mapped: Mapped,
    /// Events of the contract by type.
    pub types: Vec<Counted>,
    /// CloudEvents of other types.
    pub other_types: Names,
    /// Why records do not map, most first.
    pub refused: Vec<Refused>,
    /// Profiles of the events.
    pub profiles: Profiles,
    /// Dimensions of the configuration, and what the events say of them.
    pub dimensions: Vec<DimensionFound>,
    /// Dimensions in events that the configuration does not have.
    pub other_dimensions: Names,
    /// Times of the events.
    pub time: Option<TimeFound>,
    /// Partitions with records in the sample.
    pub partitions: Vec<PartitionFound>,
    /// The lateness that fits.
    pub lateness: Lateness,
    /// How keys are used; of a file `None`.
    pub keys: Option<Keys>,
    /// Records that are not of the contract; `None` where there are none whose fields can be read.
    pub foreign: Option<Foreign>,
}

/// How a sample was taken.
#[derive(Clone, Debug, Serialize)]
pub struct SampleFound {
    /// Records in it.
    pub records: u64,
    /// Records that the topic or file has, as far as that is known: by offsets, of which not each need have a record.
    pub held: Option<u64>,
    /// Why there are fewer than were asked for: `bytes`, `time` or `unreadable`.
    pub cut_short: Option<&'static str>,
}

/// How a topic is configured.
#[derive(Clone, Debug, Serialize)]
pub struct TopicFound {
    /// Its partitions.
    pub partitions: u64,
    /// Whether older records of a key are removed: then events are lost, unless the key is unique to an event.
    pub compacted: Option<bool>,
    /// How long records are kept, in seconds; `None` for ever, or not known.
    pub retention_s: Option<i64>,
    /// Bytes of a partition beyond which its oldest records are removed; `None` without such a limit, or not known.
    pub retention_bytes: Option<i64>,
    /// Why it is not known how it is configured.
    pub problem: Option<String>,
    /// What of it endangers events, in words.
    pub remarks: Vec<String>,
}

/// Records of one form.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FormatFound {
    /// json, registry_json, registry_avro, registry_protobuf, registry (Avro or Protobuf whose schema is not known), avro_file, text, empty, binary.
    pub framing: &'static str,
    /// none, cloudevents, cloudevents_binary, connect, debezium, array.
    pub envelope: &'static str,
    /// The content type in the headers; `none` without, `other` where it is none that is known.
    pub content_type: &'static str,
    /// Records.
    pub records: u64,
}

/// A schema that records name.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct SchemaFound {
    /// Its id.
    pub id: u32,
    /// avro, protobuf or json; `None` where it is of no use.
    pub format: Option<&'static str>,
    /// Names of the records' types, ascending.
    pub types: Vec<String>,
    /// Where it is registered, `SUBJECT version N`; none where the registry does not tell.
    pub registered: Vec<String>,
    /// Records that name it.
    pub records: u64,
    /// Why it is of no use.
    pub problem: Option<String>,
}

/// What became of the records.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Mapped {
    /// Events of the contract; where mappings read, records that gave events.
    pub events: u64,
    /// CloudEvents of other types: passed over, and counted.
    pub unknown_type: u64,
    /// Records of which no mapping makes an event.
    pub unmapped: u64,
    /// Records that would become dead letters.
    pub refused: u64,
    /// Records whose schema is not known here: `run` would read them by it.
    pub unknown_schema: u64,
    /// `events` of all records; `None` without records.
    pub share: Option<f64>,
}

/// A name, and how often it was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    /// The name.
    pub name: String,
    /// Records or cases; `None` where it is withheld.
    pub count: Option<u64>,
}

/// Names that events write.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Names {
    /// Those with enough cases, most first.
    pub names: Vec<Counted>,
    /// Whether there are others, with too few cases to be named.
    pub others: bool,
}

/// Records that were refused for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// The word for the reason in metrics and dead letters.
    pub reason: &'static str,
    /// How many.
    pub records: u64,
    /// The partition of the first; of a file 0.
    pub partition: i32,
    /// Its offset; of a file its line.
    pub offset: i64,
    /// Its field, what was expected and what was found.
    pub detail: String,
}

/// Profiles.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Profiles {
    /// Those of the configuration, with their cases.
    pub listed: Vec<Counted>,
    /// Those that it does not have: their events are passed over.
    pub unlisted: Names,
}

/// A dimension of the configuration.
#[derive(Clone, Debug, Serialize)]
pub struct DimensionFound {
    /// Its name.
    pub dimension: String,
    /// Cases that have a value in it.
    pub cases: Option<u64>,
    /// Its groups in the order of the configuration, with their cases.
    pub groups: Vec<Counted>,
    /// Groups of which the sample has too few cases to be told, or none.
    pub missing: Vec<String>,
    /// Values that are on no list.
    pub unlisted: Vec<UnlistedFound>,
    /// Whether there are further values, with too few cases to be named.
    pub others: bool,
    /// The share of cases with a selection that have no value in it; `None` where it is withheld.
    pub without_share: Option<f64>,
}

/// A value on no list.
#[derive(Clone, Debug, Serialize)]
pub struct UnlistedFound {
    /// The value.
    pub name: String,
    /// Its cases.
    pub cases: Option<u64>,
    /// The group that it differs from by case, accents or look-alike letters only: it needs an alias.
    pub looks_like: Option<String>,
    /// A group that is spelled nearly so.
    pub resembles: Option<String>,
}

/// Times of the events.
#[derive(Clone, Debug, Serialize)]
pub struct TimeFound {
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
}

/// A partition.
#[derive(Clone, Debug, Serialize)]
pub struct PartitionFound {
    /// Its number.
    pub partition: i32,
    /// Records in the sample.
    pub records: u64,
    /// Events of the contract among them.
    pub events: u64,
    /// Events that are older than two before them in their partition: one with a wrong time makes no others late.
    pub out_of_order: u64,
    /// By how many seconds events are behind at most, of all but one in a hundred.
    pub late_p99_s: Option<i64>,
    /// By how many seconds the latest is behind.
    pub late_most_s: Option<i64>,
}

/// The lateness that fits.
#[derive(Clone, Debug, Serialize)]
pub struct Lateness {
    /// window.allowed_lateness, in seconds.
    pub allowed_s: i64,
    /// Whole hours, in seconds, within which all but one in a hundred events of each partition come; `None` where no partition has enough events.
    pub fits_s: Option<i64>,
    /// Whether the present one is enough.
    pub is_enough: Option<bool>,
}

/// How keys are used.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Keys {
    /// Records without a key.
    pub null: u64,
    /// Events about a case whose key is the case id.
    pub case_id: u64,
    /// Events about a case with another key.
    pub other: u64,
    /// Cases with events in more than one partition.
    pub cases_over_partitions: u64,
}

/// Records that are not of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct Foreign {
    /// How many.
    pub records: u64,
    /// The envelope that most of them have.
    pub envelope: &'static str,
    /// Rows that were deleted (Debezium).
    pub deletes: u64,
    /// Updates that do not tell the row before them (Debezium): each would be a dead letter.
    pub without_before: u64,
    /// The event type that they could be.
    pub event_type: Option<&'static str>,
    /// The array whose elements could be the events.
    pub each: Option<String>,
    /// Paths, as JSON Pointers within the envelope; `*` stands for each element, or for the keys of a map.
    pub paths: Vec<PathFound>,
    /// Names that are not shown: few records have them, or they look like data.
    pub hidden_names: u64,
}

/// A path in records that are not of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct PathFound {
    /// The path.
    pub path: String,
    /// Types in JSON, most first.
    pub types: Vec<&'static str>,
    /// What its values look like, most first: at most three classes.
    pub shapes: Vec<&'static str>,
    /// The share of records that have it.
    pub present: f64,
    /// Distinct values, as a class: 1, 2-5, 6-20, 21-100, 101-1000, more; `None` where no values stand there.
    pub distinct: Option<&'static str>,
    /// The field of the contract that it could be.
    pub guess: Option<&'static str>,
    /// `likely` where the name says it outright, else `possible`.
    pub confidence: Option<&'static str>,
}

/// What a rule needs before it can judge.
#[derive(Clone, Debug, Serialize)]
pub struct RuleFound {
    /// Its name.
    pub rule: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it reads and the sample does not have.
    pub lacks: Vec<String>,
    /// What each comparison takes.
    pub comparisons: Vec<Needed>,
}

/// What a comparison of a group with its reference takes.
#[derive(Clone, Debug, Serialize)]
pub struct Needed {
    /// The dimension.
    pub dimension: String,
    /// The group.
    pub group: String,
    /// What is counted: cases, or concluded controls.
    pub exposed_are: &'static str,
    /// Of both sides together, at one look with 80 % power, for the rule's critical threshold; two digits. `None` where the sample does not tell.
    pub exposed: Option<u64>,
    /// Days that this takes at the pace of the sample; `None` where that is not known.
    pub days: Option<u64>,
    /// Why there is no number.
    pub unknown: Option<&'static str>,
}
