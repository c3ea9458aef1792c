//! Pure numbers: intervals, tests, sequential evidence, stratified estimates, adjustment for many comparisons, sample size, and rates of
//! groups that are known only as probabilities.
//!
//! Group 1 is the monitored group, group 2 the reference. A function returns `None` where its value is not defined, and never NaN. All
//! functions are pure: an argument outside the documented range is either a `None` or, where only a mistake in this crate can produce it,
//! a `debug_assert!`.
//!
//! Most of the product rests on [`Series`]: sequential evidence that may be looked at after every block. The windows only describe, with
//! [`ratio_interval`] and [`p_value`].

mod confidence;
mod detector;
mod fisher;
mod interval;
mod learning;
mod likelihood;
mod limits;
mod multiplicity;
mod normal;
mod p_value;
mod pair;
mod power;
mod proportion;
mod proxy;
mod series;
mod stratified;

pub use confidence::{Confidence, Interval};
pub use detector::{ChangeDetector, Detector, LOG_CLEAR, LOG_WATCH, Lifetime};
pub use interval::{difference_interval, ratio_interval, share_ratio_interval, wilson};
pub use learning::{Dispersion, ReferenceRate};
pub use likelihood::{GRID, Logs, log_likelihood_ratios, log_reverse_ratios, log_share_ratios};
pub use multiplicity::{benjamini_hochberg, e_benjamini_hochberg, holm};
pub use p_value::{FISHER_EXPOSED, fisher_p_value, p_value, score_p_value, share_p_value};
pub use pair::Pair;
pub use power::{PowerQuestion, exposed_needed};
pub use proportion::Proportion;
pub use proxy::{Bracket, Memberships, Rates, WeightedSide};
pub use series::{Block, Judging, Series};
pub use stratified::{Stratified, Stratum, mantel_haenszel};
