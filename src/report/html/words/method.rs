//! The texts of the chapter about method: which formulas, and whose they are.

use super::declare::words;

words! {
    /// Method.
    Method {
        method: "Method", "Methode";
        intro:
            "Windows describe, and evidence alarms: whoever looks at a number again and again will sooner or later see a chance deviation. So a verdict of critical or warning takes evidence that holds however often anybody looks, and a number beyond a threshold that was written down beforehand.",
            "Vensters beschrijven en bewijs alarmeert: wie telkens opnieuw naar een getal kijkt, ziet vroeg of laat een toevallige afwijking. Voor een oordeel kritiek of waarschuwing is daarom bewijs nodig dat standhoudt hoe vaak men ook kijkt, en een getal voorbij een drempel die van tevoren is vastgelegd.";
        what: "What", "Wat";
        how: "How", "Hoe";
        sources: "Sources", "Bronnen";
        formulas: "Formulas", "Formules";
        thresholds: "Thresholds in force at the end of the period", "Drempels van kracht aan het eind van de periode";
        no_thresholds: "No rule of this report has a threshold.", "Geen regel van dit verslag heeft een drempel.";
        measure: "Of", "Op";
        ratio_short: "ratio", "verhouding";
        difference_short: "difference, points", "verschil, punten";
        warning: "Warning beyond", "Waarschuwing voorbij";
        critical: "Critical beyond", "Kritiek voorbij";
        clear: "Clears at", "Opgeheven bij";
        interval: "Interval", "Interval";
        in_force: "In force since, at least", "Van kracht sinds, ten minste";
        not_known: "not known", "niet bekend";
        configurations: "Configurations in force in the period", "Configuraties van kracht in de periode";
        configuration: "Hash", "Hashwaarde";
        first_seen: "First seen", "Eerst gezien";
        last_seen: "Last seen", "Laatst gezien";
        made_with: "Titles, purposes and owners are from the configuration {}.", "Titels, doelen en verantwoordelijken komen uit de configuratie {}.";
        no_configuration: "No configuration is known of the period.", "Van de periode is geen configuratie bekend.";
        versions: "Made by paritywatch {}; figures as in {} and {}.", "Gemaakt door paritywatch {}; getallen zoals in {} en {}.";
        verify: "How to verify", "Hoe na te gaan";
        audit_origin: "Audit log", "Auditlogboek";
        audit_size: "Entries", "Regels";
        root: "Root", "Root";
        verify_log:
            "The report rests on the first {} entries of this log. To verify the log, offline, with the public key that was kept apart:",
            "Het verslag berust op de eerste {} regels van dit logboek. Zo wordt het logboek nagegaan, zonder netwerk, met de publieke sleutel die apart is bewaard:";
        verify_hash:
            "The log's entry of kind report, which comes after them, has the SHA-256 of this file. Compare it with that of the file at hand:",
            "De regel van soort report in het logboek, die daarna komt, heeft de SHA-256 van dit bestand. Vergelijk die met die van het bestand zelf:";
        verify_again: "The same history and the same configuration give the same report, byte for byte.", "Dezelfde geschiedenis en dezelfde configuratie geven hetzelfde verslag, byte voor byte.";
        log_shows:
            "What the log shows: which alerts, measures, configurations and accepted gaps there were, and that the program made this file. What it does not show: that the numbers are those that were published. They are in the history, which no signature covers; keep copies of it, or of what receivers got.",
            "Wat het logboek aantoont: welke alarmen, maatregelen, configuraties en geaccepteerde gaten er waren, en dat het programma dit bestand heeft gemaakt. Wat het niet aantoont: dat de getallen de gepubliceerde zijn. Die staan in de geschiedenis, en daar staat geen handtekening onder; bewaar kopieën daarvan, of van wat ontvangers kregen.";
        no_log: "This report rests on no audit log. It can be made again from the same files and the same configuration, and is then the same, byte for byte.", "Dit verslag berust op geen auditlogboek. Het is opnieuw te maken van dezelfde bestanden en dezelfde configuratie, en is dan byte voor byte gelijk.";
        no_log_of_history: "This report rests on no place in an audit log. What is missing says why.", "Dit verslag berust op geen plaats in een auditlogboek. Wat ontbreekt zegt waarom.";
        all_times: "All times and days are UTC. Counts are rounded as they were published.", "Alle tijden en dagen zijn UTC. Aantallen zijn afgerond zoals ze zijn gepubliceerd.";
    }
}

/// A formula: what it is for and how it is computed, in both languages, and whose it is.
pub(in crate::report::html) struct Formula {
    pub english: [&'static str; 2],
    pub dutch: [&'static str; 2],
    pub source: &'static str,
}

/// The formulas, in the order of the chapters.
pub(in crate::report::html) const FORMULAS: [Formula; 14] = [
    Formula {
        english: [
            "Rate",
            "Events divided by exposed, among the cases that were selected or assessed in the window or period.",
        ],
        dutch: [
            "Frequentie",
            "Gebeurtenissen gedeeld door blootgestelden, onder de gevallen die in het venster of de periode zijn beoordeeld.",
        ],
        source: "paritywatch, docs/evidence.md",
    },
    Formula {
        english: [
            "Ratio, difference",
            "Rate of the group divided by, or minus, that of its reference, with a score interval. An infinite limit is left open.",
        ],
        dutch: [
            "Verhouding, verschil",
            "Frequentie van de groep gedeeld door, of verminderd met, die van de referentie, met een score-interval. Een oneindige grens blijft open.",
        ],
        source: "Miettinen, Nurminen 1985",
    },
    Formula {
        english: [
            "p-value",
            "Two-sided, of one look at one window: score test, and Fisher’s exact test for small tables. It decides nothing here.",
        ],
        dutch: [
            "p-waarde",
            "Tweezijdig, van één blik op één venster: scoretoets, en bij kleine tabellen de exacte toets van Fisher. Zij beslist hier niets.",
        ],
        source: "Fisher 1922; Miettinen, Nurminen 1985",
    },
    Formula {
        english: [
            "Like with like",
            "Mantel–Haenszel ratio over strata, with the variance of Greenland and Robins; verdict and evidence use it. Reversed: crude and adjusted lie on opposite sides of 1 (Simpson).",
        ],
        dutch: [
            "Gelijk met gelijk",
            "Mantel–Haenszel-verhouding over strata, met de variantie van Greenland en Robins; oordeel en bewijs gebruiken haar. Omgekeerd: ruw en gecorrigeerd liggen aan verschillende kanten van 1 (Simpson).",
        ],
        source: "Mantel, Haenszel 1959; Greenland, Robins 1985",
    },
    Formula {
        english: [
            "Evidence",
            "An e-process over blocks of cases in time order: a bet against “not treated worse”, which exceeds 1/α with a chance of at most α, ever. The level is shared over all series. Blocks are tempered for rates that vary, and none multiplies the evidence by more than a cap.",
        ],
        dutch: [
            "Bewijs",
            "Een e-proces over blokken gevallen in volgorde van tijd: een weddenschap tegen “niet slechter behandeld”, die met een kans van hoogstens α ooit boven 1/α komt. Het niveau is over alle reeksen verdeeld. Blokken worden getemperd voor frequenties die wisselen, en geen blok vermenigvuldigt het bewijs met meer dan een maximum.",
        ],
        source: "Grünwald, de Heide, Koolen 2024; Turner, Ly, Grünwald 2024; Vovk, Wang 2021",
    },
    Formula {
        english: [
            "Watch list, clearing",
            "Shiryaev–Roberts detection and e-BH name series to look at; they never alarm. A reverse detector clears an alarm, and each next one needs more.",
        ],
        dutch: [
            "Volglijst, opheffen",
            "Shiryaev–Roberts-detectie en e-BH noemen reeksen om op te letten; ze geven nooit alarm. Een omgekeerde detector heft een alarm op, en elk volgend alarm vergt meer.",
        ],
        source: "Shin, Ramdas, Rinaldo 2023; Wang, Ramdas 2022",
    },
    Formula {
        english: [
            "Random sample",
            "Shares of the group among those picked by the profile and among those picked at random are compared: the chance of being checked against that of a random check.",
        ],
        dutch: [
            "Aselecte steekproef",
            "Het aandeel van de groep onder wie het profiel koos wordt vergeleken met dat onder wie aselect gekozen is: de kans op controle tegenover die bij een aselecte controle.",
        ],
        source: "Toetsingskader risicoprofilering 2025",
    },
    Formula {
        english: [
            "Stages",
            "The ratio of control frequencies is the product of the ratios of its steps: risk class, selection within class, control.",
        ],
        dutch: [
            "Fasen",
            "De verhouding van controlefrequenties is het product van de verhoudingen van haar stappen: risicoklasse, selectie binnen de klasse, controle.",
        ],
        source: "Kitagawa 1955; Oaxaca 1973",
    },
    Formula {
        english: [
            "Hits",
            "By day of selection, and only of sealed hours: those of which nearly all outcomes of every group are known, or the longest wait is over.",
        ],
        dutch: [
            "Treffers",
            "Naar dag van selectie, en alleen van verzegelde uren: die waarvan van elke groep vrijwel alle uitkomsten bekend zijn, of waarvan de langste wachttijd voorbij is.",
        ],
        source: "paritywatch, docs/evidence.md",
    },
    Formula {
        english: [
            "Intensity, duration, amount",
            "One value for each case. Means with a delta interval; quantiles with order-statistic limits, their ratio by recovered variances. Evidence counts values above a threshold of past blocks.",
        ],
        dutch: [
            "Intensiteit, duur, bedrag",
            "Eén waarde per geval. Gemiddelden met een delta-interval; kwantielen met grenzen uit geordende waarden, hun verhouding met teruggewonnen varianties. Bewijs telt waarden boven een drempel uit eerdere blokken.",
        ],
        source: "Conover 1999; Zou, Donner 2008",
    },
    Formula {
        english: [
            "Suitability",
            "Whether the profile finds violations more often than random controls do, as an e-process in both directions. Not shown with enough controls is a warning.",
        ],
        dutch: [
            "Geschiktheid",
            "Of het profiel vaker overtredingen vindt dan aselecte controles, als e-proces in beide richtingen. Niet aangetoond bij genoeg controles is een waarschuwing.",
        ],
        source: "Toetsingskader risicoprofilering 2025; Vovk, Wang 2021",
    },
    Formula {
        english: [
            "Association of criteria",
            "Association of a criterion with a dimension by Cramér’s V, corrected for bias, and the ratio that it would make by itself.",
        ],
        dutch: [
            "Samenhang van criteria",
            "Samenhang van een criterium met een dimensie door Cramérs V, gecorrigeerd voor vertekening, en de verhouding die het op zichzelf zou maken.",
        ],
        source: "Bergsma 2013; Smithson 2003",
    },
    Formula {
        english: [
            "Missing",
            "Cases of the window that a comparison, or its evidence, does not count, by cause and side. Beyond the share allowed, “within” becomes “incomplete”.",
        ],
        dutch: [
            "Ontbrekend",
            "Gevallen van het venster die een vergelijking, of haar bewijs, niet telt, naar oorzaak en kant. Boven het toegestane aandeel wordt “binnen” “onvolledig”.",
        ],
        source: "paritywatch, docs/evidence.md",
    },
    Formula {
        english: [
            "Disclosure",
            "Small numbers are withheld, with others from which they would follow; counts are rounded, and numbers change only where enough cases came. So a count that is told may be off: with the default settings by about 11, where it takes up withheld ones by up to a quarter, and in a period that is over, which is a difference of two, by twice as much. Intervals do not know of that. Verdicts rest on exact counts.",
        ],
        dutch: [
            "Afscherming",
            "Kleine aantallen worden afgeschermd, met andere waaruit ze zouden volgen; aantallen zijn afgerond, en getallen veranderen alleen als er genoeg gevallen bij kwamen. Een verteld aantal kan er dus naast zitten: met de standaardinstellingen ongeveer 11, waar het afgeschermde opneemt tot een kwart, en in een periode die voorbij is, als verschil van twee, het dubbele. Intervallen weten daar niet van. Oordelen berusten op exacte aantallen.",
        ],
        source: "paritywatch, docs/privacy.md",
    },
];

/// The sources that are named.
pub(in crate::report::html) const SOURCES: [&str; 14] = [
    "Bergsma, A bias-correction for Cramér’s V and Tschuprow’s T (2013)",
    "Conover, Practical nonparametric statistics (1999)",
    "Fisher, On the interpretation of χ² from contingency tables (1922)",
    "Greenland, Robins, Estimation of a common effect parameter from sparse follow-up data (1985)",
    "Grünwald, de Heide, Koolen, Safe testing (2024)",
    "Kitagawa, Components of a difference between two rates (1955); Oaxaca, Male–female wage differentials (1973)",
    "Mantel, Haenszel, Statistical aspects of the analysis of data from retrospective studies (1959)",
    "Miettinen, Nurminen, Comparative analysis of two rates (1985)",
    "Shin, Ramdas, Rinaldo, E-detectors (2023)",
    "Smithson, Confidence intervals (2003)",
    "Toetsingskader risicoprofilering (2025)",
    "Turner, Ly, Grünwald, Generic E-variables for exact sequential k-sample tests (2024)",
    "Vovk, Wang, E-values: calibration, combination and applications (2021); Wang, Ramdas, False discovery rate control with e-values (2022)",
    "Zou, Donner, Construction of confidence limits about effect measures (2008)",
];
