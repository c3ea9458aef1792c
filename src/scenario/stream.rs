//! The events of a stream, in order of event time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;

use super::chances::{
    Office, Origin, concluded_share, controlled_share, hit_rate, random_share, selection_rate, share,
};
use super::making::Making;
use super::random::Random;
use super::shape::{Scenario, Shape};
use crate::plan::{EventTime, Span};

/// The longest time from a selection to its control, and from there to the outcome, where events carry duties.
const LONGEST_STEP: Span = Span::HOUR.times(12);
/// Events of a case on average, at most: a selection, and for some a control and an outcome.
const MOST_EVENTS_PER_CASE: u64 = 2;

/// An iterator over exactly [`Shape::events`] events.
#[derive(Clone, Debug)]
pub struct Stream {
    shape: Shape,
    random: Random,
    cases: u64,
    left: u64,
    /// Controls and outcomes that are still to come. At most two for each case within the longest delay, which is 43 days.
    due: BinaryHeap<Reverse<Due>>,
}

/// A generated event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedEvent {
    /// The event time.
    pub time: EventTime,
    /// The id of its case, which is the Kafka key.
    pub case_id: String,
    /// The CloudEvent in structured mode, on one line.
    pub json: String,
}

/// A control or an outcome that is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    time: EventTime,
    case: u64,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Control,
    Outcome(&'static str),
}

impl Iterator for Stream {
    type Item = GeneratedEvent;

    fn next(&mut self) -> Option<GeneratedEvent> {
        self.left = self.left.checked_sub(1)?;
        loop {
            let next_case_at = self.next_case_at();
            match self.due.peek() {
                Some(Reverse(due)) if due.time <= next_case_at => {
                    let due = *due;
                    self.due.pop();
                    return Some(self.follow_up(due));
                }
                _ => {
                    if let Some(event) = self.selection() {
                        return Some(event);
                    }
                }
            }
        }
    }
}

impl Stream {
    /// Returns the stream of this shape, from its first event.
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        Self {
            random: Random::new(shape.seed),
            cases: 0,
            left: shape.events,
            due: BinaryHeap::new(),
            shape: shape.clone(),
        }
    }

    /// The time of the next selection. It stops advancing after 2.5e12 cases, far beyond any stream.
    fn next_case_at(&self) -> EventTime {
        let hours_in_ms = i64::try_from(self.cases).unwrap_or(i64::MAX).saturating_mul(Span::HOUR.0);
        self.shape.start.plus(Span(hours_in_ms / i64::from(self.shape.cases_per_hour.max(1))))
    }

    /// The event of the next case; `None` where its group has vanished.
    fn selection(&mut self) -> Option<GeneratedEvent> {
        let (time, case, scenario) = (self.next_case_at(), self.cases, self.shape.scenario);
        self.cases += 1;
        let office = if self.random.chance(0.5) { Office::South } else { Office::North };
        let origin = self.origin(office);
        if origin == Origin::MONITORED && self.has_vanished() {
            return None;
        }
        let gender = if self.random.chance(0.5) { "female" } else { "male" };
        let risk = match self.random.uniform() {
            place if place < 0.6 => "low",
            place if place < 0.84 => "medium",
            _ => "high",
        };
        let is_new = self.left < self.shape.events / 2;
        let is_pilot = time.since(self.shape.start) < self.shape.pilot;
        let at_random = self.random.chance(random_share(scenario, is_pilot));
        let rate = if is_pilot { 0.0 } else { selection_rate(&self.shape, origin, office, is_new) };
        let selected = at_random || self.random.chance(rate);
        if selected {
            self.schedule_control(case, time, origin, at_random);
        }
        let channel = if at_random { "random" } else { "profile" };
        let mut event = self.envelope(time, case, "selection");
        // Writing to a String cannot fail.
        let _ = write!(
            event.json,
            r#","profile":"{}","selected":{selected},"channel":"{channel}","risk_class":"{risk}","groups":{{"origin":"{}","gender":"{gender}"}},"strata":{{"office":"{}"}}"#,
            self.shape.profile,
            origin.name(),
            office.name()
        );
        if scenario.carries_duties() {
            Making::draw(scenario, is_new, &mut self.random).write(&mut event.json);
        }
        event.json.push_str("}}");
        Some(event)
    }

    /// Whether the monitored group has no more cases. They end early enough for what follows on them to come before the last third.
    fn has_vanished(&self) -> bool {
        let hours = u64::try_from(LONGEST_STEP.0 / Span::HOUR.0).unwrap_or(0) * 2;
        let lead = hours * u64::from(self.shape.cases_per_hour) * MOST_EVENTS_PER_CASE;
        self.shape.scenario == Scenario::VanishedGroup && self.left <= self.shape.events / 3 + lead
    }

    /// Draws a group by the shares of the office.
    fn origin(&mut self, office: Office) -> Origin {
        let mut place = self.random.uniform();
        for origin in [Origin::Dutch, Origin::European] {
            place -= share(&self.shape, origin, office);
            if place < 0.0 {
                return origin;
            }
        }
        Origin::NonEuropean
    }

    /// Plans the control of a picked case, and its outcome. Some picked cases are never controlled.
    fn schedule_control(&mut self, case: u64, selected_at: EventTime, origin: Origin, at_random: bool) {
        let scenario = self.shape.scenario;
        if !self.random.chance(controlled_share(scenario, at_random)) {
            return;
        }
        let (least, most) = match scenario {
            Scenario::RubberStamp if !at_random => (Span::MINUTE.times(5), Span::MINUTE.times(55)),
            _ if scenario.carries_duties() => (Span::HOUR, LONGEST_STEP),
            _ => (Span::HOUR, Span::DAY.times(3)),
        };
        let control_at = selected_at.plus(self.delay(least, most));
        self.due.push(Reverse(Due { time: control_at, case, step: Step::Control }));
        let hit = self.random.chance(hit_rate(&self.shape, origin, at_random));
        let outcome = match (self.random.chance(concluded_share(scenario, origin)), hit) {
            (false, _) => "unknown",
            (true, true) => "violation",
            (true, false) => "no_violation",
        };
        let (least, most) = match (scenario, origin, hit) {
            // Violations of the monitored group take longest, so counting by arrival finds too few of them.
            (Scenario::LateOutcomes, Origin::MONITORED, true) => (Span::DAY.times(20), Span::DAY.times(40)),
            (Scenario::LateOutcomes, _, _) => (Span::DAY.times(5), Span::DAY.times(20)),
            _ if scenario.carries_duties() => (Span::HOUR, LONGEST_STEP),
            _ => (Span::HOUR, Span::DAY.times(5)),
        };
        let outcome_at = control_at.plus(self.delay(least, most));
        if scenario == Scenario::MissingOutcomes && outcome == "unknown" {
            // Nobody reports that nothing is known.
            return;
        }
        self.due.push(Reverse(Due { time: outcome_at, case, step: Step::Outcome(outcome) }));
    }

    /// Draws a delay between two spans.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "some weeks in milliseconds")]
    fn delay(&mut self, least: Span, most: Span) -> Span {
        Span(least.0 + (self.random.uniform() * (most.0 - least.0) as f64) as i64)
    }

    /// The event of a control or an outcome.
    fn follow_up(&self, due: Due) -> GeneratedEvent {
        let kind = if due.step == Step::Control { "control" } else { "outcome" };
        let mut event = self.envelope(due.time, due.case, kind);
        if let Step::Outcome(outcome) = due.step {
            let _ = write!(event.json, r#","outcome":"{outcome}""#);
        }
        event.json.push_str("}}");
        event
    }

    /// An event up to its case id. The caller adds the other data and closes the braces.
    fn envelope(&self, time: EventTime, case: u64, kind: &str) -> GeneratedEvent {
        let prefix = &self.shape.prefix;
        let case_id = format!("{prefix}-{case:09}");
        let mut json = String::with_capacity(420);
        let _ = write!(
            json,
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/paritywatch/generate","id":"{case_id}-{kind}","time":""#
        );
        write_time(&mut json, time);
        let _ = write!(json, r#"","datacontenttype":"application/json","data":{{"case_id":"{case_id}""#);
        GeneratedEvent { time, case_id, json }
    }
}

/// Writes a time in RFC 3339, in UTC with milliseconds. Times after the year 9999, which RFC 3339 cannot express, become its end.
fn write_time(out: &mut String, time: EventTime) {
    let timestamp = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    let _ = write!(out, "{timestamp:.3}");
}
