//! The events of a stream, in order of event time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;

use super::chances::{
    Office, Origin, complaint_share, concluded_share, controlled_share, hit_rate, overturned_share, proxy_share,
    random_share, selection_rate, selection_rate_by_proxy, share, upheld_share,
};
use super::handling::Handling;
use super::making::Making;
use super::random::Random;
use super::shape::{Scenario, Shape};
use crate::plan::{EventTime, Span};

/// The longest time from a selection to its control, and from there to the outcome, where events carry duties.
const LONGEST_STEP: Span = Span::HOUR.times(12);
/// The longest time from a control to a complaint about it, from there to its decision, and from an outcome to its correction.
const LONGEST_ANSWER: Span = Span::HOUR.times(6);
/// What the seed of complaints differs in, so that they change nothing else of a stream.
const COMPLAINTS: u64 = 0x636f_6d70_6c61_696e;
/// Events of a case on average, at most: a selection, and for some a control and an outcome.
const MOST_EVENTS_PER_CASE: u64 = 2;

/// An iterator over exactly [`Shape::events`] events.
#[derive(Clone, Debug)]
pub struct Stream {
    shape: Shape,
    random: Random,
    /// For complaints and corrections.
    answers: Random,
    cases: u64,
    left: u64,
    /// Controls, outcomes and what follows them that are still to come. At most five for each case within the longest delay, which is 43 days.
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
    /// Whether the case is of the monitored group.
    is_monitored: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Control,
    Outcome(&'static str),
    Complaint,
    Decision(&'static str),
    Correction,
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
            answers: Random::new(shape.seed ^ COMPLAINTS),
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
        let is_new = self.left < scenario.after_change(self.shape.events);
        let is_pilot = time.since(self.shape.start) < self.shape.pilot;
        let at_random = self.random.chance(random_share(scenario, is_pilot));
        let has_proxy = scenario == Scenario::HiddenProxy && self.random.chance(proxy_share(origin));
        let rate = match scenario {
            _ if is_pilot => 0.0,
            Scenario::HiddenProxy => selection_rate_by_proxy(has_proxy),
            _ => selection_rate(&self.shape, origin, office, is_new),
        };
        let selected = at_random || self.random.chance(rate);
        if selected {
            self.schedule_control(case, time, origin, at_random);
        }
        let channel = if at_random { "random" } else { "profile" };
        let mut event = self.envelope(time, case, ("selection", "selection"));
        // Writing to a String cannot fail.
        let _ = write!(
            event.json,
            r#","profile":"{}","selected":{selected},"channel":"{channel}","risk_class":"{risk}","groups":{{"origin":"{}","gender":"{gender}"}},"strata":{{"office":"{}"}}"#,
            self.shape.profile,
            origin.name(),
            office.name()
        );
        if scenario.carries_duties() {
            Making::draw(scenario, (is_new, has_proxy), &mut self.random).write(&mut event.json);
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
        let control_at = selected_at.plus(delay(&mut self.random, least, most));
        let is_monitored = origin == Origin::MONITORED;
        self.due.push(Reverse(Due { time: control_at, case, step: Step::Control, is_monitored }));
        if scenario.carries_duties() {
            self.schedule_complaint(case, control_at, origin);
        }
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
        let outcome_at = control_at.plus(delay(&mut self.random, least, most));
        if scenario == Scenario::MissingOutcomes && outcome == "unknown" {
            // Nobody reports that nothing is known.
            return;
        }
        let is_overturned = scenario.carries_duties()
            && outcome == "no_violation"
            && self.answers.chance(overturned_share(scenario, origin));
        let first = if is_overturned { "violation" } else { outcome };
        self.due.push(Reverse(Due { time: outcome_at, case, step: Step::Outcome(first), is_monitored }));
        if is_overturned {
            let time = outcome_at.plus(delay(&mut self.answers, Span::HOUR, LONGEST_ANSWER));
            self.due.push(Reverse(Due { time, case, step: Step::Correction, is_monitored }));
        }
    }

    /// Plans a complaint about some controls, and its decision.
    fn schedule_complaint(&mut self, case: u64, control_at: EventTime, origin: Origin) {
        let scenario = self.shape.scenario;
        if !self.answers.chance(complaint_share(scenario, origin)) {
            return;
        }
        let is_monitored = origin == Origin::MONITORED;
        let received_at = control_at.plus(delay(&mut self.answers, Span::HOUR, LONGEST_ANSWER));
        let decided_at = received_at.plus(delay(&mut self.answers, Span::HOUR, LONGEST_ANSWER));
        let decision = if self.answers.chance(upheld_share(scenario, origin)) { "upheld" } else { "rejected" };
        self.due.push(Reverse(Due { time: received_at, case, step: Step::Complaint, is_monitored }));
        self.due.push(Reverse(Due { time: decided_at, case, step: Step::Decision(decision), is_monitored }));
    }

    /// The event of what follows a selection.
    fn follow_up(&self, due: Due) -> GeneratedEvent {
        let (kind, id) = match due.step {
            Step::Control => ("control", "control"),
            Step::Outcome(_) => ("outcome", "outcome"),
            Step::Correction => ("outcome", "correction"),
            Step::Complaint => ("complaint", "complaint"),
            Step::Decision(_) => ("complaint", "decision"),
        };
        let mut event = self.envelope(due.time, due.case, (kind, id));
        // Writing to a String cannot fail.
        let _ = match due.step {
            Step::Control => Ok(()),
            Step::Outcome(outcome) => write!(event.json, r#","outcome":"{outcome}""#),
            Step::Correction => {
                write!(event.json, r#","outcome":"no_violation","revises":"{}-outcome""#, event.case_id)
            }
            Step::Complaint => self.write_complaint(&mut event.json, "received"),
            Step::Decision(decision) => self.write_complaint(&mut event.json, decision),
        };
        if let Some(handling) = Handling::of(&self.shape, due.case) {
            match due.step {
                Step::Control => handling.write_control(self.shape.scenario, due.is_monitored, &mut event.json),
                Step::Outcome("violation") => handling.write_sanction(&mut event.json),
                Step::Outcome(_) | Step::Correction | Step::Complaint | Step::Decision(_) => {}
            }
        }
        event.json.push_str("}}");
        event
    }

    fn write_complaint(&self, out: &mut String, status: &str) -> std::fmt::Result {
        write!(out, r#","profile":"{}","ground":"race","status":"{status}""#, self.shape.profile)
    }

    /// An event up to its case id. The caller adds the other data and closes the braces.
    fn envelope(&self, time: EventTime, case: u64, (kind, id): (&str, &str)) -> GeneratedEvent {
        let prefix = &self.shape.prefix;
        let case_id = format!("{prefix}-{case:09}");
        let mut json = String::with_capacity(420);
        let _ = write!(
            json,
            r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/paritywatch/generate","id":"{case_id}-{id}","time":""#
        );
        write_time(&mut json, time);
        let _ = write!(json, r#"","datacontenttype":"application/json","data":{{"case_id":"{case_id}""#);
        GeneratedEvent { time, case_id, json }
    }
}

/// Draws a delay between two spans.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "some weeks in milliseconds")]
fn delay(random: &mut Random, least: Span, most: Span) -> Span {
    Span(least.0 + (random.uniform() * (most.0 - least.0) as f64) as i64)
}

/// Writes a time in RFC 3339, in UTC with milliseconds. Times after the year 9999, which RFC 3339 cannot express, become its end.
fn write_time(out: &mut String, time: EventTime) {
    let timestamp = jiff::Timestamp::from_millisecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    let _ = write!(out, "{timestamp:.3}");
}
