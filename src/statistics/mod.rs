//! Pure numbers: intervals, tests, sequential evidence, stratified estimates, adjustment for many comparisons, sample size, and rates of
//! groups that are known only as probabilities.
//!
//! Group 1 is the monitored group, group 2 the reference. A function returns `None` where its value is not defined, and never NaN. All
//! functions are pure: an argument outside the documented range is either a `None` or, where only a mistake in this crate can produce it,
//! a `debug_assert!`.
//!
//! Most of the product rests on [`Series`]: sequential evidence that may be looked at after every block. The windows only describe, with
//! [`ratio_interval`] and [`p_value`]. The other rule kinds have evidence of the same kind: [`TwoSample`], [`OneSample`], [`ShareSeries`],
//! [`PairSeries`], [`Exceedance`] and [`Independence`].

mod binomial;
mod buckets;
mod confidence;
mod cramer;
mod dense;
mod detector;
mod exceedance;
mod fisher;
mod gamma;
mod independence;
mod information;
mod inheritance;
mod interval;
mod learning;
mod likelihood;
mod limits;
mod loop_cause;
mod mean_ratio;
mod missing_range;
mod mix;
mod multiplicity;
mod noncentral_chi_squared;
mod noncentral_hypergeometric;
mod normal;
mod one_sample;
mod one_sided;
mod p_value;
mod pair;
mod pair_series;
mod power;
mod proportion;
mod proxy;
mod quantile;
mod random_arm;
mod series;
mod share;
mod stages;
mod stratified;
mod tempered;
mod two_sample;

pub use buckets::{bucket_of, bucket_value};
pub use confidence::{Confidence, Interval, RatioEstimate};
pub use cramer::{CramerV, cramer_v};
pub use dense::{Merged, dense};
pub use detector::{ChangeDetector, Detector, LOG_CLEAR, LOG_WATCH, Lifetime};
pub use exceedance::Exceedance;
pub use independence::Independence;
pub use information::{
    exposed_still_needed, information_needed, information_needed_fixed, log_level_of_half, log_level_of_part,
    log_level_of_weight,
};
pub use inheritance::{Inheritance, family_weights};
pub use interval::{difference_interval, ratio_interval, share_ratio_interval, wilson};
pub use learning::{Dispersion, ReferenceRate};
pub use likelihood::{GRID, Logs, log_likelihood_ratios, log_reverse_ratios, log_share_ratios};
pub use loop_cause::{LoopCause, LoopPeriod, loop_cause};
pub use mean_ratio::{Moments, mean_ratio, mover_ratio};
pub use missing_range::{MissingRange, Outcomes, missing_range};
pub use mix::{MixTest, mix_test};
pub use multiplicity::{benjamini_hochberg, e_benjamini_hochberg, holm};
pub use one_sample::{Direction, OneSample, log_one_sample_ratios};
pub use one_sided::{exact_interval, exact_share_ratio, lower_limit, share_to_ratio};
pub use p_value::{FISHER_EXPOSED, fisher_p_value, p_value, score_p_value, share_p_value};
pub use pair::Pair;
pub use pair_series::{PairBlock, PairSeries, log_pair_ratios};
pub use power::{PowerQuestion, exposed_needed};
pub use proportion::Proportion;
pub use proxy::{Bracket, Memberships, Rates, WeightedSide};
pub use quantile::{QuantileRanks, quantile_ranks};
pub use random_arm::random_needed;
pub use series::{Allowances, Block, Judging, Series};
pub use share::{ShareSeries, log_exposure_ratios};
pub use stages::{ClassCounts, Decomposition, Factor, decompose};
pub use stratified::{Stratified, Stratum, mantel_haenszel};
pub use two_sample::TwoSample;
