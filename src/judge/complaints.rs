//! Rule kind `complaints`: whether complaints, or hits that were overturned, fall on a group more than on the rest, and whether
//! complaints rise.
//!
//! Everything is counted by the time of its event, in whole days. A complaint follows its control by weeks, so a group whose controls
//! grow fast lags in complaints and reads low.

use std::ops::Range;
use std::sync::Arc;

use libm::exp;

use super::blocks::could_alarm;
use super::duty::{Post, Saying, Whom, each_post, groups};
use super::finding::{Estimate, Finding, Verdict};
use super::missing::{MissingSide, WITHOUT_GROUP};
use super::reason::Reason;
use super::scene::Scene;
use crate::evidence::{
    ComplaintEvidence, Occurred, Occurrence, OccurrencePlace, RiseEvidence, RisePeriod, SeriesEvidence, Side, TableKey,
    against_rest, events_of, exposed_of,
};
use crate::plan::{Cause, ComplaintMeasure, Complaints, DimensionId, Indicator, Rule, Slot, Span};
use crate::statistics::{
    Interval, Pair, Proportion, exact_share_ratio, exposed_still_needed, information_needed, ratio_interval,
    share_to_ratio,
};
use crate::window::{MissingPlace, Range as TimeRange};

/// The chance with which a ratio of `critical` should have been found, once there is enough to say that there is none.
const POWER: f64 = 0.8;

/// What the finding about decided complaints is about.
const UPHELD: &str = "upheld";

/// Appends the findings of a rule: of each profile, channel and window each group, with its grounds after it.
pub(super) fn judge<'s>(
    scene: &'s Scene<'s>,
    (index, rule): (usize, &'s Rule),
    terms: &Complaints,
    findings: &mut Vec<Finding>,
) {
    each_post(scene, (index, rule), |post| {
        let days = Days::of(&post, Some(terms.exposure_days()).filter(|_| terms.measure != ComplaintMeasure::Rise));
        if terms.measure == ComplaintMeasure::Rise {
            findings.push(rise(&post, terms, Whom::EVERYONE, missing(&post, terms, DimensionId::EVERYONE, &days)));
        }
        for dimension in &rule.dimensions {
            let missing = missing(&post, terms, *dimension, &days);
            let whoms = groups(scene, rule).filter(|whom| whom.dimension == *dimension);
            match terms.measure {
                ComplaintMeasure::Rise => findings.extend(whoms.map(|whom| rise(&post, terms, whom, missing))),
                _ => skews(&post, terms, (whoms.collect(), missing, &days), findings),
            }
        }
    });
}

/// The groups of one dimension against each other.
fn skews(
    post: &Post<'_>,
    terms: &Complaints,
    (whoms, missing, days): (Vec<Whom>, MissingSide, &Days),
    findings: &mut Vec<Finding>,
) {
    let occurrences = post.scene.sequences.occurrences();
    let grounds = terms.grounds.iter().filter_map(|name| occurrences.ground(name));
    let lanes: Vec<Sides> = std::iter::once(events_of(terms.measure))
        .chain(grounds)
        .map(|events| {
            let counted = (events, exposed_of(terms.measure));
            Sides::of(&whoms, |whom| days.side(post, &post.place(whom.dimension, whom.group), counted))
        })
        .collect();
    let decided =
        (terms.measure == ComplaintMeasure::Overturned).then(|| Sides::of(&whoms, |whom| decided(post, whom, days)));
    for (group, whom) in whoms.iter().enumerate() {
        for (lane, sides) in lanes.iter().enumerate() {
            findings.push(skew(post, terms, (*whom, lane.checked_sub(1)), (sides.compare(group), missing, days)));
        }
        findings.extend(decided.as_ref().map(|decided| upheld(post, *whom, decided.compare(group))));
    }
}

/// The sides of all groups of a dimension.
struct Sides(Vec<Side>);

impl Sides {
    fn of(whoms: &[Whom], side: impl Fn(Whom) -> Side) -> Self {
        Self(whoms.iter().map(|whom| side(*whom)).collect())
    }

    /// A group, and all others together.
    fn compare(&self, group: usize) -> (Side, Side) {
        let Pair { events, exposed, reference_events, reference_exposed } = against_rest(&self.0, group);
        (Side { events, exposed }, Side { events: reference_events, exposed: reference_exposed })
    }
}

/// A group against the rest: of all complaints, of those of one ground, or of the hits that were overturned.
fn skew(
    post: &Post<'_>,
    terms: &Complaints,
    (whom, ground): (Whom, Option<usize>),
    ((own, rest), missing, days): ((Side, Side), MissingSide, &Days),
) -> Finding {
    let name = ground.and_then(|ground| terms.grounds.get(ground));
    let evidence = post.scene.sequences.complaint_evidence(post.table(whom), (ground, whom.group), post.scene.plan);
    let ratio = ratio(post, own, rest);
    let (verdict, reason) = if days.are_counted(post, whom.dimension, name) {
        said(post, terms, (own, rest), (ratio, evidence))
    } else {
        // A part of the window says nothing of the whole.
        (Verdict::Incomplete, Reason::Nothing)
    };
    let lacks = verdict == Verdict::InsufficientData;
    finding(
        post,
        Saying {
            subject: name.map(|name| Arc::from(format!("ground={name}"))),
            indicator: Some(indicator(terms.measure)),
            group: own,
            reference: rest,
            ratio,
            needed: lacks.then(|| needed(terms, (own, rest), evidence.as_ref(), post.rule.min_events)).flatten(),
            evidence: evidence.map(|evidence| evidence.series),
            missing,
            ..Saying::new(whom, verdict, reason)
        },
    )
}

fn said(
    post: &Post<'_>,
    terms: &Complaints,
    sides: (Side, Side),
    (ratio, evidence): (Option<Estimate>, Option<ComplaintEvidence>),
) -> (Verdict, Reason) {
    let series = evidence.map(|evidence| evidence.series);
    let found = match terms.measure {
        ComplaintMeasure::Overturned => Reason::OverturnedUnequally,
        _ => Reason::ComplaintsUnequal,
    };
    // Without an event of the rest the ratio has no value, but a lower limit, which stands in for it.
    let value = ratio.map(|ratio| ratio.value.unwrap_or(ratio.interval.lower));
    let beyond = |threshold: f64| value.is_some_and(|value| value > threshold);
    let alarmed = series.is_some_and(|series| series.alarmed);
    let is_critical = terms.critical.is_some_and(beyond) || series.is_some_and(|series| series.material);
    // An alarm rests on all of its blocks, so it stands where the window has become thin.
    if alarmed && is_critical {
        (Verdict::Critical, found)
    } else if alarmed && beyond(terms.warning) {
        (Verdict::Warning, found)
    } else if too_few(sides, post.rule.min_events) || !has_spoken(post, series.as_ref()) {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    }
}

/// Whether evidence has read so many blocks that it could have alarmed.
fn has_spoken(post: &Post<'_>, series: Option<&SeriesEvidence>) -> bool {
    series.is_some_and(|series| could_alarm(series, series.blocks, &post.scene.plan.evidence))
}

/// Months of the last period against the same months of the reference. It only warns.
fn rise(post: &Post<'_>, terms: &Complaints, whom: Whom, missing: MissingSide) -> Finding {
    let evidence = post.scene.sequences.rise_evidence(post.table(whom), whom.group, post.scene.plan);
    let min_events = post.rule.min_events;
    let is_enough = |period: &RisePeriod| period.is_compared && !too_few(sides(period), min_events);
    // A period that has just begun says less than the one before it, unless it alarmed by itself.
    let period = evidence.map(|RiseEvidence { last, before }| {
        let says_more = |before: &RisePeriod| before.said_most.alarmed || !last.said_most.alarmed;
        before.filter(|before| !is_enough(&last) && is_enough(before) && says_more(before)).unwrap_or(last)
    });
    let (now, then) = period.as_ref().map(sides).unwrap_or_default();
    let is_compared = period.is_some_and(|period| period.is_compared);
    let ratio = ratio(post, now, then);
    let value = ratio.map(|ratio| ratio.value.unwrap_or(ratio.interval.lower));
    let alarmed = period.is_some_and(|period| period.said_most.alarmed);
    let rises = alarmed && value.is_some_and(|value| value > terms.warning);
    let (verdict, reason) = if rises {
        (Verdict::Warning, Reason::ComplaintsRise)
    } else if !period.as_ref().is_some_and(|period| is_enough(period) && has_spoken(post, Some(&period.said_most))) {
        (Verdict::InsufficientData, Reason::TooFew)
    } else {
        (Verdict::Within, Reason::Nothing)
    };
    let lacks = verdict == Verdict::InsufficientData && is_compared;
    let evidence = period.map(|period| ComplaintEvidence {
        series: period.said_most,
        information: period.information,
        events_seen: period.events_seen,
        log_level: period.log_level,
    });
    let needed = || needed(terms, (now, then), evidence.as_ref(), min_events);
    let finding = finding(
        post,
        Saying {
            indicator: Some(Indicator::ComplaintRate),
            group: now,
            reference: then,
            ratio,
            needed: lacks.then(needed).flatten(),
            evidence: evidence.map(|evidence| evidence.series),
            missing,
            ..Saying::new(whom, verdict, reason)
        },
    );
    // An alarm of the period before does not clear any more.
    Finding { beyond_clear: rises, ..finding }
}

/// What a period counts, and the reference.
const fn sides(period: &RisePeriod) -> (Side, Side) {
    let Pair { events, exposed, reference_events, reference_exposed } = period.compared;
    (Side { events, exposed }, Side { events: reference_events, exposed: reference_exposed })
}

/// How many of the complaints of a group that were decided in the window were upheld.
fn decided(post: &Post<'_>, whom: Whom, days: &Days) -> Side {
    let occurred = post.occurred(&post.place(whom.dimension, whom.group), &days.window);
    let upheld = occurred.count(Occurrence::Upheld);
    Side { events: upheld, exposed: upheld.saturating_add(occurred.count(Occurrence::Rejected)) }
}

/// The same against the rest. Shown, and never judged.
fn upheld(post: &Post<'_>, whom: Whom, (own, rest): (Side, Side)) -> Finding {
    let proportion = |side: Side| Proportion::new(side.events, side.exposed);
    let interval = proportion(own).zip(proportion(rest));
    let interval = interval.and_then(|(own, rest)| ratio_interval(own, rest, post.rule.confidence));
    let value = (rest.events > 0 && own.exposed > 0).then(|| rate(own) / rate(rest));
    let finding = post.finding(Saying {
        subject: Some(Arc::from(UPHELD)),
        group: own,
        reference: rest,
        ratio: interval.map(|interval| Estimate { value, interval }),
        ..Saying::new(whom, Verdict::Within, Reason::NotJudged)
    });
    Finding { verdict: None, ..finding }
}

/// The days of a window, and those in which whoever could complain was exposed. Days are counted from 1970.
struct Days {
    window: Range<i32>,
    exposed: Range<i32>,
}

impl Days {
    /// The whole days that lie in the window, at least in part; and as many days of exposure, or those of the window where these are more: events of the
    /// whole window must not be divided by the controls of a part of it.
    fn of(post: &Post<'_>, exposure: Option<i32>) -> Self {
        let range = TimeRange::rolling(post.scene.as_of, post.window.length);
        let day = |time: i64| i32::try_from(time.div_euclid(Span::DAY.0)).unwrap_or(i32::MAX);
        let (first, end) = (day(range.after.0), day(range.last.0).saturating_add(1));
        let window = first..end;
        let exposed = exposure.map_or(first, |days| end.saturating_sub(days).min(first))..end;
        Self { window, exposed }
    }

    /// Returns whether all of these days are counted: not where a rule asks for a dimension or ground since a later one.
    fn are_counted(&self, post: &Post<'_>, dimension: DimensionId, ground: Option<&String>) -> bool {
        let place = (post.profile, post.channel, dimension);
        let since = post.scene.sequences.occurrences().since(place, ground.map(String::as_str));
        since <= self.window.start.min(self.exposed.start)
    }

    fn side(&self, post: &Post<'_>, place: &OccurrencePlace, (events, exposed): (Occurrence, Occurrence)) -> Side {
        Side {
            events: post.occurred(place, &self.window).count(events),
            exposed: post.occurred(place, &self.exposed).count(exposed),
        }
    }
}

impl Post<'_> {
    fn occurred(&self, place: &OccurrencePlace, days: &Range<i32>) -> Occurred {
        self.scene.sequences.occurrences().sum(place, days.clone())
    }

    const fn place(&self, dimension: DimensionId, group: Slot) -> OccurrencePlace {
        OccurrencePlace { profile: self.profile, channel: self.channel, dimension, group }
    }

    const fn table(&self, whom: Whom) -> TableKey {
        TableKey { rule: self.index, profile: self.profile, channel: self.channel, dimension: whom.dimension }
    }
}

/// Given their total, the events fall to the group with a share; the exact interval of that share makes the ratio's.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(post: &Post<'_>, own: Side, rest: Side) -> Option<Estimate> {
    let (e1, e2) = (own.exposed as f64, rest.exposed as f64);
    let total = own.events.saturating_add(rest.events);
    if own.exposed == 0 || rest.exposed == 0 || total == 0 {
        return None;
    }
    let (lower, upper) = exact_share_ratio(own.events, rest.events, e1, e2, post.rule.confidence);
    let value = share_to_ratio(own.events as f64 / total as f64, e1, e2);
    Some(Estimate { value, interval: Interval { lower: lower?, upper: upper.unwrap_or(f64::INFINITY) } })
}

/// Whether too few events are expected on a side if both rates were equal.
fn too_few((own, rest): (Side, Side), min_events: u64) -> bool {
    let events = u128::from(own.events.saturating_add(rest.events));
    let exposed = u128::from(own.exposed.saturating_add(rest.exposed));
    let expects = |side: Side| u128::from(side.exposed) * events >= u128::from(min_events) * exposed;
    own.exposed == 0 || rest.exposed == 0 || events == 0 || !expects(own) || !expects(rest)
}

/// The events still needed, of both sides together: for a ratio of `critical`, or of `warning` where there is none; or else for the
/// least that anything is judged from. `None` where a side is not exposed at all.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and saturating")]
fn needed(
    terms: &Complaints,
    (own, rest): (Side, Side),
    evidence: Option<&ComplaintEvidence>,
    min_events: u64,
) -> Option<u64> {
    let (e1, e2) = (own.exposed as f64, rest.exposed as f64);
    if own.exposed == 0 || rest.exposed == 0 {
        return None;
    }
    let share = e1 / (e1 + e2);
    let least = (min_events as f64 / share.min(1.0 - share)).ceil() as u64;
    let least = least.saturating_sub(own.events.saturating_add(rest.events));
    let evidence = evidence?;
    let enough = information_needed(exp(-evidence.log_level), terms.critical.unwrap_or(terms.warning), POWER);
    let known = exposed_still_needed(enough, evidence.information, evidence.events_seen);
    // While nothing is known, an event tells what its variance says.
    let needed = known.or_else(|| {
        let events = (enough / (share * (1.0 - share))).ceil();
        (events <= 9_007_199_254_740_992.0).then_some(events as u64)
    });
    needed.map(|needed| needed.max(least))
}

/// What the window does not count: controls, or hits, as cases; complaints, or overturned hits, as events.
fn missing(post: &Post<'_>, terms: &Complaints, dimension: DimensionId, days: &Days) -> MissingSide {
    let of = (events_of(terms.measure), exposed_of(terms.measure));
    let everyone = DimensionId::EVERYONE;
    let all = days.side(post, &post.place(everyone, Slot::EVERYONE), of);
    let mut side = MissingSide { all: all.exposed, all_events: all.events, ..MissingSide::default() };
    if dimension != everyone {
        for (slot, cause) in WITHOUT_GROUP {
            let without = days.side(post, &post.place(dimension, slot), of);
            side.add_counted(cause, (without.exposed, without.events));
        }
    }
    let late = days.side(post, &post.place(everyone, Slot::NONE), of);
    side.add(Cause::Late, (late.exposed, late.events));
    let range = TimeRange::rolling(post.scene.as_of, post.window.length);
    for cause in [Cause::Conflict, Cause::Dropped, Cause::Unmatched] {
        let (profile, channel) = (post.profile, post.channel);
        let place = MissingPlace { profile, channel, dimension: everyone, group: Slot::EVERYONE, cause };
        let missing = &post.scene.windows.missing;
        let picked = missing.sum(&place, range).picked.saturating_add(missing.sum_anywhere(cause, range).picked);
        side.add(cause, (picked, 0));
    }
    side
}

/// Makes a finding. Where many events are missing, too, `within` is not the word for it.
fn finding(post: &Post<'_>, saying: Saying) -> Finding {
    let misses = saying.missing.event_share() > post.rule.max_missing;
    let said = saying.verdict;
    let finding = post.finding(saying);
    match finding.verdict {
        Some(Verdict::Within) if misses => Finding { verdict: Some(Verdict::Incomplete), ..finding },
        // Months are whole, whatever the windows count.
        Some(Verdict::Incomplete) if said != Verdict::Within => Finding { verdict: Some(said), ..finding },
        _ => finding,
    }
}

const fn indicator(measure: ComplaintMeasure) -> Indicator {
    match measure {
        ComplaintMeasure::Skew | ComplaintMeasure::Rise => Indicator::ComplaintRate,
        ComplaintMeasure::Overturned => Indicator::OverturnRate,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn rate(side: Side) -> f64 {
    side.events as f64 / side.exposed as f64
}
