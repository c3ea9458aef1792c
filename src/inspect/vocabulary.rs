//! Names by which people call what the contract has, in Dutch and English.

use super::shape::Shape;

/// A field of the contract that a field of somebody else may be.
pub(super) struct Target {
    /// Its name in a mapping; `groups` and `strata` are followed by the name that fits.
    pub field: &'static str,
    /// Names that say it outright, without signs between words.
    pub names: &'static [&'static str],
    /// Words that hint at it.
    pub hints: &'static [&'static str],
    /// What its values look like.
    pub shapes: &'static [Shape],
    /// The most distinct values that it has, and the least.
    pub distinct: (usize, usize),
}

use Shape::{
    Boolean, CitizenNumber, Code, Date, DateTime, DayMonthYear, DayMonthYearMinutes, DayMonthYearSeconds, Digits,
    EpochMicros, EpochMillis, EpochSeconds, Integer, LocalDateTime, Number, Postcode, Text, Uuid, YesNo,
};

const ANY: usize = usize::MAX;
const IDS: &[Shape] = &[Integer, Digits, CitizenNumber, Uuid, Code, EpochSeconds, EpochMillis];
/// What can be nothing else than a time.
pub(super) const CLEAR_TIMES: &[Shape] = &[
    DateTime,
    LocalDateTime,
    Date,
    DayMonthYear,
    DayMonthYearMinutes,
    DayMonthYearSeconds,
    EpochSeconds,
    EpochMillis,
    EpochMicros,
];
const TIMES: &[Shape] = &[
    DateTime,
    LocalDateTime,
    Date,
    DayMonthYear,
    DayMonthYearMinutes,
    DayMonthYearSeconds,
    EpochSeconds,
    EpochMillis,
    EpochMicros,
    Integer,
];
const WORDS: &[Shape] = &[Code, Text, Integer, Digits, YesNo];
const SWITCHES: &[Shape] = &[Boolean, YesNo, Integer, Code];
const NUMBERS: &[Shape] = &[Integer, Number, Digits];

const fn target(
    field: &'static str,
    names: &'static [&'static str],
    hints: &'static [&'static str],
    (shapes, distinct): (&'static [Shape], (usize, usize)),
) -> Target {
    Target { field, names, hints, shapes, distinct }
}

/// What is looked for, the most needed first.
pub(super) const TARGETS: [Target; 23] = [
    target(
        "case_id",
        &[
            "caseid",
            "casenumber",
            "zaakid",
            "zaaknummer",
            "zaaknr",
            "dossiernummer",
            "dossierid",
            "dossiernr",
            "aanvraagnummer",
            "aanvraagid",
            "applicationid",
            "casusid",
            "assessmentid",
            "beoordelingsnummer",
            "meldingnr",
            "meldingsnummer",
        ],
        &["zaak", "dossier", "case", "aanvraag", "application", "casus", "kenmerk", "reference"],
        (IDS, (ANY, 20)),
    ),
    target(
        "selected",
        &["selected", "geselecteerd", "picked", "gekozen", "isselected", "voorcontrole", "incontrole", "flagged"],
        &["select", "picked", "controleren", "uitval"],
        (SWITCHES, (4, 1)),
    ),
    target(
        "time",
        &[
            "time",
            "tijdstip",
            "eventtime",
            "occurredat",
            "decidedat",
            "besluitdatum",
            "datumbesluit",
            "selectiedatum",
            "selectedat",
            "datum",
            "timestamp",
            "moment",
        ],
        &["decided", "besluit", "datum", "tijd", "date", "time", "created", "updated", "at"],
        (TIMES, (ANY, 1)),
    ),
    target(
        "profile",
        &["profile", "profiel", "risicoprofiel", "riskprofile", "profielnaam", "profilename", "regeling", "modelname"],
        &["profil", "profiel", "regeling", "model", "scheme"],
        (WORDS, (50, 1)),
    ),
    target(
        "profile_version",
        &["profileversion", "profielversie", "modelversion", "modelversie", "versie", "version"],
        &["versie", "version"],
        (&[Code, Integer, Number, Digits, Date], (200, 1)),
    ),
    target(
        "channel",
        &["channel", "kanaal", "aanleiding", "controlereden", "herkomstsignaal"],
        &["kanaal", "channel", "aanleiding"],
        (WORDS, (20, 1)),
    ),
    target(
        "risk_class",
        &["riskclass", "risicoklasse", "risklevel", "risiconiveau", "risicocategorie", "riskcategory"],
        &["risico", "risk"],
        (WORDS, (20, 1)),
    ),
    target(
        "decided_by",
        &["decidedby", "beslistdoor", "besluitdoor", "automated", "geautomatiseerd", "decisionmode"],
        &["beslist", "automat"],
        (&[Code, Boolean, YesNo], (4, 1)),
    ),
    target(
        "outcome",
        &[
            "outcome",
            "uitkomst",
            "resultaat",
            "result",
            "bevinding",
            "finding",
            "overtreding",
            "violation",
            "conclusie",
        ],
        &["uitkomst", "outcome", "resultaat", "result", "bevinding"],
        (&[Code, Text, YesNo, Boolean, Integer], (12, 1)),
    ),
    target(
        "performed",
        &["performed", "uitgevoerd", "gecontroleerd", "executed"],
        &["uitgevoerd", "perform"],
        (SWITCHES, (4, 1)),
    ),
    target(
        "kind",
        &["controlkind", "soortcontrole", "controlesoort", "controletype", "controltype", "checktype", "kind", "soort"],
        &["soort", "kind"],
        (WORDS, (50, 1)),
    ),
    target(
        "duration_minutes",
        &["durationminutes", "duurminuten", "minuten", "minutes", "duur", "duration"],
        &["duur", "duration", "minut"],
        (NUMBERS, (ANY, 2)),
    ),
    target("intensity", &["intensity", "intensiteit", "zwaarte"], &["intensi", "zwaarte"], (NUMBERS, (50, 1))),
    target(
        "control_id",
        &["controlid", "controleid", "controlenummer", "checkid", "inspectionid", "onderzoeksnummer"],
        &["controle", "inspection"],
        (IDS, (ANY, 20)),
    ),
    target(
        "sanction.amount",
        &["sanctionamount", "boetebedrag", "boete", "fine", "terugvordering", "bedrag", "amount"],
        &["boete", "bedrag", "amount"],
        (NUMBERS, (ANY, 2)),
    ),
    target(
        "sanction.kind",
        &["sanction", "sanctie", "maatregel", "sanctionkind"],
        &["sancti", "maatregel"],
        (WORDS, (50, 1)),
    ),
    target(
        "groups.origin",
        &[
            "origin",
            "herkomst",
            "afkomst",
            "migratieachtergrond",
            "geboorteland",
            "countryofbirth",
            "ethnicity",
            "etniciteit",
        ],
        &["herkomst", "afkomst", "migratie", "geboorteland", "birth_country", "ethnic"],
        (WORDS, (50, 2)),
    ),
    target("groups.nationality", &["nationality", "nationaliteit", "citizenship"], &["nationalit"], (WORDS, (50, 2))),
    target(
        "groups.gender",
        &["gender", "geslacht", "sex", "geslachtsaanduiding"],
        &["geslacht", "gender"],
        (WORDS, (10, 2)),
    ),
    target(
        "groups.age",
        &["agegroup", "ageclass", "leeftijdsklasse", "leeftijdsgroep", "leeftijdscategorie"],
        &["leeftijd", "agegroup"],
        (WORDS, (30, 2)),
    ),
    target(
        "groups.disability",
        &["disability", "handicap", "beperking", "arbeidsbeperking"],
        &["beperking", "disabil"],
        (WORDS, (10, 2)),
    ),
    target(
        "groups.district",
        &["district", "wijk", "buurt", "stadsdeel", "postcode", "postalcode", "postcodegebied"],
        &["wijk", "buurt", "postcode", "district"],
        (&[Code, Text, Integer, Digits, Postcode], (50, 2)),
    ),
    target(
        "strata.region",
        &["region", "regio", "gemeente", "municipality", "arrondissement", "vestiging", "office", "kantoor"],
        &["regio", "gemeente", "region", "office"],
        (WORDS, (64, 2)),
    ),
];

/// The protected ground that a dimension of this name stands for.
pub(super) fn ground(dimension: &str) -> Option<&'static str> {
    match dimension {
        "origin" => Some("race"),
        "nationality" => Some("nationality"),
        "gender" | "sex" => Some("sex"),
        "age" => Some("age"),
        "disability" => Some("disability"),
        "district" | "postcode" => Some("proxy"),
        _ => None,
    }
}
