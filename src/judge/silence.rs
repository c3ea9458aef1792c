//! Rule kind `silence`: what should be heard of, and is not. Each topic has a clock of its own.

use std::sync::Arc;

use super::duty::{Post, Saying, Whom, groups};
use super::finding::{Finding, Verdict};
use super::reason::Reason;
use super::reporting::{self, Said};
use super::scene::Scene;
use crate::plan::{Channel, EventTime, ProfileId, Rule, Silence, Span, Topic};
use crate::window::{Bucket, Range};

/// Appends the findings of a rule: of each profile every topic, and of a topic about groups each group.
pub(super) fn judge(scene: &Scene<'_>, (index, rule): (usize, &Rule), terms: &Silence, findings: &mut Vec<Finding>) {
    let report = terms.topics.iter().find(|(topic, _)| *topic == Topic::Report);
    let said = report.map(|(_, longest)| reporting::judge(scene, terms, longest.length));
    for profile in &rule.profiles {
        for (topic, longest) in &terms.topics {
            let post = Post { scene, index, rule, profile: *profile, channel: channel_of(*topic), window: longest };
            if let Some(said) = said.filter(|_| *topic == Topic::Report) {
                findings.push(of_reports(&post, said));
            } else if *topic == Topic::Groups {
                let groups =
                    groups(scene, rule).map(|whom| finding(&post, terms, *topic, whom, last_of_group(&post, whom)));
                findings.extend(groups);
            } else {
                findings.push(finding(&post, terms, *topic, Whom::EVERYONE, last(scene, *profile, *topic)));
            }
        }
    }
}

fn finding(post: &Post<'_>, terms: &Silence, topic: Topic, whom: Whom, last: Option<EventTime>) -> Finding {
    // What was never heard of is waited for since anything was, or since its profile joined.
    let since = last.or_else(|| post.scene.windows.heard.since(post.profile));
    let silent_for = since.map(|since| terms.calendar.working(since, post.scene.now));
    let too_long = silent_for.is_some_and(|silent_for| silent_for > post.window.length);
    let raised = if terms.is_critical { Verdict::Critical } else { Verdict::Warning };
    let (verdict, reason) = match (last, too_long) {
        (_, true) if last.is_some() => (raised, Reason::Silent),
        (None, true) => (raised, Reason::NeverHeard),
        (None, _) => (Verdict::InsufficientData, Reason::NeverHeard),
        _ => (Verdict::Within, Reason::Heard),
    };
    let found = post.finding(Saying { subject: Some(Arc::from(topic.name())), ..Saying::new(whom, verdict, reason) });
    // A silent profile is stale for rules that count. Here its silence is what is found.
    Finding { verdict: Some(verdict), last_heard: last, ..found }
}

/// A report is one for all profiles, and each that the rule watches has a finding of it.
fn of_reports(post: &Post<'_>, (verdict, reason, made): Said) -> Finding {
    let said = Saying::new(Whom::EVERYONE, verdict.unwrap_or(Verdict::InsufficientData), reason);
    let found = post.finding(Saying { subject: Some(Arc::from(Topic::Report.name())), ..said });
    Finding { verdict, last_heard: made, ..found }
}

/// When a topic of all cases was last heard of.
fn last(scene: &Scene<'_>, profile: ProfileId, topic: Topic) -> Option<EventTime> {
    let heard = &scene.windows.heard;
    match topic {
        Topic::RandomControls => heard.last(profile, Channel::Random, Topic::Controls),
        Topic::Watermark => Some(scene.as_of),
        topic => heard.last(profile, Channel::Profile, topic),
    }
}

/// The end of the last hour in which the profile's own channel assessed a case of the group. Of a whole day its beginning:
/// what was silent before its hours were merged must not be heard of again.
fn last_of_group(post: &Post<'_>, whom: Whom) -> Option<EventTime> {
    let given_up = post.scene.windows.heard.last_of_group(post.profile, whom.dimension, whom.group);
    let Some(cell) = post.scene.windows.cell(&post.cell(post.channel, whom, None)) else { return given_up };
    let all = Range::rolling(post.scene.as_of, Span(i64::MAX));
    let assessed = cell.buckets(all).filter(|(_, counts)| counts.assessed > 0);
    let heard = |bucket: Bucket| if bucket.end.since(bucket.start) > Span::HOUR { bucket.start } else { bucket.end };
    assessed.map(|(bucket, _)| heard(bucket).min(post.scene.as_of)).max().or(given_up)
}

const fn channel_of(topic: Topic) -> Channel {
    match topic {
        Topic::RandomControls => Channel::Random,
        _ => Channel::Profile,
    }
}
