//! Which topics were made anew while they were read: the brokers give each topic an id of its own, and another one to a topic that takes its name.
//!
//! librdkafka reads such a topic on at the offset that it had reached in the old one, and tells of it in a line of its log alone: before it asks for the first
//! record of the new topic (docs/decisions/0196-a-topic-is-known-by-its-id.md).

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::status::lock;

/// The context of librdkafka's log that tells of ids. It says a few lines for each look at a topic, and nothing of records.
pub(super) const LOG_CONTEXT: &str = "metadata";
/// The facility of these lines.
pub(super) const FACILITY: &str = "METADATA";
/// How librdkafka writes that there is no id: the brokers give none, or none was heard yet.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// The ids of topics, as far as they were heard. They are kept when the client is replaced.
#[derive(Debug, Default)]
pub(super) struct TopicIds(Mutex<Ids>);

#[derive(Debug, Default)]
struct Ids {
    known: BTreeMap<String, String>,
    renewed: Vec<Renewed>,
    /// Looks at the topics so far.
    looks: u64,
}

/// A topic that has another id than before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Renewed {
    /// The topic.
    pub topic: String,
    /// The id that it had.
    pub before: String,
    /// The id that it has.
    pub now: String,
}

impl TopicIds {
    /// Takes a line of the facility [`FACILITY`].
    pub fn hear(&self, line: &str) {
        let Some((topic, now)) = told(line).filter(|(_, now)| *now != NO_ID) else { return };
        let mut ids = lock(&self.0);
        let before = ids.known.insert(topic.to_owned(), now.to_owned());
        if let Some(before) = before.filter(|before| before != now) {
            ids.renewed.push(Renewed { topic: topic.to_owned(), before, now: now.to_owned() });
        }
    }

    /// The topics that were found to be made anew since the last call.
    pub fn take_renewed(&self) -> Vec<Renewed> {
        std::mem::take(&mut lock(&self.0).renewed)
    }

    /// Tells once that the brokers give no ids of these topics. Call it after each look at them: what the first one brings is heard before the next.
    pub fn tell_unknown(&self, topics: &[String]) {
        let mut ids = lock(&self.0);
        ids.looks += 1;
        if ids.looks == 2 {
            for topic in ids.unknown(topics) {
                tracing::warn!(
                    topic,
                    "the brokers give the topic no id: that it is made anew is noticed at a start alone"
                );
            }
        }
    }
}

impl Ids {
    fn unknown<'t>(&self, topics: &'t [String]) -> Vec<&'t str> {
        topics.iter().filter(|topic| !self.known.contains_key(*topic)).map(String::as_str).collect()
    }
}

/// The topic of a line, and its new id. It is written as `Topic NAME changed id from ID to ID`, with the thread before it; no name of a topic has a blank.
fn told(line: &str) -> Option<(&str, &str)> {
    let (before, ids) = line.split_once(" changed id from ")?;
    let (start, topic) = before.rsplit_once(' ')?;
    let (_, now) = ids.split_once(" to ")?;
    start.ends_with("Topic").then_some((topic, now.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "HhbOqWr9S4eYVdB2wGpXqg";
    const B: &str = "zQ8yX0sVQ1K0m6y8u8c7Zw";

    fn change(topic: &str, from: &str, to: &str) -> String {
        format!("[thrd:main]: Topic {topic} changed id from {from} to {to}")
    }

    #[test]
    fn a_topic_is_made_anew_when_its_id_is_another() {
        let ids = TopicIds::default();
        ids.hear(&change("t", NO_ID, A));
        ids.hear(&change("t.2", NO_ID, B));
        assert_eq!(ids.take_renewed(), []);
        // Another client of the same topics, and brokers that give no ids for a while.
        ids.hear(&change("t", NO_ID, A));
        ids.hear(&change("t", A, NO_ID));
        ids.hear(&change("t", NO_ID, A));
        assert_eq!(ids.take_renewed(), []);
        ids.hear(&change("t", NO_ID, B));
        let renewed = Renewed { topic: "t".to_owned(), before: A.to_owned(), now: B.to_owned() };
        assert_eq!(ids.take_renewed(), [renewed]);
        assert_eq!(ids.take_renewed(), []);
    }

    #[test]
    fn other_lines_say_nothing() {
        let ids = TopicIds::default();
        for line in ["", "Topic t [0] Leader 1 Epoch 0", "Topic changed id from a to b", "t changed id from a to b"] {
            ids.hear(line);
        }
        let topics = ["t".to_owned(), "u".to_owned()];
        assert_eq!(lock(&ids.0).unknown(&topics), ["t", "u"]);
        ids.hear(&change("t", NO_ID, A));
        assert_eq!(lock(&ids.0).unknown(&topics), ["u"]);
    }
}
