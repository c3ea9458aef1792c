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
    let registry = Registry::start(&settings(&["http://127.0.0.1:9", &url])).unwrap();
    let version = registry.version();
    for answer in [(503, ""), (404, "<html>"), (404, "{\"error_code\":404}"), (401, ""), (200, "<html>"), (302, "")] {
        server.answers("/base/schemas/ids/1", answer);
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
