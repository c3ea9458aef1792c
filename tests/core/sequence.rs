//! Sequential evidence end to end: from events to published evidence, against the reference traces.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the trace's counts are small whole numbers"
)]

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::render::Render;
use paritywatch::scenario::{Scenario, Shape, Stream};
use paritywatch::settings::Settings;
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
const START: EventTime = EventTime(1_767_225_600_000);

fn trace(file: &str, name: &str) -> Vec<Vec<f64>> {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = vectors[name]["rows"].as_array().unwrap();
    rows.iter().map(|row| row.as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect()).collect()
}

fn config(rule: &str) -> String {
    format!(
        "[privacy]\nmin_cell = 0\nreason = \"test\"\n[window]\nrolling = [\"30d\"]\ncohort_max_age = \"2d\"\nallowed_lateness = \"10m\"\n[alerting]\nblock_exposed = 1\nblock_concluded = 1\n\
         [profiles.p]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\ngroups = [\"a\", \"b\"]\n[[rules]]\nname = \"rule\"\n{rule}"
    )
}

struct Run {
    monitor: Monitor,
    sent: u64,
}

impl Run {
    fn new(config: &str, clock: Clock) -> Self {
        let settings = Settings::parse(config, "test.toml", std::iter::empty()).unwrap();
        Self { monitor: Monitor::new(settings.plan, PseudonymKey([5; 16]), clock), sent: 0 }
    }

    fn send(&mut self, kind: &str, time: EventTime, data: &Value) -> Handled {
        self.send_to(0, kind, time, data)
    }

    fn send_to(&mut self, partition: u32, kind: &str, time: EventTime, data: &Value) -> Handled {
        self.sent += 1;
        let event = json!({
            "specversion": "1.0", "type": format!("paritywatch.{kind}.v1"), "source": "/test", "id": format!("e{}", self.sent),
            "time": jiff::Timestamp::from_millisecond(time.0).unwrap().to_string(), "data": data,
        });
        let payload = serde_json::to_vec(&event).unwrap();
        let record = RawRecord { payload: &payload, headers: &[], timestamp: None };
        self.monitor.handle_record(PartitionIndex(partition), &record, START)
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.monitor.published().to_json()).unwrap()
    }

    fn evidence(&self, group: &str) -> Value {
        let document = self.document();
        let mut findings = document["findings"].as_array().unwrap().iter();
        findings.find(|finding| finding["group"] == group).unwrap()["evidence"].clone()
    }
}

fn hour(index: usize) -> EventTime {
    START.plus(Span::HOUR.times(i64::try_from(index).unwrap())).plus(Span::MINUTE)
}

fn close(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: no number"));
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{what}: expected {expected}, found {found}");
}

/// The counts of a tally that give a side of a comparison of selections, and of hits.
fn selection(events: u64, exposed: u64) -> Value {
    json!({ "assessed": exposed, "selected": events })
}

fn hits(events: u64, exposed: u64) -> Value {
    json!({ "assessed": exposed, "selected": exposed, "controlled": exposed, "concluded": exposed, "hits": events })
}

/// Every row of the traces without a cap is one hour of tallies, and thereby one block.
fn follow(rule: &str, sides: [&str; 2], counts: fn(u64, u64) -> Value) {
    let rows = trace("vectors.json", "eprocess_trace_allowance");
    let material = trace("vectors.json", "eprocess_trace_material");
    let config = config(rule).replace("[alerting]", "[alerting]\nblock_cap = 0");
    let evidence = evidence_of(&config, &rows, sides, counts);
    let (last, last_material) = (rows.last().unwrap(), material.last().unwrap());
    close(&evidence["dispersion"], last[4], "phi");
    close(&evidence["log_e"], last[5], "log_e");
    close(&evidence["log_sr"], last[6], "log_sr");
    close(&evidence["log_e_material"], last_material[5], "log_e_material");
}

/// The same for the trace with the default cap.
fn follow_capped(rule: &str, sides: [&str; 2], counts: fn(u64, u64) -> Value) {
    let rows = trace("rules.json", "allowance_v2");
    let evidence = evidence_of(&config(rule), &rows, sides, counts);
    let last = rows.last().unwrap();
    close(&evidence["dispersion"], last[4], "phi");
    close(&evidence["log_e"], last[6], "log_e");
    close(&evidence["log_sr"], last[7], "log_sr");
    close(&evidence["log_e_material"], last[8], "log_e_material");
}

fn evidence_of(config: &str, rows: &[Vec<f64>], sides: [&str; 2], counts: fn(u64, u64) -> Value) -> Value {
    let [monitored, reference] = sides;
    let mut run = Run::new(config, Clock::Event { as_of: None });
    for (index, row) in rows.iter().enumerate() {
        let count = |index: usize| row[index] as u64;
        let sides = [(monitored, counts(count(0), count(1))), (reference, counts(count(2), count(3)))];
        for (group, counts) in sides {
            let data = json!({ "profile": "p", "groups": { "origin": group }, "counts": counts });
            let handled = run.send("tally", hour(index), &data);
            assert_eq!(handled, Handled::Accepted, "{data}");
        }
    }
    run.send("tally", hour(rows.len() + 1), &json!({ "profile": "p", "groups": { "origin": "a" }, "counts": {} }));
    run.monitor.finish();
    let evidence = run.evidence("a");
    assert_eq!(evidence["blocks"], json!(rows.len()));
    evidence
}

#[test]
fn the_trace_arrives_whole_through_the_monitor() {
    let rule = "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\n";
    follow(rule, ["a", "b"], selection);
    follow_capped(rule, ["a", "b"], selection);
}

/// For "too low" the groups change places: the trace's first group is the reference.
#[test]
fn the_trace_of_hits_that_are_too_few() {
    let rule = "indicator = \"hit_rate\"\nreference = \"b\"\nwarning = 0.9\ncritical = 0.8\n";
    follow(rule, ["b", "a"], hits);
    follow_capped(rule, ["b", "a"], hits);
}

#[test]
fn late_facts_correct_windows_are_counted_and_enter_no_block() {
    let rule = "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\n";
    let run = |late: bool| {
        let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
        let tally = |run: &mut Run, group: &str, time, assessed: u64, selected: u64| {
            let counts = json!({ "assessed": assessed, "selected": selected });
            run.send("tally", time, &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }))
        };
        for index in 0..6 {
            tally(&mut run, "a", hour(index), 500, 60);
            tally(&mut run, "b", hour(index), 4_500, 225);
            if late && index == 5 {
                tally(&mut run, "a", hour(2), 400, 7);
            }
        }
        run.monitor.finish();
        run
    };
    let (plain, late) = (run(false), run(true));
    assert_eq!(plain.evidence("a"), late.evidence("a"));
    assert_eq!(plain.document()["late_evidence"], json!([]));
    let expected = json!([{ "profile": "p", "channel": "profile", "dimension": "origin", "group": "a", "cases": 400 }]);
    assert_eq!(late.document()["late_evidence"], expected);
    assert_eq!(late.document()["findings"][0]["group_counts"]["exposed"], json!(3_400));
}

/// An alarm needs both: evidence against ratio 1, and a window whose ratio is beyond a threshold.
#[test]
fn population_denominators_give_evidence_given_the_total() {
    let rule = "indicator = \"control_frequency\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\n";
    let config = config(rule).replace("[profiles.p]", "[profiles.p]\nexposure = \"population\"");
    let mut run = Run::new(&config, Clock::Event { as_of: None });
    let population = json!({ "profile": "p", "dimension": "origin", "counts": { "a": 10_000, "b": 90_000 }, "valid_from": "2025-01-01T00:00:00Z" });
    run.send("population", START, &population);
    for day in 0..20 {
        for (group, controlled) in [("a", 30), ("b", 90)] {
            let counts =
                json!({ "selected": controlled, "controlled": controlled, "concluded": controlled, "hits": 0 });
            let data = json!({ "profile": "p", "groups": { "origin": group }, "counts": counts });
            run.send("tally", hour(day * 24 + 1), &data);
        }
    }
    run.monitor.finish();
    let evidence = run.evidence("a");
    assert_eq!(evidence["blocks"], json!(18), "a block is a day; the last is not over");
    assert_eq!(evidence["alarmed"], json!(true), "{evidence}");
    assert_eq!(run.document()["findings"][0]["verdict"], json!("critical"));
}

/// Interval and p-value rest on the group's share of the events, given their total: 30 of 120 against an expected share of 0.1.
#[test]
fn population_denominators_give_the_p_value_of_the_share() {
    let rule = "indicator = \"control_frequency\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"interval\"\n";
    let config = config(rule).replace("[profiles.p]", "[profiles.p]\nexposure = \"population\"");
    let finding = |persons: [u64; 2], controls: [u64; 2]| {
        let mut run = Run::new(&config, Clock::Event { as_of: None });
        let counts = json!({ "a": persons[0], "b": persons[1] });
        let population =
            json!({ "profile": "p", "dimension": "origin", "counts": counts, "valid_from": "2025-01-01T00:00:00Z" });
        run.send("population", START, &population);
        for (group, controlled) in ["a", "b"].into_iter().zip(controls) {
            let counts = json!({ "selected": controlled, "controlled": controlled });
            run.send("tally", hour(0), &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }));
        }
        run.monitor.finish();
        run.document()["findings"][0].clone()
    };
    let rare = finding([10_000, 90_000], [30, 90]);
    let chi = 18.0 / 10.8_f64.sqrt();
    close(&rare["p_value"], libm::erfc(chi / std::f64::consts::SQRT_2), "p-value");
    // Rates of 40 and 30 %: two samples of persons would differ at 5 %, the events do not.
    let frequent = finding([220, 220], [88, 66]);
    assert!(frequent["p_value"].as_f64().unwrap() > 0.05, "{frequent}");
    assert!(frequent["ratio"]["lower"].as_f64().unwrap() < 1.0, "{frequent}");
    // A person may be controlled more than once.
    assert!(finding([20, 180], [40, 60])["p_value"].as_f64().unwrap() < 0.05);
}

/// Checks for nothing, compared with the random channel: the group has the same population in both, so under equality half of the events fall to
/// each. The evidence is conditional on the total, as interval and p-value are.
#[test]
fn unfounded_checks_of_a_population_are_compared_with_the_random_channel_by_one_model() {
    use paritywatch::statistics::{Block, Judging, Pair, Series};
    let rule = "indicator = \"unfounded_rate\"\nreference = \"random\"\nwarning = 1.1\ncritical = 1.25\n";
    let config = config(rule).replace("[profiles.p]", "[profiles.p]\nexposure = \"population\"");
    let mut run = Run::new(&config, Clock::Event { as_of: None });
    let population = json!({ "profile": "p", "dimension": "origin", "counts": { "a": 10_000, "b": 90_000 }, "valid_from": "2025-01-01T00:00:00Z" });
    run.send("population", START, &population);
    let mut series = Series::new(Some(1.25));
    for day in 0..20 {
        for (channel, concluded) in [("profile", 14), ("random", 10)] {
            let counts = json!({ "selected": concluded, "controlled": concluded, "concluded": concluded, "hits": 4 });
            let data = json!({ "profile": "p", "channel": channel, "groups": { "origin": "a" }, "counts": counts });
            run.send("tally", hour(day * 24 + 1), &data);
        }
        if day < 18 {
            let crude = Pair { events: 10, exposed: 10_000, reference_events: 6, reference_exposed: 10_000 };
            let block = Block { crude, by_population: true, ..Block::default() };
            series.take(&block, &Judging { variation: 0.3, cap: 5.0, log_level: 3.0 });
        }
    }
    run.monitor.finish();
    let document = run.document();
    let finding = &document["findings"][0];
    assert_eq!(finding["group_counts"], json!({ "exposed": 10_000, "events": 200 }));
    assert_eq!(finding["reference_counts"], json!({ "exposed": 10_000, "events": 120 }));
    let chi = 40.0 / 80_f64.sqrt();
    close(&finding["p_value"], libm::erfc(chi / std::f64::consts::SQRT_2), "p-value");
    // Wilson's interval of the share 200 of 320, mapped to the ratio.
    let (z, x, n) = (1.959_963_984_540_054_2_f64, 200.0, 320.0);
    let spread = z * (x * (n - x) / n + z * z / 4.0_f64).sqrt();
    let share = |sign: f64| (x + z * z / 2.0 + sign * spread) / (n + z * z);
    close(&finding["ratio"]["lower"], share(-1.0) / (1.0 - share(-1.0)), "lower limit");
    close(&finding["ratio"]["upper"], share(1.0) / (1.0 - share(1.0)), "upper limit");
    let evidence = &finding["evidence"];
    assert_eq!(evidence["blocks"], json!(series.blocks()), "{evidence}");
    close(&evidence["log_e"], series.disparity().log_e(), "log_e");
}

/// Everybody of both groups was picked: the rates are equal. Where nobody was, there is nothing to judge.
#[test]
fn equal_rates_at_the_ends_of_the_range() {
    let rule =
        "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\nevidence = \"point\"\n";
    let finding = |n: [u64; 2], everybody: bool| {
        let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
        for (group, n) in ["a", "b"].into_iter().zip(n) {
            let counts = selection(if everybody { n } else { 0 }, n);
            run.send("tally", hour(0), &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }));
        }
        run.monitor.finish();
        run.document()["findings"][0].clone()
    };
    for n in [[20, 30], [41, 5_452_359]] {
        let all = finding(n, true);
        assert_eq!((&all["p_value"], &all["verdict"]), (&json!(1.0), &json!("within")), "{all}");
        let nobody = finding(n, false);
        assert_eq!((&nobody["p_value"], &nobody["verdict"]), (&Value::Null, &json!("insufficient_data")), "{nobody}");
    }
}

/// One profile with 12 groups, compared with the rest and within offices. 30 profiles would take longer.
#[test]
fn fair_streams_raise_no_alert_and_skewed_ones_do() {
    let config = "[alerting]\nfamily_alpha = 0.05\n[window]\nrolling = [\"7d\"]\n[profiles.cub]\nowner = \"o\"\n[dimensions.origin]\nground = \"race\"\n\
        groups = [\"dutch\", \"european\", \"non_european\"]\n[dimensions.gender]\nground = \"sex\"\ngroups = [\"female\", \"male\"]\n\
        [[rules]]\nname = \"selection\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n";
    let alerts = |scenario, seed| {
        let mut run = Run::new(config, Clock::Event { as_of: None });
        for event in Stream::new(&Shape::new(scenario, 100_000, seed)) {
            let record = RawRecord { payload: event.json.as_bytes(), headers: &[], timestamp: None };
            run.monitor.handle_record(PartitionIndex(0), &record, START);
        }
        run.monitor.finish();
        run.document()["alerts"].as_array().unwrap().len()
    };
    for seed in 0..3 {
        assert_eq!(alerts(Scenario::Fair, seed), 0, "seed {seed}");
    }
    assert!(alerts(Scenario::SkewedSelection, 1) > 0);
}

/// The sample size that `power` gives for one look, against the same test of two proportions on simulated samples.
#[test]
fn the_sample_size_of_one_look_has_the_power_it_says() {
    use paritywatch::scenario::{BlockShape, Blocks, Drift, Noise};
    use paritywatch::statistics::{PowerQuestion, Proportion, exposed_needed, score_p_value};
    for (base_rate, ratio, share) in [(0.05, 1.5, 0.1), (0.2, 1.25, 0.4), (0.02, 2.0, 0.3)] {
        let question = PowerQuestion { base_rate, ratio, share, alpha: 0.05, power: 0.8 };
        let exposed = exposed_needed(&question).unwrap().ceil() as u64;
        let (drift, noise) = (Drift::None, Noise::LogNormal);
        let shape = BlockShape { exposed, share, base_rate, ratio, change: None, drift, noise, variation: 0.0 };
        let mut samples = Blocks::new(shape, 11);
        let found = (0..2_000).filter(|_| {
            let pair = samples.next_block().crude;
            let group = Proportion::new(pair.events, pair.exposed).unwrap();
            let reference = Proportion::new(pair.reference_events, pair.reference_exposed).unwrap();
            score_p_value(group, reference).is_some_and(|p| p < 0.05)
        });
        let found = found.count();
        // 1,600 expected; the standard error is 18.
        assert!(
            (1_520..=1_680).contains(&found),
            "base rate {base_rate}, ratio {ratio}, share {share}: {found} of 2,000"
        );
    }
}

/// The group of a case becomes known when its cohort is over and in a block: windows count the case in it, evidence
/// does not.
#[test]
fn facts_of_a_cohort_that_has_passed_enter_no_later_block() {
    let rule = "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\n";
    let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
    run.send("selection", hour(0), &json!({ "case_id": "late-group", "profile": "p", "selected": true }));
    for index in 0..6 {
        for (group, selected) in [("a", 60), ("b", 225)] {
            let counts = json!({ "assessed": 1_000, "selected": selected });
            run.send("tally", hour(index), &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }));
        }
        if index == 3 {
            run.send("attributes", hour(3), &json!({ "case_id": "late-group", "groups": { "origin": "a" } }));
        }
    }
    run.monitor.finish();
    let document = run.document();
    assert_eq!(document["findings"][0]["group_counts"], json!({ "exposed": 6_001, "events": 361 }));
    let expected = json!([{ "profile": "p", "channel": "profile", "dimension": "origin", "group": "a", "cases": 1 }]);
    assert_eq!(document["late_evidence"], expected);
    assert_eq!(run.evidence("a")["blocks"], json!(4), "the last two hours are not final");
}

/// Of a group's 100 selected cases 94 are resolved: the cohort waits until `cohort_max_age`. With 95 it does not.
#[test]
fn a_hit_rate_cohort_waits_until_95_percent_of_every_group_are_resolved() {
    let rule = "indicator = \"hit_rate\"\nreference = \"b\"\nwarning = 0.9\ncritical = 0.8\n";
    let blocks = |resolved: u64, hours: usize| {
        let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
        let mut tally = |group: &str, time: EventTime, concluded: u64| {
            let counts =
                json!({ "assessed": 500, "selected": 100, "controlled": 100, "concluded": concluded, "hits": 30 });
            run.send("tally", time, &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }))
        };
        tally("a", hour(0), resolved);
        tally("b", hour(0), 100);
        tally("b", hour(1), 100);
        tally("b", hour(hours), 100);
        run.monitor.finish();
        run.evidence("a")["blocks"].as_u64().unwrap()
    };
    // The next hour has only cases of the reference and says nothing. Blocks wait for the oldest cohort.
    assert_eq!(blocks(95, 3), 2);
    assert_eq!(blocks(94, 3), 0);
    assert_eq!(blocks(94, 48), 0);
    assert_eq!(blocks(94, 50), 2, "cohort_max_age is two days");
}

#[test]
fn a_raised_verdict_stands_while_the_alarm_does() {
    let rule = "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.7\nclear = 1.05\n";
    let config = config(rule).replace("rolling = [\"30d\"]", "rolling = [\"2h\"]");
    let mut run = Run::new(&config, Clock::Event { as_of: None });
    let mut verdicts = Vec::new();
    for index in 0..200 {
        // For four days the ratio is 1.6, then 1. It is never beyond the critical threshold, so the window's ratio
        // decides the severity. The ratio is back within the thresholds before the evidence clears.
        let selected = if index < 96 { 24 } else { 15 };
        for (group, assessed, selected) in [("a", 300, selected), ("b", 2_700, 135)] {
            let counts = json!({ "assessed": assessed, "selected": selected });
            run.send("tally", hour(index), &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }));
        }
        let document = run.document();
        if let Some(finding) = document["findings"].get(0) {
            let ratio = finding["ratio"]["value"].as_f64().unwrap_or_default();
            let alarmed = finding["evidence"]["alarmed"] == json!(true);
            verdicts.push((index, finding["verdict"].as_str().unwrap().to_owned(), ratio < 1.05, alarmed));
        }
    }
    let raised = |verdict: &str| verdict == "warning" || verdict == "critical";
    assert!(verdicts.iter().any(|(_, verdict, ..)| raised(verdict)));
    for (index, verdict, _, alarmed) in &verdicts {
        assert!(*alarmed || !raised(verdict), "hour {index}: {verdict} without an alarm");
    }
    let stands = verdicts.iter().filter(|(_, verdict, back, alarmed)| *back && *alarmed && raised(verdict)).count();
    let dropped = verdicts.iter().filter(|(_, verdict, back, alarmed)| *back && *alarmed && !raised(verdict)).count();
    assert!(stands > 0 && dropped == 0, "{stands} stand, {dropped} dropped: {verdicts:?}");
    assert!(verdicts.last().is_some_and(|(_, verdict, _, alarmed)| !raised(verdict) && !alarmed), "cleared in the end");
}

/// The group of a case arrives ten hours after its selection, while nothing else waits for evidence. Which partition is
/// read first decides whether the watermark passes these hours one by one or at once.
#[test]
fn hours_without_final_facts_pass_alike_in_every_interleaving() {
    let rule = "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\n";
    let found = |order: [u32; 2]| {
        let mut run = Run::new(&config(rule), Clock::Wall);
        (0..2).for_each(|index| run.monitor.add_partition(PartitionIndex(index), START));
        for partition in order {
            // Without a group a case is in no cohort.
            for index in [0, 10, 40] {
                let case = format!("{partition}-{index}");
                run.send_to(
                    partition,
                    "selection",
                    hour(index),
                    &json!({ "case_id": case, "profile": "p", "selected": true }),
                );
                if partition == 0 && index == 10 {
                    run.send_to(0, "attributes", hour(20), &json!({ "case_id": case, "groups": { "origin": "a" } }));
                }
            }
        }
        run.monitor.handle_tick(hour(40));
        (run.evidence("a")["blocks"].clone(), run.document()["late_evidence"].clone())
    };
    assert_eq!(found([0, 1]), found([1, 0]));
}

/// Complaints about no case count at the time of their event, so a cohort can have more complaints than controls.
#[test]
fn more_events_than_exposed_are_no_evidence() {
    let rule = "indicator = \"complaint_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\n";
    let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
    for index in 0..100 {
        for (group, controlled, complaints) in [("a", 5, 8), ("b", 5, 1)] {
            let counts = json!({ "assessed": 100, "selected": 10, "controlled": controlled, "complaints": complaints });
            run.send("tally", hour(index), &json!({ "profile": "p", "groups": { "origin": group }, "counts": counts }));
        }
    }
    run.monitor.finish();
    let evidence = run.evidence("a");
    assert!(evidence["blocks"].as_u64().unwrap() > 10);
    assert_eq!(evidence["alarmed"], json!(false), "{evidence}");
}

/// A value of a stratum has the name that values beyond the limit share.
#[test]
fn a_stratum_called_other_keeps_its_evidence() {
    let rule =
        "indicator = \"selection_rate\"\nreference = \"b\"\nwarning = 1.1\ncritical = 1.25\nstratify_by = \"office\"\n";
    let log_e = |past_the_limit: bool| {
        let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
        let mut tally = |index: usize, office: &str, group: &str, assessed: u64, selected: u64| {
            let counts = json!({ "assessed": assessed, "selected": selected });
            let data = json!({ "profile": "p", "groups": { "origin": group }, "strata": { "office": office }, "counts": counts });
            run.send("tally", hour(index), &data);
        };
        (0..64).for_each(|office| {
            tally(0, if office == 0 { "other".to_owned() } else { format!("o{office}") }.as_str(), "a", 0, 0)
        });
        for index in 0..20 {
            tally(index, "other", "a", 300, 60);
            tally(index, "other", "b", 2_700, 135);
            if past_the_limit {
                tally(index, "one more", "a", 0, 0);
                tally(index, "one more", "b", 1, 0);
            }
        }
        run.monitor.finish();
        run.evidence("a")["log_e"].as_f64().unwrap()
    };
    assert!(log_e(false) > 10.0);
    assert!((log_e(true) / log_e(false) - 1.0).abs() < 0.01, "{} and {}", log_e(true), log_e(false));
}

/// A group with hits is not found less often than a reference without any, although the ratio has no value.
#[test]
fn more_hits_than_a_reference_without_any_are_within() {
    let rule = "indicator = \"hit_rate\"\nreference = \"b\"\nwarning = 0.9\ncritical = 0.8\nevidence = \"point\"\nmin_events = 1\n";
    let mut run = Run::new(&config(rule), Clock::Event { as_of: None });
    for (group, found) in [("a", 2), ("b", 0)] {
        let data = json!({ "profile": "p", "groups": { "origin": group }, "counts": hits(found, 20) });
        run.send("tally", hour(0), &data);
    }
    run.send("tally", hour(60), &json!({ "profile": "p", "groups": { "origin": "a" }, "counts": {} }));
    run.monitor.finish();
    let document = run.document();
    let finding = &document["findings"][0];
    assert_eq!((&finding["ratio"]["value"], &finding["verdict"]), (&Value::Null, &json!("within")), "{finding}");
}
