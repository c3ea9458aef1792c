//! The shipped example of TLS with a login and a certificate: the program takes it, and a real Prometheus scrapes by it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::time::Duration;

use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use support::monitoring::Prometheus;
use support::page::{Served, serve_as, settings};
use support::process::wait_until;
use support::setup::binary;
use support::web::{Authority, WebFolder, check_config, port};

const LIMIT: Duration = Duration::from_secs(60);

const WEB: &str = include_str!("../../deploy/prometheus/web.yml");
const SCRAPE: &str = include_str!("../../deploy/prometheus/scrape-tls.yml");

/// The shipped web configuration with certificates, and with this hash for its user.
fn shipped(hash: Option<&str>) -> WebFolder {
    let (folder, authority) = (WebFolder::new(), Authority::new());
    folder.identity(&authority.issue(&["localhost", "127.0.0.1"]));
    let client = authority.issue(&["prometheus.example.org"]);
    folder.write("ca.crt", &authority.pem);
    folder.write("client.crt", &client.certificate);
    folder.write("client.key", &client.key);
    folder.write("password", "right");
    let (before, shown) = WEB.split_once("  prometheus: ").expect("a user");
    let hash = hash.unwrap_or(shown.trim());
    folder.write("web.yml", &format!("{before}  prometheus: {hash}\n"));
    folder
}

fn served(folder: &WebFolder) -> (Served, u16) {
    let monitor = Monitor::new(settings("").plan, PseudonymKey([1; 16]), Clock::Wall);
    let served = serve_as(&monitor, &folder.key(), |_| {});
    let port = port(&served.url);
    (served, port)
}

#[test]
fn the_shipped_example_is_taken_without_a_warning() {
    let folder = shipped(None);
    let (taken, words) = check_config(binary(), &folder);
    assert!(taken && !words.contains("warning"), "{words}");
}

#[test]
#[ignore = "needs Prometheus: run tests/run"]
fn prometheus_scrapes_by_the_shipped_example() {
    let folder = shipped(Some(&bcrypt::hash("right", 10).unwrap()));
    let (_served, port) = served(&folder);
    let folder_of = |text: &str| text.replace("/etc/prometheus/paritywatch", folder.path("").to_str().unwrap());
    let right = folder_of(SCRAPE).replace("localhost:9464", &format!("localhost:{port}"));
    let job = |name: &str| {
        let (_, job) = right.split_once("scrape_configs:\n").unwrap();
        job.replace("job_name: paritywatch", &format!("job_name: {name}"))
    };
    folder.write("wrong", "wrong");
    let wrong = job("wrong-password").replace("/password", "/wrong");
    let without: Vec<String> = job("no-certificate")
        .lines()
        .filter(|line| !["cert_file", "key_file"].iter().any(|key| line.contains(key)))
        .map(|line| format!("{line}\n"))
        .collect();
    let plain = format!("  - job_name: plain\n    static_configs:\n      - targets: [\"localhost:{port}\"]\n");
    let prometheus = Prometheus::start(&format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n{right}{wrong}{}{plain}",
        without.concat()
    ));
    let up = |job: &str| {
        let found = prometheus.query(&format!("up{{job=\"{job}\"}}"));
        found.first().and_then(|sample| sample["value"][1].as_str().map(str::to_owned))
    };
    wait_until(LIMIT, "a scrape by TLS with a login", || (up("paritywatch").as_deref() == Some("1")).then_some(()));
    for job in ["wrong-password", "no-certificate", "plain"] {
        wait_until(LIMIT, job, || (up(job).as_deref() == Some("0")).then_some(()));
    }
    let refused = wait_until(LIMIT, "the refused login in a metric", || {
        let series = "paritywatch_http_requests_refused_total{job=\"paritywatch\",reason=\"login\"} > 0";
        prometheus.query(series).pop()
    });
    assert_eq!(refused["metric"]["instance"], format!("localhost:{port}"));
    // A job keeps its connection: there is not one more for each scrape.
    assert_eq!(prometheus.query("paritywatch_http_connections{job=\"paritywatch\"} <= 4").len(), 1);
}
