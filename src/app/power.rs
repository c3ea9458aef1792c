//! `power`: how much data it takes to find a disparity.

use std::fmt::Write as _;

use clap::Args;

use super::failure::{Failure, Finished};
use crate::scenario::{BlockShape, Blocks, Drift, Noise, Watching};
use crate::statistics::{Judging, PowerQuestion, exposed_needed};

/// Simulated streams. Their quantiles have a standard error of about 2 percentage points.
const RUNS: usize = 500;

/// A stream without an alarm after this many blocks counts as never found.
const MOST_BLOCKS: u64 = 20_000;

/// What is asked.
#[derive(Args, Clone, Debug)]
pub struct PowerArguments {
    /// Rate of the reference, between 0 and 1
    #[arg(long)]
    base_rate: f64,
    /// Ratio of the group's rate to it, above 0 and not 1; below 1 means that lower is the harm
    #[arg(long)]
    ratio: f64,
    /// The group's share of all exposed, between 0 and 1
    #[arg(long, default_value_t = 0.1)]
    share: f64,
    /// Probability of finding it, from 0.5 to below 1
    #[arg(long, default_value_t = 0.8)]
    power: f64,
    /// Series in the alarm family
    #[arg(long, default_value_t = 1)]
    family: u32,
    /// Probability of a false alarm: over the whole life of the family, and of one fixed-sample test
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
    /// Exposed in a block (alerting.block_exposed)
    #[arg(long, default_value_t = 1_000)]
    block: u64,
    /// Variation between blocks that is no evidence (alerting.block_variation)
    #[arg(long, default_value_t = 0.3)]
    variation: f64,
    /// The most that one block multiplies the evidence by, or 0 (alerting.block_cap)
    #[arg(long, default_value_t = 5.0)]
    cap: f64,
    /// Seed of the simulation
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Prints the answer.
///
/// # Errors
/// [`Failure::Usage`] if the question has no answer.
pub fn run(options: &PowerArguments) -> Result<Finished, Failure> {
    println!("{}", answer(options)?);
    Ok(Finished::Ok)
}

fn answer(options: &PowerArguments) -> Result<String, Failure> {
    check(options)?;
    let PowerArguments { base_rate, ratio, share, power, family, alpha, block, .. } = *options;
    let single = PowerQuestion { base_rate, ratio, share, alpha, power };
    let corrected = PowerQuestion { alpha: alpha / f64::from(family), ..single };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "reference rate {base_rate}, group rate {} ({ratio} times), {} % of the exposed",
        base_rate * ratio,
        share * 100.0
    );
    let fixed = |question: &PowerQuestion| {
        exposed_needed(question).map_or_else(|| "none".to_owned(), |exposed| grouped(exposed.ceil()))
    };
    let _ = writeln!(text, "\nExposed needed, both groups together, for {} % power", power * 100.0);
    let _ = writeln!(text, "  one look, one comparison          {:>12}", fixed(&single));
    if family > 1 {
        let _ = writeln!(text, "  one look, {family} comparisons         {:>12}  (Bonferroni)", fixed(&corrected));
    }
    let delays = delays(options);
    let at = |probability: f64| {
        quantile(&delays, probability).map_or_else(
            || format!("more than {}", grouped(exposed_in(MOST_BLOCKS, block))),
            |blocks| grouped(exposed_in(blocks, block)),
        )
    };
    let _ = writeln!(
        text,
        "Sequential alarm, looked at after every block of {}, family of {family}, lifetime level {alpha}",
        grouped(exposed_in(1, block))
    );
    let _ = writeln!(text, "  in half of the streams by         {:>12}", at(0.5));
    let _ = writeln!(text, "  in {} % of the streams by         {:>12}", power * 100.0, at(power));
    let _ = write!(
        text,
        "  ({RUNS} simulated streams, seed {}; variation between blocks allowed for: {}, cap of a block: {})",
        options.seed, options.variation, options.cap
    );
    Ok(text)
}

/// Blocks until the alarm of each simulated stream, ascending. Streams without an alarm come last.
fn delays(options: &PowerArguments) -> Vec<Option<u64>> {
    let PowerArguments { base_rate, ratio, share, family, alpha, block, variation, cap, seed, .. } = *options;
    // If lower is the harm, the groups change places.
    let (share, base_rate, ratio) =
        if ratio > 1.0 { (share, base_rate, ratio) } else { (1.0 - share, base_rate * ratio, 1.0 / ratio) };
    let (drift, noise) = (Drift::None, Noise::LogNormal);
    let shape = BlockShape { exposed: block, share, base_rate, ratio, change: None, drift, noise, variation: 0.0 };
    let judging = Judging { variation, cap, log_level: (f64::from(family) / alpha).ln() };
    let mut delays: Vec<Option<u64>> = (0..RUNS as u64)
        .map(|run| {
            Blocks::new(shape, seed.wrapping_mul(1_000_003).wrapping_add(run)).until(
                Watching::Alarm,
                &judging,
                MOST_BLOCKS,
            )
        })
        .collect();
    delays.sort_by_key(|delay| delay.unwrap_or(u64::MAX));
    delays
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index into 500 runs"
)]
fn quantile(delays: &[Option<u64>], probability: f64) -> Option<u64> {
    let index = (delays.len() as f64 * probability).ceil() as usize;
    delays.get(index.saturating_sub(1)).copied().flatten()
}

#[expect(clippy::cast_precision_loss, reason = "to be read by people")]
const fn exposed_in(blocks: u64, block: u64) -> f64 {
    blocks as f64 * block as f64
}

fn check(options: &PowerArguments) -> Result<(), Failure> {
    let inside = |value: f64| value > 0.0 && value < 1.0;
    let refuse = |key: &str, expected: &str, found: f64| {
        Err(Failure::Usage(format!("--{key}: expected {expected}, found {found}")))
    };
    let PowerArguments { base_rate, ratio, share, power, alpha, variation, cap, .. } = *options;
    match () {
        () if !inside(base_rate) => refuse("base-rate", "a number between 0 and 1", base_rate),
        () if !(ratio > 0.0 && ratio != 1.0 && base_rate * ratio < 1.0) => {
            refuse("ratio", "a number above 0, not 1, that keeps the group's rate below 1", ratio)
        }
        () if !inside(share) => refuse("share", "a number between 0 and 1", share),
        () if !(0.5..1.0).contains(&power) => refuse("power", "a number from 0.5 to below 1", power),
        () if !inside(alpha) => refuse("alpha", "a number between 0 and 1", alpha),
        () if !(0.0..=10.0).contains(&variation) => refuse("variation", "a number from 0 to 10", variation),
        () if !(cap == 0.0 || cap > 1.0 && cap.is_finite()) => refuse("cap", "0, or a number above 1", cap),
        () if options.family == 0 || options.block < 2 => {
            refuse("family, --block", "at least 1 series and 2 exposed", f64::from(options.family))
        }
        () => Ok(()),
    }
}

/// 12345 as "12,345".
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
