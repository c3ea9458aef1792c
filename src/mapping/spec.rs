//! What a mapping says, as it was read from the configuration and found valid.

use jiff::tz::TimeZone;

use super::path::Path;

/// A mapping from documents to events of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Its name, which is unique.
    pub name: String,
    /// The topics that it reads.
    pub topics: Vec<String>,
    /// Patterns of the names of files that it reads: `*` is any text, `?` any character.
    pub files: Vec<String>,
    /// The format of what it reads.
    pub format: Format,
    /// What is around the document.
    pub envelope: Envelope,
    /// What becomes of rows that were deleted.
    pub deletes: Deletes,
    /// The array of which each element is an event.
    pub each: Option<Path>,
    /// What must hold of a document, or of an element; all of it.
    pub when: Vec<Condition>,
    /// The type of its events.
    pub kind: Kind,
    /// An expression of jq that gives events; then there are no fields.
    pub jq: Option<String>,
    /// What is written into which field of the contract.
    pub fields: Vec<Field>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns its word in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// The format of what a mapping reads.
    Format {
        /// JSON text.
        Json = "json",
        /// Avro, with a schema registry.
        Avro = "avro",
        /// Protobuf, with a schema registry.
        Protobuf = "protobuf",
        /// Lines of values with separators.
        Csv = "csv",
        /// Parquet.
        Parquet = "parquet",
    }
}

impl Format {
    /// Returns whether each record names its schema in a frame.
    #[must_use]
    pub const fn is_framed(self) -> bool {
        matches!(self, Self::Avro | Self::Protobuf)
    }

    /// Returns whether only files have it.
    #[must_use]
    pub const fn is_of_files(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet)
    }
}

words! {
    /// What is around a document.
    Envelope {
        /// Nothing.
        None = "none",
        /// That of Kafka Connect: `schema` and `payload`.
        Connect = "connect",
        /// That of Debezium: `before`, `after` and `op`, in one of Kafka Connect or not.
        Debezium = "debezium",
    }
}

words! {
    /// What becomes of rows that were deleted, or of which the condition no longer holds.
    Deletes {
        /// They are counted.
        Ignore = "ignore",
        /// The outcome is corrected to `unknown`.
        Correct = "correct",
        /// They are refused.
        Refuse = "refuse",
    }
}

words! {
    /// The type of an event.
    Kind {
        /// `paritywatch.selection.v1`
        Selection = "selection",
        /// `paritywatch.control.v1`
        Control = "control",
        /// `paritywatch.outcome.v1`
        Outcome = "outcome",
        /// `paritywatch.attributes.v1`
        Attributes = "attributes",
        /// `paritywatch.complaint.v1`
        Complaint = "complaint",
        /// `paritywatch.tally.v1`
        Tally = "tally",
        /// `paritywatch.population.v1`
        Population = "population",
        /// `paritywatch.measure.v1`
        Measure = "measure",
    }
}

/// What must hold of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The value that is looked at.
    pub path: Path,
    /// Whether it must be there; `null` is not there.
    pub exists: Option<bool>,
    /// It must be one of these, as text.
    pub within: Option<Vec<String>>,
    /// It must be none of these, as text. A value that is not there is none.
    pub without: Option<Vec<String>>,
}

/// A field of the contract, and where its value comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The field: `id`, `source`, `time`, or a path in `data` with a dot between names.
    pub target: String,
    /// Where its value comes from.
    pub from: Origin,
    /// What stands for which value, as text; as it is where it is empty.
    pub values: Vec<(String, Constant)>,
    /// What stands for every other value.
    pub other: Option<Constant>,
    /// What stands for a value that is not there.
    pub default: Option<Constant>,
    /// What stands before a text that was read: case numbers of two systems must not collide.
    pub prefix: Option<String>,
    /// How a time is written; `None` of other fields.
    pub time: Option<TimeRule>,
}

impl Field {
    /// Returns the paths of all that it reads.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        match &self.from {
            Origin::Constant(_) => Vec::new(),
            Origin::Path(path) => vec![path],
            Origin::Joined(paths, _) => paths.iter().collect(),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// It is always this.
    Constant(Constant),
    /// It stands at a path.
    Path(Path),
    /// Several, with a text between them, which none but the last may have in it.
    Joined(Vec<Path>, String),
}

/// A value of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A text.
    Text(String),
    /// A boolean.
    Boolean(bool),
    /// A number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
}

impl Constant {
    /// Returns it as text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Integer(integer) => integer.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// How a time is written.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeRule {
    /// Its form.
    pub format: TimeFormat,
    /// The zone of times that say none.
    pub zone: Option<TimeZone>,
    /// Its name.
    pub zone_name: String,
}

/// The form of a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, with an offset.
    Rfc3339,
    /// Parts of a second since 1970: so many in a second.
    Epoch(i64),
    /// Days since 1970.
    EpochDays,
    /// A date, or a date with a time of day, in a zone.
    Local,
    /// A pattern of `strftime`.
    Pattern(String),
}

impl TimeFormat {
    /// The forms that have a word.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("rfc3339", Self::Rfc3339),
        ("epoch_s", Self::Epoch(1)),
        ("epoch_ms", Self::Epoch(1_000)),
        ("epoch_us", Self::Epoch(1_000_000)),
        ("epoch_ns", Self::Epoch(1_000_000_000)),
        ("epoch_days", Self::EpochDays),
        ("local", Self::Local),
    ];

    /// Returns how the configuration writes it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Pattern(pattern) => pattern,
            word => Self::WORDS.iter().find(|(_, known)| known == word).map_or("", |(word, _)| word),
        }
    }
}

impl Mapping {
    /// Returns whether it reads files of this name, without their folder.
    #[must_use]
    pub fn reads_file(&self, name: &str) -> bool {
        self.files.iter().any(|pattern| fits(pattern.as_bytes(), name.as_bytes()))
    }

    /// Returns the paths of all that it reads of a document; `None` where it may read anything in it.
    #[must_use]
    pub fn paths(&self) -> Option<Vec<&Path>> {
        if self.fields.is_empty() || self.envelope != Envelope::None {
            return None;
        }
        let conditions = self.when.iter().map(|condition| &condition.path);
        Some(self.each.iter().chain(conditions).chain(self.fields.iter().flat_map(Field::paths)).collect())
    }

    /// Returns whether the rows of a change give one event after the other about the same thing.
    #[must_use]
    pub fn follows_rows(&self) -> bool {
        self.envelope == Envelope::Debezium && !self.fields.iter().any(|field| field.target == "id")
    }
}

/// Whether a name fits a pattern. A star is tried again one byte further where what follows does not fit.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < name.len() {
        match (pattern.get(at), name.get(read)) {
            (Some(b'*'), _) => {
                star = Some((at, read));
                at += 1;
                continue;
            }
            (Some(b'?'), Some(_)) => {}
            (Some(expected), Some(found)) if expected == found => {}
            _ => match &mut star {
                Some((of_star, from)) => {
                    *from += 1;
                    (at, read) = (*of_star + 1, *from);
                    continue;
                }
                None => return false,
            },
        }
        (at, read) = (at + 1, read + 1);
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_fit_patterns() {
        for (pattern, name, expected) in [
            ("*.csv", "cases.csv", true),
            ("*.csv", "cases.csv.gz", false),
            ("*.csv*", "cases.csv.gz", true),
            ("case?.json", "case1.json", true),
            ("case?.json", "case12.json", false),
            ("*a*b", "xaxxab", true),
            ("", "", true),
            ("*", "", true),
            ("a", "", false),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
