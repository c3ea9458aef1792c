//! Every text of the page, in both languages. `{}` is a place that [`fill`] fills.

use crate::alert::{AlertState, Severity};
use crate::judge::{Stage, Verdict};
use crate::plan::{Cause, Channel, Indicator};

/// The language of a page or a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, with numbers as in 1,234.5.
    English,
    /// Dutch, with numbers as in 1.234,5.
    Dutch,
}

/// The languages with their codes and their own names.
pub(crate) const LANGUAGES: [(Language, &str, &str); 2] =
    [(Language::English, "en", "English"), (Language::Dutch, "nl", "Nederlands")];

impl Language {
    /// The code of the language, as in `lang` attributes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Dutch => "nl",
        }
    }

    /// The language of a code, with or without a region ("nl-BE").
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        let primary = code.split('-').next().unwrap_or_default();
        let known = LANGUAGES.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(primary))?;
        Some(known.0)
    }

    const fn choose(self, english: &'static str, dutch: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Dutch => dutch,
        }
    }
}

/// Fills the places of a text in order.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut parts = text.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        filled.push_str(values.get(index).copied().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}

macro_rules! texts {
    ($($name:ident: $english:literal, $dutch:literal;)*) => {
        impl Language {
            $(pub(crate) const fn $name(self) -> &'static str {
                self.choose($english, $dutch)
            })*
        }

        /// For tests: name, English, Dutch.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $dutch)),*];
    };
}

texts! {
    title: "Status of risk profiling", "Stand van de risicoprofilering";
    skip: "Skip to the content", "Naar de inhoud";
    as_of: "Windows end at", "Vensters eindigen op";
    released_at: "numbers are rounded, and as of", "getallen zijn afgerond, en van";
    evaluated_ago: "evaluated {} ago", "{} geleden beoordeeld";
    configuration: "configuration", "configuratie";
    languages: "Language", "Taal";
    sections: "On this page", "Op deze pagina";
    refresh_on: "Refresh every 30 s", "Elke 30 s verversen";
    refresh_off: "Refreshes every {} s. Stop", "Ververst elke {} s. Stoppen";
    not_ready: "Not ready", "Niet gereed";
    not_ready_why: "What is shown may be incomplete or old. Reason:", "Wat hier staat kan onvolledig of oud zijn. Reden:";
    nothing_yet: "Nothing was evaluated yet.", "Er is nog niets beoordeeld.";
    overview: "Overview", "Overzicht";
    overview_note:
        "“Within” means: no evidence beyond the threshold. It never says that a profile treats people equally, and too little data or silence is not compliance.",
        "“Binnen” betekent: geen bewijs voorbij de drempel. Het zegt nooit dat een profiel mensen gelijk behandelt, en te weinig gegevens of stilte is geen naleving.";
    no_rule: "No rule judges this profile.", "Geen regel beoordeelt dit profiel.";
    comparisons_of: "{} of {} comparisons", "{} van {} vergelijkingen";
    alerts_firing_one: "1 alert fires", "1 alarm actief";
    alerts_firing_more: "{} alerts fire", "{} alarmen actief";
    alerts_firing_none: "no alert fires", "geen alarm actief";
    headline_critical: "Evidence of a disparity beyond the critical threshold", "Bewijs van een verschil voorbij de kritieke drempel";
    headline_warning: "Evidence of a disparity beyond the warning threshold", "Bewijs van een verschil voorbij de waarschuwingsdrempel";
    headline_duty_critical: "A duty is not met, or evidence says so", "Aan een plicht is niet voldaan, of er is bewijs voor";
    headline_duty_warning: "A duty needs attention", "Een plicht vraagt aandacht";
    headline_within: "No evidence beyond a threshold", "Geen bewijs voorbij een drempel";
    headline_insufficient: "Not enough data for a judgement", "Te weinig gegevens voor een oordeel";
    headline_incomplete: "Too many cases are missing for a judgement", "Er ontbreken te veel gevallen voor een oordeel";
    headline_stale: "No recent events: nothing can be said", "Geen recente gebeurtenissen: er valt niets te zeggen";
    headline_unjudged: "Shown, not judged", "Getoond, niet beoordeeld";
    critical: "Critical", "Kritiek";
    warning: "Warning", "Waarschuwing";
    within: "Within", "Binnen";
    insufficient: "Not enough data", "Te weinig gegevens";
    incomplete: "Incomplete", "Onvolledig";
    missing: "missing: {} of the group, {} of the reference; largest cause: {}", "ontbreekt: {} van de groep, {} van de referentie; grootste oorzaak: {}";
    missing_bounds: "with them the ratio is from {} to {}", "met hen is de verhouding van {} tot {}";
    without_limit: "no limit", "onbegrensd";
    cause_late: "late", "te laat";
    cause_no_group: "no group", "geen groep";
    cause_unlisted_group: "group on no list", "groep op geen lijst";
    cause_released: "let go before its membership came", "losgelaten voordat de groep bekend was";
    cause_conflict: "conflict", "conflict";
    cause_dropped: "dropped by a limit", "verworpen door een limiet";
    cause_impossible_counts: "counts that cannot be", "onmogelijke aantallen";
    cause_no_stratum: "without a value to compare like with like", "zonder waarde om gelijken te vergelijken";
    cause_no_value: "nothing is known of how it was handled", "niet bekend hoe het is behandeld";
    mean: "on average", "gemiddeld";
    unit_minutes: " min", " min";
    of_cases: "of {} cases", "van {} zaken";
    unnamed: "unnamed", "zonder naam";
    kind_cases: "{}: {} against {}", "{}: {} tegen {}";
    mix_p_value: "p-value of equal shares: {}", "p-waarde van gelijke aandelen: {}";
    cause_unmatched: "controlled, without a selection", "gecontroleerd, zonder selectie";
    stale: "Stale", "Verouderd";
    unjudged: "Not judged", "Niet beoordeeld";
    alerts: "Alerts", "Alarmen";
    no_open_alert: "No alert is open. That is no proof of equal treatment.", "Er staat geen alarm open. Dat bewijst geen gelijke behandeling.";
    ended_alerts: "Ended alerts ({})", "Beëindigde alarmen ({})";
    state_pending: "pending", "in afwachting";
    state_firing: "firing", "actief";
    state_resolved: "resolved", "opgelost";
    state_inactive: "never fired", "nooit afgegaan";
    since: "Condition holds since", "Voorwaarde geldt sinds";
    fired_at: "Fired at", "Afgegaan op";
    resolved_at: "Resolved at", "Opgelost op";
    alert_id: "Alert id", "Alarmnummer";
    owner: "Owner", "Verantwoordelijke";
    action: "Action", "Actie";
    runbook: "Runbook", "Draaiboek";
    see_finding: "See the comparison", "Zie de vergelijking";
    findings: "Comparisons", "Vergelijkingen";
    no_findings: "There is nothing to compare.", "Er is niets te vergelijken.";
    findings_caption:
        "Rule {}, profile {}, by {}: {}, each group against its reference.",
        "Regel {}, profiel {}, naar {}: {}, elke groep tegenover haar referentie.";
    duties: "Duties", "Plichten";
    duties_note:
        "These rules watch what else the duty of care asks. They give evidence, not a legal judgement.",
        "Deze regels bewaken wat de zorgplicht verder vraagt. Ze geven bewijs, geen juridisch oordeel.";
    duties_caption: "Rule {}, profile {}: what it watches, and what it found.", "Regel {}, profiel {}: wat hij bewaakt en wat hij vond.";
    about: "About", "Over";
    all_cases: "all cases", "alle gevallen";
    found: "Found", "Gevonden";
    outcomes_range: "missing outcomes could make it {} to {}", "ontbrekende uitkomsten kunnen het {} tot {} maken";
    outcomes_sensitive: "sensitive: missing outcomes could make it {} to {}, beyond the critical threshold", "gevoelig: ontbrekende uitkomsten kunnen het {} tot {} maken, voorbij de kritieke drempel";
    interaction: "{} times what its parts make together", "{} keer wat de delen samen maken";
    association: "Cramér’s V {} ({} – {})", "Cramérs V {} ({} – {})";
    last_heard: "last heard of", "laatst van gehoord";
    compared_with: "Compared with", "Vergeleken met";
    ratio_of_missing: "Ratio of missing outcomes", "Verhouding van ontbrekende uitkomsten";
    shown_evidence: "for an advantage: {} (shown at {})", "voor een voordeel: {} (aangetoond bij {})";
    channel_profile: "picked by the profile", "gekozen door het profiel";
    channel_random: "picked at random", "aselect gekozen";
    channel_signal: "picked after a signal", "gekozen na een signaal";
    channel_manual: "picked by hand", "met de hand gekozen";
    harm_high: "a ratio above 1 is worse for the group", "een verhouding boven 1 is slechter voor de groep";
    harm_low: "a ratio below 1 is worse for the group", "een verhouding onder 1 is slechter voor de groep";
    thresholds: "warning beyond {}, critical beyond {}", "waarschuwing voorbij {}, kritiek voorbij {}";
    measure_ratio: "thresholds on the ratio", "drempels op de verhouding";
    measure_difference: "thresholds on the difference of rates, in percentage points", "drempels op het verschil tussen frequenties, in procentpunten";
    group: "Group", "Groep";
    against: "against {}", "tegenover {}";
    window: "Window", "Venster";
    group_rate: "Group rate", "Frequentie groep";
    reference_rate: "Reference rate", "Frequentie referentie";
    group_values: "Values of the group", "Waarden groep";
    reference_values: "Values of the reference", "Waarden referentie";
    n_of_m: "{} of {}", "{} van {}";
    ratio: "Ratio", "Verhouding";
    interval: "{} interval", "{}-interval";
    interval_plot: "Interval on a logarithmic scale", "Interval op een logaritmische schaal";
    shares: "rates are shares of all who were picked: by the profile, and at random", "frequenties zijn aandelen van allen die gekozen zijn: door het profiel, en aselect";
    crude: "crude {}", "ruw {}";
    within_strata: "within {}", "binnen {}";
    reversal: "reversed within {}", "omgekeerd binnen {}";
    difference: "difference {} points", "verschil {} punten";
    verdict: "Verdict", "Oordeel";
    needs: "{} more cases needed", "nog {} gevallen nodig";
    evidence: "Evidence", "Bewijs";
    evidence_one_in: "1 in {}", "1 op {}";
    evidence_none: "none so far", "nog geen";
    evidence_alarm_at: "alarm at 1 in {}", "alarm bij 1 op {}";
    evidence_alarmed: "has alarmed", "heeft alarm gegeven";
    evidence_watched: "on the watch list", "op de volglijst";
    evidence_beyond: "beyond critical: {}", "voorbij kritiek: {}";
    evidence_other: "by the interval", "op het interval";
    evidence_note:
        "Evidence “1 in N”: if the group were not treated worse, evidence this strong would ever come up with a chance of at most 1 in N, however often anybody looks.",
        "Bewijs “1 op N”: als de groep niet slechter werd behandeld, zou zo sterk bewijs ooit opduiken met een kans van hoogstens 1 op N, hoe vaak men ook kijkt.";
    probabilistic: "{} more cases with the group known only as probabilities: ratio {} weighted, {} by regression", "nog {} gevallen waarvan de groep alleen als kans bekend is: verhouding {} gewogen, {} door regressie";
    withheld: "withheld", "afgeschermd";
    withheld_note: "Withheld: fewer cases than may be shown.", "Afgeschermd: minder gevallen dan getoond mogen worden.";
    withheld_verdicts:
        "Where numbers are withheld, no verdict is told but one that evidence over time has raised: “Not enough data” then says nothing about the group.",
        "Waar getallen zijn afgeschermd, staat alleen een oordeel dat bewijs over de tijd heeft gegeven: “Te weinig gegevens” zegt dan niets over de groep.";
    unknown: "unknown", "onbekend";
    plot_ratio: "Ratio {}, interval {} to {}.", "Verhouding {}, interval {} tot {}.";
    plot_scale: "Line of equality at 1; warning at {}, critical at {}.", "Lijn van gelijkheid bij 1; waarschuwing bij {}, kritiek bij {}.";
    plot_scale_plain: "Line of equality at 1.", "Lijn van gelijkheid bij 1.";
    plot_nothing: "No ratio to draw.", "Geen verhouding om te tekenen.";
    axis: "Scale of the ratio: {}.", "Schaal van de verhouding: {}.";
    no_limit: "no limit", "geen grens";
    left_out_rows: "{} comparisons are not shown here; all are in the JSON.", "{} vergelijkingen staan hier niet; alle staan in de JSON.";
    left_out_alerts: "{} alerts are not shown here; all are in the JSON.", "{} alarmen staan hier niet; alle staan in de JSON.";
    left_out_profiles:
        "{} profiles are not shown here: those whose verdicts rank lowest. Their comparisons are in the JSON.",
        "{} profielen staan hier niet: die met de laagste oordelen. Hun vergelijkingen staan in de JSON.";
    left_out_funnel: "{} groups are not shown here; see the JSON.", "{} groepen staan hier niet; zie de JSON.";
    left_out_partitions: "{} partitions are not shown here; all are in the metrics.", "{} partities staan hier niet; alle staan in de metrieken.";
    unlisted: "Groups on no list", "Groepen op geen lijst";
    unlisted_note:
        "No comparison counts these cases. List the group, or make its name an alias of the group that it stands for.",
        "Geen vergelijking telt deze gevallen. Zet de groep op de lijst, of maak haar naam een alias van de groep waar zij voor staat.";
    unlisted_caption: "Values that events write, with their cases within the history", "Waarden in gebeurtenissen, met hun gevallen binnen de bewaartijd";
    unlisted_dimension_name: "Dimension", "Dimensie";
    unlisted_value: "Value", "Waarde";
    unlisted_resembles: "Resembles", "Lijkt op";
    unlisted_cases: "Cases", "Gevallen";
    unlisted_others: "values that are not named", "waarden die niet genoemd worden";
    unlisted_left_out: "{} values are not shown here; all are in the JSON.", "{} waarden staan hier niet; alle staan in de JSON.";
    unlisted_dimension:
        "Events write the dimension “{}”, which is on no list and resembles “{}”. It is not read.",
        "Gebeurtenissen schrijven de dimensie “{}”, die op geen lijst staat en op “{}” lijkt. Zij wordt niet gelezen.";
    funnel: "Funnel", "Trechter";
    funnel_note:
        "Cases that have reached each stage, with their share of the stage before, and how many times as often as the reference (×). The ratios of selected and controlled multiply to that of the control frequency: they show where a disparity arises.",
        "Gevallen die elke fase bereikt hebben, met hun aandeel van de fase ervoor, en hoeveel maal zo vaak als de referentie (×). De verhoudingen van geselecteerd en gecontroleerd vermenigvuldigen tot die van de controlefrequentie: ze tonen waar een verschil ontstaat.";
    funnel_caption: "Profile {}, {}, by {}, window {}; reference: {}", "Profiel {}, {}, naar {}, venster {}; referentie: {}";
    other_windows: "Other windows", "Andere vensters";
    no_funnel: "Nothing was counted yet.", "Er is nog niets geteld.";
    risk_class: "Risk class", "Risicoklasse";
    within_class: "within class", "binnen de klasse";
    control_ratio: "Ratio of control frequencies", "Verhouding van controlefrequenties";
    is_reference: "reference", "referentie";
    stage_assessed: "Assessed", "Beoordeeld";
    stage_selected: "Selected", "Geselecteerd";
    stage_controlled: "Controlled", "Gecontroleerd";
    stage_concluded: "Concluded", "Afgerond";
    stage_hit: "Hit", "Treffer";
    health: "Input and state", "Invoer en toestand";
    ready: "Readiness", "Gereedheid";
    is_ready: "ready", "gereed";
    watermark: "Watermark", "Watermerk";
    age: "{} old", "{} oud";
    ahead: "{} ahead of the clock", "{} voor op de klok";
    lag: "Records not read yet", "Nog niet gelezen records";
    events_read: "Events read", "Gelezen gebeurtenissen";
    waiting: "Cases that wait for their selection", "Gevallen die op hun selectie wachten";
    open_cases: "Open cases", "Open gevallen";
    dead_letters: "Dead letters", "Onbestelbare berichten";
    dead_letters_of: "{} delivered, {} refused, {} on their way", "{} bezorgd, {} geweigerd, {} onderweg";
    checkpoint: "Last checkpoint", "Laatste controlepunt";
    checkpoint_of: "{} ago; {} written, {} failed", "{} geleden; {} geschreven, {} mislukt";
    fault: "Faults", "Storingen";
    audit: "Audit log", "Auditlogboek";
    no_fault: "none", "geen";
    client_errors: "{} errors of the Kafka client, {} reconnects", "{} fouten van de Kafka-client, {} keer opnieuw verbonden";
    reload: "Configuration", "Configuratie";
    reload_ok: "what is in force is what was read last", "wat geldt is wat het laatst gelezen is";
    reload_refused: "the last reload was refused: what is in force is not what is in the file", "de laatste herlading is geweigerd: wat geldt is niet wat in het bestand staat";
    partitions_caption: "What is read of each partition", "Wat van elke partitie gelezen is";
    topic: "Topic", "Topic";
    partition: "Partition", "Partitie";
    next_offset: "Next offset", "Volgende offset";
    newest: "Newest event", "Nieuwste gebeurtenis";
    idle: "idle", "stil";
    events_caption: "Events by type and what became of them", "Gebeurtenissen naar soort en wat ermee gebeurde";
    event_type: "Type", "Soort";
    event_result: "Result", "Uitkomst";
    event_count: "Events", "Gebeurtenissen";
    mappings_caption: "What became of the records that mappings read, since the start", "Wat er werd van de records die afbeeldingen lezen, sinds de start";
    mapping: "Mapping", "Afbeelding";
    records: "Records", "Records";
    mapped: "Mapped", "Afgebeeld";
    mapped_events: "Events", "Gebeurtenissen";
    unmapped: "No condition holds", "Geen voorwaarde geldt";
    unchanged: "Unchanged", "Ongewijzigd";
    deleted: "Deleted", "Verwijderd";
    refused: "Refused", "Geweigerd";
    rejections_caption: "Rejected events by reason", "Geweigerde gebeurtenissen naar reden";
    reason: "Reason", "Reden";
    no_event: "no event yet", "nog geen gebeurtenis";
    same_as_json: "The same for machines", "Hetzelfde voor machines";
    evaluation: "evaluation", "beoordeling";
    metrics: "metrics", "metrieken";
    all_times: "All times are UTC.", "Alle tijden zijn UTC.";
    rest: "the rest", "de rest";
    lowest: "the most favoured group", "de gunstigste groep";
    random: "the random channel", "het aselecte kanaal";
    overall: "everybody", "iedereen";
    days: "{} d", "{} d";
    hours: "{} h", "{} u";
    minutes: "{} min", "{} min";
    seconds: "{} s", "{} s";
}

impl Language {
    /// The word for a verdict; `None` stands for a comparison that is not judged.
    pub(crate) const fn verdict_word(self, verdict: Option<Verdict>) -> &'static str {
        match verdict {
            Some(Verdict::Critical) => self.critical(),
            Some(Verdict::Warning) => self.warning(),
            Some(Verdict::Within) => self.within(),
            Some(Verdict::InsufficientData) => self.insufficient(),
            Some(Verdict::Stale) => self.stale(),
            Some(Verdict::Incomplete) => self.incomplete(),
            None => self.unjudged(),
        }
    }

    /// Why cases are missing.
    pub(crate) const fn cause_word(self, cause: Cause) -> &'static str {
        match cause {
            Cause::Late => self.cause_late(),
            Cause::NoGroup => self.cause_no_group(),
            Cause::UnlistedGroup => self.cause_unlisted_group(),
            Cause::Released => self.cause_released(),
            Cause::Conflict => self.cause_conflict(),
            Cause::Dropped => self.cause_dropped(),
            Cause::ImpossibleCounts => self.cause_impossible_counts(),
            Cause::Unmatched => self.cause_unmatched(),
            Cause::NoStratum => self.cause_no_stratum(),
            Cause::NoValue => self.cause_no_value(),
        }
    }

    /// The headline of a profile with this worst verdict.
    pub(crate) const fn headline(self, verdict: Option<Verdict>, is_disparity: bool) -> &'static str {
        match verdict {
            Some(Verdict::Critical) if !is_disparity => self.headline_duty_critical(),
            Some(Verdict::Warning) if !is_disparity => self.headline_duty_warning(),
            Some(Verdict::Critical) => self.headline_critical(),
            Some(Verdict::Warning) => self.headline_warning(),
            Some(Verdict::Within) => self.headline_within(),
            Some(Verdict::InsufficientData) => self.headline_insufficient(),
            Some(Verdict::Stale) => self.headline_stale(),
            Some(Verdict::Incomplete) => self.headline_incomplete(),
            None => self.headline_unjudged(),
        }
    }

    /// An alert's severity.
    pub(crate) const fn severity_word(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Critical => self.critical(),
            Severity::Warning => self.warning(),
        }
    }

    /// An alert's state.
    pub(crate) const fn state_word(self, state: AlertState) -> &'static str {
        match state {
            AlertState::Pending => self.state_pending(),
            AlertState::Firing => self.state_firing(),
            AlertState::Resolved => self.state_resolved(),
            AlertState::Inactive => self.state_inactive(),
        }
    }

    /// A stage of the funnel.
    pub(crate) const fn stage(self, stage: Stage) -> &'static str {
        match stage {
            Stage::Assessed => self.stage_assessed(),
            Stage::Selected => self.stage_selected(),
            Stage::Controlled => self.stage_controlled(),
            Stage::Concluded => self.stage_concluded(),
            Stage::Hit => self.stage_hit(),
        }
    }

    /// What an indicator measures.
    pub(crate) const fn indicator(self, indicator: Option<Indicator>) -> &'static str {
        let Some(indicator) = indicator else { return "" };
        match indicator {
            Indicator::SelectionRate => {
                self.choose("selected, of those assessed", "geselecteerd, van wie beoordeeld is")
            }
            Indicator::ControlFrequency => {
                self.choose("controlled, of those assessed", "gecontroleerd, van wie beoordeeld is")
            }
            Indicator::HitRate => {
                self.choose("hits, of the concluded controls", "treffers, van de afgeronde controles")
            }
            Indicator::UnfoundedRate => self
                .choose("controlled for nothing, of those assessed", "voor niets gecontroleerd, van wie beoordeeld is"),
            Indicator::FollowThrough => {
                self.choose("controlled, of those selected", "gecontroleerd, van wie geselecteerd is")
            }
            Indicator::OutcomeCoverage => {
                self.choose("concluded, of those controlled", "afgerond, van wie gecontroleerd is")
            }
            Indicator::OverturnRate => self.choose("overturned, of the hits", "herroepen, van de treffers"),
            Indicator::ComplaintRate => {
                self.choose("complaints, of those controlled", "klachten, van wie gecontroleerd is")
            }
            Indicator::Intensity => {
                self.choose("intensity of the controls of a case", "intensiteit van de controles van een zaak")
            }
            Indicator::Duration => {
                self.choose("minutes that controls took of a case", "minuten die controles per zaak duurden")
            }
            Indicator::SanctionAmount => {
                self.choose("amount of the sanctions of a hit", "bedrag van de sancties per treffer")
            }
            Indicator::SanctionRate => self.choose("sanctioned, of the hits", "met sanctie, van de treffers"),
            Indicator::StrictRate => self
                .choose("strictly controlled, of those controlled", "streng gecontroleerd, van wie gecontroleerd is"),
        }
    }

    /// The word for a channel: how cases came up.
    pub(crate) fn channel(self, channel: &str) -> &'static str {
        match Channel::of(channel) {
            Some(Channel::Random) => self.channel_random(),
            Some(Channel::Signal) => self.channel_signal(),
            Some(Channel::Manual) => self.channel_manual(),
            // Published channels are always known.
            Some(Channel::Profile) | None => self.channel_profile(),
        }
    }

    /// The words for a reference: one of the configuration's words, or the name of a group.
    pub(crate) fn reference(self, reference: &str) -> &str {
        match reference {
            "rest" => self.rest(),
            "lowest" => self.lowest(),
            "random" => self.random(),
            "overall" => self.overall(),
            group => group,
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
            for claim in ["is fair", "is eerlijk", "no discrimination", "geen discriminatie", "compliant"] {
                assert!(!english.contains(claim) && !dutch.contains(claim), "{name} says {claim:?}");
            }
        }
    }

    #[test]
    fn places_are_filled_in_order() {
        assert_eq!(fill("{} of {}", &["1", "{}"]), "1 of {}");
        assert_eq!(fill("plain", &["1"]), "plain");
    }

    #[test]
    fn a_code_with_a_region_is_its_language() {
        assert_eq!(Language::of_code("nl-BE"), Some(Language::Dutch));
        assert_eq!(Language::of_code("EN"), Some(Language::English));
        assert_eq!(Language::of_code("fr"), None);
    }
}
