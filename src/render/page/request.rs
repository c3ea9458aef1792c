//! How the page was asked for.

use super::text::Language;

/// Shortest and longest time between two refreshes that may be asked for, in seconds.
const REFRESH_SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;

/// Days of the past that are shown where none are asked for, and those that may be.
const DAYS: u32 = 90;
const PAST_DAYS: std::ops::RangeInclusive<u32> = 1..=10_000;

/// How the page was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The language of the page.
    pub(super) language: Language,
    /// Whether the address names the language.
    pub(super) named: bool,
    /// Seconds to the next refresh, if one is asked for.
    pub(super) refresh: Option<u32>,
}

impl Request {
    /// Reads the query of the address (`lang=nl`, `refresh=30`) and the header `Accept-Language`. What is not understood counts as absent.
    #[must_use]
    pub fn of(query: Option<&str>, accepted: Option<&str>) -> Self {
        let value = |name: &str| value(query, name);
        let named = value("lang").and_then(Language::of_code);
        let language = named.or_else(|| preferred(accepted?)).unwrap_or(Language::English);
        let refresh =
            value("refresh").and_then(|value| value.parse().ok()).filter(|value| REFRESH_SECONDS.contains(value));
        Self { language, named: named.is_some(), refresh }
    }

    /// The code of the language.
    #[must_use]
    pub const fn language(&self) -> &'static str {
        self.language.code()
    }

    /// Seconds to the next refresh, if one is asked for.
    #[must_use]
    pub const fn refresh(&self) -> Option<u32> {
        self.refresh
    }

    /// The address of the page in a language and with a refresh; `None` leaves it to the browser.
    pub(super) fn address(language: Option<&str>, refresh: Option<u32>) -> String {
        let language = language.map(|code| format!("lang={code}"));
        let refresh = refresh.map(|seconds| format!("refresh={seconds}"));
        let parts: Vec<String> = language.into_iter().chain(refresh).collect();
        if parts.is_empty() { "/".to_owned() } else { format!("/?{}", parts.join("&")) }
    }
}

/// Which finding's past is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The finding's place on the status page.
    pub anchor: String,
    /// Days before the newest entry.
    pub days: u32,
}

impl Past {
    /// Reads the query of the address (`finding=finding.rule...`, `days=90`). `None` where it names no finding, or days beyond the range.
    #[must_use]
    pub fn of(query: Option<&str>) -> Option<Self> {
        let anchor = value(query, "finding").filter(|anchor| is_anchor(anchor))?.to_owned();
        let days = value(query, "days").map_or(Some(DAYS), |days| days.parse().ok())?;
        PAST_DAYS.contains(&days).then_some(Self { anchor, days })
    }
}

/// Whether a text can be the place of a finding. It is repeated in addresses, so nothing else may be in it.
fn is_anchor(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte);
    text.starts_with("finding.") && text.bytes().all(is_plain)
}

fn value<'q>(query: Option<&'q str>, name: &str) -> Option<&'q str> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
}

/// The language of the page that `Accept-Language` prefers.
fn preferred(accepted: &str) -> Option<Language> {
    let liked = accepted.split(',').filter_map(|entry| {
        let (code, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let weight: f64 = weight.trim().strip_prefix("q=")?.parse().ok()?;
        Some((Language::of_code(code.trim())?, weight)).filter(|(_, weight)| *weight > 0.0)
    });
    liked.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_decides_then_the_browser_then_english() {
        let language = |query, accepted| Request::of(query, accepted).language;
        assert_eq!(language(Some("lang=nl"), Some("en")), Language::Dutch);
        assert_eq!(language(None, Some("de, nl-BE;q=0.7, en;q=0.3")), Language::Dutch);
        assert_eq!(language(None, Some("nl;q=0, en;q=0.1")), Language::English);
        assert_eq!(language(Some("lang=xx&a"), Some("fr")), Language::English);
        assert_eq!(language(Some("lang=nl&lang=en"), None), Language::English);
    }

    #[test]
    fn the_past_is_that_of_a_place_on_the_page() {
        let past = |query| Past::of(Some(query)).map(|past| (past.anchor, past.days));
        assert_eq!(past("finding=finding.a.b~2E.7d"), Some(("finding.a.b~2E.7d".to_owned(), 90)));
        assert_eq!(past("lang=nl&days=7&finding=finding.a"), Some(("finding.a".to_owned(), 7)));
        for query in
            ["", "finding=", "finding=x", "finding=finding.<b>", "finding=finding.a&days=0", "finding=finding.a&days=x"]
        {
            assert_eq!(past(query), None, "{query}");
        }
    }

    #[test]
    fn only_a_sensible_refresh_is_taken() {
        let refresh = |query| Request::of(Some(query), None).refresh;
        assert_eq!(refresh("refresh=30"), Some(30));
        for text in ["refresh=0", "refresh=4", "refresh=3601", "refresh=30;url=http://x", "refresh=-1", "refresh="] {
            assert_eq!(refresh(text), None, "{text}");
        }
    }
}
