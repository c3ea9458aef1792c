//! `generate`: writes a stream with known truth to a file or to Kafka.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use clap::Args;

use super::arguments::parse_time;
use super::failure::{Failure, Finished};
use crate::plan::EventTime;
use crate::scenario::{Scenario, Shape, Stream, Truth};
use crate::sink::producer::PlainProducer;

/// What to generate, and where to.
#[derive(Args, Clone, Debug)]
pub struct GenerateArguments {
    /// fair, skewed-selection, skewed-hit-rate, simpson or late-outcomes; with what rules of other kinds than disparity read:
    /// duties-fair, banned-criterion, hidden-proxy, automated-decisions, rubber-stamp, no-random-arm, useless-profile,
    /// missing-outcomes, new-version, vanished-group, objections, stricter-checks or feedback-loop
    #[arg(long, value_name = "NAME")]
    scenario: Scenario,
    /// How many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    events: u64,
    /// The same seed gives the same stream
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many times as often the monitored group is picked [default: the scenario's]
    #[arg(long, value_name = "R")]
    ratio: Option<f64>,
    /// The profile's name
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The time of the first event [default: the scenario's]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    start: Option<EventTime>,
    /// A file, - for standard output, or kafka://BROKER/TOPIC (plaintext, for tests)
    #[arg(long, value_name = "FILE", default_value = "-")]
    to: String,
}

/// Writes the stream, and its truth to standard error.
///
/// # Errors
/// [`Failure::Usage`] for an impossible ratio or address; [`Failure::Io`] if writing fails.
pub fn run(options: &GenerateArguments) -> Result<Finished, Failure> {
    let shape = shape(options)?;
    let stream = Stream::new(&shape);
    match destination(&options.to)? {
        Destination::Stdout => write_lines(stream, stdout().lock(), Path::new("standard output"))?,
        Destination::File(path) => {
            let file = File::create(path).map_err(|error| Failure::file("create", path, &error))?;
            write_lines(stream, file, path)?;
        }
        Destination::Kafka { brokers, topic } => {
            let mut producer = PlainProducer::connect(brokers, topic).map_err(Failure::io)?;
            for event in stream {
                producer.send(&event.case_id, event.json.as_bytes(), event.time).map_err(Failure::io)?;
            }
            producer.finish().map_err(Failure::io)?;
        }
    }
    eprintln!("{}", Truth::of(&shape));
    Ok(Finished::Ok)
}

fn shape(options: &GenerateArguments) -> Result<Shape, Failure> {
    let mut shape = Shape::new(options.scenario, options.events, options.seed);
    if let Some(ratio) = options.ratio {
        if !(0.1..=10.0).contains(&ratio) {
            return Err(Failure::Usage(format!("--ratio: expected a number from 0.1 to 10, found {ratio}")));
        }
        shape.ratio = ratio;
    }
    if let Some(profile) = &options.profile {
        shape.profile.clone_from(profile);
    }
    if let Some(start) = options.start {
        shape.start = start;
    }
    Ok(shape)
}

enum Destination<'a> {
    Stdout,
    File(&'a Path),
    Kafka { brokers: &'a str, topic: &'a str },
}

fn destination(to: &str) -> Result<Destination<'_>, Failure> {
    if to == "-" {
        return Ok(Destination::Stdout);
    }
    match to.strip_prefix("kafka://") {
        None => Ok(Destination::File(Path::new(to))),
        Some(address) => match address.split_once('/') {
            Some((brokers, topic)) if !brokers.is_empty() && !topic.is_empty() => {
                Ok(Destination::Kafka { brokers, topic })
            }
            _ => Err(Failure::Usage(format!("--to: expected kafka://HOST:PORT/TOPIC, found {to:?}"))),
        },
    }
}

fn write_lines(stream: Stream, out: impl Write, path: &Path) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 20, out);
    for event in stream {
        out.write_all(event.json.as_bytes())
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|error| Failure::file("write", path, &error))?;
    }
    out.flush().map_err(|error| Failure::file("write", path, &error))
}
