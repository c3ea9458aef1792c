//! The headline of every profile.

use maud::{Markup, html};

use super::mark;
use super::text::{Language, fill};
use crate::alert::AlertState;
use crate::disclosure::{Published, PublishedFinding, PublishedProfile};
use crate::judge::Verdict;

/// Profiles with a headline, at most: the worst. The page says how many it leaves out.
const MAX_PROFILES: usize = 100;

/// The section.
pub(super) fn section(language: Language, published: &Published) -> Markup {
    let mut profiles: Vec<Headline<'_>> =
        published.profiles().iter().map(|profile| Headline::of(profile, published)).collect();
    profiles.sort_by_key(|headline| std::cmp::Reverse(headline.rank()));
    let left_out = profiles.len().saturating_sub(MAX_PROFILES);
    profiles.truncate(MAX_PROFILES);
    html! {
        section aria-labelledby="overview" {
            h2 id="overview" { (language.overview()) }
            ul.profiles { @for headline in &profiles { (headline.card(language)) } }
            @if left_out > 0 {
                p.note { (fill(language.left_out_profiles(), &[&language.count(left_out as u64)])) }
            }
            p.note { (language.overview_note()) }
        }
    }
}

struct Headline<'p> {
    profile: &'p PublishedProfile,
    findings: Vec<&'p PublishedFinding>,
    firing: usize,
}

impl<'p> Headline<'p> {
    fn of(profile: &'p PublishedProfile, published: &'p Published) -> Self {
        let findings = published.findings().iter().filter(|finding| finding.profile == profile.name).collect();
        let firing = published
            .alerts()
            .iter()
            .filter(|alert| alert.state == AlertState::Firing && alert.evidence.profile == profile.name)
            .count();
        Self { profile, findings, firing }
    }

    fn worst(&self) -> Option<Verdict> {
        self.findings.iter().filter_map(|finding| finding.verdict).max()
    }

    /// Whether a comparison of groups has the worst verdict, or a rule of another kind alone.
    fn worst_is_disparity(&self) -> bool {
        let worst = self.worst();
        self.findings.iter().any(|finding| finding.thresholds.is_some() && finding.verdict == worst)
    }

    /// What the profiles are sorted by. A profile without any rule is no more judged than one without data.
    fn rank(&self) -> (Option<Verdict>, usize) {
        let worst = if self.findings.is_empty() { Some(Verdict::InsufficientData) } else { self.worst() };
        (worst, self.firing)
    }

    fn card(&self, language: Language) -> Markup {
        let worst = self.worst();
        let headline = if self.findings.is_empty() {
            language.no_rule()
        } else {
            language.headline(worst, self.worst_is_disparity())
        };
        html! {
            li.card.(mark::class(worst)) {
                h3 { (self.profile.name) }
                @if !self.profile.title.is_empty() && self.profile.title != self.profile.name {
                    p.muted { (self.profile.title) }
                }
                p.headline { (mark::shape(worst)) span { (headline) } }
                @if !self.findings.is_empty() { p.tally { (self.tally(language)) } }
            }
        }
    }

    /// `Critical: 1 of 3 comparisons · Within: 2 of 3 comparisons · 1 alert fires`.
    fn tally(&self, language: Language) -> String {
        let all = language.count(self.findings.len() as u64);
        let verdicts = Verdict::ALL.into_iter().rev().map(Some).chain([None]);
        let counted = verdicts.filter_map(|verdict| {
            let count = self.findings.iter().filter(|finding| finding.verdict == verdict).count();
            let of = fill(language.comparisons_of(), &[&language.count(count as u64), &all]);
            (count > 0).then(|| format!("{}: {of}", language.verdict_word(verdict)))
        });
        let alerts = match self.firing {
            0 => language.alerts_firing_none().to_owned(),
            1 => language.alerts_firing_one().to_owned(),
            more => fill(language.alerts_firing_more(), &[&language.count(more as u64)]),
        };
        counted.chain([alerts]).collect::<Vec<String>>().join(" · ")
    }
}
