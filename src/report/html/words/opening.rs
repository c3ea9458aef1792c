//! The texts of the title, of what is missing, and of the summary.

use super::declare::words;
use crate::plan::Indicator;

words! {
    /// Title, what is missing, summary, signature.
    Opening {
        title: "Evaluation of risk profiling", "Evaluatie van risicoprofilering";
        brand: "paritywatch", "paritywatch";
        subtitle: "Report of signals of unequal treatment, and of what could not be judged", "Verslag van signalen van ongelijke behandeling, en van wat niet te beoordelen was";
        from_to: "{} to {}", "{} tot en met {}";
        contents: "Contents", "Inhoud";
        made_of: "Made of", "Gemaakt van";
        of_history: "the history of published numbers", "de geschiedenis van gepubliceerde getallen";
        of_replay: "files of events, read again", "bestanden met gebeurtenissen, opnieuw gelezen";
        days: "Days with numbers", "Dagen met getallen";
        days_of: "{} of {}", "{} van {}";
        releases: "Publications of numbers", "Publicaties van getallen";
        first_last: "First and last", "Eerste en laatste";
        rests_on: "Rests on", "Berust op";
        audit_entries: "{} entries of the audit log {}", "{} regels van het auditlogboek {}";
        no_audit: "no audit log", "geen auditlogboek";

        missing: "What is missing", "Wat ontbreekt";
        missing_note: "This comes first: what is not there cannot speak for a profile.", "Dit staat voorop: wat er niet is, kan niet voor een profiel pleiten.";
        nothing_missing: "Every day of the period has numbers, and everything that was kept could be read.", "Elke dag van de periode heeft getallen, en alles wat is bewaard kon worden gelezen.";
        no_release: "There are no numbers in this period. Nothing can be said about any profile.", "Er zijn in deze periode geen getallen. Er valt over geen enkel profiel iets te zeggen.";
        to_date: "to date", "tot nu toe";
        to_date_note: "The period had not ended: this report is to date, and ends at {} (--as-of {} makes it again). What comes later is not in it.", "De periode was nog niet voorbij: dit is een verslag tot nu toe, dat eindigt op {} (--as-of {} maakt het opnieuw). Wat later komt staat er niet in.";
        unlisted_profile: "Not in the configuration any more: {}.", "Niet meer in de configuratie: {}.";
        days_missing: "{} of {} days have no numbers: {}.", "{} van {} dagen hebben geen getallen: {}.";
        days_ended_early: "Days that end hours earlier than most, each with its last numbers: {}: {}. What came later on them is missing.", "Dagen die uren eerder ophouden dan de meeste, elk met de laatste getallen: {}: {}. Wat er die dagen later kwam ontbreekt.";
        days_silent: "Days on which no event came, or too few to be told: {}: {}. Their numbers are those of the days before.", "Dagen waarop geen gebeurtenis kwam, of te weinig om te vertellen: {}: {}. Hun getallen zijn die van de dagen ervoor.";
        days_more: "and {} more entries", "en nog {} vermeldingen";
        unreadable: "Cannot be read, or is not whole, and is missing here:", "Niet te lezen of niet heel, en ontbreekt hier:";
        unreadable_more: "{} more things cannot be read.", "Nog {} zaken zijn niet te lezen.";
        withheld_some: "Findings with withheld numbers: {} of {}. There are so few cases that somebody could be recognised, or such numbers would follow.", "Bevindingen met afgeschermde getallen: {} van {}. Er zijn zo weinig gevallen dat iemand herkenbaar zou zijn, of zulke getallen zouden eruit volgen.";
        not_of_period: "Findings that count a rolling window which ended with the period, as there are no counts of the period itself: {} of {}. Each says so.", "Bevindingen die een doorlopend venster tellen dat met de periode eindigde, omdat er van de periode zelf geen tellingen zijn: {} van {}. Dat staat er telkens bij.";
        not_at_end: "Findings that were gone before the end of the period: {} of {}. Each says when it was last told.", "Bevindingen die er voor het eind van de periode niet meer waren: {} van {}. Er staat telkens bij wanneer ze het laatst zijn gepubliceerd.";
        no_such_period: "Of days that are no month, quarter or year nothing is counted by itself. What is told of them are rolling windows that ended with them, and that may reach back before them.", "Van dagen die geen maand, kwartaal of jaar zijn wordt niets apart geteld. Wat erover is verteld zijn doorlopende vensters die ermee eindigden, en die ervoor begonnen kunnen zijn.";
        events_unknown: "How many events came in the period is not known: no readable day before it says how many had come until then.", "Hoeveel gebeurtenissen er in de periode kwamen is niet bekend: geen leesbare dag ervoor zegt hoeveel er tot dan waren.";
        unread_details: "Rows whose details cannot be read, and are missing here: {}.", "Regels waarvan de bijzonderheden niet te lezen zijn, en hier ontbreken: {}.";
        gaps_accepted: "Gaps in the data that an operator accepted: {}. See Data quality.", "Gaten in de gegevens die een beheerder accepteerde: {}. Zie Kwaliteit van de gegevens.";
        no_findings_of: "Nothing was found out about: {}. No rule judges it, or no event of it came.", "Er is niets vastgesteld over: {}. Geen regel beoordeelt het, of er kwam geen gebeurtenis van.";
        of_files_note: "Made of files, with numbers withheld for this report alone. Beside other numbers of the same cases, of the daemon or of another replay, it must not be published: their difference could tell of few people.", "Gemaakt van bestanden, met getallen die voor dit verslag alleen zijn afgeschermd. Naast andere getallen over dezelfde gevallen, van de daemon of van een andere herhaling, mag het niet worden gepubliceerd: het verschil kan iets zeggen over enkele mensen.";
        no_audit_note: "The report rests on no audit log: its alerts, configurations and files cannot be held against a signed list.", "Het verslag berust op geen auditlogboek: zijn alarmen, configuraties en bestanden zijn niet naast een ondertekende lijst te leggen.";
        audit_problem: "The audit log does not stand behind this report, or not behind all of it:", "Het auditlogboek staat niet achter dit verslag, of niet achter alles:";

        summary: "Summary", "Samenvatting";
        watched: "What was watched", "Wat is bewaakt";
        watched_one: "One profile was watched, by {} comparisons of groups and {} checks of other duties.", "Eén profiel is bewaakt, met {} vergelijkingen van groepen en {} toetsen van andere plichten.";
        watched_more: "{} profiles were watched, by {} comparisons of groups and {} checks of other duties.", "{} profielen zijn bewaakt, met {} vergelijkingen van groepen en {} toetsen van andere plichten.";
        watched_none: "No profile was watched.", "Er is geen profiel bewaakt.";
        found: "What was found", "Wat is gevonden";
        found_counts: "At the end of the period: critical findings {}, warnings {}, within the thresholds {}, could not be judged {}.", "Aan het eind van de periode: kritieke bevindingen {}, waarschuwingen {}, binnen de drempels {}, niet te beoordelen {}.";
        found_more: "{} more stand in the chapters of the profiles.", "Nog {} staan in de hoofdstukken van de profielen.";
        found_none: "What could be judged ({} of {}) gave no evidence beyond a threshold. That does not show that people are treated equally.", "Wat te beoordelen was ({} van {}) gaf geen bewijs voorbij een drempel. Dat toont niet aan dat mensen gelijk worden behandeld.";
        found_nothing_judged: "Nothing could be judged. This report therefore says nothing about equal treatment, neither for nor against.", "Er was niets te beoordelen. Dit verslag zegt daarom niets over gelijke behandeling, voor noch tegen.";
        not_judged: "What could not be judged, and why", "Wat niet te beoordelen was, en waarom";
        all_judged: "Every finding could be judged.", "Elke bevinding was te beoordelen.";
        why_too_few: "Too few cases yet: {}.", "Nog te weinig gevallen: {}.";
        why_too_few_needed: "Too few cases yet: {}. Up to {} more are needed.", "Nog te weinig gevallen: {}. Er zijn er nog hoogstens {} nodig.";
        why_withheld: "Numbers withheld: {}. Nothing can be said about these groups.", "Getallen afgeschermd: {}. Over deze groepen valt niets te zeggen.";
        why_incomplete: "Too many cases missing: {}. Largest causes: {}.", "Te veel gevallen ontbreken: {}. Grootste oorzaken: {}.";
        why_not_told: "Nothing was told when the period ended, so no verdict stood then: {}.", "Toen de periode eindigde is er niets gepubliceerd, zodat er geen oordeel gold: {}.";
        why_reason: "{} Findings: {}.", "{} Bevindingen: {}.";
        why_stale: "No recent events: {}.", "Geen recente gebeurtenissen: {}.";
        why_unjudged: "Shown for the reader only, as their rules give no verdict: {}.", "Alleen getoond, omdat hun regels geen oordeel geven: {}.";
        happened: "What happened about it", "Wat ermee is gedaan";
        alerts_none: "No alert was open in the period. That is no proof of equal treatment.", "Er stond in de periode geen alarm open. Dat bewijst geen gelijke behandeling.";
        alerts_some: "Alerts open in the period: {}. Still open at its end: {}. Measures reported about them: {}.", "Alarmen open in de periode: {}. Nog open aan het eind: {}. Gemelde maatregelen daarover: {}.";
        measures_of_profiles: "Measures reported about a profile as a whole: {}. They stand in its chapter.", "Gemelde maatregelen over een profiel als geheel: {}. Ze staan in het hoofdstuk ervan.";
        alerts_unanswered: "Open alerts without a reported measure: {}.", "Open alarmen zonder gemelde maatregel: {}.";
        per_profile: "Findings by profile, at the end of the period", "Bevindingen per profiel, aan het eind van de periode";
        profile: "Profile", "Profiel";
        not_judged_short: "Not judged", "Niet beoordeeld";
        alerts_open: "Open alerts", "Open alarmen";
        worst: "Worst", "Zwaarste";
        no_legal: "The report gives evidence. Whether a difference is justified, and whether the law is kept, is for the one who signs to judge.", "Het verslag geeft bewijs. Of een verschil gerechtvaardigd is en of de wet is nageleefd, is aan wie tekent.";

        conclusion: "Conclusion and signature", "Conclusie en ondertekening";
        conclusion_note: "To be filled in by the one who evaluates. Nothing here is filled in by the program.", "In te vullen door wie evalueert. Het programma vult hier niets in.";
        sign_conclusion: "Conclusion, and measures to take", "Conclusie, en te nemen maatregelen";
        sign_name: "Name and function", "Naam en functie";
        sign_place: "Place and date", "Plaats en datum";
        sign_hand: "Signature", "Handtekening";
        more_than: "more than {}", "meer dan {}";
        times: "{} times", "{} keer";
        with_interval: "{} interval {}", "{}-interval {}";
        of_share: "{} is {} as large a share of those picked by the profile as of those picked at random ({}).", "{} is een {} zo groot deel van wie het profiel koos als van wie aselect gekozen is ({}).";
        no_number: "{}: the evidence has alarmed; the numbers are withheld.", "{}: het bewijs heeft alarm gegeven; de getallen zijn afgeschermd.";
    }
}

/// Of each indicator what happened to a group, in words for everybody: group, ratio, reference, interval.
pub(in crate::report::html) const SENTENCES: [(Indicator, &str, &str); 13] = [
    (Indicator::SelectionRate, "{} was selected {} as often as {} ({}).", "{} is {} zo vaak geselecteerd als {} ({})."),
    (
        Indicator::ControlFrequency,
        "{} was controlled {} as often as {} ({}).",
        "{} is {} zo vaak gecontroleerd als {} ({}).",
    ),
    (
        Indicator::HitRate,
        "{}: once controlled, a violation was found {} as often as with {} ({}).",
        "{}: bij controle werd {} zo vaak een overtreding gevonden als bij {} ({}).",
    ),
    (
        Indicator::UnfoundedRate,
        "{} was controlled for nothing {} as often as {} ({}).",
        "{} is {} zo vaak voor niets gecontroleerd als {} ({}).",
    ),
    (
        Indicator::FollowThrough,
        "{}: once selected, a control followed {} as often as with {} ({}).",
        "{}: na selectie volgde {} zo vaak een controle als bij {} ({}).",
    ),
    (
        Indicator::OutcomeCoverage,
        "{}: of a control the outcome is known {} as often as with {} ({}).",
        "{}: van een controle is {} zo vaak de uitkomst bekend als bij {} ({}).",
    ),
    (
        Indicator::OverturnRate,
        "{}: a violation that was found was overturned {} as often as with {} ({}).",
        "{}: een gevonden overtreding werd {} zo vaak herroepen als bij {} ({}).",
    ),
    (
        Indicator::ComplaintRate,
        "{}: for as many controls there were {} as many complaints as with {} ({}).",
        "{}: bij evenveel controles waren er {} zo veel klachten als bij {} ({}).",
    ),
    (
        Indicator::Intensity,
        "{} was controlled {} as intensively as {} ({}).",
        "{} is {} zo intensief gecontroleerd als {} ({}).",
    ),
    (
        Indicator::Duration,
        "{}: controls took {} as long as with {} ({}).",
        "{}: controles duurden {} zo lang als bij {} ({}).",
    ),
    (
        Indicator::SanctionAmount,
        "{}: sanctions were {} as high as with {} ({}).",
        "{}: sancties waren {} zo hoog als bij {} ({}).",
    ),
    (
        Indicator::SanctionRate,
        "{}: a violation led to a sanction {} as often as with {} ({}).",
        "{}: een overtreding leidde {} zo vaak tot een sanctie als bij {} ({}).",
    ),
    (
        Indicator::StrictRate,
        "{} was controlled in a strict way {} as often as {} ({}).",
        "{} is {} zo vaak op een strenge manier gecontroleerd als {} ({}).",
    ),
];
