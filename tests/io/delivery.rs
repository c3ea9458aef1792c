//! Delivery over real sockets to receivers that misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use crate::support;
use crate::support::state;

use std::path::Path;
use std::time::Duration;

use paritywatch::alert::{AlertState, Severity, SeverityChange};
use paritywatch::app::{Changes, Delivery, Failure};
use paritywatch::checkpoint::Owner;
use paritywatch::disclosure::PublishedAlert;
use paritywatch::plan::{EventTime, InputOffset, Provenance, Span};
use paritywatch::settings::Settings;
use serde_json::Value;
use support::process::{free_port, wait_until};
use support::receiver::{Behaviour, FakeReceiver};

const LIMIT: Duration = Duration::from_secs(60);
const SECRET: &str = "hunter2";

#[test]
fn receivers_that_fail_get_everything_in_order_when_they_are_back_and_delay_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let refused = free_port();
    let faults = [
        Behaviour::Answer(500),
        Behaviour::Answer(503),
        Behaviour::Answer(429),
        Behaviour::Answer(404),
        Behaviour::Hang,
        Behaviour::Close,
        Behaviour::HalfAnAnswer,
        Behaviour::Redirect(refused),
    ];
    let failing: Vec<FakeReceiver> = faults.into_iter().map(FakeReceiver::start).collect();
    let good = FakeReceiver::start(Behaviour::Answer(200));
    let endless = FakeReceiver::start(Behaviour::EndlessBody);
    let mut urls: Vec<String> = failing.iter().map(|receiver| receiver.url("/hook?token=secret")).collect();
    urls.extend([good.url("/"), endless.url("/"), format!("http://127.0.0.1:{refused}/")]);
    let settings =
        settings(folder.path(), &format!("webhooks = {urls:?}\nwebhook_secret_file = {:?}", secret(folder.path())));
    let mut delivery = open(&settings, &[], &[]).unwrap();
    let changes = life(&alert());
    changes.iter().for_each(|change| delivery.tell(change));
    wait_until(LIMIT, "what the others get", || (good.taken().len() == 3 && endless.taken().len() == 3).then_some(()));
    wait_until(LIMIT, "a failure of each", || {
        let health = delivery.health();
        (health.receivers.iter().filter(|receiver| receiver.failed > 0).count() == failing.len() + 1).then_some(())
    });
    for (receiver, health) in failing.iter().zip(delivery.health().receivers) {
        assert!(receiver.taken().is_empty());
        assert_eq!((health.pending, health.dropped, health.delivered), (3, 0, 0), "{health:?}");
        assert_eq!(health.name, format!("webhook:127.0.0.1:{}", receiver.port));
        assert_eq!(health.oldest, changes[0].0[0].fired_at);
    }

    failing.iter().for_each(|receiver| receiver.behave(Behaviour::Answer(202)));
    let back = FakeReceiver::start_on(refused, Behaviour::Answer(200));
    delivery.finish();
    let delivery = open(&settings, &[], &[]).unwrap();
    for receiver in failing.iter().chain([&back, &good, &endless]) {
        let taken = wait_until(LIMIT, "everything", || Some(receiver.taken()).filter(|taken| taken.len() == 3));
        let ids: Vec<&str> = taken.iter().map(|request| request.header("x-paritywatch-id").unwrap()).collect();
        let id = &alert().id;
        assert_eq!(ids, [format!("{id}-1"), format!("{id}-2"), format!("{id}-3")]);
        for request in &taken {
            assert!(request.line.starts_with("POST "), "{}", request.line);
            assert_eq!(request.header("content-type"), Some("application/json"));
            assert_eq!(request.json()["id"], request.header("x-paritywatch-id").unwrap());
            assert_signed(request);
            assert_fits_the_schema(&request.json());
        }
    }
    wait_until(LIMIT, "nothing that waits", || {
        delivery.health().receivers.iter().all(|receiver| receiver.pending == 0).then_some(())
    });
    delivery.finish();
}

#[test]
fn what_a_receiver_has_is_not_sent_again_after_a_restart_and_what_the_outbox_lost_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let webhook = FakeReceiver::start(Behaviour::Answer(200));
    let settings = settings(folder.path(), &format!("webhooks = [{:?}]", webhook.url("/")));
    let changes = life(&alert());
    let mut delivery = open(&settings, &[], &[]).unwrap();
    delivery.tell(&changes[0]);
    wait_until(LIMIT, "a delivery", || (webhook.taken().len() == 1).then_some(()));
    delivery.finish();
    // The journal has two more changes, which a crash kept from the outbox; the book is as the last of them left it.
    let delivery = open(&settings, &changes, &changes[2].0).unwrap();
    wait_until(LIMIT, "what was missing", || (webhook.taken().len() == 3).then_some(()));
    delivery.finish();
    let delivery = open(&settings, &[], &changes[2].0).unwrap();
    assert!(delivery.health().receivers.iter().all(|receiver| receiver.pending == 0));
    delivery.finish();
    let kinds: Vec<Value> =
        webhook.taken().iter().map(|request| request.json()["transition"]["kind"].clone()).collect();
    assert_eq!(kinds, ["firing", "severity_changed", "resolved"]);
    assert_eq!(webhook.taken()[1].json()["inputs"][0]["next_offset"], 12, "where the input stood is in the journal");

    // Its outbox moved away, whatever receivers had: what fires is told again, once, and what comes then.
    let folder = tempfile::tempdir().unwrap();
    let settings = self::settings(folder.path(), &format!("webhooks = [{:?}]", webhook.url("/")));
    let mut delivery = open(&settings, &[], &[]).unwrap();
    changes[..2].iter().for_each(|change| delivery.tell(change));
    wait_until(LIMIT, "a delivery", || (webhook.taken().len() == 5).then_some(()));
    delivery.finish();
    std::fs::rename(folder.path().join("outbox"), folder.path().join("outbox.damaged")).unwrap();
    let mut delivery = open(&settings, &[], &changes[1].0).unwrap();
    delivery.tell(&changes[2]);
    wait_until(LIMIT, "what fires, and its end", || (webhook.taken().len() == 8).then_some(()));
    delivery.finish();
    let told = |from: usize| -> Vec<Value> {
        webhook.taken()[from..].iter().map(|request| request.json()["transition"]["number"].clone()).collect()
    };
    assert_eq!(told(3), [1, 2, 1, 2, 3]);

    // Without its outbox, only what fires is told again.
    let folder = tempfile::tempdir().unwrap();
    let settings = self::settings(folder.path(), &format!("webhooks = [{:?}]", webhook.url("/")));
    let firing = PublishedAlert { id: "fires".to_owned(), ..changes[1].0[0].clone() };
    let delivery = open(&settings, &[], &[changes[2].0[0].clone(), firing]).unwrap();
    wait_until(LIMIT, "what fires", || (webhook.taken().len() == 10).then_some(()));
    let told: Vec<Value> = webhook.taken()[8..].iter().map(|request| request.json()["id"].clone()).collect();
    assert_eq!(told, ["fires-1", "fires-2"]);
    delivery.finish();
}

#[test]
fn the_end_of_an_alert_in_whose_place_another_one_is_comes_before_the_beginning_of_that() {
    let folder = tempfile::tempdir().unwrap();
    let webhook = FakeReceiver::start(Behaviour::Answer(200));
    let settings = settings(folder.path(), &format!("webhooks = [{:?}]", webhook.url("/")));
    let named = |id: &str| PublishedAlert { id: id.to_owned(), ..life(&alert())[0].0[0].clone() };
    let mut elsewhere = named("elsewhere");
    elsewhere.evidence.reference = "another".to_owned();
    let mut delivery = open(&settings, &[], &[]).unwrap();
    delivery.tell(&(vec![named("first"), elsewhere], Provenance::default()));
    delivery.finish();
    // A crash has kept from the outbox that the rule went and came again; the journal has what it raised then.
    let (changes, book) = ([(vec![named("second")], Provenance::default())], [named("second")]);
    let delivery = open(&settings, &changes, &book).unwrap();
    let taken = wait_until(LIMIT, "all of it", || Some(webhook.taken()).filter(|taken| taken.len() >= 4));
    let ids: Vec<Value> = taken.iter().map(|request| request.json()["id"].clone()).collect();
    // Whether what is elsewhere has ended is told when there is a judgement.
    assert_eq!(ids, ["first-1", "elsewhere-1", "first-2", "second-1"]);
    assert_eq!(taken[2].json()["transition"]["kind"], "resolved");
    let subject = |index: usize| taken[index].json()["alert"]["reference"].clone();
    assert_eq!(subject(2), subject(0), "an end has the names that the beginning had");
    delivery.finish();
}

#[test]
fn another_reference_ends_an_alert_under_the_labels_it_was_told_with_and_begins_another() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = FakeReceiver::start(Behaviour::Answer(200));
    let settings = settings(folder.path(), &format!("alertmanagers = [{:?}]\nresend_every = \"1h\"", receiver.url("")));
    let mut delivery = open(&settings, &[], &[]).unwrap();
    let mut monitor = state::fresh(&settings.plan);
    state::feed(&mut monitor, &state::events(300));
    let mut tick = |monitor: &mut paritywatch::monitor::Monitor, after: i64| {
        monitor.handle_tick(EventTime(state::NOW.0 + after));
        let changed = state::transitions(monitor).expect("nothing has changed");
        delivery.end_what_is_gone(monitor.published().alerts(), EventTime(state::NOW.0 + after));
        delivery.tell(&(changed.published, changed.entries.provenance));
        wait_until(LIMIT, "nothing that waits", || (delivery.health().receivers[0].pending == 0).then_some(()));
    };
    tick(&mut monitor, 0);
    let reference = format!("{}reference = \"y\"\n", state::POINT);
    monitor.change_plan(state::plan(&state::config(state::PROFILES, &[&reference]))).unwrap();
    let before = receiver.taken().len();
    tick(&mut monitor, 1_000);
    let alerts = |requests: &[support::receiver::Request]| -> Vec<Value> {
        requests.iter().flat_map(|request| request.json().as_array().unwrap().clone()).collect()
    };
    let requests = receiver.taken();
    let (told, then) = (alerts(&requests[..before]), alerts(&requests[before..]));
    let labels = |alerts: &[Value], reference: &str| -> Vec<String> {
        let of = alerts.iter().map(|alert| &alert["labels"]).filter(|labels| labels["reference"] == reference);
        let mut labels: Vec<String> = of.map(Value::to_string).collect();
        labels.sort();
        labels
    };
    assert!(!told.is_empty());
    assert_eq!(labels(&then, "rest"), labels(&told, "rest"), "what was told has ended, by the same labels");
    let ended = then.iter().filter(|alert| alert["labels"]["reference"] == "rest");
    for alert in ended {
        assert_eq!(alert["endsAt"], time(Some(EventTime(state::NOW.0 + 1_000))));
        assert!(alert["annotations"]["description"].as_str().unwrap().contains("no longer has it"), "{alert}");
    }
    let begun = labels(&then, "y");
    assert!(!begun.is_empty() && begun.len() + told.len() == then.len(), "{then:?}");
    delivery.finish();
}

#[test]
fn an_alertmanager_that_forgets_what_fires_is_overdue_though_nothing_waits() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = FakeReceiver::start(Behaviour::Answer(200));
    let webhook = FakeReceiver::start(Behaviour::Answer(200));
    let text =
        format!("alertmanagers = [{:?}]\nwebhooks = [{:?}]\nresend_every = \"1s\"", receiver.url(""), webhook.url("/"));
    let settings = settings(folder.path(), &text);
    let mut delivery = open(&settings, &[], &[]).unwrap();
    let health = |delivery: &Delivery| delivery.health().receivers[0].clone();
    delivery.tell(&life(&alert())[0]);
    wait_until(LIMIT, "what fires, told again", || (health(&delivery).delivered >= 2).then_some(()));
    receiver.behave(Behaviour::Answer(503));
    let late = wait_until(LIMIT, "what is overdue", || {
        Some(health(&delivery)).filter(|health| health.overdue > Some(Span::SECOND.times(2)))
    });
    assert_eq!((late.pending, late.oldest), (0, None), "nothing waits: nothing else tells of it");
    assert!(late.failed > 0);
    assert_eq!(delivery.health().receivers[1].overdue, None, "a webhook is told once");
    receiver.behave(Behaviour::Answer(200));
    wait_until(LIMIT, "what is on time again", || {
        Some(health(&delivery)).filter(|health| health.overdue < Some(Span::SECOND))
    });
    delivery.finish();
}

#[test]
fn an_alertmanager_that_was_dead_hears_first_that_it_fired_and_then_that_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let text = format!(
        "alertmanagers = [\"http://127.0.0.1:{port}/prefix/\"]\nauthorization_file = {:?}\nresend_every = \"1s\"",
        secret(folder.path())
    );
    let settings = settings(folder.path(), &text);
    let mut delivery = open(&settings, &[], &[]).unwrap();
    let changes = life(&alert());
    changes.iter().for_each(|change| delivery.tell(change));
    wait_until(LIMIT, "a failure", || (delivery.health().receivers[0].failed > 0).then_some(()));
    let receiver = FakeReceiver::start_on(port, Behaviour::Answer(200));
    let requests =
        wait_until(LIMIT, "what it missed and a repeat", || Some(receiver.taken()).filter(|taken| taken.len() > 3));
    let (now, fired_at) = (jiff::Timestamp::now(), time(changes[0].0[0].fired_at));
    let of = |request: usize| -> Vec<(String, String, String)> {
        let text = |alert: &Value, name: &str| alert[name].as_str().unwrap().to_owned();
        let alerts = requests[request].json();
        let alert =
            |alert: &Value| (text(&alert["labels"], "severity"), text(alert, "startsAt"), text(alert, "endsAt"));
        alerts.as_array().unwrap().iter().map(alert).collect()
    };
    let lives = |ends_at: &str| ends_at.parse::<jiff::Timestamp>().unwrap() > now;
    assert!(
        matches!(&of(0)[..], [(severity, starts, ends)] if severity == "warning" && *starts == fired_at && lives(ends))
    );
    let changed_at = time(changes[1].0[0].change.map(|change| change.at));
    assert!(
        matches!(&of(1)[..], [(before, _, ended), (severity, starts, ends)] if before == "warning" && *ended == changed_at
            && severity == "critical" && *starts == fired_at && lives(ends)),
        "{:?}",
        of(1)
    );
    let resolved_at = time(changes[2].0[0].resolved_at);
    assert_eq!(of(2), [("critical".to_owned(), fired_at.clone(), resolved_at.clone())]);
    // What ended lately is told again.
    assert_eq!(of(3).len(), 2);
    assert!(of(3).iter().all(|(_, _, ends)| !lives(ends)));
    assert!(requests[0].line.starts_with("POST /prefix/api/v2/alerts "), "{}", requests[0].line);
    assert!(requests.iter().all(|request| request.header("authorization") == Some(SECRET)));
    delivery.finish();
}

#[test]
fn the_end_of_an_episode_that_is_told_again_does_not_end_the_next_one_of_the_same_finding() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = FakeReceiver::start(Behaviour::Answer(200));
    let settings = settings(folder.path(), &format!("alertmanagers = [{:?}]\nresend_every = \"1s\"", receiver.url("")));
    let mut delivery = open(&settings, &[], &[]).unwrap();
    let ended = PublishedAlert { id: "m".to_owned(), ..alert() };
    life(&ended).iter().for_each(|change| delivery.tell(change));
    // One finding before it by its id, and one behind it: nothing may depend on that order.
    let now = EventTime(jiff::Timestamp::now().as_millisecond());
    let next = |id: &str| PublishedAlert { id: id.to_owned(), fired_at: Some(now), ..life(&ended)[0].0[0].clone() };
    delivery.tell(&(vec![next("a")], Provenance::default()));
    let told_again = |delivery: &Delivery, id: &str| {
        wait_until(LIMIT, "nothing that waits", || (delivery.health().receivers[0].pending == 0).then_some(()));
        let before = receiver.taken().len();
        let of_next = |request: &support::receiver::Request| {
            let alerts = request.json().as_array().unwrap().clone();
            Some(alerts).filter(|alerts| alerts.iter().any(|one| one["annotations"]["alert_id"] == id))
        };
        wait_until(LIMIT, "what stands, told again", || receiver.taken().iter().skip(before).find_map(of_next))
    };
    let assert_lives = |delivery: &Delivery, id: &str| {
        let alerts = told_again(delivery, id);
        let of = |severity: &str| -> Vec<(Value, bool)> {
            let of = alerts.iter().filter(|alert| alert["labels"]["severity"] == severity);
            let lives = |alert: &Value| {
                alert["endsAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap() > jiff::Timestamp::now()
            };
            of.map(|alert| (alert["annotations"]["alert_id"].clone(), lives(alert))).collect()
        };
        assert_eq!(of("warning"), [(id.into(), true)], "Alertmanager tells alerts apart by their labels alone");
        assert_eq!(of("critical"), [("m".into(), false)]);
    };
    assert_lives(&delivery, "a");
    let end = PublishedAlert { state: AlertState::Resolved, transitions: 2, resolved_at: Some(now), ..next("a") };
    delivery.tell(&(vec![end], Provenance::default()));
    delivery.tell(&(vec![next("z")], Provenance::default()));
    assert_lives(&delivery, "z");
    // Nor does the end of one that is gone, which may be told after the next one fired.
    delivery.tell(&(vec![next("gone"), next("y")], Provenance::default()));
    delivery.end_what_is_gone(&[next("y")], now);
    assert_lives(&delivery, "y");
    delivery.finish();
}

#[test]
fn many_alerts_are_sent_in_requests_of_64_and_what_is_withheld_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = FakeReceiver::start(Behaviour::Answer(200));
    let settings = settings(folder.path(), &format!("alertmanagers = [{:?}]\nresend_every = \"1s\"", receiver.url("")));
    let mut delivery = open(&settings, &[], &[]).unwrap();
    let mut alerts: Vec<PublishedAlert> = (0..150)
        .map(|number| {
            let mut alert = life(&alert())[0].0[0].clone();
            alert.id = format!("{number:016x}");
            alert.evidence.group = Some(format!("g{number}"));
            alert
        })
        .collect();
    let evidence = &mut alerts[0].evidence;
    (evidence.suppressed, evidence.group_counts, evidence.group_rate, evidence.ratio) = (true, None, None, None);
    delivery.tell(&(alerts, Provenance::default()));
    let requests = wait_until(LIMIT, "all, and all again", || Some(receiver.taken()).filter(|taken| taken.len() >= 6));
    let sizes: Vec<usize> = requests.iter().take(6).map(|request| request.json().as_array().unwrap().len()).collect();
    assert_eq!(sizes, [64, 64, 22, 64, 64, 22]);
    let first = &requests[0].json()[0]["annotations"];
    assert_eq!((&first["group_events"], &first["ratio"]), (&"withheld".into(), &"withheld".into()));
    assert!(first["description"].as_str().unwrap().contains("withheld"), "{first}");
    assert!(requests[0].json()[1]["annotations"]["ratio"].as_str().unwrap().parse::<f64>().is_ok());
    delivery.finish();
}

#[test]
fn an_outbox_of_a_later_version_or_without_its_title_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "");
    let path = folder.path().join("outbox");
    for text in ["", "paritywatch outbox 3\n", "something else altogether\n"] {
        std::fs::write(&path, text).unwrap();
        let problem = open(&settings, &[], &[]).err().expect("it was opened").to_string();
        assert!(problem.contains(path.to_str().unwrap()), "{problem}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn files_that_the_configuration_names_must_hold_what_they_should() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "\n").unwrap();
    for key in ["ca_file", "webhook_secret_file", "authorization_file"] {
        for path in [file.clone(), folder.path().join("missing")] {
            let settings = settings(folder.path(), &format!("{key} = {path:?}"));
            let problem = open(&settings, &[], &[]).err().expect("it was opened").to_string();
            assert!(problem.contains(key) && problem.contains(path.to_str().unwrap()), "{problem}");
        }
    }
}

#[test]
fn the_example_of_a_message_fits_its_schema() {
    let text = std::fs::read_to_string(contract("alert.example.json")).unwrap();
    assert_fits_the_schema(&serde_json::from_str(&text).unwrap());
}

fn assert_fits_the_schema(message: &Value) {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(contract("alert.schema.json")).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(message).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?} in {message}");
}

fn contract(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/contract").join(name)
}

/// An alert's life: it fires, becomes critical and ends, lately.
fn life(alert: &PublishedAlert) -> Vec<Changes> {
    let now = EventTime(jiff::Timestamp::now().as_millisecond());
    let ago = |seconds: i64| now.minus(Span::SECOND.times(seconds));
    let fired = PublishedAlert {
        state: AlertState::Firing,
        severity: Severity::Warning,
        active_at: ago(9),
        fired_at: Some(ago(9)),
        resolved_at: None,
        transitions: 1,
        change: None,
        ..alert.clone()
    };
    let change = Some(SeverityChange { from: Severity::Warning, at: ago(6) });
    let changed = PublishedAlert { severity: Severity::Critical, transitions: 2, change, ..fired.clone() };
    let ended =
        PublishedAlert { state: AlertState::Resolved, transitions: 3, resolved_at: Some(ago(3)), ..changed.clone() };
    let moment = |next_offset| Provenance {
        as_of: Some(now),
        config_hash: "0123456789abcdef".to_owned(),
        inputs: vec![InputOffset { topic: "events".to_owned(), partition: 0, next_offset }],
    };
    vec![(vec![fired], moment(11)), (vec![changed], moment(12)), (vec![ended], moment(13))]
}

#[test]
fn a_message_about_a_duty_fits_the_schema_and_says_what_it_is_about() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = FakeReceiver::start(Behaviour::Answer(200));
    let settings = settings(folder.path(), &format!("webhooks = [{:?}]", receiver.url("/")));
    let mut delivery = open(&settings, &[], &[]).unwrap();
    // Nobody says who decided.
    let duty = "[[rules]]\nname = \"human\"\nkind = \"automation\"\n";
    life(&alert_of(duty)).iter().for_each(|change| delivery.tell(change));
    wait_until(LIMIT, "three messages", || (receiver.taken().len() == 3).then_some(()));
    for message in receiver.taken().iter().map(|request| request.json()) {
        assert_fits_the_schema(&message);
        let alert = &message["alert"];
        assert_eq!((&alert["subject"], &alert["dimension"]), (&Value::from("decided_by"), &Value::Null));
        assert_eq!(
            (&alert["evidence"]["kind"], &alert["evidence"]["reason"], &message["thresholds"]["critical"]),
            (&Value::from("automation"), &Value::from("decider_unknown"), &Value::Null)
        );
    }
    delivery.finish();
}

/// One that a monitor has raised.
fn alert() -> PublishedAlert {
    alert_of(state::POINT)
}

/// One that a monitor has raised under this rule.
fn alert_of(rule: &str) -> PublishedAlert {
    let plan = state::plan(&state::config(state::PROFILES, &[rule]));
    let mut monitor = state::fresh(&plan);
    state::feed(&mut monitor, &state::events(300));
    monitor.handle_tick(state::NOW);
    monitor.published().alerts().iter().find(|alert| alert.state == AlertState::Firing).expect("no alert").clone()
}

fn settings(folder: &Path, alerting: &str) -> Settings {
    let text = state::config(state::PROFILES, &[state::POINT]);
    let text = text.replace("[alerting]\n", &format!("[state]\ndir = {folder:?}\n[alerting]\n{alerting}\n"));
    Settings::parse(&text, "test.toml", std::iter::empty()).unwrap_or_else(|error| panic!("{error}"))
}

/// By a daemon that has just claimed the folder.
fn open(settings: &Settings, changes: &[Changes], book: &[PublishedAlert]) -> Result<Delivery, Failure> {
    Delivery::open(settings, None, &Owner::claim(&settings.state.dir).unwrap(), changes, book)
}

fn secret(folder: &Path) -> std::path::PathBuf {
    support::certificates::secret(folder, "secret", &format!("{SECRET}\n")).into()
}

/// As the README's recipe has it.
fn assert_signed(request: &support::receiver::Request) {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = format!("{}.{}", request.header("x-paritywatch-timestamp").unwrap(), request.body);
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(request.header("x-paritywatch-signature"), Some(format!("sha256={digits}").as_str()));
}

fn time(time: Option<EventTime>) -> String {
    jiff::Timestamp::from_millisecond(time.unwrap().0).unwrap().to_string()
}
