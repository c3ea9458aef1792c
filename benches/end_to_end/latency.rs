//! How long it takes from producing an event until the metrics show it, while the daemon has little to do.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use paritywatch::plan::EventTime;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::daemon::Running;
use crate::support::feed::PARTITIONS;
use crate::support::figures::grouped;
use crate::support::machine::Moment;
use crate::support::streams::{Kind, set_time};
use crate::test_support::kafka::Broker;
use crate::test_support::setup::accepted;

/// Time between two looks at the metrics; what is seen may be that much older.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long the daemon may take to answer.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long after the last event the metrics may take.
const END_LIMIT: Duration = Duration::from_secs(60);
/// What is published each second takes a second at most, and then some.
const TARGET_MS: u64 = 1_000 + 200;

/// Produces at an even rate and looks at the metrics meanwhile. Events are counted in the order in which they are due: if the producer falls
/// behind, that counts too.
pub fn measure(broker: &Broker, rate: u64, seconds: u64) {
    broker.create_topic("latency", PARTITIONS.cast_signed());
    let mut running = Running::start(&broker.bootstrap(), "latency");
    running.wait(START_LIMIT, "its first answer", |_| true);
    let events = rate * seconds;
    println!("\nlatency: {} events a second for {seconds} s", grouped(rate as f64, 0));
    let before = Moment::now();
    let start = Instant::now() + Duration::from_millis(100);
    let due = move |number: u64| start + Duration::from_nanos(number * 1_000_000_000 / rate);
    let bootstrap = broker.bootstrap();
    let producer = thread::Builder::new().name("producer".to_owned());
    let producer = producer.spawn(move || produce(&bootstrap, events, due)).unwrap();

    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000, 3).unwrap();
    let mut shown = 0;
    while shown < events {
        if let Some(metrics) = running.metrics() {
            let now = Instant::now();
            let count = accepted(&metrics) as u64;
            for number in shown..count {
                histogram.record((now.saturating_duration_since(due(number)).as_millis() as u64).max(1)).unwrap();
            }
            shown = count;
        }
        assert!(Instant::now() < due(events) + END_LIMIT, "only {shown} of {events} events were shown");
        thread::sleep(LOOK_EVERY);
    }
    producer.join().unwrap();
    println!("{}", before.others());
    let quantile = |quantile| histogram.value_at_quantile(quantile);
    let (p50, p99, most) = (quantile(0.5), quantile(0.99), histogram.max());
    let verdict = if p99 <= TARGET_MS { "met" } else { "not met" };
    println!(
        "produced until shown: p50 {p50} ms, p99 {p99} ms, max {most} ms; target p99 <= {TARGET_MS} ms: {verdict}"
    );
    running.stop();
}

fn produce(bootstrap: &str, events: u64, due: impl Fn(u64) -> Instant) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("linger.ms", "5")
        .set("compression.type", "lz4")
        .create()
        .unwrap();
    for (number, mut event) in (0..).zip(Kind::Live.events(events, 2)) {
        thread::sleep(due(number).saturating_duration_since(Instant::now()));
        let now = jiff::Timestamp::now().as_millisecond();
        set_time(&mut event, EventTime(now));
        let record = BaseRecord::to("latency").key(&event.case_id).payload(&event.json).timestamp(now);
        if let Err((error, _)) = producer.send(record) {
            panic!("{error}");
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(END_LIMIT).unwrap();
}
