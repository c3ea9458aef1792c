//! The demo: a skewed profile raises its alert, a fair one beside it stays quiet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use support::process::{Daemon, free_port};

/// Room for a busy machine and an unoptimised build; an optimised one takes some seconds.
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn the_skewed_profile_alerts_and_the_fair_one_does_not() {
    let address = format!("127.0.0.1:{}", free_port());
    let binary = Path::new(env!("CARGO_BIN_EXE_paritywatch"));
    let mut demo = Daemon::start(binary, &["demo", "--listen", &address], &[]);
    let evaluation = demo.wait_for_http(
        &format!("http://{address}/api/v1/evaluation"),
        |response| {
            let document: Value = serde_json::from_str(&response.text()).unwrap_or_default();
            document["alerts"].as_array().is_some_and(|alerts| alerts.iter().any(|alert| alert["state"] == "firing"))
        },
        LIMIT,
    );
    let document: Value = serde_json::from_str(&evaluation.text()).unwrap();
    for alert in document["alerts"].as_array().unwrap() {
        assert_eq!((&alert["profile"], &alert["group"]), (&"skewed".into(), &"non_european".into()), "{alert}");
    }
    demo.wait_for_http(
        &format!("http://{address}/metrics"),
        |page| page.text().contains("paritywatch_alert_firing{"),
        LIMIT,
    );
    assert!(demo.terminate().success());
}
