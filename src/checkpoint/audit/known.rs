//! What the log has, so that nothing is entered twice: read from its entries at the start.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

use super::configuration::{Difference, Keys, keys_of};
use super::entry::{Draft, Entry, Kind, sha256};
use super::fact::Fact;
use crate::disclosure::{PublishedAlert, PublishedMeasure};
use crate::outbox::Message;
use crate::plan::{EventTime, Provenance};

/// Alerts whose entered transitions are remembered, at most. The alert book keeps fewer.
const MAX_ALERTS: usize = 40_000;
/// Measures that are remembered, at most. The book of measures keeps fewer.
const MAX_MEASURES: usize = 40_000;
/// Reports that are remembered, at most. Their folder holds fewer.
const MAX_REPORTS: usize = 40_000;

/// What the log has.
#[derive(Debug, Default)]
pub struct Known {
    /// The last transition of each alert, and when it was entered: the larger, the later.
    alerts: Recent<String, u32>,
    measures: Recent<String, ()>,
    reports: Recent<String, ()>,
    configuration: Keys,
    config_hash: Option<String>,
    gaps: BTreeSet<String>,
    has_two_keys: bool,
    /// Whether a start is entered without a stop after it.
    runs: bool,
    /// The address at which people reach the daemon, for messages.
    base_url: String,
}

impl Known {
    /// Before any entry. `base_url` is where people reach the daemon.
    #[must_use]
    pub fn new(base_url: String) -> Self {
        Self { base_url, ..Self::default() }
    }

    /// Takes note of an entry of the log.
    pub fn learn(&mut self, entry: &Entry<'_>) {
        let kind = entry.kind();
        let is = |other: Kind| kind == other.name();
        if is(Kind::Alert) {
            let id = parsed::<Identified>(entry).map(|found| found.id);
            if let Some((alert, number)) = id.as_deref().and_then(|id| id.rsplit_once('-')) {
                self.note_alert(alert, number.parse().unwrap_or_default());
            }
        } else if is(Kind::Measure) {
            self.measures.note(identity(entry.content()), (), MAX_MEASURES);
        } else if is(Kind::Report) {
            if let Some(Identified { id }) = parsed(entry) {
                self.reports.note(id, (), MAX_REPORTS);
            }
        } else if is(Kind::Configuration) {
            if let Some(Configured { hash, difference }) = parsed(entry) {
                self.config_hash = Some(hash);
                difference.apply(&mut self.configuration);
            }
        } else if is(Kind::GapAccepted) {
            self.gaps.extend(parsed::<Gap>(entry).map(|found| found.gap));
        } else if is(Kind::KeyRotationBegun) || is(Kind::KeyRotationEnded) {
            self.has_two_keys = is(Kind::KeyRotationBegun);
        } else if is(Kind::Start) || is(Kind::Stop) {
            self.runs = is(Kind::Start);
        }
    }

    /// Makes entries of what the log does not have of a fact, and counts them as entered.
    pub fn enter(&mut self, fact: Fact, now: EventTime) -> Vec<Draft> {
        let one = |kind: Kind, content: Value| vec![Draft::new(kind, now, &content)];
        match fact {
            Fact::Started { config_hash, checkpoint } => {
                let was_stopped = !std::mem::replace(&mut self.runs, true);
                let version = env!("CARGO_PKG_VERSION");
                let content = json!({
                    "version": version, "config_hash": config_hash, "checkpoint": checkpoint, "last_run_was_stopped": was_stopped,
                });
                one(Kind::Start, content)
            }
            Fact::Stopped(why) => {
                self.runs = false;
                one(Kind::Stop, json!({ "why": why }))
            }
            Fact::Configuration { hash, toml } => self.configuration(hash, &toml, now).into_iter().collect(),
            Fact::Gaps(gaps) => gaps.into_iter().filter_map(|gap| self.gap(gap, now)).collect(),
            Fact::Alerts(alerts, provenance) => {
                alerts.iter().flat_map(|alert| self.transitions(alert, &provenance, now)).collect()
            }
            Fact::Book(alerts) => {
                let unknown = Provenance::default();
                let is_due =
                    |known: &Self, alert: &PublishedAlert| alert.resolved_at.is_none() || known.told(&alert.id) > 0;
                let due = |alert: &PublishedAlert| {
                    if is_due(self, alert) { self.transitions(alert, &unknown, now) } else { Vec::new() }
                };
                alerts.iter().flat_map(due).collect()
            }
            Fact::Numbers(numbers) => {
                self.forget_beyond(&numbers);
                Vec::new()
            }
            Fact::Messages(messages) => messages.iter().filter_map(|message| self.message(message, now)).collect(),
            Fact::Measures(measures) => measures.iter().filter_map(|measure| self.measure(measure, now)).collect(),
            Fact::TwoKeys(has_two) if has_two == self.has_two_keys => Vec::new(),
            Fact::TwoKeys(has_two) => {
                self.has_two_keys = has_two;
                one(if has_two { Kind::KeyRotationBegun } else { Kind::KeyRotationEnded }, json!({}))
            }
            Fact::Report { id, note } => self.report(id, &note, now).into_iter().collect(),
            Fact::StateRefused(problem) => one(Kind::StateRefused, json!({ "problem": problem })),
            Fact::Lost(entries) => one(Kind::NotWritten, json!({ "entries": entries })),
        }
    }

    fn configuration(&mut self, hash: String, toml: &str, now: EventTime) -> Option<Draft> {
        let keys = keys_of(toml);
        let difference = Difference::of(&self.configuration, &keys);
        if difference.is_empty() && self.config_hash.as_deref() == Some(hash.as_str()) {
            return None;
        }
        let content = json!({
            "hash": hash, "hash_before": self.config_hash,
            "added": difference.added, "removed": difference.removed, "changed": difference.changed,
        });
        self.configuration = keys;
        self.config_hash = Some(hash);
        Some(Draft::new(Kind::Configuration, now, &content))
    }

    fn gap(&mut self, gap: String, now: EventTime) -> Option<Draft> {
        let content = json!({ "gap": gap });
        self.gaps.insert(gap).then(|| Draft::new(Kind::GapAccepted, now, &content))
    }

    fn transitions(&mut self, alert: &PublishedAlert, provenance: &Provenance, now: EventTime) -> Vec<Draft> {
        let missing = Message::missing(alert, self.told(&alert.id), provenance, &self.base_url);
        missing.iter().filter_map(|message| self.message(message, now)).collect()
    }

    fn message(&mut self, message: &Message, now: EventTime) -> Option<Draft> {
        if message.number <= self.told(&message.alert) {
            return None;
        }
        self.note_alert(&message.alert, message.number);
        Some(Draft::document(Kind::Alert, now, &message.id(), &message.document))
    }

    fn measure(&mut self, measure: &PublishedMeasure, now: EventTime) -> Option<Draft> {
        let document = serde_json::to_string(measure).ok()?;
        let identity = identity(&document);
        if self.measures.get(&identity).is_some() {
            return None;
        }
        let draft = Draft::document(Kind::Measure, now, &identity, &document);
        self.measures.note(identity, (), MAX_MEASURES);
        Some(draft)
    }

    fn report(&mut self, id: String, note: &str, now: EventTime) -> Option<Draft> {
        let is_new = self.reports.get(&id).is_none();
        let draft = is_new.then(|| Draft::report(now, &id, note));
        self.reports.note(id, (), MAX_REPORTS);
        draft
    }

    fn told(&self, alert: &str) -> u32 {
        self.alerts.get(alert).copied().unwrap_or_default()
    }

    /// Forgets transitions that the state does not know: it was put back, and will count from there again.
    fn forget_beyond(&mut self, numbers: &[(String, u32)]) {
        let mut last: HashMap<&str, u32> = HashMap::new();
        for (alert, number) in numbers {
            let known = last.entry(alert).or_default();
            *known = (*number).max(*known);
        }
        self.alerts
            .change(|alert, number| *number = (*number).min(last.get(alert.as_str()).copied().unwrap_or_default()));
    }

    fn note_alert(&mut self, alert: &str, number: u32) {
        let number = number.max(self.told(alert));
        self.alerts.note(alert.to_owned(), number, MAX_ALERTS);
    }
}

/// The newest of something, by what it is known by.
#[derive(Debug)]
struct Recent<K, V> {
    values: HashMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    next: u64,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: BTreeMap::new(), next: 0 }
    }
}

impl<K: Clone + Eq + std::hash::Hash, V> Recent<K, V> {
    fn get<Q: ?Sized + Eq + std::hash::Hash>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.values.get(key).map(|(_, value)| value)
    }

    fn change(&mut self, each: impl Fn(&K, &mut V)) {
        self.values.iter_mut().for_each(|(key, (_, value))| each(key, value));
    }

    fn note(&mut self, key: K, value: V, most: usize) {
        self.next += 1;
        self.order.insert(self.next, key.clone());
        if let Some((before, _)) = self.values.insert(key, (self.next, value)) {
            self.order.remove(&before);
        }
        if self.values.len() > most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.values.remove(&oldest);
        }
    }
}

/// What a measure is known by. What it names that the configuration lacks is no part of it: that changes with the configuration.
fn identity(document: &str) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("unknown");
        fields.remove("near");
    }
    sha256(document.to_string().as_bytes())
}

fn parsed<'e, T: Deserialize<'e>>(entry: &'e Entry<'_>) -> Option<T> {
    serde_json::from_str(entry.content()).ok()
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct Configured {
    hash: String,
    #[serde(flatten)]
    difference: Difference,
}

#[derive(Deserialize)]
struct Gap {
    gap: String,
}
