//! The status page in real Chromium. Run by `tests/run`.
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
use support::handled_page::handled;
use support::process::{Daemon, free_port};

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
    let output = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/check.mjs"))
        .arg(
            std::env::var("PARITYWATCH_BROWSER_MODULES")
                .expect("PARITYWATCH_BROWSER_MODULES is not set: run tests/run"),
        )
        .arg(std::env::var("PARITYWATCH_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned()))
        .arg(std::env::var("PARITYWATCH_SCREENSHOTS").unwrap_or_else(|_| "-".to_owned()))
        .args([format!("rich={}", rich.url), format!("handled={}", handled.url)])
        .args([format!("faulty={}", faulty.url), format!("demo=http://{address}")])
        .output()
        .unwrap();
    let (seen, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{seen}");
    assert!(output.status.success(), "{seen}\n{complaints}");
    assert!(demo.terminate().success());
}
