//! A broker with a listener for each way to protect it, an issuer of tokens, and the daemons that log in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::support::certificates::Certificates;
use crate::support::kafka::Broker;
use crate::support::process::{Daemon, HttpResponse, http_get};
use crate::support::setup::{Setup, binary, sample};

pub const LIMIT: Duration = Duration::from_secs(240);
/// How long a token of the issuer holds, in seconds.
const TOKEN_SECONDS: u64 = 8;

/// Starts the broker. Everybody may do everything but the user `nobody`.
pub fn broker(certificates: &Certificates) -> Broker {
    let listeners = [
        ("TLS", "SSL"),
        ("MUTUAL", "SSL"),
        ("LOGIN", "SASL_SSL"),
        ("PLAINLOGIN", "SASL_SSL"),
        ("EXPIRED", "SSL"),
        ("ELSEWHERE", "SSL"),
    ];
    let rights = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let module = "org.apache.kafka.common.security";
    let plain = format!(
        "{module}.plain.PlainLoginModule required user_alice=\"plain secret\" user_nobody=\"nobody's secret\";"
    );
    let scram = format!("{module}.scram.ScramLoginModule required;");
    let bearer =
        format!("{module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";");
    let mut settings = vec![
        ("authorizer.class.name".to_owned(), rights.to_owned()),
        ("super.users".to_owned(), "User:ANONYMOUS;User:CN=client;User:alice;User:scram;User:oauth".to_owned()),
        (
            "listener.name.login.sasl.enabled.mechanisms".to_owned(),
            "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER".to_owned(),
        ),
        ("listener.name.plainlogin.sasl.enabled.mechanisms".to_owned(), "PLAIN".to_owned()),
        ("listener.name.login.plain.sasl.jaas.config".to_owned(), plain.clone()),
        ("listener.name.plainlogin.plain.sasl.jaas.config".to_owned(), plain),
        ("listener.name.login.scram-sha-256.sasl.jaas.config".to_owned(), scram.clone()),
        ("listener.name.login.scram-sha-512.sasl.jaas.config".to_owned(), scram),
        ("listener.name.login.oauthbearer.sasl.jaas.config".to_owned(), bearer),
        // A client must log in again before its token expires.
        ("listener.name.login.oauthbearer.connections.max.reauth.ms".to_owned(), "60000".to_owned()),
        ("listener.name.mutual.ssl.client.auth".to_owned(), "required".to_owned()),
        ("listener.name.mutual.ssl.truststore.type".to_owned(), "PEM".to_owned()),
        ("listener.name.mutual.ssl.truststore.location".to_owned(), certificates.text("ca.pem")),
    ];
    for (name, _) in listeners {
        let name = name.to_lowercase();
        let store = if ["expired", "elsewhere"].contains(&name.as_str()) { name.as_str() } else { "server" };
        let store = certificates.text(&format!("{store}-store.pem"));
        settings.push((format!("listener.name.{name}.ssl.keystore.type"), "PEM".to_owned()));
        settings.push((format!("listener.name.{name}.ssl.keystore.location"), store));
    }
    let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let users = [
        "SCRAM-SHA-256=[name=scram,password=\"scram secret\"]",
        "SCRAM-SHA-512=[name=scram,password=\"scram secret\"]",
    ];
    Broker::start_listening(&listeners, &users, &settings)
}

/// A daemon that logs in in its own way.
pub struct Login {
    pub name: &'static str,
    pub setup: Setup,
    pub daemon: Daemon,
}

impl Login {
    /// Starts it at a listener, with these keys of `[kafka]`: `security_protocol`, or a property in capital letters.
    pub fn start(name: &'static str, broker: &Broker, listener: &str, keys: &[(&str, &str)]) -> Login {
        let setup = Setup::new(broker, "1s");
        let address = if listener == "PLAINTEXT" { broker.bootstrap() } else { broker.listener(listener) };
        let mut variables = vec![
            ("PARITYWATCH_LOG".to_owned(), "info".to_owned()),
            ("PARITYWATCH__KAFKA__BROKERS".to_owned(), address),
        ];
        for (key, value) in keys {
            let is_key = ["SECURITY", "SASL_PASSWORD_FILE", "SSL_KEY_PASSWORD_FILE", "OAUTH", "INSECURE"];
            let own = is_key.iter().any(|begin| key.starts_with(begin));
            let section = if own { "PARITYWATCH__KAFKA__" } else { "PARITYWATCH__KAFKA__PROPERTIES__" };
            variables.push((format!("{section}{key}"), (*value).to_owned()));
        }
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let config = setup.config.to_str().unwrap().to_owned();
        // What the daemon makes is its own whatever the umask.
        let script = "umask 0000; exec \"$0\" run --config \"$1\"";
        let arguments = ["-c", script, binary().to_str().unwrap(), &config];
        let daemon = Daemon::start(std::path::Path::new("sh"), &arguments, &variables);
        Login { name, setup, daemon }
    }

    /// Waits until the daemon says why it is not let in: in its log, its metrics and its readiness.
    #[track_caller]
    pub fn wait_for_trouble(&mut self, client: &str, cause: &str, words: &str) {
        let series = format!("paritywatch_kafka_access_failed{{cause=\"{cause}\",client=\"{client}\"}}");
        let shown = |response: &HttpResponse| sample(&response.text(), &series) == Some(1.0);
        self.daemon.wait_for_http(&self.setup.url("/metrics"), shown, LIMIT);
        self.daemon.wait_for_stderr(words, LIMIT);
        let ready = http_get(&self.setup.url("/-/ready")).unwrap();
        assert!(ready.status == 503 && ready.text().contains("no access to Kafka"), "{}: {}", self.name, ready.text());
    }

    /// Waits until all these events are counted, the dead letter is delivered, and an alert has gone to its topic.
    #[track_caller]
    pub fn wait_for_all(&mut self, events: f64) {
        let at_least_one = |series: &str, text: &str| sample(text, series).is_some_and(|number| number >= 1.0);
        let alert = r#"paritywatch_deliveries_total{receiver="kafka",result="delivered"}"#;
        let letter = r#"paritywatch_dead_letters_total{result="delivered"}"#;
        let failed = |text: &str| {
            text.lines().find(|line| line.starts_with("paritywatch_kafka_access_failed{")).map(str::to_owned)
        };
        self.wait_for_metrics("the events", |text| crate::support::setup::read(text) == events);
        self.wait_for_metrics("the dead letter", |text| at_least_one(letter, text));
        self.wait_for_metrics("an alert on its topic", |text| at_least_one(alert, text));
        self.wait_for_metrics("the end of every trouble", |text| failed(text).is_none());
        self.daemon.wait_for_http(&self.setup.url("/-/ready"), |response| response.status == 200, LIMIT);
    }

    /// Waits until the metrics show this.
    #[track_caller]
    fn wait_for_metrics(&mut self, what: &str, shows: impl Fn(&str) -> bool) {
        let url = self.setup.url("/metrics");
        let shown = || http_get(&url).ok().filter(|response| shows(&response.text())).map(|_| ());
        self.daemon.wait_until(LIMIT, &format!("{what} ({})", self.name), shown);
    }

    /// How often this client was told to have no access.
    pub fn told(&mut self, client: &str) -> usize {
        let client = format!("\"client\":\"{client}\"");
        let stderr = self.daemon.stderr();
        stderr.lines().filter(|line| line.contains("no access to Kafka") && line.contains(&client)).count()
    }
}

/// A token that the broker takes for the user's, if it takes it at all: nobody has signed it.
pub fn token(user: &str, seconds: i64) -> String {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let claims = format!(r#"{{"sub":"{user}","iat":{},"exp":{}}}"#, now - 3_600, now + seconds);
    format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode(claims))
}

/// An issuer of tokens on loopback.
pub struct Issuer {
    pub port: u16,
    /// How many tokens it has given.
    pub given: Arc<AtomicUsize>,
    /// What it was asked last.
    pub asked: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Issuer {
    /// Starts it at a port, where it gives tokens to this client alone.
    pub fn start(port: u16, client: &str, secret: &str) -> Issuer {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (given, asked, stop) =
            (Arc::<AtomicUsize>::default(), Arc::<Mutex<String>>::default(), Arc::<AtomicBool>::default());
        let login = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
        let thread = {
            let (given, asked, stop) = (Arc::clone(&given), Arc::clone(&asked), Arc::clone(&stop));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    answer(stream.unwrap(), &login, &given, &asked);
                }
            })
        };
        Issuer { port, given, asked, stop, thread: Some(thread) }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, login: &str, given: &AtomicUsize, asked: &Mutex<String>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mut request, mut buffer) = (String::new(), [0; 4_096]);
    // The body is the last that comes.
    while !request.contains("grant_type=") {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => request += &String::from_utf8_lossy(&buffer[..count]),
            _ => return,
        }
    }
    let good = request.contains(login);
    *asked.lock().unwrap() = request;
    let (status, body) = if good {
        given.fetch_add(1, Ordering::Relaxed);
        let token = token("oauth", i64::try_from(TOKEN_SECONDS).unwrap());
        ("200 OK", format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{TOKEN_SECONDS}}}"#))
    } else {
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#.to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}
