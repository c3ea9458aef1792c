//! The past of a comparison over HTTP: as a page and as JSON, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use paritywatch::checkpoint::{HISTORY_FOLDER, History, Owner};
use paritywatch::disclosure::Kept;
use paritywatch::plan::Span;
use paritywatch::settings::HistoryLimits;
use serde_json::Value;
use support::page::{START, Served, rich, rich_monitor, serve_with_history};
use support::process::{http_get, http_request};

const LIMITS: HistoryLimits =
    HistoryLimits { keep: Span(2_557 * 86_400_000), full_resolution: Span(35 * 86_400_000), max_bytes: 4 << 30 };

/// A served history of one release, and the places of its comparisons.
fn served(state: &std::path::Path) -> (Served, Vec<String>) {
    let monitor = rich_monitor();
    let kept = Kept::of(&monitor.published(), &[]);
    History::open(&Owner::claim(state).unwrap(), LIMITS).unwrap().add(&kept, START, Span::HOUR).unwrap();
    let anchors =
        kept.findings.iter().filter(|(_, row)| row.thresholds.is_some()).map(|(key, _)| key.anchor()).collect();
    (serve_with_history(&monitor, state), anchors)
}

#[test]
fn each_comparison_links_to_its_past_in_the_language_of_the_page() {
    let state = tempfile::tempdir().unwrap();
    let (served, anchors) = served(state.path());
    assert!(!anchors.is_empty());
    for language in ["en", "nl"] {
        let page = http_get(&format!("{}/?lang={language}", served.url)).unwrap().text();
        for anchor in &anchors {
            let path = format!("/history?finding={anchor}&amp;days=90&amp;lang={language}");
            assert!(page.contains(&format!("href=\"{path}\"")), "{path}");
            let past = http_get(&format!("{}{}", served.url, path.replace("&amp;", "&"))).unwrap();
            assert_eq!((past.status, past.header("content-language")), (200, Some(language)), "{path}");
            assert!(past.header("content-security-policy").unwrap().starts_with("default-src 'none';"));
            assert!(past.text().contains(&format!("<html lang=\"{language}\">")) && !past.text().contains("<script"));
        }
    }
}

#[test]
fn the_past_as_json_names_the_finding_and_what_cannot_be_read() {
    let state = tempfile::tempdir().unwrap();
    let (served, anchors) = served(state.path());
    let ask = |anchor: &str| -> Value {
        let response = http_get(&format!("{}/api/v1/history?finding={anchor}&days=7", served.url)).unwrap();
        assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
        serde_json::from_str(&response.text()).unwrap()
    };
    let past = ask(&anchors[0]);
    assert_eq!(past["schema"], "paritywatch.history.v1");
    assert_eq!((past["points"].as_array().unwrap().len(), &past["points"][0]["release"]), (1, &Value::Bool(true)));
    assert!(past["finding"]["rule"].is_string() && past["unreadable"].as_array().unwrap().is_empty());
    assert!(ask("finding.none")["finding"].is_null());
    let file = std::fs::read_dir(state.path().join(HISTORY_FOLDER)).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let past = ask(&anchors[0]);
    assert!(past["points"].as_array().unwrap().is_empty());
    assert!(past["unreadable"][0].as_str().unwrap().contains(file.to_str().unwrap()), "{past}");
}

#[test]
fn what_is_no_finding_no_period_or_no_history_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let ((served, anchors), without) = (served(state.path()), rich());
    for path in ["/history", "/api/v1/history"] {
        for query in [
            "",
            "?days=7",
            "?finding=../x",
            "?finding=finding.a&days=0",
            "?finding=finding.a&days=10001",
            "?finding=finding.%22",
        ] {
            assert_eq!(http_get(&format!("{}{path}{query}", served.url)).unwrap().status, 400, "{path}{query}");
        }
        let query = format!("{path}?finding={}", anchors[0]);
        assert_eq!(http_request("POST", &format!("{}{query}", served.url), &[], b"").unwrap().status, 405);
        assert_eq!(http_get(&format!("{}{query}", without.url)).unwrap().status, 404, "none is written there");
    }
}
