//! The status page over HTTP: languages, headers, what hostile names come to, and that no number is there that may not leave.
//!
//! How it looks and works in a browser is the matter of `browser.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support;
use crate::support::page;

use page::{HOSTILE_GROUP, HOSTILE_LINK, HOSTILE_PROFILE, HOSTILE_TEXT, START, faulty, rich, rich_monitor};
use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::PartitionIndex;
use paritywatch::settings::Settings;
use serde_json::Value;
use support::handled_page::handled;
use support::process::{HttpResponse, http_get, http_request};

fn get(url: &str) -> HttpResponse {
    let response = http_get(url).unwrap();
    assert_eq!(response.status, 200, "{url}");
    response
}

#[test]
fn the_language_is_that_of_the_address_or_of_the_browser() {
    let served = rich();
    for (path, accepted, expected) in [
        ("/", "", "en"),
        ("/", "nl,en;q=0.5", "nl"),
        ("/?lang=nl", "en", "nl"),
        ("/?lang=en", "nl", "en"),
        ("/?lang=tlh&refresh=nonsense", "fr", "en"),
    ] {
        let response =
            http_request("GET", &format!("{}{path}", served.url), &[("accept-language", accepted)], b"").unwrap();
        assert_eq!(response.header("content-language"), Some(expected), "{path} {accepted}");
        assert_eq!(response.header("vary"), Some("accept-language"));
        assert!(response.text().contains(&format!("<html lang=\"{expected}\">")), "{path} {accepted}");
    }
}

#[test]
fn every_answer_forbids_script_frames_and_guessing_of_types() {
    let served = rich();
    for path in ["/", "/style.css", "/icon.svg", "/metrics", "/api/v1/evaluation", "/api/v1/alerts", "/api/v1/health"] {
        let response = get(&format!("{}{path}", served.url));
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'none'"), "{path}");
        assert_eq!(response.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(response.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[test]
fn it_refreshes_only_when_asked_to() {
    let served = rich();
    let refresh = |query: &str| get(&format!("{}/{query}", served.url)).header("refresh").map(str::to_owned);
    assert_eq!(refresh(""), None);
    assert_eq!(refresh("?refresh=30"), Some("30".to_owned()));
    assert_eq!(refresh("?refresh=1"), None);
}

#[test]
fn no_name_of_the_configuration_becomes_markup() {
    for served in [rich(), handled(), faulty()] {
        let text = get(&format!("{}/", served.url)).text();
        for hostile in [HOSTILE_GROUP, HOSTILE_PROFILE, HOSTILE_TEXT] {
            assert!(!text.contains(hostile), "{hostile}");
        }
        for markup in ["<script", "<img", "<svg/", "<b>.", " style=", "\" onmouseover="] {
            assert!(!text.contains(markup), "{markup}");
        }
        assert!(!text.contains(&format!("href=\"{HOSTILE_LINK}")), "a script as an address");
    }
    let served = rich();
    let text = get(&format!("{}/", served.url)).text();
    assert!(
        text.contains("&lt;/title&gt;&lt;script&gt;") && text.contains("&lt;svg/onload=alert(3)&gt;&amp;lt;b&amp;gt;")
    );
    assert!(text.contains(HOSTILE_LINK), "it is still shown as text");
}

#[test]
fn values_mixes_intersections_complaints_and_measures_are_there_in_both_languages() {
    let served = handled();
    let english = [
        "p50",
        "p90",
        "home_visit",
        "origin*gender",
        "ground=race",
        "Measures taken",
        "Accepted",
        "No longer accepted",
        "30d: a ratio of",
        "not in force",
        "The configuration has no such rule.",
        "Did you mean duration?",
    ];
    let dutch = [
        "p50",
        "p90",
        "home_visit",
        "origin*gender",
        "ground=race",
        "Genomen maatregelen",
        "Aanvaard",
        "Niet langer aanvaard",
        "30d: een verhouding van",
        "niet van kracht",
        "De configuratie kent deze naam niet: regel.",
        "Bedoelde u duration?",
    ];
    for (language, words) in [("en", english), ("nl", dutch)] {
        let text = get(&format!("{}/?lang={language}", served.url)).text();
        for word in words {
            assert!(text.contains(word), "{language}: {word} is not in {text}");
        }
    }
}

#[test]
fn everything_is_there_in_both_languages() {
    let served = rich();
    for (language, words) in [
        (
            "en",
            [
                "Critical",
                "Warning",
                "Within",
                "Not enough data",
                "Stale",
                "Not judged",
                "firing",
                "pending",
                "resolved",
                "withheld",
            ],
        ),
        (
            "nl",
            [
                "Kritiek",
                "Waarschuwing",
                "Binnen",
                "Te weinig gegevens",
                "Verouderd",
                "Niet beoordeeld",
                "actief",
                "in afwachting",
                "opgelost",
                "afgeschermd",
            ],
        ),
    ] {
        let text = get(&format!("{}/?lang={language}", served.url)).text();
        for word in words {
            assert!(text.contains(&format!(">{word}")) || text.contains(&format!(", {word}")), "{language}: {word}");
        }
    }
}

#[test]
fn profiles_beyond_the_longest_overview_are_counted_and_are_not_the_worst() {
    let profiles: String = (0..103).map(|number| format!("[profiles.p{number}]\nowner = \"o\"\n")).collect();
    let judged = "[[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"point\"\n";
    let text = format!(
        "[dimensions.origin]\nground = \"race\"\ngroups = [\"x\", \"y\"]\n{profiles}{judged}profiles = [\"p102\"]\n"
    );
    let settings = Settings::parse(&text, "page.toml", std::iter::empty()).unwrap();
    let mut monitor = Monitor::new(settings.plan, PseudonymKey([1; 16]), Clock::Wall);
    monitor.add_partition(PartitionIndex(0), START);
    let mut number = 0;
    let mut tally = |monitor: &mut Monitor, group: &str, selected: u64| {
        number += 1;
        let event = serde_json::json!({
            "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/page", "id": number.to_string(),
            "time": jiff::Timestamp::from_millisecond(START.0).unwrap().to_string(),
            "data": {
                "profile": "p102", "channel": "profile", "groups": { "origin": group },
                "counts": { "assessed": 5_000, "selected": selected }
            }
        });
        let payload = event.to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, START), Handled::Accepted);
    };
    tally(&mut monitor, "x", 2_000);
    tally(&mut monitor, "y", 200);
    monitor.handle_tick(START);
    let served = page::serve(&monitor, |snapshot| snapshot.source.caught_up = true);
    for (language, note) in [("en", "3 profiles are not shown here"), ("nl", "3 profielen staan hier niet")] {
        let text = get(&format!("{}/?lang={language}", served.url)).text();
        let overview = text.split("id=\"overview\"").nth(1).unwrap().split("</section>").next().unwrap();
        assert_eq!(overview.matches("<h3>").count(), 100, "{overview}");
        assert!(overview.contains(note), "{language}: {overview}");
        assert!(overview.contains("<h3>p102</h3>"), "the one with a finding comes first");
    }
    let served = rich();
    let text = get(&format!("{}/", served.url)).text();
    assert!(!text.contains("profiles are not shown here"));
}

#[test]
fn an_alert_of_a_count_shows_no_ratio_and_no_evidence() {
    let text = "[privacy]\nmin_cell = 0\nreason = \"test\"\n[profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"x\", \"y\"]\n[criteria]\nbanned = [\"ethnicity\"]\n[[rules]]\nname = \"criteria\"\nkind = \"criterion\"\nwindows = [\"24h\"]\n";
    let settings = Settings::parse(text, "page.toml", std::iter::empty()).unwrap();
    let mut monitor = Monitor::new(settings.plan, PseudonymKey([1; 16]), Clock::Wall);
    monitor.add_partition(PartitionIndex(0), START);
    // Time needs the support of several events.
    for number in 0..40 {
        let event = serde_json::json!({
            "specversion": "1.0", "type": "paritywatch.selection.v1", "source": "/page", "id": number.to_string(),
            "time": jiff::Timestamp::from_millisecond(START.0).unwrap().to_string(),
            "data": { "case_id": number.to_string(), "profile": "p", "selected": true, "criteria": ["ethnicity"] }
        });
        let payload = event.to_string();
        let record = RawRecord { payload: payload.as_bytes(), headers: &[], timestamp: None };
        assert_eq!(monitor.handle_record(PartitionIndex(0), &record, START), Handled::Accepted);
    }
    monitor.handle_tick(START);
    let served = page::serve(&monitor, |snapshot| snapshot.source.caught_up = true);
    for (language, found, reason, absent) in [
        ("en", "Found", "a criterion that is never justified", ["Ratio", "by the interval"]),
        ("nl", "Gevonden", "een criterium dat nooit gerechtvaardigd is", ["Verhouding", "op het interval"]),
    ] {
        let text = get(&format!("{}/?lang={language}", served.url)).text();
        let card = text.split("<article class=\"alert").nth(1).unwrap().split("</article>").next().unwrap();
        assert!(card.contains("ethnicity") && card.contains(reason) && card.contains(found), "{card}");
        assert!(absent.iter().all(|word| !card.contains(word)), "{card}");
    }
}

#[test]
fn silence_and_faults_never_read_as_all_clear() {
    let served = faulty();
    let response = get(&format!("{}/", served.url));
    let text = response.text();
    assert!(text.contains("Not ready") && text.contains("offset 17 is gone &lt;b&gt;"), "{text}");
    assert!(text.contains("Nothing was evaluated yet") && text.contains("the last reload was refused"));
    assert!(!text.contains("No evidence beyond a threshold"));
    assert_eq!(http_get(&format!("{}/api/v1/alerts", served.url)).unwrap().status, 503);
    let health: Value = serde_json::from_str(&get(&format!("{}/api/v1/health", served.url)).text()).unwrap();
    assert_eq!((&health["ready"], &health["watermark"]), (&Value::Bool(false), &Value::Null));
    assert!(health["fault"].as_str().unwrap().contains("offset 17"));
    // The profile of which nothing was heard for hours.
    let served = rich();
    let text = get(&format!("{}/", served.url)).text();
    let card = text.split("<h3>stil</h3>").nth(1).unwrap().split("</li>").next().unwrap();
    assert!(card.contains("No recent events: nothing can be said"), "{card}");
}

#[test]
fn alerts_and_health_are_there_for_machines_and_every_anchor_leads_somewhere() {
    let served = rich();
    let text = get(&format!("{}/", served.url)).text();
    let document: Value = serde_json::from_str(&get(&format!("{}/api/v1/alerts", served.url)).text()).unwrap();
    let evaluation: Value = serde_json::from_str(&get(&format!("{}/api/v1/evaluation", served.url)).text()).unwrap();
    assert_eq!(document["alerts"], evaluation["alerts"]);
    assert!(document["alerts"].as_array().unwrap().len() >= 3);
    let monitor = rich_monitor();
    let published = monitor.published();
    for alert in published.alerts() {
        assert!(text.contains(&format!("id=\"{}\"", alert.anchor())), "{}", alert.anchor());
        assert!(text.contains(&format!("href=\"#{}\"", alert.evidence.anchor())));
    }
    let mut anchors: Vec<String> = published.findings().iter().map(|finding| finding.anchor()).collect();
    for anchor in &anchors {
        assert!(text.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        assert!(
            anchor.chars().all(|character| character.is_ascii_alphanumeric() || "._-~".contains(character)),
            "{anchor}"
        );
    }
    let all = anchors.len();
    anchors.sort();
    anchors.dedup();
    assert_eq!(anchors.len(), all, "two findings share an anchor");
    let health: Value = serde_json::from_str(&get(&format!("{}/api/v1/health", served.url)).text()).unwrap();
    assert_eq!((&health["ready"], &health["partitions"][0]["lag"]), (&Value::Bool(true), &Value::from(7)));
    assert_eq!(health["rejections"].as_object().unwrap().values().next(), Some(&Value::from(1)));
}

#[test]
fn withheld_counts_are_nowhere_on_the_page() {
    let served = rich();
    let text = get(&format!("{}/?lang=en", served.url)).text();
    // Of the smallest group: 7 selected and 6 controlled of 60.
    for small in ["7 of 60", "6 of 60", "6 of 7", "11.67%", "10.00%<small>6"] {
        let around = text.split(small).next().map_or("", |before| &before[before.len().saturating_sub(200)..]);
        assert!(!text.contains(small), "{small} after {around}");
    }
}
