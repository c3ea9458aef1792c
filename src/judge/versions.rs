//! In which versions of a profile something was seen.

use super::duty::{Post, Whom};
use super::finding::{SeenVersion, Versions};
use super::sums::CellSums;
use crate::plan::{EventTime, Slot, StratumId};
use crate::window::{Counts, LeftOut, Range};

/// Returns the versions that a stratum of versions has in the window: those that were seen last come first. `unit` counts the cases of a cell, of which
/// there are `all`.
pub(super) fn versions(
    post: &Post<'_>,
    stratum: &str,
    (all, unit): (u64, fn(&Counts) -> u64),
    sums: &mut CellSums,
) -> Option<Versions> {
    let stratum = post.scene.attributes.stratum_id(stratum).filter(|_| all > 0)?;
    let mut seen: Vec<(EventTime, SeenVersion)> = Vec::new();
    for value in post.scene.attributes.stratum_values(stratum) {
        // Beyond the limit on distinct versions they have no name.
        let Some(version) = name(post, stratum, value) else { continue };
        let key = post.cell(post.channel, Whom::EVERYONE, Some((stratum, value)));
        let cases = unit(&post.counts(sums, &key, &LeftOut::default()));
        let last = last_seen(post, (stratum, value), unit).filter(|_| cases > 0);
        seen.extend(last.map(|last| (last, SeenVersion { version: version.to_owned(), cases: Some(cases) })));
    }
    // The order in which they came to the stratum makes no difference.
    seen.sort_by(|(one, of), (other, than)| other.cmp(one).then_with(|| than.version.cmp(&of.version)));
    let left_out = seen.len().saturating_sub(Versions::MOST) as u64;
    let seen: Vec<SeenVersion> = seen.into_iter().take(Versions::MOST).map(|(_, seen)| seen).collect();
    Some(Versions { seen, left_out })
}

fn name<'s>(post: &Post<'s>, stratum: StratumId, value: Slot) -> Option<&'s str> {
    if value == Slot::NONE || value == Slot::OTHER { None } else { post.scene.attributes.stratum_text(stratum, value) }
}

/// The end of the last bucket of the window that has such a case.
fn last_seen(post: &Post<'_>, value: (StratumId, Slot), unit: fn(&Counts) -> u64) -> Option<EventTime> {
    let cell = post.scene.windows.cell(&post.cell(post.channel, Whom::EVERYONE, Some(value)))?;
    let range = Range::rolling(post.scene.as_of, post.window.length);
    cell.buckets(range).filter(|(_, counts)| unit(counts) > 0).map(|(bucket, _)| bucket.end).max()
}
