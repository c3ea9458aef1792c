//! Changes of a payload: of single bytes, of the words that JSON is made of, and of two payloads put together.

use std::ops::Range;

use super::pair::Random;

/// What is put in place of a value, or between two.
const PIECES: [&str; 52] = [
    "",
    "",
    "null",
    "true",
    "false",
    "0",
    "5",
    "00",
    "01",
    "1.",
    ".5",
    "1.5",
    "1e0",
    "1E5",
    "-1",
    "-0",
    "999999999999999",
    "9999999999999999",
    "1e999",
    "11",
    "\"\"",
    "\"a\"",
    "\"é\"",
    "\"\\u0061\"",
    "\"\\\"\"",
    "\"}}\"",
    "\"a\nb\"",
    "\"\u{0}\"",
    "\"\u{7f}\"",
    "\"\\ud800\"",
    "\"2026-03-02T08:15:30Z\"",
    "\"2026-03-02T08:15:60Z\"",
    "\"2026-03-02T23:59:60Z\"",
    "\"2026-03-02T08:15:30+01:00\"",
    "\"1989-12-31T23:59:59Z\"",
    "\"2026-02-29T00:00:00Z\"",
    "\"paritywatch.control.v1\"",
    "{}",
    "[]",
    "{\"a\":1}",
    "[1,\"}\"]",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    " ",
    "\n",
    "\u{b}",
    "\"",
    "\"a-text-that-is-longer-than-a-few-hundred-bytes-0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"",
];

/// The words of a text: strings with their quotes, numbers and literals, brackets, white space.
pub fn words(text: &[u8]) -> Vec<Range<usize>> {
    let (mut words, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let start = at;
        at += 1;
        match text[start] {
            b'"' => {
                while at < text.len() && text[at] != b'"' {
                    at += 1 + usize::from(text[at] == b'\\');
                }
                at = (at + 1).min(text.len());
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {}
            first => {
                let blank = first <= b' ';
                while at < text.len() && !b"{}[],:\"".contains(&text[at]) && (text[at] <= b' ') == blank {
                    at += 1;
                }
            }
        }
        words.push(start..at);
    }
    words
}

/// The fields of a text, each from its name to the end of its value, without commas; also those of objects in it.
pub fn fields(text: &[u8]) -> Vec<Range<usize>> {
    let words = words(text);
    let solid: Vec<&Range<usize>> = words.iter().filter(|word| text[word.start] > b' ').collect();
    let mut fields = Vec::new();
    for (index, pair) in solid.windows(3).enumerate() {
        if text[pair[0].start] != b'"' || text[pair[1].start] != b':' {
            continue;
        }
        let mut open = 0_i32;
        for word in &solid[index + 2..] {
            match text[word.start] {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            if open <= 0 {
                fields.push(pair[0].start..word.end);
                break;
            }
        }
    }
    fields
}

/// The payload changed in one to three ways. `other` is another one.
pub fn mutate(random: &mut Random, payload: &[u8], other: &[u8]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    for _ in 0..[1, 1, 1, 2, 3][random.below(5)] {
        match random.below(4) {
            0 => change_bytes(random, &mut payload),
            1 | 2 => change_words(random, &mut payload, other),
            _ => change_fields(random, &mut payload, other),
        }
    }
    payload
}

fn change_bytes(random: &mut Random, payload: &mut Vec<u8>) {
    const BYTES: &[u8] = b"\"\\{}[],:01e.- \n\t\x00\x1f\x7f\x80\xff\xc3\xa9aZT";
    let place = random.below(payload.len() + 1);
    let byte = BYTES[random.below(BYTES.len())];
    match random.below(5) {
        0 => payload.insert(place, byte),
        1 if place < payload.len() => payload[place] = byte,
        2 if place < payload.len() => payload[place] ^= 1 << random.below(8),
        3 if place < payload.len() => drop(payload.remove(place)),
        _ => payload.truncate(place),
    }
}

fn change_words(random: &mut Random, payload: &mut Vec<u8>, other: &[u8]) {
    let words = words(payload);
    if words.is_empty() {
        return;
    }
    let word = words[random.below(words.len())].clone();
    let piece = random.of(&PIECES).as_bytes().to_vec();
    match random.below(6) {
        0 => drop(payload.drain(word)),
        1 => drop(payload.splice(word, piece)),
        2 => drop(payload.splice(word.start..word.start, piece)),
        3 => drop(payload.splice(word.end..word.end, piece)),
        4 => {
            let whole = payload[word.clone()].to_vec();
            payload.splice(word.end..word.end, whole);
        }
        _ => {
            // Everything up to here, and all that follows a word of the other.
            let others = self::words(other);
            let from = others.get(random.below(others.len())).map_or(0, |word| word.start);
            payload.truncate(word.end);
            payload.extend_from_slice(&other[from..]);
        }
    }
}

fn change_fields(random: &mut Random, payload: &mut Vec<u8>, other: &[u8]) {
    let fields = fields(payload);
    if fields.is_empty() {
        return;
    }
    let field = fields[random.below(fields.len())].clone();
    let place = fields[random.below(fields.len())].start;
    let others = self::fields(other);
    let foreign = others.get(random.below(others.len())).map_or(&b""[..], |field| &other[field.clone()]).to_vec();
    let mut own = payload[field.clone()].to_vec();
    match random.below(5) {
        // The same once more.
        0 => {
            own.push(b',');
            payload.splice(place..place, own);
        }
        1 => {
            let mut foreign = foreign;
            foreign.push(b',');
            payload.splice(place..place, foreign);
        }
        2 => drop(payload.splice(field, foreign)),
        3 => drop(payload.drain(field)),
        // It changes its place.
        _ => {
            own.push(b',');
            let (first, then) = (field.start.max(place), field.start.min(place));
            if first == field.start {
                let end = (field.end + 1).min(payload.len());
                payload.drain(field.start..end);
                payload.splice(then..then, own);
            } else {
                payload.splice(place..place, own);
                let end = (field.end + 1).min(payload.len());
                payload.drain(field.start..end);
            }
        }
    }
}

/// The headers changed: by name, by value, by number.
pub fn mutate_headers(random: &mut Random, headers: &mut Vec<(String, Vec<u8>)>) {
    const NAMES: [&str; 14] = [
        "ce_id",
        "ce_time",
        "ce_type",
        "ce_source",
        "ce_specversion",
        "CE_ID",
        "ce_",
        "ce_x",
        "ce_é",
        "content-type",
        "Content-Type",
        "traceparent",
        "ce",
        "",
    ];
    const VALUES: [&[u8]; 18] = [
        b"",
        b"1.0",
        b"a",
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/cloudevents+json",
        b"application/cloudevents-batch+json",
        b"application/cloudevents",
        b"text/plain",
        b"\xff",
        b"a\xffb",
        b"\xc3\xa9",
        b"a\nb",
        b"a\"b",
        b"\0\0\0\0\0\0\0\0\0\0T08:15:30Z",
        b"2026-03-02T08:15:30.25Z",
        b"1989-12-31T23:59:59Z",
        b"paritywatch.outcome.v1",
    ];
    let place = random.below(headers.len() + 1);
    let (name, value) = (random.of(&NAMES).to_owned(), VALUES[random.below(VALUES.len())].to_vec());
    if place == headers.len() || random.one_in(6) {
        headers.insert(place, (name, value));
        return;
    }
    match random.below(8) {
        0 => drop(headers.remove(place)),
        1 => headers[place].0 = name,
        2 => headers[place].0 = headers[place].0.to_uppercase(),
        3 => headers[place].1 = value,
        4 => headers[place].1.push(b'x'),
        5 => headers[place].1.truncate(1),
        6 => {
            let again = headers[place].clone();
            headers.push(again);
        }
        _ => headers[place].1 = vec![b'y'; random.below(600)],
    }
}

/// What a value may be replaced with, one by one.
pub fn pieces() -> Vec<Vec<u8>> {
    let mut pieces: Vec<Vec<u8>> = PIECES.iter().map(|piece| piece.as_bytes().to_vec()).collect();
    pieces.extend(
        [&b"\"\xff\""[..], b"\"a\xc3\"", b"\"\xed\xa0\x80\"", b"\"a\x00b\"", b"\"a\x1fb\"", b"\"a\\b\"", b"\"a"]
            .map(<[u8]>::to_vec),
    );
    // Around the limit on strings, and where a text ends within eight bytes or behind them.
    pieces.extend(
        [1, 7, 8, 9, 15, 16, 17, 255, 256, 257].map(|length| format!("\"{}\"", "a".repeat(length)).into_bytes()),
    );
    pieces.extend([127, 128, 129].map(|length| format!("\"{}\"", "é".repeat(length)).into_bytes()));
    pieces.extend([60, 70, 200].map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes()));
    pieces
}
