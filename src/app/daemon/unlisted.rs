//! Groups on no list, as warnings in the log: each once.

use std::collections::HashSet;

use crate::disclosure::{PublishedSpelling, PublishedUnlisted, PublishedValue};

/// What was logged so far. It is no more than the monitor counts by name.
#[derive(Clone, Debug, Default)]
pub struct UnlistedLog {
    /// The dimension, and the value.
    values: HashSet<(String, String)>,
    /// The dimension, and its name as written.
    spellings: HashSet<(String, String)>,
}

impl UnlistedLog {
    /// Logs what an evaluation names for the first time since the program started.
    pub fn note(&mut self, unlisted: &PublishedUnlisted) {
        for PublishedValue { dimension, value, resembles, cases } in &unlisted.values {
            if self.values.insert((dimension.clone(), value.clone())) {
                tracing::warn!(
                    dimension,
                    // Quoted: it comes from events.
                    value = ?value,
                    resembles = resembles.as_deref().unwrap_or_default(),
                    cases,
                    "a group is on no list, so no comparison counts its cases; list it, or make it an alias"
                );
            }
        }
        for PublishedSpelling { written, dimension } in &unlisted.spellings {
            if self.spellings.insert((dimension.clone(), written.clone())) {
                tracing::warn!(
                    dimension,
                    written = ?written,
                    "events name a dimension that no list has but for its spelling; it is not read"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

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
    fn each_is_logged_once() {
        let unlisted = PublishedUnlisted {
            values: vec![PublishedValue {
                dimension: "origin".to_owned(),
                value: "CAFE".to_owned(),
                resembles: Some("café".to_owned()),
                cases: 12,
            }],
            others: Vec::new(),
            spellings: vec![PublishedSpelling { written: "Origin".to_owned(), dimension: "origin".to_owned() }],
        };
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut log = UnlistedLog::default();
            log.note(&unlisted);
            log.note(&unlisted);
        });
        let text = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("value=\"CAFE\" resembles=\"café\" cases=12"), "{text}");
        assert!(text.contains("written=\"Origin\""), "{text}");
    }
}
