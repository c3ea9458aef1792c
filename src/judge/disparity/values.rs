//! From values of cases to numbers and a verdict: means and quantiles of a group against those of its reference, and the mix of kinds.

use super::handled::HandledGroup;
use super::numbers::{Numbers, beyond, verdict_of};
use crate::judge::finding::{Estimate, Mix, MixKind, Quantile, ValueSide, Values, Verdict};
use crate::plan::{DisparityRule, Feature, Indicator};
use crate::statistics::{
    Confidence, Interval, Moments, RatioEstimate, mean_ratio, mix_test, mover_ratio, quantile_ranks,
};

/// The fewest values of either side that are judged: from fewer an interval of a mean is too narrow.
const LEAST_VALUES: u64 = 10;

/// The quantile that is shown beside those that are compared.
const SHOWN: f64 = 0.99;

/// Judges the values of a group and of its reference.
pub(super) fn judge_values(rule: DisparityRule<'_>, [group, reference]: [&HandledGroup; 2]) -> Numbers {
    let Some(feature) = rule.terms.indicator.feature() else { return Numbers::unknown() };
    let (own, other) = (Side::of(feature, group), Side::of(feature, reference));
    let (values, shown) = (own.shown(rule), other.shown(rule));
    let ratios = if rule.terms.indicator == Indicator::Intensity {
        own.ratio_of_means(&other, rule.confidence).into_iter().collect()
    } else {
        ratios_of_quantiles(feature, [&values, &shown])
    };
    let ratio = ratios.iter().copied().reduce(larger);
    let least = rule.min_events.max(LEAST_VALUES);
    let lacking = least.saturating_sub(own.count).saturating_add(least.saturating_sub(other.count));
    let judged = ratio.filter(|_| lacking == 0);
    // The limit that stands in for a ratio above every number may be below the other ratio, which counts all the same.
    let counts = |other: &&Estimate| ratio.is_some_and(|ratio| ratio.value.is_none() || ratio == **other);
    let verdicts = ratios.iter().filter(counts).map(|ratio| verdict_of(rule, *ratio));
    let verdict = verdicts.max().filter(|_| lacking == 0);
    Numbers {
        needed: (lacking > 0).then_some(lacking),
        verdict: verdict.unwrap_or(Verdict::InsufficientData),
        beyond_clear: ratios.iter().filter(counts).any(|ratio| beyond(rule, *ratio, rule.terms.clear)),
        // From too few values an interval is no interval.
        ratio: judged,
        values: Some(Values { group: values, reference: shown }),
        ..Numbers::unknown()
    }
}

/// Compares the mixes of kinds of a group and of its reference; `None` where neither has any.
pub(super) fn mix([group, reference]: [&HandledGroup; 2]) -> Option<Mix> {
    let mut names: Vec<&String> = group.kinds.iter().chain(&reference.kinds).map(|(kind, _)| kind).collect();
    names.sort_unstable();
    names.dedup();
    let cases = |side: &HandledGroup, kind: &String| {
        side.kinds.iter().find(|(known, _)| known == kind).map_or(0, |(_, cases)| *cases)
    };
    let kind = |kind: &String| MixKind {
        kinds: Feature::kinds(kind).map(str::to_owned).collect(),
        group: cases(group, kind),
        reference: cases(reference, kind),
    };
    let kinds: Vec<MixKind> = names.into_iter().map(kind).collect();
    let counts = |of: fn(&MixKind) -> u64| kinds.iter().map(of).collect::<Vec<u64>>();
    let test = mix_test(&counts(|kind| kind.group), &counts(|kind| kind.reference));
    (!kinds.is_empty()).then_some(Mix { p_value: test.p_value, kinds })
}

/// The values of one side.
struct Side<'v> {
    feature: Feature,
    /// By bucket, ascending.
    buckets: &'v [(u64, u64)],
    count: u64,
}

impl<'v> Side<'v> {
    fn of(feature: Feature, group: &'v HandledGroup) -> Self {
        Self { feature, buckets: &group.buckets, count: group.side.exposed }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn moments(&self) -> Moments {
        let zero = Moments { count: self.count, ..Moments::default() };
        self.buckets.iter().fold(zero, |sum, (bucket, cases)| {
            let (number, cases) = (self.feature.number(*bucket), *cases as f64);
            Moments { sum: sum.sum + number * cases, squares: sum.squares + number * number * cases, ..sum }
        })
    }

    /// The ratio of the means; `None` where both are 0, or where an interval has too few values.
    fn ratio_of_means(&self, reference: &Self, confidence: Confidence) -> Option<Estimate> {
        let (own, other) = (self.moments(), reference.moments());
        let of_zero = || ratio_of_zero(self.feature, mean_of(own, confidence)?, mean_of(other, confidence)?);
        of_zero().or_else(|| mean_ratio(own, other, confidence).map(estimate))
    }

    fn shown(&self, rule: DisparityRule<'_>) -> ValueSide {
        let [usual, harsh] = rule.terms.handling.quantiles;
        let quantiles = [usual, harsh, SHOWN].map(|share| self.quantile(share, rule.confidence));
        ValueSide { count: self.count, mean: self.moments().mean(), quantiles }
    }

    fn quantile(&self, share: f64, confidence: Confidence) -> Quantile {
        let ranks = quantile_ranks(self.count, share, confidence);
        let at = |rank: Option<u64>| self.at_rank(rank?);
        let beside = [ranks.value, ranks.lower, ranks.upper].map(|rank| {
            let below = rank.map_or(0, |rank| rank.saturating_sub(1));
            below.min(self.count.saturating_sub(rank.unwrap_or(0)))
        });
        Quantile { share, value: at(ranks.value), lower: at(ranks.lower), upper: at(ranks.upper), beside }
    }

    /// The value of this rank in rising order, from 1.
    fn at_rank(&self, rank: u64) -> Option<f64> {
        let mut passed = 0_u64;
        let holds = |(_, cases): &&(u64, u64)| {
            passed = passed.saturating_add(*cases);
            passed >= rank
        };
        self.buckets.iter().find(holds).map(|(bucket, _)| self.feature.number(*bucket))
    }
}

/// A mean with its limits: its ratio to 1. A mean of 0 is that of values that are all 0.
fn mean_of(moments: Moments, confidence: Confidence) -> Option<RatioEstimate> {
    const ONE: Moments = Moments { count: 2, sum: 2.0, squares: 2.0 };
    if moments.mean()? > 0.0 {
        return mean_ratio(moments, ONE, confidence);
    }
    Some(RatioEstimate { value: 0.0, lower: Some(0.0), upper: Some(0.0) })
}

/// The ratios of the quantiles that a rule compares, as far as there are any.
fn ratios_of_quantiles(feature: Feature, [group, reference]: [&ValueSide; 2]) -> Vec<Estimate> {
    let of = |quantile: &Quantile| {
        Some(RatioEstimate { value: quantile.value?, lower: quantile.lower, upper: quantile.upper })
    };
    let pairs = group.quantiles.iter().zip(&reference.quantiles).filter(|(quantile, _)| quantile.share < SHOWN);
    let ratio = |(group, reference): (&Quantile, &Quantile)| {
        let (group, reference) = (of(group)?, of(reference)?);
        ratio_of_zero(feature, group, reference).or_else(|| mover_ratio(group, reference).map(estimate))
    };
    pairs.filter_map(ratio).collect()
}

/// Returns the ratio of two numbers of which one is 0. Above 0 it has no value, and a finite lower limit that stands in for it: by the limits of both, where
/// a 0 may be anything that is kept as 0. `None` where neither is 0, and where both are: then they say nothing.
fn ratio_of_zero(feature: Feature, group: RatioEstimate, reference: RatioEstimate) -> Option<Estimate> {
    let kept_as_zero = feature.kept_as_zero();
    let at_most = |one: RatioEstimate| one.upper.map(|upper| upper.max(kept_as_zero));
    match (group.value > 0.0, reference.value > 0.0) {
        (true, false) => {
            let lower = group.lower.zip(at_most(reference)).map_or(0.0, |(group, reference)| group / reference);
            Some(Estimate { value: None, interval: Interval { lower, upper: f64::INFINITY } })
        }
        (false, true) => {
            let above = at_most(group).zip(reference.lower.filter(|lower| *lower > 0.0));
            let upper = above.map_or(f64::INFINITY, |(group, reference)| group / reference);
            Some(Estimate { value: Some(0.0), interval: Interval { lower: 0.0, upper } })
        }
        (true, true) | (false, false) => None,
    }
}

/// The larger of two ratios: one without a value is above every number.
fn larger(one: Estimate, other: Estimate) -> Estimate {
    match (one.value, other.value) {
        (Some(value), Some(more)) if more > value => other,
        (Some(_), None) => other,
        (None, None) if other.interval.lower > one.interval.lower => other,
        _ => one,
    }
}

/// A limit that is not known is 0, or infinite.
fn estimate(ratio: RatioEstimate) -> Estimate {
    let interval = Interval { lower: ratio.lower.unwrap_or(0.0), upper: ratio.upper.unwrap_or(f64::INFINITY) };
    Estimate { value: Some(ratio.value), interval }
}
