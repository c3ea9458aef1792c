//! Rule kind `benchmark`: whether the random channel is large enough for the rules that compare with it.
//!
//! A count, not a test. Each group that a served rule compares has a finding of its own: the smallest one binds.

use std::sync::Arc;

use super::duty::{Post, Saying, Whom, each_post, groups};
use super::finding::{Finding, Verdict};
use super::reason::Reason;
use super::scene::Scene;
use super::sums::CellSums;
use crate::evidence::{Aspect, DutyKey, Maturity, Side, TableKey, by_shares, side};
use crate::plan::{Benchmark, Channel, Disparity, Evidence, Indicator, Measure, Rule, RuleKind, Suitability};
use crate::statistics::{information_needed, information_needed_fixed, log_level_of_part, random_needed};
use crate::window::LeftOut;

/// The power that rules of kind `disparity` plan with.
const POWER: f64 = 0.8;

/// Random controls from which their own rate is planned with.
const MIN_RANDOM: u64 = 30;

/// Appends the findings of a rule: of each profile every served rule, and in it everyone or each group.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Benchmark,
    sums: &mut CellSums,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        for served in &terms.serves {
            let Some(rule) = scene.plan.rules.get(*served).filter(|rule| rule.profiles.contains(&post.profile)) else {
                continue;
            };
            let need = Need { post, terms, served: *served, rule };
            match &rule.kind {
                RuleKind::Disparity(served) => {
                    findings.extend(groups(scene, rule).map(|whom| need.of_disparity(served, whom, sums)));
                }
                RuleKind::Suitability(served) => {
                    let whom = std::iter::once(Whom::EVERYONE).chain(groups(scene, rule));
                    findings.extend(whom.map(|whom| need.of_suitability(served, whom, sums)));
                }
                _ => {}
            }
        }
    });
}

/// What one served rule needs at one place.
struct Need<'s> {
    post: Post<'s>,
    terms: &'s Benchmark,
    /// Index of the served rule.
    served: usize,
    rule: &'s Rule,
}

/// Both channels as the served rule compares them, and what that takes.
struct Arms {
    profile: Side,
    random: Side,
    /// The rate planned with.
    rate: f64,
    /// The ratio that is to be found.
    ratio: f64,
    information: f64,
    phi: f64,
}

impl Need<'_> {
    fn of_disparity(&self, served: &Disparity, whom: Whom, sums: &mut CellSums) -> Finding {
        let arms = [Channel::Profile, Channel::Random].map(|channel| self.arm(served.indicator, channel, whom, sums));
        let [profile, random] = arms;
        let rate =
            if by_shares(served.indicator) { self.share_of_assessed(whom, sums) } else { self.planned_rate(random) };
        let ratio = match served.measure {
            Measure::Ratio => served.critical,
            Measure::Difference => (rate + served.critical) / rate,
        };
        let information = match served.evidence {
            Evidence::Sequential => {
                // Of the first epoch, at which the series alarms.
                let scene = self.post.scene;
                let log_level = log_level_of_part(scene.sequences.log_level(scene.plan, whom.dimension), 1);
                information_needed(libm::exp(-log_level), ratio, POWER)
            }
            Evidence::Interval | Evidence::Point => {
                information_needed_fixed(self.rule.confidence.alpha(), ratio, POWER)
            }
        };
        let arms = Arms { profile, random, rate, ratio, information, phi: self.dispersion(whom) };
        self.finding(whom, Some(served.indicator), &arms, sums)
    }

    fn of_suitability(&self, served: &Suitability, whom: Whom, sums: &mut CellSums) -> Finding {
        let hits = |channel, sums: &mut CellSums| self.arm(Indicator::HitRate, channel, whom, sums);
        let (profile, random) = (hits(Channel::Profile, sums), hits(Channel::Random, sums));
        let Post { profile: id, channel, .. } = self.post;
        let Whom { dimension, group } = whom;
        let key = DutyKey { rule: self.served, profile: id, channel, dimension, group, aspect: Aspect::Shown };
        let evidence = self.post.scene.sequences.duty_evidence(&key, self.post.scene.plan);
        let arms = Arms {
            profile,
            random,
            rate: self.planned_rate(random),
            ratio: served.ratio,
            information: information_needed(served.show_level, served.ratio, served.power),
            phi: evidence.map_or(1.0, |evidence| evidence.mean_phi),
        };
        self.finding(whom, Some(Indicator::HitRate), &arms, sums)
    }

    /// The events and exposed of a channel; where shares are compared, the group's picked and all picked.
    fn arm(&self, indicator: Indicator, channel: Channel, whom: Whom, sums: &mut CellSums) -> Side {
        let mut of = |whom| {
            side(indicator, &self.post.counts(sums, &self.post.cell(channel, whom, None), &LeftOut::default()), None)
        };
        let own = of(whom);
        if !by_shares(indicator) {
            return own;
        }
        let alike: Vec<Whom> = self.alike(whom).collect();
        let exposed = alike.into_iter().map(of).fold(0_u64, |sum, side| sum.saturating_add(side.events));
        Side { events: own.events, exposed }
    }

    /// The groups of the same dimension.
    fn alike(&self, whom: Whom) -> impl Iterator<Item = Whom> {
        groups(self.post.scene, self.rule).filter(move |other| other.dimension == whom.dimension)
    }

    /// The group's share of everybody who was assessed.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn share_of_assessed(&self, whom: Whom, sums: &mut CellSums) -> f64 {
        let mut assessed = |whom| {
            [Channel::Profile, Channel::Random].into_iter().fold(0_u64, |sum, channel| {
                let counts = self.post.counts(sums, &self.post.cell(channel, whom, None), &LeftOut::default());
                sum.saturating_add(counts.assessed)
            })
        };
        let alike: Vec<Whom> = self.alike(whom).collect();
        let all = alike.into_iter().map(&mut assessed).fold(0_u64, u64::saturating_add);
        (assessed(whom) as f64 + 0.5) / (all as f64 + 1.0)
    }

    /// The rate of the random channel, or the configured one where that says too little.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn planned_rate(&self, random: Side) -> f64 {
        let observed = (random.events as f64 + 0.5) / (random.exposed as f64 + 1.0);
        if random.exposed >= MIN_RANDOM && observed < 1.0 { observed } else { self.terms.base_rate }
    }

    /// The mean of phi over the closed blocks of the group's series. That of the last block alone goes up and down.
    fn dispersion(&self, whom: Whom) -> f64 {
        let Post { profile, channel, .. } = self.post;
        let key = TableKey { rule: self.served, profile, channel, dimension: whom.dimension };
        self.post.scene.sequences.mean_phi(key, usize::from(whom.group.0)).unwrap_or(1.0)
    }

    fn finding(&self, whom: Whom, indicator: Option<Indicator>, arms: &Arms, sums: &mut CellSums) -> Finding {
        let Arms { profile, random, rate, ratio, information, phi } = *arms;
        let least = self.post.scene.plan.evidence.block_concluded;
        let needed = random_needed(rate, profile.exposed, ratio, information, phi).and_then(whole);
        let (verdict, reason, needed) = match needed {
            _ if random.exposed == 0 && profile.exposed >= least => {
                (Verdict::Critical, Reason::NoRandomChannel, needed)
            }
            _ if profile.exposed < least => (Verdict::InsufficientData, Reason::TooFew, None),
            None => (Verdict::InsufficientData, Reason::ProfileTooSmall, None),
            Some(needed) if random.exposed < needed => {
                (Verdict::Warning, Reason::RandomChannelTooSmall, Some(needed - random.exposed))
            }
            Some(_) => (Verdict::Within, Reason::Nothing, None),
        };
        self.post.finding(Saying {
            subject: Some(Arc::from(self.rule.name.as_str())),
            indicator,
            group: profile,
            reference: random,
            needed,
            missing: self.post.missing_of_groups(
                Channel::Random,
                (whom.dimension, Maturity::Over),
                random.exposed,
                (sums, &LeftOut::default()),
                |counts| indicator.map_or(0, |indicator| side(indicator, counts, None).exposed),
            ),
            ..Saying::new(whom, verdict, reason)
        })
    }
}

/// The next whole number; `None` beyond every count.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 2^53")]
fn whole(needed: f64) -> Option<u64> {
    let needed = needed.ceil();
    (0.0..=9_007_199_254_740_992.0).contains(&needed).then_some(needed as u64)
}
