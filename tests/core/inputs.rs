//! What stands around an event: byte order marks, headers, envelopes of other systems; and types that are nearly those of the contract.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use paritywatch::event::{Decoded, RawRecord, Reason, Rejection, decode, decode_generally, moment_of};
use paritywatch::plan::Limits;
use serde_json::Value;

const LIMITS: Limits = Limits { string_bytes: 256, message_bytes: 65_536 };

const MARK: &[u8] = b"\xEF\xBB\xBF";

fn replay(config: &Path, arguments: &[&str], files: &[PathBuf], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paritywatch"));
    command.args(["replay", "--format", "json", "--config"]).arg(config).args(arguments).args(files);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses the files does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cases").join(name)
}

#[test]
fn a_file_that_begins_with_a_byte_order_mark() {
    let case = case("first-line-with-byte-order-mark");
    let (config, marked) = (case.join("config.toml"), std::fs::read(case.join("events.jsonl")).unwrap());
    let plain = marked.strip_prefix(MARK).expect("the file begins with a mark");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, parts: &[&[u8]]| {
        let file = folder.path().join(name);
        std::fs::write(&file, parts.concat()).unwrap();
        file
    };
    let lines: Vec<&[u8]> = plain.split_inclusive(|byte| *byte == b'\n').collect();
    for arguments in [&[][..], &["--in-order"]] {
        let of = |files: &[PathBuf], input: &[u8]| document(&replay(&config, arguments, files, input));
        let expected = of(&[write("plain", &[plain])], b"");
        assert_eq!(expected["events"]["accepted"], lines.len());
        assert_eq!(expected["findings"][0]["verdict"], "critical");
        assert_eq!(of(&[case.join("events.jsonl")], b""), expected);
        assert_eq!(of(&["-".into()], &marked), expected);
        // Each of several files has a mark, and so has each part of a file that was joined from several.
        let split = [write("first", &[MARK, lines[0]]), write("rest", &[MARK, &lines[1..].concat()])];
        assert_eq!(of(&split, b""), expected);
        assert_eq!(of(&[write("joined", &[MARK, lines[0], MARK, &lines[1..].concat()])], b""), expected);
        // Nothing else is a line of its own.
        assert_eq!(of(&[write("alone", &[MARK, b"\n", plain])], b""), expected);
    }
}

#[test]
fn a_value_that_begins_with_a_byte_order_mark() {
    let marked = std::fs::read(case("first-line-with-byte-order-mark").join("events.jsonl")).unwrap();
    let marked = marked.split(|byte| *byte == b'\n').next().unwrap();
    let plain = &marked[MARK.len()..];
    let event =
        |payload, limits: &Limits| match decode(&RawRecord { payload, headers: &[], timestamp: None }, limits, None) {
            Ok(Decoded::Event(event)) => format!("{event:?}"),
            other => panic!("expected an event, found {other:?}"),
        };
    assert_eq!(event(marked, &LIMITS), event(plain, &LIMITS));
    assert_eq!(moment_of(marked, &LIMITS), moment_of(plain, &LIMITS));
    assert!(moment_of(marked, &LIMITS).moves_time);
    // The mark does not count towards the size.
    let exact = Limits { message_bytes: plain.len(), ..LIMITS };
    assert_eq!(event(marked, &exact), event(plain, &exact));
    // Positions count from the text.
    let rejection =
        |payload: &[u8]| decode(&RawRecord { payload, headers: &[], timestamp: None }, &LIMITS, None).unwrap_err();
    assert_eq!(rejection(&[MARK, b"{\"a\":x}"].concat()), rejection(b"{\"a\":x}"));
    assert_eq!(rejection(MARK).reason, Reason::EmptyPayload);
    assert_eq!(rejection(&[MARK, MARK, b"{}"].concat()).reason, Reason::NotJson);
    let wide = rejection(b"\xFF\xFE{\0}\0");
    assert_eq!(wide.reason, Reason::InvalidUtf8);
    assert!(wide.detail.contains("UTF-16"), "{wide}");
}

#[test]
fn a_line_as_long_as_allowed_keeps_its_end_behind_a_mark() {
    let case = case("first-line-with-byte-order-mark");
    let plain = std::fs::read(case.join("events.jsonl")).unwrap()[MARK.len()..].to_vec();
    let longest = plain.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let text = std::fs::read_to_string(case.join("config.toml")).unwrap();
    // A line of the largest size, and one that is one byte longer.
    let padded = |bytes: usize| {
        let first = plain.split(|byte| *byte == b'\n').next().unwrap();
        [MARK, first, &vec![b' '; bytes - first.len()], b"\n", &plain[first.len() + 1..]].concat()
    };
    let limit = longest.max(1_024);
    std::fs::write(&config, format!("{text}\n[limits]\nmessage_bytes = {limit}\n")).unwrap();
    for (bytes, accepted) in [(limit, true), (limit + 1, false)] {
        let file = folder.path().join("events");
        std::fs::write(&file, padded(bytes)).unwrap();
        let output = replay(&config, &["--max-lost", "1"], &[file], b"");
        assert_eq!(document(&output)["events"]["rejected"] == 0, accepted, "{bytes}");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(accepted || message.contains(&format!("found {}", limit + 1)), "{message}");
    }
}

const SELECTION: &str = r#"{"specversion":"1.0","id":"e-1","source":"/s","type":"paritywatch.selection.v1","time":"2026-03-01T08:15:30Z","data":{"case_id":"c-1","profile":"cub","selected":true}}"#;
const DATA: &[u8] = br#"{"case_id":"c-1","profile":"cub","selected":true}"#;

/// Decodes by both paths, which must agree.
fn decoded<'a>(payload: &'a [u8], headers: &'a [(&'a str, &'a [u8])]) -> Result<Decoded<'a>, Rejection> {
    let record = RawRecord { payload, headers, timestamp: None };
    let decoded = decode(&record, &LIMITS, None);
    assert_eq!(decoded, decode_generally(&record, &LIMITS, None));
    decoded
}

/// The headers of a selection in binary mode with this type.
fn headers(name: &str) -> Vec<(&'static str, &[u8])> {
    let others: [(&str, &[u8]); 4] =
        [("ce_specversion", b"1.0"), ("ce_id", b"e-1"), ("ce_source", b"/s"), ("ce_time", b"2026-03-01T08:15:30Z")];
    others.into_iter().chain([("ce_type", name.as_bytes())]).collect()
}

#[test]
fn a_type_that_is_nearly_ours_is_refused_with_what_was_expected() {
    for (name, but_for) in [
        ("\"paritywatch.selection.v1\"", "quotes"),
        ("'paritywatch.selection.v1'", "quotes"),
        ("\\\"paritywatch.selection.v1\\\"", "quotes"),
        (" paritywatch.selection.v1", "quotes"),
        ("paritywatch.selection.v1\n", "quotes"),
        ("\u{feff}paritywatch.selection.v1", "quotes"),
        ("Paritywatch.Selection.V1", "letter case"),
        ("\"PARITYWATCH.SELECTION.V1\"", "letter case"),
        ("paritywatch.selection.v2", "version"),
        ("paritywatch.selection.v1.1", "version"),
        ("paritywatch.selection.1", "version"),
        ("paritywatch.selection", "version"),
        ("paritywatch.v1.selection", "spelling"),
        ("paritywatch_selection_v1", "spelling"),
        ("paritywatch.selections.v1", "spelling"),
        ("nl.example.selection.v1", "prefix"),
        ("nl.example.paritywatch.selection.v1", "prefix"),
        ("urn:example:selection:v2", "prefix"),
        ("selection.v1", "prefix"),
    ] {
        let expected = "event.type: expected paritywatch.selection.v1, found it but for ";
        let check = |rejection: Rejection| {
            assert_eq!(rejection.reason, Reason::NearMiss, "{name}: {rejection}");
            assert!(
                rejection.detail.starts_with(expected) && rejection.detail.contains(but_for),
                "{name}: {rejection}"
            );
        };
        // Whatever the payload is, in either mode.
        for payload in [DATA, b"\xff\0", b""] {
            check(decoded(payload, &headers(name)).unwrap_err());
        }
        let event = SELECTION.replace("\"paritywatch.selection.v1\"", &serde_json::to_string(name).unwrap());
        check(decoded(event.as_bytes(), &[]).unwrap_err());
        check(
            decoded(event.replace("{\"case_id\"", "[{\"case_id\"").replace("}}", "}]}").as_bytes(), &[]).unwrap_err(),
        );
    }
    for word in ["selection", "control", "outcome", "complaint", "tally", "attributes", "population"] {
        let name = format!("Paritywatch.{word}.v1");
        assert!(
            decoded(DATA, &headers(&name)).unwrap_err().detail.contains(&format!("expected paritywatch.{word}.v1"))
        );
    }
}

#[test]
fn a_type_of_others_is_unknown() {
    for name in [
        "com.example.thing",
        "com.example.thing.v1",
        "com.example.selection.made.v1",
        "com.example.selection",
        "com.example.preselection.v1",
        "selection",
        "paritywatch.alert.v1",
        "paritywatch.v1",
        "v1",
        "...",
        &"x.selection.v1".repeat(100),
    ] {
        assert_eq!(decoded(b"anything", &headers(name)), Ok(Decoded::UnknownType), "{name}");
        let event = SELECTION.replace("paritywatch.selection.v1", name);
        assert_eq!(decoded(event.as_bytes(), &[]), Ok(Decoded::UnknownType), "{name}");
    }
}

#[test]
fn headers_of_another_binding_are_refused_with_the_prefix_that_was_expected() {
    let renamed = |prefix: &str, name: &'static str| -> Vec<(String, Vec<u8>)> {
        let rename = |(name, value): (&str, &[u8])| (name.replace("ce_", prefix), value.to_vec());
        headers(name).into_iter().map(rename).collect()
    };
    let of = |owned: &[(String, Vec<u8>)], payload: &[u8]| {
        let headers: Vec<(&str, &[u8])> = owned.iter().map(|(name, value)| (&**name, &**value)).collect();
        decoded(payload, &headers).map(|found| format!("{found:?}"))
    };
    for prefix in ["ce-", "CE-", " ce_", "\"ce_", "cloudEvents:", "cloudevents_"] {
        for name in ["paritywatch.selection.v1", "paritywatch.selection.v2"] {
            let rejection = of(&renamed(prefix, name), DATA).unwrap_err();
            assert_eq!(rejection.reason, Reason::NearMiss, "{prefix}: {rejection}");
            assert!(rejection.detail.contains("the prefix ce_"), "{rejection}");
        }
        assert_eq!(of(&renamed(prefix, "com.example.thing"), DATA), Ok("UnknownType".to_owned()), "{prefix}");
        // An event in the payload needs no header.
        assert!(of(&renamed(prefix, "paritywatch.selection.v1"), SELECTION.as_bytes()).unwrap().starts_with("Event("));
    }
    assert!(of(&renamed("CE_", "paritywatch.selection.v1"), DATA).unwrap().starts_with("Event("), "any letter case");
    assert_eq!(
        of(&[("x-type".to_owned(), b"paritywatch.selection.v1".to_vec())], DATA).unwrap_err().reason,
        Reason::MissingField
    );
}

#[test]
fn what_other_systems_put_around_an_event_is_named() {
    let change =
        r#"{"before":null,"after":{"case_id":"c-1","profile":"cub","selected":true},"source":{"table":"t"},"op":"c"}"#;
    let connect = format!(r#"{{"schema":{{"type":"struct"}},"payload":{SELECTION}}}"#);
    let framed = |id: [u8; 4], payload: &str| [&[0][..], &id, payload.as_bytes()].concat();
    for (payload, named) in [
        (framed([0, 0, 0, 7], SELECTION), "schema registry"),
        (framed([0, 0, 0xFF, 0xFE], "Obj\u{1}"), "schema registry"),
        (connect.clone().into_bytes(), "Kafka Connect"),
        (connect.replace(SELECTION, "null").into_bytes(), "Kafka Connect"),
        (change.as_bytes().to_vec(), "Debezium"),
        (connect.replace(SELECTION, change).into_bytes(), "Debezium"),
        (SELECTION.encode_utf16().flat_map(u16::to_be_bytes).collect(), "UTF-16"),
    ] {
        for headers in [vec![], headers("paritywatch.selection.v1")] {
            let rejection = decoded(&payload, &headers).unwrap_err();
            assert_eq!(rejection.reason, Reason::UnsupportedFormat, "{named}: {rejection}");
            assert!(rejection.detail.contains(named) && !rejection.detail.contains("c-1"), "{rejection}");
        }
    }
    // The fields of an event may have any name.
    let event = SELECTION.replacen('{', r#"{"schema":{},"payload":{},"op":"c","after":{},"#, 1);
    assert!(matches!(decoded(event.as_bytes(), &[]), Ok(Decoded::Event(_))));
    for plain in ["{}", r#"{"payload":{}}"#, r#"{"op":"c"}"#] {
        assert_eq!(decoded(plain.as_bytes(), &[]).unwrap_err().reason, Reason::MissingField, "{plain}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// A frame that asks for a window of this size, as `zstd --long` writes it.
fn with_window(bytes: &[u8], log: u32) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(log).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Tallies of two groups, enough for a verdict.
fn tallies(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| {
            let (group, selected) = [("a", 3), ("b", 1)][number % 2];
            format!(
                "{{\"specversion\":\"1.0\",\"id\":\"t{number}\",\"source\":\"/s\",\"type\":\"paritywatch.tally.v1\",\"time\":\"2026-03-01T{:02}:{:02}:00Z\",\"data\":{{\"profile\":\"p\",\"groups\":{{\"origin\":\"{group}\"}},\"counts\":{{\"assessed\":10,\"selected\":{selected}}}}}}}\n",
                number / 60 % 24,
                number % 60
            )
            .into_bytes()
        })
        .collect()
}

#[test]
fn compressed_files_are_read_by_their_content() {
    let config = case("first-line-with-byte-order-mark").join("config.toml");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    let plain = tallies(1_000);
    let cut = plain.split_inclusive(|byte| *byte == b'\n').take(400).map(<[u8]>::len).sum::<usize>();
    // In the middle of a line.
    let (first, second) = plain.split_at(cut - 50);
    let skipped = [&[0x53, 0x2A, 0x4D, 0x18, 4, 0, 0, 0][..], b"none"].concat();
    for arguments in [&[][..], &["--in-order"]] {
        let of = |files: &[PathBuf], input: &[u8]| document(&replay(&config, arguments, files, input));
        let expected = of(&[write("plain", &plain)], b"");
        assert_eq!(
            (&expected["events"]["accepted"], &expected["findings"][0]["verdict"]),
            (&1_000.into(), &"critical".into())
        );
        for (name, bytes) in [
            ("events.gz", gzip(&plain)),
            ("events.zst", zstandard(&plain)),
            // Its name says nothing.
            ("zstandard.gz", zstandard(&plain)),
            ("plain.gz", plain.clone()),
            // Several members or frames are one text.
            ("members.gz", [gzip(first), gzip(b""), gzip(second)].concat()),
            ("frames.zst", [skipped.clone(), zstandard(first), skipped.clone(), zstandard(second)].concat()),
            ("marked.gz", gzip(&[MARK, &plain].concat())),
            ("window.zst", with_window(&plain, 27)),
        ] {
            assert_eq!(of(&[write(name, &bytes)], b""), expected, "{name}");
            assert_eq!(of(&["-".into()], &bytes), expected, "{name} on standard input");
        }
        let (first, second) = plain.split_at(cut);
        let compressed = [
            write("empty.gz", &gzip(b"")),
            write("1.gz", &gzip(first)),
            write("none.gz", b""),
            write("2.zst", &zstandard(second)),
        ];
        let plain = [write("empty", b""), write("1", first), write("none", b""), write("2", second)];
        assert_eq!(of(&compressed, b""), of(&plain, b""));
    }
}

#[test]
fn a_compressed_file_that_cannot_be_read_to_its_end_is_named() {
    let config = case("first-line-with-byte-order-mark").join("config.toml");
    let folder = tempfile::tempdir().unwrap();
    let plain = tallies(5_000);
    let changed = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8].fill(0xA5);
        bytes
    };
    let cut = |bytes: Vec<u8>, left: usize| bytes[..bytes.len() - left].to_vec();
    for (name, bytes, problem) in [
        ("cut.gz", cut(gzip(&plain), 5_000), "expected the whole gzip stream, found its end after"),
        ("cut-check.gz", cut(gzip(&plain), 4), "expected the whole gzip stream"),
        ("cut-head.gz", gzip(&plain)[..7].to_vec(), "expected the whole gzip stream, found its end after 7 bytes"),
        ("cut.zst", cut(zstandard(&plain), 50), "expected the whole Zstandard stream, found its end after"),
        (
            "cut-second.zst",
            [zstandard(&plain), cut(zstandard(&plain), 1)].concat(),
            "expected the whole Zstandard stream",
        ),
        ("changed.gz", changed(gzip(&plain)), "expected a gzip stream, found within its first"),
        ("changed.zst", changed(zstandard(&plain)), "expected a Zstandard stream, found within its first"),
        ("behind.gz", [gzip(&plain), b"something else".to_vec()].concat(), "expected a gzip stream"),
        ("large.zst", with_window(&plain, 28), "expected a Zstandard stream"),
        (
            "events.xz",
            b"\xFD7zXZ\0\0\0".to_vec(),
            "expected JSON lines or CSV, plain or compressed by gzip or Zstandard, or Parquet, found xz",
        ),
        ("events.zip", b"PK\x03\x04\0\0".to_vec(), "found zip"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, &bytes).unwrap();
        for arguments in [&[][..], &["--in-order"]] {
            let output = replay(&config, arguments, std::slice::from_ref(&file), b"");
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(74), "{name}: {message}");
            assert!(message.contains(name) && message.contains(problem), "{name}: {message}");
            assert!(output.stdout.is_empty(), "{name}: what was read of it is no evaluation");
        }
    }
}

#[test]
fn a_line_that_decompresses_to_far_more_than_an_event_takes_no_memory() {
    let case = case("first-line-with-byte-order-mark");
    let plain = std::fs::read(case.join("events.jsonl")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bomb");
    // 1 GiB on one line, and then two events.
    let mut line = zstd::Encoder::new(Vec::new(), 1).unwrap();
    (0..1_024).for_each(|_| line.write_all(&vec![b'x'; 1 << 20]).unwrap());
    line.write_all(b"\n").unwrap();
    std::fs::write(&file, [line.finish().unwrap(), zstandard(&plain)].concat()).unwrap();
    // The memory that a shell lets the program have, in KiB: threads reserve most of it.
    let script = "ulimit -v 900000; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_paritywatch"),
        "replay",
        "--format",
        "json",
        "--max-lost",
        "0.5",
        "--config",
    ]);
    let output = command.arg(case.join("config.toml")).arg(&file).output().unwrap();
    let found = document(&output);
    assert_eq!((&found["events"]["accepted"], &found["events"]["rejected"]), (&2.into(), &1.into()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("too_large"));
}
