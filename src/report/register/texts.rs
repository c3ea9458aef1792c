//! The texts of a registration in both languages. `{}` is a place that is filled.

use crate::render::words::Language;

macro_rules! texts {
    ($($name:ident: $english:literal, $dutch:literal;)*) => {
        /// The texts.
        pub(super) struct Texts;

        impl Texts {
            $(pub(super) const fn $name(language: Language) -> &'static str {
                match language { Language::English => $english, Language::Dutch => $dutch }
            })*
        }

        /// For tests: name, English, Dutch.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $dutch)),*];
    };
}

texts! {
    title: "Algorithm register: entries made of the evaluation of {}", "Algoritmeregister: vermeldingen uit de evaluatie van {}";
    standard: "Fields after the Algorithm Register Metadata Standard, version {}.", "Velden volgens de metadatastandaard van het algoritmeregister, versie {}.";
    open_field: "open: the organisation fills this in", "open: de organisatie vult dit in";
    also_open: "the organisation completes this", "de organisatie vult dit aan";
    period: "Evaluated period: {}, from {} to {}.", "Geëvalueerde periode: {}, van {} tot en met {}.";
    to_date: "To date: the period had not ended, the evaluation goes up to {}.", "Tot op heden: de periode was niet voorbij, de evaluatie gaat tot {}.";
    coverage: "Of {} days {} have numbers.", "Van {} dagen zijn er van {} getallen.";
    unheard: "Nothing was heard of this profile in the period, or too little to be told. That is not the same as nothing being wrong.", "Van dit profiel is in de periode niets vernomen, of te weinig om te vertellen. Dat is iets anders dan dat er niets mis is.";
    watched: "Watched: {}.", "Bewaakt: {}.";
    watched_item: "{} by {} ({}), reference {}", "{} naar {} ({}), referentie {}";
    watched_other: "rule {} ({})", "regel {} ({})";
    thresholds: "Thresholds: {}.", "Drempels: {}.";
    threshold: "rule {}: {} above {} is a warning, above {} critical", "regel {}: {} boven {} is een waarschuwing, boven {} kritiek";
    threshold_low: "rule {}: {} below {} is a warning, below {} critical", "regel {}: {} onder {} is een waarschuwing, onder {} kritiek";
    ratio: "a ratio", "een verhouding";
    difference: "a difference", "een verschil";
    last_evaluation: "Last evaluation: {}.", "Laatste evaluatie: {}.";
    findings: "Findings", "Bevindingen";
    found: "Rule {}: {} ({}), group {} of {} against {}: {}.", "Regel {}: {} ({}), groep {} van {} tegenover {}: {}.";
    found_other: "Rule {}: {}.", "Regel {}: {}.";
    found_subject: "Rule {}, {}: {}.", "Regel {}, {}: {}.";
    by_ratio: "{}, {} {} (interval {} to {})", "{}, {} {} (interval {} tot {})";
    by_difference: "{}, a difference of {} (interval {} to {})", "{}, een verschil van {} (interval {} tot {})";
    points: "{} percentage points", "{} procentpunt";
    as_often: "times as often", "maal zo vaak";
    as_many: "times as many", "maal zo veel";
    as_long: "times as long", "maal zo lang";
    as_high: "times as high", "maal zo hoog";
    as_intensive: "times as intensive", "maal zo intensief";
    as_large: "times as large a share", "maal zo groot een aandeel";
    of_window: "{}; counted over the {} up to {}, as of the period itself nothing is counted", "{}; geteld over {} tot {}, omdat van de periode zelf niets is geteld";
    not_told: "not judged, as nothing was told when the period ended", "niet beoordeeld, omdat er niets gedaan is toen de periode eindigde";
    no_number: "{}; no number may be told, as it would be about too few cases", "{}; een getal mag niet verteld worden, omdat het over te weinig gevallen gaat";
    none_found: "No rule has judged this profile in the period.", "Geen regel heeft dit profiel in de periode beoordeeld.";
    count_of: "{} with verdict {}", "{} met oordeel {}";
    summary: "Judged comparisons and rules: {}.", "Beoordeelde vergelijkingen en regels: {}.";
    not_judged: "not judged", "niet beoordeeld";
    risks: "Disproportionate checks of groups are watched by rules with thresholds that were set beforehand.", "Onevenredige controle van groepen wordt bewaakt met regels en drempels die vooraf zijn vastgelegd.";
    risks_none: "No rule watches this profile for disproportionate checks of groups.", "Geen regel bewaakt dit profiel op onevenredige controle van groepen.";
    human: "Whether a human decides is watched by a rule; its verdict: {}.", "Of een mens beslist wordt bewaakt met een regel; het oordeel: {}.";
    alerts: "Alerts in the period: {}, of which {} still open at its end.", "Meldingen in de periode: {}, waarvan aan het eind nog {} open.";
    owner: "Answerable for the watching: {}.", "Verantwoordelijk voor de bewaking: {}.";
}
