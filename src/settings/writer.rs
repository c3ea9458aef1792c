//! Writes TOML, always in the same form: the configuration hash depends on it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::duration::format_duration;
use super::key::quoted;
use super::terms::Span;

/// A TOML document that is being written.
#[derive(Default)]
pub(super) struct Toml {
    pub text: String,
}

impl Toml {
    pub fn header(&mut self, header: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(header);
        self.text.push('\n');
    }

    pub fn value(&mut self, key: &str, value: impl fmt::Display) {
        self.text.push_str(&format!("{key} = {value}\n"));
    }

    pub fn string(&mut self, key: &str, text: &str) {
        self.value(key, quoted(text));
    }

    pub fn path(&mut self, key: &str, path: &Path) {
        self.string(key, &path.display().to_string());
    }

    /// Writes a path, or an empty text where there is none.
    pub fn optional_path(&mut self, key: &str, path: Option<&PathBuf>) {
        self.string(key, &path.map(|path| path.display().to_string()).unwrap_or_default());
    }

    pub fn span(&mut self, key: &str, span: Span) {
        self.string(key, &format_duration(span));
    }

    /// Writes the shortest form that reads back as the same number, always with a point or an exponent.
    pub fn number(&mut self, key: &str, number: f64) {
        self.value(key, format!("{number:?}"));
    }
}

/// Returns a list of strings.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| quoted(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// Returns a time of day such as `08:00`.
pub(super) fn time_of_day(span: Span) -> String {
    let minutes = span.0 / Span::MINUTE.0;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Returns a date such as `2026-12-25`; empty beyond the years that jiff knows, which no configuration has.
pub(super) fn day(days: i64) -> String {
    let midnight = jiff::Timestamp::from_millisecond(days.saturating_mul(Span::DAY.0));
    midnight.map(|midnight| midnight.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()).unwrap_or_default()
}
