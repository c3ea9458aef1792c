//! Receivers of alerts: one in this process that does as it is told, and a real Alertmanager.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Process, free_port, http_get, wait_until};

/// How long an Alertmanager may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What the receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status.
    Answer(u16),
    /// Reads it and never answers.
    Hang,
    /// Ends the connection without an answer.
    Close,
    /// Says that it goes on reading, and ends its half in the middle of an answer.
    HalfAnAnswer,
    /// Answers 200 with a body that never ends.
    EndlessBody,
    /// Answers with a redirect to this port.
    Redirect(u16),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method and path.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// What was done with it.
    pub behaviour: Behaviour,
}

impl Request {
    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it was taken.
    pub fn was_taken(&self) -> bool {
        matches!(self.behaviour, Behaviour::Answer(200..=299) | Behaviour::EndlessBody)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A receiver over a real socket.
pub struct FakeReceiver {
    /// Its port on loopback.
    pub port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    requests: Mutex<Vec<Request>>,
    stop: AtomicBool,
}

impl FakeReceiver {
    /// Listens on a free port.
    #[track_caller]
    pub fn start(behaviour: Behaviour) -> FakeReceiver {
        FakeReceiver::start_on(free_port(), behaviour)
    }

    /// Listens on this port.
    #[track_caller]
    pub fn start_on(port: u16, behaviour: Behaviour) -> FakeReceiver {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("listen");
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            requests: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.stop.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                if let Ok(stream) = stream {
                    thread::spawn(move || serve(stream, &shared));
                }
            }
        });
        FakeReceiver { port, shared, thread: Some(thread) }
    }

    /// Its address with a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// From now on it does so.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those that were taken.
    pub fn taken(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::was_taken).collect()
    }
}

impl Drop for FakeReceiver {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// First line, headers, body.
type Parts = (String, Vec<(String, String)>, String);

/// Answers requests of one connection until it ends.
fn serve(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some((line, headers, body)) = read_request(&mut reader) {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let behaviour = *shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner);
        let request = Request { line, headers, body, behaviour };
        shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let stream = reader.get_mut();
        let goes_on = match behaviour {
            Behaviour::Answer(status) => {
                write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 2\r\n\r\nok").is_ok()
            }
            Behaviour::Redirect(port) => write!(
                stream,
                "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n"
            )
            .is_ok(),
            Behaviour::Hang => {
                // Until the other side gives up.
                let _ = stream.read(&mut [0]);
                false
            }
            Behaviour::Close => false,
            Behaviour::HalfAnAnswer => {
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Le");
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read(&mut [0]);
                false
            }
            Behaviour::EndlessBody => {
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
                while stream.write_all(&[b'x'; 4096]).is_ok() {}
                false
            }
        };
        if !goes_on {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Parts> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|count| *count > 0)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((line.trim_end().to_owned(), headers, String::from_utf8(body).ok()?))
}

/// A running, or killed, Alertmanager. Its data goes with it.
pub struct Alertmanager {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
}

impl Alertmanager {
    /// Starts one and waits until it answers.
    #[track_caller]
    pub fn start() -> Alertmanager {
        Alertmanager::start_with("route:\n  receiver: nobody\nreceivers:\n- name: nobody\n")
    }

    /// Starts one with this configuration, whose paths are absolute, and waits until it answers.
    #[track_caller]
    pub fn start_with(config: &str) -> Alertmanager {
        let folder = tempfile::tempdir().expect("make a folder");
        std::fs::write(folder.path().join("alertmanager.yml"), config).expect("write the configuration");
        let mut alertmanager = Alertmanager { process: None, folder, port: free_port() };
        alertmanager.launch();
        alertmanager
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// SIGKILL: what it knew of alerts is gone.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it on the same port and waits until it answers.
    #[track_caller]
    pub fn launch(&mut self) {
        let Some(program) = std::env::var_os("PARITYWATCH_ALERTMANAGER").map(PathBuf::from) else {
            panic!("PARITYWATCH_ALERTMANAGER is not set: run tests/run");
        };
        let folder = self.folder.path();
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            // None of a cluster.
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.process = Some(Process::spawn(&mut command));
        let ready = format!("{}/-/ready", self.url());
        wait_until(START_LIMIT, "an Alertmanager", || http_get(&ready).ok().filter(|answer| answer.status == 200));
    }

    /// Its alerts that are active, as its API tells them.
    pub fn active(&self) -> Vec<Value> {
        let url = format!("{}/api/v2/alerts?active=true", self.url());
        let text = http_get(&url).map(|answer| answer.text()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}
