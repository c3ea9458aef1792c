//! What the clients report of access to the brokers: each change is told once, in plain words.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::certificate::Trust;
use super::trouble::{broker, recognise};
use crate::settings::{Kafka, SecurityProtocol};
use crate::status::{AccessCause, AccessTrouble, lock};

/// A trouble that comes again within this time is not told again: with several brokers, one may refuse what another takes.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// A trouble of which nothing is heard for this time has ended. librdkafka repeats an error every 30 s, and the issuer is asked as often.
const STANDS_FOR: Duration = Duration::from_secs(90);
/// Time between two looks at a certificate.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What is known of access to the brokers.
pub(super) struct Access {
    protocol: SecurityProtocol,
    trust: Trust,
    noted: Mutex<BTreeMap<&'static str, Noted>>,
    /// Whether any trouble was noted and has not ended: what most callers ask.
    any: AtomicBool,
    /// When each trouble was last told.
    told: Mutex<BTreeMap<(&'static str, AccessCause), Instant>>,
    /// The last look at the certificate that a client was shown.
    looked: Mutex<BTreeMap<&'static str, Look>>,
}

/// A look at a certificate.
struct Look {
    began: Instant,
    under_way: bool,
    /// What it found.
    found: Option<(AccessCause, String)>,
}

/// What is to be done about a certificate that was refused.
enum Next {
    Look,
    Wait,
    /// It was looked at a moment ago.
    Known(AccessCause, String),
}

/// Ends a look, however its thread ends.
struct UnderWay(Arc<Access>, &'static str);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(look) = lock(&self.0.looked).get_mut(self.1) {
            look.under_way = false;
        }
    }
}

/// The last trouble of a client that has not ended.
struct Noted {
    trouble: AccessTrouble,
    /// When it was heard of last.
    heard: Instant,
    /// Whether it was told, and so its end is.
    told: bool,
    /// Whether a look is under way that may say more; it is told afterwards.
    waits: bool,
}

impl Access {
    /// Nothing is known yet.
    pub fn new(settings: &Kafka) -> Self {
        Self {
            protocol: settings.security_protocol,
            trust: Trust::of(settings),
            noted: Mutex::default(),
            any: AtomicBool::new(false),
            told: Mutex::default(),
            looked: Mutex::default(),
        }
    }

    /// Takes a text of the client library, and notes what it says about access.
    pub fn hear(self: &Arc<Self>, client: &'static str, text: &str) {
        match recognise(text, self.protocol) {
            Some(AccessCause::Certificate) => self.look(client, text),
            Some(cause) => self.note(client, cause, text),
            None => {}
        }
    }

    /// Notes why a client is not let in. `detail` stands behind the plain words.
    pub fn note(&self, client: &'static str, cause: AccessCause, detail: &str) {
        self.put(client, cause, detail, false);
    }

    fn put(&self, client: &'static str, cause: AccessCause, detail: &str, waits: bool) {
        let trouble = AccessTrouble { client, cause, text: format!("{}: {}", cause.words(), without_times(detail)) };
        let mut noted = lock(&self.noted);
        let before =
            noted.get(client).filter(|before| before.stands() && before.trouble.cause == cause && !before.waits);
        let told = match before {
            Some(before) => before.told,
            None => !waits && self.tell(&trouble),
        };
        noted.insert(client, Noted { trouble, heard: Instant::now(), told, waits });
        self.any.store(true, Ordering::Relaxed);
    }

    /// Tells a trouble, unless that was done a moment ago.
    fn tell(&self, trouble: &AccessTrouble) -> bool {
        let AccessTrouble { client, cause, text } = trouble;
        let mut told = lock(&self.told);
        if told.get(&(*client, *cause)).is_some_and(|at| at.elapsed() < TOLD_AGAIN_AFTER) {
            return false;
        }
        told.insert((*client, *cause), Instant::now());
        tracing::error!(client, cause = cause.name(), problem = text, "no access to Kafka; it is tried again");
        true
    }

    /// Notes that a client was let in.
    pub fn works(&self, client: &'static str) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let mut noted = lock(&self.noted);
        if let Some(ended) = noted.remove(client).filter(|ended| ended.told) {
            tracing::info!(client, cause = ended.trouble.cause.name(), "access to Kafka works again");
        }
        self.any.store(!noted.is_empty(), Ordering::Relaxed);
    }

    /// Every trouble that stands.
    pub fn troubles(&self) -> Vec<AccessTrouble> {
        if !self.any.load(Ordering::Relaxed) {
            return Vec::new();
        }
        lock(&self.noted).values().filter(|noted| noted.stands()).map(|noted| noted.trouble.clone()).collect()
    }

    /// Notes that a certificate was refused, and finds out why on a thread of its own: the caller reads records.
    fn look(self: &Arc<Self>, client: &'static str, text: &str) {
        let Some((host, port)) = broker(text) else { return self.note(client, AccessCause::Certificate, text) };
        // What was found before still holds, until the next look.
        let stands = self.is_heard_again(client);
        let next = self.next_look(client);
        match &next {
            Next::Known(cause, detail) if !stands => self.note(client, *cause, detail),
            Next::Look | Next::Wait if !stands => self.put(client, AccessCause::Certificate, text, true),
            _ => {}
        }
        if matches!(next, Next::Look) {
            let under_way = UnderWay(Arc::clone(self), client);
            let (host, detail) = (host.to_owned(), text.to_owned());
            let look = move || {
                let UnderWay(access, client) = &under_way;
                let (cause, detail) = match access.trust.look(&host, port) {
                    Some((cause, found)) => (cause, format!("{found}; {detail}")),
                    None => (AccessCause::Certificate, detail),
                };
                access.refine(client, cause, detail);
            };
            if let Err(error) = std::thread::Builder::new().name("certificate".to_owned()).spawn(look) {
                tracing::warn!(%error, "no thread to look at the broker's certificate");
                self.refine(client, AccessCause::Certificate, text.to_owned());
            }
        }
    }

    /// Returns whether a trouble with the certificate stands already, of which this is a repetition.
    fn is_heard_again(&self, client: &str) -> bool {
        let mut noted = lock(&self.noted);
        let standing = noted.get_mut(client).filter(|noted| noted.stands() && noted.trouble.cause.is_of_certificate());
        standing.is_some_and(|noted| {
            noted.heard = Instant::now();
            true
        })
    }

    /// Begins a look where it is time for one. Each client has at most one under way.
    fn next_look(&self, client: &'static str) -> Next {
        let mut looked = lock(&self.looked);
        if let Some(look) = looked.get(client) {
            match &look.found {
                _ if look.under_way => return Next::Wait,
                Some((cause, detail)) if look.began.elapsed() < LOOK_AGAIN_AFTER => {
                    return Next::Known(*cause, detail.clone());
                }
                _ => {}
            }
        }
        looked.insert(client, Look { began: Instant::now(), under_way: true, found: None });
        Next::Look
    }

    /// Takes what a look has found, unless the client was let in meanwhile.
    fn refine(&self, client: &'static str, cause: AccessCause, detail: String) {
        let stands = lock(&self.noted).get(client).is_some_and(|noted| noted.trouble.cause.is_of_certificate());
        if stands {
            self.note(client, cause, &detail);
        }
        if let Some(look) = lock(&self.looked).get_mut(client) {
            look.found = Some((cause, detail));
        }
    }
}

impl Noted {
    fn stands(&self) -> bool {
        self.heard.elapsed() < STANDS_FOR
    }
}

/// Leaves out how long something took and how often it was seen, which differ each time.
fn without_times(text: &str) -> &str {
    text.split(" (after ").next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::Settings;

    const REFUSED: &str =
        "sasl_ssl://a:1/1: SASL authentication error: Authentication failed: Invalid username or password (after";

    fn access() -> Arc<Access> {
        let text = "[kafka]\nbrokers = \"a:1\"\ntopics = [\"t\"]\nsecurity_protocol = \"sasl_ssl\"\n";
        let settings = Settings::parse(text, "test.toml", std::iter::empty()).unwrap();
        Arc::new(Access::new(&settings.kafka.unwrap()))
    }

    fn told(access: &Access, client: &str) -> Option<bool> {
        lock(&access.noted).get(client).map(|noted| noted.told)
    }

    #[test]
    fn a_trouble_is_told_when_it_begins_and_stands_until_the_client_works() {
        let access = access();
        access.works("consumer");
        access.hear("consumer", "1/1 brokers are down");
        assert!(access.troubles().is_empty(), "that says nothing about access");
        for millis in [303, 299] {
            access.hear("consumer", &format!("{REFUSED} {millis}ms in state AUTH_REQ)"));
            let troubles = access.troubles();
            assert_eq!((troubles.len(), told(&access, "consumer")), (1, Some(true)));
            let text = &troubles.first().unwrap().text;
            assert!(
                text.starts_with("the broker refused the login: wrong password, or unknown user: sasl_ssl://"),
                "{text}"
            );
            assert!(text.ends_with("Invalid username or password"), "{text}");
        }
        access.works("alerts");
        assert_eq!(access.troubles().len(), 1, "that is another client");
        access.works("consumer");
        assert!(access.troubles().is_empty());
    }

    #[test]
    fn a_trouble_that_comes_and_goes_is_told_once_and_another_one_at_once() {
        let access = access();
        let refuse = || access.note("consumer", AccessCause::Credentials, "x");
        refuse();
        access.works("consumer");
        refuse();
        assert_eq!((told(&access, "consumer"), access.troubles().len()), (Some(false), 1), "shown, and not told again");
        access.note("consumer", AccessCause::Permission, "y");
        assert_eq!(told(&access, "consumer"), Some(true));
        access.note("alerts", AccessCause::Credentials, "x");
        assert_eq!(told(&access, "alerts"), Some(true), "another client");
    }

    #[test]
    fn a_certificate_is_a_trouble_at_once_and_told_when_it_was_looked_at_once() {
        let access = access();
        let text = "sasl_ssl://127.0.0.1:1/1: SSL handshake failed: certificate verify failed";
        // As while a look is under way.
        lock(&access.looked).insert("consumer", Look { began: Instant::now(), under_way: true, found: None });
        access.hear("consumer", text);
        access.hear("consumer", text);
        assert_eq!((access.troubles().len(), told(&access, "consumer")), (1, Some(false)));
        access.refine("consumer", AccessCause::ExpiredCertificate, "it has ended".to_owned());
        assert_eq!(access.troubles().first().unwrap().cause, AccessCause::ExpiredCertificate);
        assert_eq!(told(&access, "consumer"), Some(true));
        drop(UnderWay(Arc::clone(&access), "consumer"));
        access.works("consumer");
        access.refine("consumer", AccessCause::ExpiredCertificate, "it has ended".to_owned());
        assert!(access.troubles().is_empty(), "a look that ends late says nothing of a client that was let in");
        access.hear("consumer", text);
        assert_eq!(access.troubles().first().unwrap().cause, AccessCause::ExpiredCertificate, "as was found before");
    }

    #[test]
    fn a_trouble_of_which_nothing_is_heard_any_more_has_ended() {
        let access = access();
        access.note("dead_letters", AccessCause::Unreachable, "x");
        let long_ago = Instant::now().checked_sub(STANDS_FOR);
        // A machine that was just started knows no such time.
        let Some(long_ago) = long_ago else { return };
        lock(&access.noted).get_mut("dead_letters").unwrap().heard = long_ago;
        assert!(access.troubles().is_empty());
    }
}
