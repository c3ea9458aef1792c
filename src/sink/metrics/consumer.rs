//! The Kafka consumer, the input topics and the dead letters.

use super::labels::{count, flag, offset, seconds};
use super::metric::{Metric, Samples};
use super::scrape::Scrape;
use crate::status::{PartitionHealth, Unsafe};

/// The labels of a partition.
const PARTITION: [&str; 2] = ["topic", "partition"];

/// The metrics of the input.
pub(super) const METRICS: [Metric; 16] = [
    Metric::counters("dead_letters_total", "Attempts to deliver dead letters.", &["result"], |scrape, samples| {
        let letters = &scrape.view.dead_letters;
        samples.push(["delivered"], count(letters.delivered));
        samples.push(["refused"], count(letters.refused));
    }),
    Metric::gauge("dead_letters_pending", "Dead letters on their way.", |view| Some(count(view.dead_letters.pending))),
    Metric::gauges("consumer_lag", "Records of a partition not read yet.", &PARTITION, |scrape, samples| {
        each_partition(scrape, samples, |_, partition| Some(offset(partition.lag)));
    }),
    Metric::gauges("consumer_offset", "Offset read next.", &PARTITION, |scrape, samples| {
        each_partition(scrape, samples, |_, partition| Some(offset(partition.next_offset)));
    }),
    Metric::gauges(
        "partition_watermark_timestamp_seconds",
        "Event time that the events of a partition support.",
        &PARTITION,
        |scrape, samples| {
            each_partition(scrape, samples, |scrape, partition| {
                let known = &scrape.view.health.partitions;
                let (_, watermark, _) = known.iter().find(|(index, ..)| *index == partition.index)?;
                watermark.map(seconds)
            });
        },
    ),
    Metric::counter("consumer_errors_total", "Errors that the Kafka client reported.", |view| {
        Some(count(view.source.errors))
    }),
    Metric::counter("consumer_reconnects_total", "Clients made anew because they stalled.", |view| {
        Some(count(view.source.reconnects))
    }),
    Metric::gauge("consumer_fault", "1 where a partition is no longer read.", |view| {
        Some(flag(view.source.fault.is_some()))
    }),
    Metric::gauge("registry_answers", "1 while the schema registry answers, 0 while reading waits for it.", |view| {
        view.source.registry.as_ref().map(|registry| flag(registry.trouble.is_none()))
    }),
    Metric::gauges(
        "registry_waiting_offset",
        "The offset of the record that waits for a schema which the registry does not give.",
        &["schema", "topic", "partition"],
        |scrape, samples| {
            let registry = scrape.view.source.registry.as_ref();
            if let Some((schema, record)) = registry.and_then(|registry| registry.waiting.as_ref()) {
                let (schema, partition) = (schema.to_string(), record.partition.to_string());
                samples.push([schema.as_str(), &record.topic, &partition], offset(record.offset));
            }
        },
    ),
    Metric::gauge("registry_schemas", "Schemas of the registry that are known.", |view| {
        view.source.registry.as_ref().map(|registry| count(registry.schemas))
    }),
    Metric::counters(
        "registry_requests_total",
        "Schemas that the registry was asked for, by result: found, missing (or of no use), failed.",
        &["result"],
        |scrape, samples| {
            if let Some(registry) = &scrape.view.source.registry {
                let results = [("found", registry.found), ("missing", registry.missing), ("failed", registry.failed)];
                results.into_iter().for_each(|(result, number)| samples.push([result], count(number)));
            }
        },
    ),
    Metric::gauges(
        "kafka_access_failed",
        "1 for a client that the brokers do not let in, by cause.",
        &["client", "cause"],
        |scrape, samples| {
            for trouble in &scrape.view.access {
                samples.push([trouble.client, trouble.cause.name()], 1.0);
            }
        },
    ),
    Metric::gauges(
        "input_unsafe",
        "1 where an input topic can lose records before they are read, or overwhelm memory, by reason.",
        &["topic", "reason"],
        |scrape, samples| {
            let inputs = &scrape.view.inputs;
            for (topic, health) in &inputs.topics {
                for reason in Unsafe::ALL {
                    samples.extend([topic.as_str(), reason.name()], inputs.is(reason, health).map(flag));
                }
            }
        },
    ),
    Metric::gauges(
        "input_retention_seconds",
        "How long an input topic keeps records; none where it keeps them for ever.",
        &["topic"],
        |scrape, samples| {
            for (topic, health) in &scrape.view.inputs.topics {
                let retention = health.config.as_ref().and_then(|config| config.retention);
                samples.extend([topic.as_str()], retention.map(|retention| offset(retention.0) / 1_000.0));
            }
        },
    ),
    Metric::gauges(
        "input_config_known",
        "1 where the last look at an input topic's configuration found it, 0 where it was not permitted or failed.",
        &["topic"],
        |scrape, samples| {
            for (topic, health) in &scrape.view.inputs.topics {
                let looked = health.config.is_some() || health.problem.is_some();
                samples.extend([topic.as_str()], looked.then(|| flag(health.problem.is_none())));
            }
        },
    ),
];

fn each_partition(scrape: &Scrape, samples: &mut Samples, value: fn(&Scrape, &PartitionHealth) -> Option<f64>) {
    for partition in &scrape.view.source.partitions {
        let number = partition.partition.to_string();
        samples.extend([partition.topic.as_str(), &number], value(scrape, partition));
    }
}
