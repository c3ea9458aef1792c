//! Why a verdict of a duty is what it is, in both languages.

use super::text::Language;
use crate::judge::Reason;

impl Language {
    /// What was found, as a sentence.
    pub(crate) fn why(self, reason: Reason) -> &'static str {
        let found = SENTENCES.iter().find(|(known, ..)| *known == reason);
        match (found, self) {
            (Some((_, english, _)), Self::English) => english,
            (Some((_, _, dutch)), Self::Dutch) => dutch,
            // A test asks for the sentence of every reason.
            (None, _) => reason.name(),
        }
    }
}

/// By reason: English and Dutch, in the order of [`Reason::ALL`].
const SENTENCES: [(Reason, &str, &str); 35] = [
    (Reason::Nothing, "Nothing that this rule watches for.", "Niets waar deze regel op let."),
    (Reason::TooFew, "Too few cases to say anything.", "Te weinig gevallen om iets te zeggen."),
    (
        Reason::NoRandomChannel,
        "No case that was picked at random counts yet: there is nothing to compare the profile with.",
        "Er telt nog geen aselect gekozen geval mee: er is niets om het profiel mee te vergelijken.",
    ),
    (
        Reason::RandomChannelTooSmall,
        "Too few cases were picked at random for what is compared with them.",
        "Er zijn te weinig gevallen aselect gekozen voor wat ermee wordt vergeleken.",
    ),
    (
        Reason::ProfileTooSmall,
        "The profile itself has too few cases: no random sample of any size would be enough.",
        "Het profiel zelf heeft te weinig gevallen: geen enkele aselecte steekproef zou genoeg zijn.",
    ),
    (
        Reason::NotSuitable,
        "The profile finds violations less often than chance does.",
        "Het profiel vindt minder vaak overtredingen dan het toeval.",
    ),
    (
        Reason::Shown,
        "The profile finds violations more often than chance does.",
        "Het profiel vindt vaker overtredingen dan het toeval.",
    ),
    (
        Reason::NotShown,
        "An advantage over chance is not shown, although there were enough controls to show one.",
        "Een voordeel boven het toeval is niet aangetoond, hoewel er genoeg controles waren om het te tonen.",
    ),
    (
        Reason::OutcomesMissing,
        "Outcomes of controls are missing: the hit rate may be biased.",
        "Uitkomsten van controles ontbreken: het trefferpercentage kan vertekend zijn.",
    ),
    (
        Reason::OutcomesMissingUnequally,
        "Outcomes are missing more often, or less often, for this group: hit rates cannot be compared.",
        "Voor deze groep ontbreken uitkomsten vaker of juist minder vaak: trefferpercentages zijn niet te vergelijken.",
    ),
    (
        Reason::AutomatedDecision,
        "Cases were selected by automated decision, which the law excludes for checks on violations.",
        "Gevallen zijn geautomatiseerd geselecteerd, wat de wet uitsluit voor controle op overtredingen.",
    ),
    (
        Reason::DeciderUnknown,
        "It is not known who decided: that does not read as a human.",
        "Het is niet bekend wie besliste: dat geldt niet als een mens.",
    ),
    (
        Reason::HumanStepNotMeaningful,
        "Nearly every selection was controlled: the human step changes nothing.",
        "Vrijwel elke selectie is gecontroleerd: de menselijke stap verandert niets.",
    ),
    (
        Reason::BannedCriterion,
        "The profile uses a criterion that is never justified.",
        "Het profiel gebruikt een criterium dat nooit gerechtvaardigd is.",
    ),
    (
        Reason::RestrictedCriterion,
        "The profile uses a criterion that needs a separate reason.",
        "Het profiel gebruikt een criterium waarvoor een aparte reden nodig is.",
    ),
    (
        Reason::ProxyCriterion,
        "The profile uses a criterion that is known to stand for a protected ground.",
        "Het profiel gebruikt een criterium waarvan bekend is dat het voor een beschermde grond staat.",
    ),
    (
        Reason::UnlistedCriterion,
        "The profile uses criteria that are on no list: nobody has judged them yet.",
        "Het profiel gebruikt criteria die op geen lijst staan: niemand heeft ze nog beoordeeld.",
    ),
    (
        Reason::CriteriaUnknown,
        "Of too many cases the criteria are not known.",
        "Van te veel gevallen zijn de criteria niet bekend.",
    ),
    (
        Reason::CriterionAssociated,
        "The criterion goes together with this protected dimension: it may stand for it.",
        "Het criterium hangt samen met deze beschermde dimensie: het kan ervoor staan.",
    ),
    (
        Reason::CriterionCarriesDisparity,
        "The criterion goes together with this protected dimension, and would make a disparity by itself.",
        "Het criterium hangt samen met deze beschermde dimensie en zou op zichzelf al een verschil maken.",
    ),
    (Reason::Heard, "Heard of lately.", "Onlangs nog van gehoord."),
    (Reason::Silent, "Not heard of for too long.", "Te lang niets van gehoord."),
    (Reason::NeverHeard, "Never heard of.", "Nooit iets van gehoord."),
    (
        Reason::VersionIsWorse,
        "Under this version of the profile the group fares worse than under the version before it.",
        "Onder deze versie van het profiel is de groep slechter af dan onder de versie ervoor.",
    ),
    (
        Reason::Changing,
        "The disparity of this group is changing, or has changed: something is different from before.",
        "De ongelijkheid van deze groep verandert of is veranderd: er is iets anders dan voorheen.",
    ),
    (
        Reason::ComplaintsUnequal,
        "For as many controls, people of this group complain more often than the rest.",
        "Bij evenveel controles klagen mensen van deze groep vaker dan de rest.",
    ),
    (
        Reason::OverturnedUnequally,
        "Violations found in this group are overturned more often than those of the rest.",
        "Bij deze groep gevonden overtredingen worden vaker herroepen dan die van de rest.",
    ),
    (
        Reason::ComplaintsRise,
        "For as many controls there are more complaints than in the same months of the reference.",
        "Bij evenveel controles zijn er meer klachten dan in dezelfde maanden van de referentie.",
    ),
    (Reason::NotJudged, "Shown for the reader: it is not judged.", "Getoond voor de lezer: er volgt geen oordeel uit."),
    (
        Reason::FeedbackLoop,
        "The group is a rising share of the picked, and what random controls find in it does not rise: the profile may feed itself.",
        "De groep is een stijgend deel van de geselecteerden, en wat aselecte controles bij haar vinden stijgt niet: het profiel voedt mogelijk zichzelf.",
    ),
    (
        Reason::ShareRises,
        "The group is a rising share of the picked, and random controls do not rule out that its violations rose as well.",
        "De groep is een stijgend deel van de geselecteerden, en aselecte controles sluiten niet uit dat haar overtredingen ook stegen.",
    ),
    (
        Reason::Withheld,
        "Its numbers are withheld, so this says nothing about the group.",
        "De aantallen zijn afgeschermd: dit zegt niets over de groep.",
    ),
    (
        Reason::ReportMade,
        "The evaluation report of each period was made in time.",
        "Van elke periode is op tijd een evaluatierapport gemaakt.",
    ),
    (
        Reason::ReportOverdue,
        "The evaluation report of a period that is over was not made in time.",
        "Van een periode die voorbij is, is niet op tijd een evaluatierapport gemaakt.",
    ),
    (
        Reason::ReportNotDue,
        "No evaluation report was made yet, and none is overdue.",
        "Er is nog geen evaluatierapport gemaakt, en er is er geen te laat.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_of_its_own_in_both_languages() {
        assert_eq!(SENTENCES.map(|(reason, ..)| reason), Reason::ALL);
        let mut sentences: Vec<&str> = SENTENCES.iter().flat_map(|(_, english, dutch)| [*english, *dutch]).collect();
        assert!(sentences.iter().all(|sentence| sentence.ends_with('.')));
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), 2 * Reason::ALL.len());
    }
}
