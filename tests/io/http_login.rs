//! Who gets an answer over HTTP: hosts, users, and the headers that every answer has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;

use std::process::Command;
use std::time::{Duration, Instant};

use support::page::{Served, settings};
use support::process::{HttpResponse, http_get, http_request};
use support::setup::binary;
use support::web::{WebFolder, basic, check_config, exchange, port};

/// Serves an empty state with these keys of `[server]`.
fn served(server: &str) -> Served {
    use paritywatch::ledger::PseudonymKey;
    use paritywatch::monitor::{Clock, Monitor};
    support::page::serve_as(&Monitor::new(settings("").plan, PseudonymKey([1; 16]), Clock::Wall), server, |_| {})
}

/// Users of a cost that takes little time, and `slow` of one that takes some.
fn users(folder: &WebFolder) {
    let hash = |password: &str, cost| bcrypt::hash(password, cost).unwrap();
    let text = format!("basic_auth_users:\n  alice: {}\n  bob: {}\n", hash("right", 4), hash("écrit:", 5));
    folder.write("web.yml", &text);
}

fn get(served: &Served, path: &str, headers: &str) -> HttpResponse {
    let port = port(&served.url);
    exchange(
        port,
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}Connection: close\r\n\r\n").as_bytes(),
    )
}

#[track_caller]
fn is_dressed(answer: &HttpResponse, what: &str) {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
        "{what}: {answer:?}"
    );
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{what}: {name}");
    }
    assert!(answer.header("content-type").is_some(), "{what}");
}

#[test]
fn every_answer_has_the_security_headers_whatever_its_status() {
    let folder = WebFolder::new();
    users(&folder);
    let (open, closed) = (served(""), served(&folder.key()));
    let at = port(&open.url);
    let host = format!("Host: 127.0.0.1:{at}\r\n");
    let long = "a".repeat(5_000);
    let many = (0..80).map(|number| format!("X-{number}: 1\r\n")).collect::<String>();
    for (status, request) in [
        (200, format!("GET / HTTP/1.1\r\n{host}\r\n")),
        (200, format!("HEAD /metrics HTTP/1.1\r\n{host}\r\n")),
        (503, format!("GET /api/v1/evaluation HTTP/1.1\r\n{host}\r\n")),
        (404, format!("GET /none HTTP/1.1\r\n{host}\r\n")),
        (405, format!("DELETE / HTTP/1.1\r\n{host}\r\n")),
        (413, format!("POST / HTTP/1.1\r\n{host}Content-Length: 10\r\n\r\n")),
        (413, format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n")),
        (421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.0\r\n\r\n".to_owned()),
        (400, format!("GET / HTTP/1.1\r\n{host}{host}\r\n")),
        // These are refused by the library, before there is a request.
        (400, format!("G\u{1}T / HTTP/1.1\r\n{host}\r\n")),
        (400, format!("GET / HTTP/1.1\r\n{host}no header\r\n\r\n")),
        (400, "GET / HTTP/9.9\r\n\r\n".to_owned()),
        (414, format!("GET /{long} HTTP/1.1\r\n{host}\r\n")),
        (431, format!("GET / HTTP/1.1\r\n{host}X: {}\r\n\r\n", long.repeat(4))),
        (431, format!("GET / HTTP/1.1\r\n{host}{many}\r\n")),
    ] {
        let answer = exchange_head(at, &request);
        let what = &request[..request.len().min(60)];
        assert_eq!(answer.status, status, "{what:?}: {answer:?}");
        is_dressed(&answer, what);
    }
    let answer = get(&closed, "/metrics", "");
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (401, Some("Basic realm=\"paritywatch\", charset=\"UTF-8\""))
    );
    is_dressed(&answer, "401");
    let page = http_get(&format!("{}/metrics", open.url)).unwrap().text();
    assert!(page.contains("paritywatch_http_requests_refused_total{reason=\"host\"} 1\n"), "{page}");
    assert!(page.contains("paritywatch_http_requests_refused_total{reason=\"malformed\"} 11\n"), "{page}");
}

/// As [`exchange`]; an answer to HEAD has no body.
fn exchange_head(port: u16, request: &str) -> HttpResponse {
    if !request.starts_with("HEAD") {
        return exchange(port, request.as_bytes());
    }
    use std::io::Write;
    let mut stream = support::web::connect(port);
    stream.write_all(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let text = String::from_utf8(support::web::rest(&mut stream, 1 << 20)).unwrap();
    assert!(text.ends_with("\r\n\r\n"), "an answer to HEAD with a body: {text}");
    let headers = text.lines().skip(1).filter_map(|line| line.split_once(": "));
    HttpResponse {
        status: text[9..12].parse().unwrap(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: Vec::new(),
    }
}

#[test]
fn a_name_that_is_not_ours_gets_nothing_by_whatever_way_it_is_written() {
    let served = served("external_url = \"https://monitor.example.org\"\nhosts = [\"paritywatch\"]");
    let at = port(&served.url);
    let status = |host: &str| {
        let answer = exchange(
            at,
            format!("GET /api/v1/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        if answer.status != 200 {
            assert!(!answer.text().contains("evaluations"), "{host}: {}", answer.text());
        }
        answer.status
    };
    for ours in [
        format!("127.0.0.1:{at}"),
        format!("localhost:{at}"),
        "monitor.example.org".to_owned(),
        format!("paritywatch:{at}"),
    ] {
        assert_eq!(status(&ours), 200, "{ours}");
    }
    for other in [
        format!("evil.example:{at}"),
        format!("127.0.0.1.evil.example:{at}"),
        "127.0.0.1:1".to_owned(),
        format!("127.0.0.2:{at}"),
        format!("localhost.:{at}"),
    ] {
        assert_eq!(status(&other), 421, "{other}");
    }
    // The first line counts too.
    let both = format!("GET http://evil.example/metrics HTTP/1.1\r\nHost: 127.0.0.1:{at}\r\nConnection: close\r\n\r\n");
    assert_eq!(exchange(at, both.as_bytes()).status, 421);
}

#[test]
fn only_a_right_password_gets_in_and_it_is_checked_once() {
    let folder = WebFolder::new();
    users(&folder);
    let served = served(&folder.key());
    for path in ["/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/health", "/none", "/style.css"] {
        for (headers, what) in [
            (String::new(), "none"),
            (basic("alice", "wrong"), "a wrong password"),
            (basic("alice", ""), "an empty password"),
            (basic("carol", "right"), "an unknown user"),
            (basic("bob", "right"), "another's password"),
            (basic("", ""), "nothing"),
            ("Authorization: Basic ???\r\n".to_owned(), "no base64"),
            ("Authorization: Bearer right\r\n".to_owned(), "another scheme"),
        ] {
            let answer = get(&served, path, &headers);
            assert_eq!(answer.status, 401, "{path} with {what}");
            assert!(answer.header("www-authenticate").is_some());
        }
    }
    assert_eq!(get(&served, "/-/healthy", &basic("alice", "right")).status, 200);
    assert_eq!(get(&served, "/-/healthy", &basic("bob", "écrit:")).status, 200);
    assert_eq!(get(&served, "/none", &basic("alice", "right")).status, 404);
    assert_eq!(get(&served, "/-/healthy", &basic("alice", "wrong")).status, 401);
}

#[test]
fn a_slow_check_holds_nobody_else_up_and_an_unknown_user_takes_as_long() {
    let folder = WebFolder::new();
    // One that takes a third of a second or more on any machine.
    let takes_long = |cost: &u32| {
        let began = Instant::now();
        bcrypt::hash("right", *cost).unwrap();
        began.elapsed() > Duration::from_millis(350)
    };
    let cost = (4..18).find(takes_long).unwrap();
    let hash = bcrypt::hash("right", cost).unwrap();
    folder.write("web.yml", &format!("basic_auth_users:\n  alice: {hash}\n"));
    let served = served(&folder.key());
    let timed = |headers: &str| {
        let began = Instant::now();
        let status = get(&served, "/metrics", headers).status;
        (status, began.elapsed())
    };
    let (status, first) = timed(&basic("alice", "right"));
    let (known, wrong) = timed(&basic("alice", "wrong"));
    let (unknown, stranger) = timed(&basic("mallory", "wrong"));
    assert_eq!([status, known, unknown], [200, 401, 401]);
    assert!(stranger > wrong / 3 && wrong > first / 3, "{first:?} {wrong:?} {stranger:?}");
    // Guesses are under way, and who has logged in before waits for none of them.
    let url = served.url.clone();
    let guesses: Vec<_> = (0..4)
        .map(|number| {
            let url = url.clone();
            std::thread::spawn(move || {
                let header = basic("mallory", &number.to_string());
                let (name, value) = header.trim_end().split_once(": ").unwrap();
                http_request("GET", &format!("{url}/metrics"), &[(name, value)], b"").unwrap().status
            })
        })
        .collect();
    let (status, took) = timed(&basic("alice", "right"));
    assert_eq!(status, 200);
    assert!(guesses.iter().any(|guess| !guess.is_finished()), "the guesses were over before anything was shown");
    assert!(took < first, "{took:?}, and a check takes {first:?}");
    assert!(guesses.into_iter().all(|guess| guess.join().unwrap() == 401));
}

#[test]
fn headers_of_the_file_are_on_every_answer() {
    let folder = WebFolder::new();
    folder.write(
        "web.yml",
        "http_server_config:\n  http2: false\n  headers:\n    Strict-Transport-Security: max-age=60\n    X-Frame-Options: sameorigin\n    X-XSS-Protection: \"\"\n",
    );
    let served = served(&folder.key());
    for path in ["/metrics", "/none"] {
        let answer = get(&served, path, "");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=60"));
        assert_eq!(answer.header("x-frame-options"), Some("sameorigin"));
        assert_eq!(answer.header("x-xss-protection"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(
        exchange(port(&served.url), b"nonsense\r\n\r\n").header("strict-transport-security"),
        Some("max-age=60")
    );
}

#[test]
fn what_the_file_must_not_say_is_refused_by_name() {
    let folder = WebFolder::new();
    let good = bcrypt::hash("x", 10).unwrap();
    for (text, said) in [
        ("tls_server_confg: {}", "unknown field `tls_server_confg`"),
        ("tls_server_config:\n  cert_fil: a", "unknown field `cert_fil`"),
        ("http_server_config:\n  http3: true", "unknown field `http3`"),
        ("http_server_config:\n  http2: true", "http_server_config.http2: expected false"),
        ("http_server_config:\n  headers:\n    X-Other: a", "http_server_config.headers.X-Other: expected one of"),
        ("http_server_config:\n  headers:\n    X-Frame-Options: never", "expected deny or sameorigin, found \"never\""),
        ("rate_limit:\n  burst: 1", "rate_limit: expected no limit"),
        ("basic_auth_users: geheim", "basic_auth_users: expected a map"),
        ("basic_auth_users:\n  alice: geheim", "basic_auth_users.alice: expected a bcrypt hash"),
        ("basic_auth_users:\n  alice: [geheim]", "basic_auth_users.alice: expected a bcrypt hash"),
        ("basic_auth_users:\n  a:b: geheim", "basic_auth_users"),
        (
            "tls_server_config:\n  cert: geheim\n  key_file: b",
            "tls_server_config.cert: expected the certificate in a file",
        ),
        ("tls_server_config:\n  key: geheim", "tls_server_config.key: expected the key in a file"),
        ("tls_server_config:\n  client_ca: geheim", "tls_server_config.client_ca: expected"),
        ("tls_server_config:\n  cert_file: a.crt", "a.crt: No such file"),
        ("a: [", "web.yml: "),
    ] {
        folder.write("web.yml", text);
        let (taken, words) = check_config(binary(), &folder);
        assert!(
            !taken && words.contains(said) && (words.contains("web.yml") || words.contains("a.crt")),
            "{text}: {words}"
        );
        assert!(!words.contains("geheim"), "{text}: a secret is repeated: {words}");
    }
    folder.write("web.yml", &format!("basic_auth_users:\n  alice: {good}\n"));
    let (taken, words) = check_config(binary(), &folder);
    assert!(taken && words.contains("passwords pass in the clear"), "{words}");
    folder.write("web.yml", "# nothing\n");
    assert!(check_config(binary(), &folder).0);
}

#[test]
fn an_address_that_others_reach_takes_a_login_or_a_word() {
    let folder = WebFolder::new();
    let file = folder.path("c.toml");
    let check = |server: &str| {
        let text = format!(
            "[server]\n{server}\n[profiles.p]\nowner = \"o\"\n[dimensions.d]\nground = \"sex\"\ngroups = [\"a\", \"b\"]\n\
             [[rules]]\nname = \"r\"\nindicator = \"selection_rate\"\nwarning = 1.1\ncritical = 1.25\n"
        );
        std::fs::write(&file, text).unwrap();
        let output = Command::new(binary()).arg("check-config").arg(&file).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for address in ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "[::ffff:192.0.2.1]:9464"] {
        let listen = format!("listen = \"{address}\"");
        let (code, words) = check(&listen);
        assert!(code == Some(78) && words.contains("server.listen: expected an address of loopback"), "{words}");
        assert_eq!(check(&format!("{listen}\ninsecure_listen = true")).0, Some(0), "{address}");
        let with_file = format!("{listen}\n{}", folder.key());
        folder.write("web.yml", "http_server_config:\n  http2: false\n");
        let (code, words) = check(&with_file);
        assert!(code == Some(78) && words.contains("basic_auth_users: expected users"), "{words}");
        users(&folder);
        assert_eq!(check(&with_file).0, Some(0), "{address}");
    }
    assert_eq!(check("listen = \"[::ffff:127.0.0.1]:9464\"").0, Some(0));
}
