//! What may leave of the measures that were taken. Their texts come from people who wrote them to be read; numbers of
//! findings pass through suppression here as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plain::plain;
use super::suppress::shows_comparison;
use crate::alert::{
    Acceptance, AcceptanceEnd, Alert, BeyondAccepted, MeasureBook, MeasureKey, MeasureSubject, MeasureTaken,
};
use crate::plan::{EventTime, Measure, MeasureKind, Plan, nearest};

/// Measures that are shown of one alert that goes on, at most: the newest.
const MAX_MEASURES_OF_ALERT: usize = 20;
/// Measures that are shown of one alert that is over, at most: the newest. There may be 10,000 such alerts.
const MAX_MEASURES_OF_ENDED: usize = 5;
/// Measures that are shown of profiles, and of those that answer no alert, at most of each: the newest.
const MAX_LISTED: usize = 1_000;

/// A measure that may leave.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields of paritywatch.measure.v1")]
pub struct PublishedMeasure {
    /// When it was taken.
    pub at: EventTime,
    pub kind: MeasureKind,
    /// What it answers.
    pub subject: PublishedSubject,
    pub reason: String,
    pub by: String,
    pub until: Option<EventTime>,
    pub accepted_ratio: Option<f64>,
    /// What it names that the configuration does not have. Such a measure answers no alert.
    pub unknown: Option<UnknownName>,
}

/// What a measure names that the configuration does not have. The name itself is that of its event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownName {
    /// `rule`, `dimension` or `group`.
    pub what: &'static str,
    /// The name of the configuration that is nearest to it, where one is near.
    pub near: Option<String>,
}

impl UnknownName {
    fn of(subject: &MeasureSubject, plan: &Plan) -> Option<Self> {
        let MeasureSubject::Findings { rule, dimension, group, .. } = subject else { return None };
        let unknown = |what, found: &str, known: &mut dyn Iterator<Item = &str>| {
            Some(Self { what, near: nearest(found, known).map(str::to_owned) })
        };
        if plan.rules.iter().all(|known| known.name != *rule) {
            return unknown("rule", rule, &mut plan.rules.iter().map(|rule| rule.name.as_str()));
        }
        let written = dimension.as_ref()?;
        let Some(dimension) = plan.dimensions.iter().find(|known| known.name == *written) else {
            return unknown("dimension", written, &mut plan.dimensions.iter().map(|known| known.name.as_str()));
        };
        let group = group.as_ref().filter(|group| !dimension.groups.contains(group))?;
        unknown("group", group, &mut dimension.groups.iter().map(String::as_str))
    }
}

/// What a measure answers, as its event named it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of paritywatch.measure.v1")]
pub struct PublishedSubject {
    pub alert_id: Option<String>,
    pub profile: Option<String>,
    pub rule: Option<String>,
    pub dimension: Option<String>,
    pub group: Option<String>,
}

/// The acceptance of an alert that may leave.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedAcceptance {
    /// When it was accepted.
    pub at: EventTime,
    /// Why.
    pub reason: String,
    /// By which role.
    pub by: String,
    /// Until when.
    pub until: Option<EventTime>,
    /// By what it is judged, with the number up to which the alert's window is accepted; `None` where the severity decides,
    /// as where the numbers are withheld.
    pub up_to: Option<(Measure, f64)>,
    /// Why it is no longer in force, and since when.
    pub ended: Option<(AcceptanceEnd, EventTime)>,
    /// What was beyond what was accepted, where it ended by that. Its numbers are none that were withheld: these decide nothing.
    pub beyond: Option<BeyondAccepted>,
}

/// What was done about one alert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishedAnswer {
    /// Its last acceptance, in force or not.
    pub acceptance: Option<PublishedAcceptance>,
    /// The acceptance that was in force when it fired.
    pub fired_with: Option<Box<PublishedAcceptance>>,
    /// When it was last accepted, or last ceased to be, while it fired.
    pub turned_at: Option<EventTime>,
    /// When a measure last came while it fired.
    pub measured_at: Option<EventTime>,
    /// The newest measures that answer it, in the order of their time; of an alert that is over those up to its end, and those
    /// that name it.
    pub measures: Vec<Arc<PublishedMeasure>>,
    /// The place among them of the acceptance that is in force. Other acceptances have no effect, any more or at all.
    pub in_force: Option<usize>,
    /// Older ones that are not shown.
    pub left_out: usize,
}

/// The measures that answer no alert, and counts of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishedMeasures {
    /// Those about a profile as a whole, in the order of their time.
    pub of_profiles: Vec<Arc<PublishedMeasure>>,
    /// Those about alerts or findings of which there is no alert, in the order of their time.
    pub unmatched: Vec<Arc<PublishedMeasure>>,
    /// Older ones that are in neither list for want of room.
    pub left_out: u64,
    /// All that answer no alert.
    pub unmatched_count: u64,
    /// All that are kept, by kind in the order of [`MeasureKind::ALL`].
    pub counts: [u64; MeasureKind::ALL.len()],
    /// Those that were dropped by a limit, or with their profile.
    pub dropped: u64,
}

/// The measures of a book as they may leave. Each is made once, however many alerts it answers.
pub struct MeasureShelf<'b> {
    book: &'b MeasureBook,
    subjects: BTreeMap<&'b MeasureSubject, Vec<Shelved<'b>>>,
}

/// A measure, with its place in time.
type Shelved<'b> = (&'b MeasureKey, Arc<PublishedMeasure>);

impl<'b> MeasureShelf<'b> {
    /// Returns the measures of a book.
    #[must_use]
    pub fn of(book: &'b MeasureBook, plan: &Plan) -> Self {
        let mut subjects: BTreeMap<&MeasureSubject, Vec<Shelved<'_>>> = BTreeMap::new();
        for (subject, measure) in book.iter() {
            let published = Arc::new(PublishedMeasure::of(subject, measure, plan));
            subjects.entry(subject).or_default().push((&measure.key, published));
        }
        Self { book, subjects }
    }

    /// Returns the measures that answer an alert, in the order of their time. What is not about this alert alone answers it
    /// until it ends.
    fn answering(&self, alert: &Alert, plan: &Plan) -> Vec<&Shelved<'b>> {
        if self.subjects.is_empty() {
            return Vec::new();
        }
        let ended_at = alert.ended_at(plan);
        let mut all = Vec::new();
        for subject in alert.subjects(plan) {
            let of_subject = self.subjects.get(&subject).map_or(&[][..], Vec::as_slice);
            all.extend(of_subject.iter().filter(|(key, _)| answers_until(&subject, ended_at, key.at)));
        }
        all.sort_by_key(|(key, _)| *key);
        all
    }
}

/// Whether a measure of this time answers an alert that ended then.
fn answers_until(subject: &MeasureSubject, ended_at: Option<EventTime>, at: EventTime) -> bool {
    matches!(subject, MeasureSubject::Alert(_)) || ended_at.is_none_or(|ended_at| at <= ended_at)
}

impl PublishedAnswer {
    pub(super) fn of(plan: &Plan, alert: &Alert, shelf: &MeasureShelf<'_>) -> Self {
        let answer = &alert.answer;
        if shelf.book.is_empty() && answer.is_empty() {
            return Self::default();
        }
        let all = shelf.answering(alert, plan);
        let most = if alert.state.is_open() { MAX_MEASURES_OF_ALERT } else { MAX_MEASURES_OF_ENDED };
        let left_out = all.len().saturating_sub(most);
        let acceptance = |found| PublishedAcceptance::of(plan, alert, found);
        let in_force = answer.acceptance.as_ref().filter(|_| answer.is_accepted()).map(|found| &found.measure.key);
        let shown = || all.iter().skip(left_out);
        Self {
            in_force: shown().position(|(key, _)| in_force == Some(*key)),
            acceptance: answer.acceptance.as_ref().map(acceptance),
            fired_with: answer.fired_with.as_ref().map(acceptance).map(Box::new),
            turned_at: answer.turned_at,
            measured_at: answer.measured_at,
            measures: shown().map(|(_, measure)| Arc::clone(measure)).collect(),
            left_out,
        }
    }

    /// Returns whether the alert is accepted.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(&self.acceptance, Some(PublishedAcceptance { ended: None, .. }))
    }

    /// Returns the measures, each with whether it has an effect: every acceptance but the one in force has none.
    pub fn measures_with_effect(&self) -> impl DoubleEndedIterator<Item = (&PublishedMeasure, bool)> {
        self.measures.iter().enumerate().map(|(place, measure)| {
            let has_effect = measure.kind != MeasureKind::Accepted || self.in_force == Some(place);
            (measure.as_ref(), has_effect)
        })
    }
}

impl PublishedAcceptance {
    /// A number is told only where the finding may show its own.
    fn of(plan: &Plan, alert: &Alert, acceptance: &Acceptance) -> Self {
        let Acceptance { measure, accepted, ended, beyond } = acceptance;
        let finding = &alert.evidence;
        let judged_by = plan.rules.get(alert.identity.rule).and_then(|rule| rule.judged_by());
        let judged_by = judged_by.filter(|_| shows_comparison(plan, finding)).map(|(measure, _)| measure);
        Self {
            at: measure.key.at,
            reason: plain(&measure.reason).into_owned(),
            by: plain(&measure.by).into_owned(),
            until: measure.until,
            up_to: judged_by.and_then(|measure| Some((measure, accepted.limit(&finding.key.window, measure)?))),
            ended: *ended,
            beyond: beyond.clone(),
        }
    }

    /// Returns the word for what decides whether it still holds.
    #[must_use]
    pub const fn judged_by(&self) -> &'static str {
        match self.up_to {
            Some((measure, _)) => measure.name(),
            None => "severity",
        }
    }

    /// Returns the number up to which it is accepted, where it is one of this kind.
    #[must_use]
    pub fn limit(&self, of: Measure) -> Option<f64> {
        self.up_to.filter(|(measure, _)| *measure == of).map(|(_, limit)| limit)
    }
}

impl PublishedMeasures {
    pub(super) fn of<'a>(plan: &Plan, alerts: impl Iterator<Item = &'a Alert>, shelf: &MeasureShelf<'_>) -> Self {
        let mut published = Self { dropped: shelf.book.dropped(), ..Self::default() };
        if shelf.book.is_empty() {
            return published;
        }
        let (mut of_profiles, mut unmatched) = (Vec::new(), Vec::new());
        let answered = answered_until(plan, alerts, shelf);
        for (subject, measure) in
            shelf.subjects.iter().flat_map(|(subject, all)| all.iter().map(move |one| (subject, one)))
        {
            published.count(measure.1.kind);
            let is_answered = |until: &Option<EventTime>| answers_until(subject, *until, measure.0.at);
            match subject {
                MeasureSubject::Profile(_) => of_profiles.push(measure),
                subject if !answered.get(subject).is_some_and(is_answered) => unmatched.push(measure),
                _ => {}
            }
        }
        published.unmatched_count = unmatched.len() as u64;
        published.left_out = left_out(&of_profiles).saturating_add(left_out(&unmatched));
        published.of_profiles = newest(of_profiles);
        published.unmatched = newest(unmatched);
        published
    }

    fn count(&mut self, kind: MeasureKind) {
        let place = MeasureKind::ALL.iter().position(|known| *known == kind);
        if let Some(count) = place.and_then(|place| self.counts.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }

    /// Returns whether no measure was ever taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped == 0 && self.counts.iter().all(|count| *count == 0)
    }
}

/// The subjects with measures that alerts are among, each with the end of the last of them; `None` where one goes on.
fn answered_until<'a>(
    plan: &Plan,
    alerts: impl Iterator<Item = &'a Alert>,
    shelf: &MeasureShelf<'_>,
) -> BTreeMap<MeasureSubject, Option<EventTime>> {
    let mut answered = BTreeMap::new();
    for alert in alerts {
        let ended_at = alert.ended_at(plan);
        for subject in alert.subjects(plan).into_iter().filter(|subject| shelf.subjects.contains_key(subject)) {
            let until = answered.entry(subject).or_insert(ended_at);
            *until = until.zip(ended_at).map(|(one, other): (EventTime, EventTime)| one.max(other));
        }
    }
    answered
}

fn left_out(list: &[&Shelved<'_>]) -> u64 {
    list.len().saturating_sub(MAX_LISTED) as u64
}

/// The newest that a list has room for, in the order of their time.
fn newest(mut list: Vec<&Shelved<'_>>) -> Vec<Arc<PublishedMeasure>> {
    list.sort_by_key(|(key, _)| *key);
    let left_out = list.len().saturating_sub(MAX_LISTED);
    list.into_iter().skip(left_out).map(|(_, measure)| Arc::clone(measure)).collect()
}

impl PublishedMeasure {
    fn of(subject: &MeasureSubject, measure: &MeasureTaken, plan: &Plan) -> Self {
        let MeasureTaken { key, kind, reason, by, until, accepted_ratio } = measure;
        Self {
            at: key.at,
            kind: *kind,
            subject: PublishedSubject::of(subject),
            reason: plain(reason).into_owned(),
            by: plain(by).into_owned(),
            until: *until,
            accepted_ratio: *accepted_ratio,
            unknown: UnknownName::of(subject, plan),
        }
    }
}

impl PublishedSubject {
    fn of(subject: &MeasureSubject) -> Self {
        match subject {
            MeasureSubject::Alert(id) => Self { alert_id: Some(id.to_string()), ..Self::default() },
            MeasureSubject::Profile(profile) => Self { profile: Some(profile.clone()), ..Self::default() },
            MeasureSubject::Findings { profile, rule, dimension, group } => Self {
                alert_id: None,
                profile: Some(profile.clone()),
                rule: Some(rule.clone()),
                dimension: dimension.clone(),
                group: group.clone(),
            },
        }
    }
}
