//! What stands around an event: byte order marks in files and in Kafka values.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use paritywatch::event::{Decoded, RawRecord, Reason, decode, moment_of};
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
    assert!(moment_of(marked, &LIMITS).is_ours);
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
