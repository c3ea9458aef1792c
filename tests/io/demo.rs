//! The demo: a skewed profile raises its alert, and three others the alert of the duty that each neglects; a fair one beside them stays quiet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::process::{Daemon, free_port};

/// Within this time the demo has shown everything, also in an unoptimised build.
const LIMIT: Duration = Duration::from_secs(60);

/// The alerts that must fire: rule, profile, and group or subject.
const EXPECTED: [(&str, &str, &str, &str); 4] = [
    ("selection-by-origin", "skewed", "group", "non_european"),
    ("human-decision", "automated", "subject", "decided_by"),
    ("random-channel", "unbenchmarked", "subject", "worth-having"),
    ("outcomes", "unreported", "group", "non_european"),
];

#[test]
fn the_skewed_profile_and_three_neglected_duties_alert_and_the_fair_profile_does_not() {
    let address = format!("127.0.0.1:{}", free_port());
    let binary = Path::new(env!("CARGO_BIN_EXE_paritywatch"));
    let mut demo = Daemon::start(binary, &["demo", "--listen", &address], &[]);
    let began = Instant::now();
    let left = || LIMIT.saturating_sub(began.elapsed());
    let is_expected = |alert: &Value, (rule, profile, key, name): (&str, &str, &str, &str)| {
        alert["rule"] == rule && alert["profile"] == profile && alert[key] == name
    };
    let evaluation = demo.wait_for_http(
        &format!("http://{address}/api/v1/evaluation"),
        |response| {
            let document: Value = serde_json::from_str(&response.text()).unwrap_or_default();
            let alerts = document["alerts"].as_array().cloned().unwrap_or_default();
            let fires =
                |expected| alerts.iter().any(|alert| alert["state"] == "firing" && is_expected(alert, expected));
            EXPECTED.into_iter().all(fires)
        },
        left(),
    );
    let document: Value = serde_json::from_str(&evaluation.text()).unwrap();
    for alert in document["alerts"].as_array().unwrap() {
        // Outcomes that one group lacks are compared with the rest, so the others lack too few.
        let is_other_side = alert["rule"] == "outcomes" && alert["profile"] == "unreported";
        assert!(is_other_side || EXPECTED.into_iter().any(|expected| is_expected(alert, expected)), "{alert}");
    }
    let page = demo.wait_for_http(&format!("http://{address}/"), |page| page.status == 200, left()).text();
    let duties = page.split_once("id=\"duties\"").expect("the page has a section of duties").1;
    for (rule, profile, ..) in &EXPECTED[1..] {
        assert!(duties.contains(&format!("<span>{profile}</span> <span class=\"rule\">{rule}</span>")), "{duties}");
    }
    for reason in [
        "Cases were selected by automated decision",
        "No case that was picked at random counts yet",
        "Outcomes are missing more often, or less often, for this group",
    ] {
        assert!(duties.contains(reason), "{reason}: {duties}");
    }
    demo.wait_for_http(
        &format!("http://{address}/metrics"),
        |page| page.text().contains("paritywatch_alert_firing{"),
        left(),
    );
    assert!(demo.terminate().success());
}
