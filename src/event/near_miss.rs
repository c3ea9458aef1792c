//! Types and headers that are those of the contract but for quotes, letter case, version or prefix. They are refused with
//! what was expected: nobody means them otherwise, and as foreign ones they would be lost in silence.

use super::event_type::EventType;
use super::field::Field;

/// The longest name that is looked at, in bytes. A longer one is foreign.
const MAX_NAME_BYTES: usize = 256;

/// The prefixes that other bindings of CloudEvents put before an attribute, and those that people write.
const OTHER_PREFIXES: [&str; 8] =
    ["ce_", "ce-", "ce.", "ce:", "cloudevents_", "cloudevents-", "cloudevents.", "cloudevents:"];

/// A type of the contract that a name nearly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NearMiss {
    event_type: EventType,
    but_for: &'static str,
}

impl NearMiss {
    /// Returns the type that a name nearly is. The name is not one of the contract.
    ///
    /// It ends with the name of a type, whatever stands before it and whichever version follows, and has the prefix or a
    /// version: `selection` alone is anybody's word.
    #[cold]
    pub fn of(name: &str) -> Option<Self> {
        if name.len() > MAX_NAME_BYTES {
            return None;
        }
        let lower = name.to_lowercase();
        let (mut prefixed, mut versions, mut words) = (false, Vec::new(), Vec::new());
        for word in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
            match word {
                "paritywatch" => prefixed = true,
                word if is_version(word) => versions.push(word),
                word => words.push(word),
            }
        }
        let (last, before) = words.split_last()?;
        let is_name = |known: &EventType| {
            let joined = last.strip_prefix(known.word()).is_some_and(is_version);
            known.word() == *last
                || prefixed && (joined || is_plural(known.word(), last) || is_plural(last, known.word()))
        };
        let event_type = EventType::ALL.into_iter().find(is_name).filter(|_| prefixed || !versions.is_empty())?;
        let bare = name.trim_matches(|letter: char| !letter.is_alphanumeric());
        let but_for = if EventType::of(bare).is_some() {
            "the quotes or white space around it"
        } else if EventType::of(&bare.to_lowercase()).is_some() {
            "its letter case"
        } else if !prefixed || !before.is_empty() {
            "its prefix"
        } else if versions != ["v1"] {
            "its version"
        } else {
            "its spelling"
        };
        Some(Self { event_type, but_for })
    }

    /// Returns what was expected and what was found. It has no value of the event.
    pub fn detail(self) -> String {
        let Self { event_type, but_for } = self;
        format!("expected paritywatch.{}.v1, found it but for {but_for}", event_type.word())
    }
}

/// What headers say that are the attributes of an event but for their prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NearHeaders {
    /// The event has a type of the contract, or nearly one, or names none.
    Ours,
    /// The event has a type of others.
    Foreign,
}

/// Returns what headers of which none is an attribute say; `None` where none nearly is one.
pub(super) fn near_headers(headers: &[(&str, &[u8])]) -> Option<NearHeaders> {
    let mut near = headers.iter().filter_map(|(name, value)| Some((near_attribute(name)?, value))).peekable();
    near.peek()?;
    let of_type = near.find(|(field, _)| *field == Field::Type);
    let name = of_type.map(|(_, value)| std::str::from_utf8(value).unwrap_or_default());
    let is_foreign = |name: &str| EventType::of(name).is_none() && NearMiss::of(name).is_none();
    Some(if name.is_some_and(is_foreign) { NearHeaders::Foreign } else { NearHeaders::Ours })
}

/// Returns the attribute that a header's name is, but for its prefix and what stands around it.
fn near_attribute(header: &str) -> Option<Field> {
    let name = header.trim_matches(|letter: char| !letter.is_alphanumeric()).to_ascii_lowercase();
    let name = OTHER_PREFIXES.into_iter().find_map(|prefix| name.strip_prefix(prefix))?;
    [Field::SpecVersion, Field::Type, Field::Id, Field::Source, Field::Time]
        .into_iter()
        .find(|field| field.name() == name)
}

/// Returns whether a word is a version: `v1`, `2`.
fn is_version(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_plural(one: &str, many: &str) -> bool {
    many.strip_suffix('s') == Some(one)
}
