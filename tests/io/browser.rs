//! The status page and reports in real Chromium. Run by `tests/run`.
//!
//! `PARITYWATCH_BROWSER_MODULES` is the folder with `node_modules` as `tests/browser/package-lock.json` has them, `PARITYWATCH_CHROMIUM` the
//! browser. With `PARITYWATCH_SCREENSHOTS=FOLDER` it also takes pictures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support;
use crate::support::page;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use page::{faulty, rich};
use paritywatch::report::html::{Language, render};
use support::handled_page::handled;
use support::process::{Daemon, free_port};
use support::sample_report;

/// Room for a busy machine and an unoptimised build.
const LIMIT: Duration = Duration::from_secs(180);

#[test]
#[ignore = "needs Chromium and Node.js: run tests/run"]
fn the_page_is_accessible_fits_and_draws_what_the_document_says() {
    let address = format!("127.0.0.1:{}", free_port());
    let arguments = ["demo", "--listen", &address, "--rate", "2000"];
    let mut demo = Daemon::start(Path::new(env!("CARGO_BIN_EXE_paritywatch")), &arguments, &[]);
    // An alert that fires, and no more to come while it is looked at.
    demo.wait_for_http(&format!("http://{address}/"), |response| response.text().contains("Critical, firing"), LIMIT);
    let (rich, handled, faulty) = (rich(), handled(), faulty());
    let served = [("rich", &rich.url), ("handled", &handled.url), ("faulty", &faulty.url)]
        .map(|(name, url)| format!("{name}={url}"));
    look("check.mjs", served.into_iter().chain([format!("demo=http://{address}")]));
    assert!(demo.terminate().success());
}

#[test]
#[ignore = "needs Chromium and Node.js: run tests/run"]
fn a_report_is_accessible_fits_a_telephone_and_prints_on_a4() {
    let folder = tempfile::tempdir().unwrap();
    let reports = [
        ("report-en", sample_report::rich(), Language::English),
        ("report-nl", sample_report::rich(), Language::Dutch),
        ("report-empty", sample_report::empty(), Language::Dutch),
        ("report-hostile", sample_report::hostile(), Language::English),
    ];
    let written = reports.iter().map(|(name, report, language)| {
        let path = folder.path().join(format!("{name}.html"));
        std::fs::write(&path, render(report, *language)).unwrap();
        format!("{name}={}", path.display())
    });
    look("report.mjs", written);
}

/// Runs a script of `tests/browser`, and fails with what it saw.
fn look(script: &str, what: impl Iterator<Item = String>) {
    let modules =
        std::env::var("PARITYWATCH_BROWSER_MODULES").expect("PARITYWATCH_BROWSER_MODULES is not set: run tests/run");
    let output = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script))
        .arg(modules)
        .arg(std::env::var("PARITYWATCH_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned()))
        .arg(std::env::var("PARITYWATCH_SCREENSHOTS").unwrap_or_else(|_| "-".to_owned()))
        .args(what)
        .output()
        .unwrap();
    let (seen, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{seen}");
    assert!(output.status.success(), "{seen}\n{complaints}");
}
