//! `accept-gap`: an operator gives up records that can no longer be read, and says why. The state keeps the reason.

use clap::Args;

use super::arguments::{ConfigArgument, load};
use super::daemon::{StateLock, load_or_make_keys};
use super::failure::{Failure, Finished};
use crate::checkpoint::{Header, Input, Store};
use crate::source::kafka::{Brokers, log_range, next_readable};
use crate::source::{RecordHashes, SourceError};

/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1_000;

/// Which partition, and why.
#[derive(Args, Clone, Debug)]
pub struct AcceptGapArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// The topic
    #[arg(long)]
    topic: String,
    /// The partition's number
    #[arg(long)]
    partition: i32,
    /// Why its records are given up, and by whom: kept with the state for good
    #[arg(long)]
    reason: String,
}

/// Moves the position of a partition to its next readable offset: where its log begins now, or behind a batch that cannot be read.
///
/// # Errors
/// [`Failure::Usage`] without a reason; [`Failure::Io`] if a daemon uses the state, the broker does not answer or the state cannot be written;
/// [`Failure::Data`] if the state has no such partition, or nothing is wrong with it.
pub fn run(options: &AcceptGapArguments) -> Result<Finished, Failure> {
    let AcceptGapArguments { topic, partition, reason, .. } = options;
    if reason.trim().is_empty() || reason.len() > MAX_REASON_BYTES {
        return Err(Failure::Usage(format!(
            "--reason: expected 1 to {MAX_REASON_BYTES} bytes, found {}",
            reason.len()
        )));
    }
    let settings = load(&options.config.config)?;
    let Some(kafka) = &settings.kafka else {
        return Err(Failure::Configuration("expected a section [kafka], found none".to_owned()));
    };
    let lock = StateLock::obtain_existing(&settings)?;
    let brokers = Brokers::open(kafka).map_err(Failure::configuration)?;
    let range = log_range(&brokers, topic, *partition).map_err(|error| unreachable(&brokers, &error))?;
    let bytes = settings.plan.event.message_bytes;
    let hashes = RecordHashes::from(&load_or_make_keys(&settings)?.keys);
    let amended = Store::new(lock.owner.clone()).amend(|header| {
        let input = known(header, options)?;
        let next = next_readable(&brokers, (&kafka.group, bytes), input, range, &hashes).map_err(Failure::io)?;
        let next = next.ok_or_else(|| nothing_to_give_up(input))?;
        accept(header, options, next, range)
    });
    let written = amended.map_err(Failure::io)?;
    let Some(written) = written else {
        return Err(Failure::Data("expected a checkpoint in the state folder, found none".to_owned()));
    };
    println!("{}", written?);
    Ok(Finished::Ok)
}

/// The broker did not answer: says why, if that is known.
fn unreachable(brokers: &Brokers, error: &SourceError) -> Failure {
    let troubles = brokers.troubles();
    let why: Vec<&str> = troubles.iter().map(|trouble| trouble.text.as_str()).collect();
    Failure::Io(if why.is_empty() { error.to_string() } else { format!("{error}: {}", why.join("; ")) })
}

/// A partition that can be read is left alone: at another offset records would be lost, or counted twice.
fn nothing_to_give_up(input: &Input) -> Failure {
    let Input { topic, partition, next_offset, .. } = input;
    Failure::Data(format!(
        "topic {topic} partition {partition}: expected records that can no longer be read, found that it can be read on at offset {next_offset}: \
         nothing was changed"
    ))
}

/// The position of the partition in the header.
fn known<'h>(header: &'h mut Header, options: &AcceptGapArguments) -> Result<&'h mut Input, Failure> {
    let AcceptGapArguments { topic, partition, .. } = options;
    let mut inputs = header.inputs.iter_mut();
    inputs.find(|input| input.topic == *topic && input.partition == *partition).ok_or_else(|| {
        Failure::Data(format!("expected a partition in the state, found none named {topic} {partition}"))
    })
}

/// Changes the header; returns the note that it now has.
fn accept(
    header: &mut Header,
    options: &AcceptGapArguments,
    next: i64,
    (begin, end): (i64, i64),
) -> Result<String, Failure> {
    let AcceptGapArguments { topic, partition, reason, .. } = options;
    let input = known(header, options)?;
    let note = format!(
        "topic {topic} partition {partition}: offset {} was to be read next, {next} is now; accepted at {}, when the log reached from {begin} \
         to {end}: {reason}",
        input.next_offset,
        jiff::Timestamp::now().strftime("%FT%TZ"),
    );
    (input.next_offset, input.last) = (next, None);
    header.accepted_gaps.push(note.clone());
    Ok(note)
}
