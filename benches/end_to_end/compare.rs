//! Rounds of all roles on each stream, in alternating order, and their table.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::measured::Measured;
use super::{daemon, python};
use crate::support::arguments::Arguments;
use crate::support::feed::PARTITIONS;
use crate::support::figures::{Rounds, grouped};
use crate::support::machine::{Moment, Others};
use crate::support::streams::Kind;
use crate::test_support::kafka::Broker;

/// How often a round is repeated because others took the processors.
const REPETITIONS: u32 = 3;
/// Longest wait for the broker to take records.
const PRODUCE_LIMIT: Duration = Duration::from_secs(300);
/// A thread that took less than this share is not named.
const LEAST_SHARE: f64 = 0.01;

/// What is compared.
pub struct Plan<'a> {
    events: u64,
    rounds: usize,
    forced: bool,
    roles: Vec<&'a str>,
    /// Streams, each with the codecs in which it is produced.
    streams: Vec<(Kind, Vec<&'a str>)>,
}

/// Others took the processors, and nobody asked to measure all the same.
pub struct TooBusy;

/// One way of reading, with what its rounds took.
struct Role<'a> {
    name: &'a str,
    rounds: Vec<Measured>,
}

impl<'a> Plan<'a> {
    /// Of the command line.
    pub fn from(arguments: &'a Arguments) -> Self {
        let kinds = arguments.list("--streams", "live,62-days,unique-tails");
        let kinds = kinds.into_iter().map(|name| name.parse().unwrap());
        let codecs = |kind| arguments.list("--codecs", if kind == Kind::Live { "none,lz4,zstd,gzip" } else { "lz4" });
        Self {
            events: arguments.number("--events", 2_000_000),
            rounds: usize::try_from(arguments.number("--rounds", 5)).unwrap(),
            forced: arguments.has("--force"),
            roles: arguments.list("--roles", "raw,daemon,core,obvious,python"),
            streams: kinds.map(|kind| (kind, codecs(kind))).collect(),
        }
    }
}

/// Compares the roles on every stream. Returns the events per second of processor time that the daemon counted of the first one.
///
/// # Errors
/// [`TooBusy`] where others took the processors again and again.
pub fn compare(broker: &Broker, plan: &Plan<'_>) -> Result<Option<f64>, TooBusy> {
    let mut first = None;
    for (kind, codecs) in &plan.streams {
        for codec in codecs {
            let per_second = compare_stream(broker, plan, *kind, codec)?;
            first = first.or(per_second);
        }
    }
    Ok(first)
}

fn compare_stream(broker: &Broker, plan: &Plan<'_>, kind: Kind, codec: &str) -> Result<Option<f64>, TooBusy> {
    let topic = format!("events-{}-{codec}", kind.name());
    println!("\n{}, {codec}: {} events, {} rounds", kind.name(), grouped(plan.events as f64, 0), plan.rounds);
    broker.create_topic(&topic, PARTITIONS.cast_signed());
    if let Err(problem) = produce(&broker.bootstrap(), &topic, codec, kind, plan.events) {
        println!("not measured: {problem}");
        return Ok(None);
    }
    let file = plan.roles.contains(&"python").then(|| python::write_lines(kind, plan.events));
    let mut roles: Vec<Role<'_>> = plan.roles.iter().map(|name| Role { name, rounds: Vec::new() }).collect();
    let mut worst = Others::default();
    for round in 0..plan.rounds {
        worst = worst.max(play_round(broker, plan, &topic, file.as_deref(), &mut roles, round)?);
    }
    broker.delete_topic(&topic);
    show(&roles, plan.events, worst);
    let daemon = roles.iter().find(|role| role.name == "daemon");
    Ok(daemon.map(|daemon| daemon.per_second(plan.events).median()))
}

/// Plays all roles once, every second time in the opposite order, so that none always comes first. Returns what others did meanwhile.
fn play_round(
    broker: &Broker,
    plan: &Plan<'_>,
    topic: &str,
    file: Option<&Path>,
    roles: &mut [Role<'_>],
    round: usize,
) -> Result<Others, TooBusy> {
    let mut worst = Others::default();
    let mut order: Vec<usize> = (0..roles.len()).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    for index in order {
        let role = &mut roles[index];
        let (measured, others) = undisturbed(plan.forced, || match role.name {
            "daemon" => daemon::read(&broker.bootstrap(), topic, plan.events),
            "python" => python::read(file.unwrap()),
            name => in_process_of_its_own(name, &broker.bootstrap(), topic, plan.events),
        })?;
        role.rounds.push(measured);
        worst = worst.max(others);
    }
    Ok(worst)
}

/// Repeats what was disturbed by others.
fn undisturbed(forced: bool, mut work: impl FnMut() -> Measured) -> Result<(Measured, Others), TooBusy> {
    let mut repetitions = 0;
    loop {
        let before = Moment::now();
        let measured = work();
        let others = before.others();
        if forced || !others.are_too_many() {
            return Ok((measured, others));
        }
        println!("repeated: {others}");
        repetitions += 1;
        if repetitions == REPETITIONS {
            println!("refused: the machine is too busy; measure all the same with --force");
            return Err(TooBusy);
        }
    }
}

fn in_process_of_its_own(role: &str, bootstrap: &str, topic: &str, events: u64) -> Measured {
    let this: PathBuf = std::env::current_exe().unwrap();
    let output = Command::new(this).args(["role", role, bootstrap, topic, &events.to_string()]).output().unwrap();
    assert!(output.status.success(), "{role}: {}", String::from_utf8_lossy(&output.stderr));
    Measured::parse(&String::from_utf8_lossy(&output.stdout))
}

/// Fills the topic. The client compresses; whatever codec it lacks, it refuses.
pub fn produce(bootstrap: &str, topic: &str, codec: &str, kind: Kind, events: u64) -> Result<(), KafkaError> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("linger.ms", "20")
        .set("compression.type", codec)
        .create()?;
    for event in kind.events(events, 1) {
        let mut record = BaseRecord::to(topic).key(&event.case_id).payload(&event.json).timestamp(event.time.0);
        while let Err((error, back)) = producer.send(record) {
            assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "{error}");
            producer.poll(Duration::from_millis(10));
            record = back;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(PRODUCE_LIMIT)
}

impl Role<'_> {
    fn per_second(&self, events: u64) -> Rounds {
        Rounds::of(self.rounds.iter().map(|round| events as f64 / round.seconds()))
    }

    /// Nanoseconds per event of each thread that matters, by the median of the rounds.
    fn threads(&self, events: u64) -> String {
        let mut names: Vec<&String> = self.rounds.iter().flat_map(|round| round.threads.keys()).collect();
        names.sort();
        names.dedup();
        let median = |name: &String| {
            let rounds = self.rounds.iter().map(|round| round.threads.get(name).copied().unwrap_or_default() as f64);
            Rounds::of(rounds).median()
        };
        let mut threads: Vec<(f64, &String)> = names.into_iter().map(|name| (median(name), name)).collect();
        threads.sort_by(|(left, _), (right, _)| right.total_cmp(left));
        let all: f64 = threads.iter().map(|(time, _)| time).sum();
        let named = threads.iter().filter(|(time, _)| *time >= all * LEAST_SHARE);
        let text = |(time, name): &(f64, &String)| format!("{name} {}", grouped(time / events as f64, 0));
        named.map(text).collect::<Vec<_>>().join(", ")
    }
}

fn show(roles: &[Role<'_>], events: u64, worst: Others) {
    println!("{worst} in the worst round");
    println!(
        "| role | events per CPU second, median (range) | of raw | wall, s | most memory, MiB | ns per event by thread |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let raw = roles.iter().find(|role| role.name == "raw");
    for role in roles {
        // Rounds are compared in pairs: what the machine does changes slower than they do.
        let of_raw = raw.map(|raw| {
            let pairs = role.rounds.iter().zip(&raw.rounds);
            Rounds::of(pairs.map(|(role, raw)| raw.seconds() / role.seconds()))
        });
        println!(
            "| {} | {} | {} | {:.1} | {} | {} |",
            role.name,
            role.per_second(events),
            of_raw.map_or(String::new(), |ratio| format!("{ratio:.3}")),
            Rounds::of(role.rounds.iter().map(|round| round.wall.as_secs_f64())),
            Rounds::of(role.rounds.iter().map(|round| (round.memory >> 20) as f64)),
            role.threads(events)
        );
    }
}
