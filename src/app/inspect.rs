//! `inspect`: a first look at topics and files.

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::arguments::{ConfigArgument, load_to_look};
use super::failure::{Failure, Finished};
use crate::inspect::inspect;
use crate::plan::Limits;
use crate::settings::Kafka;
use crate::source::SourceError;
use crate::source::format::{Formats, SchemaLook};
use crate::source::kafka::{Brokers, Wanted, sample_topic};
use crate::source::sample::{MAX_SAMPLE, Sample, sample_file};
use crate::source::sample_schemas::read_by_schemas;

/// What is looked at.
#[derive(Args, Clone, Debug)]
pub struct InspectArguments {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    what: SampleArguments,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// What is sampled.
#[derive(Args, Clone, Debug)]
pub struct SampleArguments {
    /// A topic, also one that is not in kafka.topics; may be given several times [default: all of kafka.topics, unless there are files]
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Records of each topic, and lines of each file
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = parse_sample)]
    sample: usize,
    /// Files of JSON lines or CSV, plain or compressed by gzip or Zstandard, or Parquet; - for JSON lines on standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// `paritywatch.inspect.v1`.
    Json,
}

/// Looks, and prints what was found. It commits nothing, joins no group, and writes nothing.
///
/// # Errors
/// [`Failure::Io`] if a topic or file cannot be read; [`Failure::Configuration`] where the configuration is of no use; [`Failure::Data`]
/// where there is no record at all.
pub fn run(arguments: &InspectArguments) -> Result<Finished, Failure> {
    let (settings, open) = load_to_look(&arguments.config.config)?;
    let formats = Formats::of_rules(&settings.formats);
    let samples = arguments.what.read(settings.kafka.as_ref(), &formats, &settings.plan.event)?;
    let document = inspect(&samples, &settings.plan, &settings.mappings).with_open(open);
    let text = match arguments.format {
        Format::Table => document.to_table(),
        Format::Json => format!("{}\n", document.to_json()),
    };
    let mut out = stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    check_not_empty(&samples)?;
    Ok(Finished::Ok)
}

/// Where nothing was found nothing is known: that must not read as if all were well.
pub(super) fn check_not_empty(samples: &[Sample]) -> Result<(), Failure> {
    if samples.iter().any(|sample| sample.read() > 0) {
        return Ok(());
    }
    let names: Vec<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
    Err(Failure::Data(format!("{}: expected records, found none", names.join(", "))))
}

impl SampleArguments {
    /// The topics that are named.
    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Reads the samples: topics first, in the order in which they were named.
    pub(super) fn read(
        &self,
        kafka: Option<&Kafka>,
        formats: &Formats,
        limits: &Limits,
    ) -> Result<Vec<Sample>, Failure> {
        let topics = match kafka {
            Some(kafka) if self.topics.is_empty() && self.files.is_empty() => &kafka.topics,
            _ => &self.topics,
        };
        let mut samples = Vec::new();
        if !topics.is_empty() {
            let none =
                || Failure::Configuration("[kafka]: expected this section to read a topic, found none".to_owned());
            let kafka = kafka.ok_or_else(none)?;
            let brokers = Brokers::open(kafka).map_err(failure)?;
            let registry = kafka.registry.as_ref().map(SchemaLook::new).transpose();
            let registry = registry.map_err(Failure::configuration)?;
            for topic in topics {
                let wanted =
                    Wanted { topic, group: &kafka.group, records: self.sample, message_bytes: limits.message_bytes };
                let mut sample = sample_topic(&brokers, wanted).map_err(failure)?;
                sample.format = kafka.formats.get(topic).copied();
                read_by_schemas(&mut sample, registry.as_ref(), limits.message_bytes);
                samples.push(sample);
            }
        }
        for file in &self.files {
            samples.push(sample_file(file, formats, limits, self.sample).map_err(failure)?);
        }
        if samples.is_empty() {
            return Err(Failure::Usage("expected --topic, kafka.topics or a FILE to look at, found none".to_owned()));
        }
        Ok(samples)
    }
}

fn failure(error: SourceError) -> Failure {
    match error {
        SourceError::Client(_) | SourceError::Secret(_) => Failure::configuration(error),
        _ => Failure::io(error),
    }
}

fn parse_sample(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MAX_SAMPLE).contains(number));
    number.ok_or_else(|| format!("expected a number from 1 to {MAX_SAMPLE}, found {text:?}"))
}
