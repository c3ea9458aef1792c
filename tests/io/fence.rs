//! A daemon whose state folder was claimed by another writes nothing into it and tells nobody anything. `kafka_state.rs` has it with whole daemons.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;
use crate::support::state;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use paritywatch::alert::AlertState;
use paritywatch::app::{Changes, Delivery, Keeper};
use paritywatch::checkpoint::Owner;
use paritywatch::disclosure::PublishedAlert;
use paritywatch::monitor::Monitor;
use paritywatch::plan::Provenance;
use paritywatch::settings::Settings;
use state::{KEY, NOW, POINT, PROFILES, config, events, feed, fresh, plan, transitions};
use support::process::wait_until;
use support::receiver::{Behaviour, FakeReceiver};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn neither_journal_nor_checkpoint_is_written_over_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "");
    let first = Owner::claim(folder.path()).unwrap();
    let (mut keeper, mut monitor) = Keeper::open(&settings, &first, &KEY, NOW).unwrap();
    let lines = events(300);
    let (some, more) = lines.split_at(lines.len() / 2);
    let changed = |monitor: &mut Monitor, lines: &[String]| {
        feed(monitor, lines);
        monitor.handle_tick(NOW);
        transitions(monitor).unwrap()
    };
    assert!(keeper.keep_alerts(changed(&mut monitor, some)).is_some());
    checkpoint(&mut keeper, &monitor);
    assert_eq!(keeper.health().failed, 0);

    // Not in the middle of another one.
    keeper.finish(&monitor);
    let (mut keeper, mut monitor) = Keeper::open(&settings, &first, &KEY, NOW).unwrap();
    let second = Owner::claim(folder.path()).unwrap();
    let before = files(folder.path());
    assert!(keeper.keep_alerts(changed(&mut monitor, more)).is_none(), "they would be told");
    checkpoint(&mut keeper, &monitor);
    assert!(keeper.health().failed > 0);
    keeper.finish(&monitor);
    assert_eq!(files(folder.path()), before);
    assert!(first.lost().unwrap().contains("another daemon uses the state"));
    assert_eq!(second.lost(), None);
}

#[test]
fn a_checkpoint_newer_than_its_own_also_says_that_the_state_is_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "");
    let first = Owner::claim(folder.path()).unwrap();
    let (mut keeper, monitor) = Keeper::open(&settings, &first, &KEY, NOW).unwrap();
    // By a daemon of a version without tokens.
    let newer = paritywatch::checkpoint::Header { sequence: 5, ..state::header(&settings.plan) };
    let mut bytes = Vec::new();
    paritywatch::checkpoint::write(&newer, &monitor.snapshot(), &mut bytes).unwrap();
    std::fs::write(folder.path().join("checkpoint"), &bytes).unwrap();
    let before = files(folder.path());
    checkpoint(&mut keeper, &monitor);
    assert!(first.lost().unwrap().contains("found 5: another daemon uses the state"));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn nothing_is_put_into_anothers_outbox_sent_or_sent_again() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let receivers = [(); 2].map(|()| FakeReceiver::start(Behaviour::Answer(200)));
    let webhook = FakeReceiver::start(Behaviour::Answer(500));
    let webhooks = [format!("webhooks = [{:?}]", webhook.url("/")), String::new()];
    let open = |index: usize, owner: &Owner| {
        let alertmanagers = format!("alertmanagers = [{:?}]\nresend_every = \"1s\"\n", receivers[index].url(""));
        let settings = settings(folders[index].path(), &format!("{alertmanagers}{}", webhooks[index]));
        let mut delivery = Delivery::open(&settings, None, owner, &[], &[]).unwrap();
        delivery.tell(&fires("a"));
        delivery
    };
    let owners = [0, 1].map(|index: usize| Owner::claim(folders[index].path()).unwrap());
    let mut first = open(0, &owners[0]);
    wait_until(LIMIT, "what fires, told again", || (receivers[0].taken().len() > 1).then_some(()));
    wait_until(LIMIT, "what could not be sent", || (!webhook.requests().is_empty()).then_some(()));

    let _second = Owner::claim(folders[0].path()).unwrap();
    let before = files(folders[0].path());
    webhook.behave(Behaviour::Answer(200));
    first.tell(&fires("later"));
    first.end_what_is_gone(&[], NOW);
    first.work();
    // One of its own state is the clock: it tells again three times.
    let clock = open(1, &owners[1]);
    let taken = receivers[0].taken().len();
    wait_until(LIMIT, "what fires, told again", || (receivers[1].taken().len() > 3).then_some(()));
    // One may have been under way.
    assert!(receivers[0].taken().len() <= taken + 1, "{} after {taken}", receivers[0].taken().len());
    first.finish();
    assert_eq!(webhook.taken().len(), 0);
    assert!(receivers[0].taken().iter().all(|request| !request.body.contains("later")));
    assert_eq!(files(folders[0].path()), before);
    clock.finish();
}

#[test]
fn how_far_a_receiver_has_come_is_not_written_over_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let settings = settings(folder.path(), &format!("webhooks = [{url:?}]"));
    let owner = Owner::claim(folder.path()).unwrap();
    let mut delivery = Delivery::open(&settings, None, &owner, &[], &[]).unwrap();
    delivery.tell(&fires("a"));
    // The folder is claimed while the request is under way.
    let (mut stream, _) = listener.accept().unwrap();
    assert!(stream.read(&mut [0; 1]).unwrap() > 0);
    let _second = Owner::claim(folder.path()).unwrap();
    let before = files(folder.path());
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    wait_until(LIMIT, "the answer", || (delivery.health().receivers[0].pending == 0).then_some(()));
    delivery.finish();
    assert_eq!(files(folder.path()), before);
    assert!(before.iter().all(|(name, _)| !name.contains("cursor")), "there was one before");
}

/// A new alert of this id.
fn fires(id: &str) -> Changes {
    let mut monitor = fresh(&plan(&config(PROFILES, &[POINT])));
    feed(&mut monitor, &events(300));
    monitor.handle_tick(NOW);
    let published = monitor.published();
    let firing = published.alerts().iter().find(|alert| alert.state == AlertState::Firing).expect("no alert");
    (vec![PublishedAlert { id: id.to_owned(), ..firing.clone() }], Provenance::default())
}

/// Asks until one was written, or could not be.
fn checkpoint(keeper: &mut Keeper, monitor: &Monitor) {
    let tried = |keeper: &Keeper| keeper.health().written + keeper.health().failed;
    let before = tried(keeper);
    wait_until(LIMIT, "a checkpoint", || {
        keeper.checkpoint(monitor);
        (tried(keeper) > before).then_some(())
    });
}

/// Name and content of everything in the folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

fn settings(folder: &Path, alerting: &str) -> Settings {
    let text = config(PROFILES, &[POINT]);
    let text = text.replace("[alerting]\n", &format!("[state]\ndir = {folder:?}\n[alerting]\n{alerting}\n"));
    Settings::parse(&text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"))
}
