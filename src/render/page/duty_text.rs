//! The numbers of other kinds than disparity, as sentences in both languages.

use super::text::{Language, fill};
use crate::disclosure::PublishedFinding;
use crate::judge::{Association, Claim, Versions};

impl Language {
    /// In which versions of the profile it was seen, the newest first; nothing where nobody asks.
    pub(crate) fn seen_in(self, versions: Option<&Versions>) -> Option<String> {
        let Versions { seen, left_out } = versions.filter(|versions| !versions.seen.is_empty())?;
        let number = |cases: u64| self.count(cases);
        let one = seen.iter().map(|seen| match seen.cases {
            Some(cases) => format!("{} ({})", seen.version, number(cases)),
            None => seen.version.clone(),
        });
        let older = (*left_out > 0).then(|| fill(self.pair("{} older", "{} oudere"), &[&number(*left_out)]));
        let list: Vec<String> = one.chain(older).collect();
        Some(fill(self.pair("in version: {}", "in versie: {}"), &[&list.join(", ")]))
    }

    /// How strongly a criterion goes together with a dimension.
    pub(crate) fn associated(self, finding: &PublishedFinding) -> Option<Vec<String>> {
        let Association { v, lower, upper, difference, carried, .. } = finding.association?;
        let number = |value: f64| self.decimal(value, 2);
        let mut parts = vec![fill(self.association(), &[&number(v), &number(lower), &number(upper)])];
        if let Some(place) = &finding.contrast {
            let sentence = self.pair("largest difference {}: {} in {}", "grootste verschil {}: {} bij {}");
            parts.push(fill(sentence, &[&number(difference), &place.value, &place.group]));
        }
        let sentence =
            self.pair("by itself it would make a ratio of {}", "op zichzelf zou het een verhouding {} geven");
        parts.extend(carried.map(|carried| fill(sentence, &[&number(carried)])));
        Some(parts)
    }

    /// How much of what it takes to show an advantage is there.
    pub(crate) fn informed(self, claim: &Claim) -> String {
        let number = |value: f64| self.decimal(value, 1);
        let sentence = self.pair("information {} of {}", "informatie {} van {}");
        fill(sentence, &[&number(claim.information), &number(claim.information_needed)])
    }

    const fn pair(self, english: &'static str, dutch: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Dutch => dutch,
        }
    }
}
