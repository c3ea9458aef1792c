//! The report as HTML: whole, in both languages, with the figures of its model, and within its size.
//!
//! `PARITYWATCH_UPDATE_GOLDEN=1 cargo test --test core report_html::` rewrites `tests/golden/report`. How it looks and prints is the matter of
//! `tests/io/browser.rs`.

use std::path::Path;
use std::time::Instant;

use crate::support::sample_report::{HOSTILE, empty, hostile, large, rich, small};

use paritywatch::disclosure::KeptFinding;
use paritywatch::plan::Period;
use paritywatch::report::html::{Language, render};
use paritywatch::report::{AlertReport, FindingReport, NOT_TOLD_AT_END, ProfileReport, Report};

const LANGUAGES: [Language; 2] = [Language::English, Language::Dutch];
/// Elements without content.
const VOID: [&str; 4] = ["meta", "br", "link", "hr"];

#[test]
fn it_is_whole_and_asks_for_nothing() {
    for report in [rich(), small(), empty(), hostile()] {
        for language in LANGUAGES {
            let html = render(&report, language);
            assert_eq!(unclosed(&html), Vec::<String>::new());
            assert!(html.contains(&format!("<html lang=\"{}\">", language.code())));
            for absent in ["<script", " src=", "url(", "@import", " style=", "http:", "https:", "<link", " on"] {
                let found = html.find(absent).map(|at| &html[at.saturating_sub(60)..(at + 40).min(html.len())]);
                assert!(found.is_none() || absent == " on", "{absent}: {found:?}");
            }
            let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let mut once = ids.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), ids.len(), "an id is there twice");
            for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(ids.contains(&target), "a link leads to #{target}, which is not there");
            }
        }
    }
}

#[test]
fn no_name_becomes_markup_or_style() {
    let html = render(&hostile(), Language::English);
    assert!(!html.contains(HOSTILE), "a name is markup");
    let style = between(&html, "<style>", "</style>");
    assert!(!style.contains("none}") && style.contains("2026-Q3"), "a name is style");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn every_figure_is_that_of_the_model_in_the_form_of_the_language() {
    let report = rich();
    let [english, dutch] = LANGUAGES.map(|language| render(&report, language));
    let mut looked_at = 0;
    for (index, profile) in report.profiles.iter().enumerate() {
        for (number, finding) in profile.findings.iter().enumerate() {
            for (html, language) in [(&english, Language::English), (&dutch, Language::Dutch)] {
                let row = between(html, &format!("id=\"f{index}-{number}\""), "</tr>");
                for figure in figures(finding, language) {
                    assert!(row.contains(&figure), "{}: {figure} is not in {row}", finding.key.rule);
                    looked_at += 1;
                }
            }
        }
        for row in &profile.funnel {
            for cases in row.row.stages.into_iter().flatten() {
                assert!(english.contains(&grouped(cases, ',')) && dutch.contains(&grouped(cases, '.')), "{cases}");
            }
        }
    }
    assert!(looked_at > 150, "only {looked_at} figures were looked at");
    assert!(english.contains("1,234,567") && dutch.contains("1.234.567"), "events");
    assert!(
        english.contains("1 July 2026 to 30 September 2026")
            && dutch.contains("1 juli 2026 tot en met 30 september 2026")
    );
}

#[test]
fn the_words_of_the_other_language_are_not_there() {
    let [english, dutch] = LANGUAGES.map(|language| text_of(&render(&rich(), language)));
    for word in ["Counts the cases", "Verdict", "has alarmed", "controlled", "withheld", "July"] {
        assert!(english.contains(word), "{word:?}");
        assert!(!dutch.contains(word), "{word:?} is in the Dutch report");
    }
    for word in ["Telt de gevallen", "Oordeel", "Verhouding", "bewijs", "gecontroleerd", "afgeschermd", " juli"] {
        assert!(dutch.contains(word), "{word:?}");
        assert!(!english.contains(word), "{word:?} is in the English report");
    }
}

#[test]
fn what_is_missing_comes_first_and_nothing_judged_is_no_finding() {
    let html = text_of(&render(&rich(), Language::English));
    let places = [
        "What is missing",
        "9 of 92 days have no numbers: 3 August 2026; 10 August 2026 to 17 August 2026",
        "block 17 is damaged",
        "Summary",
        "Profile Benefit checks",
        "Data quality",
        "Method",
        "Conclusion and signature",
        "Appendix",
    ];
    let after_contents = html.find("This comes first").unwrap() - 40;
    let mut at = after_contents;
    for place in places {
        at += html[at..].find(place).unwrap_or_else(|| panic!("{place} is not there, or comes too early"));
    }
    let nothing = text_of(&render(&empty(), Language::English));
    assert!(nothing.contains("There are no numbers in this period") && nothing.contains("Nothing could be judged"));
    assert!(!nothing.contains("no evidence beyond a threshold"), "silence reads as a finding");
    assert!(nothing.contains("Nothing was found out about: benefits"));
}

#[test]
fn what_was_found_and_what_could_not_be_judged_is_said_in_sentences() {
    let html = text_of(&render(&rich(), Language::English));
    for sentence in [
        "non_european (origin) was controlled 1.63 times as often as the rest (95% interval 1.48\u{202f}\u{2013}\u{202f}1.79).",
        "At the end of the period:",
        "Too few cases yet: 1. Up to 2,310 more are needed.",
        "Numbers withheld: 1.",
        "Too many cases missing: 1. Largest causes: no group.",
        "Reversed: crude and like-with-like point in opposite directions.",
        "Under this version of the profile the group fares worse",
        "Still open at its end: 1. Measures reported about them: 1.",
        "criterion postcode taken out of the profile",
        "missing by cause, group: late 40, no group 150; reference: no group 90",
        "p90 95 min (90\u{202f}\u{2013}\u{202f}101)",
        "desk_check + home_visit: 310 against 402",
        "Cramér’s V 0.18 (0.15 – 0.21)",
        "last heard of 12 September 2026, 08:15:00 UTC",
        "Not in the configuration any more: quiet.",
    ] {
        assert!(html.contains(sentence), "{sentence}");
    }
    // Benefits have no rule about selection.
    let chapter = between(&html, "Not watched in this profile", "Alerts and measures");
    assert!(chapter.contains("Selection") && !chapter.contains("Hits"), "{chapter}");
}

#[test]
fn a_finding_whose_interval_is_beyond_the_scale_is_an_arrow_alone() {
    let report = rich();
    let far = report.profiles[0].findings.iter().position(|finding| finding.key.rule == "unfounded-by-origin").unwrap();
    let row = render(&report, Language::English);
    let row = between(&row, &format!("id=\"f0-{far}\""), "</tr>");
    assert!(row.contains("arrow-high") && !row.contains("class=\"point\"") && !row.contains("cap-low"), "{row}");
}

#[test]
fn a_small_report_is_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report");
    for language in LANGUAGES {
        // The style is looked at by eye, and would hide what changed.
        let html = render(&small(), language).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let (before, rest) = html.split_once("<style>").unwrap();
        let (_, after) = rest.split_once("</style>").unwrap();
        let found = format!("{before}{after}").replace("><", ">\n<");
        let path = folder.join(format!("small.{}.html", language.code()));
        if std::env::var_os("PARITYWATCH_UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap();
        let differs = (1..).zip(expected.lines().zip(found.lines())).find(|(_, (one, other))| one != other);
        assert_eq!(differs, None, "{}", path.display());
        assert_eq!(expected.len(), found.len(), "{}", path.display());
    }
}

#[test]
fn a_hundred_profiles_with_a_year_stay_within_15_mb() {
    let report = large(100, 1);
    let start = Instant::now();
    let html = render(&report, Language::Dutch);
    println!("{} bytes in {:?}", html.len(), start.elapsed());
    assert!(html.len() < 15_000_000, "{} bytes", html.len());
    assert_eq!(html, render(&report, Language::Dutch), "the same report, the same text");
    let more = large(100, 4);
    let start = Instant::now();
    let html = render(&more, Language::Dutch);
    println!("{} bytes of four rules in {:?}", html.len(), start.elapsed());
    assert!(html.len() < 45_000_000, "{} bytes", html.len());
}

#[test]
fn a_drawing_that_leaves_moments_out_says_so_and_keeps_breaks() {
    let report = large(2, 1);
    let html = render(&report, Language::English);
    assert!(html.contains("Drawings have at most 120 moments each"));
    let with_gap = render(&small_with_gap(), Language::English);
    let path = between(&with_gap, "class=\"line group\" d=\"", "\"");
    assert_eq!(path.matches('M').count(), 2, "the line is not broken: {path}");
}

#[test]
fn of_too_many_alerts_open_and_critical_ones_stay() {
    let mut report = rich();
    let profile = &mut report.profiles[0];
    let of = profile.alerts[0].clone();
    let one = |number: usize, is_open: bool, severity: &str| AlertReport {
        id: format!("alert-{number:03}-"),
        is_open,
        severity: severity.to_owned(),
        ..of.clone()
    };
    profile.alerts =
        (0..100).map(|number| one(number, number < 3, if number < 6 { "critical" } else { "warning" })).collect();
    let html = render(&report, Language::English);
    let shown = |number: usize| html.contains(&format!("<code>alert-{number:03}-</code>"));
    assert!((0..6).all(shown), "open and critical ones are skipped");
    assert!(!shown(6) && (46..100).all(shown), "the newest of the others");
    assert!(html.contains("40 alerts are not shown here"));
}

#[test]
fn why_nothing_was_judged_is_told_by_reason() {
    let mut report = small();
    let of = report.profiles[0].findings[0].clone();
    let with = |verdict: Option<&str>, reason: Option<&str>| {
        let row = KeptFinding {
            verdict: verdict.map(str::to_owned),
            reason: reason.map(str::to_owned),
            needed: None,
            suppressed: false,
            ..of.row.clone()
        };
        FindingReport { row, ..of.clone() }
    };
    report.profiles[0].findings = vec![
        with(Some("insufficient_data"), None),
        with(Some("insufficient_data"), Some("never_heard")),
        with(Some("insufficient_data"), Some("report_not_due")),
        with(Some("incomplete"), Some("criteria_unknown")),
        with(None, Some(NOT_TOLD_AT_END)),
    ];
    let html = text_of(&render(&report, Language::English));
    for line in ["Too few cases yet: 1.", "Never heard of.", "no verdict stood then: 1."] {
        assert!(
            html.contains(line),
            "{line}: {}",
            between(&html, "What could not be judged", "What happened about it")
        );
    }
    assert_eq!(
        between(&html, "What could not be judged", "What happened about it").matches(" Findings: 1.").count(),
        3
    );
}

#[test]
fn other_days_and_rows_that_were_gone_are_said_plainly() {
    let mut report = small();
    let plain = text_of(&render(&report, Language::English));
    assert!(!plain.contains("no month, quarter or year") && !plain.contains("were gone before the end"));
    report.period = Period::parse("2026-07-03..2026-08-20").unwrap();
    report.profiles[0].findings[0].basis.is_gone = true;
    report.quality.events_unknown = true;
    report.quality.unread_details = 2;
    let html = text_of(&render(&report, Language::English));
    for line in [
        "Of days that are no month, quarter or year nothing is counted by itself.",
        "Findings that were gone before the end of the period: 1 of ",
        "How many events came in the period is not known",
        "Rows whose details cannot be read, and are missing here: 2.",
        "Outcomes count up to ",
    ] {
        assert!(html.contains(line), "{line}");
    }
}

fn small_with_gap() -> Report {
    let mut report = small();
    let findings = rich().profiles[0].findings.clone();
    report.profiles = vec![ProfileReport {
        name: "benefits".to_owned(),
        findings: vec![findings[0].clone()],
        ..ProfileReport::default()
    }];
    report
}

/// What a row must have: rates, counts and the ratio, as the language writes them.
fn figures(finding: &FindingReport, language: Language) -> Vec<String> {
    let (mark, group) = if language == Language::English { ('.', ',') } else { (',', '.') };
    let decimal = |value: f64, decimals: usize| format!("{value:.decimals$}").replace('.', &mark.to_string());
    let ratio = |value: f64| decimal(value, if value >= 100.0 { 0 } else { usize::from(value < 10.0) + 1 });
    let of = &finding.row;
    let rates = [of.group_rate, of.reference_rate].into_iter().flatten();
    let counts = [of.group_counts, of.reference_counts].into_iter().flatten().flatten();
    let judged = of.judged_ratio().into_iter().flat_map(|of| [of.value, of.lower, of.upper]).flatten();
    rates
        .map(|rate| decimal(rate * 100.0, if rate > 0.0 && rate < 0.001 { 3 } else { 2 }))
        .chain(counts.map(|count| grouped(count, group)))
        .chain(judged.map(ratio))
        .collect()
}

fn grouped(count: u64, mark: char) -> String {
    let digits = count.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap()).collect();
    parts.join(&mark.to_string())
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    let end = text[start..].find(to).unwrap_or_else(|| panic!("no {to} after {from}"));
    &text[start..start + end]
}

/// Elements that are not closed, or closed though not open.
fn unclosed(html: &str) -> Vec<String> {
    let (head, rest) = html.split_once("<style>").unwrap();
    let body = format!("{head}{}", rest.split_once("</style>").unwrap().1);
    let (mut open, mut faults) = (Vec::<String>::new(), Vec::new());
    for tag in body.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap_or_else(|| panic!("a tag does not end: {tag}"));
        assert!(!text.contains('>'), "a sign is not escaped: {text}");
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if tag.starts_with('!') || VOID.contains(&name.as_str()) {
            continue;
        }
        if tag.starts_with('/') {
            if open.pop().as_ref() != Some(&name) {
                faults.push(format!("/{name}"));
            }
        } else {
            open.push(name);
        }
    }
    faults.extend(open);
    faults
}

/// The text without markup, as it is read.
fn text_of(html: &str) -> String {
    let body = html.split_once("</style>").unwrap().1;
    let text: String = body
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(
            |(tag, text)| {
                if tag.starts_with("/p") || tag.starts_with("/li") { format!("\n{text}") } else { text.to_owned() }
            },
        )
        .collect();
    text.replace("&quot;", "\"").replace("&amp;", "&")
}
