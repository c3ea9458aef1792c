//! The evaluation report: its figures are those that an independent count finds, what is missing is said, and the same history gives the same bytes.

mod early;
mod ground;
mod history;
mod population;
mod repaired;
mod replayed;
mod stream;
mod year;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use stream::CONFIG;

/// Runs `report` on the history in this folder; on files with a configuration that is the same wherever they are, as they need no state.
fn report(state: &Path, to: &Path, words: &[&str], files: &[&Path]) -> Output {
    let config = if files.is_empty() { with_state(CONFIG, state) } else { CONFIG.to_owned() };
    run(&config, state, to, words, files)
}

fn with_state(config: &str, state: &Path) -> String {
    format!("{config}[state]\ndir = {state:?}\n")
}

fn run(config: &str, state: &Path, to: &Path, words: &[&str], files: &[&Path]) -> Output {
    let file = state.join("config.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.arg("report").arg("--config").arg(file).arg("--to").arg(to).args(words).args(files);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn made(output: &Output) {
    assert!(output.status.success(), "{:?}: {}", output.status, said(output));
}

fn read(folder: &Path, end: &str) -> String {
    let path = folder.join(format!("paritywatch-report-{end}"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(folder: &Path, period: &str) -> Value {
    serde_json::from_str(&read(folder, &format!("{period}.json"))).unwrap()
}

fn list<'v>(document: &'v Value, name: &str) -> &'v Vec<Value> {
    document[name].as_array().unwrap_or_else(|| panic!("{name} is no list: {document}"))
}

fn profile<'v>(document: &'v Value, name: &str) -> &'v Value {
    list(document, "profiles").iter().find(|profile| profile["profile"] == name).unwrap()
}

/// The finding of this rule about a group of a profile.
fn finding<'v>(document: &'v Value, of: &str, rule: &str, group: &str) -> &'v Value {
    let findings = list(profile(document, of), "findings");
    findings.iter().find(|finding| finding["rule"] == rule && finding["group"] == group).unwrap()
}

/// The rows of a CSV by their head: quoted fields, as RFC 4180 has them.
fn csv(text: &str) -> Vec<Vec<(String, String)>> {
    let (mut rows, mut row, mut field, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut field)),
            '\r' if !is_quoted => {
                assert_eq!(characters.next(), Some('\n'));
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    assert!(row.is_empty() && field.is_empty() && !is_quoted);
    let head: Vec<String> = rows.remove(0);
    let named = |row: Vec<String>| {
        assert_eq!(row.len(), head.len());
        head.iter().cloned().zip(row).collect()
    };
    rows.into_iter().map(named).collect()
}
