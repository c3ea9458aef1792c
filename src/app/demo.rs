//! `demo`: everything in one process, with nothing to set up.

use std::fs::Permissions;
use std::io::{IsTerminal, Write, stdout};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tempfile::TempDir;

use super::daemon::{Daemon, Signals, StateLock, Web};
use super::failure::{Failure, Finished};
use crate::plan::{EventTime, Span};
use crate::render::Render;
use crate::scenario::{GeneratedEvent, Scenario, Shape, Stream, Truth};
use crate::settings::Settings;
use crate::sink::producer::PlainProducer;
use crate::source::embedded::EmbeddedBroker;
use crate::status::Shared;

/// The configuration of the demo. Addresses and folder are set as overrides from the environment are.
const CONFIGURATION: &str = include_str!("../../config/demo.toml");
/// The topics of the demo, with their numbers of partitions.
const TOPICS: [(&str, i32); 2] = [("events", 3), ("paritywatch.dead-letter", 1)];
/// Time between two drawings of the table.
const DRAW_EVERY: Duration = Duration::from_secs(1);
/// Events of each profile.
const EVENTS: u64 = 20_000_000;
/// Cases per hour of event time of the profiles that are compared by group. At the default rate a day passes in less than 20 seconds.
const CASES_PER_HOUR: u32 = 2_000;
/// The pilot of the profiles that neglect a duty: nobody waits for a day of it.
const PILOT: Span = Span::HOUR.times(6);
/// Characters in a line of the table.
const TABLE_WIDTH: usize = 180;

/// How the demo runs.
#[derive(Args, Clone, Debug)]
pub struct DemoArguments {
    /// Events per second
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    rate: u32,
    /// Where /metrics is served
    #[arg(long, default_value = "127.0.0.1:9464")]
    listen: SocketAddr,
    /// End after so many seconds; without it the demo runs until Ctrl-C
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// How many times as often the skewed profile picks the monitored group
    #[arg(long, default_value_t = 2.0)]
    ratio: f64,
}

/// Runs the demo.
///
/// # Errors
/// [`Failure::Io`] if the address is taken or the embedded broker cannot start.
pub fn run(options: &DemoArguments) -> Result<Finished, Failure> {
    let broker = EmbeddedBroker::start(&TOPICS).map_err(Failure::io)?;
    // Nobody needs the demo's state or its pseudonym key afterwards: it is removed when this is dropped.
    let folder = make_folder(&std::env::temp_dir())?;
    run_in(options, &broker.brokers(), folder.path())
}

/// Makes a folder of its owner's alone. Others may write where it is, so its name cannot be guessed, and one that is there is not taken.
fn make_folder(outer: &Path) -> Result<TempDir, Failure> {
    let mode = Permissions::from_mode(0o700);
    let made = tempfile::Builder::new().prefix("paritywatch-demo-").permissions(mode).tempdir_in(outer);
    made.map_err(|error| Failure::file("make a folder in", outer, &error))
}

fn run_in(options: &DemoArguments, brokers: &str, folder: &Path) -> Result<Finished, Failure> {
    let settings = settings(options, brokers, folder)?;
    let Some(kafka) = &settings.kafka else {
        return Err(Failure::Internal("the demo's configuration has no [kafka]".to_owned()));
    };
    let signals = Arc::new(Signals::default());
    let lock = StateLock::obtain(&settings)?;
    let daemon = Daemon::start(&settings, kafka, &lock.owner, Arc::clone(&signals))?;
    let shared = Arc::clone(&daemon.shared);
    let web = Web::start(&settings, &shared, &signals)?;
    let shapes = shapes(options);
    let producer = {
        let (shapes, signals, rate) = (shapes.clone(), Arc::clone(&signals), options.rate);
        let mut producer = PlainProducer::connect(brokers, TOPICS[0].0).map_err(Failure::io)?;
        std::thread::spawn(move || produce(&shapes, rate, &mut producer, &signals))
    };
    let screen = {
        let (signals, limit, listen) = (Arc::clone(&signals), options.seconds.map(Duration::from_secs), options.listen);
        std::thread::spawn(move || draw(&shared, &shapes, listen, limit, &signals))
    };
    let ended = daemon.run();
    signals.stop();
    // Both end when the daemon stops; their panics have been printed.
    let _ = (producer.join(), screen.join());
    web.stop();
    ended.map(|()| Finished::Ok)
}

fn settings(options: &DemoArguments, brokers: &str, folder: &Path) -> Result<Settings, Failure> {
    let overrides = [
        ("PARITYWATCH__KAFKA__BROKERS", brokers.to_owned()),
        ("PARITYWATCH__SERVER__LISTEN", options.listen.to_string()),
        // What it shows is made up, and an address is given only by who means it.
        ("PARITYWATCH__SERVER__INSECURE_LISTEN", "true".to_owned()),
        ("PARITYWATCH__STATE__DIR", folder.display().to_string()),
    ];
    let overrides = overrides.map(|(name, value)| (name.to_owned(), value));
    Ok(Settings::parse(CONFIGURATION, "config/demo.toml", overrides.into_iter())?)
}

/// One profile is skewed, one fair, and each of the others neglects a duty.
fn shapes(options: &DemoArguments) -> Vec<Shape> {
    let shape = |scenario, seed, profile: &str, cases_per_hour| Shape {
        cases_per_hour,
        pilot: PILOT,
        profile: profile.to_owned(),
        prefix: profile.to_owned(),
        ratio: options.ratio,
        ..Shape::new(scenario, EVENTS, seed)
    };
    let compared =
        |scenario, seed, profile: &str| Shape { pilot: Span(0), ..shape(scenario, seed, profile, CASES_PER_HOUR) };
    vec![
        compared(Scenario::SkewedSelection, 1, "skewed"),
        compared(Scenario::Fair, 2, "fair"),
        shape(Scenario::AutomatedDecisions, 3, "automated", 200),
        shape(Scenario::NoRandomArm, 4, "unbenchmarked", 200),
        // Missing outcomes are shown by evidence, which takes more of them.
        shape(Scenario::MissingOutcomes, 5, "unreported", 800),
    ]
}

/// Sends all streams, merged by time, at this rate.
fn produce(shapes: &[Shape], rate: u32, producer: &mut PlainProducer, signals: &Signals) {
    let mut streams: Vec<_> = shapes.iter().map(|shape| Stream::new(shape).peekable()).collect();
    let (began, mut sent) = (Instant::now(), 0_u64);
    while !signals.is_stopping() {
        let time = |event: Option<&GeneratedEvent>| event.map_or(EventTime(i64::MAX), |event| event.time);
        let first = streams.iter_mut().reduce(
            |first, stream| {
                if time(stream.peek()) < time(first.peek()) { stream } else { first }
            },
        );
        let next = first.and_then(Iterator::next);
        let Some(event) = next else { break };
        if let Err(error) = producer.send(&event.case_id, event.json.as_bytes(), event.time) {
            eprintln!("paritywatch: {error}");
            break;
        }
        sent += 1;
        // What is left of a whole second is less than the rate, which fits.
        let due =
            Duration::from_secs_f64(f64::from(u32::try_from(sent % u64::from(rate)).unwrap_or(0)) / f64::from(rate))
                + Duration::from_secs(sent / u64::from(rate));
        if let Some(early) = due.checked_sub(began.elapsed()).filter(|early| *early > Duration::from_millis(2)) {
            std::thread::sleep(early);
        }
    }
}

/// Draws the table every second: in place on a terminal, elsewhere one after the other.
fn draw(shared: &Shared, shapes: &[Shape], listen: SocketAddr, limit: Option<Duration>, signals: &Signals) {
    let (began, terminal) = (Instant::now(), stdout().is_terminal());
    while !signals.is_stopping() {
        std::thread::sleep(DRAW_EVERY);
        let view = shared.latest();
        let mut out = stdout().lock();
        let clear = if terminal { "\x1b[2J\x1b[H" } else { "" };
        let table = view.published.to_table(TABLE_WIDTH, terminal);
        let truth: Vec<String> = shapes.iter().map(truth).collect();
        // A closed terminal ends the demo.
        let drawn = writeln!(
            out,
            "{clear}paritywatch demo, {} s; {}; http://{listen}/; Ctrl-C ends\n{table}",
            began.elapsed().as_secs(),
            truth.join(", ")
        );
        if drawn.is_err() || limit.is_some_and(|limit| began.elapsed() >= limit) {
            signals.stop();
        }
    }
}

/// What is true of a profile, in few words.
fn truth(shape: &Shape) -> String {
    if shape.scenario.carries_duties() {
        return format!("profile {}: {}", shape.profile, shape.scenario);
    }
    format!("profile {}: true ratio {:.2}", shape.profile, Truth::of(shape).selection_ratio())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_folder_is_its_owners_alone_and_never_the_same() {
        let outer = tempfile::tempdir().unwrap();
        let (first, second) = (make_folder(outer.path()).unwrap(), make_folder(outer.path()).unwrap());
        assert_ne!(first.path(), second.path());
        assert_eq!(std::fs::metadata(first.path()).unwrap().permissions().mode() & 0o777, 0o700);
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists());
    }
}
