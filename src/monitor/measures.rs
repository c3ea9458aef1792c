//! Takes the measures that events report.

use std::sync::Arc;

use super::core::Monitor;
use super::interface::{Clock, Handled};
use crate::alert::{AlertId, MeasureKey, MeasureSubject, MeasureTaken};
use crate::event::{Event, MeasureReport, Rejection};
use crate::ledger::{Arrival, AttributeTable, Timing};
use crate::plan::invariant::{Room, present};
use crate::plan::{EventTime, PartitionIndex, Plan, nearest};

impl Monitor {
    /// Takes a measure. It takes no part in time: people record what they did when they can, so it moves no watermark and is
    /// never late. Nor is it a sign of life of its profile. A partition with measures alone holds no watermark back.
    pub(super) fn handle_measure(
        &mut self,
        partition: PartitionIndex,
        event: &Event<'_>,
        report: &MeasureReport<'_>,
        now: EventTime,
    ) -> Handled {
        if self.without_measures.contains(&partition) {
            return Handled::Rejected(Rejection::measure_topic());
        }
        if let Some(to) = self.watermark.excuse(partition, now) {
            self.pass_time(to);
        }
        // Where nobody says when a replay ends, its other events do. What was decided after them is known, and has not
        // happened yet.
        if let Clock::Event { as_of: Some(as_of) } = self.clock
            && event.time > as_of
        {
            return Handled::BeyondAsOf;
        }
        if let Some(refused) = self.ahead_of_clock(event.time, now) {
            return refused;
        }
        if let Some(profile) = report.profile.as_deref().filter(|profile| self.plan.profile_id(profile).is_none()) {
            let known = self.plan.profiles.iter().map(|profile| profile.name.as_str());
            return nearest(profile, known)
                .map_or(Handled::UnknownProfile, |near| Handled::Rejected(Rejection::misspelt_profile(near)));
        }
        let watermark = self.watermark.current().unwrap_or(EventTime::MIN);
        match self.tables.ledger.remember(event, &Timing { watermark, seen: watermark, late: false }) {
            Arrival::Duplicate => return Handled::Duplicate,
            Arrival::Mismatched(what) => return Handled::Mismatched(Rejection::mismatched(what)),
            Arrival::Changed | Arrival::Conflict | Arrival::Full => {}
        }
        let subject = subject(report, &self.plan, &self.tables.ledger.attributes);
        if let Some(subject) = present(Room::Monitor, "a measure names an alert or a profile", subject) {
            Arc::make_mut(&mut self.measures).add(subject, taken(event, report), watermark);
        }
        Handled::Accepted
    }
}

fn subject(report: &MeasureReport<'_>, plan: &Plan, attributes: &AttributeTable) -> Option<MeasureSubject> {
    if let Some(number) = report.alert_id {
        return Some(MeasureSubject::Alert(AlertId(number)));
    }
    let profile = report.profile.as_deref()?.to_owned();
    let Some(rule) = report.rule.as_deref() else { return Some(MeasureSubject::Profile(profile)) };
    let dimension = report.dimension.as_deref();
    let group = report.group.as_deref().map(|group| group_name(group, dimension, plan, attributes));
    let (rule, dimension) = (rule.to_owned(), dimension.map(str::to_owned));
    Some(MeasureSubject::Findings { profile, rule, dimension, group })
}

/// The name of a group as the configuration writes it. One that is on no list stays as it is, and matches nothing: not even
/// `other`, as it may be misspelt.
fn group_name(group: &str, dimension: Option<&str>, plan: &Plan, attributes: &AttributeTable) -> String {
    let listed = dimension.and_then(|name| plan.dimension_id(name)).and_then(|id| {
        let listed = attributes.listed_group(id, group)?.group()?;
        plan.dimensions.get(usize::from(id.0))?.groups.get(usize::from(listed.0))
    });
    listed.map_or_else(|| group.to_owned(), Clone::clone)
}

fn taken(event: &Event<'_>, report: &MeasureReport<'_>) -> MeasureTaken {
    MeasureTaken {
        key: MeasureKey { at: event.time, id: event.id.to_string(), source: event.source.to_string() },
        kind: report.kind,
        reason: report.reason.to_string(),
        by: report.by.to_string(),
        until: report.until,
        accepted_ratio: report.accepted_ratio,
    }
}
