//! The numbers of other kinds than disparity, as text for a terminal.

use super::time::rfc3339;
use super::wording::{ABSENT, decimal, named, odds};
use crate::disclosure::PublishedFinding;
use crate::judge::{Association, Claim, Versions};

/// One line for each of its numbers that the table has no column for.
pub(super) fn lines(finding: &PublishedFinding) -> impl Iterator<Item = String> {
    let [versions, association, claim] = [versions_text(finding), association_text(finding), claim_text(finding)];
    let place = format!("{} {} {} {}", finding.rule, finding.profile, named(finding), finding.window);
    let words = [("VERSIONS", versions), ("ASSOCIATION", association), ("ADVANTAGE", claim)];
    words.into_iter().filter_map(move |(word, text)| Some(format!("{word} {place}: {}", text?)))
}

/// The versions in which it was seen, the newest first. Their names come from events, so they are quoted and may not steer a terminal.
fn versions_text(finding: &PublishedFinding) -> Option<String> {
    let Versions { seen, left_out } = finding.versions.as_ref().filter(|versions| !versions.seen.is_empty())?;
    let one = seen.iter().map(|seen| {
        let cases = seen.cases.map_or_else(|| "some".to_owned(), |cases| cases.to_string());
        format!("{:?} ({cases} cases)", seen.version)
    });
    let more = (*left_out > 0).then(|| format!("{left_out} older ones"));
    Some(one.chain(more).collect::<Vec<_>>().join(", "))
}

fn association_text(finding: &PublishedFinding) -> Option<String> {
    let Association { v, lower, upper, difference, difference_near, carried, .. } = finding.association?;
    let place = finding.contrast.as_ref();
    let place = place.map_or_else(String::new, |place| format!(" ({:?} in {:?})", place.value, place.group));
    let carried = carried.map_or_else(|| ABSENT.to_owned(), decimal);
    let sign = if difference > 0.0 { "+" } else { "" };
    let [v, lower, upper, difference, near] = [v, lower, upper, difference, difference_near].map(decimal);
    Some(format!(
        "Cramér\u{2019}s V {v} [{lower}, {upper}]; largest difference {sign}{difference}{place}, beyond {near}; \
         by itself it would make a ratio of {carried}"
    ))
}

fn claim_text(finding: &PublishedFinding) -> Option<String> {
    let Claim { log_e, shown_at, information, information_needed, last_shown } = finding.claim?;
    let last = last_shown.and_then(rfc3339).map_or_else(|| "never shown".to_owned(), |at| format!("last shown {at}"));
    Some(format!(
        "{} (shown at {}); information {information:.1} of {information_needed:.1}; {last}",
        odds(log_e),
        odds(shown_at)
    ))
}
