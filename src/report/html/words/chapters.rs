//! The texts of the chapters: profiles, the quality of the data, the appendix.

use super::declare::words;

words! {
    /// Profiles, data quality, appendix.
    Chapters {
        chapter: "Profile {}", "Profiel {}";
        purpose: "Purpose", "Doel";
        owner: "Owner", "Verantwoordelijke";
        versions: "Versions seen", "Waargenomen versies";
        channels: "Channels judged", "Beoordeelde kanalen";
        not_given: "not given", "niet opgegeven";
        not_asked: "no rule asks for versions", "geen regel vraagt naar versies";
        not_watched: "Not watched in this profile", "Niet bewaakt bij dit profiel";
        not_watched_note: "No rule looks at these. Nothing is known of them, which is not the same as nothing being wrong.", "Geen regel kijkt hiernaar. Er is niets over bekend, en dat is iets anders dan dat er niets mis is.";
        nothing_known: "Nothing is known of this profile in the period: no rule judged it.", "Over dit profiel is in de periode niets bekend: geen regel heeft het beoordeeld.";

        funnel: "From assessed to hit", "Van beoordeling tot treffer";
        funnel_note:
            "Cases that have reached each stage. Below each number: its share of the stage before, drawn as a bar on the scale of its column, and how many times as often as the reference (×).",
            "Gevallen die elke fase bereikt hebben. Onder elk getal: het aandeel van de fase ervoor, getekend als balk op de schaal van de kolom, en hoeveel maal zo vaak als de referentie (×).";
        funnel_caption: "{}, by {}; reference: {}. {}", "{}, naar {}; referentie: {}. {}";
        no_funnel: "No cases by stage are known of this period.", "Van deze periode zijn geen gevallen per fase bekend.";
        funnel_left_out: "{} groups are not shown here; all are in the CSV and JSON of this report.", "{} groepen staan hier niet; alle staan in de CSV en JSON van dit verslag.";

        selection: "Selection", "Selectie";
        control: "Control", "Controle";
        hit_rate: "Hits", "Treffers";
        unfounded: "Checks for nothing", "Controles voor niets";
        strictness: "Stricter checks and sanctions", "Strengere controles en sancties";
        complaints: "Complaints and objections", "Klachten en bezwaren";
        benchmark: "Random sample and suitability", "Aselecte steekproef en geschiktheid";
        criteria: "Criteria and proxies", "Criteria en proxy’s";
        human: "Human decisions", "Menselijke beslissingen";
        drift: "Change over time and feedback", "Verandering en terugkoppeling";
        outcomes: "Outcomes of checks", "Uitkomsten van controles";
        silence: "Silence", "Stilte";

        table_caption: "{}, by {}: {} ({})", "{}, naar {}: {} ({})";
        duty_caption: "{}: what was watched, and what was found", "{}: wat is bewaakt, en wat is gevonden";
        rule: "Rule", "Regel";
        counts_period: "Counts the cases of the period.", "Telt de gevallen van de periode.";
        counts_window: "Counts the cases of the {} up to {}: of the period itself there are no counts.", "Telt de gevallen van de {} tot {}: van de periode zelf zijn er geen tellingen.";
        counts_until: "Numbers up to {}.", "Getallen tot {}.";
        outcomes_until: "Outcomes count up to {}.", "Uitkomsten tellen mee tot en met {}.";
        window_days: "{} days", "{} dagen";
        window_hours: "{} hours", "{} uur";
        last_told: "last told {}", "laatst gedaan {}";
        why: "Verdict, and why", "Oordeel, en waarom";
        against: "against {}", "tegenover {}";
        baseline: "its own past", "het eigen verleden";
        reference_period: "the same months of the reference period", "dezelfde maanden van de referentieperiode";
        because_material: "The evidence has alarmed, and says that the ratio is beyond the critical threshold.", "Het bewijs heeft alarm gegeven, en zegt dat de verhouding voorbij de kritieke drempel is.";
        because_critical: "The evidence has alarmed, and the number is beyond the critical threshold.", "Het bewijs heeft alarm gegeven, en het getal is voorbij de kritieke drempel.";
        because_warning: "The evidence has alarmed, and the number is beyond the warning threshold.", "Het bewijs heeft alarm gegeven, en het getal is voorbij de waarschuwingsdrempel.";
        because_stands: "The evidence has alarmed. The verdict stands until evidence clears it.", "Het bewijs heeft alarm gegeven. Het oordeel blijft staan tot bewijs het opheft.";
        because_interval: "Judged by the interval, or by the number alone.", "Beoordeeld op het interval, of op het getal alleen.";
        because_no_alarm: "The evidence has not alarmed.", "Het bewijs heeft geen alarm gegeven.";
        because_below: "The evidence has alarmed, but the number is not beyond a threshold.", "Het bewijs heeft alarm gegeven, maar het getal is niet voorbij een drempel.";
        because_too_few: "Too few cases, or too little evidence, to say anything.", "Te weinig gevallen, of te weinig bewijs, om iets te zeggen.";
        because_withheld: "The numbers are withheld: this says nothing about the group.", "De getallen zijn afgeschermd: dit zegt niets over de groep.";
        because_incomplete: "More cases are missing than may be.", "Er ontbreken meer gevallen dan toegestaan.";
        because_stale: "No recent events.", "Geen recente gebeurtenissen.";
        because_not_told: "Nothing was told when the period ended: no verdict stood then.", "Toen de periode eindigde is er niets gedaan: er gold geen oordeel.";
        because_shown: "Shown for the reader: the rule gives no verdict.", "Getoond voor de lezer: de regel geeft geen oordeel.";
        crude_and_adjusted: "like with like, by {}", "gelijken vergeleken, naar {}";
        crude_is: "crude: {} ({})", "ruw: {} ({})";
        reversed: "Reversed: crude and like-with-like point in opposite directions.", "Omgekeerd: ruw en gelijk-met-gelijk wijzen verschillende kanten op.";
        missing_causes: "missing by cause, group: {}; reference: {}", "ontbreekt naar oorzaak, groep: {}; referentie: {}";
        missing_sides: "missing: {} of the group, {} of the reference", "ontbreekt: {} van de groep, {} van de referentie";
        largest_cause: "largest cause: {}", "grootste oorzaak: {}";
        none: "none", "geen";
        rows_left_out: "{} findings are not shown here; all are in the CSV and JSON of this report.", "{} bevindingen staan hier niet; alle staan in de CSV en JSON van dit verslag.";

        over_time: "Over time", "Door de tijd";
        over_time_note:
            "Windows of {}, at most one moment a day. A number stands until the next one. Where none came, the line is broken. Upright lines: something happened to an alert, or another configuration (dotted).",
            "Vensters van {}, hoogstens één moment per dag. Een getal geldt tot het volgende. Waar er geen kwam, is de lijn onderbroken. Staande lijnen: er gebeurde iets met een alarm, of een andere configuratie (gestippeld).";
        rates_drawn: "Rates", "Frequenties";
        ratio_drawn: "Ratio, interval {}", "Verhouding, interval {}";
        evidence_drawn: "Evidence (ln), level of an alarm", "Bewijs (ln), niveau van een alarm";
        described: "From {} to {}. Lowest number drawn: {}; highest: {}; last: {}. The numbers are in the appendix.", "Van {} tot {}. Laagste getekende getal: {}; hoogste: {}; laatste: {}. De getallen staan in de bijlage.";
        numbers_in_appendix: "numbers", "getallen";
        not_drawn: "No number over time can be drawn: none was published, or all are withheld.", "Er is geen getal door de tijd te tekenen: er is geen gepubliceerd, of alle zijn afgeschermd.";
        thinned: "Drawings have at most {} moments each; all are in the CSV and JSON of this report.", "Tekeningen hebben elk hoogstens {} momenten; alle staan in de CSV en JSON van dit verslag.";
        legend: "Legend", "Legenda";

        verdicts: "Verdicts in the period, of the worst window", "Oordelen in de periode, van het zwaarste venster";
        since: "Since", "Sinds";
        at_start: "at the start", "aan het begin";
        verdicts_left_out: "{} changes of a verdict, after the first ones, are not shown here; the history has all of them.", "{} veranderingen van oordeel, na de eerste, staan hier niet; de geschiedenis heeft ze alle.";
        happened_left_out: "{} more things happened to this alert, after the first ones; the audit log has all of them.", "Er gebeurde nog {} keer iets met dit alarm, na de eerste; het auditlogboek heeft alles.";
        last_seen: "Last heard of", "Laatst van gehoord";

        alerts: "Alerts and measures", "Alarmen en maatregelen";
        no_alert: "No alert of this profile was open in the period. That is no proof of equal treatment.", "Er stond in de periode geen alarm van dit profiel open. Dat bewijst geen gelijke behandeling.";
        is_open: "open at the end of the period", "open aan het eind van de periode";
        has_ended: "ended in the period", "geëindigd in de periode";
        began_before: "it began before the period", "begonnen voor de periode";
        action: "Action asked for", "Gevraagde actie";
        alert_id: "Alert id", "Alarmnummer";
        happened: "What happened to alert {}", "Wat er met alarm {} gebeurde";
        alerts_left_out: "{} alerts are not shown here; all are in the CSV and JSON of this report.", "{} alarmen staan hier niet; alle staan in de CSV en JSON van dit verslag.";
        no_measure: "No measure was reported.", "Er is geen maatregel gemeld.";
        profile_measures: "Measures about the profile as a whole", "Maatregelen over het profiel als geheel";
        profile_measures_left_out: "{} more measures about the profile are not told; the audit log has all of them.", "Nog {} maatregelen over het profiel staan hier niet; het auditlogboek heeft ze alle.";
        ratio_then: "Ratio then", "Verhouding toen";

        quality: "Data quality", "Kwaliteit van de gegevens";
        events: "Events of the period, by what became of them", "Gebeurtenissen van de periode, naar wat ermee gebeurde";
        events_unknown: "What became of events is not known of this period.", "Wat er van gebeurtenissen werd, is van deze periode niet bekend.";
        event: "What became of it", "Wat ermee gebeurde";
        number: "Number", "Aantal";
        word_read: "read", "gelezen";
        word_accepted: "accepted", "aanvaard";
        word_duplicate: "delivered twice", "dubbel bezorgd";
        word_mismatched: "delivered again with other content", "opnieuw bezorgd met andere inhoud";
        word_too_late: "older than what is kept", "ouder dan wat wordt bewaard";
        word_rejected: "rejected: not as the contract says", "geweigerd: niet zoals afgesproken";
        word_unmatched: "without the case they belong to, at the end", "zonder het geval waar ze bij horen, aan het eind";
        word_ahead: "ahead of time, at the end", "voor op de tijd, aan het eind";
        word_conflict: "conflict", "conflict";
        word_unknown_type: "of an unknown type", "van een onbekende soort";
        word_unknown_profile: "of an unknown profile", "van een onbekend profiel";
        word_unmapped: "from which no mapping made an event", "waaruit geen afbeelding een gebeurtenis maakte";
        word_beyond_as_of: "later than the report looks", "later dan het verslag kijkt";
        coverage_caption: "Findings with missing cases, the largest share first", "Bevindingen met ontbrekende gevallen, het grootste aandeel eerst";
        coverage_none: "No finding is known to miss cases.", "Van geen bevinding is bekend dat zij gevallen mist.";
        missing_group: "Missing of the group", "Ontbreekt van de groep";
        missing_reference: "Missing of the reference", "Ontbreekt van de referentie";
        coverage_share: "Counted of the group", "Geteld van de groep";
        cause: "Largest cause", "Grootste oorzaak";
        finding: "Finding", "Bevinding";
        withheld: "Withheld numbers", "Afgeschermde getallen";
        withheld_of: "Findings with withheld numbers at the end of the period: {} of {}.", "Bevindingen met afgeschermde getallen aan het eind van de periode: {} van {}.";
        gaps: "Accepted gaps", "Geaccepteerde gaten";
        no_gap: "No gap in the data was accepted.", "Er is geen gat in de gegevens geaccepteerd.";
        notes: "Other notes of the last publication", "Andere aantekeningen van de laatste publicatie";
        note_unlisted_others: "Values on no list that are not named", "Waarden op geen lijst die niet worden genoemd";
        note_unlisted_dimensions: "Dimensions that are not read, as their name resembles a listed one", "Dimensies die niet worden gelezen, omdat hun naam op een bekende lijkt";
        note_funnel_left_out: "Groups of the funnel that were left out", "Weggelaten groepen van de trechter";
        field_channel: "Channel", "Kanaal";
        field_group: "Group", "Groep";
        field_name: "As written", "Zoals geschreven";
        field_count: "Cases", "Gevallen";
        note_late: "Cases that came late for the evidence", "Gevallen die voor het bewijs te laat kwamen";
        note_unlisted: "Values on no list", "Waarden op geen lijst";
        late_field: "Field", "Veld";
        value: "Value", "Waarde";
        more_rows: "{} more rows are in the CSV and JSON of this report.", "Nog {} rijen staan in de CSV en JSON van dit verslag.";

        appendix: "Appendix", "Bijlage";
        all_windows: "All windows at the end of the period", "Alle vensters aan het eind van de periode";
        all_windows_note: "Rates with counts behind them: events of exposed. Evidence as natural logarithm, with the level of an alarm.", "Frequenties met de aantallen erachter: gebeurtenissen van blootgestelden. Bewijs als natuurlijke logaritme, met het niveau van een alarm.";
        windows_caption: "Profile {}, rule {}", "Profiel {}, regel {}";
        window: "Window", "Venster";
        of_group: "Group", "Groep";
        of_reference: "Reference", "Referentie";
        difference: "Difference, points", "Verschil, punten";
        p_value: "p", "p";
        adjusted: "Like with like", "Gelijk met gelijk";
        moments: "Numbers over time", "Getallen door de tijd";
        moments_note: "Chosen evenly from the moments of the drawings; the first and the last are always there.", "Gelijk verdeeld gekozen uit de momenten van de tekeningen; het eerste en het laatste staan er altijd bij.";
        moments_caption: "Profile {}, rule {}: {}", "Profiel {}, regel {}: {}";
        when: "Up to", "Tot";
        verdict: "Verdict", "Oordeel";
    }
}
