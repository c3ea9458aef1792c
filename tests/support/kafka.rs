//! A real Apache Kafka broker: one KRaft node on loopback, its data in a temporary folder.
//!
//! Tests that start one carry `#[ignore = "needs Apache Kafka: run tests/run"]`. `tests/run` fetches the broker, says
//! where it is in `PARITYWATCH_KAFKA_JARS`, and runs the ignored tests too.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::future::Future;
use std::io::Write;
use std::mem;
use std::net::TcpStream;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tempfile::TempDir;

use super::process::{Process, free_port, random_u64, tail, try_wait_until};

/// Most brokers of this process at once: each takes half a gigabyte of memory, and two cores serve no more of them in time.
const MOST_AT_ONCE: usize = 3;
/// How long a broker may take until it answers; 3 s is usual, more on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How often a new broker is started on other ports because its ports were taken meanwhile.
const START_LIMIT_TRIES: u32 = 5;
/// How long a broker may take to stop after SIGTERM, before SIGKILL.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// How long one administrative request, with its effect, may take.
const ADMIN_LIMIT: Duration = Duration::from_secs(60);
/// How long the broker may take to answer one request for metadata.
const METADATA_LIMIT: Duration = Duration::from_secs(5);
/// How long `produce` may take until every record is acknowledged.
const PRODUCE_LIMIT: Duration = Duration::from_secs(120);
/// How long `read_all` may take.
const READ_LIMIT: Duration = Duration::from_secs(120);
/// How long one wait inside the client library lasts, between two looks at a limit. A producer's poll always lasts so
/// long, even when there is nothing left to wait for.
const POLL_LIMIT: Duration = Duration::from_millis(5);

/// Who logs in at the guarded address of a broker.
pub const GUARDED_USER: &str = "paritywatch";
/// With which password.
pub const GUARDED_PASSWORD: &str = "a password of the tests";

const LOG_CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/log4j2.properties");

/// A record to produce.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Where to; without one the client's partitioner decides by the key.
    pub partition: Option<i32>,
    /// The key, if any.
    pub key: Option<Vec<u8>>,
    /// The payload; without one the record is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Header names and values; Kafka allows a header without a value.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The record's timestamp; without one the time of sending.
    pub timestamp_ms: Option<i64>,
}

impl Record {
    /// A record with a key and a payload.
    pub fn new(key: impl Into<Vec<u8>>, payload: impl Into<Vec<u8>>) -> Record {
        Record { key: Some(key.into()), payload: Some(payload.into()), ..Record::default() }
    }

    /// The same record for one partition.
    pub fn on_partition(self, partition: i32) -> Record {
        Record { partition: Some(partition), ..self }
    }

    /// The same record with one more header.
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Record {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }

    /// The same record with a timestamp.
    pub fn at_ms(self, timestamp_ms: i64) -> Record {
        Record { timestamp_ms: Some(timestamp_ms), ..self }
    }
}

/// Where a produced record was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivered {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRecord {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// The key, if any.
    pub key: Option<Vec<u8>>,
    /// The payload; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Header names and values.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The record's timestamp, if any.
    pub timestamp_ms: Option<i64>,
}

impl ReadRecord {
    /// The payload as text; a tombstone is empty.
    pub fn payload_text(&self) -> String {
        String::from_utf8_lossy(self.payload.as_deref().unwrap_or_default()).into_owned()
    }

    /// The first value of a header as text.
    pub fn header_text(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        let value = value.as_deref()?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    fn copy_of(message: &BorrowedMessage<'_>) -> ReadRecord {
        let headers = message.headers().map(|headers| {
            let header = |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
            headers.iter().map(header).collect()
        });
        ReadRecord {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
            timestamp_ms: message.timestamp().to_millis(),
        }
    }
}

/// A running, or stopped, broker. Dropping it kills it and removes its data.
///
/// Topics are never made by themselves, and records never expire whatever their timestamps, unless a topic is created
/// with a configuration that says otherwise.
pub struct Broker {
    // Before the folder: the process ends before its data goes.
    process: Option<Process>,
    folder: TempDir,
    jars: PathBuf,
    port: u16,
    /// Of a listener that asks for a name and a password, and lets nobody do what no ACL allows.
    guarded_port: Option<u16>,
    /// More listeners: name, protocol and port.
    listeners: Vec<(&'static str, &'static str, u16)>,
    // Kept from one `produce` to the next: a new one takes half a second to be ready.
    idle_producer: Mutex<Option<BaseProducer<Deliveries>>>,
    // Last: the place is free when the process has ended.
    _place: Place,
}

/// What else a broker may be started with.
#[derive(Clone, Copy, Default)]
struct Extras<'e> {
    listeners: &'e [(&'static str, &'static str)],
    scram: &'e [&'e str],
}

/// One of the places for brokers, of which there are [`MOST_AT_ONCE`].
struct Place;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

impl Place {
    /// Waits for one. A test that holds a broker and starts another would wait for itself, if all did so.
    fn take() -> Place {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREED.wait_while(taken, |taken| *taken >= MOST_AT_ONCE).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
}

impl Broker {
    /// Starts a broker with no topics and waits until it answers.
    #[track_caller]
    pub fn start() -> Broker {
        Broker::start_anew(false, &[], Extras::default())
    }

    /// The same with more settings of the broker.
    #[track_caller]
    pub fn start_with(settings: &[(&str, &str)]) -> Broker {
        Broker::start_anew(false, settings, Extras::default())
    }

    /// The same with a second address, `guarded_bootstrap`, where `GUARDED_USER` logs in by SASL PLAIN and may do what ACLs
    /// allow. At the first address everybody may do everything.
    #[track_caller]
    pub fn start_guarded() -> Broker {
        Broker::start_anew(true, &[], Extras::default())
    }

    /// The same with more listeners, each a name and a protocol, and with users of SCRAM as Kafka's format command takes them.
    #[track_caller]
    pub fn start_listening(
        listeners: &[(&'static str, &'static str)],
        scram: &[&str],
        settings: &[(&str, &str)],
    ) -> Broker {
        Broker::start_anew(false, settings, Extras { listeners, scram })
    }

    #[track_caller]
    fn start_anew(guarded: bool, settings: &[(&str, &str)], extras: Extras<'_>) -> Broker {
        let Some(jars) = std::env::var_os("PARITYWATCH_KAFKA_JARS") else {
            panic!("PARITYWATCH_KAFKA_JARS is not set: run tests/run");
        };
        let mut tries = 1;
        loop {
            let mut broker = Broker {
                process: None,
                folder: TempDir::with_prefix_in("kafka-", env!("CARGO_TARGET_TMPDIR")).expect("make a folder"),
                jars: PathBuf::from(&jars),
                port: free_port(),
                guarded_port: guarded.then(free_port),
                listeners: extras.listeners.iter().map(|(name, protocol)| (*name, *protocol, free_port())).collect(),
                idle_producer: Mutex::new(None),
                _place: Place::take(),
            };
            broker.format(settings, extras.scram);
            match broker.launch() {
                Ok(()) => return broker,
                // A port is only free until somebody else takes it: try others.
                Err(problem) if problem.contains("Address already in use") && tries < START_LIMIT_TRIES => {
                    tries += 1;
                }
                Err(problem) => panic!("{problem}"),
            }
        }
    }

    /// The address for `bootstrap.servers`; it stays the same over a restart.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address at which ACLs hold.
    #[track_caller]
    pub fn guarded_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.guarded_port.expect("started by start_guarded"))
    }

    /// The address of one of the listeners that `start_listening` was given.
    #[track_caller]
    pub fn listener(&self, name: &str) -> String {
        let found = self.listeners.iter().find(|(known, ..)| *known == name);
        format!("127.0.0.1:{}", found.expect("a listener of this name").2)
    }

    /// A command of the broker's own tools, such as `org.apache.kafka.tools.AclCommand`, without its arguments.
    pub fn tool(&self, class: &str) -> String {
        format!(
            "java -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile={LOG_CONFIGURATION} -cp '{}/*' {class}",
            self.jars.display()
        )
    }

    /// Stops the broker in good order, or by SIGKILL when that takes too long. The data stays.
    pub fn stop(&mut self) {
        self.idle_producer().take();
        if let Some(mut process) = self.process.take() {
            process.stop(STOP_LIMIT);
        }
    }

    /// Stops the broker by SIGKILL. The data stays. Starting again then takes 10 s more: until the controller gives up
    /// the session of the broker that was killed.
    pub fn kill(&mut self) {
        self.idle_producer().take();
        self.process = None;
    }

    /// Starts a stopped broker on the same port and data, and waits until it leads every partition.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "the broker runs already");
        if let Err(problem) = self.launch() {
            panic!("{problem}");
        }
    }

    /// `stop`, then `start_again`.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Creates a topic and waits until it can be used.
    #[track_caller]
    pub fn create_topic(&self, name: &str, partitions: i32) {
        self.create_topic_with(name, partitions, &[]);
    }

    /// Creates a topic with settings such as `("retention.ms", "1000")` and waits until it can be used.
    #[track_caller]
    pub fn create_topic_with(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let admin = self.admin();
        let results = block_on(ADMIN_LIMIT, admin.create_topics([&topic], &admin_options()));
        self.expect_done("create topic", results);
        self.wait_for_partitions(name, Some(partitions));
    }

    /// Sets a topic's settings to these and no others.
    #[track_caller]
    pub fn alter_topic(&self, name: &str, settings: &[(&str, &str)]) {
        let altered = settings
            .iter()
            .fold(AlterConfig::new(ResourceSpecifier::Topic(name)), |altered, (key, value)| altered.set(key, value));
        let admin = self.admin();
        let results = block_on(ADMIN_LIMIT, admin.alter_configs([&altered], &admin_options()));
        match results {
            Some(Ok(results)) if results.iter().all(Result::is_ok) => {}
            other => self.fail(&format!("alter topic {name}: {:?}", other.map(|results| results.map(|_| "refused")))),
        }
    }

    /// Changes who may do what, by Kafka's own command.
    #[track_caller]
    pub fn change_rights(&self, arguments: &[&str]) {
        let mut command = self.java("org.apache.kafka.tools.AclCommand");
        command.args(["--bootstrap-server", &self.bootstrap()]).args(arguments);
        let status = Process::spawn(&mut command).wait(ADMIN_LIMIT);
        if !status.is_some_and(|status| status.success()) {
            self.fail(&format!("change rights {arguments:?}: {status:?}"));
        }
    }

    /// Puts bytes at the end of a partition's log on the disk while the broker is stopped in good order: nothing looks at them on their way.
    #[track_caller]
    pub fn append_to_log(&self, topic: &str, partition: i32, bytes: &[u8]) {
        assert!(self.process.is_none(), "the broker runs");
        let mut log = OpenOptions::new().append(true).open(self.partition_log(topic, partition)).expect("open the log");
        log.write_all(bytes).expect("write to the log");
    }

    /// Changes the last byte of a partition's log, so in its last batch, while the broker is stopped in good order.
    #[track_caller]
    pub fn damage_log(&self, topic: &str, partition: i32) {
        assert!(self.process.is_none(), "the broker runs");
        let path = self.partition_log(topic, partition);
        let mut bytes = fs::read(&path).expect("read the log");
        *bytes.last_mut().expect("a batch") ^= 1;
        fs::write(&path, bytes).expect("write the log");
    }

    fn partition_log(&self, topic: &str, partition: i32) -> PathBuf {
        let folder = self.folder.path().join("data").join(format!("{topic}-{partition}"));
        let logs = fs::read_dir(folder).expect("list the partition's files").map(|entry| entry.expect("a file").path());
        logs.filter(|path| path.extension().is_some_and(|name| name == "log")).max().expect("a log")
    }

    /// Adds partitions until there are `total`, and waits until they can be used.
    #[track_caller]
    pub fn add_partitions(&self, name: &str, total: i32) {
        let count = usize::try_from(total).expect("not negative");
        let partitions = NewPartitions::new(name, count);
        let admin = self.admin();
        let results = block_on(ADMIN_LIMIT, admin.create_partitions([&partitions], &admin_options()));
        self.expect_done("add partitions", results);
        self.wait_for_partitions(name, Some(total));
    }

    /// Deletes a topic and waits until it is gone.
    #[track_caller]
    pub fn delete_topic(&self, name: &str) {
        let admin = self.admin();
        let results = block_on(ADMIN_LIMIT, admin.delete_topics(&[name], &admin_options()));
        self.expect_done("delete topic", results);
        self.wait_for_partitions(name, None);
    }

    /// Deletes a partition's records before an offset, as retention would.
    #[track_caller]
    pub fn delete_records(&self, topic: &str, partition: i32, before_offset: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(before_offset)).expect("an offset");
        let admin = self.admin();
        let result = block_on(ADMIN_LIMIT, admin.delete_records(&offsets, &admin_options()));
        match result {
            Some(Ok(done)) => {
                for element in done.elements() {
                    if let Err(error) = element.error() {
                        self.fail(&format!("delete records: {error}"));
                    }
                }
            }
            Some(Err(error)) => self.fail(&format!("delete records: {error}")),
            None => self.fail(&format!("delete records: no answer within {ADMIN_LIMIT:?}")),
        }
    }

    /// Produces records in order and waits until each is acknowledged. The answers are in the order of the records.
    #[track_caller]
    pub fn produce(&self, topic: &str, records: &[Record]) -> Vec<Delivered> {
        let deadline = Instant::now() + PRODUCE_LIMIT;
        // Taken out while in use: one that fails is not used again, and other threads make their own.
        let idle = self.idle_producer().take();
        let producer = idle.unwrap_or_else(|| self.producer());
        *producer.context().lock() = vec![None; records.len()];

        for (index, record) in records.iter().enumerate() {
            let mut message = record.to_message(topic, index);
            while let Err((error, rejected)) = producer.send(message) {
                let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                if !full || Instant::now() >= deadline {
                    self.fail(&format!("produce record {index} to {topic}: {error}"));
                }
                producer.poll(POLL_LIMIT);
                message = rejected;
            }
            producer.poll(Duration::ZERO);
        }
        while producer.in_flight_count() > 0 && Instant::now() < deadline {
            producer.poll(POLL_LIMIT);
        }

        let deliveries = mem::take(&mut *producer.context().lock());
        let acknowledged = deliveries.into_iter().enumerate().map(|(index, delivery)| match delivery {
            Some(Ok(delivered)) => delivered,
            Some(Err(error)) => self.fail(&format!("produce record {index} to {topic}: {error}")),
            None => self.fail(&format!("produce record {index} to {topic}: no answer within {PRODUCE_LIMIT:?}")),
        });
        let acknowledged = acknowledged.collect();
        *self.idle_producer() = Some(producer);
        acknowledged
    }

    /// Everything in a topic up to its present end, ordered by partition and offset.
    #[track_caller]
    pub fn read_all(&self, topic: &str) -> Vec<ReadRecord> {
        let deadline = Instant::now() + READ_LIMIT;
        let watermarks = self.watermarks(topic);
        let consumer: BaseConsumer = self
            .config()
            // Assigning needs a group name; nothing is committed to it.
            .set("group.id", "test-harness")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .create()
            .expect("make a consumer");
        let mut assignment = TopicPartitionList::new();
        for (partition, (first, end)) in (0..).zip(&watermarks) {
            if first < end {
                // Not `Offset::Beginning`: looking that up takes the client half a second.
                assignment.add_partition_offset(topic, partition, Offset::Offset(*first)).expect("an offset");
            }
        }
        consumer.assign(&assignment).expect("assign");

        let mut records = Vec::new();
        let mut unfinished: Vec<bool> = watermarks.iter().map(|(first, end)| first < end).collect();
        while unfinished.contains(&true) {
            if Instant::now() >= deadline {
                self.fail(&format!("{topic} is not read within {READ_LIMIT:?}"));
            }
            match consumer.poll(POLL_LIMIT) {
                Some(Ok(message)) => {
                    let partition = usize::try_from(message.partition()).expect("not negative");
                    let (_, end) = watermarks[partition];
                    if message.offset() < end {
                        records.push(ReadRecord::copy_of(&message));
                    }
                    if message.offset() + 1 >= end {
                        unfinished[partition] = false;
                    }
                }
                // The last offsets may hold no record, but a marker or nothing.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    unfinished[usize::try_from(partition).expect("not negative")] = false;
                }
                Some(Err(KafkaError::MessageConsumption(code))) if is_passing(code) => {}
                Some(Err(error)) => self.fail(&format!("read {topic}: {error}")),
                None => {}
            }
        }
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }

    /// The offset after the last record, for each partition of a topic.
    #[track_caller]
    pub fn end_offsets(&self, topic: &str) -> Vec<i64> {
        self.watermarks(topic).into_iter().map(|(_, end)| end).collect()
    }

    /// The first offset kept and the offset after the last, for each partition of a topic.
    #[track_caller]
    pub fn watermarks(&self, topic: &str) -> Vec<(i64, i64)> {
        let client = self.client();
        let mut last = None;
        let watermarks = try_wait_until(ADMIN_LIMIT, || {
            let answer = client.fetch_metadata(Some(topic), METADATA_LIMIT).and_then(|metadata| {
                let partitions = 0..partitions_of(&metadata, topic).unwrap_or(0);
                partitions.map(|partition| client.fetch_watermarks(topic, partition, METADATA_LIMIT)).collect()
            });
            answer.map_err(|error| last = Some(error)).ok()
        });
        match watermarks {
            Some(watermarks) if Vec::is_empty(&watermarks) => self.fail(&format!("there is no topic {topic}")),
            Some(watermarks) => watermarks,
            None => self.fail(&format!("no watermarks of {topic} within {ADMIN_LIMIT:?}: {last:?}")),
        }
    }

    /// Prepares an empty log folder for ports that are free now.
    #[track_caller]
    fn format(&self, more: &[(&str, &str)], scram: &[&str]) {
        let controller_port = loop {
            let port = free_port();
            if port != self.port {
                break port;
            }
        };
        let data = self.folder.path().join("data");
        let settings = [
            ("process.roles", "broker,controller".to_owned()),
            ("node.id", "1".to_owned()),
            ("controller.quorum.voters", format!("1@127.0.0.1:{controller_port}")),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("listeners", format!("PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{controller_port}", self.port)),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
            ("log.dirs", data.display().to_string()),
            ("auto.create.topics.enable", "false".to_owned()),
            // Tests send events of any age: no record expires or is refused by its timestamp.
            ("log.retention.ms", "-1".to_owned()),
            ("log.message.timestamp.after.max.ms", i64::MAX.to_string()),
            // One node holds every internal topic, and small ones suffice.
            ("offsets.topic.replication.factor", "1".to_owned()),
            ("offsets.topic.num.partitions", "1".to_owned()),
            ("transaction.state.log.replication.factor", "1".to_owned()),
            ("transaction.state.log.min.isr", "1".to_owned()),
            ("transaction.state.log.num.partitions", "1".to_owned()),
            ("group.initial.rebalance.delay.ms", "0".to_owned()),
            ("num.network.threads", "2".to_owned()),
            ("num.io.threads", "2".to_owned()),
            ("log.cleaner.dedupe.buffer.size", (4 << 20).to_string()),
        ];
        let mut lines = settings.map(|(key, value)| format!("{key}={value}\n")).concat();
        if let Some(guarded) = self.guarded_port {
            // Of a key that is there twice the last value counts.
            lines += &format!(
                "listeners=PLAINTEXT://127.0.0.1:{port},GUARDED://127.0.0.1:{guarded},CONTROLLER://127.0.0.1:{controller_port}\n\
                 listener.security.protocol.map=PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\n\
                 inter.broker.listener.name=PLAINTEXT\n\
                 authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
                 super.users=User:ANONYMOUS\n\
                 listener.name.guarded.sasl.enabled.mechanisms=PLAIN\n\
                 listener.name.guarded.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
                 user_{GUARDED_USER}=\"{GUARDED_PASSWORD}\";\n",
                port = self.port,
            );
        }
        if !self.listeners.is_empty() {
            let all = |of: fn(&(&str, &str, u16)) -> String| self.listeners.iter().map(of).collect::<String>();
            let addresses = all(|(name, _, port)| format!(",{name}://127.0.0.1:{port}"));
            let protocols = all(|(name, protocol, _)| format!(",{name}:{protocol}"));
            lines += &format!(
                "listeners=PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{controller_port}{addresses}\n\
                 listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}\n\
                 inter.broker.listener.name=PLAINTEXT\n",
                self.port,
            );
        }
        lines.extend(more.iter().map(|(key, value)| format!("{key}={value}\n")));
        fs::write(self.settings_file(), lines).expect("write the settings");

        // A cluster id is 16 bytes in base64, 22 characters; this is such a one, and differs each time.
        let cluster_id = format!("{:021x}A", random_u64());
        let mut command = self.java("kafka.tools.StorageTool");
        command.args(["format", "--cluster-id", &cluster_id, "--config"]).arg(self.settings_file());
        for user in scram {
            command.args(["--add-scram", user]);
        }
        let status = Process::spawn(&mut command).wait(START_LIMIT);
        if !status.is_some_and(|status| status.success()) {
            self.fail(&format!("formatting the broker's data failed: {status:?}"));
        }
    }

    /// Starts the process and waits until the broker answers and leads every partition it has.
    fn launch(&mut self) -> Result<(), String> {
        let mut command = self.java("kafka.Kafka");
        command.arg(self.settings_file());
        let mut process = Process::spawn(&mut command);

        let address = ([127, 0, 0, 1], self.port).into();
        let mut client = None;
        let outcome = try_wait_until(START_LIMIT, || {
            if let Some(status) = process.exited() {
                return Some(Err(format!("the broker ended ({status}) while starting")));
            }
            if client.is_none() {
                // Only once the port answers: a client that finds it closed backs off.
                TcpStream::connect_timeout(&address, METADATA_LIMIT).ok()?;
                client = Some(self.client());
            }
            let metadata = client.as_ref()?.fetch_metadata(None, METADATA_LIMIT).ok()?;
            (!metadata.brokers().is_empty() && all_led(&metadata)).then_some(Ok(()))
        });
        match outcome {
            Some(Ok(())) => {
                self.process = Some(process);
                Ok(())
            }
            Some(Err(problem)) => Err(self.with_log(&problem)),
            None => Err(self.with_log(&format!("the broker did not answer within {START_LIMIT:?}"))),
        }
    }

    fn java(&self, class: &str) -> Command {
        let folder = self.folder.path();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .and_then(|log| Ok((log.try_clone()?, log)));
        let (stdout, stderr): (File, File) = log.expect("open the broker's log");
        let mut command = Command::new("java");
        command
            // Small, and quick to start.
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            // Nothing is left behind outside the folder.
            .arg("-XX:-UsePerfData")
            .arg(format!("-Djava.io.tmpdir={}", folder.display()))
            .arg(format!("-Dlog4j2.configurationFile={LOG_CONFIGURATION}"))
            .arg("-cp")
            .arg(self.jars.join("*"))
            .arg(class)
            .current_dir(folder)
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr));
        command
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.path().join("server.properties")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("broker.log")
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap()).set("client.id", "test-harness");
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().expect("make an admin client")
    }

    fn producer(&self) -> BaseProducer<Deliveries> {
        self.config()
            .set("enable.idempotence", "true")
            .set("linger.ms", "1")
            .set("message.timeout.ms", PRODUCE_LIMIT.as_millis().to_string())
            .create_with_context(Deliveries(Mutex::default()))
            .expect("make a producer")
    }

    fn idle_producer(&self) -> MutexGuard<'_, Option<BaseProducer<Deliveries>>> {
        self.idle_producer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client for questions about metadata.
    fn client(&self) -> BaseConsumer {
        self.config().create().expect("make a client")
    }

    /// Waits until a topic has so many partitions and each has a leader, or with `None` until it is gone.
    #[track_caller]
    fn wait_for_partitions(&self, topic: &str, wanted: Option<i32>) {
        // It may know the topic as it was.
        self.idle_producer().take();
        let client = self.client();
        let reached = try_wait_until(ADMIN_LIMIT, || {
            let metadata = client.fetch_metadata(None, METADATA_LIMIT).ok()?;
            let reached = partitions_of(&metadata, topic) == wanted && all_led(&metadata);
            reached.then_some(())
        });
        if reached.is_none() {
            self.fail(&format!("{topic} does not have {wanted:?} partitions within {ADMIN_LIMIT:?}"));
        }
    }

    #[track_caller]
    fn expect_done<Name, Problem: Display>(
        &self,
        what: &str,
        results: Option<KafkaResult<Vec<TopicAnswer<Name, Problem>>>>,
    ) {
        match results {
            Some(Ok(results)) => {
                for result in results {
                    if let Err((_, problem)) = result {
                        self.fail(&format!("{what}: {problem}"));
                    }
                }
            }
            Some(Err(error)) => self.fail(&format!("{what}: {error}")),
            None => self.fail(&format!("{what}: no answer within {ADMIN_LIMIT:?}")),
        }
    }

    fn with_log(&self, problem: &str) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        format!("{problem}\n--- end of the broker's log:\n{}", tail(&log))
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        panic!("{}", self.with_log(problem));
    }
}

impl Record {
    fn to_message<'a>(&'a self, topic: &'a str, index: usize) -> BaseRecord<'a, [u8], [u8], usize> {
        let mut message = BaseRecord::with_opaque_to(topic, index);
        message.partition = self.partition;
        message.key = self.key.as_deref();
        message.payload = self.payload.as_deref();
        message.timestamp = self.timestamp_ms;
        if !self.headers.is_empty() {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &self.headers {
                let value = value.as_deref();
                headers = headers.insert(Header { key, value });
            }
            message.headers = Some(headers);
        }
        message
    }
}

/// How the client library tells what became of one topic of a request.
type TopicAnswer<Name, Problem> = Result<Name, (Name, Problem)>;

/// What became of each record, by its index: no answer yet, stored, or refused.
struct Deliveries(Mutex<Vec<Option<Result<Delivered, KafkaError>>>>);

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, Vec<Option<Result<Delivered, KafkaError>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, index: usize) {
        let delivery = match result {
            Ok(message) => Ok(Delivered { partition: message.partition(), offset: message.offset() }),
            Err((error, _)) => Err(error.clone()),
        };
        self.lock()[index] = Some(delivery);
    }
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ADMIN_LIMIT)).operation_timeout(Some(ADMIN_LIMIT))
}

fn partitions_of(metadata: &Metadata, topic: &str) -> Option<i32> {
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.filter(|found| found.error().is_none())?;
    i32::try_from(found.partitions().len()).ok()
}

fn all_led(metadata: &Metadata) -> bool {
    let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    partitions.all(|partition| partition.leader() >= 0)
}

/// Whether the client library recovers from an error by itself.
fn is_passing(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::OperationTimedOut
    )
}

/// Runs a future of the client library, whose own threads wake it, to its end; `None` when the limit comes first.
///
/// It needs no runtime, so it also works inside one.
fn block_on<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let deadline = Instant::now() + limit;
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}
