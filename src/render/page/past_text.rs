//! The texts of the page about the past of a finding, in both languages. `{}` is a place that [`fill`](super::text::fill) fills.

use super::text::Language;

/// Every text of the page.
pub(crate) struct PastTexts {
    pub title: &'static str,
    pub link: &'static str,
    pub back: &'static str,
    pub period: &'static str,
    pub periods: [(&'static str, u32); 5],
    pub nothing: &'static str,
    pub unreadable: &'static str,
    pub trouble: &'static str,
    pub left_out: &'static str,
    pub passed_over: &'static str,
    pub not_written: &'static str,
    pub about: &'static str,
    pub rates_of: &'static str,
    pub ratio_of: &'static str,
    pub evidence_of: &'static str,
    pub group_line: &'static str,
    pub reference_line: &'static str,
    pub interval_band: &'static str,
    pub ratio_line: &'static str,
    pub equal_line: &'static str,
    pub warning_line: &'static str,
    pub critical_line: &'static str,
    pub evidence_line: &'static str,
    pub alarm_line: &'static str,
    pub mark_line: &'static str,
    pub config_line: &'static str,
    pub from_to: &'static str,
    pub no_number: &'static str,
    pub last: &'static str,
    pub events: &'static str,
    pub no_events: &'static str,
    pub when: &'static str,
    pub what: &'static str,
    pub by: &'static str,
    pub numbers: &'static str,
    pub verdict_only: &'static str,
    pub words: [(&'static str, &'static str); 14],
    pub history: &'static str,
    pub history_of: &'static str,
}

impl Language {
    pub(crate) const fn past(self) -> &'static PastTexts {
        match self {
            Self::English => &ENGLISH,
            Self::Dutch => &DUTCH,
        }
    }
}

const ENGLISH: PastTexts = PastTexts {
    title: "Over time",
    link: "over time",
    back: "Back to the status page",
    period: "Period",
    periods: [("7 days", 7), ("30 days", 30), ("90 days", 90), ("1 year", 366), ("everything", 10_000)],
    nothing: "The history has nothing of this comparison in this period.",
    unreadable: "A day cannot be read, and is missing here:",
    trouble: "The history is in trouble:",
    left_out: "{} moments are left out, evenly over the period.",
    passed_over: "The history has {} entries twice, as a file was put back. They are told once.",
    not_written: "{} not written since the start",
    about: "Numbers are those of the releases, and rounded. They stand until the next one. Where none came for long, the line is broken.",
    rates_of: "Rate of the group and of the reference",
    ratio_of: "Ratio with its interval ({}), and the thresholds",
    evidence_of: "Evidence against equality (natural logarithm), and the level of an alarm",
    group_line: "group",
    reference_line: "reference",
    interval_band: "interval",
    ratio_line: "ratio",
    equal_line: "equality (1)",
    warning_line: "warning threshold ({})",
    critical_line: "critical threshold ({})",
    evidence_line: "evidence",
    alarm_line: "level of an alarm ({})",
    mark_line: "something happened to an alert",
    config_line: "another configuration",
    from_to: "From {} to {}. Lowest number drawn: {}; highest: {}. Last: {}. The table below has every number.",
    no_number: "No number can be drawn in this period: none was published, or it is withheld.",
    last: "Last verdict",
    events: "What happened",
    no_events: "Nothing happened to an alert in this period.",
    when: "When",
    what: "What",
    by: "By, and why",
    numbers: "The numbers",
    verdict_only: "verdict alone",
    words: [
        ("pending", "Alert pending"),
        ("firing", "Alert fires"),
        ("severity_changed", "Severity changed"),
        ("resolved", "Alert resolved"),
        ("inactive", "Alert pending no longer"),
        ("ended", "Alert no longer known"),
        ("suspended", "Profile suspended"),
        ("adjusted", "Profile adjusted"),
        ("resumed", "Profile resumed"),
        ("accepted", "Finding accepted"),
        ("acceptance_ended", "Acceptance ended"),
        ("expired", "its time is over"),
        ("beyond_accepted", "it is beyond what was accepted"),
        ("replaced", "a later acceptance is about something else"),
    ],
    history: "History",
    history_of: "{} releases, {} MB",
};

const DUTCH: PastTexts = PastTexts {
    title: "Door de tijd",
    link: "door de tijd",
    back: "Terug naar de statuspagina",
    period: "Periode",
    periods: [("7 dagen", 7), ("30 dagen", 30), ("90 dagen", 90), ("1 jaar", 366), ("alles", 10_000)],
    nothing: "De geschiedenis heeft in deze periode niets van deze vergelijking.",
    unreadable: "Een dag is niet te lezen en ontbreekt hier:",
    trouble: "Er is iets mis met de geschiedenis:",
    left_out: "{} momenten zijn weggelaten, gelijk verdeeld over de periode.",
    passed_over: "De geschiedenis heeft {} vermeldingen dubbel, omdat een bestand is teruggezet. Ze tellen één keer.",
    not_written: "{} niet geschreven sinds de start",
    about: "De getallen zijn die van de publicaties, en afgerond. Ze gelden tot de volgende. Waar er lang geen kwam, is de lijn onderbroken.",
    rates_of: "Aandeel van de groep en van de referentie",
    ratio_of: "Verhouding met haar interval ({}), en de drempels",
    evidence_of: "Bewijs tegen gelijkheid (natuurlijke logaritme), en het niveau van een alarm",
    group_line: "groep",
    reference_line: "referentie",
    interval_band: "interval",
    ratio_line: "verhouding",
    equal_line: "gelijkheid (1)",
    warning_line: "waarschuwingsdrempel ({})",
    critical_line: "kritieke drempel ({})",
    evidence_line: "bewijs",
    alarm_line: "niveau van een alarm ({})",
    mark_line: "er gebeurde iets met een alarm",
    config_line: "een andere configuratie",
    from_to: "Van {} tot {}. Laagste getekende getal: {}; hoogste: {}. Laatste: {}. De tabel hieronder heeft elk getal.",
    no_number: "Er is in deze periode geen getal te tekenen: er is geen gepubliceerd, of het is afgeschermd.",
    last: "Laatste oordeel",
    events: "Wat er gebeurde",
    no_events: "Er gebeurde in deze periode niets met een alarm.",
    when: "Wanneer",
    what: "Wat",
    by: "Door wie, en waarom",
    numbers: "De getallen",
    verdict_only: "alleen het oordeel",
    words: [
        ("pending", "Alarm in afwachting"),
        ("firing", "Alarm actief"),
        ("severity_changed", "Ernst veranderd"),
        ("resolved", "Alarm voorbij"),
        ("inactive", "Alarm niet meer in afwachting"),
        ("ended", "Alarm niet meer bekend"),
        ("suspended", "Profiel stilgelegd"),
        ("adjusted", "Profiel aangepast"),
        ("resumed", "Profiel hervat"),
        ("accepted", "Bevinding aanvaard"),
        ("acceptance_ended", "Aanvaarding voorbij"),
        ("expired", "de termijn is voorbij"),
        ("beyond_accepted", "het is voorbij wat is aanvaard"),
        ("replaced", "een latere aanvaarding gaat over iets anders"),
    ],
    history: "Geschiedenis",
    history_of: "{} publicaties, {} MB",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        let of = |texts: &PastTexts| {
            [
                texts.left_out,
                texts.passed_over,
                texts.not_written,
                texts.ratio_of,
                texts.warning_line,
                texts.critical_line,
                texts.alarm_line,
                texts.from_to,
                texts.history_of,
            ]
            .map(|text| text.matches("{}").count())
        };
        assert_eq!(of(&ENGLISH), of(&DUTCH));
        assert_eq!(ENGLISH.words.map(|word| word.0), DUTCH.words.map(|word| word.0));
        assert_eq!(ENGLISH.periods.map(|period| period.1), DUTCH.periods.map(|period| period.1));
    }
}
