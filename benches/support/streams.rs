//! The streams that are measured. All have selections, controls and outcomes in the proportions of the scenario, about one control and one
//! outcome for each 16 selections, and are in order of event time.

use std::fmt::Write;
use std::str::FromStr;

use paritywatch::plan::EventTime;
use paritywatch::scenario::{GeneratedEvent, Scenario, Shape, Stream};

/// The profile of every stream; `two-profiles.toml` has it.
pub const PROFILE: &str = "skewed";
/// Cases assessed per hour in a live stream.
const LIVE_CASES_PER_HOUR: i64 = 100_000;
/// Cases assessed per hour where 1,000,000 events take 62 days.
const CASES_PER_HOUR: u32 = 600;
/// What RFC 3339 takes with milliseconds.
const TIME_BYTES: usize = "2026-01-01T00:00:00.000Z".len();

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 100,000 cases an hour, as on a busy day: 62 days of the scenario, played so fast. Controls and outcomes come as much sooner.
    Live,
    /// All events together take 62 days, so that cases close and hours become final.
    Days62,
    /// The live stream, but no two events have the same groups, strata and other fields, so that nothing that was read once can be reused.
    UniqueTails,
}

impl Kind {
    /// Every stream.
    pub const ALL: [Self; 3] = [Self::Live, Self::Days62, Self::UniqueTails];

    /// The stream's word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Days62 => "62-days",
            Self::UniqueTails => "unique-tails",
        }
    }

    /// Makes the stream.
    pub fn events(self, count: u64, seed: u64) -> impl Iterator<Item = GeneratedEvent> {
        let mut shape = Shape::new(Scenario::SkewedSelection, count, seed);
        PROFILE.clone_into(&mut shape.profile);
        shape.cases_per_hour = match self {
            Self::Live | Self::UniqueTails => CASES_PER_HOUR,
            Self::Days62 => u32::try_from(count * u64::from(CASES_PER_HOUR) / 1_000_000).unwrap().max(1),
        };
        let start = shape.start;
        Stream::new(&shape).zip(0_u64..).map(move |(mut event, number)| {
            if self != Self::Days62 {
                play_faster(&mut event, start);
            }
            if self == Self::UniqueTails {
                make_unique(&mut event.json, number);
            }
            event
        })
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("expected one of {}, found {text:?}", names()))
    }
}

/// Moves an event towards the start of the stream. The order of events stays.
fn play_faster(event: &mut GeneratedEvent, start: EventTime) {
    let time = start.0 + (event.time.0 - start.0) * i64::from(CASES_PER_HOUR) / LIVE_CASES_PER_HOUR;
    set_time(event, EventTime(time));
}

/// Gives an event another time.
pub fn set_time(event: &mut GeneratedEvent, time: EventTime) {
    const BEFORE: &str = r#""time":""#;
    let at = event.json.find(BEFORE).expect("an event has a time") + BEFORE.len();
    let text = format!("{:.3}", jiff::Timestamp::from_millisecond(time.0).unwrap());
    event.json.replace_range(at..at + TIME_BYTES, &text);
    event.time = time;
}

/// Adds to a selection a dimension and a stratum that nothing is configured for, and to every event two fields that the contract does not
/// have, each with a value of its own.
fn make_unique(json: &mut String, number: u64) {
    // Far apart in all digits.
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for (before, name) in [(r#""groups":{"#, "district"), (r#""strata":{"#, "team")] {
        if let Some(at) = json.find(before) {
            json.insert_str(at + before.len(), &format!(r#""{name}":"{name}-{:x}","#, mixed >> 24));
        }
    }
    json.truncate(json.len() - 2);
    let _ = write!(json, r#","score":0.{:09},"note":"case note {mixed:x}"}}}}"#, mixed % 1_000_000_000);
}
