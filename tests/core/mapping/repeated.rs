//! What is known of earlier documents makes mapping faster and changes nothing: documents that are mapped one after the other give what each
//! gives alone.

use paritywatch::event::RawRecord;
use paritywatch::mapping::{Bounds, Mapped, MappedRecord, Mapper, MappingCounts, Place};
use proptest::prelude::*;

use super::{LIMITS, mapper, mappings};
use crate::batches::pair::Random;

/// Two mappings of one topic, with fields of all kinds, for an envelope.
fn config(envelope: &str, id: &str) -> String {
    format!(
        r#"
[[mappings]]
name = "picked"
topics = ["cases"]
envelope = "{envelope}"
when = [{{ path = "/kind", in = ["A"] }}, {{ path = "/test", exists = false }}]
type = "selection"
[mappings.fields]
case_id = {{ paths = ["/region", "/number"], join = "-" }}
time = {{ path = "/at", format = "epoch_ms" }}
profile = {{ path = "/profile", default = "cub" }}
selected = {{ path = "/picked", values = {{ J = true, N = false }}, default = false }}
risk_class = "/class"
"groups.origin" = {{ path = "/origin", values = {{ 1 = "dutch", 2 = "european" }}, other = "non_european" }}
"strata.region" = "/region"
{id}
[[mappings]]
name = "seen"
topics = ["cases"]
envelope = "{envelope}"
when = [{{ path = "/kind", in = ["V", 7] }}]
type = "control"
[mappings.fields]
case_id = {{ paths = ["/region", "/number"], join = "-" }}
time = {{ path = "/at", format = "epoch_ms" }}
intensity = "/intensity"
outcome = {{ path = "/nested/result", values = {{ F = "violation" }}, other = "unknown" }}
strata = "/nested/strata"
{id}
"#
    )
}

fn configs() -> Vec<Mapper> {
    let own = "id = \"/id\"\nsource = { path = \"/system\", default = \"urn:x\" }";
    [("none", ""), ("none", own), ("connect", ""), ("debezium", ""), ("debezium", own)]
        .iter()
        .map(|(envelope, id)| mapper(&mappings(&config(envelope, id))))
        .collect()
}

/// A scalar as a source may write it: mostly what is expected.
fn scalar(random: &mut Random, usual: &[&str]) -> String {
    const ODD: [&str; 14] = [
        "null",
        "\"\"",
        "true",
        "-1.5e3",
        "17",
        "\"A\"",
        "\"caf\\u00e9\"",
        "\"é\"",
        "[]",
        "{}",
        "\"a-b\"",
        "01",
        "\"\t\"",
        "\"x",
    ];
    if random.below(40) == 0 {
        ODD[random.below(ODD.len())].to_owned()
    } else {
        usual[random.below(usual.len())].to_owned()
    }
}

fn row(random: &mut Random, number: usize) -> String {
    let at = 1_772_323_200_000_i64 + number as i64 * 977;
    let kind = scalar(random, &["\"A\"", "\"A\"", "\"V\"", "7", "\"other\""]);
    let (noise, intensity) = (format!("\"{}\"", random.below(1_000)), random.below(9).to_string());
    let mut members = vec![
        format!("\"kind\":{kind}"),
        format!("\"number\":{}", scalar(random, &[&format!("\"c{number}\""), &number.to_string()])),
        format!("\"at\":{}", scalar(random, &[&at.to_string()])),
        format!("\"region\":{}", scalar(random, &["\"north\"", "\"south\""])),
        format!("\"origin\":{}", scalar(random, &["1", "2", "\"9\""])),
        format!("\"picked\":{}", scalar(random, &["\"J\"", "\"N\""])),
        format!("\"noise\":{}", scalar(random, &[&noise, "null"])),
        format!("\"id\":{}", scalar(random, &[&format!("\"e{number}\"")])),
    ];
    if random.below(20) > 0 {
        let result = scalar(random, &["\"F\"", "\"N\""]);
        let office = scalar(random, &["\"x\"", "\"y\""]);
        members.push(format!(
            "\"nested\":{{\"result\":{result}, \"strata\":{{\"office\":{office},\"n\":\"{}\"}}}}",
            random.below(9)
        ));
        members.push(format!("\"intensity\":{}", scalar(random, &["1", "2.5", &intensity])));
        members.push(format!("\"class\":{}", scalar(random, &["\"low\"", "\"high\""])));
        members.push(format!("\"profile\":{}", scalar(random, &["\"cub\"", "null"])));
        members.push(format!("\"system\":{}", scalar(random, &["\"urn:s\"", "null"])));
    }
    if random.below(40) == 0 {
        members.swap(0, 3);
    }
    if random.below(60) == 0 {
        members.push("\"test\":true".to_owned());
    }
    format!("{{{}}}", members.join(","))
}

fn document(random: &mut Random, number: usize, envelope: usize) -> Vec<u8> {
    let mut row_of = || row(random, number);
    let (after, before) = (row_of(), row_of());
    let text = match envelope {
        0 | 1 => after,
        2 => format!("{{\"schema\":{{\"type\":\"struct\"}},\"payload\":{after}}}"),
        _ => {
            let op = ["c", "c", "r", "u", "d", "t"][random.below(6)];
            let before = if matches!(op, "u" | "d") { before } else { "null".to_owned() };
            let after = if matches!(op, "d" | "t") { "null".to_owned() } else { after };
            let ms = 1_772_400_000_000_i64 + number as i64;
            let change = format!(
                "{{\"before\":{before},\"after\":{after},\"source\":{{\"table\":\"cases\",\"ts_ms\":{ms},\"lsn\":{number}}},\"op\":\"{op}\",\"ts_ms\":{ms}}}"
            );
            if random.below(30) == 0 { format!("{{\"schema\":null,\"payload\":{change}}}") } else { change }
        }
    };
    let mut bytes = text.into_bytes();
    if random.below(25) == 0 {
        let place = random.below(bytes.len());
        match random.below(3) {
            0 => bytes[place] = b"\"{}[],:0x \xff"[random.below(11)],
            1 => bytes.truncate(place),
            _ => bytes.insert(place, b' '),
        }
    }
    bytes
}

/// What became of a record: its events with their mappings, or why it has none; and what was counted.
type Outcome = (Vec<(usize, String)>, String, Vec<MappingCounts>);

fn mapped(mapper: &Mapper, document: &[u8], number: u64, into: &mut Mapped) -> Outcome {
    into.clear();
    let record = RawRecord { payload: document, headers: &[], timestamp: None };
    let place = Place { prefix: b"cases/0/", number };
    mapper.map(&record, place, Bounds { limits: &LIMITS, max_ahead: None }, into);
    let events = into.events().map(|(mapping, event)| (mapping, String::from_utf8_lossy(event).into_owned())).collect();
    let what: Vec<String> = into
        .records()
        .map(|record| match record {
            MappedRecord::Events(count) => format!("{count} events"),
            MappedRecord::Left(left) => format!("{left:?}"),
            MappedRecord::Refused(rejection, _) => rejection.to_string(),
        })
        .collect();
    (events, what.join("; "), into.counts().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn documents_one_after_the_other_give_what_each_gives_alone(seed in any::<u64>(), which in 0_usize..5) {
        let mapper = &configs()[which];
        let mut random = Random::new(seed);
        let mut together = Mapped::default();
        for number in 0..250 {
            let document = document(&mut random, number, which);
            let found = mapped(mapper, &document, number as u64, &mut together);
            let alone = mapped(mapper, &document, number as u64, &mut Mapped::default());
            prop_assert_eq!(found, alone, "{}", String::from_utf8_lossy(&document));
        }
    }
}

/// Mappers share the room of a thread, and each goes by its own mappings.
#[test]
fn what_one_mapper_has_learned_means_nothing_to_another() {
    let mappers = configs();
    let mut random = Random::new(7);
    let mut together = Mapped::default();
    for number in 0..2_000 {
        let which = random.below(3);
        let document = document(&mut random, number, 0);
        let found = mapped(&mappers[which], &document, number as u64, &mut together);
        assert_eq!(found, mapped(&mappers[which], &document, number as u64, &mut Mapped::default()), "{which}");
    }
}
