//! Child processes that never outlive the test, waiting for conditions, a small HTTP client, promtool.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long to pause between two looks at a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long a daemon may take to end after SIGTERM.
pub const TERMINATE_LIMIT: Duration = Duration::from_secs(20);
/// How long the output of an ended process may take to arrive.
const CAPTURE_LIMIT: Duration = Duration::from_secs(5);
/// How much of each output stream is kept: the newest.
const CAPTURE_LIMIT_BYTES: usize = 4 << 20;
/// How much of an output stream a failure message shows.
const TAIL_LIMIT_BYTES: usize = 8 << 10;
/// How long one HTTP exchange may take.
const HTTP_LIMIT: Duration = Duration::from_secs(10);
/// How large one HTTP response may be.
const HTTP_RESPONSE_LIMIT_BYTES: usize = 64 << 20;
/// How many ports are tried before giving up.
const FREE_PORT_LIMIT_TRIES: u32 = 1_000;

/// Polls until there is a value, and fails the test when there is none within the limit.
#[track_caller]
pub fn wait_until<T>(limit: Duration, what: &str, poll: impl FnMut() -> Option<T>) -> T {
    match try_wait_until(limit, poll) {
        Some(value) => value,
        None => panic!("waited {limit:?} in vain for {what}"),
    }
}

/// Polls until there is a value; none within the limit is `None`. Polls at least once.
pub fn try_wait_until<T>(limit: Duration, mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = poll() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// A number that differs from call to call and from process to process.
pub fn random_u64() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// A loopback port that nothing listens on.
///
/// It lies below the range from which Linux picks the ports of outgoing connections (32768 and up). A server can so be
/// stopped and started again on its port: no client's connection takes it in between, not even one that reconnects to
/// that very port and would otherwise, now and then, connect to itself. No two tests of a program get the same one.
pub fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const END: u16 = 32_768;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    for _ in 0..FREE_PORT_LIMIT_TRIES {
        let offset = random_u64() % u64::from(END - FIRST);
        let port = FIRST + u16::try_from(offset).expect("below END");
        let listens = TcpListener::bind(("127.0.0.1", port));
        if listens.is_ok() && GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
    panic!("no free port on 127.0.0.1 after {FREE_PORT_LIMIT_TRIES} tries between {FIRST} and {END}");
}

/// The end of a text, at most `TAIL_LIMIT_BYTES` of it, for a failure message.
pub fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(TAIL_LIMIT_BYTES))..]
}

/// A child process that is killed when it is dropped, and also when this process dies without dropping it.
pub struct Process {
    child: Child,
    _leash: Leash,
}

impl Process {
    /// Starts the command, with nothing on its standard input.
    #[track_caller]
    pub fn spawn(command: &mut Command) -> Process {
        let child = match command.stdin(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start {:?}: {error}", command.get_program()),
        };
        let leash = Leash::new(child.id());
        Process { child, _leash: leash }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, or `None` while it runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait for a child")
    }

    /// Waits for the process to end by itself; `None` when it still runs at the limit.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        try_wait_until(limit, || self.exited())
    }

    /// Sends a signal; nothing happens when the process has ended.
    pub fn signal(&mut self, signal: Signal) {
        // Until it is waited for, which only this struct does, the id cannot belong to another process.
        if self.exited().is_none() {
            kill_process(Pid::from_child(&self.child), signal).expect("signal a child");
        }
    }

    /// SIGTERM, and at the limit SIGKILL.
    pub fn stop(&mut self, limit: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait(limit).unwrap_or_else(|| self.kill())
    }

    /// SIGKILL. A process that had ended already keeps its exit status.
    pub fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.child.wait().expect("wait for a killed child")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills a process when this one dies without having dropped the leash: a shell waits on a pipe of which this process
/// holds the other end, and an end without a word is the sign.
struct Leash {
    shell: Child,
}

impl Leash {
    const SCRIPT: &str = r#"trap '' HUP INT TERM; read -r _ || kill -KILL "$0""#;

    fn new(process_id: u32) -> Leash {
        let shell = Command::new("sh")
            .args(["-c", Leash::SCRIPT, &process_id.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start sh");
        Leash { shell }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        let told = match &mut self.shell.stdin {
            Some(stdin) => stdin.write_all(b"\n").is_ok(),
            None => false,
        };
        if !told {
            // The shell is gone, or must go: SIGKILL leaves the process it guards alone.
            let _ = self.shell.kill();
        }
        let _ = self.shell.wait();
    }
}

/// What a process writes to one of its streams, gathered by a thread.
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Capture {
    fn start(mut stream: impl Read + Send + 'static) -> Capture {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let thread = thread::spawn(move || {
            let mut buffer = [0; 8 << 10];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
                sink.extend_from_slice(&buffer[..count]);
                if sink.len() > CAPTURE_LIMIT_BYTES {
                    // Half at a time, so that a busy stream is not moved on every read.
                    sink.drain(..CAPTURE_LIMIT_BYTES / 2);
                }
            }
        });
        Capture { bytes, thread }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until the stream has ended. A grandchild may hold it open; that is not waited for beyond the limit.
    fn finish(&self) {
        try_wait_until(CAPTURE_LIMIT, || self.thread.is_finished().then_some(()));
    }
}

/// A run of the product's binary, its output kept in memory.
pub struct Daemon {
    process: Process,
    stdout: Capture,
    stderr: Capture,
}

impl Daemon {
    /// Starts the binary (`Path::new(env!("CARGO_BIN_EXE_paritywatch"))`) with variables added to the environment.
    #[track_caller]
    pub fn start(binary: &Path, args: &[impl AsRef<OsStr>], env: &[(&str, &str)]) -> Daemon {
        let mut command = Command::new(binary);
        command.args(args).envs(env.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn(&mut command);
        let stdout = process.child.stdout.take().expect("stdout is piped");
        let stderr = process.child.stderr.take().expect("stderr is piped");
        Daemon { process, stdout: Capture::start(stdout), stderr: Capture::start(stderr) }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What was written to standard output so far: all of it once the exit status is known.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What was written to standard error so far: all of it once the exit status is known.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Polls a URL until its response satisfies the predicate. Fails at the limit, and at once when the daemon ends.
    #[track_caller]
    pub fn wait_for_http(
        &mut self,
        url: &str,
        predicate: impl Fn(&HttpResponse) -> bool,
        limit: Duration,
    ) -> HttpResponse {
        let mut last = String::new();
        let response = self.wait_while_running(limit, url, || match http_get(url) {
            Ok(response) if predicate(&response) => Some(response),
            Ok(response) => {
                last = format!("HTTP {}\n{}", response.status, response.text());
                None
            }
            Err(error) => {
                last = error.to_string();
                None
            }
        });
        match response {
            Ok(response) => response,
            Err(problem) => self.fail(&format!("{problem}; last answer: {}", tail(&last))),
        }
    }

    /// Polls until there is a value. Fails at the limit, and at once when the daemon ends, with the daemon's output.
    #[track_caller]
    pub fn wait_until<T>(&mut self, limit: Duration, what: &str, poll: impl FnMut() -> Option<T>) -> T {
        match self.wait_while_running(limit, what, poll) {
            Ok(value) => value,
            Err(problem) => self.fail(&problem),
        }
    }

    /// Waits until standard error contains the text.
    #[track_caller]
    pub fn wait_for_stderr(&mut self, text: &str, limit: Duration) {
        // Looked at once more after the end: the text may be the daemon's last words.
        let found = try_wait_until(limit, || {
            let exited = self.exited().is_some();
            (self.stderr().contains(text) || exited).then_some(())
        });
        if found.is_none() || !self.stderr().contains(text) {
            self.fail(&format!("no {text:?} on stderr within {limit:?}"));
        }
    }

    /// How the daemon ended, or `None` while it runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        let status = self.process.exited()?;
        self.finish_output();
        Some(status)
    }

    /// Waits for the daemon to end by itself.
    #[track_caller]
    pub fn wait_for_exit(&mut self, limit: Duration) -> ExitStatus {
        match self.process.wait(limit) {
            Some(status) => {
                self.finish_output();
                status
            }
            None => self.fail(&format!("the daemon did not end within {limit:?}")),
        }
    }

    /// SIGTERM; a daemon that has not ended at `TERMINATE_LIMIT` fails the test.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.wait_for_exit(TERMINATE_LIMIT)
    }

    /// SIGKILL: the end that a daemon cannot prepare for.
    pub fn kill(&mut self) -> ExitStatus {
        let status = self.process.kill();
        self.finish_output();
        status
    }

    /// Sends a signal, such as SIGHUP; nothing happens when the daemon has ended.
    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    fn wait_while_running<T>(
        &mut self,
        limit: Duration,
        what: &str,
        mut poll: impl FnMut() -> Option<T>,
    ) -> Result<T, String> {
        let outcome = try_wait_until(limit, || match poll() {
            Some(value) => Some(Ok(value)),
            None => self.exited().map(Err),
        });
        match outcome {
            Some(Ok(value)) => Ok(value),
            Some(Err(status)) => Err(format!("the daemon ended ({status}) before {what}")),
            None => Err(format!("waited {limit:?} in vain for {what}")),
        }
    }

    fn finish_output(&self) {
        self.stdout.finish();
        self.stderr.finish();
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        panic!("{problem}\n--- end of stdout:\n{}\n--- end of stderr:\n{}", tail(&self.stdout()), tail(&self.stderr()));
    }
}

/// A whole HTTP response.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Names and values in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, with its chunks joined.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// GET over HTTP/1.1 on a connection of its own.
pub fn http_get(url: &str) -> io::Result<HttpResponse> {
    http_request("GET", url, &[], b"")
}

/// A request with headers and a body. Only `http://host:port/path` URLs; no redirects are followed.
pub fn http_request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<HttpResponse> {
    let deadline = Instant::now() + HTTP_LIMIT;
    let rest = url.strip_prefix("http://").ok_or_else(|| invalid(format!("not an http:// URL: {url}")))?;
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let address = host.to_socket_addrs()?.next().ok_or_else(|| invalid(format!("no address for {host}")))?;

    let mut stream = TcpStream::connect_timeout(&address, HTTP_LIMIT)?;
    stream.set_write_timeout(Some(HTTP_LIMIT))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    stream.write_all(&request)?;

    read_response(&mut BufReader::new(BoundedStream { stream, deadline, left_bytes: HTTP_RESPONSE_LIMIT_BYTES }))
}

/// A stream whose reads fail after the deadline, however slowly the bytes drip in, and after too many bytes.
struct BoundedStream {
    stream: TcpStream,
    deadline: Instant,
    left_bytes: usize,
}

impl Read for BoundedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no whole response within {HTTP_LIMIT:?}")));
        }
        self.stream.set_read_timeout(Some(left))?;
        let count = self.stream.read(buffer)?;
        self.left_bytes = self
            .left_bytes
            .checked_sub(count)
            .ok_or_else(|| invalid(format!("a response of more than {HTTP_RESPONSE_LIMIT_BYTES} bytes")))?;
        Ok(count)
    }
}

/// Reads one response.
pub fn read_response(reader: &mut impl BufRead) -> io::Result<HttpResponse> {
    let status_line = read_line(reader)?;
    let status = status_line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| invalid(format!("not a status line: {status_line:?}")))?;
    let mut response = HttpResponse { status, headers: Vec::new(), body: Vec::new() };
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid(format!("not a header: {line:?}")))?;
        response.headers.push((name.into(), value.trim().into()));
    }

    let chunked = response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    response.body = if matches!(status, 204 | 304) {
        Vec::new()
    } else if chunked {
        read_chunks(reader)?
    } else if let Some(length) = response.header("content-length") {
        let length = length.parse().map_err(|_| invalid(format!("not a length: {length:?}")))?;
        read_exactly(reader, length)?
    } else {
        let mut body = Vec::new();
        reader.read_to_end(&mut body)?;
        body
    };
    Ok(response)
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| invalid(format!("not a chunk size: {line:?}")))?;
        if size == 0 {
            // Trailers, if any, end with an empty line.
            while !read_line(reader)?.is_empty() {}
            return Ok(body);
        }
        body.extend(read_exactly(reader, size)?);
        if !read_line(reader)?.is_empty() {
            return Err(invalid("a chunk longer than its size".to_owned()));
        }
    }
}

fn read_exactly(reader: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let count = reader.by_ref().take(length).read_to_end(&mut bytes)?;
    if u64::try_from(count).expect("usize fits") < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{count} of {length} bytes of the body")));
    }
    Ok(bytes)
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    match line.strip_suffix("\r\n").or(line.strip_suffix('\n')) {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the response ended early")),
    }
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// The promtool program. Tests that need it are ignored unless `tests/run` runs them.
#[track_caller]
pub fn promtool() -> PathBuf {
    match std::env::var_os("PARITYWATCH_PROMTOOL") {
        Some(path) => path.into(),
        None => panic!("PARITYWATCH_PROMTOOL is not set: run tests/run"),
    }
}

/// Fails when `promtool check metrics` has anything to say about the text.
#[track_caller]
pub fn check_metrics(text: &str) {
    let mut child = Command::new(promtool())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start promtool");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let output = thread::scope(|scope| {
        // Written beside the reading, so that neither side waits for the other with a full pipe.
        scope.spawn(move || {
            let _ = stdin.write_all(text.as_bytes());
        });
        child.wait_with_output().expect("wait for promtool")
    });
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.is_empty(),
        "promtool check metrics ({}):\n{}\n--- end of the metrics:\n{}",
        output.status,
        tail(&said),
        tail(text)
    );
}
