//! Whether evidence could have alarmed yet: where it could not, that it has not says nothing.

use crate::evidence::SeriesEvidence;
use crate::plan::EvidencePlan;
use crate::statistics::LOG_WATCH;

/// The blocks from which an association can alarm: what the first one is measured by is only learned from it.
const ASSOCIATION_BLOCKS: u64 = 2;

/// Returns how many more blocks evidence must read before it can alarm. The first one does not count, and any other multiplies the evidence by at most
/// `block_cap`; 0 is no cap.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few blocks")]
pub(super) fn blocks_to_alarm(evidence: &SeriesEvidence, plan: &EvidencePlan) -> u64 {
    let cap = plan.block_cap;
    let least = if cap > 1.0 { (evidence.alarm_at / libm::log(cap)).ceil() as u64 + 1 } else { 1 };
    if evidence.alarmed { 0 } else { least.saturating_sub(evidence.blocks) }
}

/// Returns whether evidence that counts from its first block on, as that of shares, of pairs and of a single rate does, could have alarmed after
/// so many blocks.
pub(super) fn could_alarm(evidence: &SeriesEvidence, blocks: u64, plan: &EvidencePlan) -> bool {
    evidence.alarmed || blocks >= least_blocks(evidence, plan)
}

/// Returns how many more blocks such evidence must read before it can alarm.
pub(super) fn blocks_from_first(evidence: &SeriesEvidence, plan: &EvidencePlan) -> u64 {
    if evidence.alarmed { 0 } else { least_blocks(evidence, plan).saturating_sub(evidence.blocks) }
}

/// Returns how many more blocks the evidence of an association must read before it can alarm. It has no cap.
pub(super) const fn blocks_of_association(evidence: &SeriesEvidence) -> u64 {
    if evidence.alarmed { 0 } else { ASSOCIATION_BLOCKS.saturating_sub(evidence.blocks) }
}

/// Returns whether the change detector could have reached the watch list: a block multiplies it, and one more, by at most `block_cap`, and the first
/// does not count.
pub(super) fn could_be_watched(evidence: &SeriesEvidence, plan: &EvidencePlan) -> bool {
    let cap = plan.block_cap;
    if cap <= 1.0 {
        return evidence.blocks > 1;
    }
    let (mut most, mut blocks) = (1.0, 1);
    while libm::log(most) < LOG_WATCH {
        (most, blocks) = (cap * (most + 1.0), blocks + 1);
    }
    evidence.blocks >= blocks
}

/// The least number of blocks with which evidence can alarm, each of which multiplies it by at most `block_cap`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few blocks")]
fn least_blocks(evidence: &SeriesEvidence, plan: &EvidencePlan) -> u64 {
    let cap = plan.block_cap;
    if cap > 1.0 { ((evidence.alarm_at / libm::log(cap)).ceil() as u64).max(1) } else { 1 }
}
