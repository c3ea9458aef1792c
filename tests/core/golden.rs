//! Golden scripts: events and ticks in, findings and alerts out.
//!
//! `tests/golden/README.md` describes the scripts. `PARITYWATCH_UPDATE_GOLDEN=1 cargo test --test core golden::` rewrites what they expect.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::support::received::{By, hand_over};

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor, Received};
use paritywatch::plan::{EventTime, PartitionIndex};
use paritywatch::render::Render;
use paritywatch::settings::Settings;
use serde_json::{Map, Value, json};

#[test]
fn scripts() {
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "golden"));
    scripts.sort();
    assert!(!scripts.is_empty(), "no scripts in {}", folder().display());
    let failures: Vec<String> = scripts.iter().filter_map(|path| check(path)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Runs a script, in batches and record by record; gives what differs.
fn check(path: &Path) -> Option<String> {
    let script = std::fs::read_to_string(path).unwrap();
    let ways = [true, false].map(|batched| Script::new(&script, path, batched).run());
    let actual = ways.into_iter().find(|actual| *actual != script)?;
    if std::env::var_os("PARITYWATCH_UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &actual).unwrap();
        return None;
    }
    let (number, (expected, found)) = (1..)
        .zip(script.lines().zip(actual.lines()))
        .find(|(_, (expected, found))| expected != found)
        .unwrap_or((0, ("(end)", "(end)")));
    Some(format!(
        "{}:{number}:\n  expected {expected}\n  found    {found}\nthe whole script as found:\n{actual}",
        path.display()
    ))
}

struct Script<'a> {
    lines: std::iter::Peekable<std::str::Lines<'a>>,
    path: &'a Path,
    /// Whether what one command sends is a batch.
    batched: bool,
    config: String,
    monitor: Option<Monitor>,
    now: EventTime,
    sequence: u64,
    out: String,
}

impl<'a> Script<'a> {
    fn new(script: &'a str, path: &'a Path, batched: bool) -> Self {
        let lines = script.lines().peekable();
        let (config, out) = (String::new(), String::new());
        Self { lines, path, batched, config, monitor: None, now: EventTime(0), sequence: 0, out }
    }

    fn run(mut self) -> String {
        while let Some(line) = self.lines.next() {
            // What a command is expected to give is indented below it.
            if line.starts_with("  ") {
                continue;
            }
            writeln!(self.out, "{line}").unwrap();
            self.command(line);
        }
        self.out
    }

    fn command(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "config:" => self.read_config(),
            "at" => self.now = time(rest),
            "event" => self.event(rest),
            "tally" => self.tally(rest),
            "selections" => self.selections(rest),
            "controls" => self.controls(rest),
            "support" => self.support(rest.parse().unwrap()),
            "partition" => {
                let (now, index) = (self.now, PartitionIndex(rest.parse().unwrap()));
                self.monitor().add_partition(index, now);
            }
            "tick" => {
                self.now = time(rest);
                let now = self.now;
                self.monitor().handle_tick(now);
                self.show();
            }
            "funnel" => self.show_funnel(),
            _ => panic!("{}: unknown command {line:?}", self.path.display()),
        }
    }

    fn read_config(&mut self) {
        for line in self.lines.by_ref() {
            writeln!(self.out, "{line}").unwrap();
            if line == "end" {
                break;
            }
            writeln!(self.config, "{line}").unwrap();
        }
    }

    fn monitor(&mut self) -> &mut Monitor {
        let (config, path) = (&self.config, self.path);
        self.monitor.get_or_insert_with(|| {
            let name = path.display().to_string();
            let settings = Settings::parse(config, &name, std::iter::empty()).unwrap_or_else(|error| panic!("{error}"));
            Monitor::new(settings.plan, PseudonymKey([1; 16]), Clock::Wall)
        })
    }

    /// `event [@PARTITION] {json}`: missing CloudEvents attributes are filled in.
    fn event(&mut self, text: &str) {
        let (partition, text) = match text.strip_prefix('@') {
            Some(rest) => rest.split_once(' ').map(|(partition, rest)| (partition.parse().unwrap(), rest)).unwrap(),
            None => (0, text),
        };
        let event: Map<String, Value> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let payload = self.payload(event);
        self.send(partition, &[payload]);
    }

    /// `tally group=G [channel=C] [stratum=S] [class=C] COUNT=N ...` at the current time.
    fn tally(&mut self, text: &str) {
        let mut counts = Map::new();
        let mut data = Map::from_iter([("profile".to_owned(), json!("p"))]);
        for word in text.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("expected NAME=VALUE, found {word:?}"));
            match name {
                "group" => drop(data.insert("groups".to_owned(), json!({ "origin": value }))),
                "stratum" => drop(data.insert("strata".to_owned(), json!({ "office": value }))),
                "class" => drop(data.insert("strata".to_owned(), json!({ "risk_class": value }))),
                "channel" => drop(data.insert("channel".to_owned(), json!(value))),
                _ if name.starts_with("strata.") => {
                    data.insert("strata".to_owned(), json!({ name.trim_start_matches("strata."): value }));
                }
                _ => drop(counts.insert(name.to_owned(), json!(value.parse::<u64>().unwrap()))),
            }
        }
        data.insert("counts".to_owned(), Value::Object(counts));
        let tally = Map::from_iter([("type".to_owned(), json!("tally")), ("data".to_owned(), Value::Object(data))]);
        let payload = self.payload(tally);
        self.send(0, &[payload]);
    }

    /// `selections group=G assessed=N selected=M`: that many single cases at the current time.
    fn selections(&mut self, text: &str) {
        let value =
            |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap();
        let selected: u64 = value("selected").parse().unwrap();
        let mut payloads = Vec::new();
        for index in 0..value("assessed").parse().unwrap() {
            let data = json!({
                "case_id": format!("case-{}", self.sequence), "profile": "p", "selected": index < selected,
                "groups": { "origin": value("group") }
            });
            let event = Map::from_iter([("type".to_owned(), json!("selection")), ("data".to_owned(), data)]);
            payloads.push(self.payload(event));
        }
        self.send(0, &payloads);
    }

    /// `controls group=G cases=N [kind=K] [intensity=N] [minutes=N] [sanction=K] [amount=N] [outcome=O]`: that many single cases at the
    /// current time, each picked, controlled and concluded. Those with a sanction are hits.
    fn controls(&mut self, text: &str) {
        let value = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let number = |name: &str| value(name).map(|text| text.parse::<f64>().unwrap());
        let sanction = value("sanction").map(|kind| json!({ "kind": kind, "amount": number("amount") }));
        let outcome = value("outcome").unwrap_or(if sanction.is_some() { "violation" } else { "no_violation" });
        let mut payloads = Vec::new();
        for _ in 0..value("cases").unwrap().parse().unwrap() {
            let case = format!("case-{}", self.sequence);
            let groups = json!({ "origin": value("group") });
            let data = [
                ("selection", json!({ "case_id": case, "profile": "p", "selected": true, "groups": groups })),
                (
                    "control",
                    json!({
                        "case_id": case, "kind": value("kind"), "intensity": number("intensity"),
                        "duration_minutes": number("minutes")
                    }),
                ),
                ("outcome", json!({ "case_id": case, "outcome": outcome, "sanction": sanction })),
            ];
            for (kind, data) in data {
                payloads
                    .push(self.payload(Map::from_iter([("type".to_owned(), json!(kind)), ("data".to_owned(), data)])));
            }
        }
        self.send(0, &payloads);
    }

    /// `support N`: that many events at the current time that count for nothing, so that the watermark moves.
    fn support(&mut self, events: u64) {
        let payloads: Vec<Vec<u8>> = (0..events)
            .map(|_| {
                let data = json!({ "case_id": format!("support-{}", self.sequence), "groups": {} });
                self.payload(Map::from_iter([("type".to_owned(), json!("attributes")), ("data".to_owned(), data)]))
            })
            .collect();
        self.send(0, &payloads);
    }

    /// An event with what is missing filled in.
    fn payload(&mut self, mut event: Map<String, Value>) -> Vec<u8> {
        self.sequence += 1;
        let kind = event["type"].as_str().unwrap().to_owned();
        if !kind.contains('.') {
            event.insert("type".to_owned(), json!(format!("paritywatch.{kind}.v1")));
        }
        let filled = [
            ("specversion", json!("1.0")),
            ("id", json!(format!("e{}", self.sequence))),
            ("source", json!("/golden")),
            ("time", json!(rfc3339(self.now))),
        ];
        for (name, value) in filled {
            event.entry(name).or_insert(value);
        }
        serde_json::to_vec(&event).unwrap()
    }

    fn send(&mut self, partition: u32, payloads: &[Vec<u8>]) {
        let (now, partition) = (self.now, PartitionIndex(partition));
        let record = |payload| RawRecord { payload, headers: &[], timestamp: Some(now) };
        let records: Vec<Received<'_>> =
            payloads.iter().map(|payload| Received { partition, record: record(payload) }).collect();
        let mut whole = || usize::MAX;
        let mut by = if self.batched { By::Batches(&mut whole) } else { By::Record };
        for handled in hand_over(self.monitor(), &records, now, &mut by) {
            let text = match handled {
                Handled::Accepted => continue,
                Handled::Rejected(rejection) => format!("rejected {}", rejection.reason.name()),
                other => format!("{other:?}").to_lowercase(),
            };
            writeln!(self.out, "  {text}").unwrap();
        }
    }

    fn show_funnel(&mut self) {
        let evaluation: Value = serde_json::from_str(&self.monitor().published().to_json()).unwrap();
        for row in evaluation["funnel"].as_array().unwrap() {
            writeln!(self.out, "  {}", funnel_line(row)).unwrap();
        }
    }

    fn show(&mut self) {
        let published = self.monitor().published().to_json();
        let evaluation: Value = serde_json::from_str(&published).unwrap();
        for finding in evaluation["findings"].as_array().unwrap() {
            writeln!(self.out, "  {}", finding_line(finding)).unwrap();
        }
        for alert in evaluation["alerts"].as_array().unwrap() {
            writeln!(self.out, "  {}{}", alert_line(alert), acceptance(alert)).unwrap();
            for measure in alert["measures"].as_array().into_iter().flatten() {
                writeln!(self.out, "  MEASURE {}", measure_line(measure)).unwrap();
            }
        }
        for list in ["of_profiles", "unmatched"] {
            for measure in evaluation["measures"][list].as_array().into_iter().flatten() {
                writeln!(self.out, "  MEASURE {list} {}", measure_line(measure)).unwrap();
            }
        }
    }
}

fn funnel_line(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    let number = |value: &Value| value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"));
    let stages = ["assessed", "selected", "controlled", "concluded", "hit"].map(|stage| {
        let cases = row["stages"][stage].as_u64();
        format!("{stage} {}", cases.map_or_else(|| "-".to_owned(), |cases| cases.to_string()))
    });
    let steps = row["steps"].as_array().unwrap().iter();
    let steps: Vec<String> =
        steps.map(|step| format!("{} {}", step["step"].as_str().unwrap(), number(&step["ratio"]))).collect();
    let whole = &row["control_frequency"];
    format!(
        "FUNNEL {} {} {}={} vs {} {}: {}; control frequency {} (ln {}) = {}{}",
        text("profile"),
        text("channel"),
        text("dimension"),
        text("group"),
        text("reference"),
        text("window"),
        stages.join(", "),
        number(&whole["ratio"]),
        number(&whole["log_ratio"]),
        if steps.is_empty() { "-".to_owned() } else { steps.join(" x ") },
        if row["suppressed"] == json!(true) { " (suppressed)" } else { "" },
    )
}

fn finding_line(finding: &Value) -> String {
    if finding["kind"] != json!("disparity") {
        return duty_line(finding);
    }
    let text = |name: &str| finding[name].as_str().unwrap_or("-").to_owned();
    let side = |name: &str| match &finding[name] {
        Value::Null => "withheld".to_owned(),
        counts => format!("{}/{}", counts["events"], counts["exposed"]),
    };
    let mut line = format!(
        "{} {} {}={} vs {} {}: {} against {}",
        text("rule"),
        text("channel"),
        text("dimension"),
        text("group"),
        text("reference"),
        text("window"),
        side("group_counts"),
        side("reference_counts"),
    );
    for name in ["ratio", "difference"] {
        write!(line, ", {name} {}", estimate(&finding[name])).unwrap();
    }
    if let Some(stratified) = finding["stratified"].as_object() {
        write!(line, ", by {} {}", stratified["by"].as_str().unwrap(), estimate(&stratified["ratio"])).unwrap();
        if stratified["reversal"] == json!(true) {
            line.push_str(" (reversal)");
        }
    }
    if let Some(values) = finding["values"].as_object() {
        write!(line, ", values {} against {}", values_of(&values["group"]), values_of(&values["reference"])).unwrap();
    }
    if let Some(mix) = finding["mix"].as_object() {
        write!(line, ", mix {}", mix_of(mix)).unwrap();
    }
    if let Some(reference) = finding["reference_group"].as_str() {
        write!(line, ", reference {reference}").unwrap();
    }
    // Of an intersection also what decides its alarm, as it may inherit.
    if finding["dimension"].as_str().is_some_and(|name| name.contains('*')) {
        if let Some(interaction) = finding["interaction"].as_f64() {
            write!(line, ", beyond its parts {interaction:.4}").unwrap();
        }
        if let (Some(log_e), Some(alarm_at)) =
            (finding["evidence"]["log_e"].as_f64(), finding["evidence"]["alarm_at"].as_f64())
        {
            write!(line, ", ln E {log_e:.3} of {alarm_at:.3}").unwrap();
        }
    }
    if !finding["needed"].is_null() {
        write!(line, ", needs {}", finding["needed"]).unwrap();
    }
    write!(line, " -> {}", text("verdict")).unwrap();
    if finding["verdict"] == json!("incomplete") {
        write!(line, ": {}", finding["missing"]["largest_cause"].as_str().unwrap()).unwrap();
    }
    line
}

/// The mean and the quantiles of one side, with their limits.
fn values_of(side: &Value) -> String {
    let Some(side) = side.as_object() else { return "withheld".to_owned() };
    let quantiles = side.iter().filter(|(name, _)| name.starts_with('p'));
    let quantiles = quantiles.map(|(name, quantile)| format!("{name} {}", estimate(quantile)));
    let mean = side["mean"].as_f64().map_or_else(|| "-".to_owned(), |mean| format!("{mean:.4}"));
    std::iter::once(format!("mean {mean}")).chain(quantiles).collect::<Vec<_>>().join(" ")
}

fn mix_of(mix: &Map<String, Value>) -> String {
    let kind = |kind: &Value| {
        let names = kind["kinds"].as_array().map_or_else(
            || "(others)".to_owned(),
            |names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("+"),
        );
        format!("{names} {}:{}", kind["group"], kind["reference"])
    };
    let kinds: Vec<String> = mix["kinds"].as_array().unwrap().iter().map(kind).collect();
    let test = mix["p_value"].as_f64().map_or_else(|| "-".to_owned(), |p_value| format!("{p_value:.6}"));
    format!("{} (p {test})", kinds.join(", "))
}

/// A finding of another kind: what it is about may be all cases.
fn duty_line(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let side = |name: &str| match &finding[name] {
        Value::Null => "-".to_owned(),
        counts => format!("{}/{}", counts["events"], counts["exposed"]),
    };
    let group = [text("dimension"), text("group")].into_iter().filter(|part| !part.is_empty());
    let group = group.collect::<Vec<_>>().join("=");
    let about = [group, text("subject")].into_iter().filter(|part| !part.is_empty());
    let about = about.collect::<Vec<_>>().join(", ");
    let about = if about.is_empty() { "all cases".to_owned() } else { about };
    let mut line = format!(
        "{} {} {about} {}: {} against {}",
        text("rule"),
        text("channel"),
        text("window"),
        side("group_counts"),
        side("reference_counts"),
    );
    if !finding["ratio"].is_null() {
        write!(line, ", ratio {}", estimate(&finding["ratio"])).unwrap();
    }
    if let Some(v) = finding["association"]["v"].as_f64() {
        write!(line, ", V {v:.4}").unwrap();
    }
    if let Some(versions) = finding["versions"].as_array().filter(|versions| !versions.is_empty()) {
        let one = |seen: &Value| format!("{} ({})", seen["version"].as_str().unwrap(), seen["cases"]);
        write!(line, ", in {}", versions.iter().map(one).collect::<Vec<_>>().join(" ")).unwrap();
    }
    if !finding["needed"].is_null() {
        write!(line, ", needs {}", finding["needed"]).unwrap();
    }
    write!(line, " -> {}: {}", text("verdict"), text("reason")).unwrap();
    if let Some(cause) = finding["missing"]["largest_cause"].as_str() {
        write!(line, ", missing by {cause}").unwrap();
    }
    line
}

fn estimate(estimate: &Value) -> String {
    let number = |value: &Value| value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"));
    match estimate {
        Value::Null => "-".to_owned(),
        estimate => {
            format!("{} [{}, {}]", number(&estimate["value"]), number(&estimate["lower"]), number(&estimate["upper"]))
        }
    }
}

fn alert_line(alert: &Value) -> String {
    let text = |name: &str| alert[name].as_str().unwrap_or("-").to_owned();
    if alert["evidence"]["kind"] != json!("disparity") {
        let named = ["dimension", "group", "subject"].into_iter().filter_map(|name| alert[name].as_str());
        return format!(
            "ALERT {} {}: {} {}, active {}, fired {}, resolved {}",
            text("rule"),
            named.collect::<Vec<_>>().join(" "),
            text("severity"),
            text("state"),
            text("active_at"),
            text("fired_at"),
            text("resolved_at"),
        );
    }
    format!(
        "ALERT {} {}={} vs {}: {} {}, active {}, fired {}, resolved {}",
        text("rule"),
        text("dimension"),
        text("group"),
        text("reference"),
        text("severity"),
        text("state"),
        text("active_at"),
        text("fired_at"),
        text("resolved_at"),
    )
}

/// Whether an alert is accepted, or why it is no longer; nothing where it never was.
fn acceptance(alert: &Value) -> String {
    let acceptance = &alert["acceptance"];
    let text = |name: &str| acceptance[name].as_str().unwrap_or("-").to_owned();
    match alert["accepted"].as_bool() {
        Some(true) => {
            let ratio = acceptance["ratio"].as_f64().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.4}"));
            format!(", accepted by {} at {} until {} up to {ratio}", text("by"), text("at"), text("until"))
        }
        Some(false) => format!(", no longer accepted since {}: {}", text("ended_at"), text("ended")),
        None => String::new(),
    }
}

/// What it answers, what was done, when, and by whom.
fn measure_line(measure: &Value) -> String {
    let names =
        ["alert_id", "profile", "rule", "dimension", "group"].into_iter().filter_map(|name| measure[name].as_str());
    let text = |name: &str| measure[name].as_str().unwrap().to_owned();
    let names = names.collect::<Vec<_>>().join(" ");
    format!("{names}: {} at {} by {}: {}", text("measure"), text("at"), text("by"), text("reason"))
}

fn time(text: &str) -> EventTime {
    let timestamp: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
    EventTime(timestamp.as_millisecond())
}

fn rfc3339(time: EventTime) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap().to_string()
}
