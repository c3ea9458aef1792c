//! Measures that name what the configuration does not have, as warnings in the log: each once.

use std::collections::BTreeSet;

use crate::disclosure::{PublishedMeasures, UnknownName};
use crate::plan::EventTime;

/// What was logged so far. It is no more than an evaluation shows.
#[derive(Clone, Debug, Default)]
pub struct UnansweredLog {
    /// By the time of the measure: which name was unknown, and what is near to it.
    noted: BTreeSet<(EventTime, &'static str, Option<String>)>,
}

impl UnansweredLog {
    /// Logs what an evaluation shows for the first time since the program started. Names that only an event says are not repeated.
    pub fn note(&mut self, measures: &PublishedMeasures) {
        let unknown = measures.unmatched.iter().filter_map(|measure| Some((measure, measure.unknown.as_ref()?)));
        let shown: BTreeSet<_> =
            unknown.map(|(measure, UnknownName { what, near })| (measure.at, *what, near.clone())).collect();
        for (at, what, near) in shown.difference(&self.noted) {
            tracing::warn!(
                at = at.0,
                unknown = what,
                did_you_mean = near.as_deref().unwrap_or_default(),
                "a measure names what the configuration does not have, so it answers no alert; send it again by the right name"
            );
        }
        // What is no longer shown was dropped, and does not come back.
        self.noted = shown;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::disclosure::{PublishedMeasure, PublishedSubject};
    use crate::plan::MeasureKind;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_is_logged_once_and_by_no_name_of_its_event() {
        let measure = PublishedMeasure {
            at: EventTime(5),
            kind: MeasureKind::Accepted,
            subject: PublishedSubject { rule: Some("secret-name".to_owned()), ..PublishedSubject::default() },
            reason: "secret reason".to_owned(),
            by: "secret role".to_owned(),
            until: None,
            accepted_ratio: None,
            unknown: Some(UnknownName { what: "rule", near: Some("selection".to_owned()) }),
        };
        let known = PublishedMeasure { unknown: None, ..measure.clone() };
        let measures =
            PublishedMeasures { unmatched: vec![Arc::new(measure), Arc::new(known)], ..PublishedMeasures::default() };
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut log = UnansweredLog::default();
            log.note(&measures);
            log.note(&measures);
        });
        let text = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("unknown=\"rule\" did_you_mean=\"selection\"") && !text.contains("secret"), "{text}");
    }
}
