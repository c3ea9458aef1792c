//! Reports made by hand, for the tests of what is made of them: a rich one, a small one, an empty one, and a large one.

use paritywatch::disclosure::{
    KeptFinding, KeptFunnel, KeptFunnelKey, KeptKey, KeptStep, KeptThresholds, KeptTransition, Measured,
};
use paritywatch::evidence::SeriesEvidence;
use paritywatch::plan::{EventTime, Period, Span};
use paritywatch::report::{
    AlertReport, AuditPosition, Basis, Coverage, FindingReport, FunnelReport, InForce, PastPoint, ProfileReport,
    Quality, Report, Source, VerdictSince,
};

/// Where a name is one that a page must escape.
pub const HOSTILE: &str = "<script>alert(1)</script>\"'&";

/// A comparison: rule, indicator, dimension and group, reference.
#[derive(Clone, Copy)]
struct Of<'t> {
    rule: &'t str,
    indicator: &'t str,
    dimension: &'t str,
    group: &'t str,
    reference: &'t str,
}

/// A quarter of two profiles: a skew that begins in the middle, a version that changes, days without numbers, a damaged day, withheld numbers,
/// duties of each kind, alerts with measures, gaps.
pub fn rich() -> Report {
    let period = quarter();
    let end = period.end();
    Report {
        coverage: Coverage {
            days: 92,
            days_with_release: 83,
            days_without: vec!["2026-08-03".to_owned(), "2026-08-10..2026-08-17".to_owned()],
            days_silent: vec!["2026-07-04..2026-07-05".to_owned()],
            ended_early: vec![("2026-09-02".to_owned(), period.start().plus(Span::HOUR.times(63 * 24 + 14)))],
            releases: 1_984,
            first: Some(period.start().plus(Span::DAY)),
            last: Some(end),
            unreadable: vec!["history/2026-08-03.rows: block 17 is damaged: its checksum is 5f0c, not 91aa".to_owned()],
        },
        to_date: None,
        past_every_days: 1,
        source: Source::History,
        audit_problems: Vec::new(),
        audit: Some(AuditPosition {
            origin: "paritywatch.audit/0f1e2d3c4b5a6978/1/a1b2c3d4e5f60718".to_owned(),
            size: 12_345,
            root: "4J8bGmGSpFDUUDFxyUTiVCAbMzXn0pNo8Yyxy1CGzTo=".to_owned(),
        }),
        configurations: vec![
            InForce { config_hash: "5b1c0f9e7d".to_owned(), since: period.start(), until: day(45) },
            InForce { config_hash: "a2790e11c4".to_owned(), since: day(45), until: end },
        ],
        config_hash: "a2790e11c4".to_owned(),
        profiles: vec![benefits(), quiet(), ProfileReport { name: "student-grants".to_owned(), is_listed: true, ..ProfileReport::default() }],
        quality: Quality {
            events: [("read", 1_234_567), ("accepted", 1_230_001), ("duplicate", 4_012), ("rejected", 500), ("too_late", 54)]
                .map(|(name, count)| (name.to_owned(), count))
                .into(),
            events_unknown: false,
            unread_details: 0,
            withheld: (2, 24),
            gaps: vec!["topic selections partition 3, offsets 1,200 to 1,450, accepted 12 August 2026: disk of the broker lost".to_owned()],
            notes: vec![
                (
                    "late_evidence".to_owned(),
                    r#"[{"profile":"benefits","channel":"profile","dimension":"origin","group":"non_european","count":1250},{"profile":"benefits","channel":"profile","dimension":"origin","group":"european","count":40}]"#
                        .to_owned(),
                ),
                ("unlisted_others".to_owned(), r#"[{"dimension":"origin","count":null}]"#.to_owned()),
            ],
        },
        period,
    }
}

/// One profile, one comparison of two groups, one alert: what a golden file holds.
pub fn small() -> Report {
    let period = quarter();
    let of = Of {
        rule: "control-frequency",
        indicator: "control_frequency",
        dimension: "origin",
        group: "a",
        reference: "rest",
    };
    let mut skewed = comparison(of, [12_340, 1_230], [54_320, 2_715], "critical");
    skewed.past.truncate(3);
    let mut even = comparison(Of { group: "b", ..of }, [8_000, 405], [58_660, 3_540], "within");
    even.past.truncate(2);
    even.windows.truncate(1);
    let alert = alert(&skewed, true);
    Report {
        coverage: Coverage {
            days: 92,
            days_with_release: 91,
            days_without: vec!["2026-08-03".to_owned()],
            days_silent: Vec::new(),
            ended_early: Vec::new(),
            releases: 91,
            first: Some(day(1)),
            last: Some(period.end()),
            unreadable: Vec::new(),
        },
        to_date: None,
        past_every_days: 1,
        source: Source::Replay,
        audit: None,
        audit_problems: Vec::new(),
        configurations: vec![InForce {
            config_hash: "5b1c0f9e7d".to_owned(),
            since: period.start(),
            until: period.end(),
        }],
        config_hash: "5b1c0f9e7d".to_owned(),
        profiles: vec![ProfileReport {
            name: "benefits".to_owned(),
            title: "Benefit checks".to_owned(),
            purpose: "Checks on the right to a benefit".to_owned(),
            owner: "Head of enforcement".to_owned(),
            is_listed: true,
            last_seen: Some(period.end()),
            versions: vec!["1.0".to_owned()],
            channels: vec!["profile".to_owned()],
            funnel: funnel("benefits", &[("a", 12_340, 1_300), ("b", 8_000, 420), ("c", 46_320, 2_300)], None),
            findings: vec![skewed, even],
            alerts: vec![alert],
            ..ProfileReport::default()
        }],
        quality: Quality { withheld: (0, 2), ..Quality::default() },
        period,
    }
}

/// A period in which nothing was told.
pub fn empty() -> Report {
    let period = quarter();
    Report {
        coverage: Coverage { days: 92, days_without: vec!["2026-07-01..2026-09-30".to_owned()], ..Coverage::default() },
        to_date: None,
        past_every_days: 1,
        source: Source::History,
        audit: None,
        audit_problems: Vec::new(),
        configurations: Vec::new(),
        config_hash: "5b1c0f9e7d".to_owned(),
        profiles: vec![ProfileReport { name: "benefits".to_owned(), is_listed: true, ..ProfileReport::default() }],
        quality: Quality::default(),
        period,
    }
}

/// So many profiles with five groups each and a year of numbers, by `rules` rules.
pub fn large(profiles: usize, rules: usize) -> Report {
    let names: Vec<String> = (0..rules).map(|rule| format!("control-frequency-by-origin-{rule}")).collect();
    let indicators = ["control_frequency", "selection_rate", "unfounded_rate", "follow_through"];
    let of_profile = |index: usize| {
        let groups = ["a", "b", "c", "d", "e"];
        let one = |(rule, name): (usize, &String), group: &&str| {
            let indicator = indicators[rule % indicators.len()];
            let of = Of { rule: name, indicator, dimension: "origin", group, reference: "rest" };
            let mut finding = comparison(of, [12_000 + index as u64, 700], [50_000, 2_500], "within");
            finding.key.profile = format!("profile-{index}");
            finding.past = past(&finding, 365);
            finding
        };
        let findings =
            names.iter().enumerate().flat_map(|rule| groups.iter().map(move |group| one(rule, group))).collect();
        let counts = groups.map(|group| (group, 12_000, 700));
        ProfileReport {
            name: format!("profile-{index}"),
            is_listed: true,
            channels: vec!["profile".to_owned()],
            funnel: funnel(&format!("profile-{index}"), &counts, None),
            findings,
            ..ProfileReport::default()
        }
    };
    Report { profiles: (0..profiles).map(of_profile).collect(), ..small() }
}

/// The rich report with names that a page must escape.
pub fn hostile() -> Report {
    let mut report = rich();
    report.coverage.unreadable.push(HOSTILE.to_owned());
    report.quality.gaps.push(HOSTILE.to_owned());
    report.quality.notes.push((HOSTILE.to_owned(), format!("[{{\"x\":{}}}]", serde_json::json!(HOSTILE))));
    report.period.label = "2026-Q3\";}body{display:none}</style><script>".to_owned();
    for profile in &mut report.profiles {
        for text in [&mut profile.title, &mut profile.purpose, &mut profile.owner] {
            HOSTILE.clone_into(text);
        }
        profile.versions.push(HOSTILE.to_owned());
        for finding in &mut profile.findings {
            finding.key.rule = format!("{HOSTILE}{}", finding.key.rule);
            finding.key.group = finding.key.group.as_ref().map(|group| format!("{HOSTILE}{group}"));
            finding.row.reference_group = Some(HOSTILE.to_owned());
        }
        for alert in &mut profile.alerts {
            alert.owner = HOSTILE.to_owned();
            alert.action = HOSTILE.to_owned();
            alert.transitions.iter_mut().for_each(|of| of.measure = Some([HOSTILE.to_owned(), HOSTILE.to_owned()]));
        }
    }
    report
}

fn quarter() -> Period {
    Period::parse("2026-Q3").unwrap()
}

/// The beginning of a day of the quarter, counted from 0.
fn day(number: i64) -> EventTime {
    quarter().start().plus(Span::DAY.times(number))
}

fn benefits() -> ProfileReport {
    let of = |rule, indicator, group| Of { rule, indicator, dimension: "origin", group, reference: "rest" };
    let frequency = |group| of("control-frequency-by-origin", "control_frequency", group);
    let mut skewed = comparison(frequency("non_european"), [12_345, 1_481], [54_320, 2_716], "critical");
    skewed.row.stratified = Some(("risk_class".to_owned(), measured(1.63, 1.48, 1.79), false));
    let mut reversed = comparison(frequency("european"), [8_000, 480], [58_665, 3_717], "within");
    reversed.row.stratified = Some(("risk_class".to_owned(), measured(1.08, 0.97, 1.2), true));
    let far = comparison(
        of("unfounded-by-origin", "unfounded_rate", "non_european"),
        [12_345, 1_400],
        [54_320, 210],
        "critical",
    );
    let mut few = comparison(frequency("unknown_origin"), [45, 5], [66_000, 4_000], "insufficient_data");
    few.row.needed = Some(2_310);
    let mut missing =
        comparison(of("hit-rate-by-origin", "hit_rate", "non_european"), [1_400, 210], [2_600, 520], "incomplete");
    missing.row.missing = [Some(0.12), Some(0.034)];
    missing.row.missing_cause = Some("no_group".to_owned());
    missing.row.details = Some(r#"{"missing":{"group":{"cases":190,"share":0.12,"by_cause":{"no_group":150,"late":40},"suppressed":false},"reference":{"cases":90,"share":0.034,"by_cause":{"no_group":90},"suppressed":false}},"outcome_range":{"low":0.71,"high":0.82,"sensitive_to_missing":true}}"#.to_owned());
    let mut duration =
        comparison(of("duration-by-origin", "duration", "non_european"), [900, 900], [2_300, 2_300], "warning");
    duration.row.ratio = Some(measured(1.5, 1.36, 1.65));
    (duration.row.group_rate, duration.row.reference_rate, duration.row.group_counts, duration.row.reference_counts) =
        (None, None, None, None);
    duration.row.details = Some(r#"{"values":{"group":{"cases":900,"mean":52.1,"p50":{"value":45,"lower":43,"upper":47},"p90":{"value":95,"lower":90,"upper":101},"p99":{"value":182,"lower":null,"upper":null}},"reference":{"cases":2300,"mean":34.9,"p50":{"value":30,"lower":29,"upper":31},"p90":{"value":65,"lower":63,"upper":68},"p99":{"value":120,"lower":111,"upper":null}}}}"#.to_owned());
    let mut strict =
        comparison(of("home-visits-by-origin", "strict_rate", "non_european"), [1_481, 310], [2_716, 402], "warning");
    strict.row.details = Some(r#"{"mix":{"p_value":0.00001,"kinds":[{"kinds":["desk_check"],"group":1171,"reference":2314},{"kinds":["desk_check","home_visit"],"group":310,"reference":402}]},"interaction":1.31}"#.to_owned());
    let complaints =
        comparison(of("complaints-by-origin", "complaint_rate", "non_european"), [1_481, 60], [2_716, 70], "within");
    let alerts = vec![alert(&skewed, true), alert(&strict, false)];
    let mut findings = vec![skewed, reversed, few, far, missing, duration, strict, complaints];
    findings.extend(duties());
    ProfileReport {
        name: "benefits".to_owned(),
        title: "Benefit checks".to_owned(),
        purpose: "Finding households whose benefit may be wrong, so that they can be checked at home or at a desk"
            .to_owned(),
        owner: "Head of enforcement".to_owned(),
        is_listed: true,
        last_seen: Some(quarter().end()),
        versions: vec!["2026.1".to_owned(), "2026.2".to_owned()],
        channels: vec!["profile".to_owned(), "random".to_owned()],
        funnel: funnel(
            "benefits",
            &[("non_european", 12_345, 1_520), ("european", 8_000, 500), ("dutch", 46_320, 2_400)],
            Some(1.9),
        ),
        findings,
        alerts,
        ..ProfileReport::default()
    }
}

/// A profile of which little is known.
fn quiet() -> ProfileReport {
    let of = |group| Of {
        rule: "selection-by-gender",
        indicator: "selection_rate",
        dimension: "gender",
        group,
        reference: "man",
    };
    let mut withheld = comparison(of("woman"), [9, 1], [20, 2], "insufficient_data");
    let row = &mut withheld.row;
    *row = KeptFinding {
        suppressed: true,
        verdict: row.verdict.clone(),
        confidence: 0.95,
        thresholds: row.thresholds.clone(),
        ..KeptFinding::default()
    };
    withheld.past.clear();
    withheld.windows = vec![("90d".to_owned(), withheld.row.clone())];
    let mut stale = comparison(of("other"), [400, 20], [900, 50], "stale");
    stale.basis = Basis {
        is_period: false,
        window: "90d".to_owned(),
        released_at: day(60),
        as_of: day(60),
        outcomes_until: day(60),
        is_gone: true,
    };
    let mut findings = vec![withheld, stale];
    for finding in &mut findings {
        finding.key.profile = "quiet".to_owned();
    }
    ProfileReport {
        name: "quiet".to_owned(),
        last_seen: Some(day(60)),
        channels: vec!["profile".to_owned()],
        findings,
        ..ProfileReport::default()
    }
}

fn duties() -> Vec<FindingReport> {
    let detailed = |mut finding: FindingReport, details: &str| {
        finding.row.details = Some(details.to_owned());
        finding
    };
    vec![
        detailed(
            duty("suitable", "suitability", None, "warning", "not_shown", Some(([2_979, 642], [1_449, 342]))),
            r#"{"claim":{"log_e":0.9,"shown_at":3.0,"information":210.2,"information_needed":339.7,"last_shown":null}}"#,
        ),
        duty(
            "random-sample",
            "benchmark",
            Some("suitable"),
            "warning",
            "random_channel_too_small",
            Some(([2_979, 642], [1_449, 342])),
        ),
        detailed(
            duty(
                "criteria",
                "criterion",
                Some("postcode"),
                "warning",
                "proxy_criterion",
                Some(([66_665, 64_000], [0, 0])),
            ),
            r#"{"association":{"v":0.18,"lower":0.15,"upper":0.21,"carried":1.4},"versions":[{"version":"2026.2","cases":31000},{"version":"2026.1","cases":33000}],"versions_left_out":0}"#,
        ),
        duty("human", "automation", Some("decided_by"), "within", "nothing", Some(([4_197, 0], [0, 0]))),
        duty("versions", "drift", Some("2026.2"), "critical", "version_is_worse", None),
        duty("outcomes", "coverage", None, "within", "nothing", Some(([4_197, 4_001], [0, 0]))),
        detailed(
            duty("heard-of", "silence", Some("controls"), "critical", "silent", None),
            r#"{"last_heard":"2026-09-12T08:15:00Z"}"#,
        ),
    ]
}

fn duty(
    rule: &str,
    kind: &str,
    subject: Option<&str>,
    verdict: &str,
    reason: &str,
    counts: Option<([u64; 2], [u64; 2])>,
) -> FindingReport {
    let of = Of { rule, indicator: "hit_rate", dimension: "", group: "", reference: "random" };
    let mut finding = comparison(of, counts.map_or([1; 2], |of| of.0), counts.map_or([1; 2], |of| of.1), verdict);
    let is_compared = counts.is_some_and(|(_, reference)| reference[0] > 0);
    let key = &mut finding.key;
    (key.kind, key.dimension, key.group) = (kind.to_owned(), None, None);
    key.subject = subject.map(str::to_owned);
    key.reference = if is_compared { "random".to_owned() } else { String::new() };
    key.indicator = is_compared.then(|| "hit_rate".to_owned());
    let row = &mut finding.row;
    (row.reason, row.thresholds, row.evidence) = (Some(reason.to_owned()), None, None);
    if !is_compared {
        (row.reference_counts, row.reference_rate, row.ratio, row.difference, row.p_value) =
            (None, None, None, None, None);
    }
    if counts.is_none() {
        (row.group_counts, row.group_rate) = (None, None);
    }
    finding.past.clear();
    finding.windows = vec![("90d".to_owned(), finding.row.clone())];
    for verdict in &mut finding.verdicts {
        verdict.reason = Some(reason.to_owned());
    }
    finding
}

fn comparison(of: Of<'_>, group: [u64; 2], reference: [u64; 2], verdict: &str) -> FindingReport {
    let key = KeptKey {
        rule: of.rule.to_owned(),
        kind: "disparity".to_owned(),
        profile: "benefits".to_owned(),
        channel: "profile".to_owned(),
        dimension: Some(of.dimension.to_owned()),
        group: Some(of.group.to_owned()),
        subject: None,
        reference: of.reference.to_owned(),
        indicator: Some(of.indicator.to_owned()),
        window: "2026-Q3".to_owned(),
    };
    let row = row(group, reference, verdict);
    let windows = ["24h", "7d", "30d", "90d"].map(|window| (window.to_owned(), row.clone())).to_vec();
    let basis = Basis {
        is_period: true,
        window: "2026-Q3".to_owned(),
        released_at: quarter().end(),
        as_of: quarter().end(),
        outcomes_until: day(120),
        is_gone: false,
    };
    let since = |number, verdict: &str| VerdictSince {
        since: day(number),
        verdict: Some(verdict.to_owned()),
        reason: None,
        window: "30d".to_owned(),
    };
    let verdicts = if verdict == "critical" {
        vec![since(0, "within"), since(48, "warning"), since(60, "critical")]
    } else {
        vec![since(0, verdict)]
    };
    let mut finding = FindingReport {
        key,
        row,
        basis,
        windows,
        past: Vec::new(),
        verdicts,
        verdicts_left_out: 0,
        thresholds_since: Some(day(0)),
    };
    finding.past = past(&finding, 92);
    finding
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn row(group: [u64; 2], reference: [u64; 2], verdict: &str) -> KeptFinding {
    let rate = |[exposed, events]: [u64; 2]| events as f64 / (exposed as f64).max(1.0);
    let (own, other) = (rate(group), rate(reference));
    let ratio = own / other.max(1e-9);
    let spread = (1.96 * (1.0 / group[1].max(1) as f64 + 1.0 / reference[1].max(1) as f64).sqrt()).exp();
    let is_low = ratio < 1.0 && verdict != "within";
    let [warning, critical, clear] = if is_low { [0.9, 0.8, 0.85] } else { [1.1, 1.25, 1.2] };
    let alarmed = matches!(verdict, "critical" | "warning");
    KeptFinding {
        group_counts: Some(group),
        reference_counts: Some(reference),
        group_rate: Some(own),
        reference_rate: Some(other),
        ratio: Some(measured(ratio, ratio / spread, ratio * spread)),
        difference: Some(measured(own - other, own - other - 0.01, own - other + 0.01)),
        p_value: Some(if alarmed { 1e-9 } else { 0.213 }),
        evidence: Some(SeriesEvidence {
            log_e: if alarmed { 17.4 } else { 0.7 },
            log_e_material: Some(if alarmed { 9.2 } else { -2.1 }),
            log_sr: Some(3.0),
            alarm_at: 8.27,
            dispersion: 1.4,
            blocks: 73,
            alarmed,
            material: verdict == "critical",
            epoch: 1,
            watched: false,
        }),
        missing: [Some(0.01), Some(0.008)],
        verdict: Some(verdict.to_owned()),
        confidence: 0.95,
        thresholds: Some(KeptThresholds { measure: "ratio".to_owned(), warning, critical, clear }),
        ..KeptFinding::default()
    }
}

/// Numbers of each day, from equality to those of the end: a skew that begins in the middle. A gap in August.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn past(finding: &FindingReport, days: i64) -> Vec<PastPoint> {
    let is_gone = |number: i64| days == 92 && (40..48).contains(&number);
    let point = |number: i64| {
        let share = ((number as f64 / days as f64 - 0.4) / 0.6).clamp(0.0, 1.0);
        let wobble = 1.0 + 0.05 * (number as f64 * 0.9).sin();
        let scaled = |ratio: Option<Measured>| {
            let by = |value: f64| ((value.ln() * share).exp() * wobble * 1e3).round() / 1e3;
            ratio.map(|of| Measured {
                value: of.value.map(by),
                lower: of.lower.map(|of| by(of) * 0.93),
                upper: of.upper.map(|of| by(of) * 1.07),
            })
        };
        let of = &finding.row;
        let row = KeptFinding {
            ratio: scaled(of.ratio),
            stratified: of
                .stratified
                .clone()
                .map(|(by, ratio, reversed)| (by, scaled(Some(ratio)).unwrap_or(ratio), reversed)),
            group_rate: of.reference_rate.zip(scaled(of.ratio)).and_then(|(rate, ratio)| Some(rate * ratio.value?)),
            reference_rate: of.reference_rate.map(|rate| rate * wobble),
            evidence: of.evidence.map(|of| SeriesEvidence { log_e: of.log_e * share * wobble, ..of }),
            verdict: Some(if share < 0.5 { "within".to_owned() } else { of.verdict.clone().unwrap_or_default() }),
            ..of.clone()
        };
        PastPoint { as_of: day(number + 1), window: "90d".into(), row, breaks: number == 48 }
    };
    (0..days).filter(|number| !is_gone(*number)).map(point).collect()
}

fn funnel(profile: &str, groups: &[(&str, u64, u64)], by_class: Option<f64>) -> Vec<FunnelReport> {
    let basis = Basis {
        is_period: true,
        window: "2026-Q3".to_owned(),
        released_at: quarter().end(),
        as_of: quarter().end(),
        outcomes_until: day(120),
        is_gone: false,
    };
    let one = |(index, (group, assessed, selected)): (usize, &(&str, u64, u64))| {
        let is_reference = index + 1 == groups.len();
        let step = |step: &str, ratio: f64| KeptStep {
            step: step.to_owned(),
            ratio: measured(ratio, ratio * 0.93, ratio * 1.07),
        };
        let steps = by_class
            .map(|ratio| step("risk_class", ratio))
            .into_iter()
            .chain([step("selected", 1.21), step("controlled", 1.02)]);
        FunnelReport {
            key: KeptFunnelKey {
                profile: profile.to_owned(),
                channel: "profile".to_owned(),
                dimension: "origin".to_owned(),
                group: (*group).to_owned(),
                window: "2026-Q3".to_owned(),
            },
            row: KeptFunnel {
                reference: groups.last().map(|last| last.0.to_owned()).unwrap_or_default(),
                stages: [
                    Some(*assessed),
                    Some(*selected),
                    Some(selected * 97 / 100),
                    Some(selected * 9 / 10),
                    Some(selected / 6),
                ],
                control_frequency: (!is_reference).then_some(2.35),
                steps: if is_reference { Vec::new() } else { steps.collect() },
                suppressed: false,
            },
            basis: basis.clone(),
        }
    };
    groups.iter().enumerate().map(one).collect()
}

fn alert(of: &FindingReport, is_open: bool) -> AlertReport {
    let key = KeptKey { window: "30d".to_owned(), ..of.key.clone() };
    let transition = |number: i64, transition: &str, severity: &str| KeptTransition {
        at: day(number).plus(Span::HOUR.times(9)),
        transition: transition.to_owned(),
        alert: format!("{}.{}", of.key.rule, of.key.group.as_deref().unwrap_or_default()),
        severity: severity.to_owned(),
        key: key.clone(),
        owner: "Head of enforcement".to_owned(),
        action: "Suspend the profile for this group, and look for the cause within two weeks".to_owned(),
        measure: None,
        until: None,
        accepted_ratio: None,
        evidence: of.row.clone(),
    };
    let mut transitions = vec![
        transition(48, "pending", "warning"),
        transition(49, "firing", "warning"),
        transition(60, "severity_changed", "critical"),
    ];
    if is_open {
        let measure = Some(["compliance officer".to_owned(), "criterion postcode taken out of the profile".to_owned()]);
        transitions.push(KeptTransition { measure, ..transition(66, "adjusted", "critical") });
    } else {
        transitions.push(transition(80, "resolved", "critical"));
    }
    AlertReport {
        id: transitions[0].alert.clone(),
        key: key.clone(),
        severity: "critical".to_owned(),
        owner: transitions[0].owner.clone(),
        action: transitions[0].action.clone(),
        began_before: false,
        is_open,
        transitions,
        left_out: 0,
    }
}

fn measured(value: f64, lower: f64, upper: f64) -> Measured {
    Measured { value: Some(value), lower: Some(lower), upper: Some(upper) }
}
