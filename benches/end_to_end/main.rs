//! Reads one topic of a real Apache Kafka in several ways, each in a process of its own and with the same settings of the client, and prints the
//! events per second of processor time. Then it measures how long an event takes until it shows.
//!
//! `PARITYWATCH_KAFKA_JARS=target/kafka/jars cargo bench --bench end_to_end -- [OPTIONS]`; `tests/run` fetches the jars.
//!
//! | option | meaning |
//! | --- | --- |
//! | `--events N` | events of a stream, 2,000,000 |
//! | `--rounds N` | rounds of each stream, 5 |
//! | `--streams A,B` | `live`, `62-days`, `unique-tails`; all |
//! | `--codecs A,B` | `none`, `lz4`, `zstd`, `gzip`; all with the live stream, `lz4` with the others |
//! | `--roles A,B` | `raw`, `daemon`, `core`, `obvious`, `python`; all |
//! | `--latency-rate N` | events per second while latency is measured; a tenth of what the daemon counted |
//! | `--latency-seconds N` | how long latency is measured, 60; 0 leaves it out |
//! | `--force` | measures on a busy machine too |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_precision_loss)]

mod compare;
mod daemon;
mod latency;
mod measured;
mod obvious;
mod product;
mod python;
mod raw;
#[path = "../support/mod.rs"]
mod support;
#[path = "../../tests/support/mod.rs"]
mod test_support;
mod through;

/// What the product's own file of settings, which `product` includes, imports from its crate.
mod settings {
    pub use paritywatch::settings::{Kafka, read_secret_text};
}

/// As [`settings`].
mod source {
    pub mod error {
        pub use crate::product::SourceError;
    }
}

use compare::{Plan, compare};
use support::arguments::Arguments;
use support::machine::{REFUSED, check_load};
use test_support::kafka::Broker;

fn main() {
    let arguments = Arguments::read();
    if let ["role", role, bootstrap, topic, events] = arguments.all()[..] {
        play(role, bootstrap, topic, events.parse().unwrap());
    }
    if std::env::var_os("PARITYWATCH_KAFKA_JARS").is_none() {
        println!("PARITYWATCH_KAFKA_JARS is not set: nothing is measured");
        return;
    }
    check_load(arguments.has("--force"));
    let broker = Broker::start();
    broker.create_topic("paritywatch.dead-letter", 1);
    broker.create_topic("paritywatch.alerts", 1);
    let Ok(per_second) = compare(&broker, &Plan::from(&arguments)) else {
        // The broker must not outlive this process.
        drop(broker);
        std::process::exit(REFUSED);
    };
    let seconds = arguments.number("--latency-seconds", 60);
    if seconds > 0 {
        let tenth = per_second.map_or(10_000, |per_second| per_second as u64 / 10);
        latency::measure(&broker, arguments.number("--latency-rate", tenth), seconds);
    }
}

/// Reads the topic in the way of a role, reports, and ends this process.
fn play(role: &str, bootstrap: &str, topic: &str, events: u64) -> ! {
    let read = match role {
        "raw" => raw::read(bootstrap, topic, events),
        "core" => through::read(bootstrap, topic, events),
        "obvious" => obvious::read(bootstrap, topic, events),
        _ => panic!("there is no role {role}"),
    };
    measured::report(events, read);
    // Not by dropping clients: what that takes is not part of the figure.
    std::process::exit(0)
}
