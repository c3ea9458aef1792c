//! The shipped routing and texts: who is told of an alert, and in what words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
#[ignore = "needs amtool: tests/run"]
fn every_alert_reaches_those_who_act_on_it() {
    run(amtool().arg("check-config").arg(deploy("alertmanager/alertmanager.yml")));
    let finding = ["alertname=ParitywatchDisparity", "team=compliance", "profile=p", "rule=r"];
    for (delivery, severity) in [("push", "warning"), ("push", "critical"), ("rule", "warning"), ("rule", "critical")] {
        let more = [format!("delivery={delivery}"), format!("severity={severity}")];
        let labels: Vec<&str> = finding.into_iter().chain(more.iter().map(String::as_str)).collect();
        assert_eq!(routed(&labels), "compliance", "{labels:?}");
        let duty = ["alertname=ParitywatchDuty", "team=compliance", "profile=p", "rule=r", "subject=s"];
        let labels: Vec<&str> = duty.into_iter().chain(more.iter().map(String::as_str)).collect();
        assert_eq!(routed(&labels), "compliance", "{labels:?}");
    }
    for (name, team) in alerts() {
        let receivers = match name.as_str() {
            "ParitywatchDown" => "operations,compliance",
            "ParitywatchWatchdog" => "dead-mans-switch",
            _ => team.as_str(),
        };
        assert_eq!(routed(&[&format!("alertname={name}"), &format!("team={team}")]), receivers, "{name}");
    }
}

#[test]
#[ignore = "needs amtool: tests/run"]
fn what_ended_is_not_told_while_the_finding_fires() {
    let data = tempfile::NamedTempFile::new().unwrap();
    let alert = |status: &str, delivery: &str| {
        format!(
            r#"{{"status":"{status}","labels":{{"severity":"critical","delivery":"{delivery}"}},"annotations":{{"summary":"by {delivery}",
            "description":"d","runbook_url":"u"}},"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:04:05Z"}}"#
        )
    };
    // The daemon died: what it pushed ended by itself, the rule goes on.
    let both = format!("[{},{}]", alert("resolved", "push"), alert("firing", "rule"));
    std::fs::write(data.path(), format!(r#"{{"status":"firing","alerts":{both}}}"#)).unwrap();
    for (language, firing, resolved) in [("en", "FIRING (critical", "RESOLVED"), ("nl", "ALARM (kritiek", "VOORBIJ")] {
        let text = rendered(language, data.path());
        assert!(text.trim_start().starts_with("by rule\n"), "the finding does not come first: {text}");
        assert!(text.contains(firing) && !text.contains(resolved), "{text}");
    }
    let ended = format!("[{}]", alert("resolved", "rule"));
    std::fs::write(data.path(), format!(r#"{{"status":"resolved","alerts":{ended}}}"#)).unwrap();
    assert!(rendered("en", data.path()).contains("RESOLVED (critical, by rule) since 2026-01-02 03:04:05 UTC"));
    assert!(
        rendered("nl", data.path()).contains("VOORBIJ (kritiek, gemeld door Prometheus) sinds 2026-01-02 03:04:05 UTC")
    );
}

#[test]
#[ignore = "needs amtool: tests/run"]
fn a_duty_says_why_in_both_languages() {
    let data = tempfile::NamedTempFile::new().unwrap();
    let told = |reason: &str, language: &str| {
        let alert = format!(
            r#"{{"status":"firing","labels":{{"severity":"critical","delivery":"push","subject":"ethnicity"}},"annotations":{{"summary":"s",
            "description":"d","runbook_url":"u","reason":"{reason}"}},"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:04:05Z"}}"#
        );
        std::fs::write(data.path(), format!(r#"{{"status":"firing","alerts":[{alert}]}}"#)).unwrap();
        rendered(language, data.path())
    };
    assert!(told("banned_criterion", "en").contains("\nd\nReason: banned criterion\nRunbook: u"));
    assert!(told("banned_criterion", "nl").contains("\nd\nReden: een verboden criterium is gebruikt\nDraaiboek: u"));
    // Every reason that raises an alert has Dutch words.
    for reason in [
        "no_random_channel",
        "random_channel_too_small",
        "not_suitable",
        "not_shown",
        "outcomes_missing",
        "outcomes_missing_unequally",
        "automated_decision",
        "decider_unknown",
        "human_step_not_meaningful",
        "banned_criterion",
        "restricted_criterion",
        "proxy_criterion",
    ] {
        let english = format!("Reden: {}", reason.replace('_', " "));
        assert!(!told(reason, "nl").contains(&english), "{reason} has no Dutch words");
    }
}

/// Name and team of every alert that is shipped.
fn alerts() -> Vec<(String, String)> {
    let path = deploy("prometheus/paritywatch.rules.yml");
    let rules = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let after = |text: &str, key: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(key))
            .unwrap_or_else(|| panic!("no {key} in {text}"))
            .to_owned()
    };
    let blocks = rules.split("- alert:").skip(1).map(|block| format!("name:{block}"));
    let alerts: Vec<_> = blocks.map(|block| (after(&block, "name: "), after(&block, "team: "))).collect();
    assert!(alerts.len() > 15, "only {} alerts were found: the rules are written in another way", alerts.len());
    alerts
}

fn rendered(language: &str, data: &Path) -> String {
    let glob = deploy("alertmanager/templates/*.tmpl");
    let text = format!("{{{{ template \"paritywatch.text.{language}\" . }}}}");
    run(amtool()
        .args(["template", "render"])
        .arg(format!("--template.glob={}", glob.display()))
        .arg(format!("--template.text={text}"))
        .arg(format!("--template.data={}", data.display())))
}

fn routed(labels: &[&str]) -> String {
    let config = deploy("alertmanager/alertmanager.yml");
    let test = ["config", "routes", "test"];
    run(amtool().args(test).arg(format!("--config.file={}", config.display())).args(labels)).trim().to_owned()
}

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

fn amtool() -> Command {
    match std::env::var_os("PARITYWATCH_AMTOOL") {
        Some(path) => Command::new(path),
        None => panic!("PARITYWATCH_AMTOOL is not set: run tests/run"),
    }
}

/// What it printed; fails when it fails.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
