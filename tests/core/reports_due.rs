//! The rule kind `silence` watches that the report of each period is made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use paritywatch::monitor::Monitor;
use paritywatch::plan::{EventTime, Period, Plan};
use paritywatch::render::Render;
use serde_json::Value;

use crate::support::state::{KEY, NOW, config, events, feed, fresh, header, plan};

const RULE: &str = "[[rules]]\nname = \"due\"\nkind = \"silence\"\nreport = \"30d\"\nreport_period = \"month\"\n";

fn of_rule(rule: &str) -> Plan {
    plan(&config("[profiles.d]\nowner = \"o\"\n", &[rule]))
}

fn day(text: &str) -> EventTime {
    EventTime(format!("{text}T00:00:00Z").parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// A monitor that has events, and has not ticked.
fn begun(plan: &Plan) -> Monitor {
    let mut monitor = fresh(plan);
    feed(&mut monitor, &events(40));
    monitor
}

/// Verdict, reason and the day of the last report, at a tick.
fn at(monitor: &mut Monitor, now: EventTime) -> (String, String, Option<String>) {
    monitor.handle_tick(now);
    while monitor.poll_output().is_some() {}
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["subject"] == "report").unwrap();
    let word = |name: &str| found[name].as_str().unwrap_or("null").to_owned();
    (word("verdict"), word("reason"), found["last_heard"].as_str().map(|time| time[..10].to_owned()))
}

fn said(verdict: &str, reason: &str, made: Option<&str>) -> (String, String, Option<String>) {
    (verdict.to_owned(), reason.to_owned(), made.map(str::to_owned))
}

fn firing(monitor: &Monitor) -> bool {
    let document: Value = serde_json::from_str(&monitor.published().to_json()).unwrap();
    document["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .any(|alert| alert["subject"] == "report" && alert["state"] == "firing")
}

#[test]
fn a_report_that_is_not_made_in_time_is_overdue_until_it_is_made() {
    let mut monitor = begun(&of_rule(RULE));
    // Months before the first tick, which is in September, are nobody's duty here.
    assert_eq!(at(&mut monitor, NOW), said("insufficient_data", "report_not_due", None));
    assert_eq!(at(&mut monitor, day("2026-10-30")), said("insufficient_data", "report_not_due", None));
    let overdue = said("critical", "report_overdue", None);
    assert_eq!(at(&mut monitor, day("2026-11-01")), overdue);
    assert!(firing(&monitor));
    // That of another period is not that of September, nor is one of a part of it.
    for (period, made) in
        [("2026-08", "2026-11-02"), ("2026-09-01..2026-09-29", "2026-11-02"), ("2026-Q3", "2026-11-02")]
    {
        monitor.note_report(&Period::parse(period).unwrap(), day(made));
        assert_eq!(at(&mut monitor, day("2026-11-02")), overdue, "{period}");
    }
    monitor.note_report(&Period::parse("2026-09-01..2026-09-30").unwrap(), day("2026-11-03"));
    assert_eq!(at(&mut monitor, day("2026-11-03")), said("within", "report_made", Some("2026-11-03")));
    // October's is due by the end of November. An earlier one that is missing is not forgotten when another month is over.
    assert_eq!(at(&mut monitor, day("2026-11-30")), said("within", "report_made", Some("2026-11-03")));
    assert_eq!(at(&mut monitor, day("2026-12-02")), overdue);
    monitor.note_report(&Period::parse("2026-11").unwrap(), day("2026-12-03"));
    assert_eq!(at(&mut monitor, day("2026-12-03")), said("critical", "report_overdue", Some("2026-12-03")));
    monitor.note_report(&Period::parse("2026-10").unwrap(), day("2026-12-04"));
    assert_eq!(at(&mut monitor, day("2026-12-04")), said("within", "report_made", Some("2026-12-03")));
    assert!(!firing(&monitor));
}

#[test]
fn severity_and_calendar_are_those_of_the_rule() {
    let rule = format!("{RULE}severity = \"warning\"\ndays = [\"mon\"]\n");
    let mut monitor = begun(&of_rule(&rule));
    at(&mut monitor, NOW);
    // Thirty Mondays after September are in May.
    assert_eq!(at(&mut monitor, day("2027-04-20")), said("insufficient_data", "report_not_due", None));
    assert_eq!(at(&mut monitor, day("2027-05-05")), said("warning", "report_overdue", None));
}

#[test]
fn a_restart_and_a_clock_that_is_set_forget_nothing() {
    let plan = of_rule(RULE);
    let mut monitor = begun(&plan);
    at(&mut monitor, NOW);
    monitor.note_report(&Period::parse("2026-09").unwrap(), day("2026-10-05"));
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    paritywatch::checkpoint::write(&header(&plan), &monitor.snapshot(), &mut bytes).unwrap();
    std::fs::write(folder.path().join("checkpoint"), bytes).unwrap();
    let store = paritywatch::checkpoint::Store::new(paritywatch::checkpoint::Owner::claim(folder.path()).unwrap());
    let mut restored = store.read(plan.clone(), KEY, paritywatch::monitor::Clock::Wall).unwrap().unwrap().monitor;
    assert_eq!(at(&mut restored, day("2026-11-20")), said("within", "report_made", Some("2026-10-05")));
    assert_eq!(at(&mut restored, day("2026-12-20")).1, "report_overdue");
    // A plan without the rule, and with it again: what was told stays.
    let other = plan_without();
    restored.change_plan(other).unwrap();
    restored.handle_tick(day("2026-12-21"));
    restored.change_plan(plan).unwrap();
    assert_eq!(at(&mut restored, day("2026-12-22")).1, "report_overdue");
    // The clock was a year slow when the daemon first ran.
    let mut slow = begun(&of_rule(RULE));
    at(&mut slow, day("2025-09-21"));
    slow.shift_clock(day("2026-09-21").since(day("2025-09-21")));
    assert_eq!(at(&mut slow, day("2026-09-22")), said("insufficient_data", "report_not_due", None));
}

fn plan_without() -> Plan {
    of_rule(crate::support::state::POINT)
}

#[test]
fn a_replay_does_not_judge_reports() {
    let folder = tempfile::tempdir().unwrap();
    let (config_file, lines) = (folder.path().join("c.toml"), folder.path().join("events.jsonl"));
    std::fs::write(&config_file, config("[profiles.d]\nowner = \"o\"\n", &[RULE])).unwrap();
    std::fs::write(&lines, events(40).join("\n")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.args(["replay", "--max-lost", "1", "--format", "json", "--config"]).arg(&config_file).arg(&lines);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = document["findings"].as_array().unwrap().iter().find(|finding| finding["subject"] == "report").unwrap();
    assert!(found["verdict"].is_null() && found["reason"] == "not_judged", "{found}");
}
