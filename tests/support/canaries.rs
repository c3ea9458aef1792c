//! A stream of which every text that must not leave is marked, and the search for the marks.
//!
//! A mark is a word that nothing else has. Each field has a mark of its own, so that whoever finds one knows where it came from.

use std::fmt::Write as _;

use super::kafka::Record;

/// What every mark begins with.
const BEGIN: &str = "Qz9kv";

/// Cases of each listed group: more than the least that is published.
const CASES: usize = 400;

/// What may be published, and why.
pub const PUBLISHED: [(&str, &str); 4] = [
    ("Qz9pubgroup", "a group on no list, from min_cell cases on: somebody has to put it on the list"),
    ("Qz9pubreason", "the reason of a measure about a profile: it is written to be read"),
    ("Qz9pubrole", "by whom a measure was taken: a role"),
    ("Qz9pubalert", "the reason of a measure about findings"),
];

/// What is kept in the state folder and not published, and why.
pub const KEPT: [(&str, &str); 6] = [
    ("othergroup", "the same of an event that is refused afterwards, as another one with its identity came first"),
    ("raregroup", "a group on no list is counted by its name: nobody knows yet whether enough cases will have it"),
    ("stratumvalue", "a value of a stratum that a rule names: its cases are counted apart"),
    ("riskclass", "the risk class, where a rule names it: likewise"),
    ("measureid", "a measure is ordered by its time, source and id"),
    ("measuresource", "likewise"),
];

/// The mark of a field.
pub fn mark(field: &str) -> String {
    format!("{BEGIN}{field}")
}

/// All records: events of every type, good ones and bad ones.
pub fn stream() -> Vec<Record> {
    let mut records = cases();
    records.extend(other_good_events());
    records.extend(bad_events());
    records.extend(binary());
    records
}

fn event(kind: &str, id: &str, second: usize, data: &str) -> String {
    let (minute, second, source) = (second / 60 % 60, second % 60, mark("source"));
    format!(
        r#"{{"specversion":"1.0","type":"paritywatch.{kind}.v1","source":"/{source}","id":"{id}","time":"2026-01-01T00:{minute:02}:{second:02}Z","subject":"{}","unknown{}":"{}","data":{{{data}}}}}"#,
        mark("subject"),
        mark("fieldname"),
        mark("fieldvalue"),
    )
}

fn record(payload: impl Into<Vec<u8>>) -> Record {
    Record::new(mark("key"), payload)
        .with_header(&mark("headername"), mark("headervalue"))
        .at_ms(super::setup::START_MS)
}

/// Enough cases for findings and an alert; every one with marks of its own.
fn cases() -> Vec<Record> {
    let mut records = Vec::new();
    for number in 0..2 * CASES {
        let (group, picked) =
            if number % 2 == 0 { ("dutch", number % 10 == 0) } else { ("non_european", number % 3 == 0) };
        let (case, id) = (format!("{}{number}", mark("caseid")), format!("{}{number}", mark("eventid")));
        let about = format!(r#""case_id":"{case}""#);
        let more = if number == 7 {
            // Few cases have these.
            format!(
                r#","risk_class":"{}","decided_by":"human","profile_version":"{}","criteria":["{}",{{"name":"{}","value":"{}"}}],"strata":{{"office":"{}","{}":"{}"}}"#,
                mark("riskclass"),
                mark("version"),
                mark("criterion"),
                mark("criterionname"),
                mark("criterionvalue"),
                mark("stratumvalue"),
                mark("stratumname"),
                mark("stratumofnorule"),
            )
        } else {
            String::new()
        };
        let groups = match number {
            11 => format!(r#""origin":"{}""#, mark("raregroup")),
            13 => format!(r#""oRiGiN":"{}","{}":"{}""#, mark("spelledgroup"), mark("dimension"), mark("groupofit")),
            20..40 => r#""origin":"Qz9pubgroup""#.to_owned(),
            _ => format!(r#""origin":"{group}""#),
        };
        let data = format!(r#"{about},"profile":"cub","selected":{picked},"groups":{{{groups}}}{more}"#);
        records.push(record(event("selection", &id, number, &data)));
        if picked {
            let control = format!(r#"{about},"control_id":"{}","kind":"{}""#, mark("controlid"), mark("kind"));
            records.push(record(event("control", &format!("{id}c"), number + 1, &control)));
            let outcome = format!(
                r#"{about},"control_id":"{}","outcome":"no_violation","sanction":{{"kind":"{}","amount":7}},"revises":"{}""#,
                mark("controlid"),
                mark("sanction"),
                mark("revised"),
            );
            records.push(record(event("outcome", &format!("{id}o"), number + 2, &outcome)));
        }
    }
    records
}

fn other_good_events() -> Vec<Record> {
    let case = format!(r#""case_id":"{}""#, mark("latercase"));
    let groups = format!(r#""groups":{{"{}":"{}"}}"#, mark("dimension"), mark("groupofit"));
    let good = [
        (
            "attributes",
            format!(r#"{case},{groups},"strata":{{"{}":"{}"}}"#, mark("stratumname"), mark("stratumofnorule")),
        ),
        ("complaint", format!(r#"{case},"profile":"cub","ground":"{}",{groups}"#, mark("ground"))),
        ("complaint", format!(r#""profile":"cub","ground":"{}",{groups}"#, mark("ground"))),
        ("tally", format!(r#""profile":"cub",{groups},"counts":{{"assessed":5,"selected":1}}"#)),
        (
            "tally",
            format!(r#""profile":"{}","groups":{{"origin":"dutch"}},"counts":{{"assessed":5}}"#, mark("profile")),
        ),
        ("selection", format!(r#"{case},"profile":"{}","selected":false"#, mark("profile"))),
        (
            "population",
            format!(
                r#""profile":"cub","dimension":"{}","counts":{{"{}":50}},"valid_from":"2026-01-01T00:00:00Z""#,
                mark("dimension"),
                mark("groupofit")
            ),
        ),
        (
            "population",
            format!(
                r#""profile":"cub","dimension":"origin","counts":{{"{}":50,"dutch":900}},"valid_from":"2026-01-01T00:00:00Z""#,
                mark("populationgroup")
            ),
        ),
    ];
    let good = good.into_iter().zip(0..);
    let mut records: Vec<Record> = good
        .map(|((kind, data), number)| record(event(kind, &format!("{}g{number}", mark("eventid")), 900, &data)))
        .collect();
    let measure = |number: usize, data: &str| {
        let text = event("measure", &format!("{}{number}", mark("measureid")), 1_000 + number, data);
        record(text.replace(&mark("source"), &mark("measuresource")))
    };
    records.push(measure(0, r#""profile":"cub","measure":"adjusted","reason":"Qz9pubreason","by":"Qz9pubrole""#));
    records.push(measure(
        1,
        r#""profile":"cub","rule":"selection","dimension":"origin","group":"non_european","measure":"accepted","reason":"Qz9pubalert","by":"Qz9pubrole""#,
    ));
    records.push(measure(
        2,
        &format!(
            r#""profile":"{}","measure":"adjusted","reason":"{}","by":"{}""#,
            mark("profile"),
            mark("reason"),
            mark("by")
        ),
    ));
    // The first ones again with another content: mismatched.
    for number in [0, 7, 11] {
        let id = format!("{}{number}", mark("eventid"));
        let data = format!(
            r#""case_id":"{}{number}","profile":"cub","selected":true,"channel":"manual","groups":{{"origin":"{}"}}"#,
            mark("caseid"),
            mark("othergroup")
        );
        records.push(record(event("selection", &id, number, &data)));
    }
    records
}

/// Everything that is refused, with a mark where the fault is.
fn bad_events() -> Vec<Record> {
    let selection = |data: &str| event("selection", &mark("badid"), 950, data);
    let good = format!(r#""case_id":"{}","profile":"cub","selected":true"#, mark("badcase"));
    let whole = selection(&good);
    let payload = mark("payload");
    let replaced = |from: &str, to: String| whole.replace(from, &to);
    let bad = vec![
        payload.clone(),
        format!("{payload} {whole}"),
        format!("{whole} {payload}"),
        whole[..whole.len() / 2].to_owned(),
        format!("[{whole}]"),
        selection(&format!(r#""case_id":"{}","profile":"cub""#, mark("badcase"))),
        selection(&format!(r#""case_id":["{payload}"],"profile":"cub","selected":true"#)),
        selection(&format!(r#""case_id":"c","profile":{{"{payload}":1}},"selected":true"#)),
        selection(&format!(r#"{good},"selected":"{payload}""#)),
        selection(&good.replace("true", &format!("\"{payload}\""))),
        selection(&format!(r#"{good},"channel":"{payload}""#)),
        selection(&format!(r#"{good},"decided_by":"{payload}""#)),
        selection(&format!(r#"{good},"groups":"{payload}""#)),
        selection(&format!(r#"{good},"groups":{{"origin":{{"{payload}":7}}}}"#)),
        selection(&format!(r#"{good},"groups":{{"{payload}":[1]}}"#)),
        selection(&format!(r#"{good},"strata":{{"{payload}":[1]}}"#)),
        selection(&format!(r#"{good},"criteria":[["{payload}"]]"#)),
        selection(&format!(r#"{good},"risk_class":"{}""#, payload.repeat(2_000))),
        selection(&format!(r#"{good},"x":{}"{payload}"{}"#, "[".repeat(200), "]".repeat(200))),
        event("control", &mark("badid"), 1, &format!(r#""case_id":"c","outcome":"{payload}""#)),
        event("control", &mark("badid"), 1, &format!(r#""case_id":"c","intensity":"{payload}""#)),
        event("outcome", &mark("badid"), 1, &format!(r#""case_id":"c","outcome":"{payload}""#)),
        event("complaint", &mark("badid"), 1, &format!(r#""profile":"cub","status":"{payload}""#)),
        event("tally", &mark("badid"), 1, &format!(r#""profile":"cub","counts":{{"assessed":"{payload}"}}"#)),
        event(
            "population",
            &mark("badid"),
            1,
            &format!(
                r#""profile":"cub","dimension":"origin","counts":{{"{payload}":-1}},"valid_from":"2026-01-01T00:00:00Z""#
            ),
        ),
        event(
            "population",
            &mark("badid"),
            1,
            &format!(r#""profile":"cub","dimension":"origin","counts":{{"x":1}},"valid_from":"{payload}""#),
        ),
        event(
            "measure",
            &mark("badid"),
            1,
            &format!(r#""profile":"cub","measure":"{payload}","reason":"{}","by":"b""#, mark("badreason")),
        ),
        event(
            "measure",
            &mark("badid"),
            1,
            &format!(r#""alert_id":"{payload}","measure":"adjusted","reason":"r","by":"b""#),
        ),
        replaced("paritywatch.selection.v1", format!("paritywatch.selection.v1{payload}")),
        replaced("paritywatch.selection.v1", format!("'{payload}.selection.v1'")),
        replaced("paritywatch.selection.v1", payload.clone()),
        replaced("\"1.0\"", format!("\"{payload}\"")),
        replaced("2026-01-01", payload.clone()),
        replaced("2026-01-01", "9999-01-01".to_owned()),
        replaced("2026-01-01", "1626-01-01".to_owned()),
        replaced("\"specversion\"", format!("\"datacontenttype\":\"{payload}\",\"specversion\"")),
        replaced("\"specversion\"", format!("\"data_base64\":\"{payload}\",\"specversion\"")),
    ];
    let mut records: Vec<Record> = bad.into_iter().map(record).collect();
    records.push(record([payload.as_bytes(), &[0xFF, 0xFE]].concat()));
    records.push(Record { payload: None, ..record("") });
    records
}

/// Events whose envelope is in headers.
fn binary() -> Vec<Record> {
    let data = format!(
        r#"{{"case_id":"{}","profile":"cub","selected":false,"groups":{{"origin":"dutch"}}}}"#,
        mark("binarycase")
    );
    let of = |kind: &str, time: &str| {
        record(data.clone())
            .with_header("ce_specversion", "1.0")
            .with_header("ce_type", kind)
            .with_header("ce_source", mark("binarysource"))
            .with_header("ce_id", mark("binaryid"))
            .with_header("ce_time", time)
            .with_header("content-type", "application/json")
    };
    vec![
        of("paritywatch.selection.v1", "2026-01-01T00:10:00Z"),
        of("paritywatch.selection.v1", &mark("headertime")),
        of(&mark("headertype"), "2026-01-01T00:10:00Z"),
        of(&format!("paritywatch.selection.v1 {}", mark("headertype")), "2026-01-01T00:10:00Z"),
        of("paritywatch.selection.v1", "2026-01-01T00:10:00Z").with_header("ce_id", mark("secondid")),
        of("paritywatch.selection.v1", "2026-01-01T00:10:00Z").with_header("content-type", mark("contenttype")),
    ]
}

/// Where marks are looked for.
pub struct Search {
    /// Fields whose marks may be there.
    allowed: Vec<&'static str>,
    /// Forms in which the beginning of a mark may be written, but for those that are the same in lower case.
    forms: Vec<Vec<u8>>,
}

impl Search {
    /// Finds every mark.
    pub fn published() -> Self {
        Self::allowing(&[])
    }

    /// Finds every mark but what the state keeps.
    pub fn state() -> Self {
        Self::allowing(&KEPT.map(|(field, _)| field))
    }

    fn allowing(fields: &[&'static str]) -> Self {
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        let percent = BEGIN.bytes().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "%{byte:02x}");
            text
        });
        let escaped = BEGIN.bytes().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "\\u{byte:04x}");
            text
        });
        let of_any_case = [hex(BEGIN.as_bytes()), percent, escaped, BEGIN.to_lowercase().chars().rev().collect()];
        let mut forms: Vec<Vec<u8>> = of_any_case.into_iter().map(String::into_bytes).collect();
        // As the digits of a list of bytes, which is how a debug view shows them.
        forms.push(BEGIN.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ").into_bytes());
        Self { allowed: fields.to_vec(), forms }
    }

    /// Returns where a mark is found: the text around it.
    pub fn leaks(&self, output: &[u8]) -> Vec<String> {
        let lower = output.to_ascii_lowercase();
        let around = |bytes: &[u8], at: usize| {
            String::from_utf8_lossy(&bytes[at.saturating_sub(60)..(at + 60).min(bytes.len())]).into_owned()
        };
        let begin = BEGIN.to_ascii_lowercase().into_bytes();
        let is_allowed = |at: usize| {
            let field = &lower[at + begin.len()..];
            self.allowed.iter().any(|allowed| field.starts_with(allowed.as_bytes()))
        };
        let mut leaks: Vec<String> =
            places(&lower, &begin).filter(|at| !is_allowed(*at)).map(|at| around(output, at)).collect();
        for form in &self.forms {
            leaks.extend(places(&lower, form).map(|at| around(output, at)));
        }
        for form in base64_forms() {
            leaks.extend(places(output, &form).map(|at| around(output, at)));
        }
        // A name that differs from a listed one by its spelling only, and that few cases have.
        if self.allowed.is_empty() {
            leaks.extend(places(output, b"oRiGiN").map(|at| around(output, at)));
        }
        leaks
    }

    /// Fails where a mark is found.
    #[track_caller]
    pub fn check(&self, what: &str, output: &[u8]) {
        let leaks = self.leaks(output);
        assert!(leaks.is_empty(), "{what} has {} marks: {:#?}", leaks.len(), &leaks[..leaks.len().min(10)]);
    }
}

fn places<'b>(bytes: &'b [u8], what: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    bytes.windows(what.len()).enumerate().filter(move |(_, window)| *window == what).map(|(at, _)| at)
}

/// What the beginning of a mark is in base64, whatever stands before it.
fn base64_forms() -> [Vec<u8>; 3] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array::from_fn(|before| {
        let bits: Vec<u8> = BEGIN.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        // The digits that these bytes alone decide.
        let skipped = (6 - before * 8 % 6) % 6;
        bits[skipped..]
            .chunks_exact(6)
            .map(|six| DIGITS[six.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit))])
            .collect()
    })
}

/// The search itself: each form is found.
pub fn check_search() {
    let found = |output: &str| Search::published().leaks(output.as_bytes()).len();
    let text = mark("caseid");
    assert_eq!(found(&text), 1);
    assert_eq!(found(&text.to_lowercase()), 1);
    assert_eq!(found(&text.to_uppercase()), 1);
    let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(found(&hex), 1);
    let escaped: String = text.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
    assert_eq!(found(&escaped), 1);
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(found(&percent), 1);
    assert_eq!(found(&format!("{:?}", text.as_bytes())), 1);
    // "Qz9kvcaseid", and the same behind one and two other bytes.
    for base64 in ["UXo5a3ZjYXNlaWQ=", "eFF6OWt2Y2FzZWlk", "eHhRejlrdmNhc2VpZA=="] {
        assert_eq!(found(base64), 1, "{base64}");
    }
    assert_eq!(found("nothing of the kind: Qz9pubgroup"), 0);
    assert_eq!(Search::state().leaks(mark("raregroup").as_bytes()).len(), 0);
    assert_eq!(Search::state().leaks(mark("caseid").as_bytes()).len(), 1);
}
