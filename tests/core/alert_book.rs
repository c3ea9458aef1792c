//! The alert book against a naive oracle that reads the whole history of an identity again after every evaluation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::effort::attempts;
use crate::support::plan;

use paritywatch::alert::{AlertBook, AlertState, Severity};
use paritywatch::evidence::Side;
use paritywatch::judge::{Evaluation, Finding, FindingKey, Funnel, Missing, Verdict};
use paritywatch::plan::{
    Channel, DimensionId, Disparity, EventTime, Evidence, GroupId, HandlingTerms, Indicator, Measure, Plan, ProfileId,
    Reference, Rule, RuleKind, Span, WindowLength,
};
use paritywatch::statistics::Confidence;
use plan::plan;
use proptest::prelude::*;

const WINDOWS: [&str; 2] = ["24h", "7d"];
const GROUPS: usize = 2;

/// What a window says: a verdict and whether it is beyond the clear threshold. `None`: no finding.
type Says = Option<(Verdict, bool)>;

/// Seconds since the previous evaluation, and what the windows of each group say.
type Step = (i64, [[Says; WINDOWS.len()]; GROUPS]);

/// State, severity, and the times of beginning, firing and resolving, in seconds.
type Episode = (AlertState, Severity, i64, Option<i64>, Option<i64>);

proptest! {
    #![proptest_config(ProptestConfig { cases: attempts(2_000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_book_says_what_the_whole_history_says(
        steps in prop::collection::vec(step(), 1..30), hold in 0_i64..5, keep in 0_i64..5,
    ) {
        let plan = plan_with(hold, keep);
        let mut book = AlertBook::new();
        let mut now = 0;
        let mut history = [const { Vec::new() }; GROUPS];
        for (seconds, says) in steps {
            now += seconds;
            book.observe(EventTime(now * 1_000), &evaluation(now, &says), &plan);
            for (group, history) in history.iter_mut().enumerate() {
                history.push((now, says[group]));
                let found: Vec<Episode> = book
                    .alerts()
                    .filter(|alert| alert.identity.group == Some(GroupId(u16::try_from(group).unwrap())))
                    .map(|alert| {
                        let s = |time: EventTime| time.0 / 1_000;
                        (alert.state, alert.severity, s(alert.active_at), alert.fired_at.map(s), alert.resolved_at.map(s))
                    })
                    .collect();
                prop_assert_eq!(found, oracle(history, hold, keep), "group {} of {:?}", group, history);
            }
        }
    }
}

/// Returns every episode, with its state found by looking back.
fn oracle(history: &[(i64, [Says; WINDOWS.len()])], hold: i64, keep: i64) -> Vec<Episode> {
    let time = |index: usize| history[index].0;
    let says = |index: usize, verdict: Verdict| history[index].1.iter().flatten().any(|said| said.0 == verdict);
    let critical = |index: usize| says(index, Verdict::Critical);
    let raised = |index: usize| critical(index) || says(index, Verdict::Warning);
    // The window that decides is the first with the worst verdict.
    let worst = |index: usize| {
        let verdict = if critical(index) { Verdict::Critical } else { Verdict::Warning };
        history[index].1.iter().position(|said| said.is_some_and(|said| said.0 == verdict)).unwrap()
    };
    // The condition is clear where the window that last raised it is within, and no window that is within is beyond the
    // clear threshold.
    let clear = |start: usize, index: usize| {
        let last = (start..index).rev().find(|before| raised(*before)).unwrap();
        !raised(index)
            && history[index].1[worst(last)].is_some_and(|said| said.0 == Verdict::Within)
            && !history[index].1.contains(&Some((Verdict::Within, true)))
    };
    // The longest unbroken run that ends at an index, in seconds.
    let run = |from: usize, index: usize, holds: &dyn Fn(usize) -> bool| {
        let begin = (from..=index).rev().take_while(|before| holds(*before)).last()?;
        Some(time(index) - time(begin))
    };
    let mut episodes = Vec::new();
    let mut next = 0;
    while let Some(start) = (next..history.len()).find(|index| raised(*index)) {
        let rest = start..history.len();
        let broken = rest.clone().find(|index| !raised(*index)).unwrap_or(history.len());
        let fired = (start..broken).find(|index| time(*index) - time(start) >= hold);
        let resolved = fired.and_then(|fired| {
            (fired + 1..history.len())
                .find(|end| run(fired + 1, *end, &|index| clear(start, index)).is_some_and(|clear| clear >= keep))
        });
        let end = if fired.is_some() { resolved } else { Some(broken).filter(|end| *end < history.len()) };
        let last = rest.filter(|index| end.is_none_or(|end| *index < end)).rfind(|index| raised(*index)).unwrap();
        // It is critical if it was so for long enough, and every warning since came soon enough after a critical
        // evaluation.
        let is_critical = (start..=last).any(|held| {
            run(start, held, &critical).is_some_and(|held| held >= hold)
                && (held + 1..=last).filter(|index| raised(*index) && !critical(*index)).all(|warning| {
                    let seen = (start..warning).rev().find(|index| critical(*index)).unwrap();
                    time(warning) - time(seen) < keep
                })
        });
        let state = match (fired, end) {
            (None, None) => AlertState::Pending,
            (None, Some(_)) => AlertState::Inactive,
            (Some(_), None) => AlertState::Firing,
            (Some(_), Some(_)) => AlertState::Resolved,
        };
        let severity = if is_critical { Severity::Critical } else { Severity::Warning };
        episodes.push((state, severity, time(start), fired.map(time), resolved.map(time)));
        let Some(end) = end else { break };
        next = end + 1;
    }
    episodes
}

#[test]
fn an_alert_whose_window_the_rule_no_longer_has_ends_by_the_others() {
    let mut plan = plan_with(0, 0);
    let mut book = AlertBook::new();
    let within = Some((Verdict::Within, false));
    let state = |book: &AlertBook| book.alerts().next().map(|alert| alert.state);
    book.observe(EventTime(1), &evaluation(1, &[[Some((Verdict::Critical, true)), within], [None; 2]]), &plan);
    book.observe(EventTime(2), &evaluation(2, &[[None, within], [None; 2]]), &plan);
    assert_eq!(state(&book), Some(AlertState::Firing), "its window says nothing");
    plan.rules[0].windows.remove(0);
    book.observe(EventTime(3), &evaluation(3, &[[None, within], [None; 2]]), &plan);
    assert_eq!(state(&book), Some(AlertState::Resolved));
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        3 => Just(Verdict::Critical),
        3 => Just(Verdict::Warning),
        5 => Just(Verdict::Within),
        1 => Just(Verdict::InsufficientData),
        1 => Just(Verdict::Stale),
    ];
    let says = prop::option::weighted(0.9, (verdict, prop::bool::weighted(0.2)));
    (0_i64..4, prop::array::uniform2(prop::array::uniform2(says)))
}

fn plan_with(hold: i64, keep: i64) -> Plan {
    let mut plan = plan(&["a", "b"]);
    plan.rules.push(Rule {
        name: "r".to_owned(),
        kind: RuleKind::Disparity(Disparity {
            indicator: Indicator::SelectionRate,
            measure: Measure::Ratio,
            reference: Reference::Rest,
            warning: 1.1,
            critical: 1.25,
            clear: 1.05,
            evidence: Evidence::Point,
            stratify_by: None,
            handling: HandlingTerms::default(),
        }),
        profiles: vec![ProfileId(0)],
        channels: vec![Channel::Profile],
        dimensions: vec![DimensionId(0)],
        windows: WINDOWS.map(|label| WindowLength { length: Span::DAY, label: label.to_owned() }).to_vec(),
        confidence: Confidence::new(0.95).unwrap(),
        min_events: 0,
        max_missing: 0.05,
        hold_for: Span::SECOND.times(hold),
        keep_firing_for: Span::SECOND.times(keep),
        owner: String::new(),
        action: String::new(),
        runbook: String::new(),
    });
    plan
}

fn evaluation(now: i64, says: &[[Says; WINDOWS.len()]; GROUPS]) -> Evaluation {
    let findings = (0_u16..).zip(says).flat_map(|(group, windows)| {
        windows.iter().zip(WINDOWS).filter_map(move |(said, window)| {
            let (verdict, beyond_clear) = (*said)?;
            Some(finding(GroupId(group), window, verdict, beyond_clear))
        })
    });
    Evaluation {
        as_of: EventTime(now * 1_000),
        findings: findings.collect(),
        late: Vec::new(),
        unlisted: Vec::new(),
        funnel: Funnel::default(),
    }
}

fn finding(group: GroupId, window: &str, verdict: Verdict, beyond_clear: bool) -> Finding {
    Finding {
        evidence: None,
        reason: None,
        claim: None,
        last_heard: None,
        outcomes: None,
        association: None,
        contrast: None,
        versions: None,
        smallest: None,
        smallest_of_needed: None,
        interaction: None,
        values: None,
        mix: None,
        key: FindingKey {
            rule: 0,
            profile: ProfileId(0),
            channel: Channel::Profile,
            dimension: Some(DimensionId(0)),
            group: Some(group),
            indicator: Some(Indicator::SelectionRate),
            window: window.into(),
            subject: None,
        },
        group: Side::default(),
        reference: Side::default(),
        reference_group: None,
        ratio: None,
        difference: None,
        p_value: None,
        stratified: None,
        told_strata: None,
        needed: None,
        pending: None,
        probabilistic: None,
        missing: Missing::default(),
        verdict: Some(verdict),
        beyond_clear,
    }
}
