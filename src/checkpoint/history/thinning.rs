//! Thins a day: of its releases the last one stays, and every change of a verdict and of an alert.

use super::known::Known;
use super::once::Once;
use crate::disclosure::{KeptEntry, KeptFinding};

/// Thins the entries of a day. `known` is what the history said before the day. Each entry comes with the hashes that it stores. `None` where the day has
/// no release, and so nothing to be thinned.
pub(super) fn thinned(
    (mut known, mut once): (Known, Once),
    mut entries: Vec<(KeptEntry, Vec<u64>)>,
) -> Option<Vec<(KeptEntry, Vec<u64>)>> {
    // What was told twice is no release any more.
    let are_new: Vec<bool> = entries.iter_mut().map(|(entry, told)| once.take(entry, told)).collect();
    let last = entries.iter().rposition(|(entry, _)| entry.is_release)?;
    let mut kept = Vec::new();
    for (index, ((entry, told), is_new)) in entries.into_iter().zip(are_new).enumerate() {
        let is_judged_otherwise =
            |key, row: &KeptFinding| known.findings.get(key).is_none_or(|before| before.is_judged_otherwise(row));
        // The last release has them itself.
        let judged =
            entry.findings.iter().filter(|(key, row)| index != last && is_new && is_judged_otherwise(key, row));
        let changes = KeptEntry {
            is_release: false,
            is_full: false,
            findings: judged.cloned().collect(),
            gone: Vec::new(),
            funnel: Vec::new(),
            funnel_gone: Vec::new(),
            open: Vec::new(),
            quality: Vec::new(),
            ..entry.clone()
        };
        known.apply(&entry, &told);
        if !changes.findings.is_empty() || !changes.transitions.is_empty() {
            kept.push((changes, Vec::new()));
        }
        if index == last {
            let release = KeptEntry { is_full: true, transitions: Vec::new(), ..entry };
            let (findings, funnel) = (known.findings.clone(), known.funnel.clone());
            let open = known.open.values().cloned().collect();
            let full = KeptEntry {
                open,
                findings: findings.into_iter().collect(),
                gone: Vec::new(),
                funnel: funnel.into_iter().collect(),
                funnel_gone: Vec::new(),
                ..release
            };
            kept.push((full, known.told.iter().copied().collect()));
        }
    }
    Some(kept)
}
