//! The fields of the contract that a mapping writes.

use super::spec::Kind;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text. An integer is taken as it is written.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A time.
    Time,
    /// A group, or an object with a probability for each.
    Membership,
    /// A list or an object of the contract, as it is.
    Whole,
}

/// A field of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name; of an entry, that of the object.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Whether it stands in an object whose entries are named freely, as `groups.origin`.
    pub of_entries: bool,
}

const fn plain(name: &'static str, shape: Shape) -> Target {
    Target { name, shape, of_entries: false }
}

const fn entries(name: &'static str, shape: Shape) -> Target {
    Target { name, shape, of_entries: true }
}

const CHANNEL: Target = plain("channel", Shape::Word(&["profile", "random", "signal", "manual"]));
const OUTCOME: Target = plain("outcome", Shape::Word(&["violation", "no_violation", "unknown"]));
const CASE_ID: Target = plain("case_id", Shape::Text);
const CONTROL_ID: Target = plain("control_id", Shape::Text);
const PROFILE: Target = plain("profile", Shape::Text);
const REVISES: Target = plain("revises", Shape::Text);
const GROUPS: [Target; 2] = [plain("groups", Shape::Whole), entries("groups", Shape::Membership)];
const STRATA: [Target; 2] = [plain("strata", Shape::Whole), entries("strata", Shape::Text)];

/// Of every type.
const OF_ALL: &[Target] = &[plain("id", Shape::Text), plain("source", Shape::Text), plain("time", Shape::Time)];

const SELECTION: &[Target] = &[
    CASE_ID,
    PROFILE,
    plain("profile_version", Shape::Text),
    plain("selected", Shape::Flag),
    CHANNEL,
    plain("risk_class", Shape::Text),
    plain("decided_by", Shape::Word(&["human", "automated"])),
    plain("criteria", Shape::Whole),
    GROUPS[0],
    GROUPS[1],
    STRATA[0],
    STRATA[1],
    REVISES,
];

const CONTROL: &[Target] = &[
    CASE_ID,
    CONTROL_ID,
    plain("kind", Shape::Text),
    plain("performed", Shape::Flag),
    plain("intensity", Shape::Number),
    plain("duration_minutes", Shape::Number),
    OUTCOME,
    PROFILE,
    CHANNEL,
    GROUPS[0],
    GROUPS[1],
    STRATA[0],
    STRATA[1],
];

const OUTCOMES: &[Target] = &[
    CASE_ID,
    CONTROL_ID,
    OUTCOME,
    plain("sanction", Shape::Whole),
    plain("sanction.kind", Shape::Text),
    plain("sanction.amount", Shape::Number),
    REVISES,
];

const ATTRIBUTES: &[Target] = &[CASE_ID, GROUPS[0], GROUPS[1], STRATA[0], STRATA[1]];

const COMPLAINT: &[Target] = &[
    PROFILE,
    CASE_ID,
    plain("ground", Shape::Text),
    plain("status", Shape::Word(&["received", "upheld", "rejected"])),
    GROUPS[0],
    GROUPS[1],
];

const TALLY: &[Target] = &[
    PROFILE,
    CHANNEL,
    GROUPS[0],
    GROUPS[1],
    STRATA[0],
    STRATA[1],
    plain("counts", Shape::Whole),
    plain("counts.assessed", Shape::Number),
    plain("counts.selected", Shape::Number),
    plain("counts.controlled", Shape::Number),
    plain("counts.concluded", Shape::Number),
    plain("counts.hits", Shape::Number),
    plain("counts.complaints", Shape::Number),
];

const POPULATION: &[Target] = &[
    PROFILE,
    plain("dimension", Shape::Text),
    plain("counts", Shape::Whole),
    entries("counts", Shape::Number),
    plain("valid_from", Shape::Time),
    plain("rounded_to", Shape::Number),
];

const MEASURE: &[Target] = &[
    plain("measure", Shape::Word(&["suspended", "adjusted", "resumed", "accepted"])),
    plain("reason", Shape::Text),
    plain("by", Shape::Text),
    plain("alert_id", Shape::Text),
    PROFILE,
    plain("rule", Shape::Text),
    plain("dimension", Shape::Text),
    plain("group", Shape::Text),
    plain("until", Shape::Time),
    plain("accepted_ratio", Shape::Number),
];

/// Returns the fields of a type, those of every type left out.
pub(super) const fn targets(kind: Kind) -> &'static [Target] {
    match kind {
        Kind::Selection => SELECTION,
        Kind::Control => CONTROL,
        Kind::Outcome => OUTCOMES,
        Kind::Attributes => ATTRIBUTES,
        Kind::Complaint => COMPLAINT,
        Kind::Tally => TALLY,
        Kind::Population => POPULATION,
        Kind::Measure => MEASURE,
    }
}

/// Returns the field of this name; `None` where events of this type have none.
#[must_use]
pub fn target(kind: Kind, name: &str) -> Option<Target> {
    let all = || OF_ALL.iter().chain(targets(kind));
    let whole = all().find(|target| !target.of_entries && target.name == name);
    let (object, entry) = name.split_once('.').unwrap_or((name, ""));
    let of_entries = || all().find(|target| target.of_entries && target.name == object && !entry.is_empty());
    whole.or_else(of_entries).copied()
}

/// Returns the fields without which an event of this type is refused. Of an object any entry does.
#[must_use]
pub const fn required(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Selection => &["time", "case_id", "profile", "selected"],
        Kind::Control | Kind::Attributes => &["time", "case_id"],
        Kind::Outcome => &["time", "case_id", "outcome"],
        Kind::Complaint => &["time", "profile"],
        Kind::Tally => &["time", "profile", "counts"],
        Kind::Population => &["time", "profile", "dimension", "counts", "valid_from"],
        Kind::Measure => &["time", "measure", "reason", "by"],
    }
}

/// Returns the names of all fields of a type, for those who have misspelt one.
pub fn names(kind: Kind) -> impl Iterator<Item = &'static str> {
    OF_ALL.iter().chain(targets(kind)).map(|target| target.name)
}
