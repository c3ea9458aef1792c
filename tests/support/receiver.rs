//! A web server on loopback that keeps what is posted to it and answers 200.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

/// How long one exchange may take.
const EXCHANGE_LIMIT: Duration = Duration::from_secs(10);
/// How large a body may be.
const BODY_LIMIT_BYTES: u64 = 4 << 20;

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path.
    pub path: String,
    /// Names and values in the order received.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The server. It ends when it is dropped.
pub struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Listens on a free port.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen on loopback");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (sink, end) = (Arc::clone(&received), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::Relaxed) {
                    break;
                }
                let sink = Arc::clone(&sink);
                // Each on a thread of its own: one that says nothing holds up nobody.
                thread::spawn(move || {
                    if let Some((request, mut stream)) = stream.ok().and_then(read_request) {
                        sink.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    }
                });
            }
        });
        Receiver { port, received, stop, thread: Some(thread) }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was posted to a path so far, oldest first.
    pub fn received(&self, path: &str) -> Vec<Received> {
        let all = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|request| request.path == path).cloned().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let woken = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

/// One request and the stream to answer it on; `None` where it is none.
fn read_request(stream: TcpStream) -> Option<(Received, TcpStream)> {
    stream.set_read_timeout(Some(EXCHANGE_LIMIT)).ok()?;
    stream.set_write_timeout(Some(EXCHANGE_LIMIT)).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let path = read_line(&mut reader)?.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Received { path, headers, body: Vec::new() };
    let length: u64 = request.header("content-length").and_then(|length| length.parse().ok())?;
    reader.take(length.min(BODY_LIMIT_BYTES)).read_to_end(&mut request.body).ok()?;
    Some((request, stream))
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    Some(line.trim_end().to_owned())
}
