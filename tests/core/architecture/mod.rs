//! The laws of the house: which room may use which, what may not appear above the I/O line, and how long things may be.
//! Nothing is exempt.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod checker;
mod laws;
mod reader;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use laws::Forbidden::{self, Macro, Name, Path as Item};
use tree::Tree;

/// Rooms above the I/O line; a room uses only rooms before it.
const CORE: [&str; 14] = [
    "statistics",
    "plan",
    "event",
    "intake",
    "mapping",
    "ledger",
    "window",
    "evidence",
    "judge",
    "alert",
    "disclosure",
    "outbox",
    "monitor",
    "scenario",
];

/// Rooms below it.
const SHELL: [&str; 11] =
    ["settings", "render", "checkpoint", "history", "audit", "status", "source", "sink", "server", "report", "inspect"];

/// The commands, which use everything.
const COMMANDS: &str = "app";

/// What a deterministic core must not contain.
const FORBIDDEN: &[Forbidden] = &[
    Item("tokio", "asynchronous code"),
    Item("rdkafka", "Kafka"),
    Item("prometheus", "metrics"),
    Item("tracing", "logging"),
    Item("axum", "HTTP"),
    Item("ureq", "HTTP"),
    Item("rustix", "the operating system"),
    Item("std::fs", "files"),
    Item("std::net", "sockets"),
    Item("std::os", "the operating system"),
    Item("std::io", "I/O"),
    Item("std::process", "processes"),
    Item("std::thread", "threads"),
    Item("std::env", "the environment"),
    Item("std::collections::HashMap", "a randomly seeded map"),
    Item("std::collections::HashSet", "a randomly seeded set"),
    Item("std::collections::hash_map", "a randomly seeded map"),
    Item("std::collections::hash_set", "a randomly seeded set"),
    Item("jiff::Timestamp::now", "a clock"),
    Item("jiff::Zoned::now", "a clock"),
    Name("SystemTime", "a clock"),
    Name("Instant", "a clock"),
    Name("RandomState", "a random seed"),
    Macro("print", "output"),
    Macro("println", "output"),
    Macro("eprint", "output"),
    Macro("eprintln", "output"),
    Macro("dbg", "output"),
];

/// Types that have not passed disclosure control, and the rooms that define them.
const UNDISCLOSED: [&str; 8] =
    ["AlertBook", "AlertEntries", "AlertTransitions", "Evaluation", "Finding", "Output", "Snapshot", "Alert"];
const UNDISCLOSED_OF: [&str; 4] = ["judge", "evidence", "alert", "monitor"];

/// Rooms that make what is sent.
const SENDERS: [&str; 6] = ["outbox", "render", "status", "sink", "server", "report"];

const FUNCTION_LINES_MOST: usize = 60;
const FILE_LINES_MOST: usize = 500;
const MAP_WORDS_MOST: usize = 1_200;
const README_LINES_MOST: usize = 200;

/// Packages of the project beside the main one: what takes `unsafe` code, which the main one forbids.
const PACKAGES: [&str; 1] = ["kafka-batch"];

#[test]
fn every_file_is_a_module() {
    report("files that are not read", &tree().faults);
    let faults: Vec<String> = PACKAGES.iter().flat_map(|package| package_tree(package).faults).collect();
    report("files of packages that are not read", &faults);
}

#[test]
fn every_package_is_known_and_says_why_each_use_of_unsafe_code_is_right() {
    let found: BTreeSet<String> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, PACKAGES.into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
    let main: toml::Table = read("Cargo.toml").parse().unwrap();
    assert_eq!(main["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for package in PACKAGES {
        let manifest: toml::Table = read(&format!("crates/{package}/Cargo.toml")).parse().unwrap();
        assert_eq!(manifest["lints"]["rust"]["unsafe_op_in_unsafe_fn"].as_str(), Some("deny"));
        assert_eq!(manifest["lints"]["clippy"]["undocumented_unsafe_blocks"].as_str(), Some("deny"));
    }
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let order: Vec<&str> = CORE.into_iter().chain(SHELL).chain([COMMANDS]).collect();
    report("arrows up", &laws::breaches_of_order(tree(), &order));
}

#[test]
fn there_is_no_circle_of_rooms() {
    report("circles of rooms", &laws::circles(&laws::room_arrows(tree())));
}

#[test]
fn there_is_no_circle_of_files_in_a_room() {
    report("circles of files", &laws::circles(&laws::file_arrows(tree())));
}

#[test]
fn the_core_has_no_clock_no_io_and_no_random_map() {
    report("impurities", &laws::breaches_of_purity(tree(), &CORE, FORBIDDEN));
}

#[test]
fn what_is_sent_is_made_of_what_was_published() {
    const SENDING: [&str; 4] = ["delivery", "exchange", "receivers", "worker"];
    let sends = |file: &str| {
        let of_app = file.strip_prefix("app/daemon/").and_then(|file| file.strip_suffix(".rs"));
        SENDERS.contains(&laws::room_of(file)) || of_app.is_some_and(|file| SENDING.contains(&file))
    };
    for file in SENDING {
        assert!(root().join(format!("src/app/daemon/{file}.rs")).exists(), "src/app/daemon/{file}.rs is not there");
    }
    report("undisclosed types", &laws::breaches_of_disclosure(tree(), &UNDISCLOSED, &UNDISCLOSED_OF, sends));
}

#[test]
fn functions_and_files_are_short() {
    report("too long", &laws::breaches_of_length(tree(), FUNCTION_LINES_MOST, FILE_LINES_MOST));
    for package in PACKAGES {
        let tree = package_tree(package);
        report(package, &laws::breaches_of_length(&tree, FUNCTION_LINES_MOST, FILE_LINES_MOST));
    }
}

#[test]
fn the_code_map_names_every_room_and_is_short() {
    let map = read("src/ARCHITECTURE.md");
    let mut breaches = Vec::new();
    for room in laws::rooms(tree()) {
        if ![format!("`{room}`"), format!("`{room}/`")].iter().any(|name| map.contains(name)) {
            breaches.push(format!("src/ARCHITECTURE.md does not name `{room}`"));
        }
    }
    let words = map.split_whitespace().count();
    if words > MAP_WORDS_MOST {
        breaches.push(format!("src/ARCHITECTURE.md has {words} words, at most {MAP_WORDS_MOST}"));
    }
    report("faults of the code map", &breaches);
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= README_LINES_MOST, "README.md has {lines} lines, at most {README_LINES_MOST}");
}

#[test]
fn every_dependency_has_a_decision_record() {
    let mut records = String::new();
    for entry in std::fs::read_dir(root().join("docs/decisions")).expect("docs/decisions has the records") {
        records += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    let manifests = PACKAGES.map(|package| format!("crates/{package}/Cargo.toml"));
    let mut unnamed = Vec::new();
    for manifest in manifests.iter().map(String::as_str).chain(["Cargo.toml"]) {
        let table: toml::Table = read(manifest).parse().unwrap();
        let names = table["dependencies"].as_table().unwrap().keys();
        let unknown = names.filter(|name| !records.contains(&format!("`{name}`")));
        unnamed.extend(unknown.map(|name| format!("{manifest}: no record in docs/decisions names `{name}`")));
    }
    report("dependencies without a record", &unnamed);
}

fn report(what: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{} {what}:\n\n{}\n", breaches.len(), breaches.join("\n"));
}

fn tree() -> &'static Tree {
    static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::of_folder(&root().join("src")));
    &TREE
}

fn package_tree(package: &str) -> Tree {
    Tree::of_folder(&root().join("crates").join(package).join("src"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
