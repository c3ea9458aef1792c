//! What each rule needs before it can judge: fields that the sample lacks, and cases that its comparisons take.

use super::document::{Needed, RuleFound};
use super::facts::{Facts, Field};
use crate::plan::{
    Compare, ComplaintMeasure, Dimension, Disparity, Feature, Harm, Indicator, Measure, Plan, Reference, Rule,
    RuleKind, Topic, stratum,
};
use crate::statistics::{PowerQuestion, exposed_needed};

/// The two-sided level of the one look that is asked about.
const LEVEL: f64 = 0.05;
/// Events of which a rate is made, at least.
const LEAST_EVENTS: f64 = 10.0;
/// The probability of finding a ratio that is there.
const POWER: f64 = 0.8;

/// Returns what each rule of the plan needs.
pub(super) fn needs(plan: &Plan, facts: &Facts) -> Vec<RuleFound> {
    let of = |rule: &Rule| {
        let lacks =
            fields(rule).into_iter().filter(|field| facts.seen(*field) == 0.0).map(|field| field.lack().to_owned());
        RuleFound {
            rule: rule.name.clone(),
            kind: rule.kind.name(),
            lacks: lacks.chain(lacking_stratum(rule, facts)).collect(),
            comparisons: match &rule.kind {
                RuleKind::Disparity(terms) if terms.reference != Reference::Overall => {
                    comparisons(rule, terms, plan, facts)
                }
                _ => Vec::new(),
            },
        }
    };
    plan.rules.iter().map(of).collect()
}

/// The fields that a rule reads.
fn fields(rule: &Rule) -> Vec<Field> {
    let mut fields = match &rule.kind {
        RuleKind::Disparity(terms) => of_indicator(terms.indicator),
        RuleKind::Criterion(_) => vec![Field::Criteria],
        RuleKind::Automation(_) => vec![Field::Selections, Field::DecidedBy],
        RuleKind::Benchmark(_) => vec![Field::RandomControls],
        RuleKind::Suitability(_) => vec![Field::Outcomes, Field::RandomControls],
        RuleKind::Coverage(_) => vec![Field::Controls, Field::Outcomes],
        RuleKind::Drift(terms) => match terms.compare {
            Compare::Version(indicator) => [of_indicator(indicator), vec![Field::ProfileVersion]].concat(),
            Compare::Change(_) | Compare::Period(_) => vec![Field::Selections],
        },
        RuleKind::Silence(terms) => terms.topics.iter().filter_map(|(topic, _)| of_topic(*topic)).collect(),
        RuleKind::Complaints(terms) => match terms.measure {
            ComplaintMeasure::Overturned => vec![Field::Outcomes, Field::Revisions],
            ComplaintMeasure::Skew | ComplaintMeasure::Rise => vec![Field::Complaints, Field::Controls],
        },
    };
    if matches!(&rule.kind, RuleKind::Disparity(terms) if terms.reference == Reference::Random) {
        fields.push(Field::RandomControls);
    }
    fields
}

fn of_indicator(indicator: Indicator) -> Vec<Field> {
    let mut fields = match indicator {
        Indicator::SelectionRate => vec![Field::Selections],
        Indicator::ControlFrequency | Indicator::FollowThrough => vec![Field::Selections, Field::Controls],
        Indicator::UnfoundedRate => vec![Field::Selections, Field::Outcomes],
        Indicator::HitRate | Indicator::OutcomeCoverage => vec![Field::Controls, Field::Outcomes],
        Indicator::OverturnRate => vec![Field::Outcomes, Field::Revisions],
        Indicator::ComplaintRate => vec![Field::Controls, Field::Complaints],
        Indicator::Intensity | Indicator::Duration | Indicator::StrictRate => vec![Field::Controls],
        Indicator::SanctionAmount | Indicator::SanctionRate => vec![Field::Outcomes],
    };
    fields.extend(indicator.feature().map(|feature| match feature {
        Feature::Intensity => Field::Intensity,
        Feature::Duration => Field::Duration,
        Feature::Amount => Field::SanctionAmount,
        Feature::Sanction => Field::Sanction,
        Feature::Kind | Feature::Strict => Field::Kind,
    }));
    fields
}

const fn of_topic(topic: Topic) -> Option<Field> {
    match topic {
        Topic::Selections | Topic::Groups => Some(Field::Selections),
        Topic::Controls => Some(Field::Controls),
        Topic::Outcomes => Some(Field::Outcomes),
        Topic::RandomControls => Some(Field::RandomControls),
        Topic::Watermark | Topic::Report => None,
    }
}

fn lacking_stratum(rule: &Rule, facts: &Facts) -> Option<String> {
    let name = rule.stratify_by()?;
    if name == stratum::RISK_CLASS {
        return (facts.seen(Field::RiskClass) == 0.0).then(|| Field::RiskClass.lack().to_owned());
    }
    (!facts.has_stratum(name)).then(|| format!("the stratum {name:?} in strata"))
}

/// What the comparisons of a rule take: one for each group whose cases may be told.
fn comparisons(rule: &Rule, terms: &Disparity, plan: &Plan, facts: &Facts) -> Vec<Needed> {
    let mut needed = Vec::new();
    let dimensions = rule.dimensions.iter().filter_map(|id| plan.dimensions.get(usize::from(id.0)));
    for dimension in dimensions.filter(|dimension| !dimension.is_crossed()) {
        let cases: Vec<u64> = dimension.groups.iter().map(|group| cases_of(dimension, group, facts)).collect();
        let all: u64 = cases.iter().sum();
        for (group, own) in dimension.groups.iter().zip(cases) {
            if matches!(&terms.reference, Reference::Group(reference) if reference == group) {
                continue;
            }
            needed.push(comparison((dimension, group), (own, all), terms, plan, facts));
        }
    }
    needed
}

/// Cases of a group, by its name and its aliases.
fn cases_of(dimension: &Dimension, group: &str, facts: &Facts) -> u64 {
    let aliases = dimension.aliases.iter().filter(|(_, of)| *of == group).map(|(alias, _)| alias.as_str());
    aliases.chain([group]).map(|name| facts.cases(&dimension.name, name)).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
fn comparison(
    (dimension, group): (&Dimension, &String),
    (own, all): (u64, u64),
    terms: &Disparity,
    plan: &Plan,
    facts: &Facts,
) -> Needed {
    let mut needed = Needed {
        dimension: dimension.name.clone(),
        group: group.clone(),
        exposed_are: if terms.indicator.is_of_sealed() { "concluded_controls" } else { "cases" },
        exposed: None,
        days: None,
        unknown: None,
    };
    let rate = base_rate(terms.indicator, facts);
    let too_few = own < plan.disclosure.min_cell.max(1) || all - own < plan.disclosure.min_cell.max(1);
    let Some((base_rate, exposed)) = rate.filter(|_| !too_few) else {
        needed.unknown = Some(if too_few { "too_few_cases" } else { "no_rate" });
        return needed;
    };
    let ratio = match terms.measure {
        Measure::Ratio => terms.critical,
        Measure::Difference => (base_rate + terms.critical) / base_rate,
    };
    let share = own as f64 / all as f64;
    let Some(cases) = exposed_needed(&PowerQuestion { base_rate, ratio, share, alpha: LEVEL, power: POWER }) else {
        // A threshold at equality is never found at one look.
        needed.unknown = Some("no_answer");
        return needed;
    };
    needed.exposed = Some(two_digits(cases));
    let pace = facts.days().filter(|days| *days > 0.0).map(|days| exposed / days);
    needed.days = pace.filter(|pace| *pace > 0.0).map(|pace| two_digits(cases / pace).max(1));
    needed
}

/// The rate of an indicator over all cases, and its exposed; `None` where the sample does not tell.
fn base_rate(indicator: Indicator, facts: &Facts) -> Option<(f64, f64)> {
    let (assessed, controls) = (facts.seen(Field::Selections), facts.seen(Field::Controls));
    let concluded = facts.violations + facts.no_violations;
    let (events, exposed) = match indicator {
        Indicator::SelectionRate => (facts.picked, assessed),
        Indicator::ControlFrequency => (controls.max(concluded), assessed),
        Indicator::HitRate => (facts.violations, concluded),
        Indicator::UnfoundedRate => (facts.no_violations, assessed),
        Indicator::FollowThrough => (controls, facts.picked),
        Indicator::OutcomeCoverage => (concluded, controls),
        Indicator::ComplaintRate => (facts.seen(Field::Complaints), controls),
        // These are values of cases, or rest on events that a sample seldom has.
        Indicator::OverturnRate
        | Indicator::Intensity
        | Indicator::Duration
        | Indicator::SanctionAmount
        | Indicator::SanctionRate
        | Indicator::StrictRate => return None,
    };
    let rate = events / exposed;
    let harm_is_low = matches!(indicator.harm(), Harm::Low);
    (events >= LEAST_EVENTS && (rate < 1.0 || harm_is_low && rate <= 1.0)).then_some((rate.min(1.0 - 1e-9), exposed))
}

/// Rounded up to two digits: more would tell the rates of the sample.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below 2^64, and never negative")]
fn two_digits(number: f64) -> u64 {
    if !number.is_finite() || number <= 0.0 {
        return 0;
    }
    let step = 10_f64.powi((number.log10().floor() as i32 - 1).max(0));
    ((number / step).ceil() * step).min(1e18) as u64
}
