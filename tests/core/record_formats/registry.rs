//! The client of a schema registry, against a server that answers as it is told.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use paritywatch::plan::Span;
use paritywatch::settings::{Address, RegistrySettings};
use paritywatch::source::format::registry::Lookup;
use paritywatch::source::format::{Found, Registry, Schema};
use paritywatch::status::WaitingRecord;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const MISSING: (u16, &str) = (404, r#"{"error_code":40403,"message":"Schema not found"}"#);

/// What a server answers by path, and what it was asked.
#[derive(Default)]
struct Server {
    answers: Mutex<HashMap<String, (u16, String)>>,
    asked: Mutex<Vec<String>>,
}

impl Server {
    fn start() -> (Arc<Server>, String) {
        let (server, listener) = (Arc::<Server>::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let url = format!("http://127.0.0.1:{}/base/", listener.local_addr().unwrap().port());
        let served = Arc::clone(&server);
        thread::spawn(move || listener.incoming().for_each(|stream| served.serve(&stream.unwrap())));
        (server, url)
    }

    fn serve(&self, stream: &TcpStream) {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let Some(first) = lines.next() else { return };
        let login = lines
            .by_ref()
            .take_while(|line| !line.is_empty())
            .find(|line| line.to_lowercase().starts_with("authorization"));
        let path = first.split(' ').nth(1).unwrap().to_owned();
        self.asked
            .lock()
            .unwrap()
            .push(login.map_or(path.clone(), |login| format!("{path} {}", login.split(' ').next_back().unwrap())));
        let (status, body) = self.answers.lock().unwrap().get(&path).cloned().unwrap_or((503, String::new()));
        let mut stream = stream;
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    }

    fn answers(&self, path: &str, (status, body): (u16, &str)) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status, body.to_owned()));
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn settings(urls: &[&str]) -> RegistrySettings {
    RegistrySettings {
        urls: urls.iter().map(|url| Address::parse(url).unwrap()).collect(),
        user: String::new(),
        password_file: None,
        ca_file: None,
        timeout: Span::SECOND.times(2),
        given_up_schemas: BTreeSet::new(),
    }
}

fn wait_for(registry: &Registry, id: u32) -> Found {
    let began = Instant::now();
    loop {
        if let Lookup::Found(found) = registry.look_up(id) {
            return found;
        }
        assert!(began.elapsed() < LIMIT, "{:?}", registry.health());
        thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for_trouble(registry: &Registry) -> String {
    let began = Instant::now();
    loop {
        if let Some(trouble) = registry.health().trouble {
            return trouble;
        }
        assert!(began.elapsed() < LIMIT);
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_is_no_answer_is_waited_for_whatever_it_is() {
    let (server, url) = Server::start();
    let start = || Registry::start(&settings(&["http://127.0.0.1:9", &url])).unwrap();
    let mut registry = start();
    let version = registry.version();
    for answer in [(503, ""), (404, "<html>"), (404, "{\"error_code\":404}"), (401, ""), (200, "<html>"), (302, "")] {
        server.answers("/base/schemas/ids/1", answer);
        // A new one asks at once.
        registry = start();
        assert!(matches!(registry.look_up(1), Lookup::Waits));
        let before = registry.health().failed;
        let began = Instant::now();
        while registry.health().failed < before + 2 {
            assert!(began.elapsed() < LIMIT, "{answer:?}");
            thread::sleep(Duration::from_millis(10));
        }
        assert!(matches!(registry.look_up(1), Lookup::Waits), "{answer:?}");
    }
    let trouble = wait_for_trouble(&registry);
    assert!(trouble.starts_with("127.0.0.1:9: expected an answer"), "{trouble}");
    assert_eq!(registry.version(), version);

    server.answers("/base/schemas/ids/1", (200, r#"{"schema":"\"long\""}"#));
    assert!(matches!(wait_for(&registry, 1), Found::Schema(_)));
    assert_ne!(registry.version(), version);
    let health = registry.health();
    assert_eq!((health.trouble, health.found, health.missing, health.schemas), (None, 1, 0, 1));
    // It is kept.
    let asked = server.asked().len();
    wait_for(&registry, 1);
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn that_a_schema_does_not_exist_is_believed_when_it_was_said_twice() {
    let (server, url) = Server::start();
    let registry = Registry::start(&settings(&[&url])).unwrap();
    server.answers("/base/schemas/ids/7", MISSING);
    let Found::Nothing(why) = wait_for(&registry, 7) else { panic!("a schema") };
    assert_eq!(&*why, "expected the schema 7 in the registry, found that there is none");
    assert_eq!(server.asked().len(), 2);

    // One that the second server of a registry learns of a moment later.
    server.answers("/base/schemas/ids/8", MISSING);
    assert!(matches!(registry.look_up(8), Lookup::Waits));
    let began = Instant::now();
    while server.asked().len() < 3 {
        assert!(began.elapsed() < LIMIT);
        thread::sleep(Duration::from_millis(1));
    }
    server.answers("/base/schemas/ids/8", (200, r#"{"schema":"\"long\""}"#));
    assert!(matches!(wait_for(&registry, 8), Found::Schema(_)));
}

#[test]
fn references_are_fetched_and_a_login_is_sent() {
    let (server, url) = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "hunter2\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&password, mode).unwrap();
    let settings = RegistrySettings { user: "someone".to_owned(), password_file: Some(password), ..settings(&[&url]) };
    let registry = Registry::start(&settings).unwrap();
    let schema = r#"{"schemaType":"PROTOBUF","schema":"syntax = \"proto3\"; import \"a/b.proto\"; message M { B b = 1; }",
        "references":[{"name":"a/b.proto","subject":"b c","version":3}]}"#;
    server.answers("/base/schemas/ids/1", (200, schema));
    let inner = r#"{"schemaType":"PROTOBUF","schema":"syntax = \"proto3\"; message B { bool x = 1; }"}"#;
    server.answers("/base/subjects/b%20c/versions/3?deleted=true", (200, inner));
    let Found::Schema(found) = wait_for(&registry, 1) else { panic!("none") };
    assert!(matches!(*found, Schema::Protobuf(_)));
    let asked = server.asked();
    // someone:hunter2
    assert_eq!(asked[0], "/base/schemas/ids/1 c29tZW9uZTpodW50ZXIy");
    assert_eq!(asked.len(), 2);
    assert!(!format!("{:?}", registry.health()).contains("hunter2"));

    // A schema that nobody can compile is bad input for as long as it stays so.
    server.answers("/base/schemas/ids/2", (200, r#"{"schema":"{\"type\":\"record\"}"}"#));
    assert!(matches!(wait_for(&registry, 2), Found::Nothing(_)));
    server.answers(
        "/base/schemas/ids/3",
        (200, r#"{"schema":"\"long\"","references":[{"name":"x","subject":"y","version":1}]}"#),
    );
    server.answers("/base/subjects/y/versions/1?deleted=true", (404, r#"{"error_code":40401}"#));
    assert!(matches!(wait_for(&registry, 3), Found::Nothing(_)));
}

#[test]
fn an_id_that_no_registry_has_and_one_that_was_given_up_are_not_asked_for() {
    let (server, url) = Server::start();
    let given_up = RegistrySettings { given_up_schemas: BTreeSet::from([12]), ..settings(&[&url]) };
    let registry = Registry::start(&given_up).unwrap();
    for (id, expected) in [
        (0x8000_0000, "expected the id of a schema, at most 2147483647, found 2147483648"),
        (u32::MAX, "expected the id of a schema, at most 2147483647, found 4294967295"),
        (12, "expected a schema, found that 12 was given up (registry.given_up_schemas)"),
    ] {
        let Lookup::Found(Found::Nothing(why)) = registry.look_up(id) else { panic!("{id} is asked for") };
        assert_eq!(&*why, expected);
    }
    // The largest one is.
    server.answers("/base/schemas/ids/2147483647", (200, r#"{"schema":"\"long\""}"#));
    assert!(matches!(wait_for(&registry, i32::MAX as u32), Found::Schema(_)));
    assert_eq!(server.asked(), ["/base/schemas/ids/2147483647"]);
}

#[test]
fn a_schema_that_never_comes_holds_up_no_other_and_is_named() {
    let (server, url) = Server::start();
    let registry = Registry::start(&settings(&[&url])).unwrap();
    let waiting = |id: u32| WaitingRecord { topic: "t".to_owned(), partition: 3, offset: 1_000 + i64::from(id) };
    for id in 1..=5 {
        server.answers(&format!("/base/schemas/ids/{id}"), (500, "{}"));
    }
    server.answers("/base/schemas/ids/9", (200, r#"{"schema":"\"long\""}"#));
    for id in [1, 2, 3, 4, 5, 9] {
        assert!(matches!(registry.look_up_for(id, || Some(waiting(id))), Lookup::Waits));
    }
    assert!(matches!(wait_for(&registry, 9), Found::Schema(_)), "more than one that never comes before it");
    let told = |expected: &str| {
        let began = Instant::now();
        while !registry.health().trouble.is_some_and(|trouble| trouble.ends_with(expected)) {
            assert!(began.elapsed() < LIMIT, "{:?}", registry.health());
            thread::sleep(Duration::from_millis(10));
        }
        registry.health()
    };
    let health = told("expected an answer 200, found 500 (schema 1 of topic t partition 3 offset 1001, and 4 more)");
    assert_eq!(health.waiting, Some((1, waiting(1))));
    for id in 1..=3 {
        server.answers(&format!("/base/schemas/ids/{id}"), (200, r#"{"schema":"\"long\""}"#));
        wait_for(&registry, id);
    }
    assert_eq!(told("(schema 4 of topic t partition 3 offset 1004, and 1 more)").waiting, Some((4, waiting(4))));
    for id in 4..=5 {
        server.answers(&format!("/base/schemas/ids/{id}"), MISSING);
        assert!(matches!(wait_for(&registry, id), Found::Nothing(_)));
    }
    assert_eq!((registry.health().trouble, registry.health().waiting), (None, None));
}

#[test]
fn a_schema_is_missing_only_where_every_address_says_so() {
    let ((first, first_url), (second, second_url)) = (Server::start(), Server::start());
    second.answers("/base/schemas/ids/22", MISSING);
    let registry = Registry::start(&settings(&[&first_url, &second_url])).unwrap();
    assert!(matches!(registry.look_up(22), Lookup::Waits));
    let began = Instant::now();
    while second.asked().len() < 4 {
        assert!(began.elapsed() < LIMIT);
        assert!(matches!(registry.look_up(22), Lookup::Waits), "the other address may have it");
        thread::sleep(Duration::from_millis(10));
    }
    let trouble = wait_for_trouble(&registry);
    assert!(trouble.contains("it does not exist there, which counts once all addresses say so"), "{trouble}");
    first.answers("/base/schemas/ids/22", MISSING);
    assert!(matches!(wait_for(&registry, 22), Found::Nothing(_)));
}

/// A record of Avro whose field is so many lists within each other around another type.
fn deep_avro(name: &str, lists: usize, inner: &str) -> String {
    let field = format!("{}\"{inner}\"{}", r#"{"type":"array","items":"#.repeat(lists), "}".repeat(lists));
    format!(r#"{{"type":"record","name":"{name}","fields":[{{"name":"f","type":{field}}}]}}"#)
}

/// Answers a schema with so many references, each of which leads into the next.
fn answer_chain(server: &Server, id: u32, kind: &str, texts: &[String], name: impl Fn(usize) -> String) {
    let references: Vec<Value> = (1..texts.len())
        .map(|index| json!({"name": name(index), "subject": format!("{kind}{id}-{index}"), "version": 1}))
        .collect();
    for (index, text) in texts.iter().enumerate().skip(1) {
        let path = format!("/base/subjects/{kind}{id}-{index}/versions/1?deleted=true");
        server.answers(&path, (200, &json!({"schemaType": kind, "schema": text}).to_string()));
    }
    let answer = json!({"schemaType": kind, "schema": texts[0], "references": references});
    server.answers(&format!("/base/schemas/ids/{id}"), (200, &answer.to_string()));
}

#[test]
fn schemas_that_lead_deep_into_each_other_are_refused_or_compiled_and_end_nothing() {
    let (server, url) = Server::start();
    let registry = Registry::start(&settings(&[&url])).unwrap();
    // Avro: 60 texts of 103 levels; and as many levels as there may be: 16 texts of 64.
    for (id, texts, lists, refused) in [(7, 60, 100, true), (8, 16, 61, false), (9, 16, 62, true)] {
        let text = |index: usize| {
            let inner = if index + 1 < texts { format!("R{}", index + 1) } else { "long".to_owned() };
            deep_avro(&format!("R{index}"), lists, &inner)
        };
        let texts: Vec<String> = (0..texts).map(text).collect();
        answer_chain(&server, id, "AVRO", &texts, |index| format!("R{index}"));
        match wait_for(&registry, id) {
            Found::Nothing(why) => assert!(refused && why.contains("at most 1024 levels"), "{id}: {why}"),
            Found::Schema(_) => assert!(!refused, "{id}"),
        }
    }
    // Protobuf: files that import each other one after another, each as deep as compilers take (31 messages); deeper; and one that hides it.
    let nested = |index: usize, last: usize, depth: usize, hidden: &str| {
        let import = if index < last { format!("import \"f{}.proto\";", index + 1) } else { String::new() };
        let open: String = (0..depth).map(|level| format!("message M{index}x{level} {{ {hidden}")).collect();
        format!("syntax = \"proto3\"; {import} {open}{}", "}".repeat(depth))
    };
    for (id, files, depth, hidden, refused) in [
        (17, 64, 31, "", false),
        (18, 2, 101, "", true),
        (19, 1, 50_000, "/* } */", true),
        (20, 1, 50_000, "// }\n", true),
    ] {
        let texts: Vec<String> = (0..files).map(|index| nested(index, files - 1, depth, hidden)).collect();
        answer_chain(&server, id, "PROTOBUF", &texts, |index| format!("f{index}.proto"));
        match wait_for(&registry, id) {
            Found::Nothing(why) => assert!(refused && why.contains("brackets within each other"), "{id}: {why}"),
            Found::Schema(_) => assert!(!refused, "{id}"),
        }
    }
    // A file that imports itself by way of another.
    let circle =
        ["import \"f1.proto\";", "import \"f1.proto\";"].map(|import| format!("syntax = \"proto3\"; {import}"));
    answer_chain(&server, 21, "PROTOBUF", &circle, |index| format!("f{index}.proto"));
    assert!(matches!(wait_for(&registry, 21), Found::Nothing(_)));
    assert_eq!(registry.health().trouble, None);
}
