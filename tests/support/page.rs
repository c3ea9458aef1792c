//! States of the daemon for the tests of the status page, shown by the real server: every verdict and alert state, names that try to break
//! out of the page, withheld numbers, faults, and nothing at all.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use paritywatch::event::RawRecord;
use paritywatch::ledger::PseudonymKey;
use paritywatch::monitor::{Clock, Handled, Monitor};
use paritywatch::plan::{EventTime, PartitionIndex, Span};
use paritywatch::server;
use paritywatch::settings::Settings;
use paritywatch::status::{PartitionHealth, Shared, View};
use serde_json::json;
use tokio::sync::watch;

/// 2026-01-01T00:00:00Z
pub const START: EventTime = EventTime(1_767_225_600_000);

/// A group, a profile and texts that end an attribute, an element or a script where they are not escaped.
pub const HOSTILE_GROUP: &str = r#""><img src=x onerror=alert(1)>"#;
/// The profile's name.
pub const HOSTILE_PROFILE: &str = r#"" onmouseover="alert(2)</title><script>document.body.innerHTML='owned'</script>"#;
/// Owner and action.
pub const HOSTILE_TEXT: &str = "<svg/onload=alert(3)>&lt;b&gt;";
/// The runbook: a script as an address.
pub const HOSTILE_LINK: &str = "javascript:alert(4)";

/// A served state.
pub struct Served {
    /// Where: `http://127.0.0.1:PORT`.
    pub url: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Serves what a monitor shows, with the daemon's health as `change` makes it.
pub fn serve(monitor: &Monitor, change: impl FnOnce(&mut View)) -> Served {
    serve_as(monitor, "", change)
}

/// Serves with these keys of `[server]`.
pub fn serve_as(monitor: &Monitor, server: &str, change: impl FnOnce(&mut View)) -> Served {
    serve_shared(Shared::new(monitor, 20_000), server, change)
}

/// Serves what a monitor shows, with the history in this state folder.
pub fn serve_with_history(monitor: &Monitor, state: &std::path::Path) -> Served {
    serve_shared(Shared::with_past(monitor, 20_000, (state, &state.join("reports"))), "", |_| {})
}

fn serve_shared(shared: Shared, server: &str, change: impl FnOnce(&mut View)) -> Served {
    let shared = Arc::new(shared);
    let mut snapshot = View::clone(&shared.latest());
    change(&mut snapshot);
    shared.show(snapshot);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let access = server::Access::open(&settings(&format!("[server]\n{server}\n")).server).unwrap();
    let (stop, told) = watch::channel(false);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(server::serve(listener, shared, access, told)).unwrap();
    });
    Served { url, stop, thread: Some(thread) }
}

/// Every verdict, every alert state, hostile names, withheld numbers; ready.
pub fn rich() -> Served {
    serve(&rich_monitor(), |snapshot| {
        snapshot.source.caught_up = true;
        for number in 0..3 {
            let index = PartitionIndex(u32::try_from(number).unwrap());
            let topic = "bijstand.selecties".to_owned();
            snapshot.source.partitions.push(PartitionHealth {
                topic,
                partition: number,
                index,
                next_offset: 12_345,
                lag: 7,
            });
        }
        snapshot.dead_letters.delivered = 3;
        snapshot.checkpoint.written = 12;
    })
}

/// The settings of the page, with more of them.
pub fn settings(more: &str) -> Settings {
    Settings::parse(&format!("{}{more}", configuration()), "page.toml", std::iter::empty()).unwrap()
}

/// Before the first event, with a fault.
pub fn faulty() -> Served {
    let monitor = Monitor::new(settings("").plan, PseudonymKey([1; 16]), Clock::Wall);
    serve(&monitor, |snapshot| {
        snapshot.source.fault = Some("events, partition 0: offset 17 is gone <b>".to_owned());
        snapshot.operation.refused = true;
    })
}

/// See [`rich`].
pub fn rich_monitor() -> Monitor {
    let mut feed =
        Feed { monitor: Monitor::new(settings("").plan, PseudonymKey([1; 16]), Clock::Wall), now: START, number: 0 };
    for profile in ["bijstand", "stil", HOSTILE_PROFILE] {
        feed.tally(profile, "profile", "dutch", "low", [30_000, 900, 800, 780, 300]);
        feed.tally(profile, "profile", "dutch", "high", [2_000, 400, 380, 300, 150]);
        feed.tally(profile, "profile", "european", "low", [4_000, 260, 200, 180, 60]);
        feed.tally(profile, "profile", HOSTILE_GROUP, "high", [3_000, 900, 600, 500, 120]);
        feed.tally(profile, "profile", "few", "low", [60, 7, 6, 5, 1]);
        feed.tally(profile, "random", "dutch", "low", [3_000, 3_000, 2_900, 2_800, 700]);
        feed.tally(profile, "random", HOSTILE_GROUP, "low", [300, 300, 280, 260, 60]);
    }
    feed.reject();
    feed.now = START.plus(Span::MINUTE.times(5));
    feed.monitor.handle_tick(feed.now);
    // Two hours later one profile is silent, and one group of the others is no longer picked more often.
    feed.now = START.plus(Span::HOUR.times(2));
    for profile in ["bijstand", HOSTILE_PROFILE] {
        feed.tally(profile, "profile", "european", "low", [60_000, 2_400, 2_200, 2_100, 800]);
        feed.tally(profile, "profile", "dutch", "low", [60_000, 2_500, 2_300, 2_200, 800]);
    }
    feed.monitor.handle_tick(feed.now.plus(Span::MINUTE.times(5)));
    feed.monitor
}

struct Feed {
    monitor: Monitor,
    now: EventTime,
    number: u64,
}

impl Feed {
    fn tally(&mut self, profile: &str, channel: &str, group: &str, class: &str, counts: [u64; 5]) {
        let [assessed, selected, controlled, concluded, hits] = counts;
        self.number += 1;
        let event = json!({
            "specversion": "1.0", "type": "paritywatch.tally.v1", "source": "/page", "id": self.number.to_string(),
            "time": jiff::Timestamp::from_millisecond(self.now.0).unwrap().to_string(),
            "data": {
                "profile": profile, "channel": channel, "groups": { "origin": group }, "strata": { "risk_class": class },
                "counts": { "assessed": assessed, "selected": selected, "controlled": controlled, "concluded": concluded, "hits": hits }
            }
        });
        assert_eq!(self.handle(event.to_string().as_bytes()), Handled::Accepted);
    }

    fn reject(&mut self) {
        assert!(matches!(self.handle(b"no event"), Handled::Rejected(_)));
    }

    fn handle(&mut self, payload: &[u8]) -> Handled {
        let record = RawRecord { payload, headers: &[], timestamp: Some(self.now) };
        self.monitor.handle_record(PartitionIndex(0), &record, self.now)
    }
}

fn configuration() -> String {
    let groups = ["dutch", "european", HOSTILE_GROUP, "few"];
    let long = "a-profile-with-a-name-that-is-longer-than-any-telephone-is-wide-".repeat(3);
    let mut config = format!(
        "[privacy]\nmin_cell = 10\n[window]\nrolling = [\"24h\", \"7d\"]\n\
         [profiles.bijstand]\ntitle = 'Social assistance: \"home visits\" & checks'\nowner = \"compliance-oncall@example.org\"\n\
         [profiles.stil]\nowner = \"compliance-oncall@example.org\"\n\
         [profiles.{long:?}]\nowner = \"compliance-oncall@example.org\"\n\
         [profiles.{HOSTILE_PROFILE:?}]\ntitle = {HOSTILE_TEXT:?}\nowner = {HOSTILE_TEXT:?}\n\
         [dimensions.origin]\nground = \"race\"\ngroups = {groups:?}\n"
    );
    let mut rule = |name: &str, indicator: &str, profiles: &[&str], more: &str| {
        config.push_str(&format!(
            "[[rules]]\nname = {name:?}\nindicator = \"{indicator}\"\nprofiles = {profiles:?}\n{more}\n"
        ));
    };
    let all = ["bijstand", "stil", HOSTILE_PROFILE];
    let high = "warning = 1.1\ncritical = 1.25\n";
    rule(
        "selection-by-origin",
        "selection_rate",
        &all,
        &format!(
            "{high}evidence = \"interval\"\nwindows = [\"7d\"]\naction = \"Suspend the profile\"\nrunbook = \"https://example.org/runbooks/selection\""
        ),
    );
    rule(
        "frequency-within-classes",
        "control_frequency",
        &["bijstand"],
        &format!("{high}reference = \"dutch\"\nevidence = \"interval\"\nstratify_by = \"risk_class\""),
    );
    rule(
        "difference",
        "control_frequency",
        &["bijstand"],
        "measure = \"difference\"\nwarning = 0.01\ncritical = 0.5\nevidence = \"interval\"\nwindows = [\"24h\"]",
    );
    rule(
        "overall",
        "selection_rate",
        &["bijstand"],
        "reference = \"overall\"\nevidence = \"point\"\nwindows = [\"24h\"]",
    );
    rule(
        "against-random",
        "control_frequency",
        &["bijstand"],
        &format!("{high}reference = \"random\"\nevidence = \"interval\"\nwindows = [\"24h\"]"),
    );
    rule("sequential", "follow_through", &["bijstand"], &format!("{high}windows = [\"24h\"]"));
    rule(
        "waits",
        "selection_rate",
        &["bijstand"],
        &format!("{high}evidence = \"interval\"\nfor = \"6h\"\nwindows = [\"24h\"]"),
    );
    rule("coverage", "outcome_coverage", &["bijstand"], "warning = 0.9\ncritical = 0.8\nevidence = \"interval\"");
    rule(
        "hostile",
        "selection_rate",
        &[HOSTILE_PROFILE],
        &format!(
            "{high}evidence = \"interval\"\nwindows = [\"24h\"]\naction = {HOSTILE_TEXT:?}\nrunbook = {HOSTILE_LINK:?}"
        ),
    );
    config
}
