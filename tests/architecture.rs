//! The import table: which room may use which, and what may not appear above the I/O line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Room -> the rooms it may use. Rooms of the core come first; a room not listed here is a breach.
const MAY_USE: &[(&str, &[&str])] = &[
    ("statistics", &[]),
    ("event", &[]),
    // The words of rules and plan (`disparity::rule`, `monitor::plan`) are data that every room of the core may read.
    ("ledger", &["event", "disparity", "monitor", "window"]),
    ("window", &["event", "disparity", "monitor", "ledger"]),
    ("disparity", &["event", "ledger", "window", "statistics", "monitor"]),
    ("alert", &["event", "disparity", "statistics", "monitor"]),
    ("disclosure", &["event", "disparity", "alert", "statistics", "monitor"]),
    ("monitor", &["event", "ledger", "window", "statistics", "disparity", "alert", "disclosure"]),
    ("outbox", &["event", "alert", "disclosure", "monitor"]),
    ("scenario", &["event", "statistics"]),
    // ---- below this line: I/O ----
    ("settings", &["event", "disparity", "monitor", "statistics"]),
    ("source", &["event", "monitor", "settings", "checkpoint", "app"]),
    ("checkpoint", &["monitor", "outbox"]),
    ("sink", &["event", "alert", "monitor", "disparity", "disclosure", "outbox", "settings", "source", "app"]),
    ("server", &["app", "event", "alert", "disparity", "disclosure", "sink", "monitor"]),
    (
        "app",
        &[
            "event",
            "monitor",
            "disclosure",
            "disparity",
            "outbox",
            "settings",
            "scenario",
            "statistics",
            "source",
            "sink",
            "checkpoint",
            "server",
            "cli",
            "telemetry",
        ],
    ),
    ("cli", &["app", "event", "scenario", "telemetry"]),
    ("telemetry", &[]),
];

/// Rooms above the I/O line.
const CORE: &[&str] =
    &["event", "ledger", "window", "statistics", "disparity", "alert", "disclosure", "monitor", "outbox", "scenario"];

/// What a deterministic core must not contain, with the reason.
const FORBIDDEN: &[(&str, &str)] = &[
    ("tokio", "asynchronous code"),
    ("async fn", "asynchronous code"),
    ("rdkafka", "Kafka"),
    ("prometheus::", "metrics"),
    ("tracing", "logging"),
    ("std::fs", "files"),
    ("std::net", "sockets"),
    ("std::io", "I/O"),
    ("std::thread", "threads"),
    ("std::env", "the environment"),
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("Timestamp::now", "a clock"),
    ("std::collections::HashMap", "a randomly seeded map"),
    ("std::collections::HashSet", "a randomly seeded set"),
    ("RandomState", "a random seed"),
    ("println!", "output"),
    ("eprintln!", "output"),
];

#[test]
fn rooms_use_only_the_rooms_they_may_use() {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        MAY_USE.iter().map(|(room, uses)| (*room, uses.iter().copied().collect())).collect();
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if room == "main" || room == "lib" {
            continue;
        }
        let Some(allowed) = table.get(room.as_str()) else {
            breaches.push(format!("{}: room {room} is not in the import table", path.display()));
            continue;
        };
        for used in used_rooms(&text) {
            if used != room && !allowed.contains(used.as_str()) {
                breaches.push(format!("{}: {room} may not use {used}", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_core_has_no_clock_no_io_and_no_random_map() {
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        if !CORE.contains(&room_of(&path).as_str()) {
            continue;
        }
        for (number, line) in (1..).zip(production_lines(&text)) {
            for (word, reason) in FORBIDDEN {
                if line.contains(word) {
                    breaches.push(format!("{}:{number}: {word} ({reason}) above the I/O line", path.display()));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// Names of what has not passed disclosure control. What is sent is made in these rooms.
#[test]
fn what_is_sent_is_made_of_what_was_published() {
    const UNDISCLOSED: &[&str] = &["AlertBook", "AlertEntries", "Evaluation", "Finding", "Snapshot", "Alert"];
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let shows = path.ends_with("src/sink/metrics.rs") || room_of(&path) == "server";
        if !["outbox", "sink", "server"].contains(&room_of(&path).as_str()) && !path.ends_with("src/app/delivery.rs") {
            continue;
        }
        for line in production_lines(&text).filter(|line| line.trim_start().starts_with("use crate::")) {
            let words = line.split(|character: char| !character.is_ascii_alphanumeric());
            // The snapshot of `app` holds only what was published.
            for word in words.filter(|word| UNDISCLOSED.contains(word) && !(shows && *word == "Snapshot")) {
                breaches.push(format!("{}: {word} has not passed disclosure control", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_code_map_names_every_room() {
    let map = std::fs::read_to_string(root().join("src/ARCHITECTURE.md")).unwrap();
    for (room, _) in MAY_USE {
        assert!(map.contains(&format!("`{room}")), "src/ARCHITECTURE.md does not name `{room}`");
    }
}

#[test]
fn every_dependency_has_a_decision_record() {
    let map = std::fs::read_to_string(root().join("src/ARCHITECTURE.md")).unwrap();
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    for line in section.lines().filter(|line| line.contains('=')) {
        let name = line.split(['=', ' ']).next().unwrap();
        assert!(map.contains(&format!("`{name}`")), "src/ARCHITECTURE.md gives no reason for the dependency `{name}`");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// `src/ledger/case.rs` -> `ledger`, `src/cli.rs` -> `cli`.
fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Rooms named as `crate::room` in code, tests and comments left out.
fn used_rooms(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for line in production_lines(text) {
        for part in line.split("crate::").skip(1) {
            if let Some(names) = part.strip_prefix('{') {
                rooms.extend(
                    names.split([',', '}']).map(|name| leading_word(name.trim())).filter(|name| !name.is_empty()),
                );
            } else {
                rooms.insert(leading_word(part));
            }
        }
    }
    rooms
}

fn leading_word(text: &str) -> String {
    text.chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '_').collect()
}

/// The lines before the unit tests, without comments.
fn production_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| !line.contains("#[cfg(test)]"))
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
}
