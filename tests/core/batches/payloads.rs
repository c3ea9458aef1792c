//! Odd and hostile payloads. A record that looks like one seen before is recognised by its bytes; it must be handled as if it were decoded.

use super::mutation::{fields, mutate, mutate_headers, pieces};
use super::pair::{Given, Pair, Random};
use super::stream::{START, STYLES, Source, Style, plain, plans};
use super::{NOW, Seen, each_seed};
use crate::support::effort::attempts;

use paritywatch::event::TEMPLATE_BYTES;
use paritywatch::monitor::{Clock, Handled};
use paritywatch::plan::{EventTime, Span};

const KINDS: [&str; 5] = ["selection", "control", "outcome", "complaint", "attributes"];

/// A pair that has seen some plain records of each kind in these styles, often enough to know them.
fn learned(styles: &[Style], kinds: &[&str]) -> Pair {
    let mut pair = Pair::new(&plans()[0], Clock::Wall, NOW);
    for round in 0..3 {
        let both = styles.iter().flat_map(|style| kinds.iter().map(move |kind| (*style, *kind)));
        let records: Vec<Given> =
            both.zip(0..).map(|((style, kind), index)| plain(style, kind, 900_000 + 10 * index + round)).collect();
        let handled = pair.feed(&records, NOW, &mut || usize::MAX);
        assert!(round > 0 || handled.iter().all(|handled| *handled == Handled::Accepted), "{handled:?}");
    }
    pair
}

/// The range of a field's value.
fn value_of(text: &[u8], field: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let name_end = field.start + 2 + text[field.start + 1..].iter().position(|byte| *byte == b'"').unwrap();
    let colon = name_end + text[name_end..].iter().position(|byte| *byte == b':').unwrap();
    let blanks = text[colon + 1..].iter().take_while(|byte| **byte <= b' ').count();
    colon + 1 + blanks..field.end
}

#[test]
fn each_value_replaced_by_each_odd_one() {
    let pieces = pieces();
    for style in STYLES {
        for kind in KINDS {
            let mut pair = learned(&[style], &[kind]);
            let mut number = 0;
            for index in 0..fields(&plain(style, kind, 0).payload).len() {
                let mut records = Vec::new();
                for piece in &pieces {
                    number += 1;
                    let mut given = plain(style, kind, number);
                    let field = fields(&given.payload)[index].clone();
                    let value = value_of(&given.payload, &field);
                    given.payload.splice(value, piece.iter().copied());
                    records.push(given);
                    // What is known stays known.
                    number += 1;
                    records.push(plain(style, kind, number));
                }
                pair.feed(&records, NOW, &mut || 64);
            }
            pair.compare();
        }
    }
}

#[test]
fn each_byte_changed_put_in_or_left_out() {
    const BYTES: &[u8] = b"\"\\{}[],:01e.- \nn\x00\x1f\x7f\xff\xc3";
    let bases = [
        (Style::Compact, "selection"),
        (Style::Sorted, "selection"),
        (Style::Pretty, "control"),
        (Style::IdsLast, "outcome"),
        (Style::Binary, "control"),
        (Style::WithHeaders, "attributes"),
    ];
    for (style, kind) in bases {
        let mut number = 0;
        let mut changed = |change: &dyn Fn(&mut Vec<u8>)| {
            number += 1;
            let mut given = plain(style, kind, number);
            change(&mut given.payload);
            given
        };
        let mut pair = learned(&[style], &[kind]);
        for at in 0..plain(style, kind, 0).payload.len() {
            let mut records = vec![
                changed(&|payload| {
                    payload.remove(at);
                }),
                changed(&|payload| payload.truncate(at)),
                changed(&|payload| payload[at] = payload[at].wrapping_add(1)),
            ];
            for byte in BYTES {
                records.push(changed(&|payload| payload[at] = *byte));
                records.push(changed(&|payload| payload.insert(at, *byte)));
            }
            pair.feed(&records, NOW, &mut || usize::MAX);
            if at % 40 == 39 {
                pair.compare_core();
                pair = learned(&[style], &[kind]);
            }
        }
        pair.compare();
    }
}

#[test]
fn mutated_records_are_handled_as_if_decoded() {
    let seen = each_seed(attempts(100), |seed| {
        let mut random = Random::new(seed);
        let styles: Vec<Style> = (0..1 + random.below(3)).map(|_| STYLES[random.below(STYLES.len())]).collect();
        let kinds: Vec<&str> = (0..1 + random.below(3)).map(|_| KINDS[random.below(KINDS.len())]).collect();
        let mut pair = learned(&styles, &kinds);
        let mut number = 0;
        let mut one = |random: &mut Random| {
            number += 1;
            plain(styles[random.below(styles.len())], kinds[random.below(kinds.len())], number)
        };
        let mut seen = Seen::new();
        for _ in 0..4 {
            let mut records = Vec::new();
            for _ in 0..64 {
                let (mut given, other) = (one(&mut random), one(&mut random));
                if !given.headers.is_empty() && random.one_in(2) || random.one_in(20) {
                    (0..=random.below(2)).for_each(|_| mutate_headers(&mut random, &mut given.headers));
                }
                if given.headers.is_empty() || random.one_in(3) {
                    given.payload = mutate(&mut random, &given.payload, &other.payload);
                }
                records.push(given);
            }
            let mut sizes = random.clone();
            for handled in pair.feed(&records, NOW, &mut || sizes.batch_size()) {
                *seen.entry(super::name(&handled)).or_default() += 1;
            }
        }
        pair.compare();
        seen
    });
    assert!(seen["Accepted"] > 5_000 && seen["Rejected"] > 10_000, "{seen:?}");
}

#[test]
fn mutated_records_of_streams_are_handled_as_if_decoded() {
    each_seed(attempts(24), |seed| {
        let mut random = Random::new(seed);
        let mut source = Source::new(seed + 7_000, 1);
        let mut pair = Pair::new(&plans()[0], Clock::Wall, NOW);
        for _ in 0..4 {
            let records = source.take(120);
            let mut mixed = Vec::new();
            for given in &records {
                mixed.push(given.clone());
                let other = &records[random.below(records.len())];
                let mut changed = given.clone();
                changed.payload = mutate(&mut random, &given.payload, &other.payload);
                mixed.push(changed);
            }
            let mut sizes = random.clone();
            pair.feed(&mixed, NOW, &mut || sizes.batch_size());
        }
        pair.compare();
        Seen::new()
    });
}

/// A value that is not there leaves the same behind as one that was cut out.
#[test]
fn a_number_that_is_missing_is_no_number() {
    for style in STYLES {
        let mut pair = learned(&[style], &["selection", "control"]);
        for (kind, name, number) in
            [("selection", "weight", "12.5"), ("control", "intensity", "2.5"), ("control", "duration_minutes", "30")]
        {
            let mut given = plain(style, kind, 1);
            let text = String::from_utf8(given.payload.clone()).unwrap();
            let (before, after) = text.split_once(&format!("\"{name}\"")).unwrap();
            given.payload = format!("{before}\"{name}\"{}", after.replacen(number, "", 1)).into_bytes();
            assert!(given.payload.len() == text.len() - number.len());
            let handled = pair.feed(&[plain(style, kind, 2), given, plain(style, kind, 3)], NOW, &mut || 3);
            assert!(matches!(handled[1], Handled::Rejected(_)), "{handled:?}");
        }
    }
}

/// Texts without quotes that read like what follows them.
#[test]
fn values_that_look_like_what_follows_are_values() {
    let texts = [
        ",time:2026-03-02T08:15:30Z",
        "}},{",
        "},",
        "}}",
        ":",
        "{",
        "[[[[",
        "e000001",
        "\u{7f}",
        "\u{2028}",
        "a/b",
        " ",
        "'",
    ];
    for style in STYLES {
        let mut pair = learned(&[style], &["selection"]);
        let mut number = 0;
        for field in ["id", "case_id", "subject", "profile_version", "age", "block", "profile", "origin", "office"] {
            let records: Vec<Given> = texts
                .iter()
                .flat_map(|text| {
                    number += 1;
                    let known = plain(style, "selection", number);
                    number += 1;
                    let mut given = plain(style, "selection", number);
                    for (name, value) in &mut given.headers {
                        if name.ends_with(&format!("_{field}")) {
                            *value = text.as_bytes().to_vec();
                        }
                    }
                    let name = format!("\"{field}\"");
                    let found = fields(&given.payload)
                        .into_iter()
                        .find(|range| given.payload[range.clone()].starts_with(name.as_bytes()));
                    if let Some(range) = found {
                        let value = value_of(&given.payload, &range);
                        given.payload.splice(value, format!("\"{text}\"").into_bytes());
                    }
                    [given, known]
                })
                .collect();
            let handled = pair.feed(&records, NOW, &mut || 7);
            assert!(handled.contains(&Handled::Accepted));
        }
        pair.compare();
    }
}

#[test]
fn sizes_around_the_limit_and_no_payload_at_all() {
    let limit = plans()[0].event.message_bytes;
    for style in STYLES {
        let mut pair = learned(&[style], &["selection"]);
        let mut records = Vec::new();
        for (number, size) in (1..).zip([limit - 1, limit, limit + 1, limit + 100]) {
            let mut given = plain(style, "selection", number);
            // Unknown text of any length is allowed.
            let name = b"\"note\":\"";
            let room = size - given.payload.len() - name.len() - 2;
            let note = [&name[..], &vec![b'n'; room], b"\","].concat();
            given.payload.splice(1..1, note);
            assert_eq!(given.payload.len(), size);
            records.push(given);
            records.push(plain(style, "selection", number + 10));
            records.push(Given { payload: Vec::new(), ..plain(style, "selection", number + 20) });
            records.push(Given { payload: b" ".to_vec(), ..plain(style, "selection", number + 30) });
        }
        // Once more: by then those within the limit are known.
        records.extend(records.clone());
        pair.feed(&records, NOW, &mut || 1);
        pair.compare();
    }
}

#[test]
fn a_record_that_is_known_may_still_be_ahead_of_its_timestamp() {
    for style in STYLES {
        let mut pair = learned(&[style], &["selection"]);
        let ahead = plans()[0].window.max_ahead.unwrap();
        let time = EventTime(START.0 + Span::DAY.0 + 8 * Span::HOUR.0 + 15 * Span::MINUTE.0 + 30_000);
        let record = |number, timestamp| Given { timestamp, ..plain(style, "selection", number) };
        let records = [
            record(1, Some(time.minus(ahead))),
            record(2, Some(time.minus(ahead).minus(Span(1)))),
            record(3, None),
            record(4, Some(EventTime::MIN)),
        ];
        let handled = pair.feed(&records, NOW, &mut || 4);
        let rejected: Vec<bool> = handled.iter().map(|handled| matches!(handled, Handled::Rejected(_))).collect();
        assert_eq!(rejected, [false, true, false, true], "{handled:?}");
    }
}

/// More ways to write, more values behind and before a value, and more values in one record than are kept.
#[test]
fn more_forms_than_are_kept() {
    let mut random = Random::new(3);
    let mut pair = Pair::new(&plans()[0], Clock::Wall, NOW);
    for round in 0..3 {
        let mut records = Vec::new();
        for form in 0..80 {
            for again in 0..4 {
                let mut given = plain(Style::Compact, KINDS[form % 5], 1_000 * round + 4 * form + again);
                let more: String = (0..form % 22).map(|field| format!("\"f{field}\":\"v{again}\",")).collect();
                let source = format!("\"x{}\":{{}},{more}", form / 2);
                let place = [1, given.payload.len() - 2][form % 2];
                let text = if place == 1 { source } else { format!(",{}", source.trim_end_matches(',')) };
                given.payload.splice(place..place, text.into_bytes());
                records.push(given);
            }
        }
        for last in (1..records.len()).rev() {
            records.swap(last, random.below(last + 1));
        }
        let mut sizes = random.clone();
        let handled = pair.feed(&records, NOW, &mut || sizes.batch_size());
        assert!(handled.iter().filter(|handled| **handled == Handled::Accepted).count() > 200);
    }
    pair.compare();
}

/// Then they are forgotten, in the middle of a batch.
#[test]
fn more_templates_than_are_kept() {
    let mut pair = Pair::new(&plans()[0], Clock::Wall, NOW);
    let note = 50_000;
    // Some kinds come again and again. After they were forgotten they are learned in another order.
    let mut random = Random::new(4);
    let mut one_of_some = |number: usize| {
        let mut given = plain(Style::Compact, "selection", number);
        let text = String::from_utf8(given.payload).unwrap();
        let text = text.replace("\"x\"", random.of(&["\"x\"", "\"y\"", "\"z\""]));
        given.payload = text.replace("true", random.of(&["true", "false"])).into_bytes();
        given
    };
    let records: Vec<Given> = (0..TEMPLATE_BYTES / note + 400)
        .flat_map(|number| {
            let mut given = plain(Style::Compact, "selection", number);
            // Objects are not looked into.
            let note = format!("\"note\":[\"{number:0>50000}\"],");
            given.payload.splice(1..1, note.into_bytes());
            [given, one_of_some(500_000 + number)]
        })
        .collect();
    let handled = pair.feed(&records, NOW, &mut || 3_000);
    assert!(handled.iter().all(|handled| *handled == Handled::Accepted));
    pair.compare();
}

/// Recognition pauses where nothing repeats, and begins again.
#[test]
fn records_of_which_none_is_like_another() {
    let mut pair = Pair::new(&plans()[0], Clock::Wall, NOW);
    let different = |number: usize| {
        let mut given = plain(Style::Compact, "selection", number);
        given.payload.splice(1..1, format!("\"note\":[{number}],").into_bytes());
        given
    };
    let mut records: Vec<Given> = (0..5_000).map(different).collect();
    records.extend((0..2_000).map(|number| plain(Style::Compact, "selection", 100_000 + number)));
    records.extend((0..66_000).map(|number| Given::of(format!("{number}"))));
    records.extend((0..6_000).map(|number| plain(Style::Compact, "selection", 200_000 + number)));
    let mut sizes = Random::new(9);
    pair.feed(&records, NOW, &mut || sizes.batch_size());
    pair.compare();
}
