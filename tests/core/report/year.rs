//! A year of 100 profiles: time and memory.

use std::path::Path;
use std::time::Instant;

use paritywatch::checkpoint::{History, Owner};
use paritywatch::disclosure::{Kept, KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptThresholds, Measured};
use paritywatch::plan::{EventTime, Span};
use paritywatch::settings::HistoryLimits;

use super::{json, list, made, run};

const LIMITS: HistoryLimits =
    HistoryLimits { keep: Span(2_557 * 86_400_000), full_resolution: Span(35 * 86_400_000), max_bytes: 64 << 30 };
const WINDOWS: [&str; 5] = ["24h", "7d", "30d", "90d", "2025"];
const PROFILES: usize = 100;
const GROUPS: usize = 5;

fn number(seed: u64) -> f64 {
    (seed % 4_096) as f64 / 1_024.0
}

fn finding(seed: u64) -> KeptFinding {
    let measured = |seed: u64| Measured {
        value: Some(number(seed)),
        lower: Some(number(seed / 3)),
        upper: Some(number(seed / 5)),
    };
    KeptFinding {
        reference_group: Some("group-0".to_owned()),
        group_counts: Some([seed % 100_000, seed % 5_000]),
        reference_counts: Some([seed % 300_000, seed % 9_000]),
        group_rate: Some(number(seed / 7)),
        reference_rate: Some(number(seed / 11)),
        ratio: Some(measured(seed)),
        difference: Some(measured(seed / 13)),
        p_value: Some(number(seed / 17)),
        verdict: Some(if seed.is_multiple_of(97) { "warning" } else { "within" }.to_owned()),
        confidence: 0.95,
        thresholds: Some(KeptThresholds { measure: "ratio".to_owned(), warning: 1.1, critical: 1.25, clear: 1.0 }),
        details: Some(format!(
            r#"{{"missing":{{"group":{{"cases":{},"by_cause":{{"late":20,"no_group":30}}}}}}}}"#,
            seed % 1_000
        )),
        ..KeptFinding::default()
    }
}

fn evaluation(day: u64, as_of: EventTime) -> Kept {
    let mut findings = Vec::new();
    let mut funnel = Vec::new();
    for profile in 0..PROFILES {
        for group in 1..GROUPS {
            for window in WINDOWS {
                for (rule, indicator) in
                    [("selection", "selection_rate"), ("control", "control_frequency"), ("hits", "hit_rate")]
                {
                    let key = KeptKey {
                        rule: rule.to_owned(),
                        kind: "disparity".to_owned(),
                        profile: format!("profile-{profile:03}"),
                        channel: "profile".to_owned(),
                        dimension: Some("origin".to_owned()),
                        group: Some(format!("group-{group}")),
                        subject: None,
                        reference: "group-0".to_owned(),
                        indicator: Some(indicator.to_owned()),
                        window: window.to_owned(),
                    };
                    let seed =
                        (findings.len() as u64 * 7_919 + day * 104_729).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
                    findings.push((key, finding(seed)));
                }
            }
        }
        for group in 0..GROUPS {
            for window in WINDOWS {
                let key = KeptFunnelKey {
                    profile: format!("profile-{profile:03}"),
                    channel: "profile".to_owned(),
                    dimension: "origin".to_owned(),
                    group: format!("group-{group}"),
                    window: window.to_owned(),
                };
                let row = KeptFunnel {
                    reference: "group-0".to_owned(),
                    stages: [Some(day * 10), Some(day * 5), Some(day * 4), Some(day * 3), Some(day)],
                    ..KeptFunnel::default()
                };
                funnel.push((key, row));
            }
        }
    }
    Kept {
        as_of,
        released_at: Some(as_of),
        config_hash: "0123456789abcdef".to_owned(),
        findings,
        funnel,
        transitions: Vec::new(),
        quality: Vec::new(),
        periods: None,
    }
}

/// The most memory that a process had, in KiB.
fn peak(words: &str) -> u64 {
    let line = words.lines().find(|line| line.contains("Maximum resident set size")).unwrap();
    line.split(": ").nth(1).unwrap().trim().parse().unwrap()
}

/// With `PARITYWATCH_REPORT_PROGRAM` another build of the program is measured.
#[test]
#[ignore = "takes minutes and prints figures"]
fn a_year_of_100_profiles_takes_little_time_and_memory() {
    let (state, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut history = History::open(&Owner::claim(state.path()).unwrap(), LIMITS).unwrap();
    for day in 0..365 {
        let as_of = EventTime(1_735_689_600_000 + i64::try_from(day).unwrap() * Span::DAY.0 + 23 * Span::HOUR.0);
        history.add(&evaluation(day, as_of), as_of, Span::HOUR).unwrap();
    }
    println!("history: {} bytes", history.health().bytes);
    drop(history);
    let config = super::with_state(super::CONFIG, state.path());
    for format in ["json", "csv", "html", "register"] {
        let began = Instant::now();
        let words = ["--period", "2025", "--format", format, "--lang", "nl"];
        let peak = measured(&config, state.path(), to.path(), &words);
        println!("{format}: {:?}, {} MiB at most", began.elapsed(), peak / 1_024);
        assert!(peak < 512 * 1_024);
    }
    made(&run(&config, state.path(), to.path(), &["--period", "2025", "--format", "json"], &[]));
    let document = json(to.path(), "2025");
    assert_eq!(list(&document, "profiles").len(), PROFILES + 3);
    assert!(document["past_every_days"].as_u64().unwrap() > 1);
    for file in std::fs::read_dir(to.path()).unwrap().map(Result::unwrap) {
        println!("{}: {} bytes", file.file_name().display(), file.metadata().unwrap().len());
    }
}

fn measured(config: &str, state: &Path, to: &Path, words: &[&str]) -> u64 {
    let file = state.join("config.toml");
    std::fs::write(&file, config).unwrap();
    let program =
        std::env::var_os("PARITYWATCH_REPORT_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_paritywatch").into());
    let mut command = std::process::Command::new("/usr/bin/time");
    command.arg("-v").arg(program).arg("report").arg("--config").arg(file).arg("--to").arg(to).args(words);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    peak(&words)
}
