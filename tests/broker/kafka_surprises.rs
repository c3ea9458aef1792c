//! What Kafka can surprise a daemon with: topics that lose records, batches that cannot be read or take too much memory. Run by `tests/run`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::batch::{GZIP, LZ4, SNAPPY, ZSTD, around_value, batch, zstd_bomb};
use support::kafka::{Broker, Record};
use support::process::{Daemon, HttpResponse};
use support::setup::{DEAD_LETTERS, START_MS, Setup, binary, read, sample, selection};

const LIMIT: Duration = Duration::from_secs(120);
/// A surprise must show within a minute.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// Records before and after the poison.
const RECORDS: u64 = 10;
/// What the one batch that can be read inflates to.
const BOMB_BYTES: usize = 128 << 20;
/// Most memory of the daemon with that batch in it.
const MEMORY_BYTES: u64 = 512 << 20;

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn an_input_topic_that_can_lose_records_is_told_while_the_daemon_runs() {
    let rights = ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    let broker = Broker::start_with(&[rights, ("allow.everyone.if.no.acl.found", "true")]);
    broker.create_topic("events", 1);
    broker.create_topic(DEAD_LETTERS, 1);
    broker.produce("events", &records(0..20, 0));
    let setup = Setup::new(&broker, "1s");
    let mut daemon = setup.start();
    let ready = |response: &HttpResponse| response.status == 200 && response.text() == "ready\n";
    daemon.wait_for_http(&setup.url("/-/ready"), ready, LIMIT);
    let series = |reason: &str| format!(r#"paritywatch_input_unsafe{{reason="{reason}",topic="events"}}"#);
    let kept = r#"paritywatch_input_retention_seconds{topic="events"}"#;
    let known = r#"paritywatch_input_config_known{topic="events"}"#;
    let page = daemon.wait_for_http(&setup.url("/metrics"), |response| response.status == 200, LIMIT).text();
    for reason in ["compacted", "retention", "retention_bytes", "batch_bytes"] {
        assert_eq!(sample(&page, &series(reason)), Some(0.0), "{reason}");
    }
    assert_eq!((sample(&page, kept), sample(&page, known)), (None, Some(1.0)), "kept for ever");

    let wait = |daemon: &mut Daemon, shown: &dyn Fn(&str) -> bool, status: u16, words: &str| {
        let began = Instant::now();
        daemon.wait_for_http(&setup.url("/metrics"), |response| shown(&response.text()), SHOWN_WITHIN);
        let ready = |response: &HttpResponse| response.status == status && response.text().contains(words);
        daemon.wait_for_http(&setup.url("/-/ready"), ready, LIMIT);
        println!("{words:?} shown after {:.1} s", began.elapsed().as_secs_f64());
    };
    // An hour, where a week is asked for; and a batch may be of 64 MiB.
    let short = [("retention.ms", "3600000"), ("retention.bytes", "1000000"), ("max.message.bytes", "67108864")];
    broker.alter_topic("events", &short);
    let told = |page: &str| {
        sample(page, kept) == Some(3_600.0)
            && ["retention", "retention_bytes", "batch_bytes"].iter().all(|why| sample(page, &series(why)) == Some(1.0))
    };
    wait(&mut daemon, &told, 200, "expected a retention.ms of at least kafka.min_retention (604800 s), found 3600 s");
    broker.alter_topic("events", &[("cleanup.policy", "compact")]);
    let told = |page: &str| sample(page, &series("compacted")) == Some(1.0) && sample(page, kept).is_none();
    wait(&mut daemon, &told, 503, "topic events: expected cleanup.policy \"delete\", found compaction");
    assert!(daemon.stderr().contains("an input topic loses records"));
    broker.alter_topic("events", &[("cleanup.policy", "delete")]);
    wait(&mut daemon, &|page| sample(page, &series("compacted")) == Some(0.0), 200, "ready\n");

    // It may read, and may not look: what was found before stays, and that it is old is told.
    let may = ["--add", "--allow-principal", "User:ANONYMOUS", "--operation", "Read", "--topic", "events"];
    broker.change_rights(&may);
    let must_not =
        ["--add", "--deny-principal", "User:ANONYMOUS", "--operation", "DescribeConfigs", "--topic", "events"];
    broker.change_rights(&must_not);
    wait(
        &mut daemon,
        &|page| sample(page, known) == Some(0.0),
        200,
        "expected the right to DESCRIBE_CONFIGS it, found no entries",
    );
    assert!(daemon.terminate().success());
    let mut daemon = setup.start();
    wait(
        &mut daemon,
        &|page| sample(page, known) == Some(0.0),
        200,
        "warning: topic events: its configuration could not",
    );
    assert!(daemon.terminate().success());
}

#[test]
#[ignore = "needs Apache Kafka: run tests/run"]
fn a_batch_that_cannot_be_read_stops_its_partition_alone_until_it_is_accepted() {
    let noise: Vec<u8> = (0..200_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    // Claims to inflate to 3 GiB, and does not.
    let claim = [&[0x80, 0x80, 0x80, 0x80, 0x0c][..], &noise].concat();
    let mut changed = batch(10, 3, 0, &noise, START_MS);
    changed[80] ^= 1;
    let poison = [
        batch(10, 3, GZIP, &noise, START_MS),
        batch(10, 3, SNAPPY, &claim, START_MS),
        batch(10, 3, LZ4, &noise, START_MS),
        batch(10, 3, ZSTD, &noise, START_MS),
        // 4 GiB in 128 KiB.
        batch(10, 3, ZSTD, &zstd_bomb(32 << 10), START_MS),
        changed,
        // Can be read, and takes much memory for nothing.
        batch(10, 1, GZIP, &gzip_bomb(), START_MS),
    ];
    let bad = 6;
    let partitions = poison.len() + 1;
    let mut broker = Broker::start();
    broker.create_topic("events", i32::try_from(partitions).unwrap());
    broker.create_topic(DEAD_LETTERS, 1);
    let setup = Setup::new(&broker, "1s");
    let of = |round: u64| -> Vec<Record> {
        let numbers = |partition: u64| (round * 100 + partition) * RECORDS..(round * 100 + partition + 1) * RECORDS;
        (0..partitions as u64)
            .flat_map(|partition| records(numbers(partition), i32::try_from(partition).unwrap()))
            .collect()
    };
    broker.produce("events", &of(0));
    let all = (partitions as u64 * RECORDS) as f64;
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    broker.stop();
    for (partition, bytes) in poison.iter().enumerate() {
        broker.append_to_log("events", i32::try_from(partition).unwrap(), bytes);
    }
    broker.start_again();
    let began = Instant::now();
    broker.produce("events", &of(1));

    let fault = |partition: usize| {
        format!("topic events partition {partition}: expected a batch that can be read at offset 10, found ")
    };
    let told = |response: &HttpResponse| {
        let text = response.text();
        response.status == 503 && (0..bad).all(|partition| text.contains(&fault(partition)))
    };
    let text = daemon.wait_for_http(&setup.url("/-/ready"), told, SHOWN_WITHIN).text();
    println!("all shown after {:.1} s\n{text}", began.elapsed().as_secs_f64());
    assert!((bad..partitions).all(|partition| !text.contains(&fault(partition))));
    // The others go on, and what only takes memory is refused like any event that is too large.
    let counted = all + ((partitions - bad) as u64 * RECORDS) as f64;
    let page = daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == counted, LIMIT).text();
    assert_eq!(sample(&page, "paritywatch_consumer_fault"), Some(1.0));
    assert_eq!(sample(&page, r#"paritywatch_rejected_events_total{reason="too_large"}"#), Some(1.0));
    let memory = most_memory(&daemon);
    println!("most memory: {} MiB", memory >> 20);
    assert!(memory < MEMORY_BYTES, "{memory}");
    assert!(daemon.terminate().success());

    for partition in 0..bad {
        let number = partition.to_string();
        let arguments = ["accept-gap", "--topic", "events", "--partition", &number, "--reason", "damaged", "--config"];
        let output = Command::new(binary()).args(arguments).arg(&setup.config).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains("offset 10 was to be read next, 13 is now"), "{told}");
    }
    let mut daemon = setup.start();
    daemon.wait_for_http(&setup.url("/metrics"), |response| read(&response.text()) == 2.0 * all, LIMIT);
    daemon.wait_for_http(&setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    assert!(daemon.terminate().success());

    // One that was read before it was damaged: it is not read on from the log's beginning.
    let good = poison.len();
    broker.stop();
    broker.damage_log("events", i32::try_from(good).unwrap());
    broker.start_again();
    let mut daemon = setup.start();
    let fault = format!("topic events partition {good}: expected a batch that can be read at offset 19, found ");
    let told = |response: &HttpResponse| response.text().contains(&fault);
    daemon.wait_for_http(&setup.url("/-/ready"), told, SHOWN_WITHIN);
    assert!(daemon.terminate().success());
    let number = good.to_string();
    let arguments = ["accept-gap", "--topic", "events", "--partition", &number, "--reason", "damaged", "--config"];
    let output = Command::new(binary()).args(arguments).arg(&setup.config).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("offset 20 was to be read next, 20 is now"), "{told}");
}

/// One record of zeros.
fn gzip_bomb() -> Vec<u8> {
    let (before, after) = around_value(BOMB_BYTES);
    let mut gzip = Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        stdin.write_all(&before).unwrap();
        let zeros = vec![0; 1 << 20];
        (0..BOMB_BYTES >> 20).for_each(|_| stdin.write_all(&zeros).unwrap());
        stdin.write_all(&after).unwrap();
    });
    let output = gzip.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Most memory that the process has had at once.
fn most_memory(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

fn records(numbers: std::ops::Range<u64>, partition: i32) -> Vec<Record> {
    let record = |number| Record::new(format!("c{number}"), selection(number, number % 2 == 0)).at_ms(START_MS);
    numbers.map(|number| record(number).on_partition(partition)).collect()
}
