//! The tables of a report as CSV (RFC 4180): the same figures as in its JSON.

use std::io::{self, Write};

use super::model::{AlertReport, Basis, FindingReport, ProfileReport, Report};
use crate::disclosure::{KeptFinding, KeptTransition};
use crate::plan::EventTime;
use crate::render::{
    Cell, Columns, Kind, OF_FINDING, OF_FUNNEL, OF_KEY, csv_line, of_finding, of_funnel, of_key, rfc3339,
};

/// A table of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportTable {
    /// What the report is of, and how good the data were: names and values.
    Report,
    /// A row for each profile.
    Profiles,
    /// A row for each finding: its numbers over the period.
    Findings,
    /// A row for each finding and window at the end of the period.
    Windows,
    /// A row for each row of the funnel.
    Funnel,
    /// A row for each moment of a finding.
    Past,
    /// A row for each verdict of a finding over time.
    Verdicts,
    /// A row for each thing that has happened to an alert; one for an alert to which nothing has.
    Alerts,
    /// A row for each measure about a profile as a whole.
    Measures,
}

/// The columns of what a row counts.
const OF_BASIS: Columns = &[
    ("basis_period", Kind::Flag),
    ("basis_released_at", Kind::Time),
    ("basis_as_of", Kind::Time),
    ("basis_outcomes_until", Kind::Time),
    ("basis_gone", Kind::Flag),
];

impl ReportTable {
    /// Every table.
    pub const ALL: [Self; 9] = [
        Self::Report,
        Self::Profiles,
        Self::Findings,
        Self::Windows,
        Self::Funnel,
        Self::Past,
        Self::Verdicts,
        Self::Alerts,
        Self::Measures,
    ];

    /// Returns its name, which is part of the file's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Profiles => "profiles",
            Self::Findings => "findings",
            Self::Windows => "windows",
            Self::Funnel => "funnel",
            Self::Past => "past",
            Self::Verdicts => "verdicts",
            Self::Alerts => "alerts",
            Self::Measures => "measures",
        }
    }

    /// Writes the table with its head.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(self, report: &Report, mut to: impl Write) -> io::Result<()> {
        let names: Vec<&str> = self.columns().iter().map(|(name, _)| *name).collect();
        write!(to, "{}\r\n", names.join(","))?;
        if self == Self::Report {
            return general(report)
                .iter()
                .try_for_each(|(name, value)| line(&mut to, &[Cell::Text(Some(name)), Cell::Text(Some(value))]));
        }
        report.profiles.iter().try_for_each(|profile| self.write_profile(profile, &mut to))
    }

    fn columns(self) -> Vec<(&'static str, Kind)> {
        let own: Columns = match self {
            Self::Report => &[("name", Kind::Text), ("value", Kind::Text)],
            Self::Profiles => &[
                ("profile", Kind::Text),
                ("listed", Kind::Flag),
                ("heard", Kind::Flag),
                ("last_seen", Kind::Time),
                ("title", Kind::Text),
                ("purpose", Kind::Text),
                ("owner", Kind::Text),
                ("versions", Kind::Text),
                ("channels", Kind::Text),
            ],
            Self::Findings => {
                let own: Columns = &[("thresholds_since", Kind::Time), ("verdicts_left_out", Kind::Count)];
                return [OF_KEY, OF_BASIS, own, OF_FINDING].concat();
            }
            Self::Windows => return [OF_KEY, OF_FINDING].concat(),
            Self::Funnel => return [OF_BASIS, OF_FUNNEL].concat(),
            Self::Past => return [OF_KEY, &[("as_of", Kind::Time), ("breaks", Kind::Flag)], OF_FINDING].concat(),
            Self::Verdicts => {
                return [
                    OF_KEY,
                    &[
                        ("since", Kind::Time),
                        ("verdict", Kind::Text),
                        ("reason", Kind::Text),
                        ("decided_by", Kind::Text),
                    ],
                ]
                .concat();
            }
            Self::Alerts => return [OF_ALERT, OF_KEY, OF_FINDING].concat(),
            Self::Measures => OF_MEASURE,
        };
        own.to_vec()
    }

    fn write_profile(self, profile: &ProfileReport, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Report => Ok(()),
            Self::Profiles => line(to, &of_profile(profile, &[profile.versions.join(" "), profile.channels.join(" ")])),
            Self::Findings => profile.findings.iter().try_for_each(|finding| line(to, &of_report(finding))),
            Self::Windows => profile.findings.iter().try_for_each(|finding| windows(finding, to)),
            Self::Funnel => profile.funnel.iter().try_for_each(|funnel| {
                line(to, &[of_basis(&funnel.basis).as_slice(), &of_funnel(&funnel.key, &funnel.row)].concat())
            }),
            Self::Past => profile.findings.iter().try_for_each(|finding| past(finding, to)),
            Self::Verdicts => profile.findings.iter().try_for_each(|finding| verdicts(finding, to)),
            Self::Alerts => profile.alerts.iter().try_for_each(|alert| transitions(alert, to)),
            Self::Measures => profile.measures.iter().try_for_each(|measure| line(to, &of_measure(measure))),
        }
    }
}

const OF_MEASURE: Columns = &[
    ("profile", Kind::Text),
    ("at", Kind::Time),
    ("measure", Kind::Text),
    ("measure_by", Kind::Text),
    ("measure_reason", Kind::Text),
    ("measure_until", Kind::Time),
];

const OF_ALERT: Columns = &[
    ("alert", Kind::Text),
    ("began_before", Kind::Flag),
    ("open", Kind::Flag),
    ("transitions_left_out", Kind::Count),
    ("at", Kind::Time),
    ("transition", Kind::Text),
    ("severity", Kind::Text),
    ("owner", Kind::Text),
    ("action", Kind::Text),
    ("measure_by", Kind::Text),
    ("measure_reason", Kind::Text),
    ("measure_until", Kind::Time),
    ("measure_accepted_ratio", Kind::Number),
];

/// What the report is of, as names and values; a name comes as often as it has values.
fn general(report: &Report) -> Vec<(&'static str, String)> {
    let time = |time: Option<EventTime>| time.and_then(rfc3339).unwrap_or_default();
    let coverage = &report.coverage;
    let mut rows = vec![
        ("period", report.period.label.clone()),
        ("to_date", time(report.to_date)),
        ("source", report.source.name().to_owned()),
        ("days", coverage.days.to_string()),
        ("days_with_release", coverage.days_with_release.to_string()),
        ("releases", coverage.releases.to_string()),
        ("first", time(coverage.first)),
        ("last", time(coverage.last)),
    ];
    rows.extend(coverage.days_without.iter().map(|days| ("days_without", days.clone())));
    rows.extend(coverage.days_silent.iter().map(|days| ("days_without_events", days.clone())));
    let early = coverage.ended_early.iter();
    rows.extend(early.map(|(day, last)| ("day_ended_early", format!("{day} {}", time(Some(*last))))));
    rows.extend(coverage.unreadable.iter().map(|problem| ("unreadable", problem.clone())));
    if let Some(audit) = &report.audit {
        rows.push(("audit_origin", audit.origin.clone()));
        rows.push(("audit_size", audit.size.to_string()));
        rows.push(("audit_root", audit.root.clone()));
    }
    rows.extend(report.audit_problems.iter().map(|problem| ("audit_problem", problem.clone())));
    rows.push(("config_hash", report.config_hash.clone()));
    let in_force = report.configurations.iter();
    rows.extend(
        in_force.map(|of| {
            ("configuration", format!("{} {} {}", of.config_hash, time(Some(of.since)), time(Some(of.until))))
        }),
    );
    rows.push(("past_every_days", report.past_every_days.to_string()));
    let quality = &report.quality;
    rows.push(("events_unknown", quality.events_unknown.to_string()));
    rows.push(("unread_details", quality.unread_details.to_string()));
    rows.extend(quality.events.iter().map(|(name, count)| ("events", format!("{name} {count}"))));
    rows.push(("findings", quality.withheld.1.to_string()));
    rows.push(("withheld", quality.withheld.0.to_string()));
    rows.extend(quality.gaps.iter().map(|gap| ("gap", gap.clone())));
    rows.extend(quality.notes.iter().map(|(name, note)| ("note", format!("{name} {note}"))));
    rows
}

fn of_profile<'r>(profile: &'r ProfileReport, [versions, channels]: &'r [String; 2]) -> Vec<Cell<'r>> {
    let mut cells = vec![
        Cell::Text(Some(&profile.name)),
        Cell::Flag(Some(profile.is_listed)),
        Cell::Flag(Some(profile.was_heard())),
        Cell::Time(profile.last_seen),
    ];
    let texts = [&profile.title, &profile.purpose, &profile.owner, versions, channels];
    cells.extend(texts.map(|text| Cell::Text(Some(text))));
    cells
}

fn of_report(finding: &FindingReport) -> Vec<Cell<'_>> {
    let since = [Cell::Time(finding.thresholds_since), Cell::Count(Some(finding.verdicts_left_out))];
    [of_key(&finding.key).as_slice(), &of_basis(&finding.basis), &since, &of_finding(&finding.row)].concat()
}

fn of_basis(basis: &Basis) -> [Cell<'_>; OF_BASIS.len()] {
    [
        Cell::Flag(Some(basis.is_period)),
        Cell::Time(Some(basis.released_at)),
        Cell::Time(Some(basis.as_of)),
        Cell::Time(Some(basis.outcomes_until)),
        Cell::Flag(Some(basis.is_gone)),
    ]
}

/// The key of a finding with another window, or with none.
fn of_key_in<'r>(finding: &'r FindingReport, window: Option<&'r str>) -> Vec<Cell<'r>> {
    let mut cells = of_key(&finding.key).to_vec();
    if let Some(last) = cells.last_mut() {
        *last = Cell::Text(window);
    }
    cells
}

fn windows(finding: &FindingReport, to: &mut impl Write) -> io::Result<()> {
    finding.windows.iter().try_for_each(|(window, row): &(String, KeptFinding)| {
        line(to, &[of_key_in(finding, Some(window)), of_finding(row)].concat())
    })
}

fn past(finding: &FindingReport, to: &mut impl Write) -> io::Result<()> {
    finding.past.iter().try_for_each(|point| {
        let key = of_key_in(finding, Some(&point.window));
        let when = [Cell::Time(Some(point.as_of)), Cell::Flag(Some(point.breaks))];
        line(to, &[key.as_slice(), &when, &of_finding(&point.row)].concat())
    })
}

fn verdicts(finding: &FindingReport, to: &mut impl Write) -> io::Result<()> {
    let key = of_key_in(finding, None);
    finding.verdicts.iter().try_for_each(|of| {
        let cells = [
            Cell::Time(Some(of.since)),
            Cell::Text(of.verdict.as_deref()),
            Cell::Text(of.reason.as_deref()),
            Cell::Text(Some(&of.window)),
        ];
        line(to, &[key.as_slice(), &cells].concat())
    })
}

fn transitions(alert: &AlertReport, to: &mut impl Write) -> io::Result<()> {
    if alert.transitions.is_empty() {
        let nothing = KeptFinding::default();
        let mut cells = of_alert(alert, None).to_vec();
        cells.extend(of_key(&alert.key));
        // Of an alert to which nothing has happened the history has no numbers.
        cells.extend(of_finding(&nothing).into_iter().map(absent));
        return line(to, &cells);
    }
    alert.transitions.iter().try_for_each(|row| {
        line(to, &[of_alert(alert, Some(row)).as_slice(), &of_key(&row.key), &of_finding(&row.evidence)].concat())
    })
}

fn of_measure(row: &KeptTransition) -> [Cell<'_>; OF_MEASURE.len()] {
    let measure = row.measure.as_ref();
    [
        Cell::Text(Some(&row.key.profile)),
        Cell::Time(Some(row.at)),
        Cell::Text(Some(&row.transition)),
        Cell::Text(measure.map(|[by, _]| by.as_str())),
        Cell::Text(measure.map(|[_, reason]| reason.as_str())),
        Cell::Time(row.until),
    ]
}

fn of_alert<'r>(alert: &'r AlertReport, row: Option<&'r KeptTransition>) -> [Cell<'r>; OF_ALERT.len()] {
    let measure = row.and_then(|row| row.measure.as_ref());
    let of = |own: &'r String, row: Option<&'r String>| Cell::Text(Some(row.unwrap_or(own).as_str()));
    [
        Cell::Text(Some(&alert.id)),
        Cell::Flag(Some(alert.began_before)),
        Cell::Flag(Some(alert.is_open)),
        Cell::Count(Some(alert.left_out)),
        Cell::Time(row.map(|row| row.at)),
        Cell::Text(row.map(|row| row.transition.as_str())),
        of(&alert.severity, row.map(|row| &row.severity)),
        of(&alert.owner, row.map(|row| &row.owner)),
        of(&alert.action, row.map(|row| &row.action)),
        Cell::Text(measure.map(|[by, _]| by.as_str())),
        Cell::Text(measure.map(|[_, reason]| reason.as_str())),
        Cell::Time(row.and_then(|row| row.until)),
        Cell::Number(row.and_then(|row| row.accepted_ratio)),
    ]
}

const fn absent<'c>(cell: Cell<'_>) -> Cell<'c> {
    match cell {
        Cell::Text(_) => Cell::Text(None),
        Cell::Count(_) => Cell::Count(None),
        Cell::Number(_) => Cell::Number(None),
        Cell::Flag(_) => Cell::Flag(None),
        Cell::Time(_) => Cell::Time(None),
    }
}

fn line(to: &mut impl Write, cells: &[Cell<'_>]) -> io::Result<()> {
    to.write_all(csv_line(cells).as_bytes())
}
