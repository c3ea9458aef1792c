//! Rule kind `silence`, topic `report`: whether the report of each period that has ended is made in time.

use super::finding::Verdict;
use super::reason::Reason;
use super::scene::Scene;
use crate::plan::{EventTime, Silence, Span};

/// Periods that are looked back at, at most: ten years of months.
const MAX_PERIODS: usize = 120;

/// What is said of reports: the verdict, `None` where nobody tells of them, as in `replay`; why; and when the latest of them was made.
pub(super) type Said = (Option<Verdict>, Reason, Option<EventTime>);

/// Judges the periods that have ended since the first tick at which a rule watched. A report is due `longest`, in working time, after the end of its
/// period.
pub(super) fn judge(scene: &Scene<'_>, terms: &Silence, longest: Span) -> Said {
    let reported = scene.windows.heard.reported();
    let Some(since) = reported.since() else { return (None, Reason::NotJudged, None) };
    let mut period = terms.report_period.before(&terms.report_period.around(scene.now));
    let mut made = None;
    for _ in 0..MAX_PERIODS {
        if period.end() <= since {
            break;
        }
        let made_at = reported.made(&period);
        if made_at.is_none() && terms.calendar.working(period.end(), scene.now) > longest {
            let raised = if terms.is_critical { Verdict::Critical } else { Verdict::Warning };
            return (Some(raised), Reason::ReportOverdue, made);
        }
        made = made.or(made_at);
        period = terms.report_period.before(&period);
    }
    // That of an earlier period says that somebody makes them.
    let made = made.or_else(|| reported.made(&period));
    match made {
        Some(_) => (Some(Verdict::Within), Reason::ReportMade, made),
        None => (Some(Verdict::InsufficientData), Reason::ReportNotDue, None),
    }
}
