//! What one client can take of the HTTP server: time, bytes, connections, descriptors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Monitor};
use support::page::{Served, rich_monitor, serve_as, settings};
use support::process::{Daemon, free_port, http_get, read_response, wait_until};
use support::setup::{binary, sample};
use support::web::{connect, exchange, port, rest};

/// The limits of the server, with what a busy machine adds.
const HEAD: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(75);
const MORE: Duration = Duration::from_secs(25);

fn served(server: &str) -> (Served, u16) {
    let monitor = Monitor::new(settings("").plan, PseudonymKey([1; 16]), Clock::Wall);
    let served = serve_as(&monitor, server, |_| {});
    let port = port(&served.url);
    (served, port)
}

fn get(port: u16) -> String {
    format!("GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

/// Waits until the server ends a connection; how long that took.
fn ended_after(mut stream: TcpStream, began: Instant) -> Duration {
    stream.set_read_timeout(Some(IDLE + MORE)).unwrap();
    rest(&mut stream, 64 << 20);
    began.elapsed()
}

#[test]
fn every_step_of_a_connection_has_its_time() {
    let monitor = rich_monitor();
    let served = serve_as(&monitor, "", |_| {});
    let port = port(&served.url);
    let began = Instant::now();
    let silent = connect(port);
    let mut half = connect(port);
    half.write_all(b"GET /metrics HT").unwrap();
    let mut slow_body = connect(port);
    let post = format!("POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1000\r\n\r\nx");
    slow_body.write_all(post.as_bytes()).unwrap();
    let mut idle = connect(port);
    idle.write_all(get(port).as_bytes()).unwrap();
    assert_eq!(read_response(&mut BufReader::new(&mut idle)).unwrap().status, 200);
    // A byte every second is no progress.
    let trickle = connect(port);
    let mut writer = trickle.try_clone().unwrap();
    let trickling = std::thread::spawn(move || {
        while writer.write_all(b"G").is_ok() && began.elapsed() < ANSWER {
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    // Takes no answer, of which there are more than the sockets hold.
    let greedy = connect(port);
    let mut writer = greedy.try_clone().unwrap();
    writer.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let page = format!("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: {}\r\n\r\n", "a".repeat(10_000));
    let mut sent = 0;
    while sent < 20_000 && writer.write_all(page.as_bytes()).is_ok() {
        sent += 1;
    }
    assert!(sent < 20_000, "all {sent} requests were read although no answer was");

    let refused = read_response(&mut BufReader::new(&mut slow_body)).unwrap();
    assert_eq!((refused.status, refused.header("connection")), (413, Some("close")));
    assert!(ended_after(slow_body, began) < HEAD, "a body was waited for");
    for (stream, what) in [(silent, "silent"), (half, "half a head"), (trickle, "a trickle")] {
        let took = ended_after(stream, began);
        assert!(took > HEAD - Duration::from_secs(2) && took < HEAD + MORE, "{what}: {took:?}");
    }
    trickling.join().unwrap();
    wait_until(ANSWER + MORE, "the greedy connection's end", || {
        let text = http_get(&format!("{}/metrics", served.url)).unwrap().text();
        let dropped = sample(&text, "paritywatch_http_connections_dropped_total{reason=\"timeout\"}")?;
        // Half a head, a trickle, and this one; who never said a word is not worth telling.
        (dropped >= 3.0).then_some(())
    });
    drop(greedy);
    let took = ended_after(idle, began);
    assert!(took > IDLE - Duration::from_secs(2) && took < IDLE + MORE, "idle: {took:?}");
}

#[test]
fn requests_sent_without_waiting_are_answered_in_their_order_and_not_read_ahead() {
    let (served, port) = served("");
    let mut stream = connect(port);
    let paths = ["/-/healthy", "/none", "/style.css", "/-/ready"];
    let requests: String =
        paths.iter().map(|path| get(port).replace("/-/healthy", path)).collect::<Vec<_>>().join("").repeat(50);
    stream.write_all(requests.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    for number in 0..200 {
        let status = read_response(&mut reader).unwrap().status;
        assert_eq!(status, [200, 404, 200, 503][number % 4], "{number}");
    }
    // Something that is no request ends it, with an answer in our words, also right behind one that is.
    reader.get_mut().write_all(format!("{}nonsense\r\n\r\n", get(port)).as_bytes()).unwrap();
    assert_eq!(read_response(&mut reader).unwrap().status, 200);
    let answer = read_response(&mut reader).unwrap();
    assert_eq!((answer.status, answer.header("x-frame-options")), (400, Some("DENY")));
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    drop(served);
}

#[test]
fn a_flood_of_headers_costs_no_more_than_the_limit() {
    let (_served, port) = served("");
    let mut stream = connect(port);
    let mut sent = 0_usize;
    let line = format!("X-A: {}\r\n", "a".repeat(1_000));
    let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
    while sent < 8 << 20 && stream.write_all(line.as_bytes()).is_ok() {
        sent += line.len();
    }
    assert!(sent < 8 << 20, "{sent} bytes of headers were taken");
    // One that is over the limit by little reads why.
    let long = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(exchange(port, long.as_bytes()).status, 431);
    assert_eq!(exchange(port, get(port).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).status, 200);
}

#[test]
fn one_connection_too_many_is_closed_at_once_and_counted() {
    let (served, port) = served("max_connections = 3");
    let held: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = connect(port);
            stream.write_all(get(port).as_bytes()).unwrap();
            assert_eq!(read_response(&mut BufReader::new(&mut stream)).unwrap().status, 200);
            stream
        })
        .collect();
    let began = Instant::now();
    assert!(http_get(&format!("{}/metrics", served.url)).is_err());
    assert!(began.elapsed() < Duration::from_secs(5), "it was kept waiting");
    drop(held);
    let text = wait_until(MORE, "a free place", || http_get(&format!("{}/metrics", served.url)).ok()).text();
    assert!(sample(&text, "paritywatch_http_connections_dropped_total{reason=\"limit\"}") >= Some(1.0), "{text}");
    assert_eq!(sample(&text, "paritywatch_http_connections_limit"), Some(3.0));
    assert_eq!(sample(&text, "paritywatch_http_connections"), Some(1.0));
}

#[test]
fn idle_connections_take_no_descriptor_from_the_state() {
    let folder = tempfile::tempdir().unwrap();
    let (mut daemon, port) = with_few_descriptors(folder.path());
    let url = format!("http://127.0.0.1:{port}/metrics");
    let written = |text: &str| sample(text, "paritywatch_checkpoints_total{result=\"written\"}").unwrap_or_default();
    let before = daemon.wait_for_http(&url, |answer| written(&answer.text()) > 0.0, MORE).text();
    let limit = sample(&before, "paritywatch_http_connections_limit").unwrap();
    assert_eq!(limit, 64.0, "of 256 descriptors");

    // Some are silent, and some send a head byte by byte.
    let flood: Vec<Option<TcpStream>> = (0..300).map(|_| TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    let mut slow: Vec<TcpStream> =
        flood.iter().step_by(2).flatten().map(|stream| stream.try_clone().unwrap()).collect();
    let began = Instant::now();
    let after = wait_until(HEAD + MORE, "an answer although the connections are kept", || {
        for stream in &mut slow {
            let _ = stream.write_all(b"G");
        }
        http_get(&url).ok().filter(|answer| answer.status == 200)
    });
    let text = after.text();
    assert!(began.elapsed() < HEAD + MORE);
    assert!(sample(&text, "paritywatch_http_connections_dropped_total{reason=\"limit\"}") >= Some(200.0), "{text}");
    assert_eq!(sample(&text, "paritywatch_checkpoints_total{result=\"failed\"}"), Some(0.0), "{text}");
    assert!(written(&text) > written(&before), "no checkpoint was written meanwhile: {text}");
    drop(flood);
    assert!(daemon.terminate().success());
    assert!(!daemon.stderr().contains("os error 24"), "{}", daemon.stderr());
}

/// The real program with 256 descriptors, which writes a checkpoint each second.
fn with_few_descriptors(folder: &Path) -> (Daemon, u16) {
    let config = folder.join("paritywatch.toml");
    let port = free_port();
    let text = format!(
        "[kafka]\nbrokers = \"127.0.0.1:{broker}\"\ntopics = [\"events\"]\nsecurity_protocol = \"plaintext\"\n\
         [window]\nevaluate_every = \"1s\"\n[server]\nlisten = \"127.0.0.1:{port}\"\n\
         [state]\ndir = \"{state}\"\ncheckpoint_every = \"1s\"\n\
         [profiles.p]\nowner = \"owner@example.org\"\n[dimensions.d]\nground = \"sex\"\ngroups = [\"a\", \"b\"]\n\
         [[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n",
        broker = free_port(),
        state = folder.join("state").display(),
    );
    std::fs::write(&config, text).unwrap();
    let command = format!("ulimit -n 256 && exec {} run --config {}", binary().display(), config.display());
    (Daemon::start(Path::new("/bin/sh"), &["-c", &command], &[]), port)
}
