//! The words about measures, in both languages. `{}` is a place that [`fill`](super::text::fill) fills.

use super::text::Language;
use crate::alert::AcceptanceEnd;
use crate::plan::MeasureKind;

macro_rules! texts {
    ($($name:ident: $english:literal, $dutch:literal;)*) => {
        impl Language {
            $(pub(crate) const fn $name(self) -> &'static str {
                match self {
                    Self::English => $english,
                    Self::Dutch => $dutch,
                }
            })*
        }

        /// For tests: name, English, Dutch.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $dutch)),*];
    };
}

texts! {
    measures: "Measures taken", "Genomen maatregelen";
    measures_note:
        "What was done about a profile as a whole, and what answers no alert here: of another rule, profile or group than any alert had, or later than the last such alert.",
        "Wat er met een profiel als geheel is gedaan, en wat bij geen alarm hier hoort: van een andere regel, een ander profiel of een andere groep dan enig alarm had, of later dan het laatste zulke alarm.";
    measures_of_profiles: "About a profile", "Over een profiel";
    measures_unmatched: "Without an alert", "Zonder alarm";
    measures_left_out: "{} measures are not shown here; the newest are.", "{} maatregelen staan hier niet; de nieuwste wel.";
    measures_dropped: "{} measures are no longer kept.", "{} maatregelen zijn niet bewaard.";
    measure_suspended: "suspended", "stilgelegd";
    measure_adjusted: "adjusted", "aangepast";
    measure_resumed: "resumed", "hervat";
    accepted: "accepted", "aanvaard";
    acceptance: "Accepted", "Aanvaard";
    acceptance_ended: "No longer accepted", "Niet langer aanvaard";
    still_holds: "It is known, and it still holds.", "Het is bekend, en het geldt nog steeds.";
    decided_by: "by {}", "door {}";
    until: "until", "tot";
    up_to_ratio: "up to a ratio of {}", "tot een verhouding van {}";
    up_to_difference: "up to a difference of {}", "tot een verschil van {}";
    up_to_severity: "as long as its severity does not rise", "zolang de ernst niet toeneemt";
    ended_expired: "the time of its acceptance is over", "de termijn van de aanvaarding is voorbij";
    ended_beyond: "it is beyond what was accepted", "het is voorbij wat is aanvaard";
    measure_not_in_force: "not in force", "niet van kracht";
    beyond_ratio: "{}: a ratio of {}, accepted up to {}", "{}: een verhouding van {}, aanvaard tot {}";
    beyond_difference: "{}: a difference of {}, accepted up to {}", "{}: een verschil van {}, aanvaard tot {}";
    beyond_severity: "{}: critical, accepted as a warning", "{}: kritiek, aanvaard als waarschuwing";
    unknown_name: "The configuration has no such {}.", "De configuratie kent deze naam niet: {}.";
    did_you_mean: "Did you mean {}?", "Bedoelde u {}?";
    word_rule: "rule", "regel";
    word_dimension: "dimension", "dimensie";
    word_group: "group", "groep";
    ended_replaced: "a later acceptance is about something else", "een latere aanvaarding gaat over iets anders";
}

impl Language {
    /// What was done.
    pub(crate) const fn measure_word(self, kind: MeasureKind) -> &'static str {
        match kind {
            MeasureKind::Suspended => self.measure_suspended(),
            MeasureKind::Adjusted => self.measure_adjusted(),
            MeasureKind::Resumed => self.measure_resumed(),
            MeasureKind::Accepted => self.accepted(),
        }
    }

    /// What kind of name it is.
    pub(crate) fn name_word(self, what: &str) -> &'static str {
        match what {
            "dimension" => self.word_dimension(),
            "group" => self.word_group(),
            _ => self.word_rule(),
        }
    }

    /// Why something is no longer accepted.
    pub(crate) const fn acceptance_end(self, end: AcceptanceEnd) -> &'static str {
        match end {
            AcceptanceEnd::Expired => self.ended_expired(),
            AcceptanceEnd::Beyond => self.ended_beyond(),
            AcceptanceEnd::Replaced => self.ended_replaced(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_everything_with_the_same_places() {
        for (name, english, dutch) in ALL {
            assert!(!english.is_empty() && !dutch.is_empty(), "{name}");
            assert_eq!(english.matches("{}").count(), dutch.matches("{}").count(), "{name}");
        }
    }
}
